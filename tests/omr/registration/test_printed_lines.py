"""Lines of the blank page correct the displacement grid across their direction, where no other print determines it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.printed_lines import LinePatches, find_lines, take_lines
from omrclip.omr.registration.reference import reference_for
from tests.omr.registration.finding import found
from tests.omr.sheet import Points, Sheet, Tones, View, form

HALF, CELLS = 15, (4, 3)
NO_CORNERS = np.empty((0, 2), np.intp)


def drawn(*strokes: tuple[tuple[int, int], tuple[int, int]], shape: tuple[int, int] = (400, 300)) -> Tones:
    tones = np.full(shape, 255, np.uint8)
    for start, end in strokes:
        cv2.line(tones, start, end, 60, 2, cv2.LINE_AA)
    return tones


def lines_of(tones: Tones, corners: Points = NO_CORNERS) -> LinePatches:
    return take_lines(tones, CELLS, HALF, corners.astype(np.intp))


@pytest.mark.parametrize(
    ("start", "end", "axis"),
    [((20, 150), (280, 150), 1), ((20, 150), (280, 158), 1), ((140, 20), (140, 380), 0), ((140, 20), (148, 380), 0)],
    ids=["horizontal", "nearly horizontal", "vertical", "nearly vertical"],
)
def test_patches_lie_on_the_line(start: tuple[int, int], end: tuple[int, int], axis: int) -> None:
    lines = lines_of(drawn((start, end)))
    assert len(lines.patches) >= 3
    assert (lines.horizontal == bool(axis)).all()
    along = (lines.patches.centres - start)[:, 1 - axis] / (np.subtract(end, start)[1 - axis])
    expected = start[axis] + along * (end[axis] - start[axis])
    assert np.abs(lines.patches.centres[:, axis] - expected).max() <= 2


def words() -> Tones:
    tones = drawn()
    for row in range(30, 400, 24):
        cv2.putText(tones, "please answer", (10, row), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2, cv2.LINE_AA)
    return tones


@pytest.mark.parametrize(
    "tones",
    [drawn(), drawn(((20, 20), (280, 280))), words(), np.clip(drawn(((20, 150), (280, 150))), 245, 255)],
    ids=["white paper", "an oblique line", "words", "a line too pale to be found"],
)
def test_other_print_has_no_patches_of_lines(tones: Tones) -> None:
    assert not len(lines_of(tones).patches)


def test_patches_of_lines_keep_clear_of_patches_at_corners() -> None:
    corners = np.array([[60, 150], [220, 150]])
    lines = lines_of(drawn(((20, 150), (280, 150))), corners)
    assert len(lines.patches)
    for corner in corners:
        assert (np.abs(lines.patches.centres - corner).max(axis=1) > 2 * HALF).all()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("off", [0.0, 2.0, -3.0, 0.5, -1.3])
def test_lines_are_found_across_their_direction_only(axis: int, off: float) -> None:
    tones = drawn(((20, 150), (280, 150)) if axis else ((140, 20), (140, 380)))
    lines = lines_of(tones)
    matrix = np.array([[1, 0, 7.0], [0, 1, 7.0]])
    matrix[axis, 2] = off
    scan = np.asarray(cv2.warpAffine(tones, matrix, tones.shape[::-1], borderValue=255), np.uint8)
    seen = find_lines(lines, scan, lines.patches.centres.astype(np.float64))
    assert seen.scores.min() > 0.8
    assert np.abs(seen.offsets[:, axis] - off).max() < 0.2
    assert not seen.offsets[:, 1 - axis].any()


@pytest.mark.parametrize("away", [6, 9, 400], ids=["at the edge of the reach", "beyond the reach", "out of the image"])
def test_a_line_beyond_the_reach_is_not_found(away: int) -> None:
    tones = drawn(((20, 150), (280, 150)))
    lines = lines_of(tones)
    seen = find_lines(lines, tones, lines.patches.centres + np.array([0.0, away]))
    assert not seen.scores.any()


FIELD = (70, 530, 648)  # left, right and y of the printed line, where the form has nothing else
ON_LINE = np.column_stack([np.linspace(170, 430, 14), np.full(14, FIELD[2])])
LARGER = Dimensions(720, 960)
BOW = 1.6  # page px that the paper is bent at most


def lined() -> Sheet:
    plain = form()
    blank = plain.blank.copy()
    left, right, y = FIELD
    cv2.line(blank, (left, y), (right, y), 40, 2)
    return replace(plain, blank=blank)


def bowed(points: Points) -> Points:
    """Paper bent down around the middle of the line, and flat where there is other print."""
    across, down = ((points - (300, FIELD[2])) / (200, 55)).T
    height = np.cos(np.pi / 2 * np.clip(across, -1, 1)) ** 2 * np.cos(np.pi / 2 * np.clip(down, -1, 1)) ** 2
    return np.column_stack([0 * height, BOW * height])


def test_a_bent_line_between_flat_print_is_followed() -> None:
    sheet, view = lined(), View(np.diag([1.2, 1.2, 1.0]), LARGER, bowed)
    registration = found(sheet.known(), view.of(sheet.blank))
    miss = (registration.to_scan(ON_LINE) - view.to_scan(ON_LINE)) / 1.2
    assert np.abs(miss[:, 1]).max() < 0.5
    assert np.abs(miss[:, 0]).max() < 0.3


def test_writing_on_a_line_does_not_bend_the_page() -> None:
    sheet, view = lined(), View(np.diag([1.2, 1.2, 1.0]), LARGER)
    written = sheet.blank.copy()
    cv2.putText(written, "Nora Lindqvist", (100, FIELD[2] - 2), cv2.FONT_HERSHEY_SCRIPT_COMPLEX, 1.2, 30, 2)
    cv2.line(written, (110, FIELD[2] + 4), (330, FIELD[2] + 5), 30, 2)
    registration = found(sheet.known(), view.of(written))
    assert np.abs(registration.to_scan(ON_LINE) - view.to_scan(ON_LINE)).max() / 1.2 < 0.7


def test_without_an_image_of_the_blank_page_there_are_no_lines() -> None:
    known = lined().known(image=False)
    assert reference_for(known.page, known.image).lines is None
