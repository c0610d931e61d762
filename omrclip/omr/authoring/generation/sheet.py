"""A page while it is laid out: what is drawn so far, the elements of the template, and the numbers of the form."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from omrclip.errors import InvalidMarkup, Problem
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.authoring.generation.direction import is_right_to_left
from omrclip.omr.authoring.generation.fonts import missing, width, wrapped
from omrclip.omr.authoring.generation.nodes import SHOWN, At, Mistake
from omrclip.omr.authoring.generation.shapes import DPI, LINE, POINTS_PER_INCH, Colour, Font, Oval, Rect, Shape, Words
from omrclip.omr.authoring.generation.vocabulary import BUBBLE_SIZES, Element
from omrclip.omr.template import Bubble, ChoiceBox, Grid, ScoreGroup, UnknownElement
from omrclip.omr.template import Element as TemplateElement

BETWEEN = 20
"""Pixels between two elements in the flow."""
PITCH_ACROSS, PITCH_DOWN = 15, 20
"""Pixels between two bubbles: marks that leave their bubble stay off the next."""
LETTER_SIZE, LETTER_COLOUR = 0.5, (120, 120, 120)
"""The size of the letter in a bubble, as a part of the bubble, and its grey: it is no mark, and shows under none."""


LETTERS_ACROSS = 0.8
"""The width of several letters in a bubble, as a part of the bubble, at most."""
ASCENT, HALF_CAPITAL = 0.95, 0.36
"""The baseline of a line below its top, and below the middle of capital letters, in sizes of the font."""
AFTER_TITLE = 8
"""Pixels between the text of a question and its bubbles."""
CELL_MARGIN, CELL_PADDING = 15, 10
"""Pixels between the sides of a cell of a table and its text, beside it and above or below it."""
MOST_MISSING = 10
"""Letters without a glyph that a mistake names at most."""
MOST_BUBBLES = 20_000
"""Bubbles of a form: about 20 full pages. It bounds the time and memory of a layout."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for a form if its source does not say otherwise. Margins are in pixels at 300 dpi, fonts in points."""

    paper_size: str = "A4"
    orientation: str = "vertical"
    font_size: int = 12
    font_style: frozenset[str] = frozenset()
    bubble_size: str = "normal"
    bubble_colour: Colour = (0, 0, 0)
    left_margin: int = 210
    right_margin: int = 210


@dataclass(frozen=True, slots=True)
class Frame:
    """Where an element is laid out: a column of the page, and the font in it."""

    left: float
    width: float
    font: Font

    def inset(self, left: float, right: float = 0) -> "Frame":
        """A narrower frame."""
        return replace(self, left=self.left + left, width=self.width - left - right)

    def side(self, left: float, across: float, *, is_from_right: bool) -> float:
        """The left end of what has a place and a width, counted from the right side if it is read from there."""
        return 2 * self.left + self.width - left - across if is_from_right else left


@dataclass(frozen=True, slots=True)
class Part:
    """What an element without placeholders adds to a page.

    Attributes:
        bottom, lowest: where it ends, and how far down it reaches.
        targets: of triggers, with these.
        questions, next_number, bubbles: those of the form after it.
    """

    bottom: float
    lowest: float
    shapes: Sequence[Shape]
    elements: Sequence[TemplateElement]
    targets: Sequence[tuple[Element, str]]
    questions: int
    next_number: int
    bubbles: int


@dataclass(slots=True)
class SharedParts:
    """What the forms of many people have in common. It is laid out once, and then only added.

    Attributes:
        fixed: `id` of the elements without placeholders, which are the same objects for all people.
        parts: by the element, its place, and the numbers of the form before it.
        is_checked: whether a form is laid out, so that its warnings are known.
    """

    fixed: frozenset[int]
    parts: dict[tuple[int, Frame, float, int, int, int], Part] = field(default_factory=dict)
    is_checked: bool = False


@dataclass(slots=True)
class Form:
    """What the pages of a form share while they are laid out.

    Attributes:
        images: the dimensions of the images by name.
        questions: the number of `#` questions so far.
        next_number: the number of the next question, those of answer sheets included.
        missing: letters that the fonts do not have, and of which a mistake tells.
        shared: if the form is one of many.
    """

    settings: Settings
    images: Mapping[str, Dimensions]
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)
    questions: int = 0
    next_number: int = 1
    bubbles: int = 0
    missing: set[str] = field(default_factory=set)
    shared: SharedParts | None = None


