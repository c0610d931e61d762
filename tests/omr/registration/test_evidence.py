"""Pages with few bubbles, or with all in one line, are read only where the scan shows for sure where they lie."""

import numpy as np
import pytest

from omrclip.imaging.geometry import Dimensions
from omrclip.limits import Limits
from omrclip.omr.options import Orientation, RecognitionOptions
from omrclip.omr.recognition import Scan, recognize
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import ReferencePoint
from tests.omr.registration.finding import moved
from tests.omr.sheet import PAGE, Sheet, View, png, printed, question, turned

LETTERS = "ABCDEFGHIJKL"
LINE = printed([question("Q", 100, 100, LETTERS)], PAGE, seed=None)
SQUARES = printed([question("Q", 100, 100, LETTERS)], PAGE, seed=None, squares=True)
COLUMN = printed([question("Q", 100, 100, LETTERS, down=True)], PAGE, seed=None)
MIDDLE = printed([question("Q", 114, 390, LETTERS)], PAGE, seed=None, letters=False)
HALVES = printed([question("P", 100, 100, "ABCDE"), question("Q", 300, 100, "ABCDEF")], PAGE, seed=None)
ALONE = printed([question("Q", 100, 300, "A")], PAGE, seed=None)
GRID = printed([question(f"Q{n}", 100, 100 + 32 * n, LETTERS) for n in range(12)], PAGE, seed=None)
ROW = Sheet(GRID.blank, GRID.elements[5:6])
PART = Sheet(LINE.blank, (question("Q", 132, 100, LETTERS[1:-1]),))
FLAT, LARGER = turned(0), turned(0, scale=1.5)
A_BUBBLE_OFF, BETWEEN, A_LITTLE_OFF = moved(1, 1, 32, 0), moved(1, 1, 16, 0), moved(1, 1, 2, -2)


def status(sheet: Sheet, view: View, answer: str = "B", *, upright: bool = False) -> ElementStatus:
    """The status of the last question; its value is right where it is not uncertain."""
    box = sheet.only(type(sheet.elements[-1])).elements[-1]
    name = getattr(box, "name", "")
    scan = view.of(sheet.marked({name: answer}))
    options = RecognitionOptions(orientation=Orientation.UPRIGHT if upright else Orientation.ANY)
    found = recognize([sheet.known(image=False)], Scan("scan.png", png(scan)), options, Limits())
    (*_, read) = found.elements
    assert read.status is ElementStatus.UNCERTAIN or read.value == answer
    if read.status is ElementStatus.UNCERTAIN and read.value:
        assert "where the page lies" in read.message
        assert read.confidence <= 0.5
    return read.status


@pytest.mark.parametrize("view", [FLAT, LARGER, A_LITTLE_OFF], ids=["flat", "larger", "a little off"])
@pytest.mark.parametrize("sheet", [LINE, SQUARES, COLUMN, HALVES], ids=["line", "squares", "column", "halves"])
def test_bubbles_that_are_in_their_places_and_nowhere_else_are_read(sheet: Sheet, view: View) -> None:
    assert status(sheet, view) is ElementStatus.MARKED


@pytest.mark.parametrize("view", [A_BUBBLE_OFF, BETWEEN, turned(180)], ids=["a bubble off", "between", "turned"])
@pytest.mark.parametrize("sheet", [LINE, SQUARES, COLUMN, HALVES, ALONE, ROW, PART])
def test_a_page_that_lies_elsewhere_is_flagged(sheet: Sheet, view: View) -> None:
    answer = "A" if sheet is ALONE else "B"
    assert status(sheet, view, answer) is ElementStatus.UNCERTAIN


@pytest.mark.parametrize("sheet", [ROW, PART], ids=["a row of a grid", "a part of a line"])
def test_bubbles_beside_others_are_flagged(sheet: Sheet) -> None:
    """Moved by a row or a bubble, they would fit as well."""
    assert status(sheet, FLAT) is ElementStatus.UNCERTAIN


def test_a_line_through_the_middle_is_read_if_the_page_is_known_to_lie_upright() -> None:
    assert status(MIDDLE, FLAT) is ElementStatus.UNCERTAIN
    assert status(MIDDLE, turned(180)) is ElementStatus.UNCERTAIN
    assert status(MIDDLE, FLAT, upright=True) is ElementStatus.MARKED


@pytest.mark.parametrize(("marks", "told"), [(4, False), (5, True)])
def test_marks_tell_the_turn_only_if_they_look_otherwise_when_turned(marks: int, told: bool) -> None:
    corners = ((20, 20), (558, 20), (20, 758), (558, 758), (100, 20))[:marks]
    points = [ReferencePoint(left=x, top=y, width=22, height=22) for x, y in corners]
    sheet = printed([*points, *MIDDLE.elements], PAGE, seed=None, letters=False)
    for view in (FLAT, turned(180)):
        assert (status(sheet, view) is ElementStatus.MARKED) is told


def test_ink_beside_a_line_may_hide_a_bubble() -> None:
    """What is covered there, nobody sees: the page may lie a bubble further."""
    covered = Sheet(LINE.blank.copy(), LINE.elements)
    assert status(covered, FLAT) is ElementStatus.MARKED
    covered.blank[90:130, 68:96] = 60
    assert status(covered, FLAT) is ElementStatus.UNCERTAIN


def test_a_line_on_a_page_of_another_shape_is_refused() -> None:
    scan = View(np.eye(3), Dimensions(600, 700))
    found = recognize(
        [LINE.known(image=False)], Scan("a.png", png(scan.of(LINE.blank))), RecognitionOptions(), Limits()
    )
    assert found.error is not None
    assert found.error.code == "registration_failed"
