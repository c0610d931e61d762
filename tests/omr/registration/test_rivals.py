"""A part of a form fits the whole in many ways: it is found where it belongs, or not at all."""

import cv2
import numpy as np
import pytest

from omrclip.errors import RegistrationFailed
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration import rivals, scene
from omrclip.omr.registration.find import ImagePyramid, KnownPage, register
from omrclip.omr.registration.scene import Scene
from omrclip.omr.template import Barcode, ReferencePoint
from tests.omr.registration.finding import found, misses
from tests.omr.sheet import PAGE, Points, Sheet, View, coloured, printed, question, turned
from tests.sheets import layout
from tests.sheets.layout import BarcodeKind
from tests.sheets.printing import code_modules

COLUMNS = [[question(f"Q{18 * c + r + 1}", 60 + 170 * c, 120 + 32 * r, "ABCD") for r in range(18)] for c in range(3)]
ROWS = [box for column in COLUMNS for box in column]
SQUARES = [ReferencePoint(left=x, top=y, width=22, height=22) for x, y in ((20, 20), (558, 20), (20, 758), (558, 758))]
PLAIN = printed(ROWS, PAGE)
SQUARED = printed([*ROWS, *SQUARES], PAGE)
PARTS = {
    "all": ROWS,
    "first half": ROWS[:27],
    "middle half": ROWS[13:40],
    "last half": ROWS[27:],
    "first third": ROWS[:18],
    "middle third": ROWS[18:36],
    "some rows": ROWS[4:9],
}


def where(sheet: Sheet, view: View, *, upright: bool = False) -> float | None:
    """How many pixels off the template's bubbles are put; None where the page was not found."""
    pixels = coloured(view.of(sheet.blank, ground=130))
    try:
        registration = register(sheet.known(image=False), ImagePyramid(pixels), upright=upright).registration
    except RegistrationFailed:
        return None
    return float(misses(registration, view, centres(sheet)).max())


def centres(sheet: Sheet) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    bubbles = [(box, bubble) for box in sheet.boxes().values() for bubble in box.bubbles]
    return np.array([(b.left + box.bubble_width / 2, b.top + box.bubble_height / 2) for box, b in bubbles])


@pytest.mark.parametrize("degrees", [0, 178])
@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_form_is_found_in_its_place_or_not_at_all(part: str, squares: bool, degrees: float) -> None:
    whole = SQUARED if squares else PLAIN
    off = where(Sheet(whole.blank, (*PARTS[part], *(SQUARES if squares else ()))), turned(degrees, scale=1.3))
    assert off is None or off < 2
    if squares and part in ("all", "some rows"):
        assert off is not None, "four squares tell the place, and the bubbles the turn"


def block(rows: int, top: float) -> Sheet:
    """A single block of bubbles, and nothing else."""
    boxes = [question(f"Q{n}", 178, top + 32 * n, "ABCDEFGH") for n in range(rows)]
    return printed(boxes, PAGE, seed=None, letters=False)


def test_only_so_many_outlines_are_searched_for_as_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turned upside down, the form has hardly a bubble where one is printed: a few of them tell it."""
    sheet = Sheet(PLAIN.blank, tuple(PARTS["first half"]))
    searched: list[int] = []

    def counted(seen: Scene, places: Points) -> Points:
        searched.append(len(places))
        return outlines(seen, places)

    outlines = Scene.outlines
    monkeypatch.setattr(Scene, "outlines", counted)
    monkeypatch.setattr(scene, "OUTLINES_AT_ONCE", 4)
    few = where(sheet, turned(0))
    count_of_few = sum(searched)
    searched.clear()
    monkeypatch.setattr(scene, "OUTLINES_AT_ONCE", 10_000)
    assert where(sheet, turned(0)) == few
    assert 0 < count_of_few < sum(searched)


@pytest.mark.parametrize("at_once", [1, 200, 1 << 16])
def test_shifts_are_fitted_alike_in_parts(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "PLACES_AT_ONCE", at_once)
    off = where(Sheet(PLAIN.blank, tuple(PARTS["all"])), turned(3))
    assert off is not None
    assert off < 2


@pytest.mark.parametrize("degrees", [0, 180, 90])
def test_a_block_away_from_the_middle_is_told_by_the_page_lying_in_the_picture(degrees: float) -> None:
    off = where(block(8, 100), turned(degrees))
    assert off is not None
    assert off < 2


@pytest.mark.parametrize("degrees", [0, 180])
def test_a_block_in_the_middle_needs_to_be_known_upright(degrees: float) -> None:
    sheet, view = block(18, 118), turned(degrees)
    assert where(sheet, view) is None
    off = where(sheet, view, upright=True)
    assert off is not None
    assert (off < 2) is (degrees == 0), "who says that it lies upright is believed"


CORNERS = ((20, 20), (558, 20), (558, 758), (20, 758))


def with_marks(count: int) -> Sheet:
    """A block in the middle, and marks in some of the corners, as far from the page's edges on each side."""
    marks = [ReferencePoint(left=x, top=y, width=22, height=22) for x, y in CORNERS[:count]]
    boxes = [question(f"Q{n}", 178, 118 + 32 * n, "ABCDEFGH") for n in range(18)]
    return printed([*boxes, *marks], PAGE, seed=None, letters=False)


