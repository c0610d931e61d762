"""The committed templates and samples are what the generator makes, and what they claim about themselves is so."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import Curl, Glass, PageMap, Pose, in_space, photographed, scanned
from tests.sheets.layout import ChoiceBox, Form, Grid, scale_of
from tests.sheets.printing import page_dimensions, print_page
from tests.sheets.samples import FORMS, SHOTS, TEMPLATE_DPI, sample, truth_of
from tests.sheets.sheet import make, map_of
from tests.sheets.template import omr_text

PROJECT = Path(__file__).parents[2]
SAMPLES, TEMPLATES = PROJECT / "samples", PROJECT / "templates_omr"
SCALE = scale_of(TEMPLATE_DPI)
SCANS = [name for name, (_, shot) in SHOTS.items() if shot.kind == "scan"]
PHOTOS = [name for name, (_, shot) in SHOTS.items() if shot.kind == "photo"]
EXAMS = [name for name, (form, _) in SHOTS.items() if form == "exam"]
MEGABYTE = 1_000_000

Pixels = npt.NDArray[np.uint8]


@cache
def truths() -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
    return truth


def read(path: Path, flags: int = cv2.IMREAD_UNCHANGED) -> Pixels:
    image = cv2.imread(str(path), flags)
    assert image is not None
    return np.asarray(image, np.uint8)


@cache
def image_of(name: str) -> Pixels:
    return read(SAMPLES / f"{name}.jpg", cv2.IMREAD_GRAYSCALE)


def map_and_form(name: str) -> tuple[PageMap, Form]:
    form, shot = FORMS[SHOTS[name][0]], SHOTS[name][1]
    return map_of(form, shot), form


def difference(one: Pixels, other: Pixels) -> float:
    return float(np.mean(cv2.absdiff(one, other)))


def darkness(image: Pixels, page_map: PageMap, x: float, y: float, radius: float) -> float:
    """How dark (255: black) a disc of the paper is on average; all in mm."""
    steps = np.linspace(-radius, radius, 13)
    across, down = np.meshgrid(steps, steps)
    inside = across**2 + down**2 <= radius**2
    points = page_map.to_image(np.column_stack([x + across[inside], y + down[inside]]))
    columns, rows = (points - 0.5).astype(np.float32).T
    return 255.0 - float(cv2.remap(image, columns, rows, cv2.INTER_LINEAR).mean())


@pytest.mark.parametrize("name", SHOTS)
def test_sample_is_made_again(name: str) -> None:
    sheet = sample(name)
    again = cv2.imdecode(np.frombuffer(sheet.jpeg, np.uint8), cv2.IMREAD_COLOR)
    # Not byte for byte: the float kernels of processors differ in the last digit.
    assert difference(read(SAMPLES / f"{name}.jpg", cv2.IMREAD_COLOR), np.asarray(again, np.uint8)) < 1.0
    committed, truth = truths()[f"{name}.jpg"], json.loads(json.dumps(truth_of(sheet)))
    assert without_points(committed) == without_points(truth)
    np.testing.assert_allclose(committed["corners"], truth["corners"], atol=0.01)
    for points in ("template", "image"):
        np.testing.assert_allclose(committed["lattice"][points], truth["lattice"][points], atol=0.01)


def without_points(truth: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in truth.items() if key not in ("corners", "lattice")}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_template_is_made_again(form: Form) -> None:
    assert (TEMPLATES / f"{form.name}.omr").read_text("utf-8") == omr_text(form, TEMPLATE_DPI)
    assert difference(read(TEMPLATES / f"{form.name}.png"), print_page(form, TEMPLATE_DPI)) < 0.5


def test_one_seed_gives_one_sheet() -> None:
    shot = replace(SHOTS["survey-photo-1"][1], dimensions=Dimensions(300, 400))
    one, same, other = (make(FORMS["survey"], s).jpeg for s in (shot, shot, replace(shot, seed=shot.seed + 1)))
    assert one == same != other


def template_bubbles(form: Form) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each bubble with its choice box, as the template file has them."""
    document = json.loads((TEMPLATES / f"{form.name}.omr").read_text("utf-8"))
    elements = document["Pages"][0]["Elements"]
    boxes = [box for element in elements for box in element.get("Elements", [element]) if box["Type"] == "ChoiceBox"]
    return [(box, bubble) for box in boxes for bubble in box["Bubbles"]]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_bubbles_are_where_the_template_says(form: Form) -> None:
    page = print_page(form, TEMPLATE_DPI)
    for box, bubble in template_bubbles(form):
        width, height = box["BubbleWidth"], box["BubbleHeight"]
        cut = page[bubble["Top"] - 3 : bubble["Top"] + height + 3, bubble["Left"] - 3 : bubble["Left"] + width + 3]
        rows, columns = np.nonzero(cut < 130)  # the ring: labels and bands are lighter
        for found, extent in ((columns, width), (rows, height)):
            assert found.min() - 3 == pytest.approx(0, abs=1.0)
            assert found.max() + 1 - 3 == pytest.approx(extent, abs=1.0)
        assert box["Left"] <= bubble["Left"]
        assert box["Top"] <= bubble["Top"]
        assert bubble["Left"] + width <= box["Left"] + box["Width"]
        assert bubble["Top"] + height <= box["Top"] + box["Height"]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_template_speaks_of_its_page(form: Form) -> None:
    document = json.loads((TEMPLATES / f"{form.name}.omr").read_text("utf-8"))
    page = document["Pages"][0]
    assert read(TEMPLATES / page["ImageName"]).shape == (page["Height"], page["Width"])
    names = [element["Name"] for element in page["Elements"]]
    assert len(names) == len(set(names))
    for element in page["Elements"]:
        assert next(iter(element)) == "Type"
        assert all(type(element[key]) is int for key in ("Width", "Height", "Top", "Left"))
        assert 0 <= element["Left"] < element["Left"] + element["Width"] <= page["Width"]
        assert 0 <= element["Top"] < element["Top"] + element["Height"] <= page["Height"]


