"""Which shapes on a page are letters: those in words and numbers, unless they stand as bubbles do."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from omrclip.omr.authoring.detection.pairs import Indexes, Values, pairs_within
from omrclip.omr.authoring.detection.shapes import RECTANGLE_FILLED, Boxes, Places, Shape, are_mostly
from omrclip.omr.authoring.detection.working_page import PX_PER_MM

SAME_SIZE = 0.14
"""Relative difference of widths, and of heights, within which two shapes have one size; outlines that are printed or
thresholded differently stay within it."""
SAME_FILLED = 0.12
"""Difference of the filled parts within which two shapes have one form; those of ellipse and square differ by 0.21."""
HIGHEST_TEXT_MM = 3.6
"""Height of the capitals of a text of 14 points. Higher squares are no letters of a text, however large other bubbles
are."""
LETTER_GAP = 0.22
"""Gap, in heights of the shape, within which a letter beside it makes it part of a word. A space is about 0.35."""
LOW_LETTER, LOW_LETTER_GAP = 0.8, 0.14
"""Height below which that letter is low, and the gap that makes the shape the capital before it, in heights of the
shape: the text of an answer is low too, and begins further away."""
LETTER_HEIGHTS = (0.6, 1.7)
"""Heights of that letter in heights of the shape: small letters have 0.7 of the height of capitals."""
SAME_LEVEL = 0.16
"""Difference of the upper or of the lower sides of that letter and the shape, in heights of the shape. Letters of a
word stand on one line, or end at one height; print beside a bubble is lower, and stands in its middle."""
DIGIT_GAP, DIGIT_WIDTH = 0.45, 0.85
"""Gap, in heights, within which print of just its height makes a narrow shape a letter, and its width in heights: the
digits and all letters of some fonts stand further apart than the letters of others."""
DIGIT_HEIGHT = 0.12
"""Difference of the upper and of the lower sides of both, in heights of the shape."""
TOUCHING, TOUCHING_HEIGHT = 0.12, 0.45
"""Gap within which print on the level of a round shape makes it a letter, whatever line the print stands on, and the
height of this print at least, in heights of the shape: a Q reaches above and below the next letter. No text begins so
close to a round bubble."""
POINT_HEIGHTS, POINT_LEVEL = (0.06, 0.4), 0.2
"""Heights of the point or comma of a number, and the distance of its middle from the lower side of the digit beside it
at most, in heights of the digit."""
SAME_LINE = 0.6
"""Part of the lower one's height by which a letter and a shape must overlap in height to stand in one line."""
NEIGHBOUR_DROP = 0.3
"""Difference of the centres of neighbouring letters of one word, in heights of the shape."""
ALIGNED_WITHIN = 0.12
"""Difference of the centres of bubbles in one row or column, in heights of the shape."""
FARTHEST_BELOW, FARTHEST_BESIDE = 8, 12
"""Distance of neighbours in a column, in heights of the shape, and in a row, in its widths, at most."""
COLUMN_BREAK = 1.8
"""Distance, in the least one of a column of bubbles, from which a letter above or below is none of them."""
LEAST_DIFFERENT = 0.1
"""Relative difference of widths or heights from which neighbours are letters; bubbles of a row differ by 5 %."""
MOST_IN_WORDS = 0.35
"""Part of the shapes of one size that stand in words, from which they are all letters."""
SMALL_IN_WORDS = 0.1
"""The same for shapes that are much smaller than a size that is more frequent: they are as small as letters."""
LEAST_IN_COLUMN = 3
"""Number of other outlines in the same column from which a round outline is a bubble, even if many of its size are
letters."""
DARK_COLUMN = 4.0
"""Distance of these from a filled shape, in its heights, at most."""
AT_CENTRE_PX = 3.0
"""Distance of the middle of connected dark pixels from the centre of the filled shape that they are."""
SQUARE_FILLED = 0.95
"""Part of its rotated box from which a shape is a square and no letter D: these have 0.90, and squares 0.97 at 100 dpi
and 0.99 at 150."""
BEGIN_TEXTS, LEAST_BEGINNINGS, BEFORE_TEXT = 0.9, 3, 0.4
"""Part of the squares of one size that have nothing close before them, from which they are the boxes before answers and
no letters; how many they are at least; and the white space before them at least, in their heights."""
WIDEST_CHARACTER = 1.5
"""Width of a box that is one more character of a Chinese text, in its heights, at most."""
LEAST_IN_LINE, SAME_STEP, MOST_STEP = 4, 0.08, 1.6
"""Shapes beside each other at one distance that are no word, at least: no word and no number repeats a letter so often.
The relative difference of these distances, and the distance in widths of the shape, at most."""


