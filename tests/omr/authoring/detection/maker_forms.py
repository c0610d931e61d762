"""Blank forms in the manner of many makers, drawn by chance, as vector PDF with the places of their bubbles.

Each style is a kind of form that people print: lists of choices, rating scales, ballots, grids for ids and so on. They
share no code with the forms that omrclip generates. No style is held out. Rules were made with seeds below 7000; those
from 7000 are for measuring only.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import zxingcpp
from reportlab.pdfbase.pdfmetrics import stringWidth

from tests.omr.authoring.detection.blank_forms import BlankForm, Place, TrueBox
from tests.omr.authoring.detection.pdf_canvas import BLACK, Colour, PdfCanvas

PAPERS: Final = {
    "a4": (210.0, 297.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
    "a5": (148.0, 210.0),
    "wide": (297.0, 210.0),
}
WHITE: Final[Colour] = (1.0, 1.0, 1.0)
GREY: Final[Colour] = (0.55, 0.55, 0.55)
PALE: Final[Colour] = (0.72, 0.72, 0.72)
PALER: Final[Colour] = (0.85, 0.85, 0.85)
BARS: Final[tuple[Colour, ...]] = ((0.3, 0.3, 0.3), PALER, (0.2, 0.35, 0.6))
TINTS: Final[tuple[Colour, ...]] = ((0.9, 0.9, 0.9), (0.86, 0.92, 0.98), (0.98, 0.9, 0.92), (0.9, 0.96, 0.9))
INKS: Final[tuple[Colour, ...]] = ((0.75, 0.1, 0.2), (0.1, 0.3, 0.7), (0.9, 0.4, 0.6), (0.1, 0.5, 0.3), GREY)
FONTS: Final = ("Helvetica", "Times-Roman", "Courier", "Helvetica-Bold")
WORDS: Final = (
    *("Do", "you", "often", "Good", "OK", "only", "once", "Doctor", "group", "of", "on", "to", "100", "2020", "open"),
    *("not", "go", "out", "book", "the", "form", "answer", "question", "name", "please", "school", "room", "00", "60"),
    *("Odd", "Donor", "80", "moon", "cold", "above", "service", "staff", "were", "clear", "8:00", "06", "No", "DO"),
    *("visit", "week", "agree", "data", "I", "have", "read", "understand", "this", "with", "QUO", "090", "area", "us"),
)
NAMES: Final = ("OTTO D. BROOKS", "Ada Moon", "Booth, Oona", "Cora Good", "Leo Poole", "D. O'Doole", "Joan Q. Bode")
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ILLS: Final = ("Asthma", "Diabetes", "Heart disease", "High blood pressure", "Stroke", "Allergies", "Gout", "Ulcer")
PARTIES: Final = ("Common Good Party", "Rose", "Independent", "Blue and Gold", "No party", "Old Oak")


class Sheet:
    """A page on which a style draws from the top to the bottom.

    Attributes:
        kind: how its bubbles look: "ellipse", "square", "rounded", "lozenge", "bracket", "paren" or "dashed".
        wide, high: size of a bubble in mm, without half of its outline.
        text: height of the capitals of its text in mm.
    """

    def __init__(self, chance: random.Random, papers: Sequence[str] = ("a4", "letter")) -> None:
        self.chance = chance
        self.width, self.height = PAPERS[chance.choice(papers)]
        self.canvas = PdfCanvas(self.width, self.height)
        margin = chance.uniform(12, 20)
        self.left, self.right, self.y, self.bottom = margin, self.width - margin, 14.0, self.height - 15
        self.font, self.text = chance.choice(FONTS), chance.choice((2.0, 2.3, 2.3, 2.6, 3.0))
        self.boxes: list[TrueBox] = []
        self.ink: Colour = BLACK
        self.letters: Colour = BLACK
        self.line = chance.choice((0.2, 0.25, 0.35, 0.5))
        self.kind, self.wide, self.high = "ellipse", 4.0, 4.0
        self.paper = chance.choice((WHITE, WHITE, None))

    def look(self, kind: str, height: tuple[float, float], ratio: tuple[float, float] = (1, 1)) -> None:
        """Choose how bubbles look: their kind, and the ranges of their height in mm and of width to height."""
        self.kind, self.high = kind, self.chance.uniform(*height)
        self.wide = self.high * self.chance.uniform(*ratio)

    def room(self, height: float) -> bool:
        """Whether so much height is left on the page, in mm."""
        return self.y + height < self.bottom

    def write(
        self, x: float, y: float, text: str, *, size: float = 0, at: float = 0, bold: bool = False, ink: Colour = BLACK
    ) -> float:
        """Write text around the level y, from x, around it (`at` 0.5) or to it (1). Returns its right end."""
        height = size or self.text
        font = "Helvetica-Bold" if bold else self.font
        wide = self.width_of(text, height, font)
        start = x - at * wide
        self.canvas.text(start, y + height / 2, text, height=height, font=font, colour=ink)
        return start + wide

    def width_of(self, text: str, height: float = 0, font: str = "") -> float:
        """How wide text is, in mm."""
        return float(stringWidth(text, font or self.font, (height or self.text) / 0.72))

    def words(self, most: float, least: int = 1, size: float = 0) -> str:
        """Some words that are at most this wide in mm, if the first ones are not wider."""
        told = ""
        while True:
            longer = f"{told} {self.chance.choice(WORDS)}".strip()
            if told and self.width_of(longer, size) > most:
                return told
            told = longer
            if len(told.split()) >= least and self.chance.random() < 0.15:
                return told

    def paragraph(self, lines: int, left: float = 0, right: float = 0) -> None:
        """Lines of text."""
        for _ in range(lines):
            width = (right or self.right) - (left or self.left)
            self.write(left or self.left, self.y + self.text / 2, self.words(width, 40))
            self.y += self.text * 1.8
        self.y += self.text

    def title(self) -> None:
        """A title, perhaps a logo, and some lines of text."""
        chance = self.chance
        size = chance.uniform(3.5, 6)
        name = chance.choice(("CUSTOMER FEEDBACK", "Good School Survey", "ODD FORM No. 600", "Record of Dogs", "QUOD"))
        self.write(self.left, self.y + size / 2, name, size=size, bold=chance.random() < 0.6)
        look = chance.choice(("none", "rings", "box", "none"))
        if look == "rings":
            for index, ink in enumerate(chance.sample(INKS, 3)):
                self.canvas.ellipse((self.right - 16 + index * 4, self.y - 2, 7, 7), line=0.8, stroke=ink)
        elif look == "box":
            self.canvas.box((self.right - 22, self.y - 3, 22, 9), stroke=None, fill=chance.choice(INKS))
            self.write(self.right - 11, self.y + 1.5, "LOGO", at=0.5, size=3.2, bold=True, ink=WHITE)
        self.y += size + 4
        if chance.random() < 0.7:
            self.paragraph(chance.randint(1, 3))

    def write_in(self) -> None:
        """Places to write in: lines with labels, or frames."""
        for label in self.chance.sample(("Name", "Date", "Room No.", "Code"), 2):
            end = self.write(self.left, self.y + 3, label) + 2
            if self.chance.random() < 0.5:
                self.canvas.line(end, self.y + 4.5, end + 60, self.y + 4.5)
            else:
                self.canvas.box((end, self.y, 60, 7))
            self.y += 9
        self.y += 2

    def comb(self, x: float, y: float, count: int, pitch: float, high: float) -> None:
        """A row of boxes for one letter each."""
        for index in range(count):
            self.canvas.box((x + index * pitch, y, pitch, high), line=self.line)

    def bubble(self, x: float, y: float, letter: str = "") -> Place:
        """Draw a bubble around a centre, and return its place with its outline."""
        canvas, wide, high, line = self.canvas, self.wide, self.high, self.line
        left, top, right, bottom = x - wide / 2, y - high / 2, x + wide / 2, y + high / 2
        place = (left, top, wide, high)
        if self.kind == "ellipse":
            canvas.ellipse(place, line=line, stroke=self.ink, fill=self.paper)
        elif self.kind in ("square", "rounded", "dashed", "lozenge"):
            radius = {"rounded": 0.25, "lozenge": 0.5}.get(self.kind, 0) * min(high, wide)
            dash = high / self.chance.choice((7, 9)) if self.kind == "dashed" else 0
            canvas.box(place, radius=radius, line=line, stroke=self.ink, fill=self.paper, dash=dash)
        elif self.kind == "bracket":
            stub = min(high, wide) * 0.25
            for edge, inner in ((left, left + stub), (right, right - stub)):
                canvas.path([(inner, top), (edge, top), (edge, bottom), (inner, bottom)], line=line, stroke=self.ink)
        else:
            for edge, turn in ((left, 1), (right, -1)):
                steps = [step / 4 for step in range(-4, 5)]
                curve = [(edge + turn * high * 0.25 * step * step, y + high / 2 * step) for step in steps]
                canvas.path(curve, line=line, stroke=self.ink)
        if letter:
            self.write(x, y, letter, size=min(high * 0.55, wide * 0.6), at=0.5, ink=self.letters)
        return (left - line / 2, top - line / 2, wide + line, high + line)

    def row(self, x: float, y: float, letters: Sequence[str], pitch: float) -> list[Place]:
        """Bubbles in a row, the first around x."""
        return [self.bubble(x + index * pitch, y, letter) for index, letter in enumerate(letters)]

    def add(self, bubbles: Sequence[Place], kind: str) -> None:
        """Note the bubbles of one choice."""
        self.boxes.append(TrueBox(tuple(bubbles), kind))


def _choices(sheet: Sheet) -> None:
    """Questions with a list of choices; each has its number in the bubble, beside it, or after it."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "ellipse", "square", "rounded")), (2.8, 5), (1, 1.5))
    where = chance.choice(("in", "left", "right", "none", "circled"))
    columns = chance.choice((1, 1, 2))
    wide = (sheet.right - sheet.left) / columns
    row, top, number = max(sheet.high * 1.35, sheet.text * 1.9), sheet.y, 0
    for column in range(columns):
        sheet.y, left = top, sheet.left + column * wide
        while True:
            count = chance.randint(2, 7)
            if not sheet.room(count * row + sheet.text * 4):
                break
            number += 1
            sheet.write(left, sheet.y + 2, f"{number}. {sheet.words(wide - 16, 4)}?", bold=chance.random() < 0.3)
            sheet.y += sheet.text * 1.6 + row / 2 + 1
            x, bubbles = left + 9, []
            for index in range(1, count + 1):
                if where == "left":
                    sheet.write(x - sheet.wide / 2 - 1.5, sheet.y, str(index), at=1)
                if where == "circled":
                    spot = sheet.text * 0.95
                    ring = (x - sheet.wide / 2 - 2 - 2 * spot, sheet.y - spot, 2 * spot, 2 * spot)
                    sheet.canvas.ellipse(ring, stroke=None, fill=BLACK)
                    sheet.write(ring[0] + spot, sheet.y, str(index), at=0.5, size=sheet.text * 0.8, ink=WHITE)
                bubbles.append(sheet.bubble(x, sheet.y, str(index) if where == "in" else ""))
                end = x + sheet.wide / 2 + 1.8
                if where == "right":
                    end = sheet.write(end, sheet.y, f"{index}") + 2
                sheet.write(end, sheet.y, sheet.words(wide - 30, 2))
                sheet.y += row
            sheet.add(bubbles, "list")
            sheet.y += sheet.text * 1.5