@pytest.mark.parametrize("degrees", [0, 180])
@pytest.mark.parametrize(("count", "told"), [(4, False), (3, True)])
def test_a_block_in_the_middle_is_told_by_marks_that_look_otherwise_when_turned(
    count: int, told: bool, degrees: float
) -> None:
    off = where(with_marks(count), turned(degrees, scale=1.3))
    assert (off is not None) is told
    assert off is None or off < 2


def test_a_mark_that_is_covered_tells_nothing_wrong() -> None:
    """With the second of three marks covered, the block fits as well turned: both ways miss one mark."""
    sheet = with_marks(3)
    covered = Sheet(sheet.blank.copy(), sheet.elements)
    covered.blank[:100, 500:] = 255
    off = where(covered, turned(180, scale=1.3))
    assert off is None or off < 2


@pytest.mark.parametrize("degrees", [0, 180])
@pytest.mark.parametrize("kind", ["qr", "aruco"])
def test_a_block_in_the_middle_is_told_by_the_code_beside_it(kind: BarcodeKind, degrees: float) -> None:
    code = Barcode(name="Code", left=440, top=10, width=100, height=100, barcode_type=kind)
    plain = block(18, 118)
    sheet = Sheet(plain.blank.copy(), (*plain.elements, code))
    modules = code_modules(layout.Barcode("Code", layout.Area(0, 0, 1, 1), "7", kind))
    drawn = cv2.resize(np.where(modules, 0, 255).astype(np.uint8), (84, 84), interpolation=cv2.INTER_NEAREST)
    sheet.blank[18:102, 448:532] = drawn
    off = where(sheet, turned(degrees, scale=1.3))
    assert off is not None
    assert off < 2


@pytest.mark.parametrize("degrees", [0, 180])
@pytest.mark.parametrize(("printed_letters", "told"), [("ABCDEFGH", True), ("QRSTUVWX", False)])
def test_a_block_in_the_middle_is_told_by_the_letters_in_its_bubbles(
    printed_letters: str, told: bool, degrees: float
) -> None:
    """Letters that are not the values tell nothing."""
    boxes = [question(f"Q{n}", 178, 118 + 32 * n, printed_letters) for n in range(18)]
    values = [question(f"Q{n}", 178, 118 + 32 * n, "ABCDEFGH") for n in range(18)]
    off = where(Sheet(printed(boxes, PAGE, seed=None).blank, tuple(values)), turned(degrees, scale=1.5))
    assert (off is not None) is told
    assert off is None or off < 2


def test_the_sheet_tells_a_part_from_the_same_some_rows_further() -> None:
    """A page that lies on the sheet to a pixel, or 32 of 800 off it."""
    off = where(Sheet(PLAIN.blank, tuple(ROWS[2:12])), turned(0))
    assert off is not None
    assert off < 2


def test_the_message_tells_what_a_person_can_do() -> None:
    with pytest.raises(RegistrationFailed, match="fit the scan in more than one way") as failed:
        found(block(18, 118).known(image=False), turned(25).of(block(18, 118).blank))
    assert "Orientation" in str(failed.value)
    assert "image of the blank page" in str(failed.value)
    assert any("equally well turned" in reason for reason in failed.value.details["tried"])  # type: ignore[attr-defined]


def test_a_page_that_would_lie_far_out_of_the_picture_is_not_found() -> None:
    """A picture of the block alone: its bubbles fit, but three quarters of the page are not there."""
    sheet = printed(ROWS, PAGE, seed=None)
    part = View(np.array([[1.0, 0, -40], [0, 1, -380], [0, 0, 1]]), Dimensions(560, 380))
    assert where(Sheet(sheet.blank, tuple(ROWS[9:18])), part) is None


@pytest.mark.parametrize("covered", [0, 3, 17])
def test_a_row_that_is_covered_moves_nothing(covered: int) -> None:
    """Where the first row of a part is covered, it would fit a row further down."""
    sheet = Sheet(PLAIN.blank.copy(), tuple(COLUMNS[0]))
    top = 120 + 32 * covered
    cv2.rectangle(sheet.blank, (50, top - 4), (190, top + 24), 255, -1)
    off = where(sheet, turned(0))
    assert off is None or off < 2


def test_a_scan_without_bubbles_shows_no_page() -> None:
    known = KnownPage(SQUARED.page, 1, None)
    bare = printed(SQUARES, PAGE)
    with pytest.raises(RegistrationFailed):
        found(known, bare.blank)


@pytest.mark.parametrize("twice", [False, True])
def test_bubbles_on_each_other_are_compared_like_others(twice: bool) -> None:
    """The same box twice, as in templates that read one box in two ways."""
    view = turned(0, scale=1.3)
    off = where(Sheet(SQUARED.blank, (*ROWS, *(ROWS if twice else ()), *SQUARES)), view)
    assert off is None or off < 2
