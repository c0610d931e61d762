"""Values of elements, read from pictures of a drawn form, and what a person is asked."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.reading.elements import BubbleReader, as_corners, boxes_in_scan, read_elements
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration.find import ImagePyramid, register
from omrclip.omr.results import ElementResult, ElementStatus, MarkThresholds
from omrclip.omr.template import Barcode, Bubble, ChoiceBox, ClipArea, Grid
from tests.omr.sheet import (
    PAGE,
    Pen,
    Sheet,
    Tones,
    View,
    coloured,
    fill,
    form,
    onto,
    printed,
    question,
    strokes,
    turned,
)

MARKED, BLANK, MULTIPLE, UNCERTAIN = (
    ElementStatus.MARKED,
    ElementStatus.BLANK,
    ElementStatus.MULTIPLE,
    ElementStatus.UNCERTAIN,
)
WITH_IMAGE = pytest.mark.parametrize("image", [True, False], ids=["page image", "template alone"])
FORM = form()
ANSWERS = {f"Q{n + 1}": "ABCDE"[n * 7 % 5] for n in range(11)}
ANSWERS |= {"Id1": "1", "Id2": "7", "Id3": "0", "Id4": "9", "Code1": "X", "Code2": "Z"}


def read(
    tones: Tones, sheet: Sheet = FORM, *, image: bool = True, options: RecognitionOptions | None = None
) -> dict[str, ElementResult]:
    pixels, known = coloured(tones), sheet.known(image=image)
    found = register(known, ImagePyramid(pixels))
    page = RegisteredPage(DecodedImage(pixels), found.registration)
    return {result.name: result for result in read_elements(found, page, options or RecognitionOptions())}


def values(results: dict[str, ElementResult]) -> dict[str, str]:
    return {name: result.value for name, result in results.items()}


EXPECTED = {name: value for name, value in ANSWERS.items() if name[0] == "Q"} | {"Q12": "", "Id": "1709", "Code": "XZ"}
VIEWS = {
    "as it is": turned(0),
    "upside down": turned(180),
    "askew": turned(12),
    "perspective": onto([(60, 40), (640, 90), (600, 860), (20, 800)], Dimensions(700, 900)),
}


@WITH_IMAGE
@pytest.mark.parametrize("view", VIEWS)
def test_every_element_is_read_in_template_order(view: str, image: bool) -> None:
    results = read(VIEWS[view].of(FORM.marked(ANSWERS), 120), image=image)
    assert values(results) == EXPECTED
    assert list(results) == [f"Q{n + 1}" for n in range(12)] + ["Id", "Code"]
    assert {name for name, result in results.items() if result.status is not MARKED} == {"Q12"}
    assert results["Q12"].status is BLANK
    assert all(0.3 < result.confidence <= 1 for result in results.values())
    assert not [result.message for result in results.values() if result.message]


@WITH_IMAGE
def test_light_does_not_matter(image: bool) -> None:
    shade = np.linspace(0.8, 0.35, 600)[None]
    assert values(read((FORM.marked(ANSWERS) * shade).astype(np.uint8), image=image)) == EXPECTED


@WITH_IMAGE
def test_one_letter_throughout_is_no_print(image: bool) -> None:
    every_c = (
        {f"Q{n + 1}": "C" for n in range(12)} | {f"Id{n}": "3" for n in (1, 2, 3, 4)} | {"Code1": "Y", "Code2": "Y"}
    )
    results = read(FORM.marked(every_c), image=image)
    assert values(results) == {f"Q{n + 1}": "C" for n in range(12)} | {"Id": "3333", "Code": "YY"}


def test_a_grid_tells_of_its_parts() -> None:
    results = read(FORM.marked(ANSWERS | {"Id2": "", "Id3": "05"}))
    grid = results["Id"]
    assert (grid.type, grid.value) == ("Grid", "1 059")
    assert [child.value for child in grid.children] == ["1", "", "05", "9"]
    assert [child.status for child in grid.children] == [MARKED, BLANK, MULTIPLE, MARKED]
    assert grid.status is UNCERTAIN
    assert (
        grid.message
        == "Columns without a mark: 2. part 3: Look at the scan: 2 answers are marked where one is asked for."
    )
    assert grid.confidence == min(0.5, *(child.confidence for child in grid.children))
    assert not grid.bubbles
    assert len(grid.children[0].bubbles) == 10


@pytest.mark.parametrize(
    ("empty", "gap", "value", "message"),
    [
        ("1", " ", " 709", "Columns without a mark: 1."),
        ("2", " ", "1 09", "Columns without a mark: 2."),
        ("4", "_", "170_", "Columns without a mark: 4."),
        ("23", "", "19", "Columns without a mark: 2, 3."),
        ("124", "?", "??0?", "Columns without a mark: 1, 2, 4."),
    ],
)
def test_an_empty_column_keeps_its_place_in_a_grid(empty: str, gap: str, value: str, message: str) -> None:
    tones = FORM.marked(ANSWERS | {f"Id{number}": "" for number in empty})
    grid = read(tones, options=RecognitionOptions(grid_gap=gap))["Id"]
    assert (grid.value, grid.status, grid.message) == (value, UNCERTAIN, message)


def test_a_wholly_empty_grid_is_blank() -> None:
    grid = read(FORM.marked(ANSWERS | {f"Id{number}": "" for number in (1, 2, 3, 4)}))["Id"]
    assert (grid.value, grid.status, grid.message) == ("", BLANK, "")


def test_an_empty_grid_in_a_grid_keeps_the_places_of_all_its_columns() -> None:
    boxes = FORM.boxes()
    inner = Grid(name="", left=80, top=140, width=200, height=60, elements=(boxes["Q2"], boxes["Q3"]))
    outer = Grid(name="Outer", left=80, top=100, width=200, height=120, elements=(inner, boxes["Q1"]))
    result = read(FORM.marked(ANSWERS | {"Q2": "", "Q3": ""}), replace(FORM, elements=(outer, boxes["Q4"])))["Outer"]
    assert (result.value, result.status) == (f"  {ANSWERS['Q1']}", UNCERTAIN)


def test_blank_elements_are_uncertain_where_that_is_asked() -> None:
    tones = FORM.marked(ANSWERS | {"Id1": "", "Id2": "", "Id3": "", "Id4": ""})
    results = read(tones, options=RecognitionOptions(blank_is=UNCERTAIN))
    doubtful = {name: (result.value, result.message) for name, result in results.items() if result.status is UNCERTAIN}
    assert doubtful == {"Q12": ("", "Nothing is marked."), "Id": ("", "Nothing is marked.")}


def test_grids_in_grids_and_what_is_no_choice_box_in_them() -> None:
    boxes = FORM.boxes()
    inner = Grid(name="", left=80, top=140, width=200, height=60, elements=(boxes["Q2"], boxes["Q3"]))
    noted = ClipArea(name="Note", left=1, top=1, width=9, height=9)
    outer = Grid(name="Outer", left=80, top=100, width=200, height=120, elements=(boxes["Q1"], noted, inner))
    results = read(FORM.marked(ANSWERS), replace(FORM, elements=(outer, boxes["Q4"])))
    assert values(results) == {"Outer": ANSWERS["Q1"] + ANSWERS["Q2"] + ANSWERS["Q3"], "Q4": ANSWERS["Q4"]}
    assert [len(child.children) for child in results["Outer"].children] == [0, 2]


def test_several_marks_are_values_where_they_may_be() -> None:
    many = replace(FORM.boxes()["Q3"], multiselect=True)
    sheet = replace(FORM, elements=tuple(many if e.name == "Q3" else e for e in FORM.elements))
    results = read(FORM.marked(ANSWERS | {"Q3": "BDE", "Q4": "AC"}), sheet)
    assert (results["Q3"].value, results["Q3"].status, results["Q3"].message) == ("BDE", MARKED, "")
    assert (results["Q4"].value, results["Q4"].status) == ("AC", MULTIPLE)
    assert results["Q4"].message == "Look at the scan: 2 answers are marked where one is asked for."


def test_values_may_have_several_characters() -> None:
    box = FORM.boxes()["Q1"]
    words = [
        replace(bubble, value=word) for bubble, word in zip(box.bubbles, ("Yes", "No", "", "é", "10"), strict=True)
    ]
    sheet = replace(FORM, elements=(replace(box, bubbles=tuple(words)), *FORM.elements[1:]))
    results = read(FORM.marked(ANSWERS | {"Q1": "B"}), sheet)
    assert results["Q1"].value == "No"
    assert [bubble.value for bubble in results["Q1"].bubbles] == ["Yes", "No", "", "é", "10"]


def test_bubbles_tell_their_places_in_the_scan() -> None:
    view = VIEWS["perspective"]
    result = read(view.of(FORM.marked(ANSWERS)))["Q2"]
    box = FORM.boxes()["Q2"]
    for bubble, told in zip(box.bubbles, result.bubbles, strict=True):
        expected = view.to_scan(ops.corners(bubble.left, bubble.top, 20, 20))
        assert np.abs(np.array(told.corners) - expected).max() < 1
    assert (
        np.abs(np.array(result.corners) - view.to_scan(ops.corners(box.left, box.top, box.width, box.height))).max() < 1
    )
    assert [bubble.marked for bubble in result.bubbles] == [value in ANSWERS["Q2"] for value in "ABCDE"]


def with_pen(pen: Pen, name: str = "Q12", value: str = "C") -> Tones:
    tones = FORM.marked(ANSWERS)
    pen(tones, *FORM.bubble(name, value))
    return tones


def toned(tone: int, radius: float = 8.0) -> Pen:
    return lambda tones, x, y: fill(tones, x, y, tone, radius)


@WITH_IMAGE
@pytest.mark.parametrize(
    "pen",
    [
        toned(40),
        toned(140),
        toned(40, radius=13),
        strokes([(-0.7, -0.7), (0.7, 0.7)], [(-0.7, 0.7), (0.7, -0.7)]),
        strokes([(-0.5, 0), (-0.1, 0.6), (0.8, -0.9)]),
        strokes([(-0.8, -0.3), (0.8, -0.2), (-0.8, 0.2), (0.8, 0.4)]),
    ],
    ids=["fill", "pencil", "beyond the outline", "cross", "tick", "scribble"],
)
def test_marks_of_other_kinds_among_full_ones_are_read_or_asked_of(pen: Pen, image: bool) -> None:
    result = read(with_pen(pen), image=image)["Q12"]
    assert result.status in (MARKED, UNCERTAIN)
    assert result.value == "C"
    assert bool(result.message) == (result.status is UNCERTAIN)


@WITH_IMAGE
@pytest.mark.parametrize(
    "pen",
    [strokes([(-0.7, -0.7), (0.7, 0.7)], [(-0.7, 0.7), (0.7, -0.7)]), toned(140), toned(40)],
    ids=["cross", "pencil", "fill"],
)
def test_who_marks_alike_throughout_is_read(pen: Pen, image: bool) -> None:
    results = read(FORM.marked(ANSWERS, pen), image=image)
    certain = {name: result.value for name, result in results.items() if result.status in (MARKED, BLANK)}
    assert certain == {name: EXPECTED[name] for name in certain}
    assert len(certain) >= len(EXPECTED) - 1


@WITH_IMAGE
def test_a_faint_mark_beside_none_is_not_taken_for_blank_without_a_word(image: bool) -> None:
    result = read(with_pen(toned(195)), image=image)["Q12"]
    assert result.status in (MARKED, UNCERTAIN)
    assert result.value == "C"


@WITH_IMAGE
def test_what_was_rubbed_out_beside_a_mark_is_no_second_mark(image: bool) -> None:
    other = "A" if ANSWERS["Q3"] != "A" else "B"
    result = read(with_pen(toned(215), "Q3", other), image=image)["Q3"]
    assert result.value == ANSWERS["Q3"]
    assert result.status in (MARKED, UNCERTAIN)


@WITH_IMAGE
def test_two_marks(image: bool) -> None:
    result = read(FORM.marked(ANSWERS | {"Q5": "AD"}), image=image)["Q5"]
    assert (result.status, result.value) == (MULTIPLE, "AD")


def test_thresholds_are_the_callers() -> None:
    tones = FORM.marked({"Q1": "B"}, toned(195))
    status = {
        thresholds: read(tones, options=RecognitionOptions(thresholds=thresholds))["Q1"].status
        for thresholds in (MarkThresholds(0.02, 0.01), MarkThresholds(0.95, 0.01))
    }
    assert list(status.values()) == [MARKED, UNCERTAIN]


def test_an_element_outside_of_the_picture_is_told_of() -> None:
    view = View(np.array([[1, 0, -100], [0, 1, 0], [0, 0, 1]], np.float64), PAGE)
    results = read(view.of(FORM.marked(ANSWERS)))
    for n in range(1, 13):
        assert (
            results[f"Q{n}"].message
            == "Scan the page again: this answer lies outside of the picture, wholly or in part."
        )
        assert (results[f"Q{n}"].status, results[f"Q{n}"].value, results[f"Q{n}"].confidence) == (UNCERTAIN, "", 0)
        assert not results[f"Q{n}"].bubbles
    assert results["Id"].value == "1709"


def test_a_bubble_that_is_printed_dark_is_told_of() -> None:
    dark = replace(FORM, blank=FORM.marked({"Q3": "B", "Id2": "4"}, toned(20, radius=10)))
    results = read(dark.marked(ANSWERS), dark)
    message = "Look at the scan: a bubble is printed so dark that no mark could be seen in it."
    assert (results["Q3"].status, results["Q3"].message) == (UNCERTAIN, message)
    assert (results["Id"].status, results["Id"].message) == (UNCERTAIN, f"part 2: {message}")
    assert results["Q4"].value == ANSWERS["Q4"]


def test_a_covered_element_is_told_of() -> None:
    tones = FORM.marked(ANSWERS)
    left, top = (round(v) for v in FORM.bubble("Q7", "A"))
    tones[top - 14 : top + 14, left - 16 : left + 150] = 250
    result = read(tones)["Q7"]
    assert (result.status, result.message) == (
        UNCERTAIN,
        "Look at the scan: the printed bubbles were not found in their places. Something may cover them.",
    )


def test_a_choice_box_without_bubbles() -> None:
    empty = replace(FORM.boxes()["Q1"], name="Empty", bubbles=())
    results = read(FORM.marked(ANSWERS), replace(FORM, elements=(empty, *FORM.elements)))
    assert (results["Empty"].status, results["Empty"].message) == (
        UNCERTAIN,
        "Correct the template: this element has no bubbles.",
    )
    assert results["Q1"].value == ANSWERS["Q1"]


def test_an_empty_grid_is_blank() -> None:
    empty = Grid(name="Empty", left=10, top=10, width=9, height=9, elements=())
    result = read(FORM.marked(ANSWERS), replace(FORM, elements=(*FORM.elements, empty)))["Empty"]
    assert (result.status, result.value, result.confidence) == (BLANK, "", 0)


def test_a_bar_code_stands_among_the_others_with_its_place() -> None:
    code = Barcode(name="Code39", left=430, top=600, width=100, height=40, barcode_type="code39")
    results = read(FORM.marked(ANSWERS), replace(FORM, elements=(code, *FORM.elements)))
    assert next(iter(results)) == "Code39"
    assert results["Code39"].status is UNCERTAIN
    assert results["Code39"].corners == ((430, 600), (530, 600), (530, 640), (430, 640))


@cache
def wide() -> Sheet:
    """Bubbles twice as wide as high, and larger ones, on one page."""
    boxes = []
    for n in range(8):
        width, height = (36, 18) if n < 5 else (28, 28)
        bubbles = tuple(Bubble(value=value, left=100 + 60 * k, top=100 + 50 * n) for k, value in enumerate("ABCD"))
        boxes.append(
            ChoiceBox(
                name=f"W{n}", left=90, top=95 + 50 * n, width=260, height=40, bubble_width=width, bubble_height=height,
                bubbles=bubbles,
            )
        )  # fmt: skip
    return printed([*boxes, question("Down", 450, 120, "ABCDEFG", down=True)], PAGE)


@WITH_IMAGE
def test_bubbles_of_other_shapes(image: bool) -> None:
    sheet = wide()
    answers = {f"W{n}": "ABCD"[n * 3 % 4] for n in range(8)} | {"Down": "E"}
    assert values(read(sheet.marked(answers), sheet, image=image)) == answers


def test_the_order_in_which_elements_are_read_does_not_matter() -> None:
    found = register(FORM.known(), ImagePyramid(coloured(FORM.marked(ANSWERS))))
    assert found.rectified is not None
    reader = BubbleReader(found, found.rectified, RecognitionOptions())
    elements = [element for element in FORM.elements if isinstance(element, ChoiceBox | Grid)]
    columns = [box for element in elements if isinstance(element, Grid) for box in element.elements]
    forwards = {element.name: reader.read(element) for element in elements}
    backwards = {element.name: reader.read(element) for element in reversed(elements)}
    assert forwards == backwards
    assert {name: result.value for name, result in backwards.items()} == EXPECTED
    read_alone = [reader.read(column) for column in columns if isinstance(column, ChoiceBox)]
    assert read_alone == [child for name in ("Id", "Code") for child in forwards[name].children]


def test_equal_elements_are_read_alike() -> None:
    twice = replace(FORM, elements=(*FORM.elements, FORM.elements[0]))
    found = register(twice.known(), ImagePyramid(coloured(twice.marked(ANSWERS))))
    page = RegisteredPage(DecodedImage(coloured(twice.marked(ANSWERS))), found.registration)
    first, *_, last = read_elements(found, page, RecognitionOptions())
    assert (first, first.value) == (last, ANSWERS["Q1"])


def test_an_element_of_another_page_is_refused() -> None:
    found = register(FORM.known(), ImagePyramid(coloured(FORM.marked(ANSWERS))))
    assert found.rectified is not None
    with pytest.raises(KeyError):
        BubbleReader(found, found.rectified, RecognitionOptions()).read(question("Other", 1, 1, "AB"))


def test_corners_of_boxes() -> None:
    registration = register(FORM.known(), ImagePyramid(coloured(FORM.blank))).registration
    (corners,) = boxes_in_scan([FORM.boxes()["Q1"]], registration)
    assert corners == ((84, 104), (244, 104), (244, 136), (84, 136))
    assert boxes_in_scan([], registration) == []
    assert as_corners(np.arange(8.0).reshape(4, 2) / 3) == [((0.0, 0.33), (0.67, 1.0), (1.33, 1.67), (2.0, 2.33))]
