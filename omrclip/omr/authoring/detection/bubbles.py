"""Which shapes on a page are bubbles: those that recur in one size, and are no part of words, codes or tables."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from omrclip.omr.authoring.detection.alike import continued, without_unlike
from omrclip.omr.authoring.detection.numbered_blocks import numbered_blocks
from omrclip.omr.authoring.detection.shapes import (
    RECTANGLE_FILLED,
    Boxes,
    Places,
    Shape,
    Shapes,
    are_mostly,
    is_around,
    overlap,
)
from omrclip.omr.authoring.detection.word_letters import (
    ALIGNED_WITHIN,
    FARTHEST_BESIDE,
    HIGHEST_TEXT_MM,
    LEAST_IN_LINE,
    LETTER_GAP,
    MOST_STEP,
    SAME_FILLED,
    SAME_LINE,
    SAME_SIZE,
    SAME_STEP,
    are_different,
    are_in_column,
    dark_in_columns,
    is_in_text,
    letters_in_words,
    of_their_size,
    without_letters,
)
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WorkingPage

WORD_GAP = 0.7
"""LETTER_GAP for words whose gaps were closed: they stand in text, where a word space is 0.5 heights of its small
letters."""
LEAST_BESIDE = 2
"""Bubbles that overlap a closed outline at its sides, from which it is the space between them."""
LEAST_IN_ROW = 2
"""Squares beside a cell from which the cell is one of them, and touches a line."""
ZERO_WIDTH = 0.75
"""Width of a printed zero, in its heights, at most: 0.65 to 0.72 in common fonts."""
TEXT_BEHIND = 1.2
"""Gap, in heights of a shape, within which the text of an answer begins."""
LABEL_HEIGHT, LABEL_LEVEL = 0.85, 0.25
"""Height of a letter that stands behind a bubble, in heights of the bubble, at most; and the distance of their middles,
in the same unit."""
SQUARES_WITH_TEXT = 0.5
"""Part of the squares of one size that have a text behind them, from which they are answers."""
LEAST_OF_A_SIZE = 2
"""A round outline whose size occurs once on the page is taken for print; a square may stand alone, to agree."""
LEAST_BRIDGED = 3
"""The same for dashed outlines, pairs of brackets and edges of tones, which chance makes more often."""
LEAST_INSIDE = 0.8
"""Size of the inside of an outline at least, in sizes of the outline; letters in it are smaller."""
LEAST_LARGE = 3
"""Round shapes of one size that are larger than bubbles, from which they are listed; fewer are frames or decoration."""
LARGEST_TO_MARK_MM = 16.0
"""Height of the circles of a form for children, which are marked with a cross or a thick pen, at most; larger ones are
pictures and dials."""
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
    LARGE = "large"
    BULLET = "bullet"


REASONS = {
    Why.WORD: "It stands in a word like a letter.",
    Why.ALONE: "No other shape on the page has its size.",
    Why.SMALL: "It is rare, and much smaller than the other bubbles.",
    Why.CELL: "It stands close beside other rectangles, like a cell of a table or a box for one letter.",
    Why.CODE: "It is part of a bar code or marker.",
    Why.UNLIKE: "It does not look like the other shapes of its size.",
    Why.CROWD: "The page has more such shapes than a form has bubbles.",
    Why.LARGE: "It is larger than a bubble may be.",
    Why.BULLET: "It is a disc without an outline alone in its row, like a bullet or the number of a question.",
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


def choose_bubbles(page: WorkingPage, found: Shapes, codes: Sequence[tuple[float, float, float, float]]) -> Chosen:
    """Choose the bubbles among the shapes of a page.

    Args:
        page: the working page.
        found: the shapes and the boxes of connected dark pixels, in pixels of the working page.
        codes: the left, top, right and bottom sides of bar codes and markers.
    """
    places = Places(found.shapes)
    large = [shape for shape in found.large if not any(_is_inside_of(shape, other) for other in places.near(shape))]
    large_sizes = [[large[index] for index in size] for size in of_one_size(large) if len(size) >= LEAST_LARGE]
    left_out = []
    blocks = numbered_blocks(found.shapes, found.components)
    candidates = []
    outlines = [
        shape for shape in found.shapes if shape.kind in ("outline", "tone") and shape.filled >= RECTANGLE_FILLED
    ]
    for shape in found.shapes:
        if any(left <= shape.x <= right and top <= shape.y <= bottom for left, top, right, bottom in codes):
            left_out.append(LeftOut(shape, Why.CODE))
        elif shape in blocks:
            candidates.append(blocks[shape])
        elif shape.kind == "cell" and not _touches_line(shape, outlines):
            left_out.append(LeftOut(shape, Why.CELL))
        elif shape.kind == "word":
            left_out.append(LeftOut(shape, Why.WORD))
        else:
            candidates.append(shape)
    if len(candidates) > MOST_CANDIDATES:
        return Chosen((), (*left_out, *(LeftOut(shape, Why.CROWD) for shape in candidates)))
    classes = _size_classes(page, candidates, found, left_out)
    for size in large_sizes:
        if _are_answers_to_mark(size, classes):
            classes.append(size_class(size))
        else:
            left_out += [LeftOut(shape, Why.LARGE) for shape in size]
    return _without_small(classes, left_out, found.components)


def _are_answers_to_mark(large: Sequence[Shape], classes: Sequence[SizeClass]) -> bool:
    """Whether circles that are larger than bubbles are the bubbles of a page, as of a form for children.

    They stand in rows or columns, and the page has fewer others: pictures beside bubbles are none.
    """
    others = sum(len(one.bubbles) for one in classes)
    return (
        len(large) > max(others, LEAST_LARGE)
        and size_class(large).height < LARGEST_TO_MARK_MM * PX_PER_MM
        and all(any(_are_aligned(one, other) for other in large if other is not one) for one in large)
    )


def _is_inside_of(outline: Shape, other: Shape) -> bool:
    """Whether a shape is the inside of an outline, and no letter in it."""
    return is_around(outline, other) and other.size > LEAST_INSIDE * outline.size


def _size_classes(
    page: WorkingPage, candidates: list[Shape], found: Shapes, left_out: list[LeftOut]
) -> list[SizeClass]:
    """The bubbles of each size, the most frequent one first; what is none is added to those that are left out."""
    dark = dark_in_columns(found.filled, candidates)
    in_words = letters_in_words(candidates, found.components, dark)
    classes: list[SizeClass] = []
    added, chosen = Places(), Places()
    # What is closed between them may have their size.
    whole = Places(shape for shape in found.shapes if shape.kind in ("outline", "joined", "cell", "tone", "disc"))
    for size in of_one_size(candidates):
        members = [index for index in size if not _is_at(candidates[index], added)]
        members = [index for index in members if not _is_between(candidates[index], whole)]
        members = [index for index in members if not _are_of_two(candidates[index], chosen)]
        is_small = any(_is_small([candidates[index] for index in members], one) for one in classes)
        if _are_bridged([candidates[index] for index in members]):
            sides = letters_in_words([candidates[index] for index in members], found.components, dark, WORD_GAP)
            # Labels of bubbles may stand as close as a word, but seldom on both sides.
            in_words[members] = sides if is_small else np.where(sides == 2, sides, in_words[members])
        for index in members:
            if candidates[index].kind == "brackets" and is_in_text(candidates[index], found.components, WORD_GAP):
                in_words[index] = 2
        good, bad = without_letters(candidates, members, in_words, is_small, found.filled)
        good, joined = _without_joined(candidates, good, found.filled)
        bad += joined
        left_out += [LeftOut(candidates[index], Why.WORD) for index in bad]
        if not good:
            continue
        if _is_too_few(candidates, good):
            left_out += [LeftOut(candidates[index], Why.ALONE) for index in good]
            continue
        shapes = [candidates[index] for index in good]
        levels = page.tint if are_mostly(shapes, "tone", "disc") else page.grey
        alike = without_unlike(levels, shapes)
        kept = set(alike)
        left_out += [LeftOut(shape, Why.UNLIKE) for shape in shapes if shape not in kept]
        if not alike:
            continue
        more = continued(levels, alike, found.filled)
        for shape in more:
            added.add(shape)
            whole.add(shape)
        for shape in (*alike, *more):
            chosen.add(shape)
        classes.append(size_class([*alike, *more]))
    left_out[:] = [one for one in left_out if not _is_at(one.shape, added)]
    return _without_overlaps(classes)


def _without_overlaps(classes: Sequence[SizeClass]) -> list[SizeClass]:
    """The bubbles of each size without those at the place of one whose size is more frequent.

    Print that touches an outline belongs to its size, and the outline alone may be found too where its row goes on.
    """
    places, kept = Places(), set()
    for one in sorted(classes, key=lambda one: -len(one.bubbles)):
        bubbles = [bubble for bubble in one.bubbles if not _is_at(bubble, places)]
        for bubble in bubbles:
            places.add(bubble)
        kept.update(bubbles)
    free = [[bubble for bubble in one.bubbles if bubble in kept] for one in classes]
    return [size_class(bubbles) for bubbles in free if bubbles]


def _are_labels(one: SizeClass, larger: SizeClass, components: Boxes) -> bool:
    """Whether shapes are the letters B and D of answers A to D: each stands close behind a larger bubble, on its level.

    Behind small bubbles there is a text.
    """
    if one.height > LABEL_HEIGHT * larger.height or len(one.bubbles) > len(larger.bubbles):
        return False
    places = Places(larger.bubbles)
    reach = TEXT_BEHIND * larger.height
    if all(_is_in_middle(shape, places.near(shape, reach + larger.width)) for shape in one.bubbles):
        return False
    return all(
        any(
            0 < shape.left - bubble.right < reach and abs(shape.y - bubble.y) < LABEL_LEVEL * bubble.height
            for bubble in places.near(shape, reach + larger.width)
        )
        and not _has_text_behind(shape, components)
        for shape in one.bubbles
    )


def _is_in_middle(shape: Shape, larger: Sequence[Shape]) -> bool:
    """Whether a shape stands in the middle between two larger ones, as a bubble of a scale does.

    A letter is nearer to the bubble before it.
    """
    beside = [other for other in larger if abs(shape.y - other.y) < LABEL_LEVEL * other.height]
    before = min((shape.left - other.right for other in beside if other.x < shape.x), default=-np.inf)
    after = min((other.left - shape.right for other in beside if other.x > shape.x), default=np.inf)
    return abs(after - before) < SAME_STEP * max(after, before)


def _is_small(shapes: Sequence[Shape], main: SizeClass) -> bool:
    """Whether shapes are as small as letters, and much smaller than the bubbles of a size that is more frequent."""
    if not 0 < len(shapes) < len(main.bubbles):
        return False
    width = float(np.median([shape.width for shape in shapes]))
    height = float(np.median([shape.height for shape in shapes]))
    return min(width / main.width, height / main.height) < LEAST_LIKE_MAIN and height < HIGHEST_TEXT_MM * PX_PER_MM


def _is_at(shape: Shape, found: Places) -> bool:
    """Whether a shape is a part of a bubble that was found at its place, or lies around it."""
    return any(
        abs(shape.x - other.x) < other.width / 2 and abs(shape.y - other.y) < other.height / 2
        for other in found.near(shape)
    )


def _is_between(shape: Shape, bubbles: Places) -> bool:
    """Whether a shape whose gaps were closed, or a tone, is the space between bubbles: its edge are parts of theirs."""
    if shape.kind not in ("dashed", "tone", "disc"):
        return False
    beside = [other for other in bubbles.near(shape) if not is_around(shape, other) and not is_around(other, shape)]
    return sum(overlap(shape, other) for other in beside) >= LEAST_BESIDE


def _are_of_two(brackets: Shape, bubbles: Places) -> bool:
    """Whether a pair of brackets is around a bubble in brackets, so that it opens one bubble and closes another.

    Letters touch the brackets between them, which are therefore not found.
    """
    if brackets.kind != "brackets":
        return False
    return any(other.kind == "brackets" and is_around(brackets, other) for other in bubbles.near(brackets))


def _touches_line(cell: Shape, outlines: Sequence[Shape]) -> bool:
    """Whether a cell stands in a row of squares of its size, like a bubble that touches a line."""
    row = [
        other
        for other in outlines
        if abs(other.y - cell.y) < ALIGNED_WITHIN * cell.height
        and abs(other.x - cell.x) < FARTHEST_BESIDE * cell.width
        and not are_different(cell, other)
    ]
    return len(row) >= LEAST_IN_ROW


def size_class(shapes: Sequence[Shape]) -> SizeClass:
    """Bubbles that have one size, or count as if they had."""
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


def _without_joined(
    shapes: Sequence[Shape], members: list[int], filled: Sequence[Shape]
) -> tuple[list[int], list[int]]:
    """Split off shapes that stand in no row of bubbles: holes of larger print, as that of a P, and zeros."""
    dark = of_their_size(filled, [shapes[index] for index in members]) if members else []
    good: list[int] = []
    bad: list[int] = []
    for index in members:
        is_zero = shapes[index].kind == "outline" and shapes[index].width < ZERO_WIDTH * shapes[index].height
        if not is_zero and shapes[index].kind != "joined":
            good.append(index)
            continue
        others = itertools.chain((shapes[other] for other in members if other != index), dark if is_zero else ())
        is_good = any(_are_aligned(shapes[index], other) for other in others)
        (good if is_good else bad).append(index)
    return good, bad


def _are_aligned(one: Shape, other: Shape) -> bool:
    """Whether two shapes stand in one row or column, not far from each other."""
    return _are_in_row(one, other) or are_in_column(one, other)


def _are_in_row(one: Shape, other: Shape) -> bool:
    """Whether two shapes stand in one row, not far from each other."""
    across, down = abs(one.x - other.x), abs(one.y - other.y)
    return down < ALIGNED_WITHIN * one.height and across < FARTHEST_BESIDE * one.width


def _are_bridged(shapes: Sequence[Shape]) -> bool:
    """Whether most of these were found only by closing gaps."""
    return are_mostly(shapes, "dashed", "brackets")


def _is_too_few(shapes: Sequence[Shape], members: list[int]) -> bool:
    if are_mostly([shapes[index] for index in members], "dashed", "brackets", "tone", "disc"):
        return len(members) < LEAST_BRIDGED
    is_square = np.median([shapes[index].filled for index in members]) >= RECTANGLE_FILLED
    return len(members) < LEAST_OF_A_SIZE and not is_square


def _without_small(classes: list[SizeClass], left_out: list[LeftOut], components: Boxes) -> Chosen:
    main = max(classes, key=lambda one: len(one.bubbles), default=None)
    kept: list[SizeClass] = []
    for one in classes:
        why = None if main is None or one is main else _why_rare(one, main, components)
        others = [other for other in classes if other is not one]
        if why is None and _are_bullets(one, others):
            why = Why.BULLET
        if why is None and any(_are_labels(one, other, components) for other in others):
            why = Why.WORD
        if why is None:
            kept.append(one)
        else:
            left_out += [LeftOut(shape, why) for shape in one.bubbles]
    return Chosen(tuple(kept), tuple(left_out))


def _are_bullets(one: SizeClass, others: Sequence[SizeClass]) -> bool:
    """Whether tinted discs are bullets or the numbers of questions: most stand alone in their rows, and others do not.

    On a page without other bubbles, they are the answers of a list.
    """
    discs = one.bubbles
    if not are_mostly(discs, "disc") or sum(len(other.bubbles) for other in others) < len(discs):
        return False
    beside = sum(any(_are_in_row(disc, other) for other in discs if other is not disc) for disc in discs)
    return 2 * beside < len(discs)


def _why_rare(one: SizeClass, main: SizeClass, components: Boxes) -> Why | None:
    """Why the bubbles of a size are print, compared with the most frequent size; None if they are bubbles."""
    count, most = len(one.bubbles), len(main.bubbles)
    if count < RARE * most and all(shape.kind == "joined" for shape in one.bubbles):
        return Why.ALONE
    # Brackets are as wide as the letters in them, which differ in most fonts.
    are_brackets = all(are_mostly(each.bubbles, "brackets") for each in (one, main))
    if _are_bridged(one.bubbles) and not are_brackets and count < RARE_BRIDGED * most:
        return Why.ALONE
    if count > 1 and (_are_large_squares(one) or _are_answers(one.bubbles, components)):
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


def _are_large_squares(one: SizeClass) -> bool:
    """Whether shapes are squares that are higher than letters of text."""
    is_square = np.median([shape.filled for shape in one.bubbles]) >= RECTANGLE_FILLED
    return bool(is_square) and one.height > HIGHEST_TEXT_MM * PX_PER_MM


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
    has_text = _has_text_behind_square if are_square else _has_text_behind
    with_text = float(np.mean([has_text(shape, components) for shape in shapes]))
    is_answer = with_text >= SQUARES_WITH_TEXT if are_square else with_text == 1
    return is_answer and all(any(_are_aligned(one, other) for other in shapes if other is not one) for one in shapes)


def _has_text_behind(shape: Shape, components: Boxes) -> bool:
    """Whether something lower than a shape is printed at its right, on its level, as far as a text begins."""
    gap = components[:, 0] - shape.right
    top, high = components[:, 1], components[:, 3]
    is_beside = (gap > LETTER_GAP * shape.height) & (gap < TEXT_BEHIND * shape.height)
    return bool((is_beside & (top > shape.top) & (top + high < shape.bottom)).any())


def _has_text_behind_square(shape: Shape, components: Boxes) -> bool:
    """The same for a square, which is no letter of a word: its text may stand closer, or a little lower."""
    gap = components[:, 0] - shape.right
    top, high = components[:, 1], components[:, 3]
    overlap_with = np.minimum(top + high, shape.bottom) - np.maximum(top, shape.top)
    is_beside = (gap > 0) & (gap < TEXT_BEHIND * shape.height)
    return bool((is_beside & (overlap_with > SAME_LINE * high) & (high < shape.height)).any())
