"""Pages of one respondent are put together, and no page gets into a booklet of which it is not certain."""

from dataclasses import replace

import pytest

from omrclip.errors import InvalidRequest
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.booklets import (
    Booklet,
    BookletPage,
    BookletTitles,
    booklet_page,
    booklet_sheet,
    check_identifiers,
    put_together,
)
from omrclip.omr.report.sheet import Corrected, Sheet
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import Barcode, ChoiceBox, Element, Page, Template

IDENTIFIER = Barcode(name="ID", left=1, top=1, width=9, height=9, barcode_type="qr")


def page(*elements: Element) -> Page:
    return Page(width=100, height=100, elements=elements)


def box(name: str) -> ChoiceBox:
    return ChoiceBox(name=name, left=1, top=1, width=9, height=9, bubble_width=2, bubble_height=2, bubbles=())


TEMPLATE = Template(pages=(page(IDENTIFIER, box("Q1"), box("Age")), page(IDENTIFIER, box("Q1"))))


def told(*pages: BookletPage, identified: tuple[str, ...] = ("t",)) -> list[tuple[str, tuple[int, ...], str]]:
    """The booklets of pages of templates t and u, of two pages each, and s of one page."""
    found = put_together(pages, {"t": 2, "u": 2, "s": 1}, identified)
    return [(booklet.name, booklet.places, " ".join(booklet.problems)) for booklet in found]


def by_identifier(scan: str, number: int, identifier: str) -> BookletPage:
    return BookletPage(scan, "t", number, identifier)


def test_shuffled_pages_with_one_identifier_become_a_booklet() -> None:
    pages = [by_identifier("a", 2, "7"), by_identifier("b", 1, "8"), by_identifier("c", 1, "7")]
    pages.append(by_identifier("d", 2, "8"))
    assert told(*pages) == [("7", (2, 0), ""), ("8", (1, 3), "")]


def test_booklets_of_two_templates_are_different_ones() -> None:
    pages = [by_identifier("a", 1, "7"), replace(by_identifier("b", 2, "7"), template="u")]
    found = told(*pages, identified=("t", "u"))
    assert found == [("7", (0,), "Page 2 is missing."), ("7", (1,), "Page 1 is missing.")]


def test_a_doubled_page_is_in_no_booklet() -> None:
    pages = [by_identifier("a", 1, "7"), by_identifier("b", 2, "7"), by_identifier("c", 2, "7")]
    message = "Page 2 of 7 is there 2 times: b, c."
    alone = f"In no booklet: {message}"
    assert told(*pages) == [("7", (0,), message), ("", (1,), alone), ("", (2,), alone)]


def test_a_page_without_identifier_is_in_no_booklet() -> None:
    pages = [by_identifier("a", 1, "7"), BookletPage("b", "t", 2, problem="ID is blank.")]
    assert told(*pages)[1] == ("", (1,), "In no booklet: ID is blank.")


def ordered(*numbers: tuple[str, int | None], document: str = "x-p{:04}.pdf") -> list[BookletPage]:
    """The pages of a document: templates, and page numbers."""
    named = enumerate(numbers, start=1)
    return [BookletPage(document.format(place), template, number) for place, (template, number) in named]


@pytest.mark.parametrize(
    ("numbers", "booklets"),
    [
        ([("u", 1), ("u", 2), ("u", 1), ("u", 2)], [(0, 1), (2, 3)]),
        ([("u", 1), ("u", 2), ("", None), ("u", 1), ("u", 2)], [(0, 1), (3, 4)]),
        ([("u", 1), ("u", 2), ("s", 1), ("t", 1), ("t", 2)], [(0, 1), (3, 4)]),
        ([("u", 1), ("u", 1), ("u", 2)], []),
        ([("u", 1), ("u", 2), ("u", 2)], []),
        ([("u", 1), ("", None), ("u", 2)], []),
        ([("u", 1), ("t", 2)], []),
        ([("u", 2), ("u", 1)], []),
        ([("u", 1), ("u", 2), ("u", 1)], []),
    ],
)
def test_pages_of_a_document_are_put_together_if_all_come_in_order(
    numbers: list[tuple[str, int | None]], booklets: list[tuple[int, ...]]
) -> None:
    pages = ordered(*numbers)
    found = told(*pages, identified=())
    assert [places for _, places, _ in found if len(places) > 1] == booklets
    assert sorted(place for _, places, _ in found for place in places) == list(range(len(pages)))
    alone = [problem for _, places, problem in found if len(places) == 1 and pages[places[0]].template in ("t", "u")]
    assert set(alone) <= {"In no booklet: the pages of the document do not come in order."}