def _scale(sheet: Sheet) -> None:
    """A rating scale: statements, a column for each answer, and a header; as table, with lines, or with shading."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "ellipse", "square", "rounded")), (2.8, 5), (1, 1.6))
    while sheet.room(50):
        columns, rows = chance.randint(3, 7), chance.choice((4, 5, 6, 7, 8, 10, 10, 12))
        row = max(sheet.high * chance.uniform(1.3, 2.2), sheet.text * 1.9)
        rows = min(rows, int((sheet.bottom - sheet.y - 14) / row))
        pitch = max(sheet.wide * 1.5, chance.uniform(9, 17))
        first = sheet.right - columns * pitch
        look, filled = chance.choice(("table", "lines", "shaded", "plain")), chance.choice(("", "", "1234567"))
        _scale_header(sheet, first, columns, pitch)
        for index in range(-1, rows):
            high = 8.0 if index < 0 else row
            if look == "table":
                _cells(sheet, first, columns, pitch, high)
            if look == "lines" and index >= 0:
                sheet.canvas.line(sheet.left, sheet.y, sheet.right, sheet.y, line=0.15)
            if look == "shaded" and index % 2 and index > 0:
                tint = chance.choice(TINTS)
                sheet.canvas.box((sheet.left, sheet.y, sheet.right - sheet.left, row), stroke=None, fill=tint)
            if index >= 0:
                y = sheet.y + row / 2
                sheet.write(sheet.left + 1.5, y, f"{chr(97 + index)}) {sheet.words(first - sheet.left - 14, 2)}")
                sheet.add(sheet.row(first + pitch / 2, y, filled[:columns] or [""] * columns, pitch), "scale")
            sheet.y += high
        sheet.y += 8


def _scale_header(sheet: Sheet, first: float, columns: int, pitch: float) -> None:
    """What the columns of a scale mean: words in two lines, numbers, or words at both ends."""
    look = sheet.chance.choice(("words", "numbers", "ends"))
    for column in range(columns):
        x = first + (column + 0.5) * pitch
        if look == "words":
            for level in (2, 5.2):
                sheet.write(x, sheet.y + level, sheet.words(pitch - 3, size=1.9), size=1.9, at=0.5)
        elif look == "numbers":
            sheet.write(x, sheet.y + 4, str(column + 1), at=0.5, bold=True)
    if look == "ends":
        sheet.write(first, sheet.y + 4, "Not at all")
        sheet.write(sheet.right, sheet.y + 4, "Good", at=1)


def _cells(sheet: Sheet, first: float, columns: int, pitch: float, high: float) -> None:
    """A row of a table: a cell for the statement, and one for each answer."""
    sheet.canvas.box((sheet.left, sheet.y, first - sheet.left, high), line=0.2)
    for column in range(columns):
        sheet.canvas.box((first + column * pitch, sheet.y, pitch, high), line=0.2)


def _ballot(sheet: Sheet) -> None:
    """Contests in columns, each with the names of its candidates and a large oval for each."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "ellipse", "lozenge", "square")), (3, 5), (1.3, 1.9))
    if sheet.kind == "square":
        sheet.wide = sheet.high = chance.uniform(4, 6)
    columns, row = chance.choice((1, 2, 3)), chance.uniform(7.5, 11)
    wide, top = (sheet.right - sheet.left) / columns, sheet.y
    looks = [chance.choice(("frame", "rules", "none"))]
    looks += [name for name, part in (("right", 0.35), ("lines", 0.6), ("party", 0.6)) if chance.random() < part]
    for column in range(columns):
        sheet.y, left = top, sheet.left + column * wide
        right = left + wide - (2 if columns > 1 else 0)
        while True:
            count = chance.randint(2, 7)
            if not sheet.room(14 + count * row):
                break
            _contest(sheet, left, right, count, row, looks)
            sheet.y += chance.uniform(2, 6)


