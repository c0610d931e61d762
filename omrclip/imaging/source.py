"""The one abstraction: something that has Dimensions and gives the pixels of a box at a size."""

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
"""How many pixels along each axis the last step of a reduction has for one of its output, at the least."""


MOST_REDUCTION = 64
"""The largest reduction at which image files give whole pixels."""


class ImageSource(Protocol):
    """An image that can be asked for any box of it at any size: a decoded scan, a registered page."""

    @property
    def dimensions(self) -> Dimensions:
        """The extents of the whole image, in its own pixels."""
        ...

    @property
    def density(self) -> Density | None:
        """That of the whole image; None where it is not known."""
        ...

    @property
    def is_grey(self) -> bool:
        """Whether it is known to have no colour but grey."""
        ...

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """The box's content, scaled to `out`: (out.height, out.width, 3) uint8 BGR, in sRGB.

        The box lies inside the image. Where `out` equals the box's Dimensions and the source holds these pixels,
        they come back exactly, without resampling. The result may be a view: callers do not write to it.
        """
        ...

    def cost(self, box: Box, out: Dimensions) -> int:
        """The bytes of memory that `read` takes now to decode, beside its result: 0 where the pixels are at hand."""
        ...

    def stored_jpeg(self, box: Box, out: Dimensions) -> bytes | None:
        """A stored JPEG file that decodes to what `read` gives; None where there is none."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """An ImageSource over pixels in memory, (height, width, 3) uint8 BGR, in the colours of a profile, or in sRGB.

    `mode` is what the samples were in the file that has the `profile`; `density` is the file's.
    """

    pixels: Pixels
    profile: bytes = b""
    mode: ColourMode = ColourMode.RGB
    density: Density | None = None

    @property
    def dimensions(self) -> Dimensions:
        """The extents of the array."""
        return ops.extents(self.pixels)

    @property
    def is_grey(self) -> bool:
        """Whether the file's samples have no colour."""
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
        """It is kept at its own scale alone."""
        return 1

    def reduced(self, reduction: int) -> Pixels:
        """The pixels themselves, for a reduction of 1."""
        if reduction != 1:
            raise ValueError(f"there are no pixels at 1/{reduction}")
        return self.pixels

    def missing_bytes(self, reduction: int) -> int:  # noqa: ARG002
        """The memory that `reduced` needs now: none."""
        return 0

    def in_srgb(self, pixels: Pixels) -> Pixels:
        """Convert pixels of the image to sRGB."""
        return to_srgb(pixels, self.profile, self.mode)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedImage:
    """An ImageSource over the bytes of one image file, decoded at each `read` at the least scale that serves it."""

    data: bytes
    info: ImageInfo

    @property
    def dimensions(self) -> Dimensions:
        """The upright extents, from the header."""
        return self.info.dimensions

    @property
    def density(self) -> Density | None:
        """The upright density, from the header."""
        return self.info.density

    @property
    def is_grey(self) -> bool:
        """Whether the samples have no colour, from the header."""
        return self.info.mode.is_grey

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
        """The scale at which `read` decodes the image for a box at a size."""
        return serving_reduction(box, out, self.dimensions, (r for r in REDUCTIONS if reduces_exactly(self.info, r)))


def level_factor(box: Box, out: Dimensions, within: Dimensions) -> int | None:
    """The factor f for which `out` is exactly the part of the box in the image at 1/f, or None.

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
    """The first of the reductions (largest first) that has enough pixels for a box at a size, else 1.

    At 1/r the box must still have twice as many pixels along each axis as are asked for. Reduced pixels are means, or
    what a JPEG's decoder makes of half its coefficients: both let through what is too fine for them. Of this, the last
    step's kernel takes away what comes out between the output's resolution and theirs.
    """
    most = level_factor(box, out, within) or min(box.width / out.width, box.height / out.height)
    return next((reduction for reduction in reductions if OVERSAMPLING * reduction <= most), 1)


def reduces_exactly(info: ImageInfo, reduction: int) -> bool:
    """Whether an image can be decoded at 1/`reduction` with its upper left pixel covering whole pixels.

    Only JPEG is decoded at a fraction. The last column and row of a reduced one may cover less than the others; in an
    image that is turned upright, they come first.
    """
    stored = info.stored
    exact = info.orientation == 1 or (stored.width % reduction == 0 and stored.height % reduction == 0)
    return reducible(info) and exact


def read_reduced(pixels: Pixels, reduction: int, box: Box, out: Dimensions, within: Dimensions) -> Pixels:
    """The box of an image, in its own coordinates, from its pixels at 1/`reduction`.

    A reduced pixel covers reduction × reduction pixels of the image; a box seldom begins at the edge of one. Tiles of a
    level are parts of the whole level: what lies around them counts for their rims.
    """
    is_tile = level_factor(box, out, within) not in (1, None)
    if reduction == 1 and not is_tile:
        return ops.resample(ops.cut(pixels, box), out)
    edges = (edge / reduction for edge in (box.left, box.top, box.right, box.bottom))
    return ops.resample_place(pixels, Place(*edges), out, with_surroundings=is_tile)


@dataclass(frozen=True, slots=True)
class BoxedImage:
    """An ImageSource that shows another through a box, which lies inside it."""

    whole: ImageSource
    box: Box

    @property
    def dimensions(self) -> Dimensions:
        """The box's."""
        return self.box.dimensions

    @property
    def density(self) -> Density | None:
        """That of the whole."""
        return self.whole.density

    @property
    def is_grey(self) -> bool:
        """As the whole."""
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
