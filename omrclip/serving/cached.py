"""An ImageSource whose decoded pixels, and their half sizes, stay in a cache shared by many sources."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from omrclip.cache import ByteCache
from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import REDUCTIONS, cost, decode, decode_halved, halves_by_rows, read_profile
from omrclip.imaging.colour import to_srgb
from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import ImageInfo
from omrclip.imaging.source import read_reduced, reduces_exactly, serving_reduction

MOST_REDUCTION = 64
REDUCTIONS_KEPT = (64, 32, 16, 8, 4, 2)
# A page of 300 dots an inch is shown on a screen from its half. Decoding that takes ten times as long as reading it.
LEAST_SHELVED = 2
# A page of 600 dots an inch fills a screen at 1/8, and a fine one at 1/4; smaller pages are soon decoded whole.
HALVED_BY_ROWS = 4
LEAST_HALVED_PIXELS = 16_000_000


class Shelf(Protocol):
    """Where small scales outlive the process that made them."""

    def find(self, digest: str, reduction: int, extents: Dimensions) -> Pixels | None:
        """The image of these bytes at 1/`reduction`, (extents.height, extents.width, 3) uint8 BGR, if it is there."""
        ...

    def put(self, digest: str, reduction: int, pixels: Pixels) -> None:
        """Put it there, as long as there is room."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CachedImage:
    """One image file, decoded once at each scale that is asked for, as long as the cache has room.

    A scale is always made in the same way (a JPEG decoded at 1/2, 1/4 and 1/8, everything else by halving), whatever
    is in the cache: one request gives one answer, byte for byte, so that strong entity tags hold. Of a large PNG that
    is only asked for small, the whole is not kept: its rows are halved as they are decoded, to the same pixels.

    Attributes:
        key: the hash of the bytes.
        data: gives the bytes; not asked as long as all scales that are needed are in the cache or on the shelf.
        cache: pixels by (key, reduction); shared.
        shelf: where scales of 1/2 and less are looked for before they are made, and put when they were.
    """

    key: str
    data: Callable[[], bytes] = field(repr=False)
    info: ImageInfo
    cache: ByteCache[Pixels]
    shelf: Shelf | None = None

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

    @property
    def most_reduction(self) -> int:
        """The largest reduction that `reduced` takes."""
        return MOST_REDUCTION

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`.

        Raises:
            CorruptImage, UnsupportedImage: the bytes do not decode to what their header says.
        """
        reduction = self.reduction(box, out)
        return self.in_srgb(read_reduced(self.reduced(reduction), reduction, box, out, self.dimensions))

    def in_srgb(self, pixels: Pixels) -> Pixels:
        """Convert pixels of the image to sRGB. `data` is not read for an image without a profile."""
        if not self.info.has_profile:
            return pixels
        return to_srgb(pixels, read_profile(self.data(), self.info), self.info.mode)

    def reduction(self, box: Box, out: Dimensions) -> int:
        """The scale from which `read` takes the box at a size."""
        return serving_reduction(box, out, self.dimensions, REDUCTIONS_KEPT)

    def reduced(self, reduction: int) -> Pixels:
        """The whole image at 1/`reduction`, a power of two; each side rounded up.

        Its colours are those of the file's profile (`in_srgb`). See `read` for errors.
        """
        return self.cache.get_or_make((self.key, reduction), lambda: self._found(reduction))

    def cost(self, box: Box, out: Dimensions) -> int:
        """See `ImageSource.cost`."""
        return self.missing_bytes(self.reduction(box, out))

    def stored_jpeg(self, box: Box, out: Dimensions) -> bytes | None:  # noqa: ARG002
        """See `ImageSource.stored_jpeg`."""
        return None

    def missing_bytes(self, reduction: int) -> int:
        """The memory that `reduced` would need now: 0 if the pixels are in the cache."""
        if self.cache.holds((self.key, reduction)):
            return 0
        if self._is_decoded(reduction) or self._is_halved_by_rows(reduction):
            return cost(self.info, reduction)
        return self.missing_bytes(reduction // 2) + 3 * self.info.stored.pixels // reduction**2

    def _is_decoded(self, reduction: int) -> bool:
        return reduction == 1 or (reduction in REDUCTIONS and reduces_exactly(self.info, reduction))

    def _is_halved_by_rows(self, reduction: int) -> bool:
        """Whether it is made of rows as they are decoded: where nothing larger is there, or comes, to be halved."""
        is_worth_it = reduction == HALVED_BY_ROWS and self.info.stored.pixels >= LEAST_HALVED_PIXELS
        larger_is_there = any(self.cache.holds((self.key, larger)) for larger in (1, 2))
        return is_worth_it and halves_by_rows(self.info) and not larger_is_there

    def _found(self, reduction: int) -> Pixels:
        if self.shelf is None or reduction < LEAST_SHELVED:
            return self._make(reduction)
        across, down = -(-self.dimensions.width // reduction), -(-self.dimensions.height // reduction)
        pixels = self.shelf.find(self.key, reduction, Dimensions(across, down))
        if pixels is None:
            pixels = self._make(reduction)
            self.shelf.put(self.key, reduction, pixels)
        return pixels

    def _make(self, reduction: int) -> Pixels:
        if self._is_decoded(reduction):
            return decode(self.data(), self.info, reduction=reduction)
        if self._is_halved_by_rows(reduction):
            return decode_halved(self.data(), self.info, HALVED_BY_ROWS.bit_length() - 1)
        return ops.halve(self.reduced(reduction // 2))
