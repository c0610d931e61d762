"""Bubbles to questions: first into runs beside each other, then runs below each other into stacks, then into groups.

Spaces decide, and the print in them: a wide space parts two questions, and so does print where the other spaces are
empty. A number or text at the left of a row makes the row a question. What is printed inside the bubbles tells rows
from columns: if it changes downwards and not across, the columns are the digits of a number.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from omrclip.omr.authoring.detection.bubbles import SizeClass
from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.surroundings import Surroundings, glyph, print_ratio
from omrclip.omr.authoring.detection.working_page import WorkingPage

ROW_TOLERANCE = 0.3
"""Difference of the centres of bubbles in one row, in heights of a bubble."""
COLUMN_TOLERANCE = 0.35
"""Difference of the centres of bubbles in one column, in widths of a bubble."""
WIDER = 1.4
"""Distance of neighbours without print between them, in the least such distance of the row, from which they are
answers to two questions."""
WIDER_WITH_PRINT = 1.15
"""The same where something is printed between them, as the number of the next question."""
AS_WIDE = 1.15
"""Distance of neighbours, in those beside them in the row, up to which these are as wide."""
LABEL_WHITE = 1.6
"""White space, in heights of a bubble, between the text of an answer and the number of the next question."""
ROW_GAP = 3.0
"""Gap of neighbours, in heights of a bubble, within which bubbles without print between them are a row and no
parts of lists."""
OTHER_ROW = 1.3
"""Distance of two rows, in heights of a bubble, within which the text of one reaches into the band of the other."""
LEAST_LIST = 3
"""Bubbles below each other in the longer of two lists beside each other, at least: answers of rows also stand below
each other by chance."""
NAME_GAP, NAMES_DIFFER = 1.2, 0.5
"""Distance of a name from the bubble at its left that is not its own, and difference of the lengths of names, in
heights of a bubble. The text of an answer begins at about 0.5 heights."""
ROW_BREAK = 1.6
"""Distance of rows, in the least distance of their stack, from which they belong to two questions."""
MOST_ROW_HEIGHTS = 3.5
"""Distance of rows of one question, in heights of a bubble, at most."""
SAME_GLYPH, LIKER = 0.5, 0.2
"""Median correlation of what is printed in neighbours from which it may be one letter or digit, and by how much that
along rows must differ from that along columns. Blurred digits are like each other by up to 0.6 if they differ."""
TWO_DIGITS = 1.05
"""Width of what is printed in a bubble, in its heights, from which it is a number of two digits: a digit has 0.7, and
11 in a narrow font 0.9."""
LABELLED = 0.6
"""Part of the rows of a stack with print at their left, from which all rows are questions."""
MOST_NUMBER, NUMBER_WHITE = 2.0, 0.8
"""Width of the number of a statement at most, and the white space behind it at least, in heights of a bubble."""
LABEL_BAND = 0.55
"""Half the height, in heights of a bubble, of the band in which text beside a row is looked for."""
FARTHEST_LABEL = 0.8
"""Widths of the page that print at the left of a row may be away from it: a short statement at the left margin, with
its answers at the right one."""
DIGITS = 10
"""Bubbles of one digit of a number, 0 to 9; letters of a name have more."""
LEAST_ROW_HEIGHTS = 0.8
"""Distance of two rows of one stack, in heights of a bubble, at least."""
TEXT_MARGIN, LEAST_TEXT_BAND = 0.7, 0.3
"""Distance from the middle of a row at which text between two rows is looked for, and the height of this band from
which there is room for text, in heights of a bubble."""
BOXES_ABOVE = (4.0, 2.5, 0.1)
"""Top of the band above the first row in which boxes to write digits in are looked for, the upper side of boxes without
a line there, and the bottom of the band, in heights of a bubble above the first row."""
SIDE_OF_BOXES = 0.6
"""Part of the width of the columns that is dark from which it is the upper or lower side of these boxes."""
LINE_PX = 4
"""Width of the lines of these boxes, 0.4 mm."""
INSIDE_BOX = 0.35
"""Half the width inside these boxes in which print is looked for, in widths of a bubble."""
LEAST_BOX_SIDE = 0.8
"""Height of the sides of these boxes, in heights of a bubble, at least: letters in the band are lower."""
BETWEEN_COLUMNS = 0.45
"""Distance from the middle between two columns, in distances of the columns, within which the side of a box stands."""
HEADING_GAP = 0.15
"""Gap between a heading and the bubbles below it, in heights of a bubble, at least."""

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


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbours in a row.

    Attributes:
        is_labelled: text stands between its bubbles, or it is a single one.
        has_lead: print stands at its left.
        is_numbered: this print begins with a number apart, and no text stands at its right.
    """

    bubbles: tuple[Shape, ...]
    is_labelled: bool
    has_lead: bool
    is_numbered: bool = False

    @property
    def y(self) -> float:
        return float(np.mean([bubble.y for bubble in self.bubbles]))

    @property
    def left(self) -> float:
        return self.bubbles[0].left

    @property
    def right(self) -> float:
        return self.bubbles[-1].right


