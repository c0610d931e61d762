"""What decides whether a map is believed: each rule by itself, on the measurements at which it changes its mind."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.bubble_patches import Blank, darkness
from omrclip.omr.registration.confirm import Rejected, _folds, _followed, _outlines, _slips, confirm, is_upright
from omrclip.omr.registration.paper import displacement_grid as bending
from omrclip.omr.registration.patches import take
from omrclip.omr.registration.rectified_scan import RectifiedScan
from omrclip.omr.registration.refine import LocalMap
from omrclip.omr.registration.registration import Candidate
from omrclip.omr.registration.rivals import Rival

MODULE = import_module("omrclip.omr.registration.confirm")  # the package has the function by that name
SIDE = Dimensions(400, 400)
UPSIDE_DOWN = np.array([[-1.0, 0, 400], [0, -1, 400], [0, 0, 1]])
A_VIEW = RectifiedScan(np.zeros((1, 1), np.uint8), np.eye(3))
NOT_FOUND = "the print of the blank page was not found in its place"
NO_OUTLINES = "the printed bubbles were not found in their places"
A_ROW_FURTHER = "the page fits equally well a row or a column of bubbles further"
TOO_FEW = "too few printed bubbles were found to exclude other positions"
FAR_OUT = "the page would lie far outside the picture"
NO_SHEET = "the map found is impossible for a sheet of paper"
TURNED_THOUGH_UPRIGHT = "the page would lie turned, but the option Orientation says that it is upright"
BETTER = "the template's bubbles fit the scan better in another way"
TURNED_AS_WELL = "the template's bubbles fit the scan equally well turned"
FURTHER_AS_WELL = "the template's bubbles fit the scan equally well some rows or columns further"


@dataclass(frozen=True)
class Measured:
    """What is known of the page, and what the steps before find of a map; as it stands, all is well."""

    printed: bool = True
    looks_alike: bool = False
    blank: Blank | None = field(default_factory=lambda: Blank(np.zeros((1, 1, 1), np.float32)))
    least: float = 0.5
    matrix: ops.Matrix = field(default_factory=lambda: np.eye(3))
    upright: bool = False
    settles: bool = True
    agreeing: float = 0.9
    weakest: float = 0.9
    outlines: tuple[float, ...] = (0.9,) * 100
    slips: bool = False
    sees_bubbles: bool = True
    rival: Rival | None = None
    outside: float = 0.0

    def judged(self, patch: pytest.MonkeyPatch) -> LocalMap | Rejected:
        """What `confirm` makes of it. Each step is given what it needs: the page, the scan, the map found so far."""
        reference: Any = SimpleNamespace(
            page=SIDE, printed=self.printed, looks_alike=self.looks_alike, blank=self.blank
        )
        levels: Any = SimpleNamespace(dimensions=SIDE)
        rough, settled = (Candidate("edges", self.matrix, least_agreeing=self.least) for _ in range(2))
        matches, bend = np.zeros((0, 4), np.float32), bending.flat()
        found = LocalMap(self.matrix, bend, matches, self.agreeing, 0.1, A_VIEW, self.weakest)
        unmoved = SimpleNamespace(outside=self.outside)
        scene = SimpleNamespace(placed=lambda moves: unmoved if (moves == np.eye(3)).all() else None)
        steps: dict[str, Callable[..., object]] = {
            "settle": step(settled if self.settles else None, reference, levels, rough),
            "refine": step(found, reference, levels, settled if self.printed else rough),
            "scene_of": step(scene if self.sees_bubbles else None, reference, levels, self.matrix, bend, A_VIEW),
            "strongest_rival": step(self.rival, scene, may_turn=not self.upright),
            "_beside": step(None, scene, reference, rough, found),
            "_outlines": step(np.array(self.outlines), reference, self.blank, found),
            "_slips": step(self.slips, reference, found),
        }
        for name, stand_in in steps.items():
            patch.setattr(MODULE, name, stand_in)
        return confirm(reference, levels, rough, upright=self.upright)


def step(result: object, *needed: object, **options: object) -> Callable[..., object]:
    """A step that has this result, and must be given these very things."""

    def stand_in(*given: object, **chosen: object) -> object:
        assert [id(each) for each in given] == [id(each) for each in needed]
        assert chosen == options
        return result

    return stand_in


def rival(*, turned: bool = False, is_better: bool = False) -> Rival:
    return Rival(np.array([[1.0, 0, 0], [0, 1, 32], [0, 0, 1]]), turned, is_better)


@pytest.mark.parametrize(
    ("measured", "everywhere"),
    [
        (Measured(), True),
        (Measured(agreeing=0.5), True),
        (Measured(agreeing=0.75, least=0.75), True),
        (Measured(matrix=UPSIDE_DOWN), True),
        (Measured(upright=True), True),
        # A region where less than 40 % agrees, or more than 2 % of the outlines beside their places.
        (Measured(weakest=0.4), True),
        (Measured(weakest=0.39), False),
        (Measured(outlines=(0.51,) * 98 + (0.31,) * 2), True),
        (Measured(outlines=(0.51,) * 97 + (0.31,) * 3), False),
        (Measured(outlines=(0.51,) * 97 + (0.5,) * 3), False),
        (Measured(outlines=(0.51,) * 61 + (0.0,) * 39), False),
        (Measured(outlines=(0.51,) * 98 + (0.31,) * 2, weakest=0.39), False),
        (Measured(blank=None, outlines=(0.0,)), True),
        (Measured(blank=None, weakest=0.39), False),
        (Measured(agreeing=0.99, slips=True), True),
        # The print tells the place: nobody asks the bubbles.
        (Measured(rival=rival(is_better=True)), True),
        (Measured(sees_bubbles=False), True),
        (Measured(outside=0.26), True),
        # Only the bubbles are known.
        (Measured(printed=False, settles=False, blank=None, weakest=0.0, slips=True), True),
        (Measured(printed=False, upright=True, outside=0.25), True),
        # They are known beside print that cannot tell the turn.
        (Measured(looks_alike=True), True),
        (Measured(looks_alike=True, weakest=0.39), False),
    ],
)
def test_a_map_that_is_believed(measured: Measured, everywhere: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found = measured.judged(monkeypatch)
    assert isinstance(found, LocalMap)
    assert found.everywhere is everywhere


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        (Measured(matrix=np.diag([-1.0, 1, 1])), NO_SHEET),
        (Measured(matrix=UPSIDE_DOWN, upright=True), TURNED_THOUGH_UPRIGHT),
        (Measured(settles=False), NOT_FOUND),
        (Measured(agreeing=0.49), "only 49% of the print of the page was found in its place"),
        (Measured(agreeing=0.74, least=0.75), "only 74% of the print of the page was found in its place"),
        (Measured(printed=False, agreeing=0.49), "only 49% of the print of the page was found in its place"),
        (Measured(outlines=(0.9,) * 60 + (0.0,) * 40), NO_OUTLINES),
        (Measured(outlines=(0.9,) * 60 + (0.3,) * 40), NO_OUTLINES),
        (Measured(agreeing=0.98, slips=True), A_ROW_FURTHER),
        (Measured(agreeing=0.98, slips=True, blank=None), A_ROW_FURTHER),
        (Measured(printed=False, sees_bubbles=False), TOO_FEW),
        (Measured(printed=False, outside=0.26), FAR_OUT),
        (Measured(looks_alike=True, sees_bubbles=False), TOO_FEW),
        (Measured(looks_alike=True, outside=0.26), FAR_OUT),
        (Measured(looks_alike=True, outlines=(0.0,)), NO_OUTLINES),
    ],
)
def test_a_map_that_is_refused(measured: Measured, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = measured.judged(monkeypatch)
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.instead, refused.undecided) == (reason, None, False)


@pytest.mark.parametrize("printed", [False, True])
@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (rival(turned=True), TURNED_AS_WELL),
        (rival(), FURTHER_AS_WELL),
        (rival(is_better=True), BETTER),
        (rival(turned=True, is_better=True), BETTER),
    ],
)
def test_a_map_that_has_a_rival(other: Rival, reason: str, printed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is better is followed; between two alike nobody decides, also where the page lies out of the picture."""
    refused = Measured(printed=printed, looks_alike=True, rival=other, outside=0.26).judged(monkeypatch)
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.undecided) == (reason, not other.is_better)
    assert (refused.instead is not None) is other.is_better


