"""Where only the bubbles are known, clips far from all of them lie in their places on curled paper too."""

from functools import cache

import cv2
import numpy as np
import pytest

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.find import ImagePyramid, Registration, register
from omrclip.omr.registration.paper.sheet_sides import SheetSides
from tests.benchmarks.accuracy.forms import TEMPLATED, pages_of
from tests.sheets.camera import Curl, PageMap, Pose, photographed
from tests.sheets.filling import Person
from tests.sheets.layout import scale_of
from tests.sheets.quick import Picture, make_quickly
from tests.sheets.scene import Light, Scene, Sensor
from tests.sheets.sheet import Shot

FORM = "survey"  # few bubbles, and its clips lie far from them
CURLS = [Curl(4, 300, 20, 40), Curl(6, 420, 100, 10), Curl(5, 350, 170, 200)]
PHOTO = Dimensions(1600, 2133)
POSE = Pose(pitch=8, yaw=-5, roll=4, reach=0.85)


@cache
def found(curl: Curl) -> Registration:
    shot = Shot(
        1, PHOTO, POSE, Person(pen="black ballpoint"), curl=curl, scene=Scene("oak", Light(1.0), Sensor(0.5, noise=1.0))
    )
    sheet = make_quickly(TEMPLATED[FORM].layout, Picture(shot))
    pixels = cv2.imdecode(np.frombuffer(sheet.jpeg, np.uint8), cv2.IMREAD_COLOR)
    return register(pages_of(FORM, "bubbles only")[0], ImagePyramid(np.asarray(pixels, np.uint8))).registration


def misses(registration: Registration, page_map: PageMap) -> list[float]:
    """How far the corners of each clip area are put from their places, in page pixels."""
    form = TEMPLATED[FORM]
    scale = scale_of(form.dpi)
    per_pixel = np.linalg.norm(np.diff(page_map.to_image(np.array([[100, 150], [101, 150]])), axis=0)) / scale
    worst = []
    for area in form.layout.clip_areas():
        box = area.area
        corners = np.array([[x, y] for x in (box.left, box.right) for y in (box.top, box.bottom)])
        off = registration.to_scan(corners * scale) - page_map.to_image(corners)
        worst.append(float(np.linalg.norm(off, axis=1).max() / per_pixel))
    return worst


@pytest.mark.parametrize("curl", [Curl(), *CURLS], ids=str)
def test_clips_far_from_all_bubbles_lie_in_their_places(curl: Curl) -> None:
    assert max(misses(found(curl), photographed(TEMPLATED[FORM].layout, POSE, PHOTO, curl))) < 3


@pytest.mark.parametrize("curl", CURLS, ids=str)
def test_without_the_papers_sides_they_lie_near_them(curl: Curl, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = SheetSides(np.zeros(0, np.intp), np.zeros((0, 2)), np.zeros((0, 2)))
    monkeypatch.setattr("omrclip.omr.registration.paper.extension.find_sides", lambda *_: nothing)
    registration = found.__wrapped__(curl)
    assert max(misses(registration, photographed(TEMPLATED[FORM].layout, POSE, PHOTO, curl))) < 12