def _contest(sheet: Sheet, left: float, right: float, count: int, row: float, looks: Sequence[str]) -> None:
    """An office, and the candidates for it."""
    chance, high = sheet.chance, 14 + count * row
    if "frame" in looks:
        sheet.canvas.box((left, sheet.y, right - left, high), line=chance.choice((0.25, 0.5)))
    if "rules" in looks:
        sheet.canvas.line(left, sheet.y, right, sheet.y, line=0.7)
    if chance.random() < 0.3:
        sheet.canvas.box((left, sheet.y, right - left, 6), stroke=None, fill=chance.choice(TINTS))
    sheet.write(left + 2, sheet.y + 3.2, chance.choice(("Mayor", "Board of Education", "Question 10")), bold=True)
    sheet.write(left + 2, sheet.y + 8.5, f"Vote for {chance.choice(('one', 'up to 2'))}", size=2.0)
    x = right - sheet.wide / 2 - 3 if "right" in looks else left + sheet.wide / 2 + 3
    text = left + 3 if "right" in looks else x + sheet.wide / 2 + 2.5
    end = x - sheet.wide if "right" in looks else right - 3
    has_write_in = chance.random() < 0.5
    bubbles = []
    for index in range(count):
        y = sheet.y + 12 + (index + 0.5) * row
        bubbles.append(sheet.bubble(x, y))
        if has_write_in and index == count - 1:
            sheet.canvas.line(text, y + 1.5, end, y + 1.5)
            sheet.write(text, y + 3.2, "Write-in", size=1.6)
        else:
            has_party = "party" in looks
            sheet.write(text, y - (1.2 if has_party else 0), chance.choice(NAMES), bold=chance.random() < 0.5)
            if has_party:
                sheet.write(text, y + 2.4, chance.choice(PARTIES), size=1.8)
        if "lines" in looks and index:
            sheet.canvas.line(left, y - row / 2, right, y - row / 2, line=0.2)
    sheet.add(bubbles, "ballot")
    sheet.y += high


def _digits(sheet: Sheet, count: int, x: float, row: float, pitch: float, look: str, symbols: str) -> None:
    """A grid for a number with a column for each digit, boxes to write in above, and symbols in or beside it."""
    top, number = sheet.y, "digits" if len(symbols) == 10 else "letters"
    if "boxes" in look:
        sheet.comb(x - pitch / 2, top, count, pitch, 6.5)
        top += 8
    if "frame" in look:
        sheet.canvas.box((x - pitch / 2 - 0.5, top, pitch * count + 1, row * len(symbols) + 1))
        top += 0.5
    if "stripes" in look:
        for column in range(0, count, 2):
            stripe = (x + (column - 0.5) * pitch, top, pitch, row * len(symbols))
            sheet.canvas.box(stripe, stroke=None, fill=TINTS[0])
    for column in range(count):
        letters = [""] * len(symbols) if "beside" in look else symbols
        levels = [top + (index + 0.5) * row for index in range(len(symbols))]
        sheet.add(
            [sheet.bubble(x + column * pitch, y, letter) for y, letter in zip(levels, letters, strict=True)], number
        )
    if "beside" in look:
        for index, symbol in enumerate(symbols):
            sheet.write(x - pitch / 2 - 2, top + (index + 0.5) * row, symbol, at=1)


