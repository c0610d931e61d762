"""The words and fields of PDF pages, and their bounds."""

from contextlib import closing

import pytest
from pypdf import PageObject
from pypdf.generic import RectangleObject

from omrclip.imaging import pdf_contents
from omrclip.imaging.contents import CHOICE, PageContents
from omrclip.imaging.pdf_pages import PdfPages
from omrclip.imaging.tiff.ranges import BytesReader
from tests.imaging.pdf_files import PdfPage, pdf
from tests.omr.authoring.detection.pdf_forms import changed, pdf_form, turned

TEXT = "BT /F 20 Tf 100 700 Td (Two words) Tj ET"


def _contents(data: bytes) -> PageContents:
    with closing(PdfPages(BytesReader(data), 40_000_000)) as pages:
        return pages.contents(1)


def test_lines_of_underscores_or_dots_are_no_part_of_a_word() -> None:
    text = "BT /F 20 Tf 100 700 Td (Name:____) Tj 0 -50 Td (Date:....) Tj ET"
    words = [word[0] for word in _contents(pdf(PdfPage(text, dimensions=(500, 800)))).words]
    assert words[:2] == ["Name:", "____"]
    assert words[2].rstrip(".") == "Date:"
    assert set(words[3:]) == {"."}


def test_words_have_their_places_on_a_page_of_any_rotation() -> None:
    (two, _) = _contents(pdf(PdfPage(TEXT, dimensions=(500, 800)))).words
    assert two[0] == "Two"
    assert two[1:] == pytest.approx((0.2, 0.107, 0.276, 0.126), abs=0.005)
    (down, *_) = _contents(pdf(PdfPage(TEXT, dimensions=(500, 800), rotate=180))).words
    assert down[1] == pytest.approx(1 - 0.2 - 0.02, abs=0.03)


def test_a_page_without_a_form_has_no_fields() -> None:
    assert _contents(pdf(PdfPage(""))) == PageContents()


def test_fields_are_told_in_the_order_of_the_file() -> None:
    fields = _contents(pdf_form()).fields
    assert [(field.kind, field.name, field.value) for field in fields[:2]] == [(CHOICE, "q1", "A"), (CHOICE, "q1", "B")]
    first = _contents(changed(pdf_form(), turned)).fields[0]
    upright = fields[0]
    assert (first.top, first.bottom) == pytest.approx((upright.left, upright.right), abs=1e-4)
    assert (first.left, first.right) == pytest.approx((1 - upright.bottom, 1 - upright.top), abs=1e-4)


def test_too_many_letters_and_fields_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_contents, "MOST_LETTERS", 5)
    monkeypatch.setattr(pdf_contents, "MOST_FIELDS", 3)
    contents = _contents(pdf_form())
    assert contents.words == ()
    assert len(contents.fields) == 3


def test_fields_over_the_edge_of_the_page_are_moved_onto_it() -> None:
    whole = _contents(pdf_form()).fields[0]
    middle = (whole.left + whole.right) / 2

    def cut(page: PageObject) -> None:
        left, bottom, right, top = map(float, page.mediabox)
        page.mediabox = RectangleObject((left + (middle - 0.001) * (right - left), bottom, right, top))

    field = _contents(changed(pdf_form(), cut)).fields[0]
    assert field.left == 0
    assert field.right * (1 - middle + 0.001) == pytest.approx(whole.right - whole.left, abs=1e-4)
