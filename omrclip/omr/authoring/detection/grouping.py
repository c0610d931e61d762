"""Stacks of runs to groups: the bubbles of a question, or of the digits of a number.

A number or text at the left of a row makes the row a question. What is printed inside the bubbles tells rows from
columns: if it changes downwards and not across, the columns are the digits of a number.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.repeated_headings import (
    HEADING_GAP,
    HEADING_REACH,
    in_questions,
    is_same_word,
)
from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.size_classes import SizeClass
from omrclip.omr.authoring.detection.stacking import (
    COLUMN_TOLERANCE,
    LABEL_BAND,
    ROW_BREAK,
    Run,
    is_above,
    stacks_of_runs,
    text_goes_on,
)
from omrclip.omr.authoring.detection.surroundings import Surroundings, Word, glyph, print_ratio
from omrclip.omr.authoring.detection.working_page import WorkingPage

SAME_GLYPH, LIKER = 0.5, 0.2
"""Median correlation of what is printed in neighbours from which it may be one letter or digit, and by how much that
along rows must differ from that along columns. Blurred digits are like each other by up to 0.6 if they differ."""
MORE_UNLIKE, BLURRED_ALIKE = 3.0, 0.9
"""How many times what neighbours across lack of being the same must be what those along lack, and the correlation up to
which this counts: in photos at 100 dpi, digits are like others by 0.8, and like themselves by 0.96."""
TWO_DIGITS = 1.2
"""Width of what is printed in a bubble, in its heights, from which it is a number of two digits. A digit has 0.7, or
1.05 if it is blurred; the numbers 1 to 49 have 1.35."""
LABELLED = 0.6
"""Part of the rows of a stack with print at their left, from which all rows are questions."""
DIGITS = 10
"""Bubbles of one digit of a number, 0 to 9; letters of a name have more."""
DIGIT_REACH, DIGIT_WHITE, DIGIT_WIDTH = 3.0, 0.8, 0.95
"""How far left of a row its digit stands at most, and the white space before it, in heights of a bubble, and the width
of the digit in its own heights at most: two digits have 1.3."""
ZERO_HOLE = 0.45
"""Height of the hole of a zero, in its height, at least: that of other digits with one hole, 4, 6 and 9, is lower."""
BOXES_ABOVE = (4.0, 2.5, 0.1)
"""Top of the band above the first row in which boxes to write digits in are looked for, the upper side of boxes without
a line there, and the bottom of the band, in heights of a bubble above the first row."""
SIDE_OF_BOXES = 0.6
"""Part of the width of the columns that is dark from which it is the upper or lower side of these boxes."""
LINE_PX = 4
"""Width of the lines of these boxes, 0.4 mm."""
INSIDE_BOX = 0.35
"""Half the width inside these boxes in which print is looked for, in widths of a bubble."""
DARK_BOX = 0.5
"""Part of the inside of a box that is dark from which it is a bar."""
LEAST_BOX_SIDE = 0.8
"""Height of the sides of these boxes, in heights of a bubble, at least: letters in the band are lower."""
BETWEEN_COLUMNS = 0.45
"""Distance from the middle between two columns, in distances of the columns, within which the side of a box stands."""
FAR_LEAD = 4.0
"""White space at the left of rows with a text above them, in heights of a bubble, from which print beyond it is none of
their texts."""

Direction = Literal["Horizontal", "Vertical"]


@dataclass(frozen=True, slots=True)
class Group:
    """The bubbles of one question, or of the digits of one number.

    Attributes:
        rows: bubbles of the choice boxes, one tuple for each; a question has one, a grid several.
        is_grid: whether the boxes are the digits of one number.
        direction: in which direction the bubbles of a box follow each other.
        is_certain: False if only distances decided about rows and columns.
    """

    rows: tuple[tuple[Shape, ...], ...]
    is_grid: bool
    direction: Direction
    is_certain: bool = True

    @property
    def bubbles(self) -> tuple[Shape, ...]:
        """All bubbles."""
        return tuple(bubble for row in self.rows for bubble in row)


def group_bubbles(page: WorkingPage, one: SizeClass, around: Surroundings) -> list[list[Group]]:
    """Group the bubbles of one size. The groups of each stack are returned from its top to its bottom."""
    dividing = _Dividing(page, one, around)
    return [dividing.divide(stack) for stack in stacks_of_runs(page, one, around)]


class _Dividing:
    """The steps share the page, the size of the bubbles and the print around them."""

    def __init__(self, page: WorkingPage, one: SizeClass, around: Surroundings) -> None:
        self.page, self.around = page, around
        self.width, self.height = one.width, one.height
        self.bubbles = one.bubbles

    def divide(self, stack: list[Run]) -> list[Group]:
        """The groups of a stack of runs."""
        rows = [run.bubbles for run in stack]
        parts = self._parts(stack)
        if len(parts) == 1 and len(rows) >= DIGITS and self._are_columns_of_digits(rows):
            return [_columns(rows)]
        if stack[0].is_labelled:
            return self._divide_labelled(stack)
        questions = in_questions(rows, self.around, self.height)
        labelled = sum(run.has_lead for run in stack) / len(stack)
        if labelled >= LABELLED or len(questions) > len(rows):
            return [_question(row) for row in questions]
        return [group for part in parts for group in self._divide_array(part)]

    def _are_columns_of_digits(self, rows: list[tuple[Shape, ...]]) -> bool:
        """Whether rows are those of a number or name: below boxes, or with a digit or letter for each row.

        It may be printed beside the bubbles instead of in them. Text further left of the rows is another part of the
        form then, such as the frames for name and date beside the number of a student.
        """
        return self._has_boxes_above(rows) or self._has_digits_beside(rows) or self._has_digits_inside(rows)

    def _has_digits_inside(self, rows: list[tuple[Shape, ...]]) -> bool:
        """Whether one digit or letter is in all bubbles of a row, and others in other rows."""
        across, down = self._likeness(rows[:DIGITS])
        return across is not None and down is not None and _is_liker(across, down)

    def _parts(self, stack: list[Run]) -> list[list[Run]]:
        """Part a stack where the distance of rows is wide, and not filled by the text of an answer."""
        distances = [lower.y - upper.y for upper, lower in itertools.pairwise(stack)]
        least = min(distances, default=0.0)
        parts = [[stack[0]]]
        for run, distance in zip(stack[1:], distances, strict=True):
            upper, lower = parts[-1][-1].bubbles[-1], run.bubbles[0]
            if distance > ROW_BREAK * least and not (run.is_labelled and text_goes_on(self.around, upper, lower)):
                parts.append([run])
            else:
                parts[-1].append(run)
        return parts

    def _between_lines(self, stack: list[Run]) -> list[list[Run]]:
        """Part a stack at its lines, as a table has between questions; a line between all rows parts none of them."""
        lines = [self._has_line_between(upper, lower) for upper, lower in itertools.pairwise(stack)]
        parts = [[stack[0]]]
        for run, has_line in zip(stack[1:], lines, strict=True):
            if has_line and not all(lines):
                parts.append([run])
            else:
                parts[-1].append(run)
        return parts

    def _has_line_between(self, upper: Run, lower: Run) -> bool:
        """Whether a horizontal line stands between two rows, from their first bubbles on to the text behind these."""
        above, below = upper.bubbles[0], lower.bubbles[0]
        left, right = round(min(above.left, below.left)), round(max(above.right, below.right) + self.height)
        gap = self.page.horizontal[round(above.bottom) : round(below.top), left:right]
        return bool(gap.size) and bool((gap > 0).any(axis=0).all())

    def _divide_array(self, runs: list[Run]) -> list[Group]:
        """Decide about an array of bubbles without text between them and at their left."""
        rows = [run.bubbles for run in runs]
        if len(rows) == 1:
            return [_question(rows[0])]
        across, down = self._likeness(rows)
        if across is not None and max(across, down or 0.0) < BLURRED_ALIKE and self._are_numbers(rows):
            return [Group((tuple(bubble for row in rows for bubble in row),), is_grid=False, direction="Horizontal")]
        longest = max(len(row) for row in rows)
        if across is None or down is None:
            return self._without_glyphs(runs)
        if _is_liker(across, down):
            return [_columns(rows)]
        if _is_liker(down, across):
            if longest == DIGITS:
                return [Group(tuple(rows), is_grid=True, direction="Horizontal")]
            return [_question(row) for row in rows]
        if max(across, down) < SAME_GLYPH:
            return [Group((tuple(bubble for row in rows for bubble in row),), is_grid=False, direction="Horizontal")]
        return [replace(_question(row), is_certain=False) for row in rows]

    def _without_glyphs(self, runs: list[Run]) -> list[Group]:
        """Decide about an array of which the bubbles are empty by how many there are."""
        rows = [run.bubbles for run in runs]
        longest = max(len(row) for row in rows)
        # Behind the answers to a statement stand those to a second question about it, and no number.
        if not all(run.is_behind for run in runs):
            if len(rows) == DIGITS and longest != DIGITS:
                return [replace(_columns(rows), is_certain=False)]
            if longest == DIGITS:
                return [Group(tuple(rows), is_grid=True, direction="Horizontal", is_certain=False)]
        return [replace(_question(row), is_certain=False) for row in rows]

    def _likeness(self, rows: list[tuple[Shape, ...]]) -> tuple[float | None, float | None]:
        """Median correlations of what is printed in neighbours across and down; None without print in most."""
        glyphs = [[glyph(self.page, bubble) for bubble in row] for row in rows]
        across = [float((one * other).sum()) for row in glyphs for one, other in itertools.pairwise(row)]
        printed_rows = [list(zip(row, each, strict=True)) for row, each in zip(rows, glyphs, strict=True)]
        reach = COLUMN_TOLERANCE * self.width
        down = [
            float((one * other).sum())
            for upper, lower in itertools.pairwise(printed_rows)
            for above, one in upper
            for below, other in lower
            if abs(above.x - below.x) < reach
        ]
        printed = np.mean([bool(one.any()) for row in glyphs for one in row])
        if printed < LABELLED or not across or not down:
            return None, None
        return float(np.median(across)), float(np.median(down))

    def _are_numbers(self, rows: Sequence[Sequence[Shape]]) -> bool:
        """Whether numbers of two digits are printed in most bubbles, as 1 to 49 are, which answer one question.

        In the bubbles of a digit is one digit each.
        """
        return (
            len(rows) > 1
            and float(np.median([print_ratio(self.page, one) for row in rows for one in row])) > TWO_DIGITS
        )

    def _has_digits_beside(self, rows: list[tuple[Shape, ...]]) -> bool:
        """Whether the digits 0 to 9 stand at the left of ten rows: questions count from 1, and the tenth has two."""
        digits = [self._digit_beside(row[0]) for row in rows]
        if len(rows) != DIGITS or max(map(len, rows)) < 2:
            return False
        return all(digit is not None for digit in digits) and any(_is_zero(digits[index]) for index in (0, -1))

    def _digit_beside(self, bubble: Shape) -> Grey | None:
        """The digit at the left of a bubble; None if nothing or something longer is there."""
        start, band = bubble.left - DIGIT_REACH * self.height, LABEL_BAND * self.height
        texts = self.around.pieces(start, bubble.y - band, bubble.left, bubble.y + band, DIGIT_WHITE * self.height)
        if len(texts) != 1 or texts[0][0] <= start + 1:
            return None
        left, right = (round(side) for side in texts[0])
        digit = self.around.ink[round(bubble.y - band) : round(bubble.y + band), left:right]
        return digit if right - left < DIGIT_WIDTH * cv2.boundingRect(digit)[3] else None

    def _has_boxes_above(self, rows: list[tuple[Shape, ...]]) -> bool:
        """Whether boxes to write in stand above the columns: cells with lines between them, and without print.

        Above the rows of a table stand the words of its header.
        """
        first = rows[0]
        if len(first) < 2:
            return False
        left, right = round(first[0].x), round(first[-1].x)
        top, without_line, bottom = (max(0, round(first[0].top - heights * self.height)) for heights in BOXES_ABOVE)
        # Boxes apart from each other have short sides, which other print may have too: ten rows are the stronger sign.
        is_digits = len(rows) == DIGITS
        lines = (self.page.dark if is_digits else self.page.horizontal)[top:bottom, left:right]
        sides = np.flatnonzero((lines > 0).mean(axis=1) > SIDE_OF_BOXES) + top if lines.size else np.zeros(0, int)
        if not sides.size and not is_digits:
            return False
        lower = int(sides.max(initial=top)) if sides.size else bottom
        upper = int(sides[sides < lower - LEAST_BOX_SIDE * self.height].max(initial=min(without_line, lower)))
        if lower - upper < LEAST_BOX_SIDE * self.height:
            return False
        above = self.page.dark[upper:lower]
        if any(left <= bubble.x <= right and upper < bubble.bottom < lower for bubble in self.bubbles):
            return False
        if not above.size or any(self._has_word(bubble, upper, lower) for bubble in first):
            return False
        upright = cv2.getStructuringElement(cv2.MORPH_RECT, (1, max(2, round(LEAST_BOX_SIDE * self.height))))
        tall = np.max(cv2.morphologyEx(above, cv2.MORPH_OPEN, upright), axis=0) > 0
        found = 0
        for one, other in itertools.pairwise(first):
            middle, reach = (one.x + other.x) / 2, BETWEEN_COLUMNS * (other.x - one.x)
            part = tall[round(middle - reach) : round(middle + reach)]
            found += bool(part.any())
        return found >= LABELLED * (len(first) - 1)

    def _has_word(self, bubble: Shape, upper: float, lower: float) -> bool:
        """Whether something is printed above a bubble, between the sides of a box, also a bar."""
        left, right = bubble.x - INSIDE_BOX * bubble.width, bubble.x + INSIDE_BOX * bubble.width
        inside = self.page.dark[round(upper) + LINE_PX : round(lower) - LINE_PX, round(left) : round(right)]
        is_bar = bool(inside.size) and float((inside > 0).mean()) > DARK_BOX
        return is_bar or self.around.has_print(left, upper + LINE_PX, right, lower - LINE_PX)

    def _divide_labelled(self, stack: list[Run]) -> list[Group]:
        """Rows of bubbles with a text for each: a row with print at its left begins a question."""
        groups: list[list[Run]] = []
        is_list = all(len(run.bubbles) == 1 and not run.is_numbered for run in stack)
        parts = [part for near in self._parts(stack) for part in self._between_lines(near)]
        for part in parts:
            repeats = self._repeats_words(part)
            goes_on = is_list or self._is_below_own_text(part)
            for index, run in enumerate(part):
                if index and not repeats and (goes_on or not run.has_lead):
                    groups[-1].append(run)
                else:
                    groups.append([run])
        return [group for runs in groups for group in self._divide_columns(runs)]

    def _is_below_own_text(self, runs: list[Run]) -> bool:
        """Whether a text begins right above the first bubble of some rows, and what is printed at their left is far.

        This is a drawing or another question then, and no text of their own.
        """
        first = runs[0]
        if any(self._has_print_near(run) for run in runs):
            return False
        return any(abs(start - first.left) < self.height for start in self._headings(first))

    def _has_print_near(self, run: Run) -> bool:
        """Whether something is printed close at the left of a row."""
        y, band = run.bubbles[0].y, LABEL_BAND * self.height
        return self.around.has_print(run.left - FAR_LEAD * self.height, y - band, run.left, y + band)

    def _repeats_words(self, runs: list[Run]) -> bool:
        """Whether the first answers of most rows are one word, as Yes is: a question names each answer once."""
        words = [self._first_word(run) for run in runs]
        if len(runs) < 2 or not all(words):
            return False
        same = [is_same_word(one, other) for one, other in itertools.pairwise(word for word in words if word)]
        return float(np.mean(same)) >= LABELLED

    def _first_word(self, run: Run) -> tuple[float, Word] | None:
        """What is printed between the first two bubbles of a row."""
        if len(run.bubbles) < 2:
            return None
        first, second = run.bubbles[:2]
        half = LABEL_BAND * self.height
        return self.around.word(first.right, first.y - half, second.left, first.y + half)

    def _divide_columns(self, runs: list[Run]) -> list[Group]:
        """Part the columns of answers that stand below different headings."""
        longest = max(runs, key=lambda run: len(run.bubbles)).bubbles
        if len(runs) == 1 or len(longest) == 1 or not self._are_columns(longest, runs):
            return [_labelled([run.bubbles for run in runs])]
        starts = self._headings(runs[0], longest) or [runs[0].left]
        edges = [start - self.width for start in starts[1:]]
        parts = []
        for low, high in zip([-np.inf, *edges], [*edges, np.inf], strict=True):
            rows = [tuple(bubble for bubble in run.bubbles if low <= bubble.x < high) for run in runs]
            if any(rows):
                parts.append(_labelled([row for row in rows if row]))
        return parts

    def _are_columns(self, longest: Sequence[Shape], runs: Sequence[Run]) -> bool:
        """Whether all bubbles of some rows stand below those of the longest one."""
        places, reach = np.array([bubble.x for bubble in longest]), COLUMN_TOLERANCE * self.width
        return all(np.abs(places - bubble.x).min() < reach for run in runs for bubble in run.bubbles)

    def _headings(self, run: Run, columns: Sequence[Shape] = ()) -> list[float]:
        """The left ends of the texts in the line above a run, also of those close beside each other above columns."""
        top = run.bubbles[0].top
        left, right = run.left - 3 * self.height, run.right + 3 * self.height
        line = self.around.bottom_of_print_above(
            left, top - HEADING_REACH * self.height, right, top - HEADING_GAP * self.height
        )
        if line is None:
            return []
        starts = [start for start, _ in self.around.pieces(left, line[0], right, line[1], 2 * self.height)]
        if columns and all(is_above(self.around, (left, line[0], right, line[1]), bubble) for bubble in columns):
            return [bubble.left for bubble in columns]
        return starts


def _is_liker(along: float, across: float) -> bool:
    """Whether what is printed in neighbours is one letter or digit in one direction, and not in the other."""
    is_clear = along >= across + LIKER
    is_blurred = across < BLURRED_ALIKE and 1 - across > MORE_UNLIKE * (1 - along)
    return along >= SAME_GLYPH and (is_clear or is_blurred)


def _is_zero(digit: Grey | None) -> bool:
    """Whether a digit has one hole, and nearly as high as it is."""
    if digit is None:
        return False
    edged = cv2.copyMakeBorder(digit, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    _, _, areas, _ = cv2.connectedComponentsWithStats(cv2.bitwise_not(edged), connectivity=4)
    high = cv2.boundingRect(digit)[3]
    holes = [int(area[cv2.CC_STAT_HEIGHT]) for area in areas[1:] if area[cv2.CC_STAT_LEFT] > 0]
    return len(holes) == 1 and holes[0] > ZERO_HOLE * high


def _question(row: Sequence[Shape]) -> Group:
    return Group((tuple(row),), is_grid=False, direction="Horizontal")


def _labelled(rows: list[tuple[Shape, ...]]) -> Group:
    is_upright = len(rows) > 1 and all(len(row) == 1 for row in rows)
    direction: Direction = "Vertical" if is_upright else "Horizontal"
    return Group((tuple(bubble for row in rows for bubble in row),), is_grid=False, direction=direction)


def _columns(rows: list[tuple[Shape, ...]]) -> Group:
    """A grid whose boxes are the columns of an array."""
    longest = max(rows, key=len)
    columns: list[list[Shape]] = [[] for _ in longest]
    for row in rows:
        for bubble in row:
            nearest = min(range(len(longest)), key=lambda index: abs(longest[index].x - bubble.x))
            columns[nearest].append(bubble)
    return Group(tuple(tuple(column) for column in columns), is_grid=True, direction="Vertical")
