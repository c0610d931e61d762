"""Which sizes of shapes on a page are print, compared with its other sizes: letters, rings, labels and bullets."""

import itertools
from collections.abc import Sequence

import numpy as np

from omrclip.omr.authoring.detection.left_out import LeftOut, Why
from omrclip.omr.authoring.detection.shapes import RECTANGLE_FILLED, Boxes, Places, Shape, are_mostly
from omrclip.omr.authoring.detection.size_classes import SizeClass
from omrclip.omr.authoring.detection.word_letters import (
    ALIGNED_WITHIN,
    HIGHEST_TEXT_MM,
    LEAST_IN_LINE,
    LETTER_GAP,
    MOST_STEP,
    SAME_LINE,
    SAME_STEP,
    are_aligned,
    are_in_row,
)
from omrclip.omr.authoring.detection.working_page import PX_PER_MM

TEXT_BEHIND = 1.2
"""Gap, in heights of a shape, within which the text of an answer begins."""
LABEL_HEIGHT, LABEL_LEVEL = 0.85, 0.25
"""Height of a letter that stands behind a bubble, in heights of the bubble, at most; and the distance of their middles,
in the same unit."""
SQUARES_WITH_TEXT = 0.5
"""Part of the squares of one size that have a text behind them, from which they are answers."""
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


def without_rare_sizes(
    classes: Sequence[SizeClass], left_out: list[LeftOut], components: Boxes
) -> tuple[SizeClass, ...]:
    """The sizes of shapes that are bubbles; the others are added to those that are left out."""
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
    return tuple(kept)


def _are_bullets(one: SizeClass, others: Sequence[SizeClass]) -> bool:
    """Whether tinted discs are bullets or the numbers of questions: most stand alone in their rows, and others do not.

    On a page without other bubbles, they are the answers of a list.
    """
    discs = one.bubbles
    if not are_mostly(discs, "disc") or sum(len(other.bubbles) for other in others) < len(discs):
        return False
    beside = sum(any(are_in_row(disc, other) for other in discs if other is not disc) for disc in discs)
    return 2 * beside < len(discs)


def _why_rare(one: SizeClass, main: SizeClass, components: Boxes) -> Why | None:
    """Why the bubbles of a size are print, compared with the most frequent size; None if they are bubbles."""
    count, most = len(one.bubbles), len(main.bubbles)
    if count < RARE * most and all(shape.kind == "joined" for shape in one.bubbles):
        return Why.ALONE
    # Brackets are as wide as the letters in them, which differ in most fonts.
    are_brackets = all(are_mostly(each.bubbles, "brackets") for each in (one, main))
    if are_bridged(one.bubbles) and not are_brackets and count < RARE_BRIDGED * most:
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
    has_aligned = any(are_aligned(a, b) for a in one.bubbles for b in main.bubbles)
    are_answers = has_aligned or _are_even(one.bubbles) or _are_answers(one.bubbles, components)
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
    return is_answer and all(any(are_aligned(one, other) for other in shapes if other is not one) for one in shapes)


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


def is_small(shapes: Sequence[Shape], main: SizeClass) -> bool:
    """Whether shapes are as small as letters, and much smaller than the bubbles of a size that is more frequent."""
    if not 0 < len(shapes) < len(main.bubbles):
        return False
    width = float(np.median([shape.width for shape in shapes]))
    height = float(np.median([shape.height for shape in shapes]))
    return min(width / main.width, height / main.height) < LEAST_LIKE_MAIN and height < HIGHEST_TEXT_MM * PX_PER_MM


def are_bridged(shapes: Sequence[Shape]) -> bool:
    """Whether most of these were found only by closing gaps."""
    return are_mostly(shapes, "dashed", "brackets")
