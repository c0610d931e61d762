"""The patient survey: single and multiple choices with long values, three clip areas, nothing to find the page by."""

from tests.sheets.layout import (
    Area,
    Bubble,
    ChoiceBox,
    ClipArea,
    Element,
    Form,
    Frame,
    Print,
    Rule,
    Text,
    Writing,
)

LEFT, RIGHT = 18.0, 192.0
BUBBLE = 4.2
SCALE_X, SCALE_PITCH = 101.0, 20.0
SCALE_TOP, SCALE_ROW = 67.5, 8.2
OPINIONS = ("Very satisfied", "Satisfied", "Neutral", "Dissatisfied", "Very dissatisfied")
ASPECTS = (
    ("Appointment", "Making an appointment"),
    ("Waiting", "Waiting time"),
    ("Staff", "Friendliness of our staff"),
    ("Doctor", "Explanations by your doctor"),
    ("Rooms", "Cleanliness of the rooms"),
    ("Overall", "Your visit as a whole"),
)
SOURCES = ("Friends", "Physician", "Newspaper", "Website", "Other")
SERVICES = ("Check-up", "Vaccination", "Blood test", "X-ray", "Physiotherapy", "Other")
AGES = ("Under 18", "18 to 64", "65 or over")
LIST_TOP, LIST_ROW = 168.0, 6.6
COMMENT = Area(LEFT, 206.5, RIGHT - LEFT, 43.0)
COMMENT_LINES = (217.2, 227.4, 237.6)
COMMENT_ROOM = Area(LEFT + 4.0, 210.0, RIGHT - LEFT - 10.0, 30.6)  # three lines of writing that stand on the rules
DATE = Area(LEFT, 259.0, 58.0, 14.0)
INITIALS = Area(84.0, 259.0, 40.0, 14.0)


def survey() -> Form:
    """An A4 page without reference marks."""
    elements: tuple[Element, ...] = (
        *(_opinion(row) for row in range(len(ASPECTS))),
        _first_visit(),
        _recommend(),
        _heard_from(),
        _services(),
        _ages(),
        _likelihood(),
        ClipArea("CommentArea", COMMENT.grown(1.0), COMMENT_ROOM, "comment", len(COMMENT_LINES)),
        _clip("DateArea", DATE, "date"),
        _clip("InitialsArea", INITIALS, "initials"),
    )
    prints = (*_header(), *_opinion_prints(), *_choice_prints(), *_writing_prints(), *_footer())
    return Form("survey", 210.0, 297.0, prints, elements)


def _clip(name: str, frame: Area, writing: Writing) -> ClipArea:
    return ClipArea(name, frame.grown(1.0), frame.grown(-2.0), writing)


def _row(name: str, values: tuple[str, ...], x: float, y: float, pitch: float, multiselect: bool = False) -> ChoiceBox:
    bubbles = tuple(Bubble(value, x + i * pitch, y) for i, value in enumerate(values))
    return ChoiceBox(name, bubbles, BUBBLE, "Horizontal", multiselect)


def _opinion(row: int) -> ChoiceBox:
    return _row(ASPECTS[row][0], OPINIONS, SCALE_X, SCALE_TOP + row * SCALE_ROW, SCALE_PITCH)


def _first_visit() -> ChoiceBox:
    return _row("FirstVisit", ("Yes", "No"), 121.0, 121.0, 21.0)


def _recommend() -> ChoiceBox:
    return _row("Recommend", ("Yes", "No", "Not sure"), 121.0, 129.5, 21.0)


def _heard_from() -> ChoiceBox:
    return _row("HeardFrom", SOURCES, LEFT + 8.6, 149.5, 34.0, multiselect=True)


