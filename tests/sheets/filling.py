"""Fills a form in: answers from a seed, their marks, and handwriting in the clip areas."""

from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.geometry import Dimensions
from tests.sheets.handwriting import Hand, sign, write_line, write_lines
from tests.sheets.layout import Barcode, ChoiceBox, ClipArea, Form, Grid, scale_of
from tests.sheets.pens import PENS, MarkStyle, Pen, Trace, mark, put_ink
from tests.sheets.printing import print_page

FIBRE_GAIN: Final = 3.9  # brings the smoothed noise back to a deviation of 1

Colour = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]
Choice = tuple[int, ...]  # indexes of the marked bubbles, ascending


@dataclass(frozen=True, slots=True)
class Habits:
    """How often (0 to 1) a question is left blank, is marked twice, or a bubble of many is marked."""

    blank: float = 0.05
    double: float = 0.03
    among_many: float = 0.4


@dataclass(frozen=True, slots=True)
class Person:
    """Who fills the sheet in, with what, and what they write. `styles` are drawn at random for each mark."""

    name: str = "Nora Lindqvist"
    pen: str = "blue ballpoint"
    styles: tuple[MarkStyle, ...] = ("fill",)
    hand: Hand = field(default_factory=Hand)
    date: str = "14/03/2031"
    comment: tuple[str, ...] = ("Thank you!",)
    habits: Habits = field(default_factory=Habits)


@dataclass(frozen=True, slots=True)
class Paper:
    """The sheet itself. `tint` is the white's reflectance (blue, green, red) and `toner` that of black, 0 to 255.

    `fibre` is the standard deviation of the paper's own structure, in grey levels.
    """

    tint: tuple[int, int, int] = (243, 247, 249)
    toner: int = 34
    fibre: float = 1.2


def choose(form: Form, habits: Habits, rng: np.random.Generator) -> tuple[Choice, ...]:
    """What is marked in each of the form's choice boxes, in template order."""
    return tuple(_choose(box, habits, rng) for box in form.choice_boxes())


def left_out(form: Form, choices: tuple[Choice, ...], share: float, rng: np.random.Generator) -> tuple[Choice, ...]:
    """The choices with a `share` (0 to 1) of the grids' columns left empty."""
    pairs = zip(form.choice_boxes(), choices, strict=True)
    return tuple(() if not box.name and rng.random() < share else choice for box, choice in pairs)


def _choose(box: ChoiceBox, habits: Habits, rng: np.random.Generator) -> Choice:
    count = len(box.bubbles)
    if not box.name:  # a grid's column: people fill their own number in completely
        return (int(rng.integers(count)),)
    if box.multiselect:
        return tuple(int(i) for i in np.flatnonzero(rng.random(count) < habits.among_many))
    roll, first, second = rng.random(), *(int(i) for i in rng.choice(count, 2, replace=False))
    if roll < habits.blank:
        return ()
    return tuple(sorted((first, second))) if roll < habits.blank + habits.double else (first,)


def answers(form: Form, choices: tuple[Choice, ...]) -> dict[str, str]:
    """Name → value as a result file has them: several marks, and the digits of a grid, one after the other.

    A space stands for an empty column of a grid, unless the whole grid is empty.
    """
    left = iter(choices)
    values = {}
    for element in form.elements:
        if isinstance(element, ChoiceBox):
            values[element.name] = _value(element, next(left))
        elif isinstance(element, Grid):
            digits = "".join(_value(column, next(left)) or " " for column in element.columns)
            values[element.name] = digits if digits.strip() else ""
        elif isinstance(element, Barcode):
            values[element.name] = element.content
    return values


def _value(box: ChoiceBox, choice: Choice) -> str:
    return "".join(box.bubbles[i].value for i in choice)


def fibres(dimensions: Dimensions, rng: np.random.Generator) -> Field:
    """The structure of paper, (height, width) float32 of mean 0 and deviation 1 / FIBRE_GAIN."""
    noise = rng.standard_normal((dimensions.height, dimensions.width), dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.1), np.float32)


def blank_sheet(form: Form, dpi: float, paper: Paper, structure: Field) -> Colour:
    """The printed page on its paper, (height, width, 3) uint8, blue green red. `structure` is from `fibres`."""
    page = print_page(form, dpi)
    white, black = np.array(paper.tint), np.full(3, paper.toner)
    tones = np.rint(black + (white - black) * np.arange(256)[:, None] / 255.0).astype(np.uint8)
    sheet = cv2.LUT(cv2.merge([page, page, page]), tones[:, None, :])
    if not paper.fibre:
        return np.asarray(sheet, np.uint8)
    fibre = structure * np.float32(FIBRE_GAIN * paper.fibre)
    lighter, darker = (cv2.convertScaleAbs(np.maximum(sign * fibre, 0.0)) for sign in (1.0, -1.0))
    sheet = cv2.add(sheet, cv2.merge([lighter] * 3))
    return np.asarray(cv2.subtract(sheet, cv2.merge([darker] * 3)), np.uint8)


def fill_in(
    sheet: Colour, form: Form, choices: tuple[Choice, ...], person: Person, dpi: float, rng: np.random.Generator
) -> None:
    """Puts the person's marks and handwriting onto the sheet, in place."""
    pen, scale = PENS[person.pen], scale_of(dpi)
    for traces in (*_marks(form, choices, person, pen, rng), *_writing(form, choices, person, pen, rng)):
        put_ink(sheet, traces, pen, scale, rng)


def _marks(
    form: Form, choices: tuple[Choice, ...], person: Person, pen: Pen, rng: np.random.Generator
) -> list[list[Trace]]:
    marks = []
    for box, choice in zip(form.choice_boxes(), choices, strict=True):
        for index in choice:
            style = person.styles[int(rng.integers(len(person.styles)))]
            centre = box.bubbles[index].x, box.bubbles[index].y
            marks.append([Trace(t.points + centre, t.widths) for t in mark(style, box.diameter, pen, rng)])
    return marks


def _writing(
    form: Form, choices: tuple[Choice, ...], person: Person, pen: Pen, rng: np.random.Generator
) -> list[list[Trace]]:
    words: list[list[Trace]] = []
    for area in form.clip_areas():
        words += _write(area, person, pen, rng)
    left = iter(choices)
    for element in form.elements:
        if isinstance(element, ChoiceBox):
            next(left)
        elif isinstance(element, Grid):
            words += _write_digits(element, [next(left) for _ in element.columns], person, pen, rng)
    return words


def _write(area: ClipArea, person: Person, pen: Pen, rng: np.random.Generator) -> list[list[Trace]]:
    initials = ".".join(word[0] for word in person.name.split(" ")) + "."
    texts = {"name": person.name, "date": person.date, "initials": initials}
    if area.writing == "signature":
        return sign(person.name, area.room, person.hand, pen, rng)
    if area.writing == "comment":
        return write_lines(person.comment, area.lines, area.room, person.hand, pen, rng)
    return write_line(texts[area.writing], area.room, person.hand, pen, rng)


def _write_digits(
    grid: Grid, choices: list[Choice], person: Person, pen: Pen, rng: np.random.Generator
) -> list[list[Trace]]:
    digits: list[list[Trace]] = []
    large = replace(person.hand, size=0.95)
    for cell, column, choice in zip(grid.cells, grid.columns, choices, strict=False):
        if choice:
            digits += write_line(_value(column, choice), cell.grown(-0.6), large, pen, rng, (0.3, 0.6))
    return digits
