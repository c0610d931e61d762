from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from omrclip.limits import Limits
from omrclip.omr.authoring.correction import correct
from omrclip.omr.authoring.finalization import finalize
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import known_pages
from omrclip.omr.template import Barcode, Grid, Template
from omrclip.schemas.template import check_template, load_template
from tests.omr import real_forms
from tests.omr.drawn_form import (
    HEIGHT,
    WIDTH,
    Form,
    Shape,
    Tones,
    centres,
    choice_boxes,
    draw,
    known,
    moved,
)

FORM = draw(Shape())

SHAPES = {
    "round": Shape(),
    "small and thin": Shape(width=22, height=22, stroke=1.25, pitch=36, letters=False),
    "large and thick": Shape(width=64, height=64, stroke=6, pitch=84),
    "grey": Shape(tone=185, letters=False),
    "oval": Shape(width=52, height=30, pitch=72),
    "upright oval": Shape(width=28, height=46),
    "square": Shape(is_round=False),
    "oblong": Shape(width=56, height=28, pitch=74, is_round=False),
    "close together": Shape(pitch=43),
    "touching squares": Shape(pitch=37.5, is_round=False),
}


def anyhow(most: float, seed: int = 5) -> Callable[[], tuple[float, float]]:
    """Offsets up to so many pixels, another for each bubble."""
    numbers = np.random.default_rng(seed)
    return lambda: (float(numbers.uniform(-most, most)), float(numbers.uniform(-most, most)))


def furthest_off(template: Template, form: Form = FORM) -> float:
    """How many pixels the bubble that lies furthest off its printed one does."""
    return float(np.abs(centres(template) - form.centres).max())


def all_valid(template: Template) -> bool:
    return all(bubble.is_valid for box in choice_boxes(template) for bubble in box.bubbles)


@pytest.mark.parametrize("wider", [0.88, 1.0, 1.15])
@pytest.mark.parametrize("name", SHAPES)
def test_bubbles_of_every_shape_are_found(name: str, wider: float) -> None:
    shape = SHAPES[name]
    form = draw(shape)
    template = moved(form.template, lambda: (0.2 * shape.width, -0.15 * shape.height), wider)
    corrected = correct(template, known(form, template=template))
    assert corrected.messages == ()
    assert all_valid(corrected.template)
    assert furthest_off(corrected.template, form) < 0.8
    for box in choice_boxes(corrected.template):
        # the outline's outer edges, and 3 % of room around them
        assert (box.bubble_width, box.bubble_height) == pytest.approx(
            (shape.width * 1.06, shape.height * 1.06), abs=1.5
        )


@pytest.mark.parametrize(
    "off",
    [
        lambda: (0, 0),
        lambda: (20, 0),
        lambda: (-20, 20),
        lambda: (0, -20),
        anyhow(4),
        anyhow(12),
        anyhow(20),
    ],
)
def test_bubbles_up_to_half_a_bubble_off_are_found(off: Callable[[], tuple[float, float]]) -> None:
    template = moved(FORM.template, off)
    corrected = correct(template, known(FORM, template=template))
    assert (corrected.messages, all_valid(corrected.template)) == ((), True)
    assert furthest_off(corrected.template) < 0.5


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.4, 2])
def test_page_images_may_have_another_scale(factor: float) -> None:
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    extents = (round(WIDTH * factor), round(HEIGHT * factor))
    scaled = np.asarray(cv2.resize(FORM.tones, extents, interpolation=interpolation), dtype=np.uint8)
    template = moved(FORM.template, lambda: (5, -4))
    corrected = correct(template, known(FORM, scaled, template))
    assert (corrected.messages, all_valid(corrected.template)) == ((), True)
    assert furthest_off(corrected.template) < 0.8


def noisy(tones: Tones) -> Tones:
    return np.clip(tones + np.random.default_rng(2).normal(0, 12, tones.shape), 0, 255).astype(np.uint8)


def shaded(tones: Tones) -> Tones:
    return (tones * np.linspace(1, 0.5, tones.shape[1])).astype(np.uint8)


def faint(tones: Tones) -> Tones:
    return (255 - (255.0 - tones) * 0.25).astype(np.uint8)


def blurred(tones: Tones) -> Tones:
    return np.asarray(cv2.GaussianBlur(tones, (0, 0), 1.5), dtype=np.uint8)


def bilevel(tones: Tones) -> Tones:
    return np.where(tones > 150, 255, 0).astype(np.uint8)


def with_a_rule(tones: Tones) -> Tones:
    """A line that touches all bubbles of the second row."""
    ruled = tones.copy()
    ruled[int(60.25 + 100 + 38) : int(60.25 + 100 + 40)] = 0
    return ruled


@pytest.mark.parametrize("spoilt", [noisy, shaded, faint, blurred, bilevel, with_a_rule])
def test_bubbles_of_poor_page_images_are_found(spoilt: Callable[[Tones], Tones]) -> None:
    template = moved(FORM.template, anyhow(4))
    corrected = correct(template, known(FORM, spoilt(FORM.tones), template))
    assert (corrected.messages, all_valid(corrected.template)) == ((), True)
    assert furthest_off(corrected.template) < 1


def test_bubbles_that_are_not_printed_are_invalid_and_told() -> None:
    tones = FORM.tones.copy()
    gone = [2, 15, 29]  # the third of the grid, the first of the fourth row, the last of all
    for x, y in FORM.centres[gone]:
        tones[round(y) - 22 : round(y) + 23, round(x) - 22 : round(x) + 23] = 255
    template = moved(FORM.template, lambda: (6, -3))
    corrected = correct(template, known(FORM, tones, template))
    valid = [bubble.is_valid for box in choice_boxes(corrected.template) for bubble in box.bubbles]
    assert [index for index, is_valid in enumerate(valid) if not is_valid] == gone
    assert corrected.messages == (
        "ID, element 1: no printed bubble was found for C.",
        "Question4: no printed bubble was found for A.",
        "Question6: no printed bubble was found for E.",
    )
    # moved as the others of their box were
    assert furthest_off(corrected.template) < 0.5


