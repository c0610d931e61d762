"""Whether filled sheets of generated forms are read right or flagged.

    python -m tests.benchmarks.forms [--sheets 1000] [--first 10000]

The forms are the ready-made ones, and two with every element of the markup. Each is generated as PDF, rendered, filled
in, and scanned or photographed. Half of the sheets are read with the image of the blank page, half without. Exits with
1 if a field is wrong and not flagged, or a sheet is refused.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from omrclip.imaging.codec import decode
from omrclip.omr.authoring.generation.forms import GeneratedForm, generate
from tests.omr.authoring.generation.rehearsed import outcome
from tests.omr.authoring.generation.test_forms import EVERYTHING, IMAGES, TABLES

FOLDER = Path(__file__).parents[2] / "templates_omr"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a line for each form, with and without its image. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.forms")
    parser.add_argument("--sheets", type=int, default=1000, help="number of sheets of all forms together (1000)")
    parser.add_argument("--first", type=int, default=10_000, help="first seed (10000)")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    forms = _forms()
    each = max(1, options.sheets // (2 * len(forms)))
    bad: list[str] = []
    for name, form in forms.items():
        (image,) = form.page_images()
        for number, page in enumerate((image, None)):
            first = options.first + number * each
            told = outcome(form.template, decode(image), range(first, first + each), page)
            way = "without" if page is None else "with"
            sys.stdout.write(
                f"{name:18} {way:7} image {each:4} sheets {told.fields:6} fields {told.flagged:4} flagged "
                f"{len(told.wrong):3} wrong {len(told.refused):3} refused\n"
            )
            sys.stdout.flush()
            bad += [f"{name} {way} image: {one}" for one in (*told.wrong, *told.refused)]
    sys.stdout.writelines(f"{one}\n" for one in bad)
    return 1 if bad else 0


def _forms() -> dict[str, GeneratedForm]:
    made = {path.stem: generate(path.read_bytes(), path.stem) for path in sorted(FOLDER.glob("*.txt"))}
    return {
        "everything": generate(EVERYTHING, "everything", IMAGES),
        "tables": generate(TABLES, "tables"),
        **made,
    }


if __name__ == "__main__":
    sys.exit(main())