def test_a_rival_is_followed_over_the_bends_of_the_paper() -> None:
    """What is at a place of the page lies where the map puts what is at the place that the rival moves it to."""
    page = Dimensions(400, 300)
    moves = np.array([[0.0, -1, 350], [1, 0, -20], [0, 0, 1]])
    nodes = bending.nodes(page)
    bend = np.column_stack([nodes[:, 1] / 20, nodes[:, 0] / 40]).astype(np.float32).reshape(*bending.NODES, 2)
    rough = Candidate("edges", np.eye(3), None, 7)
    page_to_scan = np.array([[1.1, 0.1, 20], [-0.1, 1.1, 60], [0, 0, 1]])
    found: Any = SimpleNamespace(page_to_scan=page_to_scan, bend=bend)
    reference: Any = SimpleNamespace(page=page)
    followed = _followed(reference, rough, found, moves)
    assert followed.bend is not None
    assert (followed.strategy, followed.search, followed.bend.dtype) == ("edges", 7, np.float32)
    places = np.array([[100.0, 120], [200, 150], [140, 280]])
    there = ops.transform(moves, places)
    expected = ops.transform(page_to_scan, there + bending.offsets_at(bend, there, page))
    put = ops.transform(followed.page_to_scan, places + bending.offsets_at(followed.bend, places, page))
    np.testing.assert_allclose(put, expected, atol=0.1)