_Gap = tuple[Shape, list[tuple[float, float]]]
"""A bubble, and the left and right ends of the texts between it and one of a list at its right."""


@dataclass(frozen=True, slots=True)
class _Row:
    """All bubbles of one size on one level."""

    bubbles: tuple[Shape, ...]


def group_bubbles(page: WorkingPage, one: SizeClass, around: Surroundings) -> list[list[Group]]:
    """Group the bubbles of one size. The groups of each stack are returned from its top to its bottom."""
    return _Grouping(page, one, around).stacks()


class _Grouping:
    """The steps share the page, the size of the bubbles and the print around them."""

    def __init__(self, page: WorkingPage, one: SizeClass, around: Surroundings) -> None:
        self.page, self.around = page, around
        self.width, self.height = one.width, one.height
        self.bubbles = sorted(one.bubbles, key=lambda bubble: bubble.y)
        self.levels = [bubble.y for bubble in self.bubbles]
        self.texts: dict[tuple[Shape, Shape], list[_Gap]] = {}
        self.lists = self._lists()

    def stacks(self) -> list[list[Group]]:
        """The groups of each stack."""
        runs = [run for row in self._rows() for run in self._runs(row)]
        return [self._divide(stack) for stack in self._stacks(runs)]

    def _lists(self) -> dict[Shape, tuple[Shape, ...]]:
        """For each bubble the bubbles below each other to which it belongs, unless text parts them."""
        lists: list[list[Shape]] = []
        for bubble in self.bubbles:
            above = [each for each in lists if self._is_below(bubble, each)]
            if above:
                max(above, key=lambda each: each[-1].y).append(bubble)
            else:
                lists.append([bubble])
        return {bubble: tuple(each) for each in lists for bubble in each}

    def _is_below(self, bubble: Shape, bubbles: list[Shape]) -> bool:
        """Whether a bubble continues others that stand below each other."""
        last, distance = bubbles[-1], bubble.y - bubbles[-1].y
        is_near = LEAST_ROW_HEIGHTS * self.height <= distance <= MOST_ROW_HEIGHTS * self.height
        if not is_near or abs(bubble.x - last.x) > COLUMN_TOLERANCE * self.width:
            return False
        if self._is_in_row(last) != self._is_in_row(bubble):
            return False
        is_wider = len(bubbles) > 1 and distance > ROW_BREAK * (last.y - bubbles[-2].y)
        return not is_wider and not self._text_between(last, bubble)

    def _is_in_row(self, bubble: Shape) -> bool:
        """Whether another bubble stands close beside this one, and nothing between them."""
        most = ROW_GAP * self.height
        beside = [other for other in self._on_level(bubble) if other is not bubble]
        pairs = [(bubble, other) if other.x > bubble.x else (other, bubble) for other in beside]
        return any(right.left - left.right < most and not self._between(left, right) for left, right in pairs)

    def _on_level(self, bubble: Shape) -> list[Shape]:
        """The bubbles on the level of a bubble, and the bubble."""
        return self._within(bubble.y, ROW_TOLERANCE * self.height)

    def _within(self, y: float, reach: float) -> list[Shape]:
        """The bubbles that are less than `reach` higher or lower than a level."""
        return self.bubbles[bisect_right(self.levels, y - reach) : bisect_left(self.levels, y + reach)]

    def _are_in_two_lists(self, one: Shape, other: Shape) -> bool:
        """Whether neighbours in a row, with text between them, are answers of two lists beside each other.

        Answers of one question in two columns begin on one level, and the right column is not the longer one. Names
        before their bubbles, as on ballots, begin far from the bubble at their left and differ from row to row; the
        words before the bubbles of a row, as yes and no, do not. In frames of their own, even short lists are
        questions: two lines part them, or one if their answers stand on other levels.
        Two short lists without frames are two only if a bubble of the right one has none at its left, as none of a row
        but the first has.
        """
        left, right = self.lists[one], self.lists[other]
        if len(left) < 2 or len(right) < 2:
            return False
        lines = self._lines_between(one, other)
        has_frames = lines > 1 or (lines == 1 and self._are_on_other_levels(left, right))
        if has_frames and self._have_text(left, right):
            return True
        if max(len(left), len(right)) < LEAST_LIST and not any(self._begins_row(bubble) for bubble in right):
            return False
        texts = self._texts_between(left, right)
        if not any(text for _, text in texts):
            return False
        if self._has_list_between(left, right):
            return True
        starts_lower = abs(left[0].y - right[0].y) > ROW_TOLERANCE * self.height
        return starts_lower or len(right) > len(left) or lines > 0 or self._have_names(texts)

    def _texts_between(self, left: Sequence[Shape], right: Sequence[Shape]) -> list[_Gap]:
        """The bubbles of a list beside which one of another list stands, with the texts between both."""
        lists = left[0], right[0]
        if lists not in self.texts:
            reach = ROW_TOLERANCE * self.height
            rows = [(one, other) for one in left for other in right if abs(one.y - other.y) < reach]
            self.texts[lists] = [(one, self._between(one, other)) for one, other in rows]
        return self.texts[lists]

    def _are_on_other_levels(self, left: Sequence[Shape], right: Sequence[Shape]) -> bool:
        """Whether one of two lists begins or ends higher than the other."""
        reach = ROW_TOLERANCE * self.height
        return abs(left[0].y - right[0].y) > reach or abs(left[-1].y - right[-1].y) > reach

    def _have_text(self, left: Sequence[Shape], right: Sequence[Shape]) -> bool:
        """Whether text stands beside a bubble of two lists, in the space between them."""
        start, end = max(bubble.right for bubble in left), min(bubble.left for bubble in right)
        band = LABEL_BAND * self.height
        return any(self.around.has_print(start, each.y - band, end, each.y + band) for each in (*left, *right))

    def _begins_row(self, bubble: Shape) -> bool:
        """Whether no bubble stands at the left of a bubble."""
        return not any(other.x < bubble.left for other in self._on_level(bubble))

    def _has_list_between(self, left: Sequence[Shape], right: Sequence[Shape]) -> bool:
        """Whether a third list stands between two lists beside each other, and is shorter than they are."""
        top, bottom = max(left[0].y, right[0].y) - self.height, min(left[-1].y, right[-1].y) + self.height
        return any(
            left[0].right < bubble.x < right[0].left and top < bubble.y < bottom and len(self.lists[bubble]) > 1
            for bubble in self.bubbles
        )

    def _lines_between(self, one: Shape, other: Shape) -> int:
        """How many vertical lines as high as they are stand between two bubbles."""
        top, bottom = round(max(one.top, other.top)), round(min(one.bottom, other.bottom))
        gap = self.page.vertical[top:bottom, round(one.right) : round(other.left)]
        is_line = (gap > 0).all(axis=0) if gap.size else np.zeros(0, bool)
        return int(np.count_nonzero(np.diff(is_line.astype(np.int8), prepend=0) > 0))

    def _have_names(self, texts: Sequence[_Gap]) -> bool:
        """Whether texts of different length begin far from the bubbles at their left."""
        starts = [text[0][0] - bubble.right for bubble, text in texts if text]
        ends = [text[-1][1] for _, text in texts if text]
        return min(starts) > NAME_GAP * self.height and max(ends) - min(ends) > NAMES_DIFFER * self.height

    def _rows(self) -> list[_Row]:
        rows: list[list[Shape]] = []
        for bubble in self.bubbles:
            level = float(np.mean([other.y for other in rows[-1]])) if rows else 0.0
            if rows and bubble.y - level < ROW_TOLERANCE * self.height:
                rows[-1].append(bubble)
            else:
                rows.append([bubble])
        return [_Row(tuple(sorted(row, key=lambda bubble: bubble.x))) for row in rows]

    def _between(self, one: Shape, other: Shape) -> list[tuple[float, float]]:
        y, band = (one.y + other.y) / 2, LABEL_BAND * self.height
        return self.around.pieces(one.right, y - band, other.left, y + band, LABEL_WHITE * self.height)

    def _runs(self, row: _Row) -> list[_Run]:
        """Part a row where the space is wide or has print that other spaces have not."""
        pairs = list(zip(row.bubbles[:-1], row.bubbles[1:], strict=True))
        texts = [self._between(*pair) for pair in pairs]
        pitches = [other.x - one.x for one, other in pairs]
        empty = [pitch for pitch, text in zip(pitches, texts, strict=True) if not text]
        wide = [self._is_wide(pitches, texts, index) for index in range(len(pairs))]
        runs: list[list[Shape]] = [[row.bubbles[0]]] if row.bubbles else []
        for (_, bubble), text, pitch, index in zip(pairs, texts, pitches, range(len(pairs)), strict=True):
            near = _beside(pitches, texts, index) or empty
            if text:
                parts = pitch > WIDER_WITH_PRINT * min(near) if near else len(text) > 1
            else:
                others = [
                    pitches[i] for i in (index - 1, index + 1) if 0 <= i < len(pairs) and not texts[i] and not wide[i]
                ]
                # Columns below headings are as wide as these: a space is no break if one beside it is as wide.
                parts = wide[index] and pitch > AS_WIDE * max(others, default=0.0)
            if parts or self._are_in_two_lists(runs[-1][-1], bubble):
                runs.append([bubble])
            else:
                runs[-1].append(bubble)
        return self._with_leads(runs)

    @staticmethod
    def _is_wide(pitches: Sequence[float], texts: Sequence[Sequence[object]], index: int) -> bool:
        """Whether a space without print is wider than the least one beside it."""
        return not texts[index] and pitches[index] > WIDER * min(_beside(pitches, texts, index))

    def _with_leads(self, runs: list[list[Shape]]) -> list[_Run]:
        done: list[_Run] = []
        for index, run in enumerate(runs):
            start = runs[index - 1][-1].right if index else max(0.0, run[0].left - FARTHEST_LABEL * self._page_width)
            band = LABEL_BAND * self.height
            y = run[0].y
            text = self.around.pieces(start, y - band, run[0].left, y + band, LABEL_WHITE * self.height)
            text = [piece for piece in text if not self._is_of_other_row(piece[0], y)]
            inside = [self._between(one, other) for one, other in itertools.pairwise(run)]
            is_labelled = all(inside)  # also a single bubble
            is_text_of_previous = bool(index) and done[-1].is_labelled and len(text) < 2
            has_lead = bool(text) and not is_text_of_previous
            apart = self.around.pieces(
                self._line_before(run[0]), y - band, run[0].left, y + band, NUMBER_WHITE * self.height
            )
            is_numbered = len(apart) > 1 and apart[0][1] - apart[0][0] < MOST_NUMBER * self.height and len(runs) == 1
            done.append(_Run(tuple(run), is_labelled, has_lead, is_numbered and not self._text_after(run[-1])))
        return done

    def _is_of_other_row(self, start: float, y: float) -> bool:
        """Whether a text that begins here belongs to a bubble that stands a little higher or lower, in another list."""
        return any(
            abs(bubble.y - y) > ROW_TOLERANCE * self.height and 0 < start - bubble.right < NAME_GAP * self.height
            for bubble in self._within(y, OTHER_ROW * self.height)
        )

    def _line_before(self, bubble: Shape) -> int:
        """The right side of the nearest vertical line at the left of a bubble, as high as it is; 0 if there is none."""
        rows = slice(round(bubble.top), round(bubble.bottom))
        lines = np.flatnonzero((self.page.vertical[rows, : round(bubble.left)] > 0).all(axis=0))
        return int(lines[-1]) + 1 if lines.size else 0

    def _text_after(self, bubble: Shape) -> bool:
        """Whether text stands close at the right of a bubble."""
        y, band = bubble.y, LABEL_BAND * self.height
        return self.around.has_print(bubble.right, y - band, bubble.right + NAME_GAP * self.height, y + band)

    @property
    def _page_width(self) -> int:
        return int(self.page.grey.shape[1])

    def _stacks(self, runs: list[_Run]) -> list[list[_Run]]:
        """Put runs below those whose bubbles stand in the same columns."""
        stacks: list[list[_Run]] = []
        for run in sorted(runs, key=lambda run: run.y):
            fitting = [stack for stack in stacks if self._continues(stack, run)]
            if fitting:
                max(fitting, key=lambda stack: stack[-1].y).append(run)
            else:
                stacks.append([run])
        return stacks

    def _continues(self, stack: list[_Run], run: _Run) -> bool:
        last = stack[-1]
        distance = run.y - last.y
        if distance < LEAST_ROW_HEIGHTS * self.height or distance > MOST_ROW_HEIGHTS * self.height:
            return False
        if self._is_in_columns(stack, run):
            return not self._text_between(last.bubbles[0], run.bubbles[0])
        if last.is_labelled != run.is_labelled:
            return False
        longer, shorter = (last, run) if len(last.bubbles) >= len(run.bubbles) else (run, last)
        reach = COLUMN_TOLERANCE * self.width
        in_columns = all(any(abs(bubble.x - other.x) < reach for other in longer.bubbles) for bubble in shorter.bubbles)
        if not in_columns or abs(run.bubbles[0].x - last.bubbles[0].x) > reach:
            return False
        return not self._text_between(last.bubbles[0], run.bubbles[0])

    def _is_in_columns(self, stack: Sequence[_Run], run: _Run) -> bool:
        """Whether a row continues the columns of others, all without text: some digits have fewer values than others.

        Of a day of the month, only the second digit goes on to 9; of a number with a sign, one has a minus.
        """
        rows = (*stack, run)
        if max(len(row.bubbles) for row in rows) < 2 or any(self._has_text_beside(row) for row in rows):
            return False
        columns = np.array([bubble.x for row in stack for bubble in row.bubbles])
        beside = [float(np.abs(columns - bubble.x).min()) for bubble in run.bubbles]
        reach = COLUMN_TOLERANCE * self.width
        return min(beside) < reach and all(distance < reach or distance > self.width for distance in beside)

    def _has_text_beside(self, run: _Run) -> bool:
        """Whether text stands at the left of a row, or between its bubbles, or behind a single one."""
        is_labelled = run.is_labelled and (len(run.bubbles) > 1 or self._text_after(run.bubbles[0]))
        return run.has_lead or is_labelled

    def _text_between(self, upper: Shape, lower: Shape) -> bool:
        """Whether a line of text that begins at the bubbles or left of them, in the same frame, parts two rows."""
        frame = max(self._line_before(upper), self._line_before(lower))
        left = max(frame, min(upper.left, lower.left) - 2 * self.height)
        right = upper.right
        margin = TEXT_MARGIN * self.height
        top, bottom = upper.y + margin, lower.y - margin
        return bottom - top > LEAST_TEXT_BAND * self.height and self.around.has_print(left, top, right, bottom)

    def _divide(self, stack: list[_Run]) -> list[Group]:
        if stack[0].is_labelled:
            return self._divide_labelled(stack)
        rows = [run.bubbles for run in stack]
        parts = self._parts(stack)
        if len(parts) == 1 and len(rows) >= DIGITS and self._has_boxes_above(rows):
            return [_columns(rows)]
        labelled = sum(run.has_lead for run in stack) / len(stack)
        if labelled >= LABELLED:
            return [_question(row) for row in rows]
        return [group for part in parts for group in self._divide_array([run.bubbles for run in part])]

    def _parts(self, stack: list[_Run]) -> list[list[_Run]]:
        """Part a stack where the distance of rows is wide."""
        distances = [lower.y - upper.y for upper, lower in itertools.pairwise(stack)]
        least = min(distances, default=0.0)
        parts = [[stack[0]]]
        for run, distance in zip(stack[1:], distances, strict=True):
            if distance > ROW_BREAK * least:
                parts.append([run])
            else:
                parts[-1].append(run)
        return parts

    def _divide_array(self, rows: list[tuple[Shape, ...]]) -> list[Group]:
        """Decide about an array of bubbles without text between them and at their left."""
        if len(rows) == 1:
            return [_question(rows[0])]
        across, down = self._likeness(rows)
        if across is not None and self._are_numbers(rows) and (down or 0.0) < SAME_GLYPH:
            return [Group((tuple(bubble for row in rows for bubble in row),), is_grid=False, direction="Horizontal")]
        longest = max(len(row) for row in rows)
        if across is None or down is None:
            if len(rows) == DIGITS and longest != DIGITS:
                return [replace(_columns(rows), is_certain=False)]
            if longest == DIGITS:
                return [Group(tuple(rows), is_grid=True, direction="Horizontal", is_certain=False)]
            return [replace(_question(row), is_certain=False) for row in rows]
        if across >= max(SAME_GLYPH, down + LIKER):
            return [_columns(rows)]
        if down >= max(SAME_GLYPH, across + LIKER):
            if longest == DIGITS:
                return [Group(tuple(rows), is_grid=True, direction="Horizontal")]
            return [_question(row) for row in rows]
        if max(across, down) < SAME_GLYPH:
            return [Group((tuple(bubble for row in rows for bubble in row),), is_grid=False, direction="Horizontal")]
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
        """Whether something is printed above a bubble, between the sides of a box."""
        left, right = bubble.x - INSIDE_BOX * bubble.width, bubble.x + INSIDE_BOX * bubble.width
        return self.around.has_print(left, upper + LINE_PX, right, lower - LINE_PX)

    def _divide_labelled(self, stack: list[_Run]) -> list[Group]:
        """Rows of bubbles with a text for each: a row with print at its left begins a question."""
        groups: list[list[_Run]] = []
        is_list = all(len(run.bubbles) == 1 and not run.is_numbered for run in stack)
        for part in self._parts(stack):
            for index, run in enumerate(part):
                if index and (is_list or not run.has_lead):
                    groups[-1].append(run)
                else:
                    groups.append([run])
        return [group for runs in groups for group in self._divide_columns(runs)]

    def _divide_columns(self, runs: list[_Run]) -> list[Group]:
        """Part the columns of answers that stand below different headings."""
        longest = max(runs, key=lambda run: len(run.bubbles)).bubbles
        if len(runs) == 1 or len(longest) == 1:
            return [_labelled([run.bubbles for run in runs])]
        starts = self._headings(runs[0])
        edges = [start - self.width for start in starts[1:]]
        parts = []
        for low, high in zip([-np.inf, *edges], [*edges, np.inf], strict=True):
            rows = [tuple(bubble for bubble in run.bubbles if low <= bubble.x < high) for run in runs]
            if any(rows):
                parts.append(_labelled([row for row in rows if row]))
        return parts

    def _headings(self, run: _Run) -> list[float]:
        """The left ends of the texts in the line above a run."""
        top = run.bubbles[0].top
        left, right = run.left - 3 * self.height, run.right + 3 * self.height
        line = self.around.bottom_of_print_above(left, top - 3 * self.height, right, top - HEADING_GAP * self.height)
        if line is None:
            return [run.left]
        return [start for start, _ in self.around.pieces(left, line[0], right, line[1], 2 * self.height)]


def _beside(pitches: Sequence[float], texts: Sequence[Sequence[object]], index: int) -> list[float]:
    """The distances without print between them at a place of a row and beside it."""
    return [pitches[i] for i in (index - 1, index, index + 1) if 0 <= i < len(pitches) and not texts[i]]


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
