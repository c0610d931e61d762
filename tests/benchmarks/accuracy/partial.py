"""Reads sheets with templates that know only a part of them, without an image of the blank page.

    python -m tests.benchmarks.accuracy.partial --readings 2000 --seed 1 --jobs 2 [--extents] [--blocks] [--cache DIR]

Every reading takes a sheet (generated, or a real form of ../shared/forms), a part of its template (halves, thirds,
single columns), a quarter turn of the scan and a factor by which the template's bubbles are larger than the printed
ones. A part of a form often fits a sheet in two ways. A reading has to be right, flagged or refused; none may be
silently wrong. With --blocks the sheets are those of forms with one block, which fits itself turned, and the templates
are whole.
"""

import argparse
import json
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from itertools import cycle, islice
from pathlib import Path
from time import process_time
from typing import Final, Literal

import cv2
import numpy as np

from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, known_pages, recognize
from omrclip.omr.template import Barcode, ReferencePoint, Template
from omrclip.schemas.template import load_template
from tests.benchmarks.accuracy.cases import Case
from tests.benchmarks.accuracy.cuts import PARTS, Cutting, columns_of, cut_down, readable
from tests.benchmarks.accuracy.forms import BLOCKS, FORMS, TEMPLATED
from tests.benchmarks.accuracy.judging import Miss, Verdict, miss
from tests.benchmarks.accuracy.sheets import open_cache, sheet_of
from tests.benchmarks.accuracy.truth import FieldTruth
from tests.omr.real_forms import FOLDER
from tests.sheets.template import omr_text

Judged = Literal["right", "flagged", "refused", "wrong"]

