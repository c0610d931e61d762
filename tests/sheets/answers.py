"""A dense answer sheet: 110 questions with small bubbles, a grid for a number of ten digits, corner marks or none."""

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
    Rule,
    Text,
    Writing,
)

LEFT, RIGHT = 20.0, 190.0
BUBBLE = 3.5
PITCH = 5.2
ROWS, ROW = 22, 8.2
COLUMN = 34.5
QUESTIONS_TOP = 99.0
ID_LEFT, ID_TOP, ID_PITCH, ID_ROW = 126.0, 35.0, 6.2, 4.9
ID_DIGITS = 10
LABEL_GREY = 100
NAME, SIGNATURE, DATE = Area(LEFT, 33.0, 88.0, 13.0), Area(LEFT, 52.0, 88.0, 15.0), Area(LEFT, 73.0, 42.0, 12.0)


def answers(corner_marks: bool) -> Form:
    """An A4 sheet for 110 questions."""
    marks = _corner_marks() if corner_marks else ()
    elements: tuple[Element, ...] = (
        *marks,
        _clip("NameArea", NAME, "name"),
        _clip("SignatureArea", SIGNATURE, "signature"),
        _clip("DateArea", DATE, "date"),
        _candidate(),
        *(_question(number) for number in range(1, 111)),
    )
    name = "answers" if corner_marks else "answers-plain"
    return Form(name, 210.0, 297.0, (*_header(), *_captions(), *_numbers(), *_footer()), elements)


def _clip(name: str, frame: Area, writing: Writing) -> ClipArea:
    return ClipArea(name, frame.grown(1.0), frame.grown(-1.6), writing)


def _corner_marks() -> tuple[ReferencePoint, ...]:
    size = 5.0
    corners = ((9.0, 9.0), (196.0, 9.0), (196.0, 283.0), (9.0, 283.0))
    return tuple(ReferencePoint(f"Corner{i}", Area(x, y, size, size)) for i, (x, y) in enumerate(corners, 1))


def _candidate() -> Grid:
    columns = tuple(
        ChoiceBox(
            "",
            tuple(Bubble(str(d), ID_LEFT + c * ID_PITCH, ID_TOP + d * ID_ROW, str(d)) for d in range(10)),
            BUBBLE,
            "Vertical",
            label_grey=LABEL_GREY,
        )
        for c in range(ID_DIGITS)
    )
    half = ID_PITCH / 2
    cells = tuple(Area(ID_LEFT + c * ID_PITCH - half, ID_TOP - 10.5, ID_PITCH, 7.5) for c in range(ID_DIGITS))
    return Grid("Candidate", columns, cells)


def _question_origin(number: int) -> tuple[float, float]:
    """The left end and the middle line of a question, in mm."""
    column, row = divmod(number - 1, ROWS)
    return LEFT + column * COLUMN, QUESTIONS_TOP + row * ROW


def _question(number: int) -> ChoiceBox:
    x, y = _question_origin(number)
    bubbles = tuple(Bubble(letter, x + 10.5 + i * PITCH, y, letter) for i, letter in enumerate("ABCDE"))
    return ChoiceBox(f"Q{number}", bubbles, BUBBLE, label_grey=LABEL_GREY)


def _header() -> tuple[Print, ...]:
    return (
        Text(LEFT, 18.0, "Answer sheet", 7.0, 700),
        Text(LEFT, 24.6, "Entrance examination  ·  110 questions", 3.6, 400, grey=70),
    )


def _captions() -> tuple[Print, ...]:
    return (
        Text(LEFT, 31.6, "Name", 3.2, 600),
        Frame(NAME),
        Text(LEFT, 50.6, "Signature", 3.2, 600),
        Frame(SIGNATURE),
        Text(LEFT, 71.6, "Date", 3.2, 600),
        Frame(DATE),
        Text(LEFT + 48.0, 79.0, "Fill one circle in each row", 3.1, 400, grey=70),
        Text(LEFT + 48.0, 83.4, "completely.", 3.1, 400, grey=70),
        Text(ID_LEFT - ID_PITCH / 2, 22.8, "Candidate number", 3.2, 600),
        *(Frame(cell, 0.25, 80) for cell in _candidate().cells),
        Rule(LEFT, 91.0, RIGHT, 91.0, 0.3, 60),
    )


def _numbers() -> tuple[Print, ...]:
    places = ((number, *_question_origin(number)) for number in range(1, 111))
    return tuple(Text(x + 6.6, y + 1.15, f"{number}", 3.3, 500, "right") for number, x, y in places)


def _footer() -> tuple[Print, ...]:
    return (Text(105.0, 286.5, "Form AS-110  ·  Page 1 of 1", 2.9, 400, "center", 100),)
