"""White letters in dark bars, as headings have them: the hole that an o leaves in a bar looks like a bubble."""

from collections.abc import Sequence

import numpy as np

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.shapes import Boxes, Shape
from omrclip.omr.authoring.detection.word_letters import letters_in_words
from omrclip.omr.authoring.detection.working_page import PX_PER_MM

BAR_MM, BAR_DARK = 0.8, 0.9
"""Height of the strips above and below a letter in which its bar is looked for, and the part of them that is dark at
least: outlines of bubbles and lines that touch them are thinner."""


def white_letters(dark: Grey, shapes: Sequence[Shape], holes: Boxes) -> set[Shape]:
    """The shapes that are white in a bar and have others close beside them, which are no bubbles, as letters have.

    Args:
        dark: the dark pixels of the page.
        shapes: the shapes that may be bubbles.
        holes: the boxes of what dark pixels enclose.
    """
    white = [shape for shape in shapes if shape.kind == "joined" and _is_in_bar(dark, shape)]
    if not white:
        return set()
    sides = letters_in_words(white, holes)
    return {shape for shape, count in zip(white, sides, strict=True) if count}


def _is_in_bar(dark: Grey, shape: Shape) -> bool:
    """Whether it is dark above and below the middle half of a shape."""
    left, right = round(shape.x - shape.width / 4), round(shape.x + shape.width / 4)
    top, bottom, strip = round(shape.top), round(shape.bottom), round(BAR_MM * PX_PER_MM)
    strips = (dark[max(0, top - strip) : top, left:right], dark[bottom : bottom + strip, left:right])
    return all(bool(part.size) and float(np.mean(part > 0)) > BAR_DARK for part in strips)
