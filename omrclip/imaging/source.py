"""The one abstraction: something that has Dimensions and gives the pixels of a box at a size."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.codec import decode, reducible
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.pixels import Pixels
from omrclip.imaging.probe import ImageInfo

REDUCTIONS = (8, 4, 2)
# Extents are rounded: 1000 × 667 out of a level of 1500 × 1000 are 1/1.5 of its width, and not quite of its height.
_MOST_LINEAR = 1.51


class ImageSource(Protocol):
    """An image that can be asked for any box of it at any size: a decoded scan, a registered page."""

    @property
    def dimensions(self) -> Dimensions:
        """The extents of the whole image, in its own pixels."""
        ...

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """The box's content, scaled to `out`: (out.height, out.width, 3) uint8 BGR.

        The box lies inside the image. Where `out` equals the box's Dimensions and the source holds these pixels,
        they come back exactly, without resampling. The result may be a view: callers do not write to it.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """An ImageSource over pixels in memory, (height, width, 3) uint8 BGR."""

    pixels: Pixels

    @property
    def dimensions(self) -> Dimensions:
        """The extents of the array."""
        return ops.extents(self.pixels)

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`."""
        return ops.resample(ops.cut(self.pixels, box), out)

    @property
    def most_reduction(self) -> int:
        """It is kept at its own scale alone."""
        return 1

    def reduced(self, reduction: int) -> Pixels:
        """The pixels themselves, for a reduction of 1."""
        if reduction != 1:
            raise ValueError(f"there are no pixels at 1/{reduction}")
        return self.pixels


@dataclass(frozen=True, slots=True, eq=False)
class EncodedImage:
    """An ImageSource over the bytes of one image file, decoded at each `read` at the least scale that serves it."""

    data: bytes
    info: ImageInfo

    @property
    def dimensions(self) -> Dimensions:
        """The upright extents, from the header."""
        return self.info.dimensions

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`.

        Raises:
            CorruptImage, UnsupportedImage: the bytes do not decode to what their header says.
        """
        reduction = serving_reduction(
            box, out, self.dimensions, (r for r in REDUCTIONS if reduces_exactly(self.info, r))
        )
        pixels = decode(self.data, self.info, reduction=reduction)
        return read_reduced(pixels, reduction, box, out, self.dimensions)


def level_factor(box: Box, out: Dimensions, within: Dimensions) -> int | None:
    """The factor f for which `out` is exactly the box's part of the image at 1/f; None where there is none.

    That is how viewers ask for levels and their tiles: f is a power of two, the box begins at a multiple of it, and
    ends at one or at the image's edge, where the last pixel covers less than the others.
    """
    factor = 1
    while -(-box.width // factor) > out.width or -(-box.height // factor) > out.height:
        factor *= 2
    begins = box.left % factor == 0 and box.top % factor == 0
    ends = box.right in (within.width, box.right // factor * factor) and (
        box.bottom in (within.height, box.bottom // factor * factor)
    )
    exact = out == Dimensions(-(-box.width // factor), -(-box.height // factor))
    return factor if begins and ends and exact else None


def serving_reduction(box: Box, out: Dimensions, within: Dimensions, reductions: Iterable[int]) -> int:
    """The first of the reductions, which come largest first, that serves a box at a size; else 1.

    At 1/r the box must still have as many pixels as are asked for, and where its edges lie within reduced pixels,
    twice as many: else a reduced pixel across an edge, or across two pixels of the output, would show in both.
    """
    if out == box.dimensions:
        return 1
    level = level_factor(box, out, within)
    for reduction in reductions:
        least = reduction if edges_meet(box, reduction) else 2 * reduction
        if reduction == level or (box.width >= least * out.width and box.height >= least * out.height):
            return reduction
    return 1


def edges_meet(box: Box, reduction: int) -> bool:
    """Whether the box's edges are edges of pixels at 1/`reduction`."""
    return all(edge % reduction == 0 for edge in (box.left, box.top, box.right, box.bottom))


def reduces_exactly(info: ImageInfo, reduction: int) -> bool:
    """Whether an image can be decoded at 1/`reduction` with its upper left pixel covering whole pixels.

    Only JPEG is decoded at a fraction. The last column and row of a reduced one may cover less than the others; in an
    image that is turned upright, they come first.
    """
    stored = info.stored
    exact = info.orientation == 1 or (stored.width % reduction == 0 and stored.height % reduction == 0)
    return reducible(info) and exact


def resample_level(pixels: Pixels, out: Dimensions) -> Pixels:
    """Scale pixels of a level, which are means already: as `ops.resample`, but linearly where it is by little.

    Of scans reduced to up to 1/1.5 of a level's extents, this comes nearer to area averages of the whole image than
    area averages of the level do, which average twice; and it takes a fifth of the time. Beyond that, pixels between
    two samples would count for too little.
    """
    level = ops.extents(pixels)
    sides = ((level.width, out.width), (level.height, out.height))
    if level == out or not all(reduced <= side <= reduced * _MOST_LINEAR for side, reduced in sides):
        return ops.resample(pixels, out)
    return np.asarray(cv2.resize(pixels, (out.width, out.height), interpolation=cv2.INTER_LINEAR), np.uint8)


def read_reduced(pixels: Pixels, reduction: int, box: Box, out: Dimensions, within: Dimensions) -> Pixels:
    """The box of an image, in its own coordinates, from its pixels at 1/`reduction`.

    A reduced pixel covers reduction × reduction pixels of the image; a box seldom begins at the edge of one. Where the
    box is a part of just this level, it comes without resampling, so that the tiles of a level are the level.
    """
    if reduction == 1:
        return ops.resample(ops.cut(pixels, box), out)
    if level_factor(box, out, within) == reduction:
        return ops.cut(pixels, Box(box.left // reduction, box.top // reduction, out.width, out.height))
    if edges_meet(box, reduction):
        left, top, width, height = (edge // reduction for edge in (box.left, box.top, box.width, box.height))
        return resample_level(ops.cut(pixels, Box(left, top, width, height)), out)
    scale_x, scale_y = box.width / out.width / reduction, box.height / out.height / reduction
    out_to_reduced = np.array(
        [[scale_x, 0, box.left / reduction], [0, scale_y, box.top / reduction], [0, 0, 1]], dtype=np.float64
    )
    return ops.warp(pixels, out_to_reduced, out)