def _id_grid(sheet: Sheet) -> None:
    """Grids for ids, as many as fit: digits in the bubbles or at the left of their rows."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "ellipse", "square", "rounded")), (3.0, 5), (1, 1.25))
    sheet.letters = chance.choice((BLACK, GREY))
    look = chance.choice(("boxes", "boxes frame", "boxes stripes", "boxes beside", "frame", "boxes frame beside"))
    row, pitch = sheet.high * chance.uniform(1.2, 1.6), sheet.wide * chance.uniform(1.25, 1.8)
    while sheet.room(row * 10 + 18):
        x = sheet.left + 8 + sheet.wide / 2
        sheet.write(sheet.left, sheet.y + 2, chance.choice(("Student number", "ID No. 00", "Book code")), bold=True)
        sheet.y += 6
        while True:
            count = chance.randint(2, 9)
            if x + count * pitch > sheet.right:
                break
            _digits(sheet, count, x, row, pitch, look, "0123456789")
            x += count * pitch + chance.uniform(14, 22)
        sheet.y += row * 10 + 14


def _columns(sheet: Sheet) -> None:
    """An answer sheet: numbered rows of letters in several columns."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "ellipse", "ellipse", "rounded", "square")), (2.8, 4.6), (1, 1.6))
    sheet.letters = chance.choice((BLACK, GREY, sheet.ink))
    letters = "ABCDE"[: chance.choice((4, 4, 5, 5, 3, 2))]
    where = chance.choice(("in", "in", "above"))
    pitch, row = sheet.wide * chance.uniform(1.2, 1.8), sheet.high * chance.uniform(1.2, 1.8)
    wide = 10 + (len(letters) - 0.5) * pitch
    columns = max(1, min(chance.randint(2, 6), int((sheet.right - sheet.left) / (wide + 3))))
    step = (sheet.right - sheet.left) / columns if chance.random() < 0.5 else wide + 3
    rows = min(chance.choice((10, 15, 20, 25, 30)), int((sheet.bottom - sheet.y - 10) / (row + sheet.high * 0.15)))
    blocks, look = chance.choice((0, 5, 5, 10)), chance.choice(("plain", "frame", "rules", "shaded", "plain"))
    number, top = 1, sheet.y + 7
    for column in range(columns):
        x, y = sheet.left + column * step + 10 + sheet.wide / 2, top
        if where == "above":
            for index, letter in enumerate(letters):
                sheet.write(x + index * pitch, y - sheet.text, letter, at=0.5)
        start = y
        for index in range(rows):
            if look == "shaded" and index % 2:
                band = (sheet.left + column * step, y, wide, row)
                sheet.canvas.box(band, stroke=None, fill=TINTS[column % 2])
            level = y + row / 2
            sheet.write(x - sheet.wide / 2 - 1.8, level, f"{number}{chance.choice(('', '.'))}", at=1)
            sheet.add(sheet.row(x, level, letters if where == "in" else [""] * len(letters), pitch), "answers")
            number, y = number + 1, y + row
            if blocks and index % blocks == blocks - 1:
                y += sheet.high * 0.7
        if look == "frame":
            sheet.canvas.box((sheet.left + column * step, start - 0.5, wide + 1, y - start + 1))
        if look == "rules":
            x = sheet.left + column * step + wide + 1.2
            sheet.canvas.line(x, start, x, y)


def _consent(sheet: Sheet) -> None:
    """A consent form: numbered paragraphs with a box at the right, yes and no, a list, and lines to sign."""
    chance = sheet.chance
    sheet.look("square", (3, 5.5))
    at_end, number = sheet.right - 6, 1
    for _ in range(chance.randint(3, 6)):
        top, lines = sheet.y, chance.randint(2, 3)
        if not sheet.room(30 + lines * 6):
            break
        has_two = chance.random() < 0.4
        sheet.write(sheet.left, top + sheet.text / 2, f"{number}.")
        sheet.paragraph(lines, sheet.left + 8, at_end - (40 if has_two else 10))
        sheet.y = max(sheet.y, top + sheet.high + 5)
        y = top + sheet.high / 2
        if has_two:
            start = at_end - 26
            places = []
            for index, label in enumerate(("Yes", "No")):
                x = start + index * 16
                places.append(sheet.bubble(x, y))
                sheet.write(x + sheet.wide / 2 + 1.5, y, label)
            sheet.add(places, "yes no")
        else:
            sheet.add([sheet.bubble(at_end, y)], "single")
        number += 1
    if sheet.room(50):
        sheet.write(sheet.left, sheet.y + 2, f"{sheet.words(90, 4)}:")
        sheet.y += 6 + sheet.high / 2
        places = []
        for _ in range(chance.randint(2, 4)):
            places.append(sheet.bubble(sheet.left + 8, sheet.y))
            sheet.write(sheet.left + 10 + sheet.wide / 2, sheet.y, sheet.words(110, 3))
            sheet.y += max(sheet.high * 1.4, sheet.text * 2)
        sheet.add(places, "list")
    sheet.y += 10
    for index, label in enumerate(("Signature", "Date")):
        x = sheet.left + index * 90
        sheet.canvas.line(x, sheet.y, x + 70, sheet.y)
        sheet.write(x, sheet.y + 3, label)