def dark_in_columns(filled: Sequence[Shape], outlines: Sequence[Shape]) -> list[Shape]:
    """The filled shapes that stand in a column with others of their size: bubbles that are dark by their letters.

    Narrow ones are none: the digits of numbers below each other stand in columns too.
    """
    places = Places([*filled, *outlines])
    return [
        shape
        for shape in filled
        if not _is_narrow(shape)
        and sum(
            are_in_column(shape, other) and not are_different(shape, other)
            for other in places.near(shape, DARK_COLUMN * shape.height)
        )
        >= LEAST_IN_COLUMN
    ]


def letters_in_words(
    shapes: Sequence[Shape], components: Boxes, dark: Sequence[Shape] = (), gap: float = LETTER_GAP
) -> npt.NDArray[np.int64]:
    """On how many sides, 0 to 2, each shape has a letter close to it; letters are components that are no shapes.

    Args:
        shapes: the shapes.
        components: the boxes of connected dark pixels.
        dark: filled shapes that are no letters beside a shape of their size.
        gap: white space before a letter at most, in heights of the shape.
    """
    sides = np.zeros(len(shapes), np.int64)
    if not len(components) or not shapes:
        return sides
    middle = components[:, :2] + components[:, 2:] / 2
    by_level = np.argsort(middle[:, 1])
    components, middle = components[by_level], middle[by_level]
    is_letter, is_dark = np.ones(len(components), bool), np.zeros(len(components), bool)
    is_letter[_within(shapes, middle)] = False
    if dark:
        is_dark[_within(dark, middle, AT_CENTRE_PX)] = True
    for side in _sides_with_letter(shapes, components[is_letter], middle[is_letter, 1], is_dark[is_letter], gap):
        sides[side] += 1
    places = Places(shapes)
    for index in np.flatnonzero((sides == 0) & ~_are_boxes(shapes)).tolist():
        shape = shapes[index]
        near = places.near(shape, DIGIT_GAP * shape.height)
        sides[index] = int(any(are_different(shape, other) for other in near if _are_close(shape, other)))
    return sides


def _within(shapes: Sequence[Shape], middle: Values, reach: float = np.inf) -> Indexes:
    """Which of some middles, in the order of their levels, lie in one of some shapes, and so near to its middle."""
    x, y, width, height = np.array([(one.x, one.y, one.width, one.height) for one in shapes]).T
    one, other = pairs_within(middle[:, 1], y - height / 2, y + height / 2)
    across, down = np.abs(middle[other, 0] - x[one]), np.abs(middle[other, 1] - y[one])
    is_in = (across < np.minimum(width / 2, reach)[one]) & (down < np.minimum(height / 2, reach)[one])
    return np.asarray(other[is_in], np.intp)


def _are_boxes(shapes: Sequence[Shape]) -> npt.NDArray[np.bool_]:
    """Which shapes are squares that are higher than letters of text."""
    return np.array(
        [
            one.filled >= RECTANGLE_FILLED
            and one.kind in ("outline", "tone")
            and one.height > HIGHEST_TEXT_MM * PX_PER_MM
            for one in shapes
        ]
    )


