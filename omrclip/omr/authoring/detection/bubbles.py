"""Which shapes on a page are bubbles: those that recur in one size, and are no part of words, codes or tables."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.alike import continued, without_unlike
from omrclip.omr.authoring.detection.shapes import RECTANGLE_FILLED, Boxes, Places, Shape, Shapes, is_around, overlap

SAME_SIZE = 0.14
"""Relative difference of widths, and of heights, within which two shapes have one size; outlines that are printed or
thresholded differently stay within it."""
SAME_FILLED = 0.12
"""Difference of the filled parts within which two shapes have one form; those of ellipse and square differ by 0.21."""
LETTER_GAP = 0.22
"""Gap, in heights of the shape, within which a letter beside it makes it part of a word. A space is about 0.35."""
WORD_GAP = 0.7
"""The same for words whose gaps were closed: they stand in text, where a word space is 0.5 heights of its small
letters."""
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
"""The same for shapes of less than LEAST_LIKE_MAIN of a size that is more frequent: they are as small as letters."""
LEAST_BESIDE = 2
"""Bubbles that overlap a closed outline at its sides, from which it is the space between them."""
LEAST_IN_COLUMN = 3
"""Number of other outlines in the same column from which a round outline is a bubble, even if many of its size are
letters."""
DARK_COLUMN = 4.0
"""Distance of these from a filled shape, in its heights, at most."""
AT_CENTRE_PX = 3.0
"""Distance of the middle of connected dark pixels from the centre of the filled shape that they are."""
LEAST_IN_ROW = 2
"""Squares beside a cell from which the cell is one of them, and touches a line."""
LEAST_IN_LINE, SAME_STEP, MOST_STEP = 4, 0.08, 1.6
"""Shapes beside each other at one distance that are no word, at least: no word and no number repeats a letter so often.
The relative difference of these distances, and the distance in widths of the shape, at most."""
TEXT_BEHIND = 1.2
"""Gap, in heights of a shape, within which the text of an answer begins."""
SQUARES_WITH_TEXT = 0.5
"""Part of the squares of one size that have a text behind them, from which they are answers."""
LEAST_OF_A_SIZE = 2
"""A round outline whose size occurs once on the page is taken for print; a square may stand alone, to agree."""
LEAST_BRIDGED = 3
"""The same for dashed outlines and pairs of brackets, which chance makes more often."""
LEAST_LIKE_MAIN = 0.62
"""Size of a rare shape, in sizes of the most frequent, below which it is print: letters and dots are smaller."""
RARE = 0.12
"""Part of the number of the most frequent shape below which a shape is rare."""
HALF_OF_MAIN, RARE_HALF = 0.55, 0.3
"""The same for shapes whose sides are this part of those of the most frequent size, at most: a block of five questions
has one line of letters above its columns, of which those with a hole look like bubbles."""
RARE_BRIDGED = 0.3
"""The same for dashed outlines and brackets: a form prints most of its bubbles in one way, and closed gaps in words
often have the shape of a bubble."""


MOST_CANDIDATES = 4000
"""Shapes on a page; more are a pattern. A form of 200 questions with 10 answers each has half as many."""


class Why(StrEnum):
    """Why a shape that looks like a bubble was left out, as stable names; their messages are in REASONS."""

    WORD = "word"
    ALONE = "alone"
    SMALL = "small"
    CELL = "cell"
    CODE = "code"
    EXAMPLE = "example"
    UNLIKE = "unlike"
    CROWD = "crowd"


REASONS = {
    Why.WORD: "It stands in a word like a letter.",
    Why.ALONE: "No other shape on the page has its size.",
    Why.SMALL: "It is rare, and much smaller than the other bubbles.",
    Why.CELL: "It stands close beside other rectangles, like a cell of a table or a box for one letter.",
    Why.CODE: "It is part of a bar code or marker.",
    Why.UNLIKE: "It does not look like the other shapes of its size.",
    Why.CROWD: "The page has more such shapes than a form has bubbles.",
    Why.EXAMPLE: "It belongs to printed examples of filled and crossed marks.",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A shape that looks like a bubble and is not proposed."""

    shape: Shape
    why: Why


