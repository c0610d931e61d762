"""The one abstraction: something that has Dimensions and gives the pixels of a box at a size."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.codec import decode, reducible
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.pixels import Pixels
from omrclip.imaging.probe import ImageInfo

REDUCTIONS = (8, 4, 2)


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
        reduction = self._reduction(box, out)
        pixels = decode(self.data, self.info, reduction=reduction)
        if reduction == 1:
            return DecodedImage(pixels).read(box, out)
        # A reduced pixel covers reduction × reduction pixels of the file; a box seldom begins at the edge of one.
        if all(edge % reduction == 0 for edge in (box.left, box.top, box.right, box.bottom)):
            left, top, width, height = (edge // reduction for edge in (box.left, box.top, box.width, box.height))
            return ops.resample(ops.cut(pixels, Box(left, top, width, height)), out)
        scale_x, scale_y = box.width / out.width / reduction, box.height / out.height / reduction
        out_to_reduced = np.array(
            [[scale_x, 0, box.left / reduction], [0, scale_y, box.top / reduction], [0, 0, 1]], dtype=np.float64
        )
        return ops.warp(pixels, out_to_reduced, out)

    def _reduction(self, box: Box, out: Dimensions) -> int:
        if not reducible(self.info):
            return 1
        fitting = (r for r in REDUCTIONS if box.width >= r * out.width and box.height >= r * out.height)
        return next((r for r in fitting if self._edges_stay(r)), 1)

    def _edges_stay(self, reduction: int) -> bool:
        """Whether the reduced image's upper left pixel still covers whole pixels once it is upright.

        The last column and row of a reduced JPEG may cover less than the others; turned, they come first.
        """
        stored = self.info.stored
        return self.info.orientation == 1 or (stored.width % reduction == 0 and stored.height % reduction == 0)
