"""Sort a shuffled stack: `python -m tests.benchmarks.stacks FOLDER [--pages 1000] [--workers 2]`.

A PDF with the pages of three templates in random order: an exam, a survey, and an enrolment of two pages that have the
number of a person as a QR code. A fifth lies upside down, 2 % are blank, and 1 % are other forms and text. Some
persons lack a page, have one twice, or have a page without the code.

Each page must be at its template and page, and each person's pages in one row, or its failure or problem must be named.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import click
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.sheets.answers import answers
from tests.sheets.blocks import blocks
from tests.sheets.camera import Glass
from tests.sheets.enrolment import enrolment
from tests.sheets.exam import exam
from tests.sheets.filling import Person
from tests.sheets.layout import Area, Barcode, Form
from tests.sheets.printing import page_dimensions, print_page, qr_modules
from tests.sheets.scene import Light, Scene, Sensor
from tests.sheets.sheet import Shot, make
from tests.sheets.survey import survey
from tests.sheets.template import omr_document, pixel_box

DPI = 150.0
PAPERS = 3
"""Different filled sheets of each form. A page of the stack shows one of them."""
CODE = Area(90.0, 2.0, 22.0, 22.0)
"""Where the number of a person is printed, in millimetres: on both pages there is nothing else."""
IDENTIFIER = "Person"
TURNED, BLANK, FOREIGN = 0.2, 0.02, 0.01

Grey = npt.NDArray[np.uint8]
SINGLE = {"exam": exam(), "survey": survey()}
TWO_PAGES = (enrolment(), answers(True))


@dataclass(frozen=True, slots=True)
class Placed:
    """A page of the stack: its template ("" for blank and foreign ones), page number, person, and what is drawn."""

    template: str
    page: int
    person: str
    form: Form | None
    paper: int
    has_code: bool = True


@cache
def filled(form: Form, paper: int) -> Grey:
    """A scan of a filled sheet."""
    scene = Scene("lid", Light(), Sensor(0.5, noise=1.2, dust=5))
    shot = Shot(100 + paper, page_dimensions(form, DPI), Glass(DPI), Person(f"Person {paper}"), scene=scene)
    return np.asarray(cv2.cvtColor(make(form, shot).image, cv2.COLOR_BGR2GRAY), np.uint8)


def coded(form: Form, content: str) -> Form:
    return replace(form, elements=(*form.elements, Barcode(IDENTIFIER, CODE, content)))


def put_code(image: Grey, content: str) -> None:
    """Draw the code of a person where the template expects it."""
    box, modules = pixel_box(CODE, DPI / 25.4), np.where(qr_modules(content), 20, 240).astype(np.uint8)
    quiet = np.pad(modules, 4, constant_values=240)
    side = (box["Width"], box["Height"])
    image[box["Top"] : box["Top"] + side[1], box["Left"] : box["Left"] + side[0]] = cv2.resize(
        quiet, side, interpolation=cv2.INTER_NEAREST
    )


def stack(pages: int, chance: np.random.Generator) -> list[Placed]:
    """The pages, shuffled."""
    placed = [Placed("", 0, "", None, number) for number in range(round(BLANK * pages))]
    foreign = (blocks()[7], blocks()[0])
    placed += [
        Placed("", 0, "", foreign[number % 2], number % PAPERS) for number in range(max(1, round(FOREIGN * pages)))
    ]
    number = 0
    while len(placed) < 0.64 * pages:
        person, paper, kind = f"P{number:05}", number % PAPERS, number % 40
        both = [Placed("enrolment", n, person, form, paper) for n, form in enumerate(TWO_PAGES, start=1)]
        if kind == 1:
            both.pop()
        elif kind == 2:
            both.append(both[0])
        elif kind == 3:
            both[1] = replace(both[1], has_code=False)
        placed += both
        number += 1
    while len(placed) < pages:
        name = ("exam", "survey")[len(placed) % 2]
        placed.append(Placed(name, 1, "", SINGLE[name], len(placed) % PAPERS))
    return [placed[at] for at in chance.permutation(len(placed))]


def image_of(page: Placed, turned: bool) -> Image.Image:
    if page.form is None:
        grey = np.full((1754, 1240), 246, np.uint8)
        grey[100:110, 300:340] = 225  # print of the front shines through
    else:
        grey = filled(page.form, page.paper).copy()
        if page.person and page.has_code:
            put_code(grey, page.person)
    return Image.fromarray(np.ascontiguousarray(grey[::-1, ::-1]) if turned else grey)


def write(folder: Path, pages: list[Placed], chance: np.random.Generator) -> None:
    """The templates with images of their blank pages, and the stack."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, form in SINGLE.items():
        (folder / f"{name}.omr").write_text(json.dumps(omr_document(form, DPI)), encoding="utf-8")
        cv2.imwrite(str(folder / f"{name}.png"), print_page(form, DPI))
    documents = [omr_document(coded(form, "P00000"), DPI) for form in TWO_PAGES]
    whole = {**documents[0], "Pages": [document["Pages"][0] for document in documents], "BookletBy": IDENTIFIER}
    (folder / "enrolment.omr").write_text(json.dumps(whole), encoding="utf-8")
    blanks = [Image.fromarray(print_page(form, DPI)) for form in TWO_PAGES]
    blanks[0].save(folder / "enrolment.tif", save_all=True, append_images=blanks[1:], compression="tiff_lzw")
    turned = chance.random(len(pages)) < TURNED
    images: Iterator[Image.Image] = (image_of(*both) for both in zip(pages, turned.tolist(), strict=True))
    next(images).save(folder / "stack.pdf", save_all=True, append_images=images, resolution=DPI)


