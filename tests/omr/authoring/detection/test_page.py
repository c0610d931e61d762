"""Detection of the elements on blank pages that are drawn by chance, and on the forms of the project."""

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from omrclip.imaging.arrays import Pixels
from omrclip.omr.authoring.detection.left_out import Why
from omrclip.omr.authoring.detection.page import DECIDED_BY_SPACING, detect
from omrclip.omr.template import Barcode, ChoiceBox, ClipArea, Grid, ReferencePoint
from omrclip.schemas.template import load_template
from tests.omr.authoring.detection.blank_forms import BlankForm, blank_form
from tests.omr.authoring.detection.scoring import (
    Picture,
    choice_boxes,
    photographed,
    places_of,
    render,
    score,
    skewed,
)

TEMPLATES = Path(__file__).parents[4] / "templates_omr"
DPI = 150


def _boxes(form: BlankForm) -> list[list[tuple[float, float, float, float]]]:
    scale = DPI / 25.4
    return [
        [(left * scale, top * scale, width * scale, height * scale) for left, top, width, height in box.bubbles]
        for box in form.boxes
    ]


# Dashed outlines run together or apart in photos, so they are asked of scans only.
@pytest.mark.parametrize(
    ("shape", "way"),
    [
        *product(["circle", "oval", "square", "rounded", "bracket", "paren"], ["flat", "skewed", "photo"]),
        *product(["dashed"], ["flat", "skewed"]),
    ],
)
def test_finds_all_bubbles_of_a_form_in_their_elements(shape: str, way: str) -> None:
    form = blank_form(0, shape)
    flat, rng = render(form.pdf, DPI), np.random.default_rng(4)
    ways = {"skewed": skewed, "photo": photographed}
    picture = ways[way](flat, rng) if way in ways else Picture(flat, np.eye(3))
    scored = score(detect(picture.pixels), picture.matrix, _boxes(form), [box.kind for box in form.boxes], DPI)
    assert scored.found >= 0.97 * scored.drawn
    assert scored.false <= 0.01 * scored.drawn
    assert scored.right >= 0.95 * scored.drawn
    assert np.median(scored.errors) < 1.5


def _template_page(name: str) -> Pixels:
    return np.asarray(cv2.imread(str(TEMPLATES / f"{name}.png")), np.uint8)


@pytest.mark.parametrize(("name", "drawn"), [("exam", 380), ("survey", 60)])
def test_finds_exactly_the_elements_of_the_templates(name: str, drawn: int) -> None:
    (page,) = load_template((TEMPLATES / f"{name}.omr").read_bytes()).pages
    boxes = [places_of(box) for box in choice_boxes(page.elements)]
    scored = score(detect(_template_page(name)), np.eye(3), boxes, [name] * len(boxes), 200)
    assert (scored.drawn, scored.found, scored.false, scored.right) == (drawn, drawn, 0, drawn)


def test_finds_codes_corner_marks_and_the_grid_of_the_exam() -> None:
    elements = [proposal.element for proposal in detect(_template_page("exam")).proposals]
    assert [element.barcode_type for element in elements if isinstance(element, Barcode)] == ["qr"]
    marks = [element for element in elements if isinstance(element, ReferencePoint)]
    assert [(round(mark.left / 100), round(mark.top / 100)) for mark in marks] == [(1, 1), (15, 1), (15, 22), (1, 22)]
    (grid,) = (element for element in elements if isinstance(element, Grid))
    assert grid.orientation == "Horizontal"
    assert [len(box.bubbles) for box in choice_boxes([grid])] == [10] * 8
    assert [bubble.value for bubble in next(choice_boxes([grid])).bubbles] == list("0123456789")


def test_questions_are_numbered_down_their_columns() -> None:
    elements = [proposal.element for proposal in detect(_template_page("exam")).proposals]
    boxes = [element for element in elements if isinstance(element, ChoiceBox)]
    assert [box.name for box in boxes] == [str(number) for number in range(1, 61)]
    assert boxes[0].left == boxes[14].left < boxes[15].left
    assert [bubble.value for bubble in boxes[0].bubbles] == list("ABCDE")


def test_lists_printed_examples_and_boxes_for_letters_as_left_out() -> None:
    left_out = [unused.why for unused in detect(_template_page("exam")).left_out]
    assert left_out.count(Why.EXAMPLE) >= 5
    assert left_out.count(Why.CELL) == 8


def test_an_array_without_print_is_proposed_with_less_confidence() -> None:
    page = np.full((1400, 1000, 3), 255, np.uint8)
    for row in range(4):
        for column in range(5):
            cv2.circle(page, (300 + 50 * column, 400 + 50 * row), 14, (0, 0, 0), 2, cv2.LINE_AA)
    proposals = detect(page).proposals
    assert [proposal.confidence for proposal in proposals] == [DECIDED_BY_SPACING] * 4