@pytest.mark.parametrize(
    ("matrix", "folds"),
    [
        (np.eye(3), False),
        (np.diag([0.0999, 0.1, 1]), True),
        (np.diag([0.1001, 0.1, 1]), False),
        (np.diag([3.999, 4, 1]), False),
        (np.diag([4.001, 4, 1]), True),
        (np.diag([5.0, 5, 5]), False),  # as large as the picture
        (np.diag([0.5, 0.5, 10]), True),
        (np.diag([0.5, 0.0199, 1]), True),
        (np.diag([0.5, 0.0201, 1]), False),
        (np.diag([-1.0, 1, 1]), True),
        (np.diag([1.0, -1, 1]), True),
        (np.diag([-1.0, -1, 1]), False),  # upside down
        (np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), False),  # a quarter to the right
        (np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]), True),  # and mirrored
        (np.array([[1.0, 0, 0], [0, 1, 0], [0.001, 0, 1]]), False),
        (np.array([[1.0, 0, 0], [0, 1, 0], [-0.0019, 0, 1]]), False),
        (np.array([[1.0, 0, 0], [0, 1, 0], [-0.0026, 0, 1]]), True),  # the right side lies behind the camera
        (np.array([[1.0, 0, 0], [0, 1, 0], [0, -0.0026, 1]]), True),
        (np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, np.inf]]), True),
    ],
)
def test_only_a_picture_of_a_sheet_does_not_fold(matrix: ops.Matrix, folds: bool) -> None:
    reference: Any = SimpleNamespace(page=SIDE)
    levels: Any = SimpleNamespace(dimensions=SIDE)
    assert _folds(reference, levels, Candidate("edges", matrix)) is folds


def turned(degrees: float) -> ops.Matrix:
    turn = np.radians(degrees)
    return np.array([[np.cos(turn), -np.sin(turn), 50], [np.sin(turn), np.cos(turn), 90], [0, 0, 1]])


@pytest.mark.parametrize(
    ("page_to_scan", "upright"),
    [
        *((turned(degrees), True) for degrees in (0, 44, -44)),
        *((turned(degrees), False) for degrees in (46, -46, 90, -90, 180, 134, -134)),
        (np.diag([1.0, 3, 1]) @ turned(44), False),  # stretched: what goes across goes down more
        (np.diag([3.0, 1, 1]) @ turned(-44), False),
        (np.diag([1.0, 3, 1]), True),
        (np.array([[1.0, -1, 0], [1, 2, 0], [0, 0, 1]]), False),  # just as far down as across
        (np.array([[2.0, -1, 0], [1, 1, 0], [0, 0, 1]]), False),
    ],
)
def test_a_page_is_upright_up_to_half_a_quarter(page_to_scan: ops.Matrix, upright: bool) -> None:
    reference: Any = SimpleNamespace(page=Dimensions(300, 200))
    assert is_upright(reference, page_to_scan) is upright


@pytest.mark.parametrize(("degrees", "across", "down"), [(38, -0.001, 0.0005), (48, 0.0005, -0.0005)])
def test_a_page_is_upright_by_its_middle(degrees: float, across: float, down: float) -> None:
    """In perspective it is turned by more than 45° elsewhere."""
    reference: Any = SimpleNamespace(page=Dimensions(300, 200))
    leaning = turned(degrees)
    leaning[:2, 2] = 0
    leaning[2] = [across, down, 1]
    assert is_upright(reference, leaning)


