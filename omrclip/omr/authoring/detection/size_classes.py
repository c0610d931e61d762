"""Shapes of one size and form."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.word_letters import SAME_FILLED, SAME_SIZE

SAME_WIDTH_OF_BRACKETS = 0.3
"""SAME_SIZE for the widths of brackets, which are as wide as their letters: of [1] and [D] in Helvetica, 0.21."""


@dataclass(frozen=True, slots=True)
class SizeClass:
    """Bubbles of one size and form; `width` and `height` are their medians in pixels of the working page."""

    width: float
    height: float
    bubbles: tuple[Shape, ...]


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
    # Each limit is that of the seed: it holds for brackets or for other shapes.
    width = np.where(is_bracket, SAME_WIDTH_OF_BRACKETS, SAME_SIZE)
    near = is_bracket[:, None] == is_bracket[None]
    for values, limit in zip(sizes.T, (width[:, None], SAME_SIZE, SAME_FILLED), strict=True):
        near &= np.abs(values[:, None] - values[None]) < limit
    free = np.ones(len(shapes), bool)
    near_of = near.sum(axis=1)
    groups = []
    while free.any():
        counts = near_of * free
        seed = int(np.argmax(counts))
        # A rare form between two others is like both: only what is like most of its group belongs to it.
        middle = np.median(sizes[near[seed] & free], axis=0)
        same = (width[seed], SAME_SIZE, SAME_FILLED)
        is_member = free & (is_bracket == is_bracket[seed]) & (np.abs(sizes - middle) < same).all(axis=1)
        is_member[seed] = True
        groups.append(np.flatnonzero(is_member).tolist())
        free &= ~is_member
        near_of -= near[:, is_member].sum(axis=1)
    return groups