@dataclass(frozen=True, slots=True)
class SizeClass:
    """Bubbles of one size and form; `width` and `height` are their medians in pixels of the working page."""

    width: float
    height: float
    bubbles: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The bubbles of a page by size, and what was left out."""

    classes: tuple[SizeClass, ...]
    left_out: tuple[LeftOut, ...]


def choose_bubbles(grey: Grey, found: Shapes, codes: Sequence[tuple[float, float, float, float]]) -> Chosen:
    """Choose the bubbles among the shapes of a page.

    Args:
        grey: the working page.
        found: the shapes and the boxes of connected dark pixels, in pixels of the working page.
        codes: the left, top, right and bottom sides of bar codes and markers.
    """
    left_out: list[LeftOut] = []
    candidates = []
    outlines = [shape for shape in found.shapes if shape.kind == "outline" and shape.filled >= RECTANGLE_FILLED]
    for shape in found.shapes:
        if any(left <= shape.x <= right and top <= shape.y <= bottom for left, top, right, bottom in codes):
            left_out.append(LeftOut(shape, Why.CODE))
        elif shape.kind == "cell" and not _touches_line(shape, outlines):
            left_out.append(LeftOut(shape, Why.CELL))
        elif shape.kind == "word":
            left_out.append(LeftOut(shape, Why.WORD))
        else:
            candidates.append(shape)
    if len(candidates) > MOST_CANDIDATES:
        return Chosen((), (*left_out, *(LeftOut(shape, Why.CROWD) for shape in candidates)))
    return _without_small(_size_classes(grey, candidates, found, left_out), left_out, found.components)


def _size_classes(grey: Grey, candidates: list[Shape], found: Shapes, left_out: list[LeftOut]) -> list[SizeClass]:
    """The bubbles of each size, the most frequent one first; what is none is added to those that are left out."""
    dark = _in_columns(found.filled, candidates)
    in_words = _in_words(candidates, found.components, dark)
    classes: list[SizeClass] = []
    added = Places()
    # What is closed between them may have their size.
    whole = Places(shape for shape in found.shapes if shape.kind in ("outline", "joined", "cell"))
    for size in of_one_size(candidates):
        members = [index for index in size if not _is_at(candidates[index], added)]
        members = [index for index in members if not _is_between(candidates[index], whole)]
        is_small = any(_is_small([candidates[index] for index in members], one) for one in classes)
        if _are_bridged([candidates[index] for index in members]):
            sides = _in_words([candidates[index] for index in members], found.components, dark, WORD_GAP)
            # Labels of bubbles may stand as close as a word, but seldom on both sides.
            in_words[members] = sides if is_small else np.where(sides == 2, sides, in_words[members])
        good, bad = _without_letters(candidates, members, in_words, is_small, found.filled)
        good, joined = _without_joined(candidates, good)
        bad += joined
        left_out += [LeftOut(candidates[index], Why.WORD) for index in bad]
        if not good:
            continue
        if _is_too_few(candidates, good):
            left_out += [LeftOut(candidates[index], Why.ALONE) for index in good]
            continue
        shapes = [candidates[index] for index in good]
        alike = without_unlike(grey, shapes)
        kept = set(alike)
        left_out += [LeftOut(shape, Why.UNLIKE) for shape in shapes if shape not in kept]
        if not alike:
            continue
        more = continued(grey, alike, found.filled)
        for shape in more:
            added.add(shape)
            whole.add(shape)
        classes.append(_size_class([*alike, *more]))
    left_out[:] = [one for one in left_out if not _is_at(one.shape, added)]
    return classes


def _is_small(shapes: Sequence[Shape], main: SizeClass) -> bool:
    """Whether shapes are much smaller than the bubbles of a size that is more frequent."""
    if not 0 < len(shapes) < len(main.bubbles):
        return False
    width = float(np.median([shape.width for shape in shapes])) / main.width
    height = float(np.median([shape.height for shape in shapes])) / main.height
    return min(width, height) < LEAST_LIKE_MAIN


def _is_at(shape: Shape, found: Places) -> bool:
    """Whether a shape is a part of a bubble that was found at its place, or lies around it."""
    return any(
        abs(shape.x - other.x) < other.width / 2 and abs(shape.y - other.y) < other.height / 2
        for other in found.near(shape)
    )


def _is_between(shape: Shape, bubbles: Places) -> bool:
    """Whether a shape whose gaps were closed is the space between bubbles: parts of theirs are its outline."""
    if shape.kind != "dashed":
        return False
    beside = [other for other in bubbles.near(shape) if not is_around(shape, other) and not is_around(other, shape)]
    return sum(overlap(shape, other) for other in beside) >= LEAST_BESIDE


def _touches_line(cell: Shape, outlines: Sequence[Shape]) -> bool:
    """Whether a cell stands in a row of squares of its size, like a bubble that touches a line."""
    row = [
        other
        for other in outlines
        if abs(other.y - cell.y) < ALIGNED_WITHIN * cell.height
        and abs(other.x - cell.x) < FARTHEST_BESIDE * cell.width
        and not _are_different(cell, other)
    ]
    return len(row) >= LEAST_IN_ROW


def _size_class(shapes: Sequence[Shape]) -> SizeClass:
    width = float(np.median([shape.width for shape in shapes]))
    height = float(np.median([shape.height for shape in shapes]))
    return SizeClass(width, height, tuple(shapes))


def of_one_size(shapes: Sequence[Shape]) -> list[list[int]]:
    """Indexes of shapes by size, the most frequent size first."""
    if not shapes:
        return []
    sizes = np.array([(np.log(shape.width), np.log(shape.height), shape.filled) for shape in shapes], np.float32)
    is_bracket = np.array([shape.kind == "brackets" for shape in shapes])
    same = (SAME_SIZE, SAME_SIZE, SAME_FILLED)
    near = is_bracket[:, None] == is_bracket[None]
    for values, limit in zip(sizes.T, same, strict=True):
        near &= np.abs(values[:, None] - values[None]) < limit
    free = np.ones(len(shapes), bool)
    groups = []
    while free.any():
        counts = (near & free).sum(axis=1) * free
        seed = int(np.argmax(counts))
        # A rare form between two others is like both: only what is like most of its group belongs to it.
        middle = np.median(sizes[near[seed] & free], axis=0)
        is_member = free & (is_bracket == is_bracket[seed]) & (np.abs(sizes - middle) < same).all(axis=1)
        is_member[seed] = True
        groups.append(np.flatnonzero(is_member).tolist())
        free &= ~is_member
    return groups


def _in_columns(filled: Sequence[Shape], outlines: Sequence[Shape]) -> list[Shape]:
    """The filled shapes that stand in a column with others of their size: bubbles that are dark by their letters.

    Narrow ones are none: the digits of numbers below each other stand in columns too.
    """
    places = Places([*filled, *outlines])
    return [
        shape
        for shape in filled
        if not _is_narrow(shape)
        and sum(
            _are_in_column(shape, other) and not _are_different(shape, other)
            for other in places.near(shape, DARK_COLUMN * shape.height)
        )
        >= LEAST_IN_COLUMN
    ]


def _in_words(
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
    if not len(components):
        return sides
    middle = components[:, :2] + components[:, 2:] / 2
    by_level = np.argsort(middle[:, 1])
    components, middle = components[by_level], middle[by_level]
    is_letter = np.ones(len(components), bool)
    for shape in shapes:
        level = _level(middle[:, 1], shape, 1 / 2)
        inside = np.abs(middle[level] - (shape.x, shape.y)) < (shape.width / 2, shape.height / 2)
        is_letter[level] &= ~inside.all(axis=1)
    is_dark = np.zeros(len(components), bool)
    for shape in dark:
        level = _level(middle[:, 1], shape, 1 / 2)
        is_dark[level] |= (np.abs(middle[level] - (shape.x, shape.y)) < AT_CENTRE_PX).all(axis=1)
    letters, levels, is_dark = components[is_letter], middle[is_letter, 1], is_dark[is_letter]
    places = Places(shapes)
    for index, shape in enumerate(shapes):
        level = _level(levels, shape, (1 + LETTER_HEIGHTS[1]) / 2)
        left, top, width, high = letters[level].T
        right, bottom = left + width, top + high
        overlap = np.minimum(bottom, shape.bottom) - np.maximum(top, shape.top)
        least, most = (limit * shape.height for limit in LETTER_HEIGHTS)
        beside = (overlap > SAME_LINE * np.minimum(high, shape.height)) & (high >= least) & (high <= most)
        drops = np.abs(np.stack([top - shape.top, bottom - shape.bottom])) / shape.height
        gaps = np.where(high < LOW_LETTER * shape.height, LOW_LETTER_GAP, gap)
        gaps *= beside & (drops.min(axis=0) < SAME_LEVEL)
        if _is_narrow(shape):
            gaps[beside & (drops.max(axis=0) < DIGIT_HEIGHT)] = DIGIT_GAP
        if shape.filled < RECTANGLE_FILLED:
            is_low = (overlap > SAME_LINE * high) & (high >= TOUCHING_HEIGHT * shape.height) & (high <= shape.height)
            gaps[is_low] = np.maximum(gaps[is_low], TOUCHING)
        if _is_narrow(shape):
            least, most = (limit * shape.height for limit in POINT_HEIGHTS)
            is_low = np.abs(top + high / 2 - shape.bottom) < POINT_LEVEL * shape.height
            gaps[(high > least) & (high < most) & is_low] = LETTER_GAP
        is_alike = np.maximum(np.abs(width / shape.width - 1), np.abs(high / shape.height - 1)) < SAME_SIZE
        gaps *= shape.height * ~(is_dark[level] & is_alike)
        after, before = left - shape.right, shape.left - right
        sides[index] = int((np.abs(after) < gaps).any()) + int((np.abs(before) < gaps).any())
        if not sides[index]:
            near = places.near(shape, DIGIT_GAP * shape.height)
            sides[index] = int(any(_are_different(shape, other) for other in near if _are_close(shape, other)))
    return sides


def _level(levels: npt.NDArray[np.float64], shape: Shape, heights: float) -> slice:
    """Which of sorted levels are within some heights of a shape from its middle."""
    reach = heights * shape.height
    first, end = np.searchsorted(levels, (shape.y - reach, shape.y + reach))
    return slice(int(first), int(end))


def _are_different(one: Shape, other: Shape) -> bool:
    """Whether neighbours differ more than bubbles of one row do."""
    return max(abs(one.width / other.width - 1), abs(one.height / other.height - 1)) > LEAST_DIFFERENT


def _without_letters(
    shapes: Sequence[Shape],
    members: list[int],
    in_words: npt.NDArray[np.int64],
    is_small: bool,
    filled: Sequence[Shape],
) -> tuple[list[int], list[int]]:
    """Split the shapes of one size into bubbles and letters.

    If many of them stand in words, only those in columns are bubbles. Text may stand close to a square, so squares
    outside of words are bubbles too, unless they are as small as letters: zeros of 00 that touch have corners.
    """
    most = SMALL_IN_WORDS if is_small else MOST_IN_WORDS
    if not is_small and in_words[members].any():
        outlines = [shapes[index] for index in members]
        in_line = _in_lines([*outlines, *_of_their_size(filled, outlines)])
        in_words = np.array([0 if shape in in_line else sides for shape, sides in zip(shapes, in_words, strict=True)])
    bare = [index for index in members if not in_words[index]]
    if len(members) - len(bare) > most * len(members):
        is_round = np.median([shapes[index].filled for index in members]) < RECTANGLE_FILLED
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
            is_bubble = in_words[index] == 1 and _continues_column(shapes[index], [shapes[other] for other in bare])
            (good if is_bubble else bad).append(index)
    good, bad = _without_neighbours(shapes, good, bad)
    digits = [index for index in good if _is_one_of_two_digits(shapes, index, good)]
    return [index for index in good if index not in digits], bad + digits


def _stands_in_column(shapes: Sequence[Shape], index: int, members: list[int]) -> bool:
    """Whether several others stand in the same column as a shape. Single letters outside of words rarely do."""
    others = (shapes[other] for other in members if other != index)
    return sum(_are_in_column(shapes[index], other) for other in others) >= LEAST_IN_COLUMN


def _of_their_size(filled: Sequence[Shape], outlines: Sequence[Shape]) -> list[Shape]:
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
    others = [shapes[other] for other in members if other != index]
    if not _is_narrow(one) or any(_are_in_column(one, other) for other in others):
        return False
    beside = [other for other in others if _are_close(one, other)]
    if len(beside) != 1 or any(_are_in_column(beside[0], other) for other in others):
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
            and not any(_are_in_column(shapes[index], shapes[other]) for other in good)
        ]
        good, bad, new = [index for index in good if index not in joined], bad + joined, joined
    return good, bad


def _are_close(one: Shape, other: Shape) -> bool:
    """Whether two shapes are beside each other like letters of a word."""
    gap, drop = max(one.left, other.left) - min(one.right, other.right), abs(one.y - other.y)
    if _is_narrow(one) and drop < DIGIT_HEIGHT * one.height and gap < DIGIT_GAP * one.height:
        return True
    return drop < NEIGHBOUR_DROP * one.height and gap < LETTER_GAP * one.height


def _are_in_column(one: Shape, other: Shape) -> bool:
    """Whether two shapes stand below each other, not far apart."""
    down = abs(one.y - other.y)
    return abs(one.x - other.x) < ALIGNED_WITHIN * one.height and 0 < down < FARTHEST_BELOW * one.height


def _continues_column(shape: Shape, others: Sequence[Shape]) -> bool:
    """Whether a shape stands above or below others, about as far from the nearest as that is from its neighbours."""
    column = [other for other in others if _are_in_column(shape, other)]
    if not column:
        return False
    nearest = min(column, key=lambda other: abs(other.y - shape.y))
    distances = [abs(other.y - nearest.y) for other in others if _are_in_column(nearest, other)]
    return abs(nearest.y - shape.y) < COLUMN_BREAK * min(distances, default=np.inf)


def _without_joined(shapes: Sequence[Shape], members: list[int]) -> tuple[list[int], list[int]]:
    """Split off shapes that are holes of larger print, such as that of a P, and stand in no row of bubbles."""
    good: list[int] = []
    bad: list[int] = []
    for index in members:
        others = (shapes[other] for other in members if other != index)
        is_good = shapes[index].kind != "joined" or any(_are_aligned(shapes[index], other) for other in others)
        (good if is_good else bad).append(index)
    return good, bad


def _are_aligned(one: Shape, other: Shape) -> bool:
    """Whether two shapes stand in one row or column, not far from each other."""
    across, down = abs(one.x - other.x), abs(one.y - other.y)
    are_in_row = down < ALIGNED_WITHIN * one.height and across < FARTHEST_BESIDE * one.width
    return are_in_row or _are_in_column(one, other)


def _are_bridged(shapes: Sequence[Shape]) -> bool:
    """Whether most of these were found only by closing gaps."""
    return 2 * sum(shape.kind in ("dashed", "brackets") for shape in shapes) > len(shapes)


def _is_too_few(shapes: Sequence[Shape], members: list[int]) -> bool:
    if _are_bridged([shapes[index] for index in members]):
        return len(members) < LEAST_BRIDGED
    is_square = np.median([shapes[index].filled for index in members]) >= RECTANGLE_FILLED
    return len(members) < LEAST_OF_A_SIZE and not is_square


def _without_small(classes: list[SizeClass], left_out: list[LeftOut], components: Boxes) -> Chosen:
    main = max(classes, key=lambda one: len(one.bubbles), default=None)
    kept: list[SizeClass] = []
    for one in classes:
        why = None if main is None or one is main else _why_rare(one, main, components)
        if why is None:
            kept.append(one)
        else:
            left_out += [LeftOut(shape, why) for shape in one.bubbles]
    return Chosen(tuple(kept), tuple(left_out))


def _why_rare(one: SizeClass, main: SizeClass, components: Boxes) -> Why | None:
    """Why the bubbles of a size are print, compared with the most frequent size; None if they are bubbles."""
    count, most = len(one.bubbles), len(main.bubbles)
    if count < RARE * most and all(shape.kind == "joined" for shape in one.bubbles):
        return Why.ALONE
    if _are_bridged(one.bubbles) and count < RARE_BRIDGED * most:
        return Why.ALONE
    if count > 1 and _are_answers(one.bubbles, components):
        return None
    if max(one.height / main.height, one.width / main.width) < HALF_OF_MAIN and count < RARE_HALF * most:
        return Why.SMALL
    if count >= max(3, RARE * most):
        return None
    if min(one.height / main.height, one.width / main.width) < LEAST_LIKE_MAIN:
        return Why.SMALL
    is_round = np.median([shape.filled for shape in one.bubbles]) < RECTANGLE_FILLED
    are_aligned = any(_are_aligned(a, b) for a in one.bubbles for b in main.bubbles)
    are_answers = are_aligned or _are_even(one.bubbles) or _are_answers(one.bubbles, components)
    return Why.ALONE if is_round and not are_answers else None


def _are_even(shapes: Sequence[Shape]) -> bool:
    """Whether several shapes are one row at one distance, with room between them, as no letters and rings are."""
    row = sorted(shapes, key=lambda shape: shape.x)
    steps = [after.x - before.x for before, after in itertools.pairwise(row)]
    return (
        len(row) >= LEAST_IN_LINE
        and all(abs(shape.y - row[0].y) < ALIGNED_WITHIN * shape.height for shape in row)
        and min(steps) > MOST_STEP * row[0].width
        and max(steps) < (1 + SAME_STEP) * min(steps)
    )


def _are_answers(shapes: Sequence[Shape], components: Boxes) -> bool:
    """Whether shapes stand in rows or columns of their own, with a text behind each, as answers do and rings do not.

    No letter is a square: of squares, those of a table have no text behind them.
    """
    are_square = np.median([shape.filled for shape in shapes]) >= RECTANGLE_FILLED
    with_text = float(np.mean([_has_text_behind(shape, components) for shape in shapes]))
    is_answer = with_text >= SQUARES_WITH_TEXT if are_square else with_text == 1
    return is_answer and all(any(_are_aligned(one, other) for other in shapes if other is not one) for one in shapes)


def _has_text_behind(shape: Shape, components: Boxes) -> bool:
    """Whether something lower than a shape is printed at its right, on its level, as far as a text begins."""
    gap = components[:, 0] - shape.right
    top, high = components[:, 1], components[:, 3]
    is_beside = (gap > LETTER_GAP * shape.height) & (gap < TEXT_BEHIND * shape.height)
    return bool((is_beside & (top > shape.top) & (top + high < shape.bottom)).any())