@pytest.mark.parametrize("page", [np.full((600, 400, 3), 255, np.uint8), np.zeros((400, 600), np.uint8)])
def test_nothing_is_found_on_an_empty_page(page: Pixels) -> None:
    detection = detect(page)
    assert (detection.proposals, detection.left_out) == ((), ())


def test_a_pattern_of_squares_is_left_out_as_a_whole() -> None:
    page = np.full((2800, 2000), 255, np.uint8)
    for y in range(20, 2780, 30):
        for x in range(20, 1960, 30):
            cv2.rectangle(page, (x, y), (x + 21, y + 21), (0,), 2)
    detection = detect(page)
    assert detection.proposals == ()
    assert {unused.why for unused in detection.left_out} == {Why.CROWD}


@pytest.mark.parametrize("name", ["exam", "survey"])
def test_proposes_exactly_the_clip_areas_of_the_templates(name: str) -> None:
    (page,) = load_template((TEMPLATES / f"{name}.omr").read_bytes()).pages
    found = [one.element for one in detect(_template_page(name)).proposals if isinstance(one.element, ClipArea)]
    drawn = sorted(page.clip_areas, key=lambda area: (area.top, area.left))
    assert [area.name for area in found] == [f"Write{number}" for number in range(1, len(drawn) + 1)]
    for area, true in zip(found, drawn, strict=True):
        assert np.allclose(area.place, true.place, atol=26)  # the templates have a margin of 1 mm outside the frame


def test_lines_with_a_label_are_places_to_write_in_and_rules_and_tables_are_not() -> None:
    page = np.full((1400, 1000), 255, np.uint8)
    cv2.putText(page, "Name", (80, 300), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0,), 2)
    cv2.line(page, (160, 302), (460, 302), (0,), 1)
    cv2.line(page, (80, 500), (920, 500), (0,), 1)
    for x in (80, 180, 460):
        cv2.line(page, (x, 600), (x, 640), (0,), 1)
    for y in (600, 640):
        cv2.line(page, (80, y), (460, y), (0,), 1)
    cv2.putText(page, "Row", (90, 630), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0,), 2)
    areas = [one.element for one in detect(page).proposals if isinstance(one.element, ClipArea)]
    lines = [area for area in areas if area.top < 590]
    assert len(lines) == 1
    assert np.allclose(lines[0].place, (160, 258, 301, 52), atol=4)


def test_lines_begin_below_each_other_behind_labels_of_different_lengths() -> None:
    page = np.full((1400, 1000), 255, np.uint8)
    for y, label in ((300, "Name"), (400, "Date of birth")):
        cv2.putText(page, label, (80, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0,), 1)
        cv2.line(page, (200, y + 2), (500, y + 2), (0,), 1)
    assert len(_write_ins(page)) == 2


def _write_ins(page: Pixels) -> list[tuple[float, float, float, float]]:
    return [one.element.place for one in detect(page).proposals if isinstance(one.element, ClipArea)]


def test_a_box_with_its_label_at_the_top_is_a_place_to_write_in() -> None:
    page = np.full((1400, 1000), 255, np.uint8)
    for top, height in ((200, 100), (400, 100), (600, 40)):
        cv2.rectangle(page, (100, top), (600, top + height), (0,), 2)
    cv2.putText(page, "Name", (110, 225), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0,), 1)
    cv2.putText(page, "Printed in the middle", (110, 460), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0,), 2)
    # 5 mm are not free below it, and 40 % of the width are printed.
    cv2.putText(page, "The cell of some table", (110, 618), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0,), 1)
    (place,) = _write_ins(page)
    assert np.allclose(place, (101, 201, 498, 98), atol=4)


def test_a_line_with_its_label_below_is_a_place_to_write_in_and_a_rule_above_text_is_not() -> None:
    page = np.full((1400, 1000), 255, np.uint8)
    for top in (300, 600):
        cv2.line(page, (100, top), (500, top), (0,), 1)
        cv2.putText(page, "Signature", (100, top + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0,), 1)
    cv2.putText(page, "goes on below", (100, 640), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0,), 1)
    (place,) = _write_ins(page)
    assert np.allclose(place, (100, 257, 400, 44), atol=4)


def test_the_desk_at_the_edge_of_a_photo_is_no_label_of_rows() -> None:
    page = np.full((1400, 1000, 3), 255, np.uint8)
    for y in range(0, 1400, 12):  # a ragged edge, which is no straight line
        page[y : y + 6, :8] = 90
    for row in range(10):
        for column in range(5):
            centre = (300 + 50 * column, 400 + 50 * row)
            cv2.circle(page, centre, 16, (0, 0, 0), 2, cv2.LINE_AA)
            corner = (centre[0] - 7, centre[1] + 7)
            cv2.putText(page, str(row), corner, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    (proposal,) = detect(page).proposals
    assert isinstance(proposal.element, Grid)
    assert [len(box.bubbles) for box in choice_boxes([proposal.element])] == [10] * 5
