"""How many of the bubbles on blank forms are detected, how many falsely, and how many in the right element.

    python -m tests.benchmarks.detection [--first 7000] [--forms 4] [--dpi 100 150 200 300] [--only ballot dashed]

Forms are drawn by chance in seven shapes of bubbles and in the styles of many makers, and rendered as a flat page, a
skewed scan and a photo. The real forms are added: the templates of the project, and those beside it where they are.
Rules were made on seeds below 7000; measure on others.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Final

import cv2
import numpy as np

from omrclip.imaging.arrays import Pixels
from omrclip.omr.authoring.detection.page import detect
from omrclip.schemas.template import load_template
from tests.omr.authoring.detection.blank_forms import SHAPES, BlankForm, blank_form
from tests.omr.authoring.detection.maker_forms import STYLES, maker_form
from tests.omr.authoring.detection.scoring import (
    Picture,
    Place,
    Score,
    choice_boxes,
    photographed,
    places_of,
    render,
    score,
    skewed,
)

ROOT: Final = Path(__file__).parents[2]
READY_MADE: Final = (
    *("exam", "survey", "answer-sheet-20", "answer-sheet-50", "answer-sheet-100", "ballot", "consent", "questionnaire"),
)
REAL: Final = (
    *(ROOT / "templates_omr" / name for name in READY_MADE),
    ROOT.parent / "shared" / "forms" / "aspose_test" / "Aspose_test",
    ROOT.parent / "shared" / "forms" / "aspose_survey" / "AsposeTest",
)
WAYS: Final = ("flat", "skewed", "photo")


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A flat rendering with the true places of its bubbles in pixels, a name, and the row of the table it counts in."""

    name: str
    row: str
    dpi: float
    pixels: Pixels
    boxes: list[list[Place]]
    kinds: list[str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table for each kind of form, resolution and way."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.detection")
    parser.add_argument("--first", type=int, default=7000, help="first seed (7000)")
    parser.add_argument("--forms", type=int, default=4, help="forms of each shape (4)")
    parser.add_argument("--dpi", type=int, nargs="+", default=[100, 150, 200, 300])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    names = ("real", *SHAPES, *STYLES)
    parser.add_argument("--only", nargs="+", default=list(names), choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--failures", action="store_true", help="name each form that is not perfect")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    rows: dict[tuple[str, str], list[Score]] = defaultdict(list)
    times: list[float] = []
    for dpi in options.dpi:
        for number, sheet in enumerate(_sheets(options.only, options.first, options.forms, dpi)):
            for way in options.ways:
                picture = _pictured(sheet, way, number)
                began = process_time()
                detection = detect(picture.pixels)
                times.append(process_time() - began)
                scored = score(detection, picture.matrix, sheet.boxes, sheet.kinds, sheet.dpi)
                for key in ((sheet.row, way), (f"{dpi} dpi", way), ("all", way)):
                    rows[key].append(scored)
                if options.failures and (scored.right < scored.drawn or scored.false):
                    told = f"{scored.drawn} drawn, {scored.found} found, {scored.false} false, {scored.right} right"
                    _tell(f"{sheet.name} {dpi} dpi {way}: {told}; {dict(scored.wrong)}")
    _print(rows, times)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _sheets(rows: Sequence[str], first: int, forms: int, dpi: int) -> Iterator[Sheet]:
    for row in rows:
        if row == "real":
            for path in REAL:
                if path.with_suffix(".omr").exists():
                    yield from _real(path, dpi)
            continue
        for seed in range(first, first + forms):
            form = blank_form(seed, row) if row in SHAPES else maker_form(seed, row)
            yield _drawn(form, row, f"{row} {seed}", dpi)


def _drawn(form: BlankForm, row: str, name: str, dpi: int) -> Sheet:
    pixels = render(form.pdf, dpi)
    scale = _scale(pixels, form.width, form.height)
    boxes = [[_scaled(place, scale) for place in box.bubbles] for box in form.boxes]
    return Sheet(name, row, dpi, pixels, boxes, [box.kind for box in form.boxes])


def _real(path: Path, dpi: int) -> Iterator[Sheet]:
    """The pages of a template; its blank pages are an image or a PDF file beside it."""
    for number, page in enumerate(load_template(path.with_suffix(".omr").read_bytes()).pages):
        if path.with_suffix(".pdf").exists():
            pixels = render(path.with_suffix(".pdf").read_bytes(), dpi, number)
        else:
            image = np.asarray(cv2.imread(str(path.with_suffix(".png"))), np.uint8)
            resized = dpi * 297 / 25.4 / image.shape[0]
            size = (round(image.shape[1] * resized), round(image.shape[0] * resized))
            how = cv2.INTER_AREA if resized < 1 else cv2.INTER_CUBIC
            pixels = np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
        scale = _scale(pixels, page.width, page.height)
        boxes = [[_scaled(place, scale) for place in places_of(box)] for box in choice_boxes(page.elements)]
        yield Sheet(f"{path.name} page {number + 1}", "real", dpi, pixels, boxes, ["real"] * len(boxes))


def _scale(pixels: Pixels, width: float, height: float) -> tuple[float, float]:
    """Pixels per unit across and down: a page is stretched by up to a pixel, so that it fills whole pixels."""
    return pixels.shape[1] / width, pixels.shape[0] / height


def _scaled(place: Place, scale: tuple[float, float]) -> Place:
    left, top, width, height = place
    return left * scale[0], top * scale[1], width * scale[0], height * scale[1]


def _pictured(sheet: Sheet, way: str, number: int) -> Picture:
    rng = np.random.default_rng([number, WAYS.index(way)])
    if way == "skewed":
        return skewed(sheet.pixels, rng)
    return photographed(sheet.pixels, rng) if way == "photo" else Picture(sheet.pixels, np.eye(3))


def _print(rows: dict[tuple[str, str], list[Score]], times: list[float]) -> None:
    _tell("| forms | way | bubbles | found % | false % | right element % | place error px: median, 99 % |")
    _tell("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    wrong: Counter[str] = Counter()
    for (kind, way), scores in sorted(rows.items()):
        drawn = sum(one.drawn for one in scores)
        found, false, right = (
            100 * sum(getattr(one, key) for one in scores) / drawn for key in ("found", "false", "right")
        )
        errors = np.concatenate([one.errors for one in scores])
        middle, high = np.percentile(errors, [50, 99]) if errors.size else (np.nan, np.nan)
        _tell(f"| {kind} | {way} | {drawn} | {found:.2f} | {false:.2f} | {right:.2f} | {middle:.2f}, {high:.2f} |")
        if kind == "all":
            wrong += sum((one.wrong for one in scores), Counter())
    _tell(f"Wrong elements: {dict(wrong)}")
    _tell(f"Processor time a page: median {np.median(times):.2f} s, most {max(times):.2f} s")


if __name__ == "__main__":
    main()