def _upright(sheet: Sheet) -> None:
    """Upright ovals: a number in digits, and a name in letters, each in columns below boxes to write in."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "ellipse", "lozenge")), (3.2, 4.6), (0.62, 0.85))
    row, pitch = sheet.high * chance.uniform(1.15, 1.45), max(4.0, sheet.wide * chance.uniform(1.3, 1.8))
    look = chance.choice(("boxes", "boxes stripes", "boxes frame"))
    sheet.letters = chance.choice((BLACK, GREY))
    x, level = sheet.left + 4, sheet.y
    for symbols in ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"):
        count = chance.randint(4, 12)
        fits = (sheet.bottom - level - 16) / row > len(symbols)
        if not fits or x + count * pitch > sheet.right:
            continue
        sheet.y = level
        sheet.write(x - pitch / 2, sheet.y + 2, "LAST NAME" if len(symbols) > 10 else "NUMBER")
        sheet.y += 5
        _digits(sheet, count, x, row, pitch, look, symbols)
        x += count * pitch + chance.uniform(10, 18)


def _odd(sheet: Sheet) -> None:
    """Brackets, dashed outlines, and drop-out colours, in numbered rows of answers."""
    chance = sheet.chance
    kind = chance.choice(("bracket", "paren", "dashed", "ellipse", "lozenge"))
    is_pair = kind in ("bracket", "paren")
    sheet.look(kind, (3, 4.6), (1.1, 1.8) if is_pair else (1, 1.5))
    if kind not in ("bracket", "paren", "dashed") or chance.random() < 0.3:
        sheet.ink = chance.choice(INKS)
    sheet.letters = sheet.ink
    letters = "ABCDE"[: chance.randint(2, 5)]
    filled = letters if chance.random() < 0.6 else [""] * len(letters)
    row, pitch = sheet.high * chance.uniform(1.3, 2.0), sheet.wide * chance.uniform(1.4, 2.2)
    columns = max(1, min(chance.randint(1, 4), int((sheet.right - sheet.left) / (14 + len(letters) * pitch))))
    rows, number = min(chance.randint(6, 24), int((sheet.bottom - sheet.y - 30) / row)), 1
    top, step = sheet.y + 3, (sheet.right - sheet.left) / columns
    for column in range(columns):
        for index in range(rows):
            x, y = sheet.left + column * step + 11 + sheet.wide / 2, top + (index + 0.5) * row
            sheet.write(x - sheet.wide / 2 - 2, y, f"{number})", at=1)
            sheet.add(sheet.row(x, y, filled, pitch), "answers")
            number += 1
    sheet.y = top + rows * row + 6
    _pair_rows(sheet, 3)


def _pair_rows(sheet: Sheet, most: int) -> None:
    """Statements with yes and no at their right."""
    after = sheet.chance.random() < 0.6
    gap = sheet.wide / 2 + 1.5
    step = sheet.wide + 6 + sheet.width_of("Yes")
    row = max(sheet.high * 1.5, sheet.text * 2)
    for number in range(1, most + 1):
        if not sheet.room(row):
            return
        y, start = sheet.y + row / 2, sheet.right - 2 * step
        sheet.write(sheet.left, y, f"{number}. {sheet.words(start - sheet.left - 25, 3)}")
        places = []
        for index, label in enumerate(("Yes", "No")):
            x = start + index * step
            places.append(sheet.bubble(x, y))
            if after:
                sheet.write(x + gap, y, label)
            else:
                sheet.write(x - gap, y, label, at=1)
        sheet.add(places, "yes no")
        sheet.y += row


def _pairs(sheet: Sheet) -> None:
    """Statements with yes and no, then lists to tick in two or three columns under one heading each."""
    chance = sheet.chance
    sheet.look(chance.choice(("square", "ellipse", "rounded")), (2.8, 5))
    _pair_rows(sheet, chance.randint(4, 10))
    sheet.y += 8
    columns = chance.choice((2, 3))
    wide, top = (sheet.right - sheet.left) / columns, sheet.y
    row = max(sheet.high * 1.35, sheet.text * 2)
    for column in range(columns):
        sheet.y, left = top, sheet.left + column * wide
        while True:
            count = chance.randint(3, 7)
            if not sheet.room(count * row + 12):
                break
            sheet.write(left, sheet.y + 2, sheet.words(wide - 25, 2), bold=True)
            sheet.y += 5 + row / 2
            places = []
            for _ in range(count):
                places.append(sheet.bubble(left + 3 + sheet.wide / 2, sheet.y))
                sheet.write(left + 5 + sheet.wide, sheet.y, sheet.words(wide - 35, 1))
                sheet.y += row
            sheet.add(places, "list")
            sheet.y += 3


def _draw_code(sheet: Sheet, text: str, kind: str, place: tuple[float, float, float, float]) -> None:
    """A QR code or bar code, drawn as boxes."""
    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    dark = np.asarray(made.to_image(scale=1, add_quiet_zones=False)) < 128
    dark = dark[:1] if kind != "QRCode" else dark
    left, top, wide, high = place
    across, down = wide / len(dark[0]), high / len(dark)
    for y, line in enumerate(dark):
        x = 0
        while x < len(line):
            end = x
            while end < len(line) and line[end]:
                end += 1
            if end > x:
                module = (left + x * across, top + y * down, (end - x) * across, down)
                sheet.canvas.box(module, stroke=None, fill=BLACK)
            x = max(end, x + 1)


def _mixed(sheet: Sheet) -> None:
    """A survey with codes, corner marks, frames, a table of text, a scale and a list."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "square", "rounded")), (3, 4.6))
    for x in (5.0, sheet.width - 10):
        for y in (5.0, sheet.height - 10):
            sheet.canvas.box((x, y, 5, 5), stroke=None, fill=BLACK)
    _draw_code(sheet, f"form-{chance.randint(1000, 9999)}", "QRCode", (sheet.right - 18, sheet.y, 18, 18))
    _draw_code(sheet, f"{chance.randint(10**7, 10**8 - 1)}", "Code128", (sheet.right - 75, sheet.y + 3, 50, 10))
    sheet.y += 22
    sheet.write_in()
    columns = [sheet.left + part * (sheet.right - sheet.left) for part in (0, 0.25, 0.5, 0.75)]
    for _ in range(3):
        for x in columns:
            sheet.canvas.box((x, sheet.y, columns[1] - columns[0], 7), line=0.2)
            sheet.write(x + 2, sheet.y + 3.5, chance.choice(("Room", "100", "08:00", "OO 60", "Q 9", "Dodo")))
        sheet.y += 7
    sheet.y += 6
    bottom = sheet.bottom
    sheet.bottom = sheet.y + (bottom - sheet.y) * 0.5
    _scale_frame(sheet)
    sheet.bottom = bottom
    _pair_rows(sheet, 4)
    sheet.y += 4
    sheet.write(sheet.left, sheet.y + 2, "Comments")
    sheet.canvas.box((sheet.left, sheet.y + 5, sheet.right - sheet.left, max(10, sheet.bottom - sheet.y - 8)))


