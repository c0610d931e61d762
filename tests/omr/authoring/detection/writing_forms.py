"""Blank forms with places to write in, drawn by chance, as vector PDF with the places and labels.

Each kind is a way in which makers print lines and boxes: underscores, dotted leaders, rules, frames, boxes for letters,
tables. Between them stand rules, frames and tables in which nobody writes. Rules were made with seeds below 7000; those
from 7000 are for measuring only.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.omr.authoring.detection.blank_forms import Place
from tests.omr.authoring.detection.maker_forms import PALER, Sheet

LABELS: Final = (
    *("Name", "First name", "Family name", "Date", "Date of birth", "Street", "City", "Post code", "Telephone"),
    *(
        "E-mail address",
        "Signature",
        "Occupation",
        "School",
        "Name of the legal guardian",
        "Employer",
        "Room",
        "Doctor",
    ),
    *("Policy number", "Nationality", "Place of birth", "Country", "Amount", "Reason", "Relationship to patient"),
)
UNDER: Final = ("Signature", "Printed name", "Date", "Place", "Signature of parent", "Witness", "Name in capitals")
HEADINGS: Final = ("Personal details", "Section B", "Medical history", "Consent", "About you", "Office use")
REACH: Final = 5.0
"""Height above a line that handwriting takes, in mm."""


@dataclass(frozen=True, slots=True)
class WriteIn:
    """A place to write in: (left, top, width, height) in mm that a crop must contain, its label, and its kind."""

    place: Place
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class WritingForm:
    """A drawn form: its PDF, its paper in mm and its places to write in."""

    pdf: bytes
    width: float
    height: float
    places: tuple[WriteIn, ...]


class _Maker(Sheet):
    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.font = chance.choice(("Helvetica", "Times-Roman", "Helvetica-Bold"))
        self.text = chance.choice((2.0, 2.3, 2.6))
        self.places: list[WriteIn] = []
        self.labels = list(LABELS)
        self.pitch = chance.uniform(8.0, 11.0)
        chance.shuffle(self.labels)

    def label(self) -> str:
        """A label that is not on the page yet."""
        return self.labels.pop() if self.labels else f"Field {len(self.places)}"

    def note(self, place: Place, label: str, kind: str) -> None:
        """Note a place to write in."""
        self.places.append(WriteIn(place, label, kind))

    def on_line(self, left: float, right: float, y: float, label: str, kind: str) -> None:
        """Note the space above a line."""
        self.note((left, y - REACH, right - left, REACH), label, kind)

    def rule(self, left: float, right: float, y: float) -> None:
        """A thin line."""
        self.canvas.line(left, y, right, y, line=self.line)

    def frame(self, left: float, top: float, width: float, height: float) -> None:
        """A thin frame."""
        self.canvas.box((left, top, width, height), line=self.line)

    def baseline(self, x: float, y: float, text: str) -> float:
        """Text that stands on the level y. Returns its right end."""
        return self.write(x, y - self.text / 2, text)


def _filled(sheet: _Maker, letter: str, kind: str) -> None:
    """Lines of a repeated letter behind their labels, perhaps two in a row."""
    x = sheet.left
    count = sheet.chance.choice((1, 1, 2))
    step = (sheet.right - sheet.left) / count
    for index in range(count):
        label, y, x = sheet.label(), sheet.y + 7, sheet.left + index * step
        end = sheet.baseline(x, y, label + ":") + sheet.width_of(" ")
        room = x + step - 4 - end
        letters = int(room * sheet.chance.uniform(0.7, 1) / sheet.width_of(letter * 10) * 10)
        right = sheet.baseline(end, y, letter * letters)
        sheet.on_line(end, right, y, label, kind)
    sheet.y += sheet.pitch


def _underscores(sheet: _Maker) -> None:
    for _ in range(sheet.chance.randint(2, 3)):
        _filled(sheet, "_", "underscores")


def _dots(sheet: _Maker) -> None:
    for _ in range(sheet.chance.randint(2, 3)):
        _filled(sheet, ".", "dots")


def _behind(sheet: _Maker) -> None:
    """Rules that begin right behind their labels."""
    for _ in range(sheet.chance.randint(2, 3)):
        label, y = sheet.label(), sheet.y + 7
        end = sheet.baseline(sheet.left, y, label) + 2
        right = min(sheet.right, end + sheet.chance.uniform(25, 150))
        sheet.rule(end, right, y + 0.4)
        sheet.on_line(end, right, y, label, "behind")
        sheet.y += sheet.pitch


def _aligned(sheet: _Maker) -> None:
    """Rules that begin below each other, up to 80 mm behind their labels."""
    left = sheet.left + sheet.chance.uniform(45, 80)
    right = min(sheet.right, left + sheet.chance.uniform(40, 110))
    for _ in range(sheet.chance.randint(2, 4)):
        label, y = sheet.label(), sheet.y + 7
        sheet.baseline(sheet.left, y, label)
        sheet.rule(left, right, y + 0.4)
        sheet.on_line(left, right, y, label, "aligned")
        sheet.y += sheet.pitch


def _headed_lines(sheet: _Maker) -> None:
    """Rules below their labels, with white between, beside each other."""
    count = sheet.chance.choice((1, 2))
    step = (sheet.right - sheet.left) / count
    for index in range(count):
        label, x = sheet.label(), sheet.left + index * step
        sheet.baseline(x, sheet.y + sheet.text, label)
        y, right = sheet.y + sheet.text + 8, x + step - sheet.chance.uniform(6, 30)
        sheet.rule(x, right, y)
        sheet.on_line(x, right, y, label, "headed")
    sheet.y += sheet.text + 14


def _signed(sheet: _Maker) -> None:
    """Rules with their labels below, two or three beside each other, as on consent forms."""
    count = sheet.chance.choice((2, 2, 3))
    step = (sheet.right - sheet.left) / count
    y = sheet.y + 12
    for index, label in enumerate(sheet.chance.sample(UNDER, count)):
        x = sheet.left + index * step
        right = x + step - 6
        sheet.rule(x, right, y)
        sheet.write(x, y + 1.2 + sheet.text / 2, label)
        sheet.on_line(x, right, y, label, "signed")
    sheet.y = y + sheet.text + 12


def _framed(sheet: _Maker) -> None:
    """Frames with the label at the left, above, or inside at the top."""
    where = sheet.chance.choice(("left", "above", "inside", "before"))
    for _ in range(2):
        label, high = sheet.label(), sheet.chance.uniform(7, 10)
        wide = sheet.chance.uniform(50, 110)
        left, top = sheet.left, sheet.y
        if where == "left":
            left = sheet.write(left, top + high / 2, label) + 2
        elif where == "above":
            sheet.write(left, top + sheet.text / 2, label)
            top += sheet.text + 1.2
        elif where == "inside":
            high = sheet.chance.uniform(11, 15)
            sheet.write(left + 1.2, top + 1.2 + sheet.text / 2, label)
        place = (left, top, wide, high)
        sheet.frame(*place)
        if where == "inside":
            used = sheet.text + 2
            place = (left, top + used, wide, high - used)
        elif where == "before":
            end = sheet.write(left + 1.5, top + high / 2, label + ":") + 1
            wide = max(wide, end - left + 40)
            sheet.frame(left, top, wide, high)
            place = (end, top, left + wide - end, high)
        sheet.note(place, label, f"frame, label {where}")
        sheet.y = top + high + 4


def _letters(sheet: _Maker) -> None:
    """Boxes for one letter each: joined, apart, or a line with ticks."""
    how = sheet.chance.choice(("joined", "apart", "ticks"))
    for _ in range(2):
        label, count = sheet.label(), sheet.chance.randint(8, 18)
        wide, high = sheet.chance.uniform(4.6, 6), sheet.chance.uniform(5.5, 8)
        left = sheet.write(sheet.left, sheet.y + high / 2, label) + 3
        count = min(count, int((sheet.right - left) / (wide + 1)))
        step = wide + (0.8 if how == "apart" else 0)
        if how == "ticks":
            bottom = sheet.y + high
            sheet.rule(left, left + count * wide, bottom)
            for index in range(count + 1):
                sheet.canvas.line(left + index * wide, bottom - 2.5, left + index * wide, bottom, line=sheet.line)
        else:
            for index in range(count):
                sheet.frame(left + index * step, sheet.y, wide, high)
        sheet.note((left, sheet.y, count * step - step + wide, high), label, f"letters {how}")
        sheet.y += high + 4


def _date_boxes(sheet: _Maker) -> None:
    """Boxes for day, month and year, with or without strokes between; one place."""
    label, mark = sheet.label(), sheet.chance.choice(("", "/", "-", "."))
    wide, high = sheet.chance.uniform(4.8, 6), sheet.chance.uniform(5.5, 8)
    left = x = sheet.write(sheet.left, sheet.y + high / 2, label) + 3
    for group, count in enumerate((2, 2, 4)):
        if group:
            sheet.write(x + 1.5, sheet.y + high / 2, mark, at=0.5)
            x += 3
        for _ in range(count):
            sheet.frame(x, sheet.y, wide, high)
            x += wide
    sheet.note((left, sheet.y, x - left, high), label, "date boxes")
    sheet.y += high + 5


def _comments(sheet: _Maker) -> None:
    """A high frame with its label above or inside."""
    label, high = (
        sheet.chance.choice(("Comments", "Remarks", "Further notes", "Describe")),
        sheet.chance.uniform(20, 35),
    )
    if sheet.chance.random() < 0.5:
        sheet.write(sheet.left, sheet.y + sheet.text / 2, label)
        sheet.y += sheet.text + 1.5
        place = (sheet.left, sheet.y, sheet.right - sheet.left, high)
    else:
        sheet.write(sheet.left + 1.5, sheet.y + 1.5 + sheet.text / 2, label)
        used = sheet.text + 2.5
        place = (sheet.left, sheet.y + used, sheet.right - sheet.left, high - used)
    sheet.frame(sheet.left, sheet.y, sheet.right - sheet.left, high)
    sheet.note(place, label, "comment frame")
    sheet.y += high + 5


def _block(sheet: _Maker) -> None:
    """Several lines below each other, of the whole width, below their label; one place."""
    label, count = sheet.chance.choice(("Please explain", "Other comments", "Your answer")), sheet.chance.randint(2, 4)
    sheet.write(sheet.left, sheet.y + sheet.text / 2, label + ":")
    first = sheet.y + sheet.text + 7
    for index in range(count):
        sheet.rule(sheet.left, sheet.right, first + index * sheet.pitch)
    last = first + (count - 1) * sheet.pitch
    sheet.note((sheet.left, first - REACH, sheet.right - sheet.left, last - first + REACH), label, "lines")
    sheet.y = last + 6


def _table(sheet: _Maker) -> None:
    """A table whose cells are to be written in, below headings and perhaps behind labels of rows."""
    heads = sheet.chance.sample(("Medicine", "Dose", "Since", "Cost", "Year", "Grade"), sheet.chance.randint(2, 3))
    has_rows, rows, high = sheet.chance.random() < 0.5, sheet.chance.randint(2, 4), sheet.chance.uniform(7.5, 10)
    count = len(heads) + has_rows
    wide = (sheet.right - sheet.left) / count
    for row in range(rows + 1):
        named = ""
        for column in range(count):
            left, top = sheet.left + column * wide, sheet.y + row * high
            sheet.frame(left, top, wide, high)
            head = "" if has_rows and not column else heads[column - has_rows]
            if not row:
                sheet.write(left + 1.5, top + high / 2, head)
            elif has_rows and not column:
                named = sheet.label()
                sheet.write(left + 1.5, top + high / 2, named)
            else:
                sheet.note((left, top, wide, high), f"{named} {head}".strip(), "table")
    sheet.y += (rows + 1) * high + 5


def _sentence(sheet: _Maker) -> None:
    """A blank in a sentence."""
    y = sheet.y + 6
    end = sheet.baseline(sheet.left, y, "I, the undersigned") + 1.5
    right = end + sheet.chance.uniform(40, 60)
    sheet.rule(end, right, y + 0.4)
    sheet.baseline(right + 1.5, y, "agree to the terms.")
    sheet.on_line(end, right, y, "I the undersigned", "sentence")
    sheet.y += 11


def _heading(sheet: _Maker) -> None:
    """A heading with a rule below it, or in a bar: nobody writes there."""
    name = sheet.chance.choice(HEADINGS)
    if sheet.chance.random() < 0.3:
        sheet.canvas.box((sheet.left, sheet.y, sheet.right - sheet.left, 6), stroke=None, fill=PALER)
        sheet.write(sheet.left + 1.5, sheet.y + 3, name, bold=True)
    else:
        end = sheet.write(sheet.left, sheet.y + 1.5, name, size=3.0, bold=True)
        long = sheet.chance.random() < 0.5
        sheet.rule(sheet.left, sheet.right if long else end, sheet.y + 4)
    sheet.y += 9


def _told(sheet: _Maker) -> None:
    """A paragraph, perhaps in a frame or between rules."""
    top, look = sheet.y, sheet.chance.choice(("plain", "frame", "rules"))
    sheet.y += 2
    sheet.paragraph(sheet.chance.randint(2, 4), sheet.left + 2, sheet.right - 4)
    if look == "frame":
        sheet.frame(sheet.left, top, sheet.right - sheet.left, sheet.y - top)
    elif look == "rules":
        sheet.rule(sheet.left, sheet.right, top)
        sheet.rule(sheet.left, sheet.right, sheet.y)
    sheet.y += 5


def _data(sheet: _Maker) -> None:
    """A table that is filled with print."""
    wide, high = (sheet.right - sheet.left) / 3, 7.0
    for row in range(3):
        for column in range(3):
            left, top = sheet.left + column * wide, sheet.y + row * high
            sheet.frame(left, top, wide, high)
            sheet.write(left + 1.5, top + high / 2, sheet.words(wide - 6))
    sheet.y += 3 * high + 5


def _question(sheet: _Maker) -> None:
    """A question with bubbles beside each other."""
    sheet.look("ellipse", (3.2, 4.2))
    for _ in range(2):
        sheet.write(sheet.left, sheet.y + 3, f"{sheet.chance.randint(1, 60)}. {sheet.words(60)}")
        sheet.add(sheet.row(sheet.left + 90, sheet.y + 3, "ABCDE", 9), "row")
        sheet.y += 8
    sheet.y += 3


WRITE_INS: Final[tuple[Callable[[_Maker], None], ...]] = (
    *(_underscores, _dots, _behind, _aligned, _headed_lines, _signed, _framed, _letters, _date_boxes, _comments),
    *(_block, _table, _sentence),
)
OTHERS: Final[tuple[Callable[[_Maker], None], ...]] = (_heading, _told, _data, _question)


def writing_form(seed: int) -> WritingForm:
    """A page of write-ins and other things, the same for one seed."""
    chance = random.Random(f"writing form {seed}")
    sheet = _Maker(chance)
    sheet.title()
    if chance.random() < 0.3:
        sheet.frame(8, 8, sheet.width - 16, sheet.height - 16)
    parts = [*chance.sample(WRITE_INS, len(WRITE_INS)), *WRITE_INS]
    for part in parts:
        if chance.random() < 0.5 and sheet.room(50):
            chance.choice(OTHERS)(sheet)
        if sheet.room(57):
            part(sheet)
    if chance.random() < 0.5:
        sheet.rule(sheet.left, sheet.right, sheet.height - 13)
        sheet.write(sheet.left, sheet.height - 10, f"Form {seed}, page 1 of 2")
    return WritingForm(sheet.canvas.save(), sheet.width, sheet.height, tuple(sheet.places))
