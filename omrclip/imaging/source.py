"""ImageSource: an image that returns the pixels of a box at a requested size."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from omrclip.imaging import codec, ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode, read_profile, reducible
from omrclip.imaging.colour import to_srgb
from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import ColourMode, ImageInfo
from omrclip.imaging.scaling import Place

REDUCTIONS = (8, 4, 2)
OVERSAMPLING = 2
"""Least number of pixels along each axis that the last step of a reduction has for each output pixel."""


MOST_REDUCTION = 64
"""The largest reduction at which image files give whole pixels."""


class ImageSource(Protocol):
    """An image that returns any box of it at any size, such as a decoded scan or a registered page."""

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the whole image, in its own pixels."""
        ...

    @property
    def density(self) -> Density | None:
        """The density of the whole image, or None if it is unknown."""
        ...

    @property
    def is_grey(self) -> bool:
        """Whether the image is known to be grayscale."""
        ...

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """Return a box of the image, scaled to `out`: (out.height, out.width, 3) uint8 BGR, in sRGB.

        The box must lie inside the image. If `out` equals the box's Dimensions and the source has these pixels, they
        are returned unchanged, without resampling. The result may be a view, so callers must not write to it.
        """
        ...

    def cost(self, box: Box, out: Dimensions) -> int:
        """The memory in bytes that `read` needs now for decoding, in addition to its result; 0 for decoded pixels."""
        ...

    def stored_jpeg(self, box: Box, out: Dimensions) -> bytes | None:
        """A stored JPEG file that decodes to the result of `read`, or None."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """An ImageSource of pixels in memory, (height, width, 3) uint8 BGR.

    Attributes:
        profile: the ICC profile of the pixels; empty for sRGB.
        mode: the meaning of the samples in the file that contains the profile.
        density: the density of the file.
    """

    pixels: Pixels
    profile: bytes = b""
    mode: ColourMode = ColourMode.RGB
    density: Density | None = None

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the array."""
        return ops.extents(self.pixels)

    @property
    def is_grey(self) -> bool:
        """Whether the file is grayscale."""
        return self.mode.is_grey

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`."""
        return self.in_srgb(ops.resample(ops.cut(self.pixels, box), out))

    def cost(self, box: Box, out: Dimensions) -> int:  # noqa: ARG002
        """See `ImageSource.cost`: nothing is decoded."""
        return 0

    def stored_jpeg(self, box: Box, out: Dimensions) -> bytes | None:  # noqa: ARG002
        """See `ImageSource.stored_jpeg`."""
        return None

    @property
    def most_reduction(self) -> int:
        """There are no smaller copies."""
        return 1

    def reduced(self, reduction: int) -> Pixels:
        """The pixels. The reduction must be 1."""
        if reduction != 1:
            raise ValueError(f"there are no pixels at 1/{reduction}")
        return self.pixels

    def missing_bytes(self, reduction: int) -> int:  # noqa: ARG002
        """The memory that `reduced` needs now: none."""
        return 0

    def in_srgb(self, pixels: Pixels) -> Pixels:
        """Convert pixels of the image to sRGB."""
        return to_srgb(pixels, self.profile, self.mode)


class FromHeader:
    """The properties of an ImageSource that follow from the header of an image file."""

    __slots__ = ()
    info: ImageInfo

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the upright image, from the header."""
        return self.info.dimensions

    @property
    def density(self) -> Density | None:
        """The density of the upright image, from the header."""
        return self.info.density

    @property
    def is_grey(self) -> bool:
        """Whether the image is grayscale, from the header."""
        return self.info.mode.is_grey


@dataclass(frozen=True, slots=True, eq=False)
class EncodedImage(FromHeader):
    """An ImageSource of an image file in memory. Each `read` decodes it, at the smallest sufficient reduction."""

    data: bytes
    info: ImageInfo

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`.

        Raises:
            CorruptImage, UnsupportedImage: the bytes do not decode to what their header says.
        """
        reduction = self.reduction(box, out)
        pixels = decode(self.data, self.info, reduction=reduction)
        shown = read_reduced(pixels, reduction, box, out, self.dimensions)
        return to_srgb(shown, read_profile(self.data, self.info), self.info.mode)

    def cost(self, box: Box, out: Dimensions) -> int:
        """See `ImageSource.cost`: the image is decoded at each read."""
        return codec.cost(self.info, self.reduction(box, out))

    def stored_jpeg(self, box: Box, out: Dimensions) -> bytes | None:  # noqa: ARG002
        """See `ImageSource.stored_jpeg`."""
        return None

    def reduction(self, box: Box, out: Dimensions) -> int:
        """The reduction at which `read` decodes the image for a box at a size."""
        return serving_reduction(box, out, self.dimensions, (r for r in REDUCTIONS if reduces_exactly(self.info, r)))


def level_factor(box: Box, out: Dimensions, within: Dimensions) -> int | None:
    """The factor f for which `out` is exactly the part of the box in the image at 1/f, or None.

    Viewers request tiles of pyramid levels in this way: f is a power of two, the box begins at a multiple of f, and it
    ends at a multiple or at the edge of the image, where the last pixel covers less than the others.
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
    """The first of the reductions (largest first) that has enough pixels for a box at a size, else 1.

    At 1/r the box must have at least twice as many pixels along each axis as requested. Reduced pixels are means, or
    are decoded from the lower half of a JPEG's coefficients, and both cause some moiré. The kernel of the last step
    removes the part of it between the two resolutions.
    """
    most = level_factor(box, out, within) or min(box.width / out.width, box.height / out.height)
    return next((reduction for reduction in reductions if OVERSAMPLING * reduction <= most), 1)