def check(out: Path, pages: list[Placed]) -> dict[str, int]:
    """Count what became of the pages. What is silently wrong is counted as `wrong …`."""
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    told = Counter(_of_page(page, record) for page, record in zip(pages, records, strict=True))
    numbers = {record["Name"]: number for number, record in enumerate(records)}
    with (out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    told.update(_of_row(row, [pages[numbers[name]] for name in row["Image"].split("; ")]) for row in rows)
    del told[""]
    if sorted(name for row in rows for name in row["Image"].split("; ")) != sorted(numbers):
        told["wrong: pages without a row, or with two"] += 1
    return dict(told)


def _of_page(page: Placed, record: dict[str, Any]) -> str:
    if record["Error"]:
        return "failed, and named" if page.template else "failed, as it should"
    is_right = (record["Template"], record["Page"]) == (page.template, page.page)
    return "at its template and page" if is_right else "wrong page"


def _of_row(row: dict[str, str], pages: list[Placed]) -> str:
    if row["Booklet"]:
        if any(page.person != row["Booklet"] for page in pages):
            return "wrong booklet"
        if [page.page for page in pages] == [1, 2]:
            return "whole booklets"
        return "booklets with a named problem" if row["Booklet problems"] else "wrong: a lack is not named"
    if not pages[0].person or row["Result"] != "Pass":
        return ""
    return "in no booklet, and named" if row["Booklet problems"] else "wrong: in no booklet"


def run(folder: Path, count: int, workers: int, seed: int = 1) -> dict[str, int]:
    """Make a stack, recognize it, and count what became of its pages."""
    chance = np.random.default_rng(seed)
    pages = stack(count, chance)
    write(folder, pages, chance)
    templates = [str(folder / f"{name}.omr") for name in (*SINGLE, "enrolment")]
    command = [sys.executable, "-m", "omrclip", "batch", *templates, str(folder / "stack.pdf")]
    command += ["--out", str(folder / "out"), "--workers", str(workers), "--progress", "none", "--restart"]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    return check(folder / "out", pages)


def main() -> None:
    """Print what became of the pages of a large stack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    began = time.monotonic()
    told = run(asked.folder, asked.pages, asked.workers)
    used = getrusage(RUSAGE_CHILDREN)
    for what, count in sorted(told.items()):
        click.echo(f"{what:<44}{count:>6,}")
    click.echo(f"{used.ru_utime + used.ru_stime:.0f} s of processor time, {time.monotonic() - began:.0f} s")
    sys.exit(any(what.startswith("wrong") for what in told))


if __name__ == "__main__":
    main()
