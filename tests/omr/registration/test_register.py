"""Pages found in scans whose map is known: where they are put."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from omrclip.errors import RegistrationFailed
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.template import ClipArea, Page, ReferencePoint
from tests.omr.registration.finding import (
    BUBBLES_ONLY,
    FILLED,
    FORM,
    KNOWLEDGE,
    VIEWS,
    found,
    misses,
    moved,
    scan_of,
)
from tests.omr.sheet import (
    PAGE,
    Points,
    Sheet,
    View,
    coloured,
    lattice,
    onto,
    png,
    printed,
    question,
    turned,
)


@pytest.mark.parametrize(
    ("view", "knowledge"),
    [
        *((view, knowledge) for view in VIEWS for knowledge in ("everything", "bubbles only", "page image only")),
        *((view, "no page image") for view in ("turned by 180°", "perspective", "printed at 96 %")),
        ("turned by 25°", "page image and reference points"),
    ],
)
def test_every_place_of_the_page_is_put_where_the_scan_shows_it(view: str, knowledge: str) -> None:
    known, seen = KNOWLEDGE[knowledge], VIEWS[view]
    registration = found(known, scan_of(view))
    assert (registration.page, registration.scan) == (PAGE, seen.scan)
    assert misses(registration, seen).max() < 1.5
    assert np.median(misses(registration, seen)) < 0.5
    assert registration.confidence is not None
    assert registration.confidence > 0.75
    assert registration.residual is not None
    assert registration.residual < 0.5
    assert registration.is_identity == (view == "the page itself")
    assert (registration.strategy == "identity") == (view == "the page itself")


def test_matches_say_what_was_found_where() -> None:
    view = VIEWS["perspective"]
    matches = found(FORM.known(), scan_of("perspective")).matches
    assert matches is not None
    assert len(matches) > 50
    on_page, in_scan = np.hsplit(matches.astype(np.float64), 2)
    assert np.linalg.norm(view.to_scan(on_page) - in_scan, axis=1).max() < 2


@pytest.mark.parametrize("knowledge", ["everything", "page image only"])
def test_bent_paper_is_followed(knowledge: str) -> None:
    def bow(points: Points) -> Points:
        return np.column_stack([np.zeros(len(points)), 6 * np.sin(np.pi * points[:, 0] / PAGE.width)])

    view = View(moved(1, 1, 20, 20).page_to_scan, Dimensions(640, 840), bow)
    registration = found(KNOWLEDGE[knowledge], view.of(FILLED))
    assert registration.bend is not None
    assert misses(registration, view, lattice(margin=0.12)).max() < 1.5
    assert misses(registration, view).max() < 3, "at the rim, where hardly anything is printed"


def test_bent_paper_is_followed_by_the_bubbles_where_they_are() -> None:
    def bow(points: Points) -> Points:
        return np.column_stack([np.zeros(len(points)), 6 * np.sin(np.pi * points[:, 0] / PAGE.width)])

    view = View(moved(1, 1, 20, 20).page_to_scan, Dimensions(640, 840), bow)
    known = BUBBLES_ONLY.known(image=False)
    bubbles = np.array([BUBBLES_ONLY.bubble(name, value) for name in ("Q1", "Q6", "Q12") for value in "ABCDE"])
    assert misses(found(known, view.of(FILLED)), view, bubbles).max() < 1


@pytest.mark.parametrize("knowledge", ["everything", "bubbles only"])
@pytest.mark.parametrize("strength", [-0.04, 0.04])
def test_a_lens_that_bends_lines_is_followed(knowledge: str, strength: float) -> None:
    middle, half = np.array([300.0, 400.0]), 500.0

    def lens(points: Points) -> Points:
        out = (points - middle) / half
        return np.asarray(strength * half * out * (out**2).sum(axis=1, keepdims=True))

    view = View(moved(0.9, 0.9, 60, 80, Dimensions(660, 880)).page_to_scan, Dimensions(660, 880), lens)
    registration = found(KNOWLEDGE[knowledge], view.of(FILLED))
    assert registration.bend is not None
    assert misses(registration, view).max() < (2 if knowledge == "everything" else 3)


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.6])
def test_the_page_image_may_have_another_scale_than_the_page(scale: float) -> None:
    image = cv2.resize(FORM.blank, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    registration = found(KnownPage(FORM.page, 1, png(np.asarray(image, np.uint8))), scan_of("perspective"))
    assert misses(registration, VIEWS["perspective"]).max() < 1.5


def test_grey_and_coloured_page_images_and_scans_do_alike() -> None:
    tinted = np.clip(coloured(FILLED) * np.array([0.7, 0.9, 1.0]), 0, 255).astype(np.uint8)
    colour = KnownPage(FORM.page, 1, png(np.clip(coloured(FORM.blank) * np.array([1, 0.95, 0.8]), 0, 255).astype("u1")))
    for known in (FORM.known(), colour):
        for scan in (FILLED, tinted):
            assert found(known, scan).is_identity


def test_where_the_page_image_shows_nothing_the_bubbles_tell() -> None:
    white = KnownPage(BUBBLES_ONLY.page, 1, png(np.full_like(FORM.blank, 255)))
    assert misses(found(white, scan_of("turned by 25°")), VIEWS["turned by 25°"]).max() < 1.5


def test_a_scan_of_the_pages_size_that_is_off_is_no_identity() -> None:
    view = moved(1, 1, 3, -2)
    registration = found(FORM.known(), view.of(FILLED))
    assert not registration.is_identity
    assert misses(registration, view).max() < 1


@pytest.mark.parametrize(("top", "bottom"), [(100, 140), (200, 300), (430, 500)])
def test_rows_may_be_covered(top: int, bottom: int) -> None:
    """Without the page's image nobody can tell whether the first row is covered, or the page lies a row further."""
    covered = FILLED.copy()
    covered[top:bottom] = 255
    assert misses(found(FORM.known(), covered), turned(0)).max() < 1
    try:
        registration = found(BUBBLES_ONLY.known(image=False), covered)
    except RegistrationFailed:
        assert top != 200
    else:
        assert misses(registration, turned(0)).max() < 1