def _scale_frame(sheet: Sheet) -> None:
    """Statements with a short scale in one frame."""
    top, row, pitch = sheet.y, sheet.high * 1.7, sheet.wide * 1.9
    sheet.y += 2
    number = 0
    while sheet.room(row + 2):
        number += 1
        y = sheet.y + row / 2
        sheet.write(sheet.left + 3, y, f"{number}. {sheet.words(70, 3)}")
        sheet.add(sheet.row(sheet.right - 4 - 4.5 * pitch, y, "12345", pitch), "scale")
        sheet.y += row
    sheet.canvas.box((sheet.left, top, sheet.right - sheet.left, sheet.y - top + 2), radius=2, line=0.4)
    sheet.y += 7


def _strips(sheet: Sheet) -> None:
    """An answer sheet with flat lozenges or brackets around letters, in coloured bands, and time marks at the side."""
    chance = sheet.chance
    sheet.look(chance.choice(("lozenge", "bracket", "square")), (2.5, 3.2), (1.6, 2.2))
    sheet.ink = chance.choice((*INKS, BLACK))
    sheet.letters = sheet.ink
    row, pitch = sheet.high * chance.uniform(1.5, 2.0), sheet.wide * chance.uniform(1.3, 1.7)
    rows = min(chance.choice((20, 25, 30)), int((sheet.bottom - sheet.y - 6) / row))
    wide = 11 + 5 * pitch
    for column in range(max(1, int((sheet.right - sheet.left - 8) / (wide + 4)))):
        left = sheet.left + 8 + column * (wide + 4)
        for index in range(rows):
            y = sheet.y + (index + 0.5) * row
            if index // 5 % 2:
                sheet.canvas.box((left, y - row / 2, wide, row), stroke=None, fill=TINTS[2])
            if not column:
                sheet.canvas.box((sheet.left - 4, y - 0.6, 4, 1.2), stroke=None, fill=BLACK)
            sheet.write(left + 8, y, str(column * rows + index + 1), at=1, size=2.2)
            sheet.add(sheet.row(left + 10 + sheet.wide / 2, y, "ABCDE", pitch), "answers")


def _recommend(sheet: Sheet) -> None:
    """Questions with eleven bubbles from 0 to 10 in a row, their numbers above or in them, and words at both ends."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "rounded", "square")), (4, 6.5))
    pitch, where = sheet.wide * chance.uniform(1.25, 1.7), chance.choice(("in", "above", "below"))
    sheet.font = chance.choice(("Helvetica", "Helvetica-Bold"))
    number = 0
    while sheet.room(36):
        number += 1
        sheet.write(sheet.left, sheet.y + 2, f"{number}. {sheet.words(120, 5)}?")
        sheet.y += 8 + (sheet.text * 1.3 if where == "above" else 0)
        x, y = sheet.left + 6 + sheet.wide / 2, sheet.y + sheet.high / 2
        numbers = [str(index) for index in range(11)]
        sheet.add(sheet.row(x, y, numbers if where == "in" else [""] * 11, pitch), "recommend")
        if where != "in":
            away = (sheet.high / 2 + sheet.text) * (-1 if where == "above" else 1)
            for index in range(11):
                sheet.write(x + index * pitch, y + away, numbers[index], at=0.5)
        sheet.y += sheet.high + (sheet.text * 2 if where == "below" else 0)
        sheet.write(x - sheet.wide / 2, sheet.y + 2.5, "Not at all", size=1.9)
        sheet.write(x + 10 * pitch + sheet.wide / 2, sheet.y + 2.5, "Very good", size=1.9, at=1)
        sheet.y += 12


def _roster(sheet: Sheet) -> None:
    """A list of names with a bubble for each day, in a table."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "square", "rounded")), (3, 4.4))
    days, row = ("Mo", "Tu", "We", "Th", "Fr")[: chance.randint(3, 5)], sheet.high * chance.uniform(1.5, 2)
    cell = max(sheet.wide * 1.6, chance.uniform(8, 14))
    first = sheet.right - len(days) * cell
    for index, day in enumerate(days):
        sheet.canvas.box((first + index * cell, sheet.y, cell, row), line=0.25)
        sheet.write(first + (index + 0.5) * cell, sheet.y + row / 2, day, at=0.5, bold=True)
    sheet.canvas.box((sheet.left, sheet.y, first - sheet.left, row), line=0.25)
    number = 0
    while sheet.room(2 * row) and number < 30:
        number, sheet.y = number + 1, sheet.y + row
        y = sheet.y + row / 2
        sheet.canvas.box((sheet.left, sheet.y, first - sheet.left, row), line=0.25)
        sheet.write(sheet.left + 2, y, f"{number} {chance.choice(NAMES)}")
        for index in range(len(days)):
            sheet.canvas.box((first + index * cell, sheet.y, cell, row), line=0.25)
        sheet.add(sheet.row(first + cell / 2, y, [""] * len(days), cell), "roster")