LEVEL_SCALE = (1.5, 0.75)
SPACING, HALF = 40, 4
COLUMNS, ROWS = 8, 5
EXTENTS = (COLUMNS * SPACING, ROWS * SPACING)
STEP = (16, 18)
"""Across and down from bubble to bubble, in pixels of the level."""
PLACED = (60, 50)
"""Where the level's corner lies in the view."""
BENT = (4.0, 4.0)


def everywhere(kind: str) -> npt.NDArray[np.uint8]:
    """The view: a page that is nowhere like itself, or is a step further, and around it what goes on like it."""
    height, width = EXTENTS[1] + 2 * PLACED[1], EXTENTS[0] + 2 * PLACED[0]
    noise = np.random.default_rng(1).integers(0, 256, (2 * height, 2 * width), np.uint8)
    y, x = np.indices((height, width))
    if kind == "rows and columns":
        return noise[y % STEP[1], x % STEP[0]]
    if kind == "columns":
        return noise[y, x % STEP[0]]
    if kind == "rows":
        return noise[y % STEP[1], x]
    if kind == "down and right":
        return noise[y % STEP[1], x - y // STEP[1] * STEP[0]]
    if kind == "down and left":
        return noise[y % STEP[1], x + y // STEP[1] * STEP[0] - width]
    return noise[:height, :width]


def slips(
    page: npt.NDArray[np.uint8],
    view: npt.NDArray[np.uint8] | None = None,
    *,
    off: tuple[int, int] = (0, 0),
    pitches: tuple[float, float] = (STEP[0] / LEVEL_SCALE[0], STEP[1] / LEVEL_SCALE[1]),
    spacing: int = SPACING,
) -> bool:
    """Whether a page slips that the map puts so many pixels `off` its place in the view."""
    left, top = PLACED
    level = np.ascontiguousarray(page[top : top + EXTENTS[1], left : left + EXTENTS[0]])
    x, y = np.meshgrid(np.arange(20, EXTENTS[0], spacing), np.arange(20, EXTENTS[1], SPACING))
    patches = take(level, np.column_stack([x.ravel(), y.ravel()]), HALF)
    bend = np.full((*bending.NODES, 2), BENT, np.float32)
    page_to_scan = np.array([[2.0, 0, 9], [0, 3, 7], [0, 0, 1]])
    shift = np.subtract(np.add(PLACED, off), np.multiply(BENT, LEVEL_SCALE))
    to_rectified = np.array([[LEVEL_SCALE[0], 0, shift[0]], [0, LEVEL_SCALE[1], shift[1]], [0, 0, 1]])
    reference: Any = SimpleNamespace(
        page=Dimensions(round(EXTENTS[0] / LEVEL_SCALE[0]), round(EXTENTS[1] / LEVEL_SCALE[1])),
        pitches=np.diag(pitches),
        fine=SimpleNamespace(scale=LEVEL_SCALE, patches=patches),
    )
    found: Any = SimpleNamespace(
        bend=bend,
        page_to_scan=page_to_scan,
        rectified=RectifiedScan(page if view is None else view, to_rectified @ ops.inverse(page_to_scan)),
    )
    return _slips(reference, found)


@pytest.mark.parametrize("off", [(0, 0), (1, 1), (-1, -1)])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("nothing", False),
        ("rows and columns", True),
        ("columns", True),
        ("rows", True),
        ("down and right", True),
        ("down and left", True),
    ],
)
def test_a_page_that_is_like_itself_a_step_further_slips(kind: str, expected: bool, off: tuple[int, int]) -> None:
    assert slips(everywhere(kind), off=off) is expected


def test_without_a_step_there_is_nothing_to_slip_by() -> None:
    assert not slips(everywhere("rows and columns"), pitches=(0, 0))
    assert slips(everywhere("columns"), pitches=(STEP[0] / LEVEL_SCALE[0], 0))
    assert not slips(everywhere("rows"), pitches=(STEP[0] / LEVEL_SCALE[0], 0))


