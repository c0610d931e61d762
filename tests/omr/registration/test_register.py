"""Pages found in scans whose map is known: where they are put, and what is rejected."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from omrclip.errors import RegistrationFailed
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration import KnownPage, Registration, ScanLevels, register
from omrclip.omr.template import ChoiceBox, ClipArea, Grid, Page, ReferencePoint
from tests.omr.sheet import (
    PAGE,
    Points,
    Sheet,
    Tones,
    View,
    coloured,
    form,
    lattice,
    onto,
    png,
    printed,
    question,
    turned,
)

FORM = form()
ANSWERS = {f"Q{n + 1}": "ABCDE"[n * 7 % 5] for n in range(12)} | {"Id1": "1", "Id2": "7", "Id3": "0", "Code2": "Z"}
FILLED = FORM.marked(ANSWERS)
BUBBLES_ONLY = FORM.only(ChoiceBox, Grid, ClipArea)
PRINT_ONLY = FORM.only(ClipArea)

KNOWLEDGE = {
    "everything": FORM.known(),
    "no page image": FORM.known(image=False),
    "bubbles only": BUBBLES_ONLY.known(image=False),
    "page image only": PRINT_ONLY.known(),
    "page image and reference points": FORM.only(ReferencePoint).known(),
}


def moved(scale_x: float, scale_y: float, x: float, y: float, scan: Dimensions = PAGE) -> View:
    return View(np.array([[scale_x, 0, x], [0, scale_y, y], [0, 0, 1]], np.float64), scan)


VIEWS = {
    "the page itself": turned(0),
    "larger": turned(0, scale=1.4),
    "smaller": turned(0, scale=0.6),
    "printed at 96 %": moved(0.96, 0.96, 12, 16),
    "scanned a little askew": turned(1.5),
    "turned by 90°": turned(90),
    "turned by 180°": turned(180),
    "turned by 270°": turned(270),
    "turned by 25°": turned(25),
    "turned by -25°": turned(-25),
    "perspective": onto([(60, 40), (640, 90), (600, 860), (20, 800)], Dimensions(700, 900)),
}


def found(known: KnownPage, tones: Tones) -> Registration:
    return register(known, ScanLevels(tones if tones.ndim == 3 else coloured(tones))).registration


def misses(registration: Registration, view: View, places: Points | None = None) -> Points:
    """How many scan pixels off places of the page are put."""
    places = lattice(registration.page) if places is None else places
    return np.asarray(np.linalg.norm(registration.to_scan(places) - view.to_scan(places), axis=1))


@cache
def scan_of(view: str) -> Tones:
    return VIEWS[view].of(FILLED, ground=130)


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
    assert misses(registration, view).max() < 1.5


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


@pytest.mark.parametrize("knowledge", ["everything", "no page image", "page image only"])
@pytest.mark.parametrize("scan", ["white", "black", "noise", "another form", "lines of text"])
def test_what_is_not_the_page_is_rejected_with_reasons(scan: str, knowledge: str) -> None:
    with pytest.raises(RegistrationFailed, match=r"The template page was not found in the scan: ") as failed:
        found(KNOWLEDGE[knowledge], STRANGERS[scan])
    tried = failed.value.details["tried"]
    assert isinstance(tried, list)
    assert len(tried) >= 6
    assert str(failed.value).endswith(f"{'; '.join(tried)}.")


def _strangers() -> dict[str, Tones]:
    other = printed([question(f"R{n}", 50 + n % 3 * 180, 80 + n // 3 * 45, "ABCD", pitch=30) for n in range(40)], PAGE)
    text = np.full((800, 600), 255, np.uint8)
    for line in range(30, 780, 24):
        cv2.putText(text, "The quick brown fox jumps over it", (20, line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 30, 2)
    return {
        "white": np.full((800, 600), 255, np.uint8),
        "black": np.zeros((800, 600), np.uint8),
        "noise": np.random.default_rng(3).integers(0, 256, (800, 600), np.uint8),
        "another form": other.blank,
        "lines of text": text,
    }


STRANGERS = _strangers()


def test_a_page_that_lies_mirrored_is_rejected() -> None:
    with pytest.raises(RegistrationFailed):
        found(FORM.known(), np.ascontiguousarray(FILLED[:, ::-1]))


def alike(rows: int = 18, first: float = 112) -> Sheet:
    """Rows of bubbles that all look the same, and nothing else, in the middle of the page."""
    return printed(
        [question(f"Q{n}", 178, first + 32 * n, "ABCDEFGH") for n in range(rows)], PAGE, seed=None, letters=False
    )


@pytest.mark.parametrize("image", [True, False])
@pytest.mark.parametrize("degrees", [3, 90, 155, 180])
def test_what_looks_the_same_upside_down_is_rejected_or_right(image: bool, degrees: float) -> None:
    """The bubbles alone cannot tell which side is up, and nobody may guess; the edges of the paper may tell."""
    sheet, view = alike(), turned(degrees)
    try:
        registration = found(sheet.known(image=image), view.of(sheet.blank))
    except RegistrationFailed:
        return
    assert misses(registration, view, lattice(margin=0.2)).max() < 1.5


def test_a_pattern_that_looks_the_same_upside_down_is_said_to() -> None:
    with pytest.raises(RegistrationFailed, match="the template's bubbles fit the scan in two ways alike"):
        found(alike().known(image=False), turned(25).of(alike().blank))


@pytest.mark.parametrize("knowledge", ["everything", "bubbles only"])
@pytest.mark.parametrize(
    "view",
    [
        moved(1, 1, 0, -128, Dimensions(600, 672)),  # cut off below the first row
        moved(1, 1, 0, -128),
        moved(1, 1, 0, -160),
        moved(1, 1, -118, 0),
        moved(1, 1, 0, 32),
        moved(1, 1, 32, 0),
        moved(1, 1, 0, -32),
        moved(1, 1, 0, 26),
    ],
    ids=["cut", "first row", "two rows", "first column", "a row down", "a column right", "a row up", "a digit down"],
)
def test_no_page_is_read_a_row_off(knowledge: str, view: View) -> None:
    try:
        registration = found(KNOWLEDGE[knowledge], view.of(FILLED))
    except RegistrationFailed:
        return
    assert misses(registration, view).max() < 3


@pytest.mark.parametrize("image", [True, False])
@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize("shift", [32, 64, -32, 28, 40])
def test_many_rows_alike_are_not_taken_for_their_neighbours(shift: int, words: bool, image: bool) -> None:
    """One row of many is little of the page: nearly all of it fits a row further."""
    rows = [question(f"Q{n}", 150, 100 + 32 * n, "ABCDEFGH") for n in range(18)]
    sheet = printed(rows, PAGE, seed=3 if words else None, letters=words)
    try:
        registration = found(sheet.known(image=image), np.roll(sheet.blank, shift, axis=0))
    except RegistrationFailed:
        return
    assert misses(registration, moved(1, 1, 0, shift)).max() < 1


def test_rows_may_be_covered() -> None:
    for top, bottom in ((100, 140), (200, 300), (430, 500)):
        covered = FILLED.copy()
        covered[top:bottom] = 255
        for known in (FORM.known(), BUBBLES_ONLY.known(image=False)):
            assert misses(found(known, covered), turned(0)).max() < 1


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


@pytest.mark.parametrize("knowledge", ["everything", "bubbles only"])
@pytest.mark.parametrize("scan", [Dimensions(6, 8), Dimensions(30, 40), Dimensions(2, 900)])
def test_tiny_scans_are_rejected(scan: Dimensions, knowledge: str) -> None:
    with pytest.raises(RegistrationFailed):
        found(KNOWLEDGE[knowledge], np.full((scan.height, scan.width), 200, np.uint8))
