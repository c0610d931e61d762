"""The exam answer sheet: a grid for the student ID, 60 questions, two clip areas, a QR code, four corner marks."""

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
    ReferencePoint,
    Ring,
    Rule,
    Text,
    Writing,
)

LEFT, RIGHT = 20.0, 190.0
BUBBLE = 4.4
PITCH = 6.2
ROW = 8.3
GROUP_GAP = 3.2
QUESTIONS_TOP = 149.0
COLUMN = 43.4
ID_LEFT, ID_TOP, ID_PITCH, ID_ROW = 24.0, 79.5, 6.9, 5.75
QR_CONTENT = "HILLSIDE-EX60-01"


def exam() -> Form:
    """An A4 sheet for 60 questions."""
    elements: tuple[Element, ...] = (
        *_corner_marks(),
        Barcode("FormCode", Area(163.0, 9.5, 27.0, 27.0), QR_CONTENT),
        _clip("NameArea", Area(LEFT, 44.0, 92.0, 15.0), "name"),
        _clip("SignatureArea", Area(118.0, 44.0, RIGHT - 118.0, 15.0), "signature"),
        _student_id(),
        *(_question(number) for number in range(1, 61)),
    )
    return Form("exam", 210.0, 297.0, (*_header(), *_instructions(), *_captions(), *_footer()), elements)


def _clip(name: str, frame: Area, writing: Writing) -> ClipArea:
    return ClipArea(name, frame.grown(1.0), frame.grown(-1.8), writing)


def _corner_marks() -> tuple[ReferencePoint, ...]:
    size, far_x, far_y = 6.0, 194.0, 281.0
    corners = ((10.0, 10.0), (far_x, 10.0), (far_x, far_y), (10.0, far_y))
    return tuple(ReferencePoint(f"Corner{i}", Area(x, y, size, size)) for i, (x, y) in enumerate(corners, 1))


def _student_id() -> Grid:
    columns = tuple(
        ChoiceBox(
            "",
            tuple(Bubble(str(d), ID_LEFT + c * ID_PITCH, ID_TOP + d * ID_ROW, str(d)) for d in range(10)),
            BUBBLE,
            "Vertical",
        )
        for c in range(8)
    )
    half = ID_PITCH / 2
    cells = tuple(Area(ID_LEFT + c * ID_PITCH - half, ID_TOP - 12.0, ID_PITCH, 8.0) for c in range(8))
    return Grid("StudentID", columns, cells)


def _question(number: int) -> ChoiceBox:
    x, y = _question_origin(number)
    bubbles = tuple(Bubble(letter, x + 10.5 + i * PITCH, y, letter) for i, letter in enumerate("ABCDE"))
    return ChoiceBox(f"Q{number}", bubbles, BUBBLE)


def _question_origin(number: int) -> tuple[float, float]:
    """The left end and the middle line of a question, in mm: columns of 15, in groups of five."""
    column, row = divmod(number - 1, 15)
    return LEFT + column * COLUMN, QUESTIONS_TOP + row * ROW + row // 5 * GROUP_GAP


def _header() -> tuple[Print, ...]:
    return (
        Text(LEFT, 18.5, "Hillside College", 8.6, 700),
        Text(LEFT, 26.0, "Introduction to Statistics", 5.0, 500),
        Text(LEFT, 32.2, "Final examination  ·  Answer sheet  ·  60 questions", 3.6, 400, grey=70),
        Rule(LEFT, 36.6, 158.0, 36.6, 0.5, 30),
    )


def _captions() -> tuple[Print, ...]:
    grid_cells = tuple(Frame(cell, 0.25, 80) for cell in _student_id().cells)
    numbers = tuple(_question_number(number) for number in range(1, 61))
    separators = tuple(
        Rule(LEFT + c * COLUMN - 1.1, QUESTIONS_TOP - 4.0, LEFT + c * COLUMN - 1.1, 276.0, 0.2, 170) for c in (1, 2, 3)
    )
    return (
        Text(LEFT, 42.6, "Name", 3.4, 600),
        Text(LEFT + 11.6, 42.6, "first and family name", 3.0, 400, grey=100),
        Frame(Area(LEFT, 44.0, 92.0, 15.0)),
        Text(118.0, 42.6, "Signature", 3.4, 600),
        Frame(Area(118.0, 44.0, RIGHT - 118.0, 15.0)),
        Text(LEFT + 0.55, 65.9, "Student ID", 3.4, 600),
        *grid_cells,
        Text(LEFT, 142.6, "Answers", 4.2, 700),
        Rule(LEFT + 21.5, 141.2, RIGHT, 141.2, 0.3, 60),
        *numbers,
        *separators,
    )


def _question_number(number: int) -> Text:
    x, y = _question_origin(number)
    return Text(x + 6.0, y + 1.25, f"{number}.", 3.6, 500, "right")


def _instructions() -> tuple[Print, ...]:
    panel = Area(88.0, 63.8, RIGHT - 88.0, 71.0)
    x = panel.left + 6.0
    lines = (
        "Write your name and sign in the boxes above.",
        "Write your student ID in the squares, then fill one",
        "circle below each digit.",
        "Choose one answer for each question and fill its",
        "circle completely.",
        "Use a dark pen or a soft pencil. Do not fold.",
    )
    starts = (0, 1, 3, 5)
    texts = tuple(Text(x + 5.0, 79.0 + 5.2 * i, line, 3.5) for i, line in enumerate(lines))
    numbers = tuple(Text(x, 79.0 + 5.2 * i, f"{n}.", 3.5, 600) for n, i in enumerate(starts, 1))
    return (
        Frame(panel, 0.3, 150, 246),
        Text(x, 71.6, "How to fill in this sheet", 4.2, 700),
        *texts,
        *numbers,
        *_examples(x, 120.0),
    )


def _examples(x: float, y: float) -> tuple[Print, ...]:
    """Pictures of one good and three bad marks; they belong to no element."""
    wrong = x + 40.0
    reach = 1.6
    return (
        Text(x, y - 5.2, "Like this:", 3.3, 600),
        Ring(x + 2.2, y, BUBBLE, "A"),
        Ring(x + 2.2 + PITCH, y, BUBBLE, fill=30),
        Ring(x + 2.2 + 2 * PITCH, y, BUBBLE, "C"),
        Text(wrong, y - 5.2, "Not like this:", 3.3, 600),
        Ring(wrong + 2.2, y, BUBBLE),
        Rule(wrong + 2.2 - reach, y - reach, wrong + 2.2 + reach, y + reach, 0.45, 40),
        Rule(wrong + 2.2 - reach, y + reach, wrong + 2.2 + reach, y - reach, 0.45, 40),
        Ring(wrong + 2.2 + PITCH, y, BUBBLE),
        Ring(wrong + 2.2 + PITCH, y, 1.4, fill=40),
        Ring(wrong + 2.2 + 2 * PITCH, y, BUBBLE),
        Rule(wrong + 0.8 + 2 * PITCH, y, wrong + 2.0 + 2 * PITCH, y + 1.3, 0.45, 40),
        Rule(wrong + 2.0 + 2 * PITCH, y + 1.3, wrong + 4.0 + 2 * PITCH, y - 2.4, 0.45, 40),
        Text(x, y + 9.3, "Marked the wrong one? Ask for a new sheet.", 3.3, 400, grey=70, face="italic"),
    )


def _footer() -> tuple[Print, ...]:
    return (Text(105.0, 285.2, "Form HC-EX60  ·  Page 1 of 1", 3.0, 400, "center", 100),)