def test_files_of_one_page_have_no_order() -> None:
    found = told(*ordered(("u", 1), ("u", 2), document="x{}.png"), identified=())
    assert [problem for _, _, problem in found] == ["In no booklet: the scan is a file of one page."] * 2


def sheet(number: int, status: ElementStatus = ElementStatus.MARKED, value: str = "7") -> Sheet:
    elements = [ElementResult("ID", "Barcode", status, value, label="ID")]
    elements += [ElementResult("Q1", "ChoiceBox", ElementStatus.MARKED, f"{number}", label="Q1")]
    return Sheet(Recognition(f"scan {number}", page=number, elements=tuple(elements), template="t"))


@pytest.mark.parametrize(
    ("status", "value", "identifier", "problem"),
    [
        (ElementStatus.MARKED, "7", "7", ""),
        (ElementStatus.UNCERTAIN, "7", "", "ID is uncertain: 7."),
        (ElementStatus.MULTIPLE, "78", "", "ID is multiple: 78."),
        (ElementStatus.BLANK, "", "", "ID is blank."),
        (ElementStatus.MARKED, "", "", "ID is blank."),
    ],
)
def test_only_a_certain_identifier_counts(status: ElementStatus, value: str, identifier: str, problem: str) -> None:
    found = booklet_page(sheet(1, status, value), "ID")
    assert (found.identifier, found.problem) == (identifier, problem)


def test_a_corrected_identifier_counts() -> None:
    corrected = replace(sheet(1, ElementStatus.UNCERTAIN), corrections={"ID": Corrected("9")})
    assert booklet_page(corrected, "ID").identifier == "9"


def test_a_failed_scan_has_no_page() -> None:
    assert booklet_page(Sheet(Recognition("a", error=None)), None) == BookletPage("a")


@pytest.mark.parametrize(
    ("template", "element", "message"),
    [
        (TEMPLATE, "Age", "page 2 has no element 'Age' that is read"),
        (Template(pages=(page(box("ID"), IDENTIFIER),)), "ID", "page 1 has 2 elements 'ID' that is read"),
        (TEMPLATE, "$.Pages[0].Elements[0]", "page 2 has no element"),
    ],
)
def test_a_template_needs_the_identifier_on_each_page(template: Template, element: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        check_identifiers({"t": template}, element)
    assert message.replace("'", "") in str(error.value).replace("'", "")
    with pytest.raises(InvalidRequest):
        check_identifiers({"t": replace(template, booklet_by=element)}, None)


def test_the_option_replaces_what_the_templates_say() -> None:
    template = replace(TEMPLATE, booklet_by="Q1")
    assert check_identifiers({"t": template}, None) == {"t": "Q1"}
    assert check_identifiers({"t": template}, "ID") == {"t": "ID"}
    assert check_identifiers({"t": TEMPLATE}, None) == {}


def test_a_row_has_the_answers_of_all_pages() -> None:
    titles = BookletTitles({"t": TEMPLATE}, {"t": "ID"})
    assert [titles.of("t", 1, title) for title in ("ID", "Q1", "Age")] == ["ID", "Q1 (page 1)", "Age"]
    row = booklet_sheet(Booklet("7", (0, 1), ("Page 3 is missing.",)), [titles.renamed(sheet(n)) for n in (1, 2)])
    values = [(element.title, element.value) for element in row.recognition.elements]
    assert values == [("ID", "7"), ("Q1 (page 1)", "1"), ("Q1 (page 2)", "2")]
    assert (row.booklet, row.pages, row.recognition.scan) == ("7", "1, 2", "scan 1; scan 2")
    assert row.problems == ("Page 3 is missing.",)