def _inspection(sheet: Sheet) -> None:
    """A check list with the columns good, poor, none; sections have white headings on dark bars."""
    chance = sheet.chance
    sheet.look(chance.choice(("rounded", "square", "ellipse")), (3, 4.5), (1, 1.4))
    row, pitch, number = max(sheet.high * 1.5, sheet.text * 2.1), chance.uniform(11, 16), 0
    ends = [sheet.right - (2 - index) * pitch - 6 for index in range(3)]
    while sheet.room(row * 3 + 8):
        sheet.canvas.box(
            (sheet.left, sheet.y, sheet.right - sheet.left, 6), stroke=None, fill=chance.choice((BLACK, GREY))
        )
        sheet.write(
            sheet.left + 2, sheet.y + 3, chance.choice(("DOORS", "Floors and roof", "Tools")), bold=True, ink=WHITE
        )
        for x, label in zip(ends, ("OK", "Poor", "None"), strict=True):
            sheet.write(x, sheet.y + 3, label, at=0.5, size=2.2, ink=WHITE)
        sheet.y += 6.5
        for _ in range(chance.randint(3, 8)):
            if not sheet.room(row):
                break
            number += 1
            y = sheet.y + row / 2
            sheet.write(sheet.left + 2, y, f"{number}. {sheet.words(ends[0] - sheet.left - 25, 3)}")
            sheet.add([sheet.bubble(x, y) for x in ends], "inspection")
            sheet.canvas.line(sheet.left, sheet.y + row, sheet.right, sheet.y + row, line=0.15)
            sheet.y += row
        sheet.y += 4


def _quiz(sheet: Sheet) -> None:
    """The answer sheet of a grading app: pale letters, an id grid at the right, black squares at the edges."""
    chance = sheet.chance
    sheet.look(chance.choice(("ellipse", "ellipse", "rounded")), (3.6, 5.2))
    sheet.letters, sheet.ink = chance.choice((PALE, GREY)), chance.choice((BLACK, GREY, (0.35, 0.35, 0.35)))
    for x in (sheet.left - 6, sheet.right + 2):
        for y in (sheet.y, sheet.height / 2, sheet.bottom):
            sheet.canvas.box((x, y, 4, 4), stroke=None, fill=BLACK)
    digits, pitch, row = chance.randint(3, 7), sheet.wide * chance.uniform(1.25, 1.6), sheet.high * 1.3
    left, top = sheet.right - digits * pitch, sheet.y + 2
    for label in ("Name", "Class", "Date"):
        end = sheet.write(sheet.left, sheet.y + 3, label) + 2
        sheet.canvas.line(end, sheet.y + 4.5, (sheet.left + sheet.right) / 2, sheet.y + 4.5)
        sheet.y += 8
    sheet.write(left, top - 1, "Student ID", bold=True, size=2.2)
    for index in range(digits):
        sheet.canvas.box((left + index * pitch, top + 1, pitch, 6))
        x = left + (index + 0.5) * pitch
        sheet.add([sheet.bubble(x, top + 10 + digit * row, str(digit)) for digit in range(10)], "digits")
    top += 14 + 10 * row
    letters, row, pitch = "ABCDE"[: chance.choice((4, 5))], sheet.high * 1.4, sheet.wide * chance.uniform(1.2, 1.5)
    wide, number = 18 + len(letters) * pitch, 0
    for column in range(int((sheet.right - sheet.left) / wide)):
        for index in range(min(25, int((sheet.bottom - top) / row))):
            x, y, number = sheet.left + column * wide, top + index * row, number + 1
            sheet.write(x + 8, y, str(number), at=1, bold=True)
            sheet.add(sheet.row(x + 11 + sheet.wide / 2, y, letters, pitch), "answers")


def _machine(sheet: Sheet) -> None:
    """The sheet of a reading machine: flat ovals in colour, timing marks, a grid of 26 letters for a name."""
    chance = sheet.chance
    sheet.look("lozenge", (1.9, 2.6), (1.7, 2.3))
    sheet.ink = sheet.letters = chance.choice((*INKS[:2], INKS[3], BLACK))
    sheet.line = 0.2
    row, pitch = sheet.high * chance.uniform(1.55, 1.9), sheet.wide * chance.uniform(1.15, 1.4)
    count, left = chance.randint(8, 14), sheet.left + 10
    sheet.write(left, sheet.y + 2, "NAME (Last, First, M.I.)", size=2.2)
    sheet.comb(left, sheet.y + 5, count, pitch, 5.5)
    top = sheet.y + 14
    for index in range(count):
        if index % 2 == 0:
            sheet.canvas.box((left + index * pitch, top - row / 2, pitch, 26 * row), stroke=None, fill=TINTS[2])
        x = left + (index + 0.5) * pitch
        sheet.add([sheet.bubble(x, top + place * row, ALPHABET[place]) for place in range(26)], "letters")
    wide, x, number = 15 + 5 * pitch, left + count * pitch + 10, 0
    while x + wide < sheet.right + 4:
        for index in range(26):
            number += 1
            sheet.write(x + 5, top + index * row, str(number), at=1, size=1.9)
            sheet.add(sheet.row(x + 7 + sheet.wide / 2, top + index * row, "ABCDE", pitch), "answers")
        x += wide
    while sheet.y < sheet.bottom:
        sheet.canvas.box((sheet.left - 6, sheet.y, 3.5, 1), stroke=None, fill=BLACK)
        sheet.y += row


def _shaded(sheet: Sheet) -> None:
    """Tables of a word processor: a shaded header, and each bubble in a cell."""
    chance = sheet.chance
    sheet.look(chance.choice(("square", "rounded", "ellipse")), (3, 4.2))
    labels = chance.choice((("Never", "Rarely", "Often", "Always"), ("1", "2", "3", "4", "5"), ("Yes", "No", "N/A")))
    while sheet.room(45):
        sheet.write(sheet.left, sheet.y + 2, sheet.words(110, 3), bold=True)
        sheet.y += 6
        cell, row = chance.uniform(12, 18), max(sheet.high * chance.uniform(1.35, 1.9), sheet.text * 2)
        first, shade = sheet.right - len(labels) * cell, chance.choice(BARS)
        sheet.canvas.box((sheet.left, sheet.y, sheet.right - sheet.left, 7), stroke=None, fill=shade)
        for index, label in enumerate(labels):
            x = first + (index + 0.5) * cell
            sheet.write(x, sheet.y + 3.5, label, at=0.5, size=2.1, bold=True, ink=BLACK if shade == PALER else WHITE)
        sheet.y += 7
        for _ in range(chance.randint(3, 9)):
            if not sheet.room(row + 2):
                break
            sheet.canvas.box((sheet.left, sheet.y, first - sheet.left, row), line=0.2)
            for index in range(len(labels)):
                sheet.canvas.box((first + index * cell, sheet.y, cell, row), line=0.2)
            sheet.write(sheet.left + 2, sheet.y + row / 2, sheet.words(first - sheet.left - 8, 2))
            sheet.add(sheet.row(first + cell / 2, sheet.y + row / 2, [""] * len(labels), cell), "scale")
            sheet.y += row
        sheet.y += chance.uniform(6, 10)


