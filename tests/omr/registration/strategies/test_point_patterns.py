import numpy as np
import pytest

from omrclip.imaging import ops
from omrclip.omr.registration.strategies import point_patterns
from omrclip.omr.registration.strategies.point_patterns import (
    Nearest,
    Pattern,
    PatternMap,
    _homographies,
    match,
    pairs_of,
)
from tests.omr.sheet import Points, turned


def grid(columns: int, rows: int, *, pitch: float = 30.0, left: float = 100.0, top: float = 100.0) -> Points:
    x, y = np.meshgrid(np.arange(columns) * pitch + left, np.arange(rows) * pitch + top)
    return np.column_stack([x.ravel(), y.ravel()])


# Two blocks of different lengths: nothing looks the same another way.
PATTERN = np.vstack([grid(5, 9), grid(3, 4, left=350, top=130), grid(2, 3, left=340, top=320)])
SIZE = 16.0


def placed(found: PatternMap, points: Points = PATTERN) -> Points:
    return ops.transform(found.matrix, points)


@pytest.mark.parametrize("degrees", [0, 3, -25, 45, 90, 180, 270])
@pytest.mark.parametrize("scale", [0.8, 1.0, 1.7])
def test_a_pattern_is_laid_onto_itself_moved_turned_and_scaled(degrees: float, scale: float) -> None:
    blobs = ops.transform(turned(degrees, scale=scale).page_to_scan, PATTERN)
    shuffled = np.random.default_rng(1).permutation(blobs)
    best, *others = match(Pattern.of(PATTERN, SIZE), shuffled, SIZE * scale)
    assert best.score == pytest.approx(1)
    assert np.abs(placed(best) - blobs).max() < 1e-3
    assert len(best.bubbles) == len(best.blobs) == len(PATTERN)
    assert np.abs(shuffled[best.blobs] - blobs[best.bubbles]).max() < 1e-9
    assert all(other.score < 0.95 for other in others)


def test_blobs_may_be_missing_and_strange_ones_among_them() -> None:
    rng = np.random.default_rng(2)
    blobs = PATTERN[rng.random(len(PATTERN)) > 0.15] + rng.normal(0, 0.5, (1, 2))
    strange = rng.uniform(0, 600, (12, 2))
    best = match(Pattern.of(PATTERN, SIZE), np.vstack([strange, blobs]), SIZE)[0]
    assert np.abs(placed(best) - PATTERN).max() < 3
    assert 0.75 < best.score < 1


def test_perspective_is_followed() -> None:
    matrix = np.array([[1, 0.05, 3], [-0.04, 1, 5], [2e-4, 1e-4, 1]])
    best = match(Pattern.of(PATTERN, SIZE), ops.transform(matrix, PATTERN), SIZE * 0.95)[0]
    assert np.abs(placed(best) - ops.transform(matrix, PATTERN)).max() < 0.5


def test_a_map_a_row_off_scores_less() -> None:
    """A row off, one row of bubbles has no blobs."""
    rows = grid(6, 8)
    maps = match(Pattern.of(rows, SIZE), rows, SIZE)
    assert maps == sorted(maps, key=lambda found: -found.score)
    exact = [found for found in maps if np.abs(placed(found, rows) - rows).max() < 0.5]
    turned_over = [found for found in maps if np.abs(placed(found, rows)[::-1] - rows).max() < 0.5]
    assert len(exact) == len(turned_over) == 1, "a plain grid looks the same upside down"
    assert all(found.score < 0.95 for found in maps if found not in (*exact, *turned_over))


