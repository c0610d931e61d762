"""How much longer finding the page, reading marks and codes and cutting clips take than decoding the scan.

    python -m tests.benchmarks.reading [--rounds 15 | --short]

An exam of 60 questions comes as a scan of 300 dpi and as a photo. Then follow pages of 200 and of 2,000 bubbles, scans
of many templates in turn, and commands that start anew, by the processor time of their process.

Beside a file's bare `cv2.imdecode` in colour stands its whole recognition, the template warm: decode, register, read
all elements, cut and encode the clips. Both in one thread, in turns, by processor time, so that what else the machine
does matters little; a ratio is taken within its round. Of the whole form the page's image is withheld; the real forms
have theirs, and are measured where they lie beside the project. OMRChecker, whose way by ORB features is the usual
comparison for photos, is on no package index, and is not run here.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Final

import cv2
import numpy as np

from omrclip.imaging.geometry import Dimensions
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, known_pages, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.template import Page
from omrclip.schemas.template import load_template
from tests.benchmarks.accuracy.forms import KNOWN, TEMPLATED, pages_of
from tests.benchmarks.measuring import keep_freed_memory, machine
from tests.benchmarks.sheet import make_sample
from tests.omr.sheet import printed, question
from tests.sheets.quick import make_quickly
from tests.sheets.strengths import LEVELS, picture_at

FORMS: Final = Path(__file__).parents[3] / "shared" / "forms"
REAL: Final = {"aspose_test": "Aspose_test", "aspose_survey": "AsposeTest"}
GOALS: Final = {"scan": 3.0, "photo": 8.0}
ROOT: Final = Path(__file__).parents[2]
SAMPLES, TEMPLATES = ROOT / "samples", ROOT / "templates_omr"
TEMPLATES_IN_TURN: Final = (1, 8, 9, 12)
GRIDS: Final = ((4, 10), (12, 33))
"""Columns and rows of questions with five bubbles each."""
GRID_PAGE: Final = Dimensions(2480, 1500)
SEED: Final = 11
PHOTO_PIXELS: Final = 9_000_000
"""Photos of at least so many have a goal."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reading")
    parser.add_argument("--rounds", type=int, default=15, help="how often each row is measured (15)")
    parser.add_argument("--short", action="store_true", help="one round, and few rows below the table")
    asked = parser.parse_args(arguments)
    rounds = 1 if asked.short else asked.rounds
    keep_freed_memory()
    cv2.setNumThreads(1)
    sys.stdout.write(f"{machine()}\n{'':32} decode ms  whole ms  ratio  goal\n")
    for name, pages, data, goal in _cases():
        decode, whole, ratio = _measured(pages, data, rounds)
        verdict = "" if goal is None else f"  ≤ {goal:g}  {'reached' if ratio <= goal else 'not reached'}"
        sys.stdout.write(f"{name:32} {decode:9.1f} {whole:9.1f} {ratio:6.2f}{verdict}\n")
        sys.stdout.flush()
    counts = TEMPLATES_IN_TURN[:1] if asked.short else TEMPLATES_IN_TURN
    for line in (*_told_of_stacks(counts), *_told_of_commands(0 if asked.short else rounds)):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _told_of_stacks(counts: Sequence[int]) -> Iterator[str]:
    yield "\nscans of so many templates in turn, with images of the blank pages: ms a scan"
    template = load_template((TEMPLATES / "exam.omr").read_bytes())
    image, scan = (TEMPLATES / "exam.png").read_bytes(), Scan("scan.jpg", (SAMPLES / "exam-scan-1.jpg").read_bytes())
    for count in counts:
        pages = [replace(template.pages[0], image_name=f"{number}.png") for number in range(count)]
        known = [known_pages(replace(template, pages=(page,)), image) for page in pages]
        times = [_milliseconds(lambda: [_recognized(k, scan) for k in known]) / count for _ in range(3)]  # noqa: B023
        yield f"{count:32} {np.median(times[1:]):19.1f}"


