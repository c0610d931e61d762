from dataclasses import replace

import numpy as np
import pytest

from omrclip.errors import ImageError
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.registration.reference import (
    COARSE_SIDE,
    FINE_SIDE,
    MOST_FINE_SIDE,
    Reference,
    bubble_boxes,
    choice_boxes,
    reference_for,
)
from omrclip.omr.template import Barcode, Bubble, ChoiceBox, ClipArea, Grid, Page
from tests.omr.sheet import FINER, HEIGHT, MARKS, PAGE, WIDTH, form, png, printed, question

FORM = form()


def prepared(known: KnownPage) -> Reference:
    return reference_for(known.page, known.image)


def test_bubbles_are_listed_in_template_order_also_those_in_grids() -> None:
    boxes = bubble_boxes(FORM.page)
    assert boxes.shape == (12 * 5 + 4 * 10 + 2 * 3, 4)
    assert boxes[0].tolist() == [90, 110, 20, 20]
    assert boxes[60].tolist() == [340, 150, 20, 20]
    assert boxes[61].tolist() == [340, 176, 20, 20]
    assert bubble_boxes(Page(width=9, height=9)).shape == (0, 4)


def test_choice_boxes_of_grids_in_grids() -> None:
    box = question("", 10, 10, "AB")
    inner = Grid(name="", left=0, top=0, width=9, height=9, elements=(box, box))
    outer = Grid(name="", left=0, top=0, width=9, height=9, elements=(inner, box))
    assert choice_boxes(outer) == [box, box, box]
    assert choice_boxes(ClipArea(name="C", left=0, top=0, width=9, height=9)) == []


@pytest.mark.parametrize("image", [True, False])
def test_a_page_is_prepared_at_two_scales(image: bool) -> None:
    reference = prepared(FORM.known(image=image))
    assert (reference.page, reference.printed, reference.confirms) == (PAGE, image, True)
    for level, side in ((reference.coarse, COARSE_SIDE), (reference.fine, FINE_SIDE)):
        assert level.pixels.shape == (side, round(side * WIDTH / HEIGHT))
        assert level.scale == pytest.approx((side / HEIGHT, side / HEIGHT), abs=1e-3)
        assert len(level.patches) > 50
    assert (reference.blank is not None) == image


def test_without_an_image_bubbles_are_drawn_where_they_must_be() -> None:
    bare = printed(FORM.only(ChoiceBox, Grid).elements, PAGE, letters=False, seed=None)
    drawn, shown = prepared(bare.known(image=False)).fine, prepared(bare.known()).fine
    correlation = np.corrcoef(drawn.pixels.ravel(), shown.pixels.ravel())[0, 1]
    assert correlation > 0.7


def test_an_image_is_shown_in_the_pages_frame_whatever_its_scale() -> None:
    small = prepared(FORM.known()).coarse.pixels.astype(float)
    fine = np.kron(FORM.blank, np.ones((2, 2), np.uint8))
    large = prepared(KnownPage(FORM.page, 1, png(fine))).coarse.pixels.astype(float)
    assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.95
    assert FINER > 1


def test_reference_points_and_square_codes_are_solid() -> None:
    codes = (
        Barcode(name="Square", left=200, top=20, width=50, height=52, barcode_type="qr"),
        Barcode(name="Long", left=300, top=20, width=120, height=40, barcode_type="code39"),
    )
    reference = prepared(replace(FORM, elements=(*FORM.elements, *codes)).known(image=False))
    assert reference.marks.tolist() == [[x + 11, y + 11, 22] for x, y in MARKS]
    assert reference.solids.tolist() == [[x, y, 22, 22] for x, y in MARKS] + [[200, 20, 50, 52]]


@pytest.mark.parametrize("image", [None, png(np.full((HEIGHT, WIDTH), 250, np.uint8))], ids=["none", "nothing on it"])
@pytest.mark.parametrize(
    ("rows", "confirms"),
    [((), False), (("ABCDEFG",), False), (("ABCDEFGH",), False), (("ABCD", "EFG"), False), (("ABCD", "EFGH"), True)],
)
def test_what_confirms_a_page(rows: tuple[str, ...], confirms: bool, image: bytes | None) -> None:
    boxes = tuple(question(f"Q{index}", 100, 100 + 40 * index, row) for index, row in enumerate(rows))
    reference = reference_for(Page(width=WIDTH, height=HEIGHT, elements=boxes), image)
    assert (reference.confirms, reference.printed) == (confirms, False)


@pytest.mark.parametrize(
    ("bubble", "side"), [(20.0, FINE_SIDE), (10.0, FINE_SIDE), (60.0, FINE_SIDE), (8.0, MOST_FINE_SIDE)]
)
def test_small_bubbles_are_looked_at_more_finely(bubble: float, side: int) -> None:
    page = Dimensions(3000, 4000) if bubble == 8 else PAGE
    box = ChoiceBox(
        left=10, top=10, width=90, height=90, bubble_width=bubble, bubble_height=bubble + 1,
        bubbles=(Bubble(value="A", left=20, top=20),),
    )  # fmt: skip
    reference = reference_for(Page(width=page.width, height=page.height, elements=(box,)), None)
    assert max(reference.fine.pixels.shape) == side


def test_pages_are_prepared_once() -> None:
    known, again = FORM.known(), form().known()
    assert prepared(known) is prepared(again)


def test_an_image_that_is_none_is_told() -> None:
    with pytest.raises(ImageError):
        reference_for(FORM.page, b"no image")
