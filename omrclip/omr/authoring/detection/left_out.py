"""What looks like a bubble and is not proposed, and why."""

from dataclasses import dataclass
from enum import StrEnum

from omrclip.omr.authoring.detection.shapes import Shape


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