def _clinic(sheet: Sheet) -> None:
    """An intake form: headings in bars, columns of boxes with words, and questions with Yes and No."""
    chance = sheet.chance
    sheet.look("square", (2.6, 3.6))
    row = max(sheet.high * 1.6, sheet.text * 2.1)
    while sheet.room(45):
        shade = chance.choice(BARS)
        sheet.canvas.box((sheet.left, sheet.y, sheet.right - sheet.left, 5.5), stroke=None, fill=shade)
        heading = chance.choice(("Past medical history", "Family history", "Symptoms"))
        sheet.write(sheet.left + 2, sheet.y + 2.8, heading, bold=True, ink=BLACK if shade == PALER else WHITE)
        sheet.y += 9
        if chance.random() < 0.5:
            columns, bubbles = chance.choice((2, 3, 4)), []
            for index in range(columns * chance.randint(3, 6)):
                x = sheet.left + index % columns * (sheet.right - sheet.left) / columns + sheet.wide
                y = sheet.y + index // columns * row
                bubbles.append(sheet.bubble(x, y))
                sheet.write(x + sheet.wide / 2 + 1.5, y, chance.choice(ILLS))
            sheet.add(bubbles, "several")
            sheet.y += len(bubbles) // columns * row + 4
            continue
        for _ in range(chance.randint(3, 8)):
            if not sheet.room(row + 3):
                break
            sheet.write(sheet.left, sheet.y, f"{sheet.words(90, 3)}?")
            bubbles = []
            for x, word in ((sheet.right - 40, "Yes"), (sheet.right - 22, "No")):
                bubbles.append(sheet.bubble(x, sheet.y))
                sheet.write(x + sheet.wide / 2 + 1.2, sheet.y, word)
            sheet.add(bubbles, "yes or no")
            sheet.y += row
        sheet.y += 4


def _grid_in(sheet: Sheet) -> None:
    """Grids for results, with a sign, a slash and a dot above some digits; the first digit of a day ends at 3."""
    chance = sheet.chance
    sheet.look("ellipse", (3.2, 4.2))
    row, pitch = sheet.high * chance.uniform(1.3, 1.6), sheet.wide * chance.uniform(1.4, 1.8)
    result = ("-. 123456789", "/.0123456789", "/.0123456789", " .0123456789")
    while sheet.room(row * 12 + 18):
        x, top, columns = sheet.left + 10, sheet.y + 9, chance.choice((result, ("0123", "0123456789")))
        while x + 4 * pitch < sheet.right:
            sheet.comb(x - pitch / 2, sheet.y, len(columns), pitch, 6.5)
            for index, values in enumerate(columns):
                levels = [(top + (level + 0.5) * row, value) for level, value in enumerate(values) if value != " "]
                sheet.add([sheet.bubble(x + index * pitch, y, value) for y, value in levels], "digits")
            x += len(columns) * pitch + chance.uniform(14, 22)
            columns = result
        sheet.y += row * 12 + 16


def _blocks(sheet: Sheet) -> None:
    """Blocks of five numbered rows of empty bubbles, with letters above their columns."""
    chance, number = sheet.chance, 1
    sheet.look("ellipse", (3.0, 4.4))
    row, pitch, count = (
        sheet.high * chance.uniform(1.5, 1.9),
        sheet.wide * chance.uniform(1.5, 1.9),
        chance.choice((4, 5)),
    )
    size = min(2.2, sheet.high * 0.55)
    while sheet.room(row * 5 + 12):
        x = sheet.left + 12
        while x + count * pitch < sheet.right:
            for index in range(count):
                sheet.write(x + index * pitch, sheet.y, "ABCDE"[index], size=size, at=0.5)
            for index in range(5):
                y = sheet.y + sheet.high + index * row
                sheet.write(x - sheet.wide, y, str(number), size=size, at=1)
                sheet.add(sheet.row(x, y, [""] * count, pitch), "rows")
                number += 1
            x += count * pitch + chance.uniform(16, 22)
        sheet.y += row * 5 + 10


STYLES: Final[dict[str, tuple[Callable[[Sheet], None], tuple[str, ...]]]] = {
    "choices": (_choices, ("a4", "letter")),
    "scale": (_scale, ("a4", "letter", "wide")),
    "ballot": (_ballot, ("letter", "legal", "a4")),
    "id grid": (_id_grid, ("a4", "letter")),
    "columns": (_columns, ("a4", "letter")),
    "consent": (_consent, ("a4", "letter")),
    "upright": (_upright, ("a4", "letter")),
    "odd": (_odd, ("a4", "letter")),
    "pairs": (_pairs, ("a4", "letter", "a5")),
    "mixed": (_mixed, ("a4", "letter")),
    "strips": (_strips, ("a4", "letter")),
    "recommend": (_recommend, ("a4", "letter")),
    "roster": (_roster, ("a4", "letter")),
    "inspection": (_inspection, ("a4", "letter")),
    "quiz": (_quiz, ("a4", "letter")),
    "machine": (_machine, ("a4", "letter")),
    "shaded": (_shaded, ("a4", "letter")),
    "clinic": (_clinic, ("a4", "letter")),
    "grid in": (_grid_in, ("a4", "letter")),
    "blocks": (_blocks, ("a4", "letter")),
}
"""What draws each style, and on which papers."""


def maker_form(seed: int, style: str) -> BlankForm:
    """Draw the form of a seed in one of the STYLES."""
    draw, papers = STYLES[style]
    sheet = Sheet(random.Random(f"maker form {seed} {style}"), papers)
    sheet.title()
    draw(sheet)
    return BlankForm(sheet.canvas.save(), sheet.width, sheet.height, style, tuple(sheet.boxes))