@pytest.mark.parametrize("name", EXAMS)
def test_reference_marks_are_where_the_truth_says(name: str) -> None:
    page_map, form = map_and_form(name)
    for point in form.reference_points():
        area = point.area.grown(2.0)
        outline = page_map.to_image(
            np.array(
                [[area.left, area.top], [area.right, area.top], [area.right, area.bottom], [area.left, area.bottom]]
            )
        )
        low, high = np.floor(outline.min(axis=0)).astype(int), np.ceil(outline.max(axis=0)).astype(int)
        cut = image_of(name)[low[1] : high[1], low[0] : high[0]]
        dark, _ = cv2.threshold(cut, 0, 255, cv2.THRESH_OTSU)
        moments = cv2.moments((cut <= dark).astype(np.uint8), binaryImage=True)
        found = np.array([moments["m10"], moments["m01"]]) / moments["m00"] + low + 0.5
        true = page_map.to_image(np.array([point.area.centre]))[0]
        np.testing.assert_allclose(found, true, atol=0.6)


@pytest.mark.parametrize("name", PHOTOS)
def test_the_paper_ends_where_the_truth_says(name: str) -> None:
    corners = np.array(truths()[f"{name}.jpg"]["corners"])
    centre = corners.mean(axis=0)
    for corner in corners:
        away = (corner - centre) / np.linalg.norm(corner - centre)
        inner, outer = ((corner + step * away).astype(int) for step in (-12, 12))
        paper, desk = (float(image_of(name)[y - 2 : y + 3, x - 2 : x + 3].mean()) for x, y in (inner, outer))
        assert paper > desk + 25


@pytest.mark.parametrize("name", SHOTS)
def test_marks_are_darker_than_their_blank_neighbours(name: str) -> None:
    page_map, form = map_and_form(name)
    answers, image = truths()[f"{name}.jpg"]["answers"], image_of(name)
    boxes = [element for element in form.elements if isinstance(element, ChoiceBox)]
    for box in boxes:
        levels = [darkness(image, page_map, b.x, b.y, 0.42 * box.diameter) for b in box.bubbles]
        marked = [level for level, value in zip(levels, marks_of(box, answers[box.name]), strict=True) if value]
        blank = [level for level, value in zip(levels, marks_of(box, answers[box.name]), strict=True) if not value]
        if marked and blank:
            assert min(marked) > max(blank) + 4, box.name


def marks_of(box: ChoiceBox, answer: str) -> list[bool]:
    """Which bubbles the answer names; values are in bubble order, and no value starts with another one."""
    marks = []
    for bubble in box.bubbles:
        marks.append(answer.startswith(bubble.value) and not longer_match(box, answer, bubble.value))
        answer = answer.removeprefix(bubble.value) if marks[-1] else answer
    assert not answer
    return marks


