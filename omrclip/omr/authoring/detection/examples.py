"""Printed examples of marks, such as "like this ●, not like this ⊗": they are no bubbles to fill in."""

from collections.abc import Sequence

import numpy as np

from omrclip.omr.authoring.detection.grouping import Group
from omrclip.omr.authoring.detection.shapes import Shape, is_around
from omrclip.omr.authoring.detection.stacking import COLUMN_TOLERANCE, MOST_ROW_HEIGHTS, ROW_TOLERANCE
from omrclip.omr.authoring.detection.surroundings import darkness
from omrclip.omr.authoring.detection.working_page import WorkingPage

MUCH_DARKER = 0.18
"""Darkness inside a bubble, 0 to 1, above the median of the page, from which it is crossed or dotted. Printed letters
differ by less than 0.12 from their median, a cross adds 0.3."""
LEAST_PRINTED = 3
"""Bubbles of a group that are all dark, from which they have letters in them, where those of other groups are empty."""
WITHIN_WIDTHS = 3.0
"""Distance of a filled mark from a bubble of its example, in widths of the bubble."""
SAME_SIZE = 0.25
"""Relative difference of the sizes of a filled mark and the bubbles beside it."""
MOST_IN_EXAMPLE = 8
"""Bubbles of an example at most."""
MOST_OF_PAGE = 0.15
"""Part of the bubbles of a page that may be examples; if more seem to be, the sheet is filled in, and none is."""


def example_groups(page: WorkingPage, groups: Sequence[Group], filled: Sequence[Shape]) -> set[int]:
    """Return the indexes of the groups that are printed examples of marks."""
    bubbles = [bubble for group in groups for bubble in group.bubbles]
    marks = [mark for mark in filled if not any(is_around(bubble, mark) for bubble in bubbles)]
    darks = [[darkness(page, bubble) for bubble in group.bubbles] for group in groups]
    usual = float(np.median([dark for group in darks for dark in group])) if groups else 0.0
    likely = {
        index
        for index, group in enumerate(groups)
        if len(group.bubbles) <= MOST_IN_EXAMPLE
        and (_is_crossed(darks[index], usual + MUCH_DARKER) or any(_is_beside(group, mark) for mark in marks))
    }
    found = without_rows(groups, likely)
    count = sum(len(groups[index].bubbles) for index in found)
    return found if count <= MOST_OF_PAGE * sum(len(group.bubbles) for group in groups) else set()


def _is_crossed(darks: Sequence[float], limit: float) -> bool:
    """Whether some bubbles of a group are dark. If all of many are, letters are printed in them."""
    return max(darks) > limit and (len(darks) < LEAST_PRINTED or min(darks) < limit)


def without_rows(groups: Sequence[Group], likely: set[int]) -> set[int]:
    """Those of the groups with likely indexes that continue no column of rows, of which some are not likely."""
    rows, found = [index for index in range(len(groups)) if index not in likely], set(likely)
    while rows:
        row = groups[rows.pop()]
        beside = [index for index in found if _is_row_beside(groups[index], row)]
        found.difference_update(beside)
        rows += beside
    return found


def _is_row_beside(group: Group, other: Group) -> bool:
    """Whether a group is a row next to another one in the same columns.

    In photos, a B is as dark as a crossed mark, and the number of a question may look like a filled one.
    """
    first, second = group.bubbles[0], other.bubbles[0]
    return (
        len(group.bubbles) == len(other.bubbles)
        and abs(first.x - second.x) < COLUMN_TOLERANCE * first.width
        and abs(first.y - second.y) < MOST_ROW_HEIGHTS * first.height
    )


def _is_beside(group: Group, mark: Shape) -> bool:
    return any(
        abs(mark.y - bubble.y) < ROW_TOLERANCE * bubble.height
        and bubble.width / 2 < abs(mark.x - bubble.x) < WITHIN_WIDTHS * bubble.width
        and abs(mark.width / bubble.width - 1) < SAME_SIZE
        and abs(mark.height / bubble.height - 1) < SAME_SIZE
        for bubble in group.bubbles
    )
