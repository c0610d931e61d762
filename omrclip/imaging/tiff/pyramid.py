"""Reads tiled, pyramidal TIFFs tile by tile. The whole file is never read, decoded or held in memory.

A read uses the smallest level that has at least as many pixels as requested, and the tiles that the box touches.
"""

import math
import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from omrclip.cache import ByteCache
from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.colour import changes_colours, to_srgb
from omrclip.imaging.density import Density
from omrclip.imaging.formats import jpeg
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.scaling import Place, reach
from omrclip.imaging.source import MOST_REDUCTION, level_factor
from omrclip.imaging.tiff.levels import Level, read_levels
from omrclip.imaging.tiff.ranges import RangeReader
from omrclip.imaging.tiff.tiles import Compression, decode_tile, is_as_described, whole_jpeg

# Pixels of a level that are held at once. If more are needed, because the output is large or no level is small enough,
# they are read in parts.
_MOST_AT_ONCE = 1 << 23
_FEW_PIXELS = 1 << 20
_ROUNDED_UP = 1 + 1 / 64  # a level that dropped an odd column has 93 pixels where 94 are requested
_MOST_HELPERS = (os.cpu_count() or 1) - 1
_WORTH_A_THREAD = 3  # tiles; waking a thread takes about as long as decoding one
# Most pixels around a part that contribute to it: the kernel of a reduction to 1/128. If an image without levels
# is reduced more, the outer weights of the kernel are omitted at the seams of parts.
_FURTHEST = 384