def test_without_anything_to_confirm_by_dimensions_are_believed() -> None:
    few = Sheet(FORM.blank, (FORM.boxes()["Q1"], *FORM.only(ClipArea).elements))
    registration = found(few.known(image=False), turned(0, scale=2).of(FILLED))
    assert (registration.strategy, registration.confidence, registration.matches) == ("scale", None, None)
    assert misses(registration, turned(0, scale=2)).max() < 1e-9


@pytest.mark.parametrize("image", [True, False])
def test_a_page_with_one_bubble(image: bool) -> None:
    box = FORM.boxes()["Q3"]
    one = replace(box, bubbles=box.bubbles[:1])
    sheet = replace(FORM, elements=(one, *FORM.only(ClipArea).elements))
    assert found(sheet.known(image=image), FILLED).is_identity


@pytest.mark.parametrize("page", [Dimensions(1, 1), Dimensions(9, 7), Dimensions(3000, 4)])
def test_tiny_pages(page: Dimensions) -> None:
    known = KnownPage(Page(width=page.width, height=page.height), 1)
    assert found(known, np.full((page.height, page.width), 200, np.uint8)).is_identity
    blank = replace(known, image=png(np.full((page.height, page.width), 255, np.uint8)))
    assert found(blank, np.full((page.height, page.width), 200, np.uint8)).is_identity


MARKS_ONLY = FORM.only(ReferencePoint, ClipArea).known(image=False)


@pytest.mark.parametrize(
    "view",
    [
        turned(0),
        turned(2),
        turned(0, scale=1.5),
        moved(0.96, 0.96, 12, 16),
        onto([(20, 30), (590, 10), (600, 790), (10, 780)], PAGE),
    ],
    ids=["the page itself", "askew", "larger", "printed at 96 %", "perspective"],
)
def test_where_nothing_else_is_known_an_upright_page_is_found_by_its_reference_points(view: View) -> None:
    registration = found(MARKS_ONLY, view.of(FORM.blank))
    assert (registration.strategy, registration.confidence) == ("reference points", None)
    assert misses(registration, view).max() < 1


def test_where_no_reference_points_are_seen_dimensions_are_believed() -> None:
    registration = found(MARKS_ONLY, np.full((1600, 1200), 255, np.uint8))
    assert registration.strategy == "scale"
    with pytest.raises(RegistrationFailed, match="width to height ratio differs"):
        found(MARKS_ONLY, np.full((1200, 1600), 255, np.uint8))


def test_five_reference_points_tell_the_turn() -> None:
    view = turned(90)
    assert misses(found(MARKS_ONLY, view.of(FORM.blank)), view).max() < 1


def test_a_few_bubbles_in_rows_tell_the_page() -> None:
    rows = [question("Q", 100, 100, "ABCDEFGH"), question("R", 100, 140, "ABCDEFGH")]
    sheet = printed(rows, PAGE, seed=None)
    for view in (turned(0), turned(0, scale=1.4)):
        assert misses(found(sheet.known(image=False), view.of(sheet.blank)), view).max() < 1


def test_a_pattern_without_end_is_not_taken_for_itself_a_little_further() -> None:
    """Every part of the page looks like its neighbours: there is nothing to be found by."""
    y, x = np.mgrid[:800, :600]
    chequered = ((x // 8 + y // 8) % 2 * 255).astype(np.uint8)
    with pytest.raises(RegistrationFailed):
        found(KnownPage(Page(width=600, height=800), 1, png(chequered)), chequered)