JUDGED: Final[tuple[Judged, ...]] = ("right", "flagged", "refused", "wrong")
LIMITS: Final = Limits()
TURNS: Final = (0, 90, 180, 270)
EXTENTS: Final = (0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.4)
MOST_COLUMNS: Final = 6
REAL_PART: Final = 0.3
READINGS_A_SHEET: Final = 8
"""Making a sheet takes several times as long as reading it."""
LEVELS: Final = (
    "nothing hard, scan",
    "nothing hard, photo",
    "rotation 5°, scan",
    "rotation 20°, photo",
    "perspective 15°, photo",
    "curl 4 mm, photo",
    "scale 200 dpi, scan",
    "scale 150 dpi, scan",
    "scale 200 dpi, photo",
    "blur 2 px, scan",
    "JPEG quality 50, photo",
    "marks scribble, scan",
    "ticks small, scan",
    "pen pencil, photo",
    "paper faint print, scan",
    "scan black around, skewed 2°, scan",
    "scan edges cut off by 6 mm, scan",
    "scan black and white, 200 dpi, scan",
)
"""What the generated sheets look like: nothing beyond the limits of what recognition takes."""
REAL: Final = {
    "aspose_test/scan.jpg": ("Aspose_test.omr", "scan.dat"),
    "aspose_test/photo.jpg": ("Aspose_test.omr", "photo.dat"),
    "aspose_survey/scan.jpg": ("AsposeTest.omr", "expected.dat"),
    "aspose_survey/photo.jpg": ("AsposeTest.omr", "expected.dat"),
    "answer_sheet_100/copied.jpg": ("copied_sheet.omr", "copied.dat"),
    "answer_sheet_100/colour.jpg": ("colour_sheet.omr", "colour.dat"),
    "answer_sheet_200/scan_1.jpg": ("answer_sheet_200.omr", "scan_1.dat"),
    "answer_sheet_200/scan_2.jpg": ("answer_sheet_200.omr", "scan_2.dat"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One sheet to read.

    Attributes:
        source: a form and a level of TEMPLATED or BLOCKS and LEVELS, or a file of REAL with the level "".
        part: "whole", one of PARTS, or "column N" from the left, beginning with 1.
        marks: whether the template has its reference points and codes.
        extent: by what the template's bubbles are larger than the printed ones, about the middle of each.
        degrees: by which the scan is turned clockwise.
        seed: of a generated sheet.
    """

    source: str
    level: str
    part: str
    marks: bool
    extent: float
    degrees: int
    seed: int

    @property
    def name(self) -> str:
        marks = ", marks" if self.marks else ""
        return f"{self.source} {self.level} {self.seed}, {self.part}{marks}, x {self.extent}, {self.degrees}°"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one reading; `fields` is how many the part of the template has."""

    reading: Reading
    judged: Judged
    fields: int
    misses: tuple[Miss, ...] = ()
    told: str = ""
    confidence: float | None = None
    seconds: float = 0.0


def readings(count: int, seed: int, *, extents: bool = False, blocks: bool = False) -> list[Reading]:
    """`count` readings drawn from all sheets, parts and turns; with `extents` from all wrong extents too.

    With `blocks` they are of forms with one block, with their whole templates.
    """
    if blocks:
        return _of_blocks(count, seed)
    rng = np.random.default_rng([seed, 71])
    found: list[Reading] = []
    while len(found) < count:
        real = FOLDER.is_dir() and rng.random() < REAL_PART
        source = str(rng.choice(sorted(REAL) if real else sorted(TEMPLATED)))
        level = "" if real else str(rng.choice(LEVELS))
        own_seed = 0 if real else seed * 1_000_000 + int(rng.integers(1000))
        template = template_of(source)
        columns = min(len(columns_of(template)), MOST_COLUMNS)
        parts = ("whole", *PARTS, *(f"column {number}" for number in range(1, columns + 1)))
        has_marks = any(isinstance(element, ReferencePoint | Barcode) for element in template.pages[0].elements)
        for _ in range(READINGS_A_SHEET):
            part, degrees = str(rng.choice(parts)), int(rng.choice(TURNS))
            marks, extent = bool(rng.random() < 0.5) and has_marks, float(rng.choice(EXTENTS)) if extents else 1.0
            found.append(Reading(source, level, part, marks, extent, degrees, own_seed))
    return found[:count]


def _of_blocks(count: int, seed: int) -> list[Reading]:
    """Each form as often, in each turn as often."""
    rng = np.random.default_rng([seed, 72])
    sheets = ((name, str(rng.choice(LEVELS)), seed * 1_000_000 + int(rng.integers(1000))) for name in cycle(BLOCKS))
    turns = ((sheet, degrees) for sheet in sheets for degrees in TURNS)
    return [
        Reading(name, level, "whole", marks=True, extent=1.0, degrees=degrees, seed=own_seed)
        for (name, level, own_seed), degrees in islice(turns, count)
    ]


@lru_cache(maxsize=16)
def template_of(source: str) -> Template:
    """The whole template of a source."""
    if source in REAL:
        return load_template((FOLDER / source).with_name(REAL[source][0]).read_bytes())
    form = FORMS[source]
    return load_template(omr_text(form.layout, form.dpi))


def part_of(template: Template, part: str, *, marks: bool, extent: float) -> Template:
    """The template cut down; nothing is left but bubbles and, where asked for, reference points and codes."""
    return cut_down(template, Cutting("" if part == "whole" else part, extent, bare=True, points=marks))


@lru_cache(maxsize=4)
def sheet_and_truth(source: str, level: str, seed: int, cache: Path | None) -> tuple[bytes, dict[str, FieldTruth]]:
    """The scan's file before it is turned, and what is known to be marked on it."""
    if source in REAL:
        file = FOLDER / source
        lines = file.with_name(REAL[source][1]).read_text("utf-8").splitlines()
        split = (line.rpartition(":") for line in lines if line)
        return file.read_bytes(), {name: FieldTruth(value) for name, _, value in split}
    made = sheet_of(Case(source, "bubbles only", level, seed), cache)
    return made.file, made.truth.fields


@lru_cache(maxsize=4)
def turned(data: bytes, degrees: int) -> bytes:
    """An image file turned clockwise by quarters; as it is at 0°."""
    if not degrees:
        return data
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return cv2.imencode(".jpg", np.rot90(image, -degrees // 90), [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def read(cache: Path | None, reading: Reading) -> Outcome:
    """Read one sheet and judge what came out."""
    template = part_of(template_of(reading.source), reading.part, marks=reading.marks, extent=reading.extent)
    data, truth = sheet_and_truth(reading.source, reading.level, reading.seed, cache)
    scan = Scan("scan.jpg", turned(data, reading.degrees))
    started = process_time()
    found = recognize(known_pages(template), scan, RecognitionOptions(), LIMITS)
    return replace(judged(reading, template, truth, found), seconds=process_time() - started)


def judged(reading: Reading, template: Template, truth: dict[str, FieldTruth], found: Recognition) -> Outcome:
    """A reading is as good as its worst field: one that is silently wrong makes it wrong."""
    names = [element.name or "" for element in readable(template) if element.name in truth]
    if found.error is not None:
        return Outcome(reading, "refused", len(names), told=found.error.message)
    confidence = found.registration.confidence if found.registration else None
    results = {element.name: element for element in found.elements}
    misses = tuple(m for name in names if (m := miss(name, truth[name], results.get(name))))
    verdicts = {each.verdict for each in misses}
    how: Judged = "wrong" if Verdict.WRONG in verdicts else "flagged" if misses else "right"
    return Outcome(reading, how, len(names), misses, "; ".join(found.messages[:2]), confidence)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run. The exit status is 1 where a reading is silently wrong."""
    sys.exit(1 if run(arguments) else 0)


def run(arguments: Sequence[str] | None = None) -> int:
    """Read the sheets, and write the tables. Returns how many readings are silently wrong."""
    asked = _parser().parse_args(arguments)
    folder = open_cache(asked.cache) if asked.cache else None
    drawn = readings(asked.readings, asked.seed, extents=asked.extents, blocks=asked.blocks)
    chosen = [reading for reading in drawn if asked.only in reading.name]
    outcomes: list[Outcome] = []
    for outcome in _run(chosen, asked.jobs, partial(read, folder)):
        outcomes.append(outcome)
        tally = Counter(each.judged for each in outcomes)
        sys.stderr.write(f"\r{len(outcomes)} of {len(chosen)}: {', '.join(f'{tally[how]} {how}' for how in JUDGED)} ")
        sys.stderr.flush()
        if outcome.judged == "wrong":
            sys.stdout.write(f"WRONG {told(outcome)}\n")
            sys.stdout.flush()
    for title, key in TABLES.items():
        sys.stdout.write("\n".join(("", *table(title, key, outcomes), "")))
    if asked.out:
        asked.out.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    return sum(outcome.judged == "wrong" for outcome in outcomes)


def told(outcome: Outcome) -> str:
    """One line: how many fields are silently wrong, and what the reading was."""
    wrong = sum(each.verdict is Verdict.WRONG for each in outcome.misses)
    flagged = len(outcome.misses) - wrong
    counted = f"{wrong} wrong, {flagged} flagged of {outcome.fields}"
    return f"{counted}, confidence {outcome.confidence}: {outcome.reading.name}"


TABLES: Final[dict[str, Callable[[Reading], str]]] = {
    "part": lambda reading: reading.part if "column" not in reading.part else "column",
    "source": lambda reading: reading.source,
    "level": lambda reading: reading.level or "real",
    "extents": lambda reading: f"x {reading.extent}",
    "turn": lambda reading: f"{reading.degrees}°",
    "reference points and codes": lambda reading: "with" if reading.marks else "without",
    "all": lambda _reading: "all",
}


def table(title: str, key: Callable[[Reading], str], outcomes: Sequence[Outcome]) -> list[str]:
    """Lines: how many readings of each kind came out how."""
    groups: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        groups.setdefault(key(outcome.reading), Counter())[outcome.judged] += 1
    rows = (f"{name:36}{''.join(f'{groups[name][each]:>9}' for each in JUDGED)}" for name in sorted(groups))
    return [f"{title:36}{''.join(f'{each:>9}' for each in JUDGED)}", *rows]


def _run(chosen: Sequence[Reading], jobs: int, do: Callable[[Reading], Outcome]) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(do, chosen)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from (done.result() for done in as_completed([pool.submit(do, reading) for reading in chosen]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.accuracy.partial")
    parser.add_argument("--readings", type=int, default=200, help="how many sheets are read (200)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same readings (1)")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    parser.add_argument("--extents", action="store_true", help="with bubbles 0.7 to 1.4 times the printed ones")
    parser.add_argument("--blocks", action="store_true", help="forms with one block, whole templates")
    parser.add_argument("--only", default="", help="only the readings whose name has this text")
    parser.add_argument("--cache", type=Path, help="folder that keeps the sheets for the next run")
    parser.add_argument("--out", type=Path, help="file for every outcome")
    return parser


if __name__ == "__main__":
    main()
