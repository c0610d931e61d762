"""Which shapes on a page are bubbles: those that recur in one size, and are no part of words, codes or tables."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from omrclip.omr.authoring.detection.alike import continued, without_unlike
from omrclip.omr.authoring.detection.large_circles import LEAST_LARGE, are_answers_to_mark
from omrclip.omr.authoring.detection.left_out import LeftOut, Why
from omrclip.omr.authoring.detection.numbered_blocks import numbered_blocks
from omrclip.omr.authoring.detection.rare_sizes import are_bridged, is_small, without_rare_sizes
from omrclip.omr.authoring.detection.shapes import (
    RECTANGLE_FILLED,
    Places,
    Shape,
    Shapes,
    are_mostly,
    is_around,
    overlap,
)
from omrclip.omr.authoring.detection.size_classes import SizeClass, of_one_size, size_class
from omrclip.omr.authoring.detection.white_letters import white_letters
from omrclip.omr.authoring.detection.word_letters import (
    ALIGNED_WITHIN,
    FARTHEST_BESIDE,
    are_aligned,
    are_different,
    dark_in_columns,
    is_in_text,
    letters_in_words,
    of_their_size,
    without_letters,
    without_texts_behind,
)
from omrclip.omr.authoring.detection.working_page import WorkingPage

WORD_GAP = 0.7
"""LETTER_GAP for words whose gaps were closed: they stand in text, where a word space is 0.5 heights of its small
letters."""
WHOLE = ("outline", "joined", "cell", "tone", "disc")
"""Kinds of shapes that are what they seem to be. Of dashes and brackets, only those that were chosen as bubbles are."""
LEAST_BESIDE = 2
"""Bubbles that overlap a closed outline at its sides, from which it is the space between them."""
LEAST_IN_ROW = 2
"""Squares beside a cell from which the cell is one of them, and touches a line."""
ZERO_WIDTH = 0.75
"""Width of a printed zero, in its heights, at most: 0.65 to 0.72 in common fonts."""
LEAST_OF_A_SIZE = 2
"""A round outline whose size occurs once on the page is taken for print; a square may stand alone, to agree."""
LEAST_BRIDGED = 3
"""The same for dashed outlines, pairs of brackets and edges of tones, which chance makes more often."""
LEAST_INSIDE = 0.8
"""Size of the inside of an outline at least, in sizes of the outline; letters in it are smaller."""
MOST_CANDIDATES = 4000
"""Shapes on a page; more are a pattern. A form of 200 questions with 10 answers each has half as many."""


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
    in_bars = white_letters(page.dark, found.shapes, found.holes)
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
        elif shape.kind == "word" or shape in in_bars:
            left_out.append(LeftOut(shape, Why.WORD))
        else:
            candidates.append(shape)
    if len(candidates) > MOST_CANDIDATES:
        return Chosen((), (*left_out, *(LeftOut(shape, Why.CROWD) for shape in candidates)))
    classes = _size_classes(page, candidates, found, left_out)
    for size in large_sizes:
        if are_answers_to_mark(size, classes, found.components):
            classes.append(size_class(size))
        else:
            left_out += [LeftOut(shape, Why.LARGE) for shape in size]
    kept = without_rare_sizes(classes, left_out, found.components)
    return Chosen(kept, tuple(left_out))


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
    whole = Places(shape for shape in found.shapes if shape.kind in WHOLE)
    for size in of_one_size(candidates):
        members = [index for index in size if not _is_at(candidates[index], added)]
        members = [index for index in members if not _is_between(candidates[index], whole)]
        members = [index for index in members if not _are_of_two(candidates[index], chosen)]
        is_small_size = any(is_small([candidates[index] for index in members], one) for one in classes)
        if are_bridged([candidates[index] for index in members]):
            sides = letters_in_words([candidates[index] for index in members], found.components, dark, WORD_GAP)
            # Labels of bubbles may stand as close as a word, but seldom on both sides.
            in_words[members] = sides if is_small_size else np.where(sides == 2, sides, in_words[members])
        squares = [candidates[index] for index in members]
        in_words[members] = without_texts_behind(squares, in_words[members], found.components)
        for index in members:
            if candidates[index].kind == "brackets" and is_in_text(candidates[index], found.components, WORD_GAP):
                in_words[index] = 2
        good, bad = without_letters(candidates, members, in_words, is_small_size, found.filled)
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
        alike = _with_brackets_in_line(without_unlike(levels, shapes), shapes)
        kept = set(alike)
        unlike = [shape for shape in shapes if shape not in kept]
        left_out += [LeftOut(shape, Why.UNLIKE) for shape in unlike]
        if not alike:
            continue
        more = continued(levels, alike, [*found.filled, *unlike])
        _add(more, added, whole, chosen)
        _add(alike, chosen)
        _add([shape for shape in alike if shape.kind not in WHOLE], whole)
        classes.append(size_class([*alike, *more]))
    left_out[:] = [one for one in left_out if not _is_at(one.shape, added)]
    return _without_overlaps(classes)


def _add(shapes: Iterable[Shape], *collections: Places) -> None:
    """Add shapes to each of some collections."""
    for shape in shapes:
        for places in collections:
            places.add(shape)


def _with_brackets_in_line(alike: list[Shape], shapes: Sequence[Shape]) -> list[Shape]:
    """Some shapes, and the brackets that stand in line with them: the letters in brackets are most of what differs."""
    chosen, places = set(alike), Places(alike)
    return [
        shape
        for shape in shapes
        if shape in chosen
        or (
            shape.kind == "brackets"
            and any(are_aligned(shape, other) for other in places.near(shape, FARTHEST_BESIDE * shape.width))
        )
    ]


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
        is_good = any(are_aligned(shapes[index], other) for other in others)
        (good if is_good else bad).append(index)
    return good, bad


def _is_too_few(shapes: Sequence[Shape], members: list[int]) -> bool:
    if are_mostly([shapes[index] for index in members], "dashed", "brackets", "tone", "disc"):
        return len(members) < LEAST_BRIDGED
    is_square = np.median([shapes[index].filled for index in members]) >= RECTANGLE_FILLED
    return len(members) < LEAST_OF_A_SIZE and not is_square
