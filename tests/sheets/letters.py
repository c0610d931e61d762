"""A short answer sheet whose bubbles have dark letters and digits: O and Q look like bubbles, M fills half of one.

It has four equal corner squares and no mark that tells the turn, as forms have that programs make.
"""

from typing import Final

from tests.sheets.layout import (
    Area,
    Bubble,
    ChoiceBox,
    ClipArea,
    Element,
    Form,
    Frame,
    Grid,
    Print,
    ReferencePoint,
    Text,
)

WIDTH, HEIGHT = 210.0, 297.0
LEFT, TOP = 30.0, 112.0
BUBBLE, PITCH, ROW, COLUMN = 4.6, 7.4, 9.6, 56.0
ROWS, COLUMNS = 16, 3
LABEL_GREY = 60
SQUARE, INSET = 6.0, 9.0
LETTERS: Final = ("OQMG", "ABCD", "MGOQ", "WBRS")
NUMBER_LEFT, NUMBER_TOP, NUMBER_PITCH = 132.0, 42.0, 7.4
NUMBER_ROW = 6.1
DIGITS = 6
NAME = Area(20.0, 44.0, 88.0, 15.0)


def letters() -> Form:
    """An A4 page with 48 questions, a number of six digits and a clip area."""
    questions = tuple(_question(number) for number in range(1, ROWS * COLUMNS + 1))
    number = _number()
    clip = ClipArea("NameArea", NAME.grown(1.0), NAME.grown(-1.8), "name")
    elements: tuple[Element, ...] = (*_squares(), clip, number, *questions)
    return Form("letters", WIDTH, HEIGHT, (*_captions(number), *_numbers(questions)), elements)


def _squares() -> tuple[ReferencePoint, ...]:
    far_x, far_y = WIDTH - INSET - SQUARE, HEIGHT - INSET - SQUARE
    corners = ((INSET, INSET), (far_x, INSET), (far_x, far_y), (INSET, far_y))
    return tuple(ReferencePoint(f"Square{i}", Area(x, y, SQUARE, SQUARE)) for i, (x, y) in enumerate(corners, 1))


def _question(number: int) -> ChoiceBox:
    column, row = divmod(number - 1, ROWS)
    x, y = LEFT + column * COLUMN, TOP + row * ROW
    values = LETTERS[number % len(LETTERS)]
    bubbles = tuple(Bubble(value, x + i * PITCH, y, value) for i, value in enumerate(values))
    return ChoiceBox(f"Q{number}", bubbles, BUBBLE, label_grey=LABEL_GREY)


def _number() -> Grid:
    columns = tuple(
        ChoiceBox(
            "",
            tuple(
                Bubble(str(digit), NUMBER_LEFT + c * NUMBER_PITCH, NUMBER_TOP + digit * NUMBER_ROW, str(digit))
                for digit in range(10)
            ),
            BUBBLE,
            "Vertical",
            label_grey=LABEL_GREY,
        )
        for c in range(DIGITS)
    )
    left, top = NUMBER_LEFT - NUMBER_PITCH / 2, NUMBER_TOP - 12.0
    cells = tuple(Area(left + c * NUMBER_PITCH, top, NUMBER_PITCH, 8.0) for c in range(DIGITS))
    return Grid("Number", columns, cells)


def _captions(number: Grid) -> tuple[Print, ...]:
    return (
        Text(20.0, 30.0, "Reading test", 7.0, 700),
        Text(20.0, 37.0, "Fill in one circle in each row.", 3.6),
        Text(20.0, 42.6, "Name", 3.4, 600),
        Frame(NAME),
        Text(NUMBER_LEFT - NUMBER_PITCH / 2, 28.0, "Number", 3.4, 600),
        *(Frame(cell, 0.25, 80) for cell in number.cells),
    )


def _numbers(questions: tuple[ChoiceBox, ...]) -> tuple[Print, ...]:
    firsts = ((n, question.bubbles[0]) for n, question in enumerate(questions, 1))
    return tuple(Text(first.x - 4.0, first.y + 1.25, f"{n}.", 3.5, 500, "right") for n, first in firsts)
