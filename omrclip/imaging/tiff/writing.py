"""Writes pyramidal TIFFs of JPEG tiles, in one pass over the image and with the memory of a few rows of tiles.

The levels are further directories of the file, marked as reduced images, which most image servers can read. Each tile
is a complete JPEG file with tables, so it can be served unchanged. TIFF 6.0, sections 2, 15 and 21; TIFF Technical Note
2; BigTIFF as in the documentation of libtiff.
"""

import struct
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

import cv2
import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import encode
from omrclip.imaging.density import Density
from omrclip.imaging.formats.base import ImageFormat
from omrclip.imaging.formats.writing import DEFAULT_QUALITY, FULL_CHROMA_QUALITY
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import DecodedImage, ImageSource
from omrclip.imaging.tiff import ifd

_JPEG, _YCBCR, _SIDE_BY_SIDE = 7, 6, 1
_FRACTIONS = 10_000  # the unit of a written density, as a fraction of a dot per inch
_SHORT, _LONG, _RATIONAL, _LONG8 = 3, 4, ifd.RATIONAL, 16
_CODES = {_SHORT: "H", _LONG: "I", _RATIONAL: "I", _LONG8: "Q"}
_FULL_RANGE = (0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1)  # black and white of Y, Cb and Cr, as fractions
# More than a JPEG tile of noise needs at the best quality: its header and directory entry, and each pixel.
_MOST_BYTES_PER_TILE, _MOST_BYTES_PER_PIXEL = 1024, 4
_MOST_BYTES_OF_TIFF = 1 << 32
_LARGEST_TILE = 4096

_Tag: TypeAlias = tuple[int, int, tuple[int, ...]]
"""Number, field type and values of a tag. The values of a rational are numerators and denominators."""


@dataclass(slots=True)
class _Level:
    """A level that is being written: the tiles in the file, and the rows that wait for more rows."""

    dimensions: Dimensions
    offsets: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    waiting: Pixels | None = None


def write_pyramid(
    source: ImageSource | Pixels, out: BinaryIO, *, tile: int = 256, quality: int = DEFAULT_QUALITY
) -> None:
    """Write the image and its copies at 1/2, 1/4 and so on down to one tile as a TIFF of JPEG tiles.

    Each level has half the dimensions of the one before, rounded up, and its pixels are rounded means of 2 × 2 pixels.
    The file is a BigTIFF if it may reach 4 GiB.

    Args:
        source: the image, which is read once, from top to bottom, in strips of `tile` rows. Or its pixels, (height,
            width, 3) uint8 BGR.
        out: an empty seekable file, open for writing. After an exception its content is not valid.
        tile: width and height of the tiles in pixels, a multiple of 16.
        quality: of the JPEG tiles, 0 to 100.

    Raises:
        ValueError: the tile or the quality is invalid.
        ImageError: the source cannot be decoded.
        OSError: the file cannot be written.
    """
    if tile % 16 or not 16 <= tile <= _LARGEST_TILE:
        raise ValueError(f"tiles are a multiple of 16 and at most {_LARGEST_TILE} pixels wide, not {tile}")
    image = DecodedImage(source) if isinstance(source, np.ndarray) else source
    dimensions = image.dimensions
    levels = _plan_levels(dimensions, tile)
    layout = ifd.Layout("<", big=_may_exceed_tiff(levels, tile))
    writer = _Writer(out, layout, tile, quality, levels, image.density)
    writer.write_header(first=0)
    for top in range(0, dimensions.height, tile):
        strip = Box(0, top, dimensions.width, min(tile, dimensions.height - top))
        writer.write_rows(0, image.read(strip, strip.dimensions), last=strip.bottom == dimensions.height)
    writer.finish()


def _density_tags(density: Density) -> list[_Tag]:
    x, y = ((round(dots * _FRACTIONS), _FRACTIONS) for dots in density)
    return [
        (ifd.X_RESOLUTION, _RATIONAL, x),
        (ifd.Y_RESOLUTION, _RATIONAL, y),
        (ifd.RESOLUTION_UNIT, _SHORT, (ifd.INCH,)),
    ]


