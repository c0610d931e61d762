"""An ImageSource that caches its decoded pixels and pyramid levels. Many sources share one cache."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from omrclip.cache import ByteCache
from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import REDUCTIONS, cost, decode, read_profile
from omrclip.imaging.colour import to_srgb
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import ImageInfo
from omrclip.imaging.source import MOST_REDUCTION, FromHeader, read_reduced, reduces_exactly, serving_reduction

REDUCTIONS_KEPT = (64, 32, 16, 8, 4, 2)
# A screen shows a 300-dpi page from its level of 1/2. Decoding this level takes ten times as long as reading it.
LEAST_STORED = 2


class LevelStore(Protocol):
    """A store of pyramid levels that other processes and later runs can read."""

    def find(self, digest: str, reduction: int, extents: Dimensions) -> Pixels | None:
        """The stored image at 1/`reduction`, (extents.height, extents.width, 3) uint8 BGR, or None if missing."""
        ...

    def put(self, digest: str, reduction: int, pixels: Pixels) -> None:
        """Store a level, unless the store is full."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CachedImage(FromHeader):
    """One image file, which is decoded once for each requested level while the levels fit in the cache.

    A level is always computed in the same way, whatever the cache contains: a JPEG is decoded at 1/2, 1/4 and 1/8,
    everything else is halved. So equal requests give equal bytes, which strong entity tags require.

    Attributes:
        key: the hash of the bytes.
        data: returns the bytes. It is not called if all levels needed are in the cache or in `levels`.
        cache: pixels by (key, reduction). Many images share it.
        levels: a store in which levels of 1/2 and smaller are looked up before they are computed, or None.
    """

    key: str
    data: Callable[[], bytes] = field(repr=False)
    info: ImageInfo
    cache: ByteCache[Pixels]
    levels: LevelStore | None = None

    @property
    def most_reduction(self) -> int:
        """The largest reduction that `reduced` accepts."""
        return MOST_REDUCTION

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`.

        Raises:
            CorruptImage, UnsupportedImage: the file cannot be decoded, or does not match its header.
        """
        reduction = self.reduction(box, out)
        return self.in_srgb(read_reduced(self.reduced(reduction), reduction, box, out, self.dimensions))

    def in_srgb(self, pixels: Pixels) -> Pixels:
        """Convert pixels of the image to sRGB. `data` is not read for an image without a profile."""
        if not self.info.has_profile:
            return pixels
        return to_srgb(pixels, read_profile(self.data(), self.info), self.info.mode)

    def reduction(self, box: Box, out: Dimensions) -> int:
        """The reduction of the level that `read` uses for a box at a size."""
        return serving_reduction(box, out, self.dimensions, REDUCTIONS_KEPT)

    def reduced(self, reduction: int) -> Pixels:
        """The whole image at 1/`reduction`, a power of two. Its width and height are rounded up.

        The colors are in the file's own color space; `in_srgb` converts them. Raises the same errors as `read`.
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
        if self._is_decoded(reduction):
            return cost(self.info, reduction)
        return self.missing_bytes(reduction // 2) + 3 * self.info.stored.pixels // reduction**2

    def _is_decoded(self, reduction: int) -> bool:
        return reduction == 1 or (reduction in REDUCTIONS and reduces_exactly(self.info, reduction))

    def _found(self, reduction: int) -> Pixels:
        if self.levels is None or reduction < LEAST_STORED:
            return self._make(reduction)
        across, down = -(-self.dimensions.width // reduction), -(-self.dimensions.height // reduction)
        pixels = self.levels.find(self.key, reduction, Dimensions(across, down))
        if pixels is None:
            pixels = self._make(reduction)
            self.levels.put(self.key, reduction, pixels)
        return pixels

    def _make(self, reduction: int) -> Pixels:
        if self._is_decoded(reduction):
            return decode(self.data(), self.info, reduction=reduction)
        return ops.halve(self.reduced(reduction // 2))