def longer_match(box: ChoiceBox, answer: str, value: str) -> bool:
    return any(len(b.value) > len(value) and answer.startswith(b.value) for b in box.bubbles)


@pytest.mark.parametrize("name", EXAMS)
def test_digits_are_darker_than_the_rest_of_their_column(name: str) -> None:
    page_map, form = map_and_form(name)
    grid = next(element for element in form.elements if isinstance(element, Grid))
    for column, digit in zip(grid.columns, truths()[f"{name}.jpg"]["answers"]["StudentID"], strict=True):
        levels = [darkness(image_of(name), page_map, b.x, b.y, 0.42 * column.diameter) for b in column.bubbles]
        assert int(np.argmax(levels)) == int(digit)


@pytest.mark.parametrize("name", EXAMS)
def test_the_qr_code_can_be_read(name: str) -> None:
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(image_of(name))
    assert text == truths()[f"{name}.jpg"]["answers"]["FormCode"]


@pytest.mark.parametrize("name", SCANS)
def test_writing_stays_in_its_clip_area_without_registration(name: str) -> None:
    page_map, form = map_and_form(name)
    to_template = page_dimensions(form, TEMPLATE_DPI).width / SHOTS[name][1].dimensions.width
    for clip in form.clip_areas():
        room, area = clip.room, clip.area
        corners = np.array([[x, y] for x in (room.left, room.right) for y in (room.top, room.bottom)])
        seen = page_map.to_image(corners) * to_template / SCALE
        assert (seen > [area.left, area.top]).all()
        assert (seen < [area.right, area.bottom]).all()


@pytest.mark.parametrize("name", SHOTS)
def test_aspect_tells_scans_from_photos(name: str) -> None:
    form, shot = FORMS[SHOTS[name][0]], SHOTS[name][1]
    assert image_of(name).shape == (shot.dimensions.height, shot.dimensions.width)
    off = abs(shot.dimensions.aspect / page_dimensions(form, TEMPLATE_DPI).aspect - 1.0)
    assert off > 0.01 if shot.kind == "photo" else off < 0.001


def test_scans_that_can_be_cut_at_identity_are_there() -> None:
    """One scan a form has the page's own pixels; the first one lies on them exactly."""
    for name in ("exam-scan-1", "survey-scan-1"):
        page_map, form = map_and_form(name)
        page = page_dimensions(form, TEMPLATE_DPI)
        assert SHOTS[name][1].dimensions == page
        corners = np.array([[0.0, 0.0], [page.width, page.height]])
        np.testing.assert_allclose(page_map.to_image(corners / SCALE), corners, atol=0.01 if "exam" in name else 4.0)


def test_everything_together_is_small() -> None:
    files = [*SAMPLES.iterdir(), *TEMPLATES.iterdir()]
    assert sum(file.stat().st_size for file in files) < 6 * MEGABYTE


FORM = FORMS["exam"]
MAPS = {
    "scan": scanned(FORM, Glass(300.0, 4.0, 3.0, -2.0)),
    "photo": photographed(FORM, Pose(25.0, -15.0, 20.0), Dimensions(1500, 2000)),
    "bent": photographed(FORM, Pose(-10.0, 12.0, 5.0), Dimensions(1500, 2000), Curl(12.0, 260.0, 30.0, 50.0)),
}


@pytest.mark.parametrize("page_map", MAPS.values(), ids=MAPS)
def test_map_goes_both_ways(page_map: PageMap) -> None:
    points = np.random.default_rng(1).uniform(0, [FORM.width, FORM.height], (200, 2))
    np.testing.assert_allclose(page_map.to_paper(page_map.to_image(points)), points, atol=0.002)


def test_bending_stretches_no_paper() -> None:
    curl = Curl(12.0, 260.0, 30.0, 50.0)
    points = np.random.default_rng(2).uniform(0, 200, (100, 2))
    for step in (np.array([0.1, 0.0]), np.array([0.0, 0.1]), np.array([0.07, 0.07])):
        lengths = np.linalg.norm(in_space(points + step, curl) - in_space(points, curl), axis=1)
        # The bending is computed to second order in the slope, which is 0.3 here at its steepest.
        np.testing.assert_allclose(lengths / np.linalg.norm(step), 1.0, atol=0.005)