def _services() -> ChoiceBox:
    """Two lists of three; the printed letters are the values."""
    bubbles = tuple(
        Bubble(letter, LEFT + 8.6 + 46.0 * (i // 3), LIST_TOP + LIST_ROW * (i % 3), letter)
        for i, letter in enumerate("ABCDEF")
    )
    return ChoiceBox("Services", bubbles, BUBBLE, "Vertical", True)


def _ages() -> ChoiceBox:
    bubbles = tuple(Bubble(value, 138.6, LIST_TOP + LIST_ROW * i) for i, value in enumerate(AGES))
    return ChoiceBox("Age", bubbles, BUBBLE, "Vertical")


def _likelihood() -> ChoiceBox:
    bubbles = tuple(Bubble(str(n), SCALE_X + 8.4 * n, 193.5, str(n)) for n in range(11))
    return ChoiceBox("Likelihood", bubbles, BUBBLE)


def _header() -> tuple[Print, ...]:
    return (
        Frame(Area(LEFT, 14.0, 1.6, 19.5), 0.0, fill=30),
        Text(LEFT + 5.0, 21.5, "Patient Survey", 9.0, 700),
        Text(LEFT + 5.0, 28.0, "Riverbend Family Clinic", 4.4, 500),
        Text(LEFT + 5.0, 33.2, "Tell us about your last visit.", 3.4, 400, grey=70),
        Text(RIGHT, 19.0, "Your answers are anonymous.", 3.2, 400, "right", 70),
        Text(RIGHT, 23.8, "Please fill the circles completely", 3.2, 400, "right", 70),
        Text(RIGHT, 28.6, "with a blue or black pen.", 3.2, 400, "right", 70),
        Rule(LEFT, 38.5, RIGHT, 38.5, 0.4, 30),
    )


def _heading(number: int, y: float, text: str, x: float = LEFT) -> tuple[Text, ...]:
    return Text(x, y, str(number), 3.9, 700), Text(x + 6.5, y, text, 3.9, 700)


def _mark_all(x: float, y: float) -> Text:
    return Text(x, y, "Mark all that apply.", 3.2, 400, grey=80, face="italic")


def _opinion_prints() -> tuple[Print, ...]:
    words = tuple(opinion.split(" ") for opinion in OPINIONS)
    heads = tuple(
        Text(SCALE_X + i * SCALE_PITCH, 61.0 - 4.0 * (len(lines) - 1 - k), line, 3.0, 500, "center")
        for i, lines in enumerate(words)
        for k, line in enumerate(lines)
    )
    bands = tuple(
        Frame(Area(LEFT, SCALE_TOP + row * SCALE_ROW - SCALE_ROW / 2, RIGHT - LEFT, SCALE_ROW), 0.0, fill=240)
        for row in range(0, len(ASPECTS), 2)
    )
    labels = tuple(
        Text(LEFT + 2.0, SCALE_TOP + row * SCALE_ROW + 1.25, text, 3.7) for row, (_, text) in enumerate(ASPECTS)
    )
    return (*_heading(1, 48.0, "How satisfied were you with …"), *bands, *heads, *labels)


def _beside(box: ChoiceBox, labels: tuple[str, ...]) -> tuple[Text, ...]:
    """The label of each bubble, to its right."""
    pairs = zip(box.bubbles, labels, strict=True)
    return tuple(Text(bubble.x + 3.6, bubble.y + 1.25, label, 3.6) for bubble, label in pairs)


def _choice_prints() -> tuple[Print, ...]:
    return (
        *_heading(2, 122.4, "Was this your first visit to our clinic?"),
        *_beside(_first_visit(), ("Yes", "No")),
        *_heading(3, 130.9, "Would you recommend us to friends?"),
        *_beside(_recommend(), ("Yes", "No", "Not sure")),
        *_heading(4, 142.0, "How did you hear about us?"),
        _mark_all(84.0, 142.0),
        *_beside(_heard_from(), SOURCES),
        *_heading(5, 160.5, "Which services did you use?"),
        _mark_all(84.0, 160.5),
        *_beside(_services(), SERVICES),
        *_heading(6, 160.5, "How old are you?", 130.0),
        *_beside(_ages(), AGES),
        *_heading(7, 194.9, "How likely are you to come back?"),
        Text(SCALE_X - BUBBLE / 2, 189.4, "not at all", 2.9, 400, grey=80, face="italic"),
        Text(SCALE_X + 84.0 + BUBBLE / 2, 189.4, "certainly", 2.9, 400, "right", 80, "italic"),
    )


def _writing_prints() -> tuple[Print, ...]:
    lines = tuple(Rule(LEFT + 3.0, y, RIGHT - 3.0, y, 0.15, 185) for y in COMMENT_LINES)
    return (
        *_heading(8, 204.4, "What could we do better?"),
        Frame(COMMENT),
        *lines,
        Text(LEFT, 257.6, "Date", 3.4, 600),
        Frame(DATE),
        Text(INITIALS.left, 257.6, "Initials", 3.4, 600),
        Frame(INITIALS),
        Text(132.0, 264.5, "Thank you for your help!", 4.0, 600),
        Text(132.0, 270.0, "Please put this page into the box", 3.2, 400, grey=70),
        Text(132.0, 274.2, "at the front desk.", 3.2, 400, grey=70),
    )


def _footer() -> tuple[Print, ...]:
    return (
        Rule(LEFT, 281.5, RIGHT, 281.5, 0.2, 150),
        Text(LEFT, 286.2, "Riverbend Family Clinic  ·  Quality of care", 2.9, 400, grey=100),
        Text(RIGHT, 286.2, "Form RB-12  ·  Page 1 of 1", 2.9, 400, "right", 100),
    )
