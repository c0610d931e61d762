"""Pictures that are made quickly show what they claim to, where they claim to."""

from functools import cache

import cv2
import numpy as np
import pytest

from tests.sheets.answers import answers
from tests.sheets.camera import Pose
from tests.sheets.corrections import Correction, doubtful, taken_back
from tests.sheets.enrolment import enrolment
from tests.sheets.exam import exam
from tests.sheets.hardening import quarter_turned
from tests.sheets.layout import ChoiceBox, Form, Grid
from tests.sheets.letters import letters
from tests.sheets.pens import PENS, MarkStyle, mark
from tests.sheets.quick import Picture, make_quickly
from tests.sheets.samples import EXAM_SHOTS
from tests.sheets.sheet import Sheet, make
from tests.sheets.strengths import LEVELS, MARGIN, picture_at

EXAM, ANSWERS, ENROLMENT = exam(), answers(corner_marks=True), enrolment()
PHOTOS = [name for name, level in LEVELS.items() if level.kind == "photo"]
SHOWN = (
    "nothing hard, scan",
    "rotation 90°, photo",
    "scale 120 dpi, scan",
    "curl 6 mm, photo",
    "rubbed-out well, scan",
)


@cache
def sheet_at(level: str) -> Sheet:
    return make_quickly(ANSWERS, picture_at(ANSWERS, LEVELS[level], 7))


def grey_of(sheet: Sheet) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(sheet.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE))


def test_it_differs_little_from_the_exact_way() -> None:
    shot = EXAM_SHOTS["exam-scan-1"]
    exact, quick = (
        grey_of(sheet).astype(np.float32) for sheet in (make(EXAM, shot), make_quickly(EXAM, Picture(shot, 101)))
    )
    (x, y), _ = cv2.phaseCorrelate(exact, quick)
    assert np.hypot(x, y) < 0.1
    assert np.abs(exact - quick).mean() < 4


@pytest.mark.parametrize("level", SHOWN)
def test_reference_marks_are_where_the_map_says(level: str) -> None:
    sheet = sheet_at(level)
    image = grey_of(sheet)
    for point in ANSWERS.reference_points():
        area = point.area.grown(2.0)
        corners = np.array([[x, y] for x in (area.left, area.right) for y in (area.top, area.bottom)])
        outline = sheet.page_map.to_image(corners)
        low, high = np.floor(outline.min(axis=0)).astype(int), np.ceil(outline.max(axis=0)).astype(int)
        cut = image[low[1] : high[1], low[0] : high[0]]
        dark, _ = cv2.threshold(cut, 0, 255, cv2.THRESH_OTSU)
        moments = cv2.moments((cut <= dark).astype(np.uint8), binaryImage=True)
        found = np.array([moments["m10"], moments["m01"]]) / moments["m00"] + low + 0.5
        np.testing.assert_allclose(found, sheet.page_map.to_image(np.array([point.area.centre]))[0], atol=0.6)


@pytest.mark.parametrize("level", SHOWN)
def test_marks_are_darker_than_the_rest_of_their_question(level: str) -> None:
    sheet = sheet_at(level)
    image = cv2.GaussianBlur(grey_of(sheet), (0, 0), 2.0)
    for box, choice in zip(ANSWERS.choice_boxes(), sheet.choices, strict=True):
        centres = sheet.page_map.to_image(np.array([[bubble.x, bubble.y] for bubble in box.bubbles])).astype(int)
        levels = [int(image[y, x]) for x, y in centres]
        marked, blank = ([v for i, v in enumerate(levels) if (i in choice) is among] for among in (True, False))
        if marked:
            assert max(marked) < min(blank) - 10


@pytest.mark.parametrize("level", PHOTOS)
def test_photos_have_the_whole_page(level: str) -> None:
    picture = picture_at(EXAM, LEVELS[level], 7)
    shot = picture.shot
    assert isinstance(shot.view, Pose)
    corners = picture.map_of(EXAM).to_image(np.array([[x, y] for x in (0, EXAM.width) for y in (0, EXAM.height)]))
    margin = np.array([shot.dimensions.width, shot.dimensions.height]) * MARGIN * 0.9
    assert (corners >= margin).all()
    assert (corners <= [shot.dimensions.width, shot.dimensions.height] - margin).all()


