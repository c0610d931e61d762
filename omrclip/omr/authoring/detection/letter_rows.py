"""Rows of boxes for one letter each, for a name, a number or a date: each row is one place to write in."""

from collections.abc import Sequence

from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.surroundings import Surroundings
from omrclip.omr.authoring.detection.working_page import PX_PER_MM
from omrclip.omr.authoring.detection.writing_lines import Sides

CELL_MM = 10.0
"""Width and height of a box for one letter at most; cells of tables are wider."""
LEAST_CELLS = 3
"""Boxes of a row at least."""
SAME_SIDE = 0.2
"""Difference of the sides of the boxes of a row, in sides."""
GAP, SEPARATOR = 1.2, 0.8
"""White between two boxes of a row, and width of a stroke or point that is printed there, as in dates, in widths of a
box, at most."""
INSET_MM = 0.5
"""Width inside the border of a box that belongs to the border."""
FARTHEST = 2.5
"""Distance of the first bubble of a digit below its box, in heights of the box, at most."""
STACKED_MM = 0.8
"""Distance of two rows of boxes from which they are rows of one table."""
HEADING_MM, HEADED = 4.0, 0.5
"""Height above a row in which headings are looked for, and the part of its boxes that have one each, from which they
are the answers of a question."""


def letter_rows(frames: Sequence[Sides], around: Surroundings, bubbles: Sequence[Shape]) -> list[Sides]:
    """Return the rows of empty boxes for letters, but not those above the columns of a digit grid, which is read.

    Args:
        frames: the insides of rectangles without bubbles.
        around: the print of the page without bubbles and long lines.
        bubbles: all bubbles.
    """
    most, inset = CELL_MM * PX_PER_MM, INSET_MM * PX_PER_MM
    cells = [
        (left, top, right, bottom)
        for left, top, right, bottom in frames
        if right - left <= most
        and bottom - top <= most
        and not around.has_print(left + inset, top + inset, right - inset, bottom - inset)
    ]
    rows = [row for row in _rows(cells, around) if len(row) >= LEAST_CELLS and not are_headed(row, around)]
    rows = [row for row in rows if not _are_heads(row, bubbles)]
    places = [(row[0][0], min(cell[1] for cell in row), row[-1][2], max(cell[3] for cell in row)) for row in rows]
    return [place for place in places if not any(_is_stacked(place, other) for other in places if other is not place)]


def _rows(cells: list[Sides], around: Surroundings) -> list[list[Sides]]:
    """Boxes of one size beside each other."""
    rows: list[list[Sides]] = []
    for cell in sorted(cells):
        row = next((row for row in rows if _is_next(row[-1], cell, around)), None)
        if row is None:
            rows.append([cell])
        else:
            row.append(cell)
    return rows


def _is_next(one: Sides, other: Sides, around: Surroundings) -> bool:
    width, height, gap = one[2] - one[0], one[3] - one[1], other[0] - one[2]
    are_alike = (
        abs(other[2] - other[0] - width) < SAME_SIDE * width
        and abs(other[1] - one[1]) < SAME_SIDE * height
        and abs(other[3] - one[3]) < SAME_SIDE * height
    )
    if not are_alike or not 0 < gap < GAP * width:
        return False
    between = around.pieces(one[2], one[1], other[0], one[3], PX_PER_MM)
    return not between or between[-1][1] - between[0][0] < SEPARATOR * width


def are_headed(row: Sequence[Sides], around: Surroundings) -> bool:
    """Whether most boxes have a heading of their own above them."""
    top = row[0][1]
    pieces = around.pieces(row[0][0], top - HEADING_MM * PX_PER_MM, row[-1][2], top - PX_PER_MM / 2, PX_PER_MM)
    headed = sum(any(left >= cell[0] and right <= cell[2] for left, right in pieces) for cell in row)
    return headed >= HEADED * len(row)


def _are_heads(row: Sequence[Sides], bubbles: Sequence[Shape]) -> bool:
    """Whether most boxes have a bubble below them."""
    headed = 0
    for left, top, right, bottom in row:
        reach = bottom + FARTHEST * (bottom - top)
        headed += any(left < bubble.x < right and bottom < bubble.y < reach for bubble in bubbles)
    return headed >= HEADED * len(row)


def _is_stacked(one: Sides, other: Sides) -> bool:
    """Whether two rows stand directly below each other, as those of a table."""
    is_beside = one[0] < other[2] and other[0] < one[2]
    return is_beside and max(one[1] - other[3], other[1] - one[3]) < STACKED_MM * PX_PER_MM
