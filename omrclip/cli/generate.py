"""`omrclip generate` and `omrclip rehearse`: forms from markup, and filled sheets to try them."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omrclip.cli.common import FILE, config, count, reading_images, telling
from omrclip.errors import InvalidMarkup, InvalidRequest

if TYPE_CHECKING:
    from omrclip.imaging.arrays import Pixels
    from omrclip.omr.template import Template

REFUSED_SOURCE = 1
SUFFIXES = (".txt", ".json", ".md")


@click.command()
@click.argument("source", type=FILE)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the files.")
@click.option("--paper", default="A4", show_default=True, help="Paper of pages whose source names none.")
@click.option("--people", type=FILE, help="CSV file with a form for each line: ${name} is its column name.")
@click.option("--force", is_flag=True, help="Replace the files of an earlier form of this name.")
@telling
@reading_images
def generate(source: Path, out: Path, paper: str, people: Path | None, *, force: bool) -> None:
    """Make a form from SOURCE, a text or JSON file in the markup of forms, or Markdown.

    Writes FORM.omr, FORM.pdf and an image of each page into the folder. Images that the source shows are read from its
    own folder. Nothing is written if the source has mistakes.

    Exit status: 0 if the form was made, 1 if the source has mistakes, 2 if an error stopped the command.
    """
    from omrclip.omr.authoring.generation import forms
    from omrclip.omr.authoring.generation.people import generate_for, read_people
    from omrclip.omr.authoring.generation.sheet import Settings
    from omrclip.omr.authoring.generation.vocabulary import PAPER
    from omrclip.schemas.template import check_template, template_to_bytes

    if source.suffix.lower() not in SUFFIXES:
        raise InvalidRequest.at(
            "SOURCE",
            f"a file whose name ends with {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}",
            repr(source.name[:60]),
        )
    by_name = {name.lower(): name for name in PAPER}
    if paper.lower() not in by_name:
        raise InvalidRequest.at("--paper", f"one of {', '.join(PAPER)}", repr(paper[:40]))
    is_markdown = source.suffix.lower() == ".md"
    limits, name, data = config().limits, source.stem, source.read_bytes()
    try:
        images = _images(source.parent, forms.image_places(forms.read_source(data, is_markdown=is_markdown).elements))
        settings = Settings(paper_size=by_name[paper.lower()])
        if people is None:
            form = forms.generate(data, name, images, settings, limits, is_markdown=is_markdown)
            pdf, made = form.pdf, ""
        else:
            persons = read_people(people.read_bytes(), people.name)
            personal = generate_for(persons, data, name, images, settings, limits, is_markdown=is_markdown)
            form, pdf, made = personal.form, personal.pdf, f", {count(len(persons), 'form')}"
    except InvalidMarkup as error:
        for problem in error.problems:
            click.echo(f"{source.name}, {problem}", err=True)
        click.echo(f"{source.name}: {count(len(error.problems), 'mistake')}. Nothing was written.", err=True)
        raise SystemExit(REFUSED_SOURCE) from None
    check_template(form.template, limits)
    drawn = form.page_images(limits)
    files = {f"{name}.omr": template_to_bytes(form.template_with(drawn)), f"{name}.pdf": pdf}
    files |= {page.image_name or f"{name}.png": image for page, image in zip(form.template.pages, drawn, strict=True)}
    _write(out, files, force=force)
    for warning in form.warnings:
        click.echo(f"Warning: {source.name}, {warning}", err=True)
    click.echo(f"{out / name}.omr: {count(len(form.template.pages), 'page')}{made}")


def _images(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The image files of a folder. Names with a path are left out, so that a source shows no other files."""
    return {
        name: (folder / name).read_bytes() for name in names if Path(name).name == name and (folder / name).is_file()
    }


def _write(folder: Path, files: dict[str, bytes], *, force: bool) -> None:
    there = sorted(name for name in files if (folder / name).exists())
    if there and not force:
        raise InvalidRequest(f"{there[0]} already exists. Use --force to replace it, or --out for another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    parts = {folder / f".{name}.part": folder / name for name in files}
    try:
        for part, data in zip(parts, files.values(), strict=True):
            part.write_bytes(data)
        for part, path in parts.items():
            part.replace(path)
    finally:  # if the disk is full, no part of the form stays
        for part in parts:
            part.unlink(missing_ok=True)


@click.command()
@click.argument("template", type=FILE)
@click.option("--sheets", type=click.IntRange(1, 10_000), default=10, show_default=True, help="Number of sheets.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed fills in others.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the files.")
@telling
@reading_images
def rehearse(template: Path, sheets: int, seed: int, out: Path) -> None:
    """Make filled sheets of TEMPLATE, to try everything before the day.

    Writes an image of each page of each sheet, half of them scans and half photos, and truth.csv with what is marked.
    The same seed makes the same sheets.
    """
    from omrclip.library import load_template
    from omrclip.omr.authoring.rehearsal import rehearse as rehearsed

    loaded = load_template(template)
    blanks = _blank_pages(template, loaded)
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["Sheet", "Element", "Value"])
    out.mkdir(parents=True, exist_ok=True)
    for number in range(1, sheets + 1):
        for index, (page, blank) in enumerate(zip(loaded.pages, blanks, strict=True), start=1):
            sheet = rehearsed(page, blank, (seed * sheets + number) * len(blanks) + index)
            name = f"sheet-{number:04}{f'-{index}' if len(blanks) > 1 else ''}.jpg"
            (out / name).write_bytes(sheet.data)
            rows.writerows([name, element, value] for element, value in sheet.values.items())
    (out / "truth.csv").write_text(table.getvalue(), "utf-8")
    click.echo(f"{out}: {count(sheets, 'sheet')}")


def _blank_pages(path: Path, template: "Template") -> "Sequence[Pixels]":
    """The image of each page: that beside the template, its own, or a drawing of its elements."""
    from omrclip.imaging.codec import decode
    from omrclip.library import blank_page_beside
    from omrclip.omr.authoring.rehearsal import drawn_page
    from omrclip.omr.blank_images import blank_images

    beside, pages = blank_page_beside(path), template.pages
    given = blank_images(beside.read_bytes(), len(pages), config().limits) if beside else ()
    own = [page.image_bytes() for page in pages]
    images = [*given, *own[len(given) :]]
    return [decode(image) if image else drawn_page(page) for page, image in zip(pages, images, strict=True)]