@pytest.mark.parametrize("gone", ["nothing but writing", "white", "noise"])
def test_a_page_without_bubbles_leaves_the_template_and_says_so(gone: str) -> None:
    tones = np.full_like(FORM.tones, 255)
    if gone == "noise":
        tones = np.random.default_rng(1).integers(0, 256, FORM.tones.shape).astype(np.uint8)
    elif gone != "white":
        for line in range(25, HEIGHT, 40):
            cv2.putText(tones, "Which of these hymns do you like best? " * 2, (5, line), 0, 1.1, 0, 2)
    corrected = correct(FORM.template, known(FORM, tones))
    boxes, before = choice_boxes(corrected.template), choice_boxes(FORM.template)
    assert not any(bubble.is_valid for box in boxes for bubble in box.bubbles)
    assert len(corrected.messages) == len(boxes)
    assert [replace(box, bubbles=()) for box in boxes] == [replace(box, bubbles=()) for box in before]
    assert (centres(corrected.template) == FORM.centres).all()


def test_boxes_shrink_to_their_bubbles_and_grids_to_their_boxes() -> None:
    page = correct(FORM.template, known(FORM)).template.pages[0]
    grid, question = page.elements[0], page.elements[2]
    assert isinstance(grid, Grid)
    first, last = FORM.centres[10], FORM.centres[14]
    assert (question.left, question.top) == pytest.approx((first - 21.2 - 1).tolist(), abs=0.5)
    assert (question.width, question.height) == pytest.approx((*(last - first)[:1] + 44.4, 44.4), abs=0.8)
    children = [child for child in grid.elements if not hasattr(child, "jpeg_quality")]
    assert (grid.left, grid.top) == (children[0].left, children[0].top)
    assert grid.height == pytest.approx(children[1].top + children[1].height - children[0].top, abs=0.06)
    assert (grid.aligned_horizontally, grid.orientation) == (None, "Vertical")


def test_all_else_stays_as_it_is() -> None:
    corrected = correct(FORM.template, known(FORM)).template
    check_template(corrected)
    code = corrected.pages[0].elements[1]
    assert isinstance(code, Barcode)
    assert code == FORM.template.pages[0].elements[1]
    assert (corrected.name, corrected.template_id) == ("Form", None)


@pytest.mark.parametrize(
    ("chosen", "aligned"),
    [
        ([0, 1, 2, 3, 4], (True, False)),
        ([0], (True, True)),
        ([0, 5, 10], (False, True)),
        ([0, 1, 5, 6], (False, False)),
    ],
)
def test_alignment_is_computed(chosen: list[int], aligned: tuple[bool, bool]) -> None:
    bubbles = [bubble for box in choice_boxes(FORM.template) for bubble in box.bubbles]
    box = replace(choice_boxes(FORM.template)[2], bubbles=tuple(bubbles[index] for index in chosen))
    template = replace(FORM.template, pages=(replace(FORM.template.pages[0], elements=(box,)),))
    (corrected,) = choice_boxes(correct(template, known(FORM, template=template)).template)
    assert (corrected.aligned_horizontally, corrected.aligned_vertically) == aligned


def test_pages_without_an_image_stay_as_they_are() -> None:
    (page,) = known(FORM)
    two = replace(FORM.template, pages=(page.page, page.page))
    corrected = correct(two, [page, replace(page, number=2, image=None)])
    assert corrected.messages == ("Page 2 was not corrected because it has no image of the blank page.",)
    assert corrected.template.pages[1] == page.page
    assert corrected.template.pages[0] != page.page


def test_correcting_again_changes_nothing() -> None:
    once = correct(FORM.template, known(FORM)).template
    twice = correct(once, known(FORM, template=once)).template
    assert np.abs(centres(twice) - centres(once)).max() <= 0.11
    assert choice_boxes(twice)[0].bubble_width == pytest.approx(choice_boxes(once)[0].bubble_width, abs=0.2)


@pytest.mark.skipif(not real_forms.available(), reason="the real forms are not beside the project")
def test_a_real_form_is_corrected_as_an_existing_service_does() -> None:
    folder = real_forms.FOLDER / "aspose_test"
    template = load_template((folder / "Aspose_test.omr").read_bytes())
    expected = load_template((folder / "Aspose_test.omrcr").read_bytes())
    image = (folder / "Aspose_test.png").read_bytes()
    corrected = correct(template, known_pages(template, image))
    assert (corrected.messages, all_valid(corrected.template)) == ((), True)
    for box, other in zip(choice_boxes(corrected.template), choice_boxes(expected), strict=True):
        ours, theirs = ([(bubble.left, bubble.top) for bubble in it.bubbles] for it in (box, other))
        assert np.abs(np.array(ours) - np.array(theirs)).max() <= 2
        assert (box.bubble_width, box.bubble_height) == pytest.approx((other.bubble_width, other.bubble_height), abs=1)
        alignment = (other.aligned_horizontally, other.aligned_vertically)
        assert (box.aligned_horizontally, box.aligned_vertically) == alignment
        places = [(it.left, it.top, it.width, it.height) for it in (box, other)]
        assert places[0] == pytest.approx(places[1], abs=2)
    assert finalize(known_pages(corrected.template, image), RecognitionOptions(), Limits()).messages == ()
