"""Bubbles of one size to runs beside each other, and runs below each other to stacks.

Spaces decide, and the print in them: a wide space parts two questions, and so does print where the other spaces are
empty.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from omrclip.omr.authoring.detection.frames import are_in_two_frames, has_heading_between
from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.size_classes import SizeClass
from omrclip.omr.authoring.detection.surroundings import Surroundings
from omrclip.omr.authoring.detection.table_rows import levels
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
APART = 2.5
"""Least distance of neighbours in a row, in widths of a bubble, from which they are the answers of a table below words
of different lengths: a bubble at its end belongs to the row, because one alone is no question. Digits stand closer."""
AS_WIDE = 1.15
"""Distance of neighbours, in those beside them in the row, up to which these are as wide."""
BEFORE_BUBBLE, FAR_WORD, WIDER_BEFORE = 1.0, 3.0, 2.0
"""White space between a word and its bubble at most, and before the words of the next question at least, in heights of
a bubble, and this in the least one of the row."""
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
LEAST_SCALE = 3
"""Bubbles without text between them, at least, to which one apart at their right belongs."""
NAME_GAP, NAMES_DIFFER = 1.2, 0.5
"""Distance of a name from the bubble at its left that is not its own, and difference of the lengths of names, in
heights of a bubble. The text of an answer begins at about 0.5 heights."""
HEADING_HEIGHTS = 3.0
"""Height of the band above two lists in which the text of their question is looked for, in heights of a bubble."""
BETWEEN_HEADINGS = 1.2
"""White space between two headings beside each other, in heights of their line, at least: that between words is 0.5."""
ROW_BREAK = 1.6
"""Distance of rows, in the least distance of their stack, from which they belong to two questions."""
MOST_ROW_HEIGHTS = 3.5
"""Distance of rows of one question, in heights of a bubble, at most."""
ONE_WORD = 0.15
"""Difference of the places at which a word begins and ends below itself, in heights of a bubble, at most."""
ROW_LINE, ACROSS = 2.0, 0.9
"""Distance of the line below a row of a table, in heights of a bubble, at most, and the part of the space between two
bubbles that it crosses at least."""
MOST_NUMBER, NUMBER_WHITE = 2.0, 0.8
"""Width of the number of a statement at most, and the white space behind it at least, in heights of a bubble."""
LABEL_BAND = 0.55
"""Half the height, in heights of a bubble, of the band in which text beside a row is looked for."""
FARTHEST_LABEL = 0.8
"""Widths of the page that print at the left of a row may be away from it: a short statement at the left margin, with
its answers at the right one."""
MOST_TEXT_HEIGHTS = 8.0
"""The same where the text of an answer has several lines, and how far right of its bubble these are looked for."""
LEAST_ROW_HEIGHTS = 0.8
"""Distance of two rows of one stack, in heights of a bubble, at least."""
TEXT_MARGIN, LEAST_TEXT_BAND = 0.7, 0.3
"""Distance from the middle of a row at which text between two rows is looked for, and the height of this band from
which there is room for text, in heights of a bubble."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbours in a row.

    Attributes:
        is_labelled: text stands between its bubbles, or it is a single one.
        has_lead: print stands at its left.
        is_numbered: this print begins with a number apart, and no text stands at its right.
        is_behind: a run with such print is at its left, and nothing between them, as a second question about one thing.
    """

    bubbles: tuple[Shape, ...]
    is_labelled: bool
    has_lead: bool
    is_numbered: bool = False
    is_behind: bool = False

    @property
    def y(self) -> float:
        """The mean level of its bubbles."""
        return float(np.mean([bubble.y for bubble in self.bubbles]))

    @property
    def left(self) -> float:
        """The left side."""
        return self.bubbles[0].left

    @property
    def right(self) -> float:
        """The right side."""
        return self.bubbles[-1].right


_Gap = tuple[Shape, list[tuple[float, float]]]
"""A bubble, and the left and right ends of the texts between it and one of a list at its right."""


@dataclass(frozen=True, slots=True)
class _Row:
    """All bubbles of one size on one level."""

    bubbles: tuple[Shape, ...]


def stacks_of_runs(page: WorkingPage, one: SizeClass, around: Surroundings) -> list[list[Run]]:
    """The bubbles of one size in runs beside each other, from the top to the bottom of stacks."""
    return _Stacking(page, one, around).stacks()


class _Stacking:
    """The steps share the page, the size of the bubbles and the print around them."""

    def __init__(self, page: WorkingPage, one: SizeClass, around: Surroundings) -> None:
        self.page, self.around = page, around
        self.width, self.height = one.width, one.height
        self.level = levels(page, one.bubbles, self.height)
        self.bubbles = sorted(one.bubbles, key=lambda bubble: self.level[bubble])
        self.levels = [self.level[bubble] for bubble in self.bubbles]
        self.texts: dict[tuple[Shape, Shape], list[_Gap]] = {}
        self.tables: dict[tuple[Shape, Shape], bool] = {}
        self.gaps: dict[tuple[Shape, Shape], list[tuple[float, float]]] = {}
        self.in_rows = {bubble for bubble in self.bubbles if self._is_in_row(bubble)}
        self.lists = self._lists()

    def stacks(self) -> list[list[Run]]:
        """The runs of each stack."""
        return self._stacks([run for row in self._rows() for run in self._runs(row)])

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
        if abs(bubble.x - last.x) > COLUMN_TOLERANCE * self.width or not self._are_near(last, bubble):
            return False
        if (last in self.in_rows) != (bubble in self.in_rows):
            return False
        is_wider = len(bubbles) > 1 and distance > ROW_BREAK * (last.y - bubbles[-2].y)
        is_wider = is_wider and not text_goes_on(self.around, last, bubble)
        return not is_wider and not self._text_between(last, bubble)

    def _are_near(self, upper: Shape, lower: Shape) -> bool:
        """Whether two bubbles below each other are as near as answers to one question are."""
        distance = (lower.y - upper.y) / self.height
        if not LEAST_ROW_HEIGHTS <= distance <= MOST_TEXT_HEIGHTS:
            return False
        if distance > MOST_ROW_HEIGHTS and not text_goes_on(self.around, upper, lower):
            return False
        return not has_heading_between(self.page, self.around, upper, lower)

    def _is_in_row(self, bubble: Shape) -> bool:
        """Whether another bubble stands close beside this one, and nothing between them."""
        most = ROW_GAP * self.height
        beside = [other for other in self._on_level(bubble) if other is not bubble]
        pairs = [(bubble, other) if other.x > bubble.x else (other, bubble) for other in beside]
        return any(right.left - left.right < most and not self._between(left, right) for left, right in pairs)

    def _on_level(self, bubble: Shape) -> list[Shape]:
        """The bubbles on the level of a bubble, and the bubble."""
        return self._within(self.level[bubble], ROW_TOLERANCE * self.height)

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
        if self._are_rows_of_table(left, right) or self._have_one_word(left, right):
            return False
        if lines > 1 and not self._has_columns(one) and are_in_two_frames(self.page, left, right):
            return True
        if max(len(left), len(right)) < LEAST_LIST and not any(self._begins_row(bubble) for bubble in right):
            return False
        texts = self._texts_between(left, right)
        if not any(text for _, text in texts) or self._are_lines_of_text(texts, right[0].left):
            return False
        if self._has_list_between(left, right):
            return True
        if lines > 0 or self._have_names(texts):
            return True
        starts_lower = abs(left[0].y - right[0].y) > ROW_TOLERANCE * self.height
        return (starts_lower or len(right) > len(left)) and not self._are_below_one_text(left, right)

    def _are_below_one_text(self, left: Sequence[Shape], right: Sequence[Shape]) -> bool:
        """Whether the line above two lists that begin on about one level is the text of the left one only.

        It may be as long as both, but no text begins above the right one, as that of a question of its own does.
        """
        top = min(left[0].top, right[0].top)
        if abs(left[0].y - right[0].y) > self.height:
            return False
        start, end = left[0].left - 3 * self.height, right[0].right + MOST_TEXT_HEIGHTS * self.height
        line = self.around.bottom_of_print_above(start, top - HEADING_HEIGHTS * self.height, end, top)
        if line is None:
            return False
        texts = self.around.pieces(start, line[0], end, line[1], LABEL_WHITE * self.height)
        has_own = is_above(self.around, (start, line[0], end, line[1]), right[0])
        return texts[0][0] < left[0].right + self.height and len(texts) == 1 and not has_own

    def _are_rows_of_table(self, left: Sequence[Shape], right: Sequence[Shape]) -> bool:
        """Whether a line stands below each row of two lists, which have as many bubbles, and a text at its left.

        Columns of lists have no texts at the left of all of them, but those of a table have names of its rows there.
        """
        key = left[0], right[0]
        if key not in self.tables:  # each row of the two lists asks
            self.tables[key] = self._find_rows_of_table(left, right)
        return self.tables[key]

    def _find_rows_of_table(self, left: Sequence[Shape], right: Sequence[Shape]) -> bool:
        if len(left) != len(right) or self._are_on_other_levels(left, right):
            return False
        texts = self._texts_between(left, right)
        if any(text and text[0][0] - one.right >= NAME_GAP * self.height for one, text in texts):
            return False
        if not all(self._has_line_below(*pair) for pair in zip(left[:-1], right[:-1], strict=True)):
            return False
        return all(self._has_row_name(bubble) for bubble in left)

    def _have_one_word(self, left: Sequence[Shape], right: Sequence[Shape]) -> bool:
        """Whether all texts between two lists are one word, as in rows of yes and no: a list has no answer twice."""
        texts = [text for _, text in self._texts_between(left, right)]
        if len(texts) < 2 or any(len(text) != 1 for text in texts):
            return False
        return all(float(np.ptp([text[0][side] for text in texts])) < ONE_WORD * self.height for side in (0, 1))

    def _has_line_below(self, one: Shape, other: Shape) -> bool:
        """Whether a horizontal line stands below two bubbles of a row and between them."""
        bottom = round(max(one.bottom, other.bottom))
        gap = self.page.horizontal[
            bottom : bottom + round(ROW_LINE * self.height), round(one.left) : round(other.right)
        ]
        return bool(gap.size) and float((gap > 0).any(axis=0).mean()) > ACROSS

    def _has_row_name(self, bubble: Shape) -> bool:
        """Whether text stands at the left of the first bubble in the row of a bubble, beyond a line."""
        first = min(self._on_level(bubble), key=lambda other: other.x)
        y, band, line = first.y, LABEL_BAND * self.height, self._line_before(first)
        return bool(line) and self.around.has_print(line - FARTHEST_LABEL * self._page_width, y - band, line, y + band)

    def _has_columns(self, bubble: Shape) -> bool:
        """Whether lines stand between all bubbles of a row, more than two as far apart: its columns have frames."""
        row = sorted(self._on_level(bubble), key=lambda each: each.x)
        pairs = list(itertools.pairwise(row))
        pitches = [right.x - left.x for left, right in pairs]
        is_even = len(row) > 2 and max(pitches) < AS_WIDE * min(pitches)
        return is_even and all(self._lines_between(*pair) > 0 for pair in pairs)

    def _texts_between(self, left: Sequence[Shape], right: Sequence[Shape]) -> list[_Gap]:
        """The bubbles of a list beside which one of another list stands, with the texts between both."""
        lists = left[0], right[0]
        if lists not in self.texts:
            reach = ROW_TOLERANCE * self.height
            level = self.level
            rows = [(one, other) for one in left for other in right if abs(level[one] - level[other]) < reach]
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

    def _are_lines_of_text(self, texts: Sequence[_Gap], end: float) -> bool:
        """Whether each answer ends close to the next bubble, as in a line of text; most of a column end earlier."""
        return all(len(text) == 1 and end - text[0][1] < LABEL_WHITE * self.height for _, text in texts)

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
        if not gap.any():
            return 0
        is_line = gap.min(axis=0) > 0
        return int(is_line[0]) + int(np.count_nonzero(is_line[1:] & ~is_line[:-1]))

    def _have_names(self, texts: Sequence[_Gap]) -> bool:
        """Whether texts of different length begin far from the bubbles at their left."""
        starts = [text[0][0] - bubble.right for bubble, text in texts if text]
        ends = [text[-1][1] for _, text in texts if text]
        return min(starts) > NAME_GAP * self.height and max(ends) - min(ends) > NAMES_DIFFER * self.height

    def _rows(self) -> list[_Row]:
        rows: list[list[Shape]] = []
        for bubble in self.bubbles:
            level = float(np.mean([self.level[other] for other in rows[-1]])) if rows else 0.0
            if rows and self.level[bubble] - level < ROW_TOLERANCE * self.height:
                rows[-1].append(bubble)
            else:
                rows.append([bubble])
        return [_Row(tuple(sorted(row, key=lambda bubble: bubble.x))) for row in rows]

    def _between(self, one: Shape, other: Shape) -> list[tuple[float, float]]:
        """The left and right ends of the texts between neighbours in a row."""
        if (one, other) not in self.gaps:  # the lists ask, and the rows
            upper, lower = sorted((one.y, other.y))
            if lower - upper < ROW_TOLERANCE * self.height:
                upper = lower = (upper + lower) / 2
            # In a row of a table, a text may stand below the upper bubble and beside the lower one.
            band = LABEL_BAND * self.height
            pieces = self.around.pieces(one.right, lower - band, other.left, upper + band, LABEL_WHITE * self.height)
            self.gaps[one, other] = pieces
        return self.gaps[one, other]

    def _runs(self, row: _Row) -> list[Run]:
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
                parts = parts or self._begins_question(pairs, texts, index)
            else:
                others = [
                    pitches[i] for i in (index - 1, index + 1) if 0 <= i < len(pairs) and not texts[i] and not wide[i]
                ]
                # Columns below headings are as wide as these: a space is no break if one beside it is as wide.
                is_alone = len(runs[-1]) == 1 or index == len(pairs) - 1
                is_answer = is_alone and min(pitches) > APART * self.width
                parts = wide[index] and pitch > AS_WIDE * max(others, default=0.0) and not is_answer
            if parts or self._are_in_two_lists(runs[-1][-1], bubble):
                runs.append([bubble])
            else:
                runs[-1].append(bubble)
        return self._with_leads(runs)

    def _begins_question(
        self, pairs: Sequence[tuple[Shape, Shape]], texts: Sequence[Sequence[tuple[float, float]]], index: int
    ) -> bool:
        """Whether, in a row of words before their bubbles, the space before one is wider than before another."""
        before = [text[0][0] - one.right if text else 0.0 for (one, _), text in zip(pairs, texts, strict=True)]
        after = [other.left - text[-1][1] if text else 0.0 for (_, other), text in zip(pairs, texts, strict=True)]
        are_before = all(texts) and max(after) < BEFORE_BUBBLE * self.height
        return are_before and before[index] > max(FAR_WORD * self.height, WIDER_BEFORE * min(before))

    @staticmethod
    def _is_wide(pitches: Sequence[float], texts: Sequence[Sequence[object]], index: int) -> bool:
        """Whether a space without print is wider than the least one beside it."""
        return not texts[index] and pitches[index] > WIDER * min(_beside(pitches, texts, index))

    def _with_leads(self, runs: list[list[Shape]]) -> list[Run]:
        done: list[Run] = []
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
            is_numbered = len(runs) == 1 and self._has_number(run[0]) and not self._text_after(run[-1])
            is_behind = bool(index) and not text and (done[-1].has_lead or done[-1].is_behind)
            if index and self._ends_scale(done[-1], run, text):
                done[-1] = replace(done[-1], bubbles=(*done[-1].bubbles, *run))
            else:
                done.append(Run(tuple(run), is_labelled, has_lead, is_numbered, is_behind))
        return done

    def _ends_scale(self, scale: Run, run: Sequence[Shape], text: Sequence[tuple[float, float]]) -> bool:
        """Whether one bubble stands apart at the end of a scale, for no answer to its question.

        Between both is nothing, or the word for the end of the scale, which stands close to it. If the texts behind the
        bubbles below each other differ, these are a list.
        """
        if len(run) > 1 or scale.is_labelled or not scale.has_lead or len(scale.bubbles) < LEAST_SCALE:
            return False
        if self._have_texts(self.lists[run[0]]):
            return False
        is_of_scale = len(text) == 1 and text[0][0] - scale.right < NAME_GAP * self.height
        lines = self._lines_between(scale.bubbles[-1], run[0]) - self._lines_between(*scale.bubbles[:2])
        return (not text or is_of_scale) and lines < 2

    def _have_texts(self, bubbles: Sequence[Shape]) -> bool:
        """Whether texts of different lengths stand behind the bubbles of a list."""
        band, reach, white = (size * self.height for size in (LABEL_BAND, MOST_TEXT_HEIGHTS, LABEL_WHITE))
        texts = [self.around.pieces(one.right, one.y - band, one.right + reach, one.y + band, white) for one in bubbles]
        lengths = [text[0][1] - one.right for one, text in zip(bubbles, texts, strict=True) if text]
        return len(lengths) >= LEAST_LIST and float(np.ptp(lengths)) > NAMES_DIFFER * self.height

    def _is_of_other_row(self, start: float, y: float) -> bool:
        """Whether a text that begins here belongs to a bubble that stands a little higher or lower, in another list."""
        return any(
            abs(bubble.y - y) > ROW_TOLERANCE * self.height and 0 < start - bubble.right < NAME_GAP * self.height
            for bubble in self._within(y, OTHER_ROW * self.height)
        )

    def _has_number(self, bubble: Shape) -> bool:
        """Whether a number and a text stand at the left of a bubble, in its cell or in cells of their own."""
        y, band, white = bubble.y, LABEL_BAND * self.height, NUMBER_WHITE * self.height
        start = self._line_before(bubble)
        apart = self.around.pieces(start, y - band, bubble.left, y + band, white)
        if start and not apart:
            apart = self.around.pieces(0, y - band, start, y + band, white)
        return len(apart) > 1 and apart[0][1] - apart[0][0] < MOST_NUMBER * self.height

    def _line_before(self, bubble: Shape) -> int:
        """The right side of the nearest vertical line at the left of a bubble, as high as it is; 0 if there is none."""
        rows = slice(round(bubble.top), round(bubble.bottom))
        part = self.page.vertical[rows, : round(bubble.left)]
        lines = np.flatnonzero(part.min(axis=0)) if part.size else np.zeros(0, int)
        return int(lines[-1]) + 1 if lines.size else 0

    def _text_after(self, bubble: Shape) -> bool:
        """Whether text stands close at the right of a bubble."""
        y, band = bubble.y, LABEL_BAND * self.height
        return self.around.has_print(bubble.right, y - band, bubble.right + NAME_GAP * self.height, y + band)

    @property
    def _page_width(self) -> int:
        return int(self.page.grey.shape[1])

    def _stacks(self, runs: list[Run]) -> list[list[Run]]:
        """Put runs below those whose bubbles stand in the same columns."""
        stacks: list[list[Run]] = []
        for run in sorted(runs, key=lambda run: run.y):
            fitting = [stack for stack in stacks if self._continues(stack, run)]
            if fitting:
                max(fitting, key=lambda stack: stack[-1].y).append(run)
            else:
                stacks.append([run])
        return stacks

    def _continues(self, stack: list[Run], run: Run) -> bool:
        last = stack[-1]
        if not self._are_near(last.bubbles[0], run.bubbles[0]):
            return False
        if self._is_in_columns(stack, run):
            return not self._text_between(last.bubbles[0], run.bubbles[0])
        if last.is_labelled != run.is_labelled:
            return False
        longer, shorter = (last, run) if len(last.bubbles) >= len(run.bubbles) else (run, last)
        reach = COLUMN_TOLERANCE * self.width
        in_columns = all(any(abs(bubble.x - other.x) < reach for other in longer.bubbles) for bubble in shorter.bubbles)
        if in_columns and run is shorter and run.is_labelled and not run.has_lead:
            # The first of several columns of answers may be shorter than the others.
            above = min(last.bubbles, key=lambda bubble: abs(bubble.x - run.bubbles[0].x))
            return not self._text_between(above, run.bubbles[0])
        if abs(run.bubbles[0].x - last.bubbles[0].x) > reach or not (in_columns or self._is_next_line(last, run)):
            return False
        return not self._text_between(last.bubbles[0], run.bubbles[0])

    def _is_next_line(self, last: Run, run: Run) -> bool:
        """Whether the answers of a row go on in the next one as lines of text do: their texts are of any length."""
        return run.is_labelled and not run.has_lead and all(self._text_after(each.bubbles[-1]) for each in (last, run))

    def _is_in_columns(self, stack: Sequence[Run], run: Run) -> bool:
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

    def _has_text_beside(self, run: Run) -> bool:
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


def is_above(around: Surroundings, line: tuple[float, float, float, float], bubble: Shape) -> bool:
    """Whether a text begins above a bubble in a line of print, behind more than the space between words."""
    left, top, right, bottom = line
    starts = [start for start, _ in around.pieces(left, top, right, bottom, BETWEEN_HEADINGS * (bottom - top))]
    return any(abs(start - bubble.left) < bubble.height / 2 for start in starts)


def text_goes_on(around: Surroundings, upper: Shape, lower: Shape) -> bool:
    """Whether the text of an answer has further lines, behind its bubble, before the next answer below it."""
    margin = TEXT_MARGIN * upper.height
    right = upper.right + MOST_TEXT_HEIGHTS * upper.height
    is_text = around.has_print(upper.right, upper.y + margin, right, lower.y - margin)
    return is_text and around.has_print(upper.right, upper.y - margin, right, upper.y + margin)


def _beside(pitches: Sequence[float], texts: Sequence[Sequence[object]], index: int) -> list[float]:
    """The distances without print between them at a place of a row and beside it."""
    return [pitches[i] for i in (index - 1, index, index + 1) if 0 <= i < len(pitches) and not texts[i]]
