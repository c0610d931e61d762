"""The enrolment form: grids of columns and of rows, values of several letters, a multiple choice, two bar codes."""

from tests.sheets.layout import (
    Area,
    Barcode,
    Bubble,
    ChoiceBox,
    ClipArea,
    Element,
    Form,
    Frame,
    Grid,
    Print,
    Rule,
    Text,
    Writing,
)

LEFT, RIGHT = 18.0, 192.0
BUBBLE = 4.0
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
LEVELS = ("A1", "A2", "B1", "B2", "C1", "C2")
LANGUAGES = ("English", "French", "Spanish", "Italian", "German", "Dutch")
NUMBER = "4006381333931"
MARKER = "37"
NAME, SIGNATURE = Area(LEFT, 48.0, 100.0, 15.0), Area(LEFT, 248.0, 84.0, 17.0)
DATE = Area(110.0, 248.0, 50.0, 17.0)
REMARKS = Area(LEFT, 205.0, RIGHT - LEFT, 34.0)
PHONE_LEFT, PHONE_TOP, PHONE_PITCH, PHONE_ROW = 22.0, 88.0, 6.6, 6.0
POST_LEFT, POST_TOP, POST_PITCH, POST_ROW = 124.0, 82.0, 6.6, 8.0
COURSES_TOP, COURSES_ROW = 157.0, 8.0


def enrolment() -> Form:
    """An A4 page without reference marks."""
    elements: tuple[Element, ...] = (
        Barcode("CourseCode", Area(142.0, 10.0, 50.0, 18.0), NUMBER, "ean13"),
        Barcode("PageMarker", Area(174.0, 266.0, 20.0, 20.0), MARKER, "aruco"),
        _clip("NameArea", NAME, "name"),
        _phone(),
        _post_code(),
        *(_level(row) for row in range(len(LANGUAGES))),
        _days(),
        _mode(),
        _newsletter(),
        ClipArea("RemarksArea", REMARKS.grown(1.0), REMARKS.grown(-3.0), "comment", 3),
        _clip("SignatureArea", SIGNATURE, "signature"),
        _clip("DateArea", DATE, "date"),
    )
    return Form("enrolment", 210.0, 297.0, (*_header(), *_captions(), *_labels(), *_footer()), elements)


def _clip(name: str, frame: Area, writing: Writing) -> ClipArea:
    return ClipArea(name, frame.grown(1.0), frame.grown(-2.0), writing)


def _phone() -> Grid:
    """Eight digits, a column each."""
    columns = tuple(
        ChoiceBox(
            "",
            tuple(Bubble(str(d), PHONE_LEFT + c * PHONE_PITCH, PHONE_TOP + d * PHONE_ROW, str(d)) for d in range(10)),
            BUBBLE,
            "Vertical",
        )
        for c in range(8)
    )
    half = PHONE_PITCH / 2
    cells = tuple(Area(PHONE_LEFT + c * PHONE_PITCH - half, PHONE_TOP - 11.5, PHONE_PITCH, 8.0) for c in range(8))
    return Grid("Phone", columns, cells)


def _post_code() -> Grid:
    """Five digits, a row each."""
    rows = tuple(
        ChoiceBox(
            "",
            tuple(Bubble(str(d), POST_LEFT + d * POST_PITCH, POST_TOP + r * POST_ROW, str(d)) for d in range(10)),
            BUBBLE,
        )
        for r in range(5)
    )
    cells = tuple(Area(POST_LEFT - 14.0, POST_TOP + r * POST_ROW - 3.6, 7.2, 7.2) for r in range(5))
    return Grid("PostCode", rows, cells, "Vertical")


def _level(row: int) -> ChoiceBox:
    y = COURSES_TOP + row * COURSES_ROW
    bubbles = tuple(Bubble(level, 46.0 + i * 9.0, y) for i, level in enumerate(LEVELS))
    return ChoiceBox(LANGUAGES[row], bubbles, BUBBLE)


def _days() -> ChoiceBox:
    bubbles = tuple(Bubble(day, 122.0 + 12.0 * i, 140.0) for i, day in enumerate(DAYS))
    return ChoiceBox("Days", bubbles, BUBBLE, "Horizontal", multiselect=True)


def _mode() -> ChoiceBox:
    values = ("In class", "Online", "Mixed")
    return ChoiceBox("Mode", tuple(Bubble(v, 122.0, 164.0 + 7.5 * i) for i, v in enumerate(values)), BUBBLE, "Vertical")


def _newsletter() -> ChoiceBox:
    return ChoiceBox("Newsletter", (Bubble("Yes", 122.0, 196.0), Bubble("No", 142.0, 196.0)), BUBBLE)


def _header() -> tuple[Print, ...]:
    return (
        Text(LEFT, 20.5, "Enrolment", 8.0, 700),
        Text(LEFT, 27.0, "Evening school of languages", 4.2, 500),
        Text(167.0, 32.0, NUMBER, 3.2, 400, "center"),
        Rule(LEFT, 36.0, RIGHT, 36.0, 0.4, 30),
    )


def _captions() -> tuple[Print, ...]:
    return (
        Text(LEFT, 46.4, "Name", 3.4, 600),
        Frame(NAME),
        Text(LEFT, 74.6, "Phone", 3.4, 600),
        *(Frame(cell, 0.25, 80) for cell in _phone().cells),
        Text(POST_LEFT - 14.0, 74.6, "Post code", 3.4, 600),
        *(Frame(cell, 0.25, 80) for cell in _post_code().cells),
        Text(110.0, 131.0, "On which days?", 3.6, 700),
        Text(143.0, 131.0, "Mark all that suit you.", 3.1, 400, grey=80, face="italic"),
        Text(110.0, 157.0, "How would you like to learn?", 3.6, 700),
        Text(110.0, 190.0, "May we write to you?", 3.6, 700),
        Text(LEFT, 203.4, "Remarks", 3.4, 600),
        Frame(REMARKS),
        Text(LEFT, 246.4, "Signature", 3.4, 600),
        Frame(SIGNATURE),
        Text(DATE.left, 246.4, "Date", 3.4, 600),
        Frame(DATE),
    )


def _labels() -> tuple[Print, ...]:
    heads = tuple(Text(46.0 + i * 9.0, COURSES_TOP - 5.0, level, 3.2, 500, "center") for i, level in enumerate(LEVELS))
    courses = tuple(Text(LEFT, COURSES_TOP + r * COURSES_ROW + 1.2, name, 3.5) for r, name in enumerate(LANGUAGES))
    days = tuple(Text(bubble.x, 146.6, bubble.value, 3.1, 400, "center") for bubble in _days().bubbles)
    modes = tuple(Text(bubble.x + 3.6, bubble.y + 1.25, bubble.value, 3.5) for bubble in _mode().bubbles)
    answers = tuple(Text(bubble.x + 3.6, bubble.y + 1.25, bubble.value, 3.5) for bubble in _newsletter().bubbles)
    return (*heads, *courses, *days, *modes, *answers)


def _footer() -> tuple[Print, ...]:
    return (Text(LEFT, 284.0, "Form EN-4  ·  Page 1 of 1", 2.9, 400, grey=100),)
