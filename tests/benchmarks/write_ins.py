"""How many places to write in are proposed as clip areas, whole and with the right name, and how many falsely.

    python -m tests.benchmarks.write_ins [--first 7000] [--forms 10] [--dpi 100 150 300]

Forms are drawn by chance with the lines, frames and boxes of many makers, and rendered as a flat page, a skewed scan
and a photo. Names are those of the vector PDF, whose words are in the file. Rules were made on seeds below 7000.
Measure on others.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from omrclip.imaging.arrays import Pixels
from omrclip.limits import Limits
from omrclip.omr.authoring.detection.new_template import new_template
from omrclip.omr.authoring.detection.page import detect
from omrclip.omr.blank_images import blank_pages
from tests.omr.authoring.detection.scoring import Picture, photographed, render, skewed
from tests.omr.authoring.detection.writing_forms import WritingForm, writing_form
from tests.omr.authoring.detection.writing_score import WritingScore, writing_score

WAYS: Final = ("flat", "skewed", "photo")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table of the ways and one of the kinds of places."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.write_ins")
    parser.add_argument("--first", type=int, default=7000, help="first seed (7000)")
    parser.add_argument("--forms", type=int, default=10, help="forms (10)")
    parser.add_argument("--dpi", type=int, nargs="*", default=[100, 150, 300])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    rows: dict[str, WritingScore] = defaultdict(WritingScore)
    for seed in range(options.first, options.first + options.forms):
        form = writing_form(seed)
        rows["vector"].add(_vector(form))
        for dpi in options.dpi:
            pixels = render(form.pdf, dpi)
            for way in options.ways:
                picture = _pictured(pixels, way, np.random.default_rng([seed, WAYS.index(way)]))
                rows[f"{dpi} dpi, {way}"].add(_image(form, picture, pixels.shape[1]))
    _print(rows)


def _vector(form: WritingForm) -> WritingScore:
    made = new_template(blank_pages(form.pdf, 1, Limits()), "form", Limits())
    (detection,) = made.detections
    pages = zip(detection.proposals, made.template.pages[0].elements, strict=True)
    named = replace(detection, proposals=tuple(replace(one, element=element) for one, element in pages))
    return writing_score(named, np.eye(3), form.places, detection.page.pixels.shape[1] / form.width)


def _image(form: WritingForm, picture: Picture, width: int) -> WritingScore:
    detection = detect(picture.pixels)
    return writing_score(detection, picture.matrix, form.places, width / form.width)


def _pictured(pixels: Pixels, way: str, rng: np.random.Generator) -> Picture:
    if way == "skewed":
        return skewed(pixels, rng)
    return photographed(pixels, rng) if way == "photo" else Picture(pixels, np.eye(3))


def _print(rows: dict[str, WritingScore]) -> None:
    kinds = WritingScore()
    _tell("| pages | places | found % | whole % | named % | false |")
    _tell("| --- | ---: | ---: | ---: | ---: | ---: |")
    for way, score in rows.items():
        kinds.add(score)
        _row(way, score, sorted(score.drawn), score.false)
    _tell("")
    _tell("| place | places | found % | whole % | named in the PDF % |")
    _tell("| --- | ---: | ---: | ---: | ---: |")
    for kind in sorted(kinds.drawn):
        named = replace(kinds, named=rows["vector"].named)
        _row(kind, named, [kind], None, rows["vector"].drawn[kind])


def _row(name: str, score: WritingScore, kinds: Sequence[str], false: int | None, vector: int = 0) -> None:
    drawn, found, whole, named = (
        sum(count[kind] for kind in kinds) for count in (score.drawn, score.found, score.whole, score.named)
    )
    parts = [100 * found / drawn, 100 * whole / drawn, 100 * named / (vector or drawn)]
    told = " | ".join(f"{part:.1f}" for part in parts)
    _tell(f"| {name} | {drawn} | {told} |" + (f" {false} |" if false is not None else ""))


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
