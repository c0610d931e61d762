"""Blank forms with known bubbles, drawn by chance from many styles and layouts, as vector PDF.

Seeds below 1000 are for looking at while rules are made. The benchmark measures on others, which nobody looks at.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.omr.authoring.detection.pdf_canvas import BLACK, Colour, PdfCanvas, text_width

Place = tuple[float, float, float, float]
SHAPES: Final = ("circle", "oval", "square", "rounded", "bracket", "paren", "dashed")
_PAPERS: Final = ((210.0, 297.0), (215.9, 279.4))
_COLOURS: Final[tuple[Colour, ...]] = (
    *[BLACK] * 4,
    (0.35, 0.35, 0.35),
    (0.55, 0.55, 0.55),
    (0.75, 0.1, 0.2),
    (0.1, 0.3, 0.7),
    (0.9, 0.4, 0.6),
    (0.1, 0.5, 0.3),
)
_WORDS: Final = (
    *("Do", "you", "Often", "Good", "OK", "Only", "Once", "Doctor", "Group", "of", "on", "to", "100", "2020", "open"),
    *("not", "go", "out", "Book", "Of", "our", "the", "form", "answer", "question", "name", "please", "school", "room"),
    *("Oboe", "Donor", "80", "600", "moon", "cold", "above", "good"),
)
_TEXT: Final = 2.3
"""Height of the capitals of running text in mm, about 9 pt."""


@dataclass(frozen=True, slots=True)
class TrueBox:
    """The bubbles of one question, or of one digit of a grid: (left, top, width, height) in mm, outlines included."""

    bubbles: tuple[Place, ...]
    kind: str
    values: str = ""


@dataclass(frozen=True, slots=True)
class BlankForm:
    """A drawn form: its PDF, its paper in mm and its boxes."""

    pdf: bytes
    width: float
    height: float
    shape: str
    boxes: tuple[TrueBox, ...]


@dataclass(frozen=True, slots=True)
class _Style:
    shape: str
    width: float
    height: float
    pitch: float
    row: float
    line: float
    colour: Colour
    has_letters: bool
    letters: Colour
    font: str


def _style(chance: random.Random, shape: str) -> _Style:
    height = chance.uniform(2.8, 5.0)
    width = height * (chance.uniform(1.3, 1.9) if shape in ("oval", "bracket", "paren") else 1)
    colour = chance.choice(_COLOURS)
    return _Style(
        shape=shape,
        width=width,
        height=height,
        pitch=width * chance.uniform(1.25, 2.0),
        row=height * chance.uniform(1.25, 2.1),
        line=chance.choice((0.15, 0.2, 0.25, 0.35, 0.5)),
        colour=colour,
        has_letters=chance.random() < 0.6 and height >= 3.2,
        letters=chance.choice((colour, (0.6, 0.6, 0.6))),
        font=chance.choice(("Helvetica", "Times-Roman", "Courier", "Helvetica-Bold")),
    )


class _Maker:
    """Draws sections from the top to the bottom of a page."""

    def __init__(self, seed: int, shape: str) -> None:
        self.chance = random.Random(f"blank form {seed} {shape}")
        self.style = _style(self.chance, shape)
        self.width, self.height = self.chance.choice(_PAPERS)
        self.canvas = PdfCanvas(self.width, self.height)
        self.left, self.right = 16.0, self.width - 16
        self.y = 14.0
        self.bottom = self.height - 16
        self.boxes: list[TrueBox] = []
        self.number = 1

    def words(self, most: float) -> str:
        """Some words that are at most this wide in mm."""
        told = ""
        while True:
            longer = f"{told} {self.chance.choice(_WORDS)}".strip()
            if text_width(longer, _TEXT) > most or len(longer) > 70:
                return told or "Go"
            told = longer
            if self.chance.random() < 0.12:
                return told

    def bubble(self, x: float, y: float, letter: str = "") -> Place:
        """Draw a bubble around a centre."""
        style, canvas = self.style, self.canvas
        width, height, line = style.width, style.height, style.line
        place = (x - width / 2, y - height / 2, width, height)
        left, top, right, bottom = place[0], place[1], place[0] + width, place[1] + height
        pen = {"line": line, "stroke": style.colour}
        if style.shape in ("circle", "oval"):
            canvas.ellipse(place, line=line, stroke=style.colour, fill=(1, 1, 1))
        elif style.shape in ("square", "rounded", "dashed"):
            radius = height * 0.25 if style.shape == "rounded" else 0
            dash = height / 9 if style.shape == "dashed" else 0
            canvas.box(place, radius=radius, line=line, stroke=style.colour, fill=(1, 1, 1), dash=dash)
        elif style.shape == "bracket":
            stub = height * 0.25
            canvas.path([(left + stub, top), (left, top), (left, bottom), (left + stub, bottom)], **pen)
            canvas.path([(right - stub, top), (right, top), (right, bottom), (right - stub, bottom)], **pen)
        else:
            for edge, turn in ((left, 1), (right, -1)):
                curve = [(edge + turn * height * 0.25 * s * s, y + height / 2 * s) for s in _SAGITTA]
                canvas.path(curve, **pen)
        if letter and style.has_letters:
            high = height * 0.45
            offset = text_width(letter, high) / 2 * 0.95
            canvas.text(x - offset, y + high / 2, letter, height=high, font=style.font, colour=style.letters)
        half = line / 2
        return (left - half, top - half, width + line, height + line)

    def row(self, x: float, y: float, letters: Sequence[str], pitch: float) -> tuple[Place, ...]:
        """Bubbles in a row, the first around x."""
        return tuple(self.bubble(x + index * pitch, y, letter) for index, letter in enumerate(letters))

    def add(self, bubbles: Sequence[Place], kind: str, values: Sequence[str]) -> None:
        """Note the bubbles of a question."""
        self.boxes.append(TrueBox(tuple(bubbles), kind, "".join(value[:1] for value in values)))

    def heading(self) -> None:
        """Title, text, lines and boxes to write in, and a logo of dots."""
        canvas, chance = self.canvas, self.chance
        canvas.text(self.left, self.y + 5, chance.choice(("Good Food Survey", "ODD SCHOOL", "Form 100")), height=4.5)
        if chance.random() < 0.5:
            for index in range(9):
                place = (self.right - 12 + index % 3 * 2.2, self.y + index // 3 * 2.2, 1.5, 1.5)
                canvas.ellipse(place, stroke=None, fill=(0.1, 0.6, 0.8))
        self.y += 11
        self.paragraph()
        if chance.random() < 0.6:
            canvas.text(self.left, self.y + 3, "Name", height=_TEXT)
            canvas.line(self.left + 12, self.y + 3.5, self.left + 80, self.y + 3.5)
            canvas.text(self.left + 90, self.y + 3, "Date", height=_TEXT)
            canvas.line(self.left + 101, self.y + 3.5, self.left + 140, self.y + 3.5)
        else:
            canvas.text(self.left, self.y + 1, "Name and address", height=_TEXT)
            canvas.box((self.left, self.y + 2.5, 80, 9))
            self.y += 8
        self.y += 9

    def paragraph(self) -> None:
        """Lines of text."""
        for _ in range(self.chance.randint(1, 3)):
            self.canvas.text(self.left, self.y + _TEXT, self.words(self.right - self.left), height=_TEXT)
            self.y += _TEXT * 1.9
        self.y += 3

    def answers(self) -> None:
        """Numbered questions in columns."""
        style, chance = self.style, self.chance
        letters = "ABCDE"[: chance.randint(3, 5)]
        across = 10 + (len(letters) - 1) * style.pitch + style.width
        columns = min(chance.randint(1, 5), int((self.right - self.left + 4) / (across + 4)))
        if columns < 1:
            return
        step = (self.right - self.left + 4) / columns if chance.random() < 0.5 else across + 4
        rows = min(chance.randint(4, 25), int((self.bottom - self.y) / style.row))
        if rows < 2:
            return
        grouped = chance.choice((0, 0, 5))
        for column in range(columns):
            y = self.y + style.height / 2
            for row in range(rows):
                x = self.left + column * step
                label = f"{self.number}."
                self.canvas.text(x + 8 - text_width(label, 2.3), y + 1.15, label, height=2.3)
                start = x + 10 + style.width / 2
                self.add(self.row(start, y, letters, style.pitch), "answers", letters)
                self.number += 1
                y += style.row + (style.height * 0.6 if grouped and row % grouped == grouped - 1 else 0)
        self.y += rows * style.row + (style.height * 0.6 * (rows // grouped) if grouped else 0) + 5

    def matrix(self) -> None:
        """Statements at the left, a column for each answer; rows may be shaded, or in a table."""
        style, chance = self.style, self.chance
        columns, rows = chance.randint(3, 6), chance.randint(3, 7)
        row = max(style.row, style.height * 1.5)
        if self.y + 6 + rows * row > self.bottom:
            return
        pitch = max(style.pitch, chance.uniform(12, 18))
        first = self.right - (columns - 0.5) * pitch
        for column in range(columns):
            label = self.words(pitch - 3)
            x = first + column * pitch - text_width(label, 2) / 2
            self.canvas.text(x, self.y + 3, label, height=2)
        self.y += 6
        look = chance.choice(("plain", "shaded", "table", "lines"))
        for index in range(rows):
            top, y = self.y + index * row, self.y + (index + 0.5) * row
            if look == "shaded" and index % 2 == 0:
                self.canvas.box((self.left, top, self.right - self.left, row), stroke=None, fill=(0.9, 0.9, 0.9))
            if look == "lines":
                self.canvas.line(self.left, top, self.right, top, line=0.15)
            if look == "table":
                for column in range(columns):
                    self.canvas.box((first + (column - 0.5) * pitch, top, pitch, row), line=0.2)
                self.canvas.box((self.left, top, first - 0.5 * pitch - self.left, row), line=0.2)
            self.canvas.text(self.left + 2, y + 1.1, self.words(first - 0.5 * pitch - self.left - 6), height=_TEXT)
            values = [str(number + 1) for number in range(columns)]
            self.add(self.row(first, y, values, pitch), "matrix", values)
        self.y += rows * row + 5

    def inline(self) -> None:
        """Questions whose answers stand in a row below, each with its text at the right."""
        style, chance = self.style, self.chance
        for _ in range(chance.randint(1, 4)):
            if self.y + style.height + 8 > self.bottom:
                return
            self.canvas.text(self.left, self.y + 2.5, f"{self.number}. {self.words(120)}?", height=_TEXT)
            self.number += 1
            self.y += 5.5 + style.height / 2
            x, bubbles, values = self.left + 6 + style.width / 2, [], []
            for index in range(chance.randint(2, 5)):
                label = self.words(chance.uniform(8, 35))
                wide = style.width / 2 + 1.8 + text_width(label, _TEXT)
                if x + wide > self.right:
                    break
                value = "ABCDE"[index]
                bubbles.append(self.bubble(x, self.y, value))
                values.append(value)
                self.canvas.text(x + style.width / 2 + 1.8, self.y + 1.1, label, height=_TEXT)
                x += wide + chance.uniform(5, 9) + style.width / 2
            self.add(bubbles, "inline", values)
            self.y += style.height / 2 + 5

    def listed(self) -> None:
        """A question whose answers stand below each other."""
        style, chance = self.style, self.chance
        count = chance.randint(2, 6)
        row = max(style.row, 5.0)
        if self.y + 8 + count * row > self.bottom:
            return
        self.canvas.text(self.left, self.y + 2.5, f"{self.number}. {self.words(120)}?", height=_TEXT)
        self.number += 1
        self.y += 5.5 + style.height / 2
        x, bubbles = self.left + 6 + style.width / 2, []
        for index in range(count):
            bubbles.append(self.bubble(x, self.y, "ABCDEF"[index]))
            self.canvas.text(x + style.width / 2 + 1.8, self.y + 1.1, self.words(70), height=_TEXT)
            self.y += row
        self.add(bubbles, "listed", "ABCDEF"[:count])
        self.y += 3

    def digits(self) -> None:
        """A grid for a number: its digits in columns, or in rows."""
        style, chance = self.style, self.chance
        count, is_upright = chance.randint(3, 9), chance.random() < 0.65
        down = style.row if style.row < 1.7 * style.height else style.height * 1.5
        rows = 10 if is_upright else count
        across = style.pitch * (count if is_upright else 10)
        if self.y + 14 + rows * down > self.bottom or across > self.right - self.left - 10:
            return
        self.canvas.text(self.left, self.y + 2.5, "Number", height=_TEXT)
        self.y += 5
        x0 = self.left + 4 + style.width / 2
        side = min(style.pitch, style.width * 1.6)
        if is_upright:
            for column in range(count):
                box = (x0 + column * style.pitch - style.pitch / 2, self.y, style.pitch, 6.5)
                self.canvas.box(box, line=0.2)
            self.y += 8.5
        y0 = self.y + style.height / 2
        digits = "0123456789"
        if is_upright:
            for column in range(count):
                bubbles = [self.bubble(x0 + column * style.pitch, y0 + row * down, digits[row]) for row in range(10)]
                self.add(bubbles, "digits down", digits)
        else:
            for row in range(count):
                y = y0 + row * down
                self.canvas.box((self.left - 4, y - down / 2, min(side, 7), down), line=0.2)
                self.add(self.row(x0 + 3, y, digits, style.pitch), "digits across", digits)
        self.y += rows * down + 6

    def corner_marks(self) -> None:
        """Filled squares near the corners of the page."""
        for x in (7.0, self.width - 12):
            for y in (7.0, self.height - 12):
                self.canvas.box((x, y, 5, 5), stroke=None, fill=BLACK)


_SAGITTA: Final = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)


def blank_form(seed: int, shape: str) -> BlankForm:
    """Draw the form of a seed, whose bubbles have one of the SHAPES."""
    maker = _Maker(seed, shape)
    sections: list[Callable[[], None]] = [maker.matrix, maker.inline, maker.listed, maker.digits, maker.answers]
    if maker.chance.random() < 0.5:
        maker.corner_marks()
    maker.heading()
    chosen = maker.chance.sample(sections, 4)
    for section in chosen:
        if maker.chance.random() < 0.3 and maker.y < maker.bottom - 30:
            maker.paragraph()
        section()
    if not maker.boxes:
        maker.answers()
    return BlankForm(maker.canvas.save(), maker.width, maker.height, shape, tuple(maker.boxes))