class Sheet:
    """One page. Each layout function adds to it, and returns how far down it went."""

    def __init__(self, form: Form, dimensions: Dimensions) -> None:
        self.form = form
        self.dimensions = dimensions
        self.shapes: list[Shape] = []
        self.elements: list[TemplateElement] = []
        self.lowest = 0.0
        self.targets: list[tuple[Element, str]] = []
        self._names: set[str] = set()
        self._checked = 0
        self._at = At(1)

    def flow(self, elements: Iterable[Element], frame: Frame, top: float) -> float:
        """Lay out elements one below the other. Returns where the last ends."""
        for element in elements:
            shared = self.form.shared
            if shared is not None and id(element) in shared.fixed:
                top = self._shared(element, frame, top, shared)
            else:
                top = self._laid_out(element, frame, top)
        return top

    def _shared(self, element: Element, frame: Frame, top: float, shared: SharedParts) -> float:
        """Add what an element is known to yield here, or lay it out and remember it."""
        form = self.form
        key = id(element), frame, top, form.questions, form.next_number, form.bubbles
        part = shared.parts.get(key)
        if part is None:
            begin, made, targets = len(self.shapes), len(self.elements), len(self.targets)
            before, self.lowest = self.lowest, 0.0
            bottom = self._laid_out(element, frame, top)
            shared.parts[key] = Part(
                bottom,
                self.lowest,
                tuple(self.shapes[begin:]),
                tuple(self.elements[made:]),
                tuple(self.targets[targets:]),
                form.questions,
                form.next_number,
                form.bubbles,
            )
            self.lowest = max(self.lowest, before)
            return bottom
        self.shapes += part.shapes
        self.elements += part.elements
        self.targets += part.targets
        self._checked = len(self.elements)
        self.lowest = max(self.lowest, part.lowest)
        form.questions, form.next_number, form.bubbles = part.questions, part.next_number, part.bubbles
        return part.bottom

    def _laid_out(self, element: Element, frame: Frame, top: float) -> float:
        begin, around, self._at = len(self.elements), self._at, element.at
        top = LAYOUTS[element.kind](self, element, frame, top)
        self._at = around
        self.lowest = max(self.lowest, top)
        if "x" in element.values or "y" in element.values:
            self._check_place(element, self.elements[begin:])
        new = self.elements[self._checked :]
        self._checked = len(self.elements)
        self._check_values(element, new)
        self._check_names(element, new)
        return top

    def _check_place(self, element: Element, made: Sequence[TemplateElement]) -> None:
        """Report what an element with a place of its own yields beyond the page."""
        placed = [one for one in made if not isinstance(one, UnknownElement)]
        right = max((one.left + one.width for one in placed), default=0) - self.dimensions.width
        bottom = max((one.top + one.height for one in placed), default=0) - self.dimensions.height
        for beyond, side, axis in ((right, "right", "x"), (bottom, "bottom", "y")):
            if beyond > 0:
                self.wrong(
                    element,
                    f"?{element.kind}= reaches {beyond:.0f} pixels beyond the {side} edge of the page. "
                    f"Write a smaller {axis}.",
                )

    def _check_values(self, element: Element, made: Iterable[TemplateElement]) -> None:
        """Report bubbles of one question that have the same value: a mark could not be told from another."""
        values = [value for box in _boxes(made) for value, count in Counter(_values(box)).items() if count > 1]
        if values:
            self.wrong(
                element,
                f'The answer "{values[0][:SHOWN]}" occurs twice in one question. Give each answer another value.',
            )

    def _check_names(self, element: Element, new: Iterable[TemplateElement]) -> None:
        """Warn if what an element yields has the name of something else on the page."""
        made = [one.name for one in new if one.name]
        twice = sorted({name for name in made if name in self._names or made.count(name) > 1})
        self._names.update(made)
        if twice:
            first = twice[0][:SHOWN]
            self.warn(
                element,
                f'{len(twice)} of the names are there twice on this page, such as "{first}". '
                f'The results call the second one "{first} (2)". Write another name, or another start_id.',
            )

    def wrong(self, element: Element, told: str) -> None:
        """Report that an element cannot be laid out."""
        self.form.mistakes.append(Mistake(element.at, told))

    def warn(self, element: Element, told: str) -> None:
        """Report what is laid out, but probably not read well or not meant."""
        self.form.warnings.append(Mistake(element.at, told))

    def has_room(self, element: Element, frame: Frame, least: float) -> bool:
        """Report an element whose column is narrower than some pixels. Returns whether it is wide enough."""
        if frame.width < least:
            self.wrong(
                element,
                f"?{element.kind}= needs {least - frame.width:.0f} pixels more. Give its column a larger part in "
                "columns_proportions, or write a smaller bubble_size.",
            )
        return frame.width >= least

    def write(self, text: str, font: Font, frame: Frame, top: float, align: str = "") -> float:
        """Write a text into the width of a frame. Returns where it ends."""
        self._check_letters(self._at, text, bold=font.bold)
        is_from_right = is_right_to_left(text)
        align = align or ("right" if is_from_right else "left")
        for line in wrapped(text, font, frame.width):
            room = frame.width - width(line, font)
            left = frame.left + {"left": 0.0, "center": room / 2, "right": room}[align]
            if line:
                self.shapes.append(Words(left, top + ASCENT * font.size, line, font, is_from_right))
            top += font.line
        return top

    def write_centred(self, text: str, font: Font, box: tuple[float, float, float, float]) -> None:
        """Write one line into the middle of a box (left, top, width, height)."""
        self._check_letters(self._at, text, bold=font.bold)
        left, top, across, down = box
        baseline = top + down / 2 + HALF_CAPITAL * font.size
        self.shapes.append(Words(left + (across - width(text, font)) / 2, baseline, text, font, is_right_to_left(text)))

    def check_letters(self, element: Element, text: str) -> None:
        """Report letters that cannot be drawn."""
        self._check_letters(element.at, text)

    def _check_letters(self, at: At, text: str, *, bold: bool = False) -> None:
        letters = "".join(letter for letter in missing(text, bold=bold) if letter not in self.form.missing)
        self.form.missing.update(letters)
        if letters:
            is_only_bold = not missing(letters)
            font, instead = ("bold font", "letters that are not bold") if is_only_bold else ("font", "other letters")
            told = f'The {font} has no "{letters[:MOST_MISSING]}". Write {instead}, or show the text as an image.'
            self.form.mistakes.append(Mistake(at, told))

    def bubble(
        self, left: float, top: float, size: tuple[float, float], label: str, *, is_square: bool = False
    ) -> None:
        """Draw a bubble of a width and height with a letter in it.

        The border of a round bubble lies inside. That of a square lies around it: recognition looks for ink within the
        ellipse, which a border inside would touch.
        """
        self.form.bubbles += 1
        if self.form.bubbles > MOST_BUBBLES:
            told = f"A form has at most {MOST_BUBBLES:,} bubbles. Write the elements from here on as another form."
            raise InvalidMarkup([Problem(str(self._at), told)])
        colour, (across, down) = self.form.settings.bubble_colour, size
        if is_square:
            self.shapes.append(Rect(left - LINE / 2, top - LINE / 2, across + LINE, down + LINE, LINE, colour))
        else:
            self.shapes.append(Oval(left + LINE / 2, top + LINE / 2, across - LINE, down - LINE, LINE, colour))
        if label:
            letter = Font(LETTER_SIZE * min(size), colour=LETTER_COLOUR)
            fits = min(1.0, LETTERS_ACROSS * across / max(1.0, width(label, letter)))
            self.write_centred(label, replace(letter, size=letter.size * fits), (left, top, across, down))