def _told_of_commands(rounds: int) -> Iterator[str]:
    """After a run that compiles the modules, and is not counted; without rounds, of one run of those compiled."""
    yield "\nprocessor time of commands that start anew, ms"
    with tempfile.TemporaryDirectory() as folder:
        bytecode = {"PYTHONPYCACHEPREFIX": str(Path(folder, "bytecode")), "PYTHONDONTWRITEBYTECODE": ""}
        environment = {**os.environ, **(bytecode if rounds else {})}
        exam = str(TEMPLATES / "exam.omr")
        blank, photo = ["--template-image", str(TEMPLATES / "exam.png")], str(SAMPLES / "exam-photo-1.jpg")
        commands = {
            "validate": ["validate", exam],
            "schema": ["schema"],
            "recognize, one photo": ["recognize", exam, photo, *blank, "--out", folder, "--overwrite"],
        }
        for name, words in commands.items():
            times = [_of_process([sys.executable, "-m", "omrclip", *words], environment) for _ in range(rounds + 1)]
            yield f"{name:32} {np.median(times[1:] or times):19.0f}"


def _of_process(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """The processor time of a command, with its processes, in ms."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    after = os.times()
    return 1000 * (after.children_user + after.children_system - before.children_user - before.children_system)


def _milliseconds(run: Callable[[], object]) -> float:
    started = process_time()
    run()
    return 1000 * (process_time() - started)


def _recognized(pages: Sequence[KnownPage], scan: Scan) -> None:
    if (recognition := recognize(pages, scan, RecognitionOptions(), Limits())).error:
        raise RuntimeError(recognition.messages[0])


def _grid(columns: int, rows: int) -> tuple[Sequence[KnownPage], bytes]:
    """A page of questions with five bubbles each, without an image of the blank page, and a scan of it."""
    boxes = [
        question(f"Q{column}.{row}", 100 + 190 * column, 100 + 40 * row, "ABCDE")
        for column in range(columns)
        for row in range(rows)
    ]
    sheet = printed(boxes, GRID_PAGE)
    page = KnownPage(Page(width=GRID_PAGE.width, height=GRID_PAGE.height, elements=sheet.elements), 1, None)
    return [page], cv2.imencode(".jpg", np.rot90(sheet.blank, 2))[1].tobytes()


def _exam(level: str) -> bytes:
    layout = TEMPLATED["exam"].layout
    return make_quickly(layout, picture_at(layout, LEVELS[level], SEED)).jpeg


def _cases() -> Iterator[tuple[str, Sequence[KnownPage], bytes, float | None]]:
    for level in ("nothing hard, scan", "nothing hard, photo"):
        for known in KNOWN:
            name = f"exam, {level.removeprefix('nothing hard, ')}, {known}"
            yield name, pages_of("exam", known), _exam(level), None
    for columns, rows in GRIDS:
        yield f"{5 * columns * rows:,} bubbles, no page image", *_grid(columns, rows), None
    sample = make_sample()
    yield "whole form, 300 dpi", known_pages(load_template(sample.whole_form)), sample.scan, None
    for folder, stem in REAL.items():
        template = FORMS / folder / f"{stem}.clips.omr"
        if not template.exists():
            continue
        pages = known_pages(load_template(template.read_bytes()), (FORMS / folder / f"{stem}.png").read_bytes())
        for kind, goal in GOALS.items():
            data = (FORMS / folder / f"{kind}.jpg").read_bytes()
            height, width = _decoded(data).shape[:2]
            small = kind == "photo" and width * height < PHOTO_PIXELS
            yield f"{folder}, {kind}.jpg", pages, data, None if small else goal


def _measured(pages: Sequence[KnownPage], data: bytes, rounds: int) -> tuple[float, float, float]:
    """Medians: milliseconds of both, and their ratio."""
    options, limits, scan = RecognitionOptions(), Limits(), Scan("scan.jpg", data)
    if (recognition := recognize(pages, scan, options, limits)).error:
        raise RuntimeError(recognition.messages[0])
    times = np.zeros((rounds, 2))
    for row in times:
        started = process_time()
        _decoded(data)
        row[0] = process_time() - started
        started = process_time()
        recognize(pages, scan, options, limits)
        row[1] = process_time() - started
    decode, whole = np.median(times, axis=0) * 1000
    return float(decode), float(whole), float(np.median(times[:, 1] / times[:, 0]))


def _decoded(data: bytes) -> np.ndarray:  # type: ignore[type-arg]
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


if __name__ == "__main__":
    main()