def patch_at(number: int, spacing: int = SPACING) -> tuple[slice, slice]:
    """Where a patch is in the view."""
    columns = -(-(EXTENTS[0] - 20) // spacing)
    row, column = divmod(number, columns)
    x, y = PLACED[0] + 20 + column * spacing, PLACED[1] + 20 + row * SPACING
    return slice(y - HALF, y + HALF + 1), slice(x - HALF, x + HALF + 1)


def with_letters(numbers: list[int], spacing: int = SPACING) -> npt.NDArray[np.uint8]:
    """A page of rows and columns, with something of its own in some of its patches."""
    page, own = everywhere("rows and columns"), everywhere("nothing")
    for number in numbers:
        page[patch_at(number, spacing)] = own[patch_at(number, spacing)]
    return page


def covered(page: npt.NDArray[np.uint8], numbers: list[int]) -> npt.NDArray[np.uint8]:
    view = page.copy()
    for number in numbers:
        rows, columns = patch_at(number)
        view[rows.start - 2 : rows.stop + 2, columns.start - 2 : columns.stop + 2] = 255
    return view


@pytest.mark.parametrize(
    ("letters", "expected"),
    [([], True), ([3], True), ([3, 20], True), ([0, 17, 39], False), ([30, 33, 36, 39], False), ([0, 1, 2], False)],
)
def test_a_few_letters_hold_a_page(letters: list[int], expected: bool) -> None:
    """Of 40 parts that are compared, those that miss by two and more a step further."""
    assert slips(with_letters(letters)) is expected


@pytest.mark.parametrize("unseen", [[35, 36, 37, 38, 39], [0, 1, 2, 3, 4], [38, 39], [39]])
def test_what_is_not_seen_holds_nothing_and_lets_nothing_go(unseen: list[int]) -> None:
    """Covered where it is and a step further."""
    page = with_letters([10, 20, 30])
    view = page.copy()
    for number in unseen:
        rows, columns = patch_at(number)
        view[rows.start - 24 : rows.stop + 24, columns.start - 22 : columns.stop + 22] = 255
    assert not slips(page, view)


@pytest.mark.parametrize(("letters", "expected"), [(5, True), (8, True), (9, False)])
def test_what_is_seen_only_a_step_further_makes_up_for_letters(letters: int, expected: bool) -> None:
    """Five parts are covered in their places: each makes up for one that is missed further."""
    page = with_letters(list(range(10, 10 + letters)))
    assert slips(page, covered(page, [35, 36, 37, 38, 39])) is expected


def test_of_many_parts_every_other_is_compared() -> None:
    """Of 80 the odd ones hold nothing, and the even ones hold as they would alone."""
    assert slips(with_letters(list(range(1, 40, 2)), spacing=20), spacing=20)
    assert not slips(with_letters([0, 20, 40], spacing=20), spacing=20)


BUBBLES = np.array([[20.0 + 30 * column, 20 + 25 * row, 16, 10] for row in range(7) for column in range(10)])


def test_outlines_are_looked_for_where_the_bent_map_puts_them() -> None:
    """On a page of 70 bubbles 35 are looked at; where the right half is lost, those on the left are still found."""
    page, scale, placed, bent = Dimensions(340, 200), np.array([2.0, 1.5]), np.array([30, 20]), np.array([5.0, 8.0])
    centres = BUBBLES[:, :2] + BUBBLES[:, 2:] / 2
    picture = np.full((300 + 40, 680 + 60), 255, np.uint8)
    for x, y in (centres * scale + placed).tolist():
        cv2.ellipse(picture, ((x - 0.5, y - 0.5), (32, 15), 0), 0, 2)
    radii = BUBBLES[:, 2:] / 2 * scale
    blank = Blank(darkness(picture, centres * scale + placed, radii))
    page_to_scan = np.array([[2.0, 0, 9], [0, 3, 7], [0, 0, 1]])
    to_rectified = np.array([[2.0, 0, 0], [0, 1.5, 0], [0, 0, 1]])
    to_rectified[:2, 2] = placed - bent * scale
    reference: Any = SimpleNamespace(page=page, bubbles=BUBBLES, centres=centres, fine=SimpleNamespace(scale=scale))

    def outlines(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        found: Any = SimpleNamespace(
            bend=np.full((*bending.NODES, 2), bent, np.float32),
            page_to_scan=page_to_scan,
            rectified=RectifiedScan(pixels, to_rectified @ ops.inverse(page_to_scan)),
        )
        return _outlines(reference, blank, found)

    assert outlines(picture).shape == (35,)
    assert (outlines(picture) > 0.95).all()
    lost = picture.copy()
    lost[:, 370:] = 255
    left = centres[::2, 0] < 170
    assert (outlines(lost)[left] > 0.95).all()
    assert (outlines(lost)[~left] < 0.3).all()
