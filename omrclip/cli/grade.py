"""`omrclip grade`: count the points of sheets that were recognized."""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omrclip.cli.common import FAILED, FILE, config, count, telling
from omrclip.errors import InvalidRequest, NameConflict
from omrclip.omr.report.file_names import file_key, safe_file_name, shown_name, stem

if TYPE_CHECKING:
    from omrclip.omr.grading import PageGrade, RulesPage
    from omrclip.omr.report.table_reading import SheetAnswers

GRADES_NAME = "grades.csv"


@click.command()
@click.argument("rules", type=FILE)
@click.argument("answers", type=FILE, nargs=-1, required=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Output folder.")
@click.option("--overwrite", is_flag=True, help="Replace files of an earlier run. Other files stay.")
@telling
def grade(rules: Path, answers: Sequence[Path], out: Path, overwrite: bool) -> None:
    """Count the points of sheets by the RULES, a JSON file.

    ANSWERS are results files (.dat) of one sheet each, or results.csv files. For each sheet a file <name>.grade is
    written, and the table grades.csv for all of them.

    Exit status: 0 if every sheet was graded, 1 if some were not, 2 if an error stopped the command.
    """
    from omrclip.jobs.folder import check_new
    from omrclip.schemas.grading import grades_to_bytes, load_rules

    pages = load_rules(rules.read_bytes(), rules.name, config().limits)
    sheets = [sheet for file in answers for sheet in _sheets(file, pages)]
    names = _file_names([sheet.scan for sheet in sheets])
    if not overwrite:
        check_new(out / name for name in (GRADES_NAME, *names))
    out.mkdir(parents=True, exist_ok=True)
    graded: list[tuple[SheetAnswers, Sequence[PageGrade]]] = []
    for sheet, name in zip(sheets, names, strict=True):
        grades = _graded(sheet, pages)
        if grades is not None:
            (out / name).write_bytes(grades_to_bytes(grades))
        graded.append((sheet, grades or ()))
    _write_table(out / GRADES_NAME, graded, [question.name for page in pages for question in page.questions])
    done = sum(bool(grades) for _, grades in graded)
    click.echo(f"{done:,} of {count(len(sheets), 'sheet')} graded. The results are in {out}.")
    sys.exit(0 if done == len(sheets) else FAILED)


def _sheets(file: Path, pages: Sequence["RulesPage"]) -> Iterator["SheetAnswers"]:
    from omrclip.omr.grading import read_answers
    from omrclip.omr.report.table_reading import SheetAnswers, read_table

    try:
        if file.suffix.lower() == ".csv":
            with file.open(encoding="utf-8-sig", newline="") as table:
                yield from read_table(table, file.name)
        else:
            names = [question.name for page in pages for question in page.questions]
            text = file.read_text(encoding="utf-8-sig")
            yield SheetAnswers(file.name, True, read_answers(text, names), frozenset())
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file.name}: expected text in UTF-8") from None


def _file_names(scans: Sequence[str]) -> list[str]:
    """The names of the files of the sheets. Raises NameConflict if two sheets would have the same file."""
    names: dict[str, str] = {}
    for scan in scans:
        name = safe_file_name(f"{stem(scan)}.grade")
        if names.setdefault(file_key(name), name) is not name:
            raise NameConflict(f"Two sheets would have the file {name!r}. Grade them in two runs.", name=name)
    return list(names.values())


def _graded(sheet: "SheetAnswers", pages: Sequence["RulesPage"]) -> Sequence["PageGrade"] | None:
    """The grades of a sheet, or None if it cannot be graded; then the reason is printed."""
    from omrclip.omr.grading import grade as grade_sheet

    if not sheet.passed:
        click.echo(f"{shown_name(sheet.scan)}: not graded, because it was not recognized.", err=True)
        return None
    try:
        grades = grade_sheet(pages, sheet.answers)
    except InvalidRequest as error:
        click.echo(f"{shown_name(sheet.scan)}: {error.message}", err=True)
        return None
    if doubtful := _doubtful(sheet, grades):
        click.echo(f"Warning: {shown_name(sheet.scan)}: a person should check {', '.join(doubtful)}.", err=True)
    return grades


def _doubtful(sheet: "SheetAnswers", grades: Sequence["PageGrade"]) -> list[str]:
    return [one.question.name for page in grades for one in page.grades if one.question.name in sheet.uncertain]


def _write_table(
    path: Path, graded: Sequence[tuple["SheetAnswers", Sequence["PageGrade"]]], questions: Sequence[str]
) -> None:
    """Write a row for each sheet: its points, the most that it can have, what is doubtful, and each question's."""
    from omrclip.omr.report.table import Cell, guarded

    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        headings = ["Sheet", "Result", "Points", "Maximum", "Uncertain", *questions]
        rows.writerow([guarded(Cell(heading)) for heading in headings])
        for sheet, pages in graded:
            points = {one.question.name: f"{one.points:f}" for page in pages for one in page.grades}
            total = f"{sum(page.points for page in pages):f}" if pages else ""
            most = f"{sum(page.most_points for page in pages):f}" if pages else ""
            doubtful = guarded(Cell("; ".join(_doubtful(sheet, pages))))
            result = "Graded" if pages else "Not graded"
            row = [guarded(Cell(sheet.scan)), result, total, most, doubtful]
            rows.writerow([*row, *(points.get(question, "") for question in questions)])