def test_a_lens_goes_both_ways() -> None:
    page_map = picture_at(EXAM, LEVELS["lens -4%, photo"], 7).map_of(EXAM)
    points = np.random.default_rng(1).uniform(0, [EXAM.width, EXAM.height], (200, 2))
    np.testing.assert_allclose(page_map.to_paper(page_map.to_image(points)), points, atol=0.002)


def test_a_bilevel_scan_is_black_and_white() -> None:
    sheet = make_quickly(ENROLMENT, picture_at(ENROLMENT, LEVELS["scan black and white, 200 dpi, scan"], 7))
    assert sheet.jpeg.startswith(b"\x89PNG")
    assert set(np.unique(grey_of(sheet))) == {0, 255}


def test_marks_that_were_taken_back_are_no_answers() -> None:
    with_them, without = (
        make_quickly(ENROLMENT, picture_at(ENROLMENT, LEVELS[level], 7))
        for level in ("crossed-out by a cross, scan", "marks fill, scan")
    )
    assert with_them.answers == without.answers
    assert grey_of(with_them).mean() < grey_of(without).mean()


@pytest.mark.parametrize("style", ["circle", "close circle"])
def test_circles_run_around_the_bubble(style: MarkStyle) -> None:
    for seed in range(20):
        (stroke,) = mark(style, 2.0, PENS["pencil"], np.random.default_rng(seed))
        away = np.linalg.norm(stroke.points - stroke.points.mean(axis=0), axis=1)
        assert away.min() > (1.05 if style == "circle" else 0.85)
        assert away.max() < (1.8 if style == "circle" else 1.5)


def test_columns_that_are_left_empty_keep_their_places() -> None:
    for level, gaps in (("15% of columns empty", True), ("all columns empty", False)):
        sheet = make_quickly(ENROLMENT, picture_at(ENROLMENT, LEVELS[f"gaps {level}, scan"], 8))
        phone, code = sheet.answers["Phone"], sheet.answers["PostCode"]
        assert ([len(phone), len(code)] == [8, 5]) is gaps
        assert (" " in phone + code) is gaps
        assert (phone + code == "") is not gaps


@pytest.mark.parametrize(("correction", "every"), [("crossed out", False), ("rubbed out badly", True)])
def test_what_was_taken_back_alone_is_doubtful(correction: Correction, every: bool) -> None:
    choices = tuple(() if n % 3 else (0,) for n, _ in enumerate(ANSWERS.choice_boxes()))
    places = taken_back(ANSWERS, choices, np.random.default_rng(3))
    alone = {place.box for place in places if place.alone}
    names = {box.name: choice for box, choice in zip(ANSWERS.choice_boxes(), choices, strict=True)}
    assert alone == {place.box for place in places if not names[place.box]}
    assert 0 < len(alone) < len(places)
    assert doubtful(places, correction) == ({place.box for place in places} if every else alone)


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("kind", ["scan", "photo"])
def test_quarter_turns_turn_the_page(turns: int, kind: str) -> None:
    picture = picture_at(EXAM, LEVELS[f"nothing hard, {kind}"], 7)
    page_map = quarter_turned(turns, EXAM, picture, np.random.default_rng(1)).map_of(EXAM)
    (x, y), (right, down) = page_map.to_image(np.array([[100.0, 150.0], [110.0, 150.0]]))
    turned = np.rad2deg(np.arctan2(down - y, right - x)) % 360
    assert turned == pytest.approx(90 * turns, abs=1)


def test_the_enrolment_form_has_what_others_lack() -> None:
    grids = {element.orientation for element in ENROLMENT.elements if isinstance(element, Grid)}
    assert grids == {"Horizontal", "Vertical"}
    boxes = [element for element in ENROLMENT.elements if isinstance(element, ChoiceBox)]
    assert any(box.multiselect for box in boxes)
    assert any(len(bubble.value) > 1 for box in boxes for bubble in box.bubbles)


@pytest.mark.parametrize("form", [ANSWERS, ENROLMENT, letters()], ids=lambda form: form.name)
def test_bubbles_do_not_overlap(form: Form) -> None:
    bubbles = [(bubble.x, bubble.y, box.diameter) for box in form.choice_boxes() for bubble in box.bubbles]
    places = np.array([[x, y] for x, y, _ in bubbles])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 99 * np.eye(len(places))
    assert apart.min() > max(diameter for _, _, diameter in bubbles)