def _plan_levels(dimensions: Dimensions, tile: int) -> list[_Level]:
    levels = [_Level(dimensions)]
    while max(dimensions.width, dimensions.height) > tile:
        dimensions = Dimensions(-(-dimensions.width // 2), -(-dimensions.height // 2))
        levels.append(_Level(dimensions))
    return levels


def _may_exceed_tiff(levels: list[_Level], tile: int) -> bool:
    tiles = sum(-(-level.dimensions.width // tile) * -(-level.dimensions.height // tile) for level in levels)
    return tiles * (_MOST_BYTES_PER_TILE + tile * tile * _MOST_BYTES_PER_PIXEL) >= _MOST_BYTES_OF_TIFF


@dataclass(frozen=True, slots=True)
class _Writer:
    """The file, its number format, its levels, and the density of the first level."""

    out: BinaryIO
    layout: ifd.Layout
    tile: int
    quality: int
    levels: list[_Level]
    density: Density | None

    def write_header(self, first: int) -> None:
        """Write the first bytes, with the offset of the first directory."""
        self.out.seek(0)
        if self.layout.big:
            self.out.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, first))
        else:
            self.out.write(struct.pack("<2sHI", b"II", 42, first))

    def write_rows(self, number: int, rows: Pixels, *, last: bool) -> None:
        """Write one row of a level's tiles, and pass its rows, halved, to the next level.

        `rows` are the rows of a tile, or fewer for the `last` row. Two rows of tiles make one of the next level, which
        waits for the second one. So a level holds at most one row of its tiles.
        """
        self._write_tiles(self.levels[number], rows)
        if number + 1 == len(self.levels):
            return
        smaller = self.levels[number + 1]
        half = ops.halve(rows)
        waiting, smaller.waiting = smaller.waiting, None
        whole = half if waiting is None else np.concatenate([waiting, half])
        if last or waiting is not None:
            self.write_rows(number + 1, whole, last=last)
        else:
            smaller.waiting = whole

    def finish(self) -> None:
        """Write the directories, from the last to the first, because each contains the offset of the next one."""
        following = 0
        self.out.seek(0, 2)
        for number, level in reversed(list(enumerate(self.levels))):
            tags = self._tags(level, reduced=number > 0)
            if self.density and number == 0:
                tags = sorted([*tags, *_density_tags(self.density)])
            following = self._write_directory(tags, following)
        self.write_header(first=following)

    def _write_tiles(self, level: _Level, rows: Pixels) -> None:
        height, width = rows.shape[:2]
        for left in range(0, width, self.tile):
            part = rows[:, left : left + self.tile]
            # The last pixels are repeated at the edges, so that the padding does not show in the visible pixels.
            padded = cv2.copyMakeBorder(part, 0, self.tile - height, 0, self.tile - part.shape[1], cv2.BORDER_REPLICATE)
            code = encode(np.asarray(padded, np.uint8), ImageFormat.JPEG, quality=self.quality)
            level.offsets.append(self.out.tell())
            level.lengths.append(len(code))
            self.out.write(code)

    def _tags(self, level: _Level, *, reduced: bool) -> list[_Tag]:
        offset_type = _LONG8 if self.layout.big else _LONG
        return [
            (254, _LONG, (ifd.REDUCED if reduced else 0,)),
            (256, _LONG, (level.dimensions.width,)),
            (257, _LONG, (level.dimensions.height,)),
            (258, _SHORT, (8, 8, 8)),
            (259, _SHORT, (_JPEG,)),
            (262, _SHORT, (_YCBCR,)),
            (277, _SHORT, (3,)),
            (284, _SHORT, (_SIDE_BY_SIDE,)),
            (322, _LONG, (self.tile,)),
            (323, _LONG, (self.tile,)),
            (324, offset_type, tuple(level.offsets)),
            (325, _LONG, tuple(level.lengths)),
            (530, _SHORT, (1, 1) if self.quality >= FULL_CHROMA_QUALITY else (2, 2)),  # as in JPEG files of the codec
            (532, _RATIONAL, _FULL_RANGE),
        ]

    def _write_directory(self, tags: list[_Tag], following: int) -> int:
        """Write the values that do not fit into their entries, then the directory. Return its offset."""
        entries = [self._entry(*tag) for tag in tags]
        at = self._even_place()
        self.out.write(struct.pack("<Q" if self.layout.big else "<H", len(entries)))
        self.out.write(b"".join(entries) + struct.pack("<" + self.layout.offset_code, following))
        return at

    def _entry(self, tag: int, kind: int, values: tuple[int, ...]) -> bytes:
        content = struct.pack(f"<{len(values)}{_CODES[kind]}", *values)
        if len(content) > self.layout.offset_bytes:
            at = self._even_place()
            self.out.write(content)
            content = struct.pack("<" + self.layout.offset_code, at)
        count = len(values) // 2 if kind == _RATIONAL else len(values)
        head = struct.pack("<HH" + self.layout.offset_code, tag, kind, count)
        return head + content.ljust(self.layout.offset_bytes, b"\0")

    def _even_place(self) -> int:
        """The end of the file, moved to a word boundary, as TIFF requires for directories and values."""
        if self.out.tell() % 2:
            self.out.write(b"\0")
        return self.out.tell()
