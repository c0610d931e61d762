"""Pixel rectangles and dimensions, and the rule for rounding coordinates to pixels."""

import math
from dataclasses import dataclass


def round_pixel(value: float) -> int:
    """Round to the nearest pixel, halves up (2.5 → 3, -2.5 → -2).

    Python's `round` rounds halves to the even neighbor. Two boxes of the same width, half a pixel apart, would then get
    different widths.
    """
    return math.floor(value + 0.5)


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The width and height of an image in pixels, both at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"dimensions must be at least 1 × 1, not {self.width} × {self.height}")

    @property
    def pixels(self) -> int:
        """How many pixels there are."""
        return self.width * self.height

    @property
    def aspect(self) -> float:
        """Width divided by height."""
        return self.width / self.height

    @property
    def transposed(self) -> "Dimensions":
        """The dimensions after a quarter turn."""
        return Dimensions(self.height, self.width)

    @property
    def box(self) -> "Box":
        """The rectangle of the whole image."""
        return Box(0, 0, self.width, self.height)

    def __str__(self) -> str:
        return f"{self.width} × {self.height}"


@dataclass(frozen=True, slots=True)
class Box:
    """A pixel rectangle: `left`, `top` from the image's upper left corner, `width` and `height` at least 1."""

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a box must be at least 1 × 1, not {self.width} × {self.height}")

    @property
    def right(self) -> int:
        """The first column to the right of the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row below the box."""
        return self.top + self.height

    @property
    def pixels(self) -> int:
        """How many pixels there are."""
        return self.width * self.height

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the box."""
        return Dimensions(self.width, self.height)

    def clamped(self, within: Dimensions) -> "Box | None":
        """The part of the box inside the image, or None if it lies outside."""
        if self.inside(within):
            return self
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.right, within.width), min(self.bottom, within.height)
        if right <= left or bottom <= top:
            return None
        return Box(left, top, right - left, bottom - top)

    def inside(self, within: Dimensions) -> bool:
        """Whether the whole box lies inside the image."""
        across = self.left >= 0 and self.left + self.width <= within.width
        return across and self.top >= 0 and self.top + self.height <= within.height