@dataclass(frozen=True, slots=True, eq=False)
class TiledImage:
    """An ImageSource of a tiled TIFF or BigTIFF. It is thread-safe.

    Attributes:
        levels: largest first.
        cache: a cache for decoded tiles, by `key` and place, or None.
        decoders: threads that decode several tiles in parallel, or None.
    """

    reader: RangeReader
    levels: tuple[Level, ...]
    key: str = ""
    cache: ByteCache[Pixels] | None = None
    decoders: Executor | None = None

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the largest level."""
        return self.levels[0].dimensions

    @property
    def density(self) -> Density | None:
        """The density in the first directory."""
        return self.levels[0].coding.density

    @property
    def is_grey(self) -> bool:
        """Whether the tiles are grayscale."""
        return self.levels[0].coding.mode.is_grey

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`. A box of whole pixels of a level, requested at their number, returns these pixels.

        Holds at most some fourteen million pixels and one tile in addition to the output.

        Raises:
            CorruptImage, UnsupportedImage: a needed tile is damaged, cut off, or of a kind that is not read.
            ValueError: the box is partly outside the image.
        """
        coding = self.levels[0].coding
        return to_srgb(self._read(box, out), coding.profile, coding.mode)

    @property
    def most_reduction(self) -> int:
        """The largest reduction that `reduced` accepts."""
        return MOST_REDUCTION

    def reduced(self, reduction: int) -> Pixels:
        """The whole image at 1/`reduction`, in sRGB, read from the level that fits best. Raises as `read` does."""
        return self.read(self.dimensions.box, self._at(reduction))

    def missing_bytes(self, reduction: int) -> int:
        """The memory that `reduced` needs. Its result is not cached."""
        out = self._at(reduction)
        return 3 * out.pixels + self.cost(self.dimensions.box, out)

    def in_srgb(self, pixels: Pixels) -> Pixels:
        """The pixels of `reduced` as they are: they are in sRGB already."""
        return pixels

    def _at(self, reduction: int) -> Dimensions:
        return Dimensions(-(-self.dimensions.width // reduction), -(-self.dimensions.height // reduction))

    def _read(self, box: Box, out: Dimensions) -> Pixels:
        level, place = self._choose(box, out)
        if (whole := place.box) is not None and whole.dimensions == out:
            return self._gather(level, whole)
        is_tile = level_factor(box, out, self.dimensions) is not None
        pixels = np.empty((out.height, out.width, 3), np.uint8)
        self._fill(level, place, pixels, with_surroundings=is_tile)
        return pixels

    def cost(self, box: Box, out: Dimensions) -> int:
        """See `ImageSource.cost`. The part of a level that is held at once, before it is scaled; 0 for a few tiles."""
        _, place = self._choose(box, out)
        held = min(int(place.width * place.height), _MOST_AT_ONCE)
        return 3 * held if held > _FEW_PIXELS else 0

    def stored_jpeg(self, box: Box, out: Dimensions) -> bytes | None:
        """The JPEG file of a stored tile, without decoding, if the request is for exactly this tile, else None.

        The box must cover a tile of the level that `read` would choose, and `out` must have the dimensions of the tile.
        `read` then returns the pixels of this file. Tiles at the right and lower edges are padded, so they must be
        decoded and cut, unless they end at the edge of the image.

        The result is None if a profile changes the colors. The file consists of the stored bytes, the tables that a
        TIFF stores separately, and the marker that distinguishes RGB from YCbCr (`jpeg.complete`). Its pixels are not
        checked, so damaged pixels are sent unchanged.

        Raises:
            CorruptImage, UnsupportedImage, ValueError: as `read`, if the tile's header is damaged.
        """
        if changes_colours(self.levels[0].coding.profile, self.levels[0].coding.mode):
            return None
        level, place = self._choose(box, out)
        tile, needed = level.coding.extents, place.box
        if level.coding.compression is not Compression.JPEG or needed is None:
            return None
        if not needed.dimensions == out == tile or needed.left % tile.width or needed.top % tile.height:
            return None
        code = level.read_tile(self.reader, needed.left // tile.width, needed.top // tile.height)
        whole = whole_jpeg(code, level.coding)
        return whole if is_as_described(jpeg.read_header(code), level.coding) and jpeg.is_common(code) else None

    def _choose(self, box: Box, out: Dimensions) -> tuple[Level, Place]:
        """The smallest level with enough pixels, or else the largest, and the place of the box in it."""
        if not box.inside(self.dimensions):
            raise ValueError(f"{box} reaches out of an image of {self.dimensions}")
        if out == box.dimensions:
            return self.levels[0], _place(self.levels[0], box)
        for level in reversed(self.levels):
            # Tiles and sizes are requested in whole pixels, rounded up as in the level.
            pixels = _nearest_edges(level, box).box
            if pixels and pixels.dimensions == out:
                return level, _nearest_edges(level, box)
            place = _place(level, box)
            if _suffices(place, out):
                return level, place
        return self.levels[0], _place(self.levels[0], box)

    def _fill(self, level: Level, place: Place, target: Pixels, *, with_surroundings: bool) -> None:
        """Write the place, scaled to the target's dimensions, in parts that are small enough (`ops.resample_place`)."""
        out = ops.extents(target)
        if place.width * place.height <= _MOST_AT_ONCE:
            target[:] = self._at_once(level, place, out, with_surroundings)
        elif out.pixels == 1:
            finer = np.empty((2, 2, 3), np.uint8)
            self._fill(level, place, finer, with_surroundings=with_surroundings)
            target[:] = ops.resample(finer, out)
        elif out.height > 1 and (place.height >= place.width or out.width == 1):
            row = _middle(place.height, out.height)
            edge = place.top + place.height * row / out.height
            self._fill(level, replace(place, bottom=edge), target[:row], with_surroundings=True)
            self._fill(level, replace(place, top=edge), target[row:], with_surroundings=True)
        else:
            column = _middle(place.width, out.width)
            edge = place.left + place.width * column / out.width
            left, right = replace(place, right=edge), replace(place, left=edge)
            self._fill(level, left, target[:, :column], with_surroundings=True)
            self._fill(level, right, target[:, column:], with_surroundings=True)

    def _at_once(self, level: Level, place: Place, out: Dimensions, with_surroundings: bool) -> Pixels:
        whole = place.box
        if whole is not None and not with_surroundings:
            return ops.resample(self._gather(level, whole), out)
        needed = _around(place, level.dimensions, out if with_surroundings else None)
        return ops.resample_place(
            self._gather(level, needed), place.moved(-needed.left, -needed.top), out, with_surroundings=True
        )

    def _gather(self, level: Level, box: Box) -> Pixels:
        """The pixels of a box of the level, from all tiles that it touches. A view if it touches one tile only."""
        tile = level.coding.extents
        columns = range(box.left // tile.width, -(-box.right // tile.width))
        rows = range(box.top // tile.height, -(-box.bottom // tile.height))
        if len(columns) == len(rows) == 1:
            pixels = self._decode(level, columns[0], rows[0])
            return ops.cut(pixels, Box(box.left % tile.width, box.top % tile.height, box.width, box.height))
        ready = self._decode_missing(level, [(column, row) for row in rows for column in columns])
        gathered = np.empty((box.height, box.width, 3), np.uint8)
        for row in rows:
            top = row * tile.height - box.top
            lines = slice(max(top, 0), min(top + tile.height, box.height))
            for column in columns:
                left = column * tile.width - box.left
                across = slice(max(left, 0), min(left + tile.width, box.width))
                decoded = ready.get((column, row))
                pixels = self._decode(level, column, row) if decoded is None else decoded
                gathered[lines, across] = pixels[
                    lines.start - top : lines.stop - top, across.start - left : across.stop - left
                ]
        return gathered

    def _decode_missing(self, level: Level, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Pixels]:
        """Decode the tiles that are not cached, by column and row, with other threads if there are enough tiles.

        This thread decodes too, and never waits for a task that has not begun, because the other threads may be busy.
        """
        cache, decoders = self.cache, self.decoders
        if decoders is None or len(places) < 2 * _WORTH_A_THREAD:
            return {}
        waiting = deque(p for p in places if cache is None or not cache.holds(self._cache_key(level, *p)))
        helpers = min(_MOST_HELPERS, len(waiting) // _WORTH_A_THREAD - 1)
        decoded: dict[tuple[int, int], Pixels] = {}

        def decode_waiting() -> None:
            with suppress(IndexError):
                while True:
                    place = waiting.popleft()
                    decoded[place] = self._decode(level, *place)

        if helpers > 0:
            helping = [decoders.submit(decode_waiting) for _ in range(helpers)]
            try:
                decode_waiting()
            finally:
                waiting.clear()
                for helper in helping:
                    helper.cancel() or helper.result()
        return decoded

    def _decode(self, level: Level, column: int, row: int) -> Pixels:
        def decoded() -> Pixels:
            return decode_tile(level.read_tile(self.reader, column, row), level.coding)

        if self.cache is None:
            return decoded()
        return self.cache.get_or_make(self._cache_key(level, column, row), decoded)

    def _cache_key(self, level: Level, column: int, row: int) -> tuple[str, int, int, int, int]:
        return self.key, level.across.level, level.down.level, column, row


def open_tiled(reader: RangeReader) -> TiledImage | None:
    """Open a file if it is a TIFF whose first page can be read tile by tile, else return None.

    `tiff.tiles` lists the kinds of tiles that can be read. Pages must be upright, with or without smaller levels. Only
    directories are read, less than a kilobyte if the result is None.

    Raises CorruptImage if the directories are damaged or refer to bytes beyond the end of the file.
    """
    levels = read_levels(reader)
    return TiledImage(reader, levels) if levels else None


def _place(level: Level, box: Box) -> Place:
    across, down = level.across.place, level.down.place
    return Place(across(box.left), down(box.top), across(box.right), down(box.bottom))


def _suffices(place: Place, out: Dimensions) -> bool:
    """Whether a place has enough pixels, apart from what rounding may have added to the request."""
    sides = ((place.width, out.width), (place.height, out.height))
    return all(shown > side - 1 and shown * _ROUNDED_UP >= side for shown, side in sides)


def _nearest_edges(level: Level, box: Box) -> Place:
    across, down = level.across.nearest_edge, level.down.nearest_edge
    return Place(across(box.left), down(box.top), across(box.right), down(box.bottom))


def _around(place: Place, within: Dimensions, out: Dimensions | None) -> Box:
    """The pixels that contain a place, and the pixels around it that contribute to it at the size `out`."""
    across = min(reach(place.width, out.width), _FURTHEST) if out else 0
    down = min(reach(place.height, out.height), _FURTHEST) if out else 0
    left, top = max(math.floor(place.left) - across, 0), max(math.floor(place.top) - down, 0)
    right = min(math.ceil(place.right) + across, within.width)
    bottom = min(math.ceil(place.bottom) + down, within.height)
    return Box(left, top, right - left, bottom - top)


def _middle(length: float, count: int) -> int:
    """Where to divide `count` output pixels that show `length` pixels: in the middle, or nearby at whole pixels."""
    step = count // math.gcd(count, int(length)) if float(length).is_integer() else count
    return count // 2 // step * step or count // 2
