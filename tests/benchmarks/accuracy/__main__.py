"""Makes sheets, recognizes them, and tells how many fields are right, flagged and silently wrong.

    python -m tests.benchmarks.accuracy --sheets 3000 --seed 1 --jobs 2 [--respects ticks,pale] [--out DIR]

`--cache DIR` keeps the sheets there, so that the next run with the same seed only recognizes them; `--keep DIR` puts
those aside that were not read completely right, each with its truth and what was read. What is silently wrong is told
at once, with the name of its case; `--case NAME` reads that sheet again. An interrupted run tells what it has measured.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tests.benchmarks.accuracy import partial as partial_templates
from tests.benchmarks.accuracy.cases import Case, Paper, cases
from tests.benchmarks.accuracy.forms import FORMS, KNOWN
from tests.benchmarks.accuracy.judging import Outcome, Verdict
from tests.benchmarks.accuracy.plot import svg
from tests.benchmarks.accuracy.report import Row, by_form, by_respect, by_strength, markdown, overview, plain
from tests.benchmarks.accuracy.sheets import open_cache
from tests.benchmarks.accuracy.working import work, work_on
from tests.benchmarks.measuring import machine
from tests.sheets.strengths import RESPECTS

TABLES: tuple[tuple[str, Callable[[Sequence[Outcome]], Iterator[Row]]], ...] = (
    ("By respect and strength (› beyond the limits)", by_strength),
    ("By respect", by_respect),
    ("By form", by_form),
    ("Overview", overview),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and write the tables."""
    asked = _parser().parse_args(arguments)
    chosen = _chosen(asked)
    folder = open_cache(asked.cache) if asked.cache else None
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    try:
        outcomes.extend(_progress(work_on(chosen, asked.jobs, partial(work, folder, asked.keep)), len(chosen)))
    except KeyboardInterrupt:
        sys.stdout.write(f"Stopped after {len(outcomes)} of {len(chosen)} sheets.\n")
    sys.stdout.write(f"{machine()}\n")
    for title, rows in TABLES:
        sys.stdout.write("\n".join(("", title, *plain(list(rows(outcomes))), "")))
    for message in sorted({outcome.crashed for outcome in outcomes if outcome.crashed})[:10]:
        sys.stdout.write(f"crashed: {message}\n")
    if asked.out:
        _write(asked.out, outcomes)
    if asked.readings:
        _read_parts(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.accuracy")
    parser.add_argument("--sheets", type=int, default=200, help="how many sheets are recognized (200)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same sheets (1)")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    parser.add_argument(
        "--respects", type=_respects, default=(), metavar="A,B", help=f"only these, of {', '.join(RESPECTS)}"
    )
    parser.add_argument("--form", action="append", default=[], choices=list(FORMS), help="only this; may be repeated")
    parser.add_argument("--known", action="append", choices=KNOWN, help="with the page image, or the bubbles only")
    parser.add_argument("--cache", type=Path, help="folder that keeps the sheets for the next run")
    parser.add_argument("--keep", type=Path, help="folder for the sheets that were not read completely right")
    parser.add_argument("--out", type=Path, help="folder for the tables and every outcome as files")
    parser.add_argument("--case", action="append", help="only this case, as it was told by a run; may be repeated")
    parser.add_argument(
        "--readings", type=int, default=0, help="then so many readings with parts of templates, of real forms too (0)"
    )
    return parser


def _read_parts(asked: argparse.Namespace) -> None:
    """What `tests.benchmarks.accuracy.partial` reads, with true extents and with wrong ones."""
    alike = ["--readings", str(asked.readings), "--seed", str(asked.seed), "--jobs", str(asked.jobs)]
    cache = ["--cache", str(asked.cache)] if asked.cache else []
    for more in ([], ["--extents"]):
        sys.stdout.write(f"\nParts of templates {' '.join(more)}\n")
        partial_templates.run([*alike, *cache, *more])


def _respects(names: str) -> list[str]:
    chosen = names.split(",")
    unknown = [name for name in chosen if name not in RESPECTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"There is no respect {unknown[0]!r}.")
    return chosen


def _chosen(asked: argparse.Namespace) -> list[Case]:
    """The cases in the order in which they are drawn, except that those with one paper stand beside each other."""
    if asked.case:
        return [Case.named(name) for name in asked.case]
    papers: dict[Paper, list[Case]] = {}
    for case in cases(asked.sheets, asked.seed, asked.respects, asked.form, asked.known or KNOWN):
        papers.setdefault(case.paper, []).append(case)
    return [case for alike in papers.values() for case in alike]


def _progress(outcomes: Iterator[Outcome], count: int) -> Iterator[Outcome]:
    wrong = 0
    for number, outcome in enumerate(outcomes, 1):
        yield outcome
        wrong += outcome.count(Verdict.WRONG)
        for miss in outcome.misses:
            if miss.verdict is Verdict.WRONG:
                told = f"{miss.field}: {miss.true!r} was read as {miss.read!r}, {miss.status}"
                sys.stdout.write(f"WRONG {outcome.case.title!r} {told}\n")
        if number % 20 == 0 or number == count:
            sys.stderr.write(f"\r{number} of {count} sheets, {wrong} fields silently wrong ")
            sys.stderr.flush()
    sys.stderr.write("\n")


def _write(folder: Path, outcomes: Sequence[Outcome]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tables = [(title, list(rows(outcomes))) for title, rows in TABLES]
    text = (line for title, rows in tables for line in (title, *plain(rows), ""))
    (folder / "accuracy.txt").write_text("\n".join(text))
    marked = (line for title, rows in tables for line in (f"### {title}", "", *markdown(rows), ""))
    (folder / "accuracy.md").write_text("\n".join(marked))
    (folder / "accuracy.svg").write_text(svg(outcomes), "utf-8")
    (folder / "outcomes.json").write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))


if __name__ == "__main__":
    main()