def test_an_anchor_that_is_no_bubble_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a box to write a digit in above a grid, all maps are a row off."""
    rows = np.vstack([grid(8, 10, left=700), grid(5, 17, left=100, top=160)])
    blobs = np.vstack([rows, grid(8, 1, left=700, top=70)])
    anchors = point_patterns._anchors(blobs)
    monkeypatch.setattr(point_patterns, "_anchors", lambda blobs: [len(blobs) - 1, *anchors])
    pattern = Pattern.of(rows, SIZE)
    off, exact = match(pattern, blobs, SIZE)[0], match(pattern, blobs, SIZE, lambda found: found.score == 1)[0]
    assert np.abs(placed(off, rows) - rows).max() > 20
    assert np.abs(placed(exact, rows) - rows).max() < 0.5
    assert point_patterns.SCORE_ENDING_SEARCH < off.score < exact.score == 1


def test_trials_grow_alike_at_once_and_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = ops.transform(turned(20).page_to_scan, PATTERN) + np.random.default_rng(3).normal(0, 0.5, PATTERN.shape)
    at_once = match(Pattern.of(PATTERN, SIZE), blobs, SIZE)
    monkeypatch.setattr(point_patterns, "PLACES_AT_ONCE", 1)
    one_by_one = match(Pattern.of(PATTERN, SIZE), blobs, SIZE)
    assert [found.score for found in one_by_one] == [found.score for found in at_once]
    for one, other in zip(one_by_one, at_once, strict=True):
        assert np.abs(placed(one) - placed(other)).max() < 1e-6


@pytest.mark.parametrize("count", [1, 16, 40, 41, 63, 1000])
def test_the_nearest_bubbles_come_in_order_from_the_table_and_beyond(count: int) -> None:
    pattern, seeds = Pattern.of(PATTERN, SIZE), np.array([0, 30, 5])
    away = np.linalg.norm(PATTERN[pattern.nearest(seeds, count)] - PATTERN[seeds][:, None], axis=2)
    assert away.shape == (3, min(count, len(PATTERN)))
    assert (away[:, 0] == 0).all()
    assert (np.diff(away, axis=1) >= 0).all()


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_homographies_are_fitted_to_the_pairs_alone(noise: float) -> None:
    rng = np.random.default_rng(4)
    matrices = np.array([[[1, 0.05, 3], [-0.04, 1, 5], [2e-4, 1e-4, 1]], [[0, -2, 900], [2, 0, 5], [1e-5, 0, 1]]])
    points = np.stack([PATTERN, PATTERN[::-1]])
    images = np.stack([ops.transform(m, p) for m, p in zip(matrices, points, strict=True)])
    images += rng.normal(0, noise, images.shape) if noise else 0.0
    paired = rng.random((2, len(PATTERN))) < 0.8
    images[~paired] += 50
    for found, matrix in zip(_homographies(points, images, paired), matrices, strict=True):
        assert np.abs(placed_by(found) - placed_by(matrix)).max() < 1e-5 + 2 * noise


def placed_by(matrix: Points) -> Points:
    return ops.transform(matrix, PATTERN)


def test_blobs_beside_the_pattern_count_for_nothing() -> None:
    beside = np.vstack([PATTERN, grid(5, 9, left=100, top=370), grid(3, 9, left=250)])
    best = match(Pattern.of(PATTERN, SIZE), beside, SIZE)[0]
    assert best.score == pytest.approx(1)


@pytest.mark.parametrize(("bubbles", "blobs"), [(0, 20), (3, 20), (20, 0), (20, 3)])
def test_a_few_points_are_no_pattern(bubbles: int, blobs: int) -> None:
    assert match(Pattern.of(PATTERN[:bubbles], SIZE), PATTERN[:blobs], SIZE) == []


@pytest.mark.parametrize(
    "blobs",
    [
        np.column_stack([np.arange(30) * 20.0, np.full(30, 50.0)]),  # in one line: no second direction
        np.column_stack([np.full(12, 70.0), np.full(12, 50.0)]),  # all in one place
        PATTERN * (-1, 1) + (600, 0),  # mirrored
        grid(5, 9, pitch=100),  # the size of the bubbles forbids it
    ],
    ids=["line", "point", "mirror", "wide"],
)
def test_what_is_no_picture_of_the_pattern_is_not_taken_for_it(blobs: Points) -> None:
    assert all(found.score < 0.95 for found in match(Pattern.of(PATTERN, SIZE), blobs, SIZE))


def test_the_nearest_of_points() -> None:
    places = np.random.default_rng(5).uniform(-50, 500, (400, 2))
    found, distances = Nearest(PATTERN, SIZE).find(places)
    every = np.linalg.norm(places[:, None] - PATTERN[None], axis=2)
    assert np.allclose(distances, every[np.arange(400), found])
    near = every.min(axis=1) < SIZE / 2
    assert near.any()
    assert (found[near] == every[near].argmin(axis=1)).all(), "exact within half a blob"


def test_each_blob_is_taken_by_its_nearest_bubble_alone() -> None:
    nearest = Nearest(np.array([[10.0, 10.0], [50.0, 10.0]]), SIZE)
    bubbles, blobs = pairs_of(np.array([[13.0, 10.0], [11.0, 10.0], [55.0, 10.0], [90.0, 10.0]]), nearest, 6)
    assert bubbles.tolist() == [1, 2]
    assert blobs.tolist() == [0, 1]