def reduces_exactly(info: ImageInfo, reduction: int) -> bool:
    """Whether an image can be decoded at 1/`reduction` so that its upper left pixel covers whole pixels.

    Only JPEG is decoded at a fraction. The last column and row of the reduced pixels may cover fewer pixels than the
    others. In an image that is turned upright they may become the first ones.
    """
    stored = info.stored
    exact = info.orientation == 1 or (stored.width % reduction == 0 and stored.height % reduction == 0)
    return reducible(info) and exact


def read_reduced(pixels: Pixels, reduction: int, box: Box, out: Dimensions, within: Dimensions) -> Pixels:
    """Return a box of an image from its pixels at 1/`reduction`. The box is in pixels of the full image.

    The box need not begin at the edge of a reduced pixel. For a tile of a level, the pixels around it contribute to its
    edges, because the tile is a part of the whole level.
    """
    is_tile = level_factor(box, out, within) not in (1, None)
    if reduction == 1 and not is_tile:
        return ops.resample(ops.cut(pixels, box), out)
    edges = (edge / reduction for edge in (box.left, box.top, box.right, box.bottom))
    return ops.resample_place(pixels, Place(*edges), out, with_surroundings=is_tile)


@dataclass(frozen=True, slots=True)
class BoxedImage:
    """An ImageSource that shows a box of another one. The box must lie inside it."""

    whole: ImageSource
    box: Box

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the box."""
        return self.box.dimensions

    @property
    def density(self) -> Density | None:
        """The density of the whole image."""
        return self.whole.density

    @property
    def is_grey(self) -> bool:
        """Whether the whole image is grayscale."""
        return self.whole.is_grey

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`."""
        return self.whole.read(self._inside(box), out)

    def cost(self, box: Box, out: Dimensions) -> int:
        """See `ImageSource.cost`."""
        return self.whole.cost(self._inside(box), out)

    def stored_jpeg(self, box: Box, out: Dimensions) -> bytes | None:
        """See `ImageSource.stored_jpeg`."""
        return self.whole.stored_jpeg(self._inside(box), out)

    def _inside(self, box: Box) -> Box:
        return Box(self.box.left + box.left, self.box.top + box.top, box.width, box.height)
