"""Sheets per second on generated answer sheets, beside what other programs cannot do without.

    python -m tests.benchmarks.accuracy.throughput [--rounds 10]

The dense answer sheet of 110 questions and the exam of 60, each as a scan of 300 and of 150 dpi and as a photo, in one
thread, the template warm, clips included. Beside it stands how OMRChecker begins: the sheet decoded as grey, and the
whole of it resized to 666 × 820 before anything is looked for, which costs little and leaves some 11 pixels of a bubble
of 3.5 mm. That is its first step alone, so a lower bound: OMRChecker itself is on no package index, and is not run
here. Its documentation says 200 sheets a minute; 23 to 30 ms have been published for a small sheet.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, recognize
from omrclip.omr.registration.find import KnownPage
from tests.benchmarks.accuracy.forms import TEMPLATED, pages_of
from tests.benchmarks.measuring import Measured, Way, keep_freed_memory, machine, measure
from tests.sheets.quick import make_quickly
from tests.sheets.strengths import LEVELS, picture_at

SHEETS: Final = ("nothing hard, scan", "scale 150 dpi, scan", "nothing hard, photo")
FORMS: Final = ("answers", "exam")
PROCESSING_SIZE: Final = (666, 820)  # OMRChecker's default
LIMITS: Final = Limits()
SEED: Final = 11


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the table."""
    asked = argparse.ArgumentParser(prog="python -m tests.benchmarks.accuracy.throughput")
    asked.add_argument("--rounds", type=int, default=10, help="how often each sheet is recognized (10)")
    rounds = asked.parse_args(arguments).rounds
    keep_freed_memory()
    sys.stdout.write(f"{machine()}\n{'sheet':48}{'way':34}{'ms':>7}  sheets/s  × decode\n")
    for form in FORMS:
        for level in SHEETS:
            sheet = make_quickly(TEMPLATED[form].layout, picture_at(TEMPLATED[form].layout, LEVELS[level], SEED))
            ways = list(_ways(sheet.jpeg, pages_of(form, "page image")))
            measure(ways, 2)  # warm
            title = f"{form}, {level.removeprefix('nothing hard, ')}, {sheet.shot.dimensions}"
            for measured in measure(ways, rounds):
                sys.stdout.write(f"{title:48}{_told(measured)}\n")


def _ways(jpeg: bytes, pages: Sequence[KnownPage]) -> list[Way]:
    return [
        Way("cv2.imdecode, colour", lambda: _decoded(jpeg, cv2.IMREAD_COLOR)),
        Way("grey, resized to 666 × 820", lambda: cv2.resize(_decoded(jpeg, cv2.IMREAD_GRAYSCALE), PROCESSING_SIZE)),
        Way("omrclip: fields read, clips cut", lambda: _recognized(jpeg, pages)),
    ]


def _decoded(jpeg: bytes, flags: int) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags))


def _recognized(jpeg: bytes, pages: Sequence[KnownPage]) -> None:
    found = recognize(pages, Scan("sheet.jpg", jpeg), RecognitionOptions(), LIMITS)
    if found.error is not None:
        raise RuntimeError(found.error.message)


def _told(measured: Measured) -> str:
    milliseconds = float(np.median(measured.times))
    return f"{measured.way.name:34}{milliseconds:7.1f}{1000 / milliseconds:10.1f}{measured.ratios[1]:10.2f}"


if __name__ == "__main__":
    main()
