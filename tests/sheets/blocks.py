"""Answer sheets with one block of questions, which fits itself turned by half: what else is printed tells the turn.

Each form has another thing that may tell: the letters in the bubbles, corner marks, a code, the block's place.
"""

from collections.abc import Sequence

from tests.sheets.layout import (
    Area,
    Barcode,
    Bubble,
    ChoiceBox,
    Element,
    Form,
    Print,
    ReferencePoint,
    Text,
)

WIDTH, HEIGHT = 210.0, 297.0
BUBBLE, PITCH, ROW, COLUMN = 4.6, 8.0, 9.0, 52.0
ROWS, VALUES = 20, "ABCD"
MARK, INSET = 6.0, 10.0
CODE = Area(165.0, 12.0, 27.0, 27.0)
BARS = Area(140.0, 14.0, 52.0, 14.0)
LABEL_GREY = 110


def blocks() -> tuple[Form, ...]:
    """The forms, from those whose turn can be told to one whose turn cannot."""
    squares = _corner_marks(((0, 0), (1, 0), (1, 1), (0, 1)))
    return (
        _form("block-letters", letters=True),
        _form("block-squares", squares),
        _form("block-squares-letters", squares, letters=True),
        _form("block-three-marks", _corner_marks(((0, 0), (1, 0), (0, 1)))),
        _form("block-qr", (Barcode("Code", CODE, "SHEET-0042"),)),
        _form("block-ean", (Barcode("Code", BARS, "4006381333931", "ean13"),)),
        _form("block-aruco", (Barcode("Code", CODE, "17", "aruco"),)),
        _form("block-high", top=62.0, rows=14),
        _form("block-digits", digits=True, letters=True),
        _form("block-plain"),
    )


def _corner_marks(corners: Sequence[tuple[int, int]]) -> tuple[ReferencePoint, ...]:
    far_x, far_y = WIDTH - 2 * INSET - MARK, HEIGHT - 2 * INSET - MARK
    return tuple(
        ReferencePoint(f"Mark{n}", Area(INSET + x * far_x, INSET + y * far_y, MARK, MARK))
        for n, (x, y) in enumerate(corners, 1)
    )


def _form(
    name: str,
    others: Sequence[Element] = (),
    *,
    letters: bool = False,
    digits: bool = False,
    rows: int = ROWS,
    top: float | None = None,
) -> Form:
    """A form whose block lies in the middle of the page if `top` (mm, of its first row) is not given."""
    boxes = _digits(letters) if digits else _questions(rows, top, letters)
    prints = (*_header(), *_numbers(boxes))
    return Form(name, WIDTH, HEIGHT, prints, (*others, *boxes))


def _questions(rows: int, top: float | None, letters: bool) -> tuple[ChoiceBox, ...]:
    left = (WIDTH - 2 * COLUMN - (len(VALUES) - 1) * PITCH) / 2
    first = (HEIGHT - (rows - 1) * ROW) / 2 if top is None else top
    return tuple(
        _box(f"Q{column * rows + row + 1}", left + column * COLUMN, first + row * ROW, VALUES, letters)
        for column in range(3)
        for row in range(rows)
    )


def _digits(letters: bool) -> tuple[ChoiceBox, ...]:
    values = "0123456789"
    left, first = (WIDTH - 9 * PITCH) / 2, (HEIGHT - (ROWS - 1) * ROW) / 2
    return tuple(_box(f"D{row + 1}", left, first + row * ROW, values, letters) for row in range(ROWS))


def _box(name: str, x: float, y: float, values: str, letters: bool) -> ChoiceBox:
    bubbles = tuple(Bubble(value, x + i * PITCH, y, value if letters else "") for i, value in enumerate(values))
    return ChoiceBox(name, bubbles, BUBBLE, label_grey=LABEL_GREY)


def _header() -> tuple[Print, ...]:
    return (
        Text(20.0, 30.0, "Riverside School", 7.0, 700),
        Text(20.0, 38.0, "Fill in one circle in each row.", 3.8),
    )


def _numbers(boxes: Sequence[ChoiceBox]) -> tuple[Text, ...]:
    return tuple(
        Text(box.bubbles[0].x - 6.0, box.bubbles[0].y + 1.25, f"{n}.", 3.4, 500, "right")
        for n, box in enumerate(boxes, 1)
    )