def _sides_with_letter(
    shapes: Sequence[Shape], letters: Boxes, levels: Values, is_dark: npt.NDArray[np.bool_], gap: float
) -> list[Indexes]:
    """The indexes of the shapes that have a letter close behind, and of those that have one close before.

    Args:
        shapes: the shapes.
        letters: the boxes of letters, in the order of their levels.
        levels: the levels of their middles.
        is_dark: which of them are no letters beside a shape of their size.
        gap: as that of `letters_in_words`.
    """
    sides = [(one.x, one.y, one.width, one.height, one.filled < RECTANGLE_FILLED) for one in shapes]
    x, y, wide, height, is_round = np.array(sides, np.float64).T
    reach = (1 + LETTER_HEIGHTS[1]) / 2 * height
    one, other = pairs_within(levels, y - reach, y + reach)
    # Of all print on the level of a shape, hardly any is close to it.
    after = letters[other, 0] - (x + wide / 2)[one]
    before = (x - wide / 2)[one] - (letters[other, 0] + letters[other, 2])
    is_near = np.minimum(np.abs(after), np.abs(before)) < max(gap, DIGIT_GAP) * height[one]
    is_near &= ~_are_boxes(shapes)[one]
    one, other, after, before = one[is_near], other[is_near], after[is_near], before[is_near]
    wide, height, is_round = wide[one], height[one], is_round[one] > 0
    shape_top, shape_bottom = y[one] - height / 2, y[one] + height / 2
    _, top, width, high = letters[other].T
    bottom = top + high
    overlap = np.minimum(bottom, shape_bottom) - np.maximum(top, shape_top)
    beside = overlap > SAME_LINE * np.minimum(high, height)
    beside &= (high >= LETTER_HEIGHTS[0] * height) & (high <= LETTER_HEIGHTS[1] * height)
    drops = np.abs(np.stack([top - shape_top, bottom - shape_bottom])) / height
    is_narrow = wide < DIGIT_WIDTH * height
    gaps = np.where(high < LOW_LETTER * height, LOW_LETTER_GAP, gap) * (beside & (drops.min(axis=0) < SAME_LEVEL))
    gaps[is_narrow & beside & (drops.max(axis=0) < DIGIT_HEIGHT)] = DIGIT_GAP
    is_low = (overlap > SAME_LINE * high) & (high >= TOUCHING_HEIGHT * height) & (high <= height)
    is_low &= is_round
    gaps[is_low] = np.maximum(gaps[is_low], TOUCHING)
    is_point = is_narrow & (high > POINT_HEIGHTS[0] * height) & (high < POINT_HEIGHTS[1] * height)
    gaps[is_point & (np.abs(top + high / 2 - shape_bottom) < POINT_LEVEL * height)] = LETTER_GAP
    is_alike = np.maximum(np.abs(width / wide - 1), np.abs(high / height - 1)) < SAME_SIZE
    gaps *= height * ~(is_dark[other] & is_alike)
    return [np.unique(one[np.abs(distance) < gaps]) for distance in (after, before)]


def without_texts_behind(
    shapes: Sequence[Shape], in_words: npt.NDArray[np.int64], components: Boxes
) -> npt.NDArray[np.int64]:
    """On how many sides squares of one size have a letter, without the texts behind them, if most begin a text.

    Chinese, Japanese and Korean texts are set without word spaces, and a box is one more character of them. The letters
    that are squares occur in the middle of words as well. A gap between two characters that is closed is none of them.
    """
    is_square = np.median([shape.filled for shape in shapes]) >= SQUARE_FILLED if shapes else False
    # Short words whose gaps are closed have corners, and are wider than a character.
    is_wide = np.median([shape.width / shape.height for shape in shapes]) > WIDEST_CHARACTER if shapes else False
    if len(shapes) < LEAST_BEGINNINGS or not is_square or is_wide or not in_words.any():
        return in_words
    begins = np.array([not _is_behind_text(shape, components) for shape in shapes])
    if begins.mean() < BEGIN_TEXTS:
        return in_words
    closed = np.array([shape.kind == "dashed" for shape in shapes])
    return np.asarray(np.where(begins, 0, np.where(closed, 2, in_words)), np.int64)


def _is_behind_text(shape: Shape, components: Boxes) -> bool:
    """Whether something is printed close before a shape, or ends in its left half as no outline of a square does."""
    left, top, width, high = components.T
    right = left + width
    overlap = np.minimum(top + high, shape.bottom) - np.maximum(top, shape.top)
    is_beside = overlap > SAME_LINE * np.minimum(high, shape.height)
    is_before = (left < shape.left) & (right > shape.left - BEFORE_TEXT * shape.height) & (right < shape.x)
    return bool((is_beside & is_before).any())


def is_in_text(brackets: Shape, components: Boxes, gap: float) -> bool:
    """Whether a pair of brackets with print in it has the letters of a text close at both sides, as "(s)" in a form.

    Args:
        brackets: the pair.
        components: the boxes of connected dark pixels.
        gap: white space between a letter and a bracket at most, in heights of the bracket.
    """
    left, top, width, high = components.T
    overlap = np.minimum(top + high, brackets.bottom) - np.maximum(top, brackets.top)
    # Brackets of other pairs are as high; letters are lower, and brackets around a capital H are higher.
    is_print = (high >= TOUCHING_HEIGHT * brackets.height) & (overlap > SAME_LINE * high)
    # The letter may touch the brackets, and be one piece with them.
    is_inside = is_print & (np.abs(left + width / 2 - brackets.x) < brackets.width / 4)
    is_letter = is_print & (np.abs(high / brackets.height - 1) > DIGIT_HEIGHT)
    before, after = brackets.left - left - width, left - brackets.right
    sides = [is_letter & (distance >= 0) & (distance < gap * brackets.height) for distance in (before, after)]
    return bool(is_inside.any()) and all(bool(side.any()) for side in sides)


