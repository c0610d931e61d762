"""Elements from the fields of PDF forms."""

import io
from collections.abc import Callable

import numpy as np
import pypdf
import pytest

from omrclip.imaging.contents import CHOICE, WRITING, FormField
from omrclip.limits import Limits
from omrclip.omr.authoring.detection.form_fields import form_elements, on_page
from omrclip.omr.authoring.detection.new_template import NewTemplate, new_template
from omrclip.omr.blank_images import blank_pages
from omrclip.omr.template import ChoiceBox, ClipArea, Element
from tests.imaging.pdf_files import PdfPage, pdf
from tests.omr.authoring.detection.pdf_forms import (
    HEIGHT,
    WIDTH,
    changed,
    cut,
    damage,
    hide_checkboxes,
    pdf_form,
    question_places,
    to_sign,
    turned,
)

LIMITS = Limits()
SCALE = 300 / 72
QUESTIONS = [f"q{number}" for number in range(1, 6)]


def _made(data: bytes) -> NewTemplate:
    return new_template(blank_pages(data, 3, LIMITS), "form", LIMITS)


def _elements(data: bytes) -> dict[str, Element]:
    elements = _made(data).template.pages[0].elements
    named = {element.name: element for element in elements if isinstance(element, ChoiceBox | ClipArea)}
    assert len(named) == len(elements)
    return named


def _places(box: Element) -> list[tuple[float, float, float, float]]:
    assert isinstance(box, ChoiceBox)
    return [(bubble.left, bubble.top, box.bubble_width, box.bubble_height) for bubble in box.bubbles]


def test_fields_become_elements_with_their_names_values_and_places() -> None:
    elements = _elements(pdf_form())
    assert list(elements) == [*QUESTIONS, "apples", "pears", "full name"]
    for number, name in enumerate(QUESTIONS):
        box = elements[name]
        assert isinstance(box, ChoiceBox)
        assert [bubble.value for bubble in box.bubbles] == list("ABCD")
        assert box.orientation == "Horizontal"
        expected = SCALE * np.array(question_places(number))
        assert np.abs(np.array(_places(box)) - expected).max() < 1.5
    pears, area = elements["pears"], elements["full name"]
    assert isinstance(pears, ChoiceBox)
    assert [bubble.value for bubble in pears.bubbles] == ["Yes"]
    assert isinstance(area, ClipArea)
    assert np.abs(np.array(area.place) - SCALE * np.array((150, HEIGHT - 524, 200, 24))).max() < 1.5


def test_fields_are_drawn_on_the_image_of_the_page() -> None:
    (page,) = _made(pdf_form(has_print=False)).detections
    left, top, width, height = (round(SCALE * side) for side in question_places(0)[0])
    drawn = page.page.pixels[top : top + height, left : left + width]
    assert drawn.min() < 100 < page.page.pixels[top, left - 20].min()


def test_a_page_that_shows_a_turned_form_has_the_turned_places() -> None:
    elements = _elements(changed(pdf_form(), turned))
    expected = [(HEIGHT - top - height, left, height, width) for left, top, width, height in question_places(1)]
    assert np.abs(np.array(_places(elements["q2"])) - SCALE * np.array(expected)).max() < 1.5
    assert elements["q2"].orientation == "Vertical"  # type: ignore[union-attr]


def test_places_belong_to_the_part_of_the_page_that_is_shown() -> None:
    made = _made(changed(pdf_form(), cut))
    assert made.template.pages[0].width == pytest.approx(SCALE * (WIDTH - 30), abs=1)
    box = next(element for element in made.template.pages[0].elements if element.name == "q1")
    expected = SCALE * (np.array(question_places(0)) - (30, 42, 0, 0))
    assert np.abs(np.array(_places(box)) - expected).max() < 1.5


def test_hidden_fields_are_left_out() -> None:
    assert list(_elements(changed(pdf_form(), hide_checkboxes))) == [*QUESTIONS, "full name"]


def test_a_field_for_a_signature_is_a_clip_area_with_its_name() -> None:
    assert isinstance(_elements(changed(pdf_form(), to_sign))["full name"], ClipArea)


def _without_form(page: pypdf.PageObject) -> None:
    page.pdf.root_object.pop("/AcroForm")  # type: ignore[union-attr]


@pytest.mark.parametrize("change", [damage, _without_form])
def test_a_page_with_a_damaged_form_is_detected_without_it(change: Callable[[pypdf.PageObject], None]) -> None:
    elements = _made(changed(pdf_form(), change)).template.pages[0].elements
    assert not {"q1", "full name"} & {element.name for element in elements}


def test_what_is_printed_beside_the_fields_is_detected() -> None:
    """The fields q1 … q5 of a form, and the printed questions of another one, on one page."""
    circle = "{x} {y} m {x} {above} {right} {above} {right} {y} c {right} {below} {x} {below} {x} {y} c S "
    drawn = "".join(
        circle.format(x=200 + 40 * at, right=214 + 40 * at, y=y, above=y + 9.3, below=y - 9.3)
        for y in (300, 270, 240, 210)
        for at in range(4)
    )

    def print_questions(page: pypdf.PageObject) -> None:
        printed = pypdf.PdfReader(io.BytesIO(pdf(PdfPage(drawn, dimensions=(WIDTH, HEIGHT)))))
        page.merge_page(printed.pages[0])

    elements = _elements(changed(pdf_form(), print_questions))
    assert list(elements)[:8] == [*QUESTIONS, "apples", "pears", "full name"]
    assert [len(_places(elements[name])) for name in list(elements)[8:]] == [4] * 4


def test_names_of_the_second_page_begin_with_its_number() -> None:
    writer = pypdf.PdfWriter()
    for data in (pdf_form(), pdf_form()):
        writer.append(io.BytesIO(data))
    file = io.BytesIO()
    writer.write(file)
    made = _made(file.getvalue())
    assert [element.name for element in made.template.pages[1].elements][:2] == ["P2_q1", "P2_q2"]


def _field(kind: str, name: str, value: str = "") -> FormField:
    return FormField(kind, name, value, 0, 0, 1, 1)


def test_fields_without_names_and_values_get_some() -> None:
    places = [(0.0, 0.0, 9.0, 9.0), (0.0, 20.0, 9.0, 9.0), (0.0, 40.0, 30.0, 9.0), (0.0, 60.0, 30.0, 9.0)]
    fields = [_field(CHOICE, "x", "1"), _field(CHOICE, "x", "1"), _field(WRITING, ""), _field(WRITING, "x")]
    box, unnamed, area = form_elements(list(zip(fields, places, strict=True)))
    assert isinstance(box, ChoiceBox)
    assert [bubble.value for bubble in box.bubbles] == ["A", "B"]
    assert box.orientation == "Vertical"
    assert (unnamed.name, area.name) == ("Field2", "x_2")


def test_places_are_turned_with_the_page() -> None:
    """An image of 200 × 100 pixels that was turned clockwise by 90° and enlarged twice."""
    to_page = np.array([(0, -2, 200), (2, 0, 0), (0, 0, 1)], np.float64)
    assert on_page((0.1, 0.2, 0.3, 0.4), (200, 100), to_page) == pytest.approx((120, 40, 40, 80))
