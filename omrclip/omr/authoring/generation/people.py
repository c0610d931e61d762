"""One form a person: a table of people fills in the placeholders `${key}` of a source."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from omrclip.errors import InvalidMarkup, InvalidRequest, LimitExceeded, Problem
from omrclip.imaging.geometry import Dimensions
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.authoring.generation.drawing import pdf_of
from omrclip.omr.authoring.generation.forms import (
    GeneratedForm,
    decoded,
    laid_out,
    read_source,
    template_of,
    usable_images,
)
from omrclip.omr.authoring.generation.nodes import SHOWN, At, Mistake
from omrclip.omr.authoring.generation.placeholders import filled, placeholders, without_placeholders
from omrclip.omr.authoring.generation.shapes import PageLayout, Shape
from omrclip.omr.authoring.generation.sheet import Settings, SharedParts
from omrclip.omr.authoring.generation.vocabulary import Element, most_like
from omrclip.omr.template import BarcodeDownloadable
from omrclip.omr.template import Element as TemplateElement

MOST_PEOPLE = 10_000
"""People of a table. It bounds the time of a generation: a thousand take some three seconds."""
_WORKBOOK = b"PK\x03\x04"
"""The first bytes of the files of Office programs, which are zip archives."""
MOST_LETTERS = 200
"""Letters of a value of a person: three lines of text."""


@dataclass(frozen=True, slots=True)
class Person:
    """A row of a table.

    Attributes:
        line: where the row ends in the file.
        values: by the headings of the columns.
    """

    line: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PersonalForms:
    """A form for all people, and the PDF with one form for each.

    Attributes:
        form: its template is that of all people, and its PDF has only what all forms have in common.
        pdf: the forms of all people in the order of the table.
    """

    form: GeneratedForm
    pdf: bytes


def read_people(data: bytes, name: str) -> tuple[Person, ...]:
    """Read a CSV file with a heading for each column, separated by commas, semicolons or tabs.

    Columns at the end without a heading and without a value are left out, as spreadsheets write them.

    Args:
        data: the file, in UTF-8, UTF-16 with its mark, or the code page of Windows for Western languages.
        name: of the file, for messages.

    Raises:
        InvalidRequest: with the line of the first mistake.
        LimitExceeded: there are too many people.
    """
    if data.startswith(_WORKBOOK):
        raise InvalidRequest(f"{name} is a workbook, not a CSV file. Save the table as CSV in UTF-8.")
    text = decoded(data)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    people: list[Person] = []
    try:
        headings = _without_end([heading.strip() for heading in next(rows, [])], 0)
        _check_headings(headings, name)
        for row in rows:
            if any(cell.strip() for cell in row):
                people.append(_person(headings, _without_end(row, len(headings)), rows.line_num, name))
            if len(people) > MOST_PEOPLE:
                raise LimitExceeded(
                    f"{name} has more than {MOST_PEOPLE:,} people. Split it.", limit="people", maximum=MOST_PEOPLE
                )
    except csv.Error as error:
        told = (
            "A value that begins with a double quote has none at its end. Write it, or write two where one is meant."
            if "end of data" in str(error) or "expected after" in str(error)
            else f"expected a CSV file; {error}"
        )
        raise InvalidRequest(f"{name}, line {rows.line_num}: {told}") from None
    if not people:
        raise InvalidRequest(f"{name} has no people. Write one line for each below the headings.")
    return tuple(people)


def _without_end(cells: Sequence[str], least: int) -> Sequence[str]:
    """Cells without the empty ones at the end, but for the first few."""
    length = max((number for number, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return cells[: max(length, least)]


def _check_headings(headings: Sequence[str], name: str) -> None:
    for column, heading in enumerate(headings, start=1):
        if not heading or headings.index(heading) != column - 1:
            what = f'the heading "{heading[:SHOWN]}" is there twice' if heading else "there is no heading"
            raise InvalidRequest(f"{name}, line 1: {what} (column {column}). Give each column a heading of its own.")


def _person(headings: Sequence[str], row: Sequence[str], line: int, name: str) -> Person:
    if len(row) != len(headings):
        raise InvalidRequest(
            f"{name}, line {line}: expected {len(headings)} columns, not {len(row)}. "
            "Put values that contain the separator into double quotes."
        )
    for heading, cell in zip(headings, row, strict=True):
        if len(cell) > MOST_LETTERS:
            raise InvalidRequest(f"{name}, line {line}: {heading[:SHOWN]} has more than {MOST_LETTERS} letters.")
        if "\0" in cell:
            raise InvalidRequest(f"{name}, line {line}: {heading[:SHOWN]} is not text. Save the table as CSV in UTF-8.")
    return Person(line, {heading: cell.strip() for heading, cell in zip(headings, row, strict=True)})


def generate_for(
    people: Sequence[Person],
    data: bytes,
    name: str,
    images: Mapping[str, bytes] | None = None,
    settings: Settings | None = None,
    limits: Limits = DEFAULT_LIMITS,
    *,
    is_markdown: bool = False,
) -> PersonalForms:
    """Make a form for each person.

    All are read with one template, so its elements stand at the same places on each. If a bar code contains a
    placeholder, it tells the forms apart: it becomes the `BookletBy` of the template.

    Args:
        people: at least one.
        data: the source, with placeholders such as `${name}` in its texts and in the values of bar codes.
        name: of the form and of its page images.
        images: files by the names that the source uses.
        settings: for what the source does not say.
        limits: how large an image may be.
        is_markdown: whether the source is Markdown.

    Raises:
        InvalidMarkup: with all mistakes of the source, or the line of a person for whom it does not fit.
        InvalidRequest: two people would get the same bar code.
    """
    images, settings = images or {}, settings or Settings()
    source = read_source(data, is_markdown=is_markdown)
    _check_keys(source.elements, people[0].values)
    identifier = _identifier(source.elements)
    images, dimensions = usable_images(images, source.elements, limits)
    forms = _Forms(source.elements, name, settings, dimensions)
    if identifier is not None:
        _check_identifiers(identifier, people)
    common, warnings = forms.in_common(people)
    template = template_of(common, name, identifier.name or "Barcode" if identifier else None)
    warnings = (*source.warnings, *warnings)
    if identifier is None:
        told = "No bar code tells the forms of the people apart. Add ?barcode=Person with value=${…} of a column."
        warnings = (*warnings, Mistake(At(1), told))
    personal = (page for person in people for page in forms.beyond(common, person))
    pdf = pdf_of(personal, images, name, common)
    return PersonalForms(GeneratedForm(template, pdf_of(common, images, name), warnings), pdf)


class _Forms:
    """The layouts of the forms. They are made again when they are needed, because a thousand need much memory.

    What all forms have in common is laid out once (`SharedParts`).
    """

    def __init__(
        self, elements: Sequence[Element], name: str, settings: Settings, images: Mapping[str, Dimensions]
    ) -> None:
        self._elements = elements
        self._name, self._settings, self._images = name, settings, images
        self._shared = SharedParts(without_placeholders(elements))

    def in_common(self, people: Sequence[Person]) -> tuple[tuple[PageLayout, ...], tuple[Mistake, ...]]:
        """The pages with the shapes that all forms have, and the warnings of the first form."""
        pages, warnings = self._laid_out(people[0])
        made = list(pages)
        for person in people[1:]:
            own, _ = self._laid_out(person)
            made = [
                replace(
                    page,
                    shapes=_in_both(page.shapes, other.shapes),
                    elements=_merged(page.elements, other.elements, person),
                )
                for page, other in zip(made, own, strict=True)
            ]
        return tuple(made), warnings

    def beyond(self, common: Sequence[PageLayout], person: Person) -> Iterator[PageLayout]:
        """The pages of a person with what is not on the forms of all people."""
        for page, shared in zip(self._laid_out(person)[0], common, strict=True):
            yield replace(page, shapes=_beyond(page.shapes, shared.shapes))

    def _laid_out(self, person: Person) -> tuple[tuple[PageLayout, ...], tuple[Mistake, ...]]:
        elements = tuple(filled(element, person.values, self._shared.fixed) for element in self._elements)
        try:
            layout = laid_out(elements, self._name, self._settings, self._images, self._shared)
        except InvalidMarkup as error:
            told = f"(filled in for the person in line {person.line} of the table)"
            problems = [Problem(problem.path, f"{problem.expected} {told}") for problem in error.problems]
            raise InvalidMarkup(problems) from None
        return layout.pages, layout.warnings


def _beyond(shapes: Sequence[Shape], others: Sequence[Shape]) -> tuple[Shape, ...]:
    """The shapes that are not among others. Most are the same objects, which is known without their contents."""
    known = set(map(id, others))
    own = [shape for shape in shapes if id(shape) not in known]
    mine = set(map(id, shapes))
    equal = {shape for shape in others if id(shape) not in mine} if own else set()
    return tuple(shape for shape in own if shape not in equal)


def _in_both(shapes: Sequence[Shape], others: Sequence[Shape]) -> tuple[Shape, ...]:
    """The shapes that are among others, too."""
    beyond = set(map(id, _beyond(shapes, others)))
    return tuple(shape for shape in shapes if id(shape) not in beyond)


def _merged(
    elements: Sequence[TemplateElement], own: Sequence[TemplateElement], person: Person
) -> list[TemplateElement]:
    """The elements of all people so far. Only bar codes may differ: their boxes grow to contain each."""
    made = [_around(one, other) for one, other in zip(elements, own, strict=False)]
    for one, element, mine in zip(elements, made, own, strict=False):
        if element is None and one.name != mine.name:
            told = (
                f'"{(one.name or "")[:SHOWN]}" is called "{(mine.name or "")[:SHOWN]}" for the person in line '
                f"{person.line} of the table. Write one name for all people, without placeholders."
            )
            raise InvalidMarkup([Problem(str(At(1)), told)])
        if element is None:
            told = (
                f'"{(mine.name or "")[:SHOWN]}" stands elsewhere on the form of the person in line {person.line} of '
                "the table than on those before. Shorten the values there, or write placeholders below or beside it."
            )
            raise InvalidMarkup([Problem(str(At(1)), told)])
    return [element for element in made if element is not None]


def _around(one: TemplateElement, other: TemplateElement) -> TemplateElement | None:
    if one is other or one == other:
        return one
    if not isinstance(one, BarcodeDownloadable) or not isinstance(other, BarcodeDownloadable):
        return None
    left, top = min(one.left, other.left), min(one.top, other.top)
    right = max(one.left + one.width, other.left + other.width)
    bottom = max(one.top + one.height, other.top + other.height)
    around, same = (replace(each, left=left, top=top, width=right - left, height=bottom - top) for each in (one, other))
    return around if around == same else None


def _check_keys(elements: Sequence[Element], values: Mapping[str, str]) -> None:
    unknown = [(element, key) for element, key in placeholders(elements) if key not in values]
    if unknown:
        problems = [
            Problem(str(element.at), f'The table of people has no column "{key[:SHOWN]}". {most_like(key, values)}')
            for element, key in unknown
        ]
        raise InvalidMarkup(problems)


def _identifier(elements: Sequence[Element]) -> Element | None:
    """The first bar code with a placeholder."""
    return next((element for element, _ in placeholders(elements) if element.kind == "barcode"), None)


def _check_identifiers(identifier: Element, people: Sequence[Person]) -> None:
    """Raise InvalidRequest if two people have the same bar code: their pages would become one booklet."""
    lines: dict[str, int] = {}
    for person in people:
        value = filled(identifier, person.values).values["value"]
        if value in lines:
            raise InvalidRequest(
                f"The people in lines {lines[value]} and {person.line} of the table have the same bar code "
                f'"{value[:SHOWN]}". Give each person another value.'
            )
        lines[value] = person.line
