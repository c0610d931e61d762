"""How much longer finding the page, reading marks and codes and cutting clips take than decoding the scan.

    python -m tests.benchmarks.reading [--rounds 15]

Beside a file's bare `cv2.imdecode` in colour stands its whole recognition, the template warm: decode, register, read
all elements, cut and encode the clips. Both in one thread, in turns, by processor time, so that what else the machine
does matters little; a ratio is taken within its round. Of the whole form the page's image is withheld; the real forms
have theirs, and are measured where they lie beside the project.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import process_time
from typing import Final

import cv2
import numpy as np

from omrclip.config import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, known_pages, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.schemas.template import load_template
from tests.benchmarks.measuring import keep_freed_memory, machine
from tests.benchmarks.sheet import make_sample

FORMS: Final = Path(__file__).parents[3] / "shared" / "forms"
REAL: Final = {"aspose_test": "Aspose_test", "aspose_survey": "AsposeTest"}
GOALS: Final = {"scan": 3.0, "photo": 8.0}
PHOTO_PIXELS: Final = 9_000_000
"""Photos of at least so many have a goal."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reading")
    parser.add_argument("--rounds", type=int, default=15, help="how often each row is measured (15)")
    rounds = parser.parse_args(arguments).rounds
    keep_freed_memory()
    cv2.setNumThreads(1)
    sys.stdout.write(f"{machine()}\n{'':28} decode ms  whole ms  ratio  goal\n")
    for name, pages, data, goal in _cases():
        decode, whole, ratio = _measured(pages, data, rounds)
        verdict = "" if goal is None else f"  ≤ {goal:g}  {'reached' if ratio <= goal else 'not reached'}"
        sys.stdout.write(f"{name:28} {decode:9.1f} {whole:9.1f} {ratio:6.2f}{verdict}\n")
        sys.stdout.flush()


def _cases() -> Iterator[tuple[str, Sequence[KnownPage], bytes, float | None]]:
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