def are_different(one: Shape, other: Shape) -> bool:
    """Whether neighbours differ more than bubbles of one row do."""
    return max(abs(one.width / other.width - 1), abs(one.height / other.height - 1)) > LEAST_DIFFERENT


def without_letters(
    shapes: Sequence[Shape],
    members: list[int],
    in_words: npt.NDArray[np.int64],
    is_small: bool,
    filled: Sequence[Shape],
) -> tuple[list[int], list[int]]:
    """Split the shapes of one size into bubbles and letters.

    If many of them stand in words, only those in columns are bubbles, unless they are squares. Text may stand close to
    a square, so squares outside of words are bubbles too, unless they are as small as letters: zeros of 00 that touch
    have corners.
    """
    most = SMALL_IN_WORDS if is_small else MOST_IN_WORDS
    if not is_small and in_words[members].any():
        outlines = [shapes[index] for index in members]
        in_line = _in_lines([*outlines, *of_their_size(filled, outlines)])
        in_words = np.array([0 if shape in in_line else sides for shape, sides in zip(shapes, in_words, strict=True)])
    bare = [index for index in members if not in_words[index]]
    if len(members) - len(bare) > most * len(members):
        is_round = np.median([shapes[index].filled for index in members]) < RECTANGLE_FILLED
        # A text has brackets as it has letters.
        is_round |= are_mostly([shapes[index] for index in members], "brackets")
        if is_round and not is_small:
            good = [index for index in bare if _stands_in_column(shapes, index, bare)]
            return good, [index for index in members if index not in good]
        if is_small or not bare:
            return [], members
        return _without_neighbours(shapes, bare, [index for index in members if in_words[index]])
    good = list(bare)
    bad: list[int] = []
    for index in members:
        if in_words[index]:
            is_bubble = in_words[index] == 1 and _goes_on(shapes[index], [shapes[other] for other in bare], shapes)
            (good if is_bubble else bad).append(index)
    good, bad = _without_neighbours(shapes, good, bad)
    digits = [index for index in good if _is_one_of_two_digits(shapes, index, good)]
    return [index for index in good if index not in digits], bad + digits


def _stands_in_column(shapes: Sequence[Shape], index: int, members: list[int]) -> bool:
    """Whether several others stand in the same column as a shape. Single letters outside of words rarely do."""
    others = (shapes[other] for other in members if other != index)
    return sum(are_in_column(shapes[index], other) for other in others) >= LEAST_IN_COLUMN


def of_their_size(filled: Sequence[Shape], outlines: Sequence[Shape]) -> list[Shape]:
    """The filled shapes of the size of some outlines: at low resolutions, a printed letter joins its outline."""
    sizes = np.array([(one.width, one.height, one.filled) for one in outlines])
    width, height, part = (float(value) for value in np.median(sizes, axis=0))
    return [
        one
        for one in filled
        if max(abs(np.log(one.width / width)), abs(np.log(one.height / height))) < SAME_SIZE
        and abs(one.filled - part) < SAME_FILLED
    ]


def _in_lines(shapes: Sequence[Shape]) -> set[Shape]:
    """The shapes that stand beside each other at one distance, more than a word has of one letter."""
    places = Places(shapes)
    found: set[Shape] = set()
    for shape in shapes:
        line = [shape]
        while (after := _next_in_row(line[-1], places)) is not None:
            if len(line) > 1 and abs((after.x - line[-1].x) / (line[1].x - shape.x) - 1) > SAME_STEP:
                break
            line.append(after)
        if len(line) >= LEAST_IN_LINE:
            found.update(line)
    return found


def _next_in_row(shape: Shape, places: Places) -> Shape | None:
    """The nearest shape at the right of another, close to it."""
    after = [
        other
        for other in places.near(shape, MOST_STEP * shape.width)
        if shape.width / 2 < other.x - shape.x < MOST_STEP * shape.width
        and abs(other.y - shape.y) < ALIGNED_WITHIN * shape.height
    ]
    return min(after, key=lambda other: other.x, default=None)


