"""Put the pages of one respondent together: by an identifier on each page, else by their order in the document.

No page gets into a booklet of which it is not certain: a page with a doubtful identifier, or one of two pages with the
same number, stays alone and says why.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from omrclip.errors import InvalidRequest
from omrclip.omr.labels import distinct, element_path, page_labels
from omrclip.omr.report.file_names import shown_name
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import Barcode, ChoiceBox, Grid, Template

MOST_NAMED = 5
"""Scans that a message about a booklet names."""
_PAGE_OF_DOCUMENT = re.compile(r"(.*)-p([0-9]{4,})(\.[^.]*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BookletPage:
    """What is known of a scan to put it into a booklet.

    Attributes:
        scan: its name. The pages of a document are called `<file>-p0001.<extension>`.
        template: the name of its template; "" if the batch has one template, or the scan failed.
        page: the number of its page in the template; None if the scan failed.
        identifier: the identifier that was read; "" if there is none.
        problem: why the page has no identifier although it should have one; "" otherwise.
    """

    scan: str
    template: str = ""
    page: int | None = None
    identifier: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Booklet:
    """The pages of one respondent, or one page that is in no booklet.

    Attributes:
        name: the identifier, or the first scan of pages that are put together by their order; "" for a page alone.
        places: the indices of its scans, by their page numbers.
        problems: sentences for people.
    """

    name: str
    places: tuple[int, ...]
    problems: tuple[str, ...] = ()


def identifier_problem(template: Template, element: str) -> str:
    """Why an element cannot identify the booklets of a template; "" if it can.

    Each page needs exactly one element with this name, or the path of one on a template of one page.
    """
    for number, page in enumerate(template.pages, start=1):
        found = [
            index
            for index, placed in enumerate(page.elements)
            if isinstance(placed, Barcode | ChoiceBox | Grid) and element in (placed.name, element_path(number, index))
        ]
        if len(found) != 1:
            count = "no element" if not found else f"{len(found)} elements"
            return (
                f"page {number} has {count} {shown_name(element)!r} that is read. Name a bar code, a choice box or a "
                "grid that is on each page of the template once"
            )
    return ""


def check_identifiers(templates: Mapping[str, Template], element: str | None) -> dict[str, str]:
    """Return the element that identifies the booklets of each template that has one.

    Args:
        templates: by their names in the batch.
        element: the option of the batch, which replaces the member `BookletBy` of all templates; None for none.

    Raises:
        InvalidRequest: a template has no such element on a page.
    """
    chosen = {name: element or template.booklet_by for name, template in templates.items()}
    for name, by in chosen.items():
        problem = identifier_problem(templates[name], by) if by else ""
        if problem:
            expected = f"the name of an element on each page: in the template {shown_name(name)!r} {problem}"
            raise InvalidRequest.at("$.BookletBy", expected)
    return {name: by for name, by in chosen.items() if by}


def booklet_page(sheet: Sheet, element: str | None) -> BookletPage:
    """What a sheet says about its booklet. `element` is the name or path of its identifier, None for none."""
    found = sheet.recognition
    if not found.passed:
        return BookletPage(found.scan)
    if element is None:
        return BookletPage(found.scan, found.template, found.page)
    read = next((read for read in found.elements if element in (read.name, read.path)), None)
    if read is None:
        problem = f"{shown_name(element)} was not read."
        return BookletPage(found.scan, found.template, found.page, problem=problem)
    corrected = sheet.correction(read.title)
    value = read.value if corrected is None else corrected
    if corrected is None and read.status is not ElementStatus.MARKED:
        problem = f"{read.title} is {read.status}{f': {value}' if value else ''}."
        return BookletPage(found.scan, found.template, found.page, problem=problem)
    problem = "" if value else f"{read.title} is blank."
    return BookletPage(found.scan, found.template, found.page, value, problem)


def put_together(pages: Sequence[BookletPage], counts: Mapping[str, int], identified: Sequence[str]) -> list[Booklet]:
    """Return the booklets, and the pages that are in none, in the order of their first scans.

    Args:
        pages: all scans of the batch, in order.
        counts: the name of a template, as in `BookletPage.template` → the number of its pages.
        identified: the templates whose pages have an identifier.
    """
    found = [*_by_identifier(pages, counts), *_by_order(pages, counts, identified)]
    taken = {place for booklet in found for place in booklet.places}
    for place, page in enumerate(pages):
        if place not in taken:
            found.append(Booklet("", (place,), (f"In no booklet: {page.problem}",) if page.problem else ()))
    return sorted(found, key=lambda booklet: min(booklet.places))


def _by_identifier(pages: Sequence[BookletPage], counts: Mapping[str, int]) -> Iterator[Booklet]:
    groups: dict[tuple[str, str], dict[int, list[int]]] = {}
    for place, page in enumerate(pages):
        if page.identifier and page.page:
            groups.setdefault((page.template, page.identifier), {}).setdefault(page.page, []).append(place)
    for (template, identifier), numbered in groups.items():
        single = {number: places[0] for number, places in numbered.items() if len(places) == 1}
        missing = [str(number) for number in range(1, counts[template] + 1) if number not in numbered]
        problems = [f"Page {number} is missing." for number in missing]
        for number, places in sorted(numbered.items()):
            if len(places) > 1:
                told = (
                    f"Page {number} of {shown_name(identifier)} is there {len(places)} times: {_named(pages, places)}."
                )
                problems.append(told)
                yield from (Booklet("", (place,), (f"In no booklet: {told}",)) for place in places)
        if single:
            yield Booklet(identifier, tuple(single[number] for number in sorted(single)), tuple(problems))


def _by_order(pages: Sequence[BookletPage], counts: Mapping[str, int], identified: Sequence[str]) -> Iterator[Booklet]:
    """The booklets of documents in which all pages come in order; other documents have none."""
    for document, group in groupby(range(len(pages)), lambda place: _document(pages[place].scan)[0]):
        places = list(group)
        wanted = [place for place in places if pages[place].page and pages[place].template not in identified]
        if not any(counts[pages[place].template] > 1 for place in wanted):
            continue
        booklets = _in_order(pages, places, counts, identified) if document else None
        if booklets is not None:
            yield from (Booklet(pages[booklet[0]].scan, tuple(booklet)) for booklet in booklets)
            continue
        told = "the pages of the document do not come in order" if document else "the scan is a file of one page"
        for place in wanted:
            if counts[pages[place].template] > 1:
                yield Booklet("", (place,), (f"In no booklet: {told}.",))


def _in_order(
    pages: Sequence[BookletPage], places: Sequence[int], counts: Mapping[str, int], identified: Sequence[str]
) -> list[list[int]] | None:
    """Return the booklets of a document; None if a page is missing, extra, doubled or failed within one."""
    numbers = [_document(pages[place].scan)[1] for place in places]
    if numbers != list(range(1, len(places) + 1)):
        return None
    booklets: list[list[int]] = []
    open_template, following = "", 1
    for place in places:
        page = pages[place]
        is_other = page.page is None or page.template in identified
        if following == 1:
            if is_other:
                continue
            open_template = page.template
            booklets.append([])
        if is_other or page.template != open_template or page.page != following:
            return None
        booklets[-1].append(place)
        following = following + 1 if following < counts[open_template] else 1
    return booklets if following == 1 else None


def _document(scan: str) -> tuple[str, int]:
    """The document of a scan and its number there; ("", 0) for a file of one page."""
    found = _PAGE_OF_DOCUMENT.fullmatch(scan)
    return (f"{found[1]}{found[3] or ''}", int(found[2])) if found else ("", 0)


def _named(pages: Sequence[BookletPage], places: Sequence[int]) -> str:
    more = f" and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    return ", ".join(pages[place].scan for place in places[:MOST_NAMED]) + more


class BookletTitles:
    """The titles of elements in tables with one row a booklet.

    A title that elements of two pages of a template have gets the number of the page: `Q1 (page 2)`. The identifier is
    the same on all pages, and has one column.
    """

    def __init__(self, templates: Mapping[str, Template], identifiers: Mapping[str, str]) -> None:
        self._titles: dict[tuple[str, int, str], str] = {}
        for name, template in templates.items():
            by = identifiers.get(name)
            labels = [
                (number, title) for number, page in enumerate(template.pages, 1) for title in page_labels(page).values()
            ]
            shared = Counter(title for _, title in labels)
            titles = distinct(
                (
                    title if shared[title] == 1 or title == by else f"{title} (page {number})"
                    for number, title in labels
                ),
                "{} ({})",
            )
            for (number, title), given in zip(labels, titles, strict=True):
                self._titles[name, number, title] = title if title == by else given

    def of(self, template: str, page: int | None, title: str) -> str:
        """The title in the tables of an element or clip area on a page."""
        return self._titles.get((template, page or 0, title), title)

    def renamed(self, sheet: Sheet) -> Sheet:
        """The sheet with these titles."""
        found = sheet.recognition
        elements = [replace(read, label=self.of(found.template, found.page, read.title)) for read in found.elements]
        clips = [replace(clip, label=self.of(found.template, found.page, clip.title)) for clip in found.clips]
        corrections = {self.of(found.template, found.page, title): given for title, given in sheet.corrections.items()}
        renamed = replace(found, elements=tuple(elements), clips=tuple(clips))
        return replace(sheet, recognition=renamed, corrections=corrections)


def booklet_sheet(booklet: Booklet, sheets: Sequence[Sheet]) -> Sheet:
    """The row of a booklet: its sheets, renamed, as one."""
    if len(sheets) == 1:
        number = str(sheets[0].recognition.page or "")
        return replace(sheets[0], booklet=booklet.name, pages=number, problems=booklet.problems)
    elements = {read.title: read for sheet in reversed(sheets) for read in sheet.recognition.elements}
    ordered = {read.title: None for sheet in sheets for read in sheet.recognition.elements}
    merged = replace(
        sheets[0].recognition,
        scan="; ".join(sheet.recognition.scan for sheet in sheets),
        elements=tuple(elements[title] for title in ordered),
        clips=tuple(clip for sheet in sheets for clip in sheet.recognition.clips),
        messages=tuple(message for sheet in sheets for message in sheet.recognition.messages),
        seconds=sum(sheet.recognition.seconds for sheet in sheets),
    )
    return Sheet(
        merged,
        tuple(file for sheet in sheets for file in sheet.clip_files),
        {title: given for sheet in sheets for title, given in sheet.corrections.items()},
        tuple(link for sheet in sheets for link in sheet.clip_links),
        booklet=booklet.name,
        pages=", ".join(str(sheet.recognition.page) for sheet in sheets),
        problems=booklet.problems,
    )