def _boxes(elements: Iterable[TemplateElement]) -> Iterator[ChoiceBox]:
    for element in elements:
        if isinstance(element, ChoiceBox):
            yield element
        elif isinstance(element, Grid) and not isinstance(element, ScoreGroup):
            yield from _boxes(element.elements)


def _values(box: ChoiceBox) -> list[str]:
    return [bubble.value for bubble in box.bubbles]


Layout: TypeAlias = Callable[[Sheet, Element, Frame, float], float]
LAYOUTS: dict[str, Layout] = {}


def lays_out(kind: str) -> Callable[[Layout], Layout]:
    """Register the layout of a kind of element."""

    def register(layout: Layout) -> Layout:
        LAYOUTS[kind] = layout
        return layout

    return register


def font_for(element: Element, inherited: Font) -> Font:
    """The font of an element: its own attributes over those of its surroundings."""
    values = element.values
    font = inherited
    if "font_size" in values:
        font = replace(font, size=points(values["font_size"]))
    if "font_style" in values:
        font = styled(font, values["font_style"])
    return replace(font, colour=values["color"]) if "color" in values else font


def styled(font: Font, styles: frozenset[str]) -> Font:
    """A font with exactly these styles."""
    return replace(
        font,
        bold="bold" in styles,
        italic="italic" in styles,
        underline="underline" in styles,
        strikeout="strikeout" in styles,
    )


def points(size: float) -> float:
    """A size in points as pixels."""
    return size * DPI / POINTS_PER_INCH


def bubble_size(element: Element, settings: Settings) -> int:
    """The width of the bubbles of an element in pixels."""
    return BUBBLE_SIZES[element.values.get("bubble_size", settings.bubble_size).lower()]


def choice_box(
    name: str | None, places: Iterable[tuple[str, float, float]], size: tuple[float, float], **more: Any
) -> ChoiceBox:
    """A ChoiceBox around bubbles, which are given as value, left and top."""
    bubbles = tuple(Bubble(value=value, left=round(left), top=round(top)) for value, left, top in places)
    lefts, tops = [bubble.left for bubble in bubbles], [bubble.top for bubble in bubbles]
    runs_down = max(tops) - min(tops) > max(lefts) - min(lefts)
    kind: type[ChoiceBox] = more.pop("kind", ChoiceBox)
    return kind(
        name=name,
        left=min(lefts),
        top=min(tops),
        width=max(lefts) - min(lefts) + round(size[0]),
        height=max(tops) - min(tops) + round(size[1]),
        bubble_width=round(size[0]),
        bubble_height=round(size[1]),
        bubbles=bubbles,
        orientation="Vertical" if runs_down else "Horizontal",
        **more,
    )