def _is_narrow(shape: Shape) -> bool:
    """Whether a shape is as narrow as a digit."""
    return shape.width < DIGIT_WIDTH * shape.height


def _is_one_of_two_digits(shapes: Sequence[Shape], index: int, members: list[int]) -> bool:
    """Whether a narrow shape has one other close to it and none above or below it, as the zeros of a printed 00 have.

    Three in a row, and columns, are bubbles.
    """
    one = shapes[index]
    if not _is_narrow(one):
        return False
    others = [shapes[other] for other in members if other != index]
    if any(are_in_column(one, other) for other in others):
        return False
    beside = [other for other in others if _are_close(one, other)]
    if len(beside) != 1 or any(are_in_column(beside[0], other) for other in others):
        return False
    return not any(_are_close(beside[0], other) for other in others if other is not beside[0])


def _without_neighbours(shapes: Sequence[Shape], good: list[int], bad: list[int]) -> tuple[list[int], list[int]]:
    """Move the neighbours of letters, as the second O of a title SCHOOL, to the letters."""
    new = bad
    while new:
        joined = [
            index
            for index in good
            if any(_are_close(shapes[index], shapes[other]) for other in new)
            and not any(are_in_column(shapes[index], shapes[other]) for other in good)
        ]
        good, bad, new = [index for index in good if index not in joined], bad + joined, joined
    return good, bad


def _are_close(one: Shape, other: Shape) -> bool:
    """Whether two shapes are beside each other like letters of a word."""
    gap, drop = max(one.left, other.left) - min(one.right, other.right), abs(one.y - other.y)
    if _is_narrow(one) and drop < DIGIT_HEIGHT * one.height and gap < DIGIT_GAP * one.height:
        return True
    return drop < NEIGHBOUR_DROP * one.height and gap < LETTER_GAP * one.height


def are_in_column(one: Shape, other: Shape) -> bool:
    """Whether two shapes stand below each other, not far apart."""
    down = abs(one.y - other.y)
    return abs(one.x - other.x) < ALIGNED_WITHIN * one.height and 0 < down < FARTHEST_BELOW * one.height


def are_aligned(one: Shape, other: Shape) -> bool:
    """Whether two shapes stand in one row or column, not far from each other."""
    return are_in_row(one, other) or are_in_column(one, other)


def are_in_row(one: Shape, other: Shape) -> bool:
    """Whether two shapes stand in one row, not far from each other."""
    across, down = abs(one.x - other.x), abs(one.y - other.y)
    return down < ALIGNED_WITHIN * one.height and across < FARTHEST_BESIDE * one.width


def _continues_column(shape: Shape, others: Sequence[Shape]) -> bool:
    """Whether a shape stands above or below others, about as far from the nearest as that is from its neighbours."""
    column = [other for other in others if are_in_column(shape, other)]
    if not column:
        return False
    nearest = min(column, key=lambda other: abs(other.y - shape.y))
    distances = [abs(other.y - nearest.y) for other in others if are_in_column(nearest, other)]
    return abs(nearest.y - shape.y) < COLUMN_BREAK * min(distances, default=np.inf)


def _goes_on(shape: Shape, others: Sequence[Shape], all_shapes: Sequence[Shape]) -> bool:
    """Whether a shape with print close to one side continues a column or row of others."""
    return _continues_column(shape, others) or _continues_row(shape, others, all_shapes)


def _continues_row(shape: Shape, others: Sequence[Shape], all_shapes: Sequence[Shape]) -> bool:
    """Whether an outline higher than the letters of a text stands in a row with others, as answers do.

    The letters of a title stand in a row, too. They have others before them, and do not stand in columns.
    """
    if shape.height <= HIGHEST_TEXT_MM * PX_PER_MM or shape.kind == "dashed":
        return False
    if not any(are_in_row(shape, other) and other.kind != "dashed" for other in others):
        return False
    reach = LETTER_GAP * shape.height
    before = (other for other in all_shapes if other.x < shape.x and abs(other.y - shape.y) < shape.height / 2)
    if any(shape.left - other.right < reach for other in before):
        return False
    places = Places(others)
    apart = FARTHEST_BELOW * shape.height
    in_columns = [any(are_in_column(one, other) for other in places.near(one, apart)) for one in others]
    return 2 * sum(in_columns) > len(others)
