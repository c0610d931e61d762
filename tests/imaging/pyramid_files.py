"""Tiled TIFFs of every kind, put together tag by tag without the code under test, and readers that keep count."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from PIL import Image

from omrclip.imaging.arrays import Pixels

TILE = 32
SHORT, LONG, LONG8, UNDEFINED = 3, 4, 16, 7
Tags = dict[int, tuple[int, list[int] | bytes]]


def halves(pixels: Pixels, least: int = TILE) -> list[Pixels]:
    """The image and its exact halves, extents rounded up, until one fits in a tile of `least` pixels."""
    levels = [pixels]
    while max(levels[-1].shape[:2]) > least:
        height, width = levels[-1].shape[:2]
        even = np.pad(levels[-1], ((0, height % 2), (0, width % 2), (0, 0)), "edge").astype(int)
        sums = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
        levels.append(((sums + 2) // 4).astype(np.uint8))
    return levels


def tiles_of(pixels: Pixels, tile: int = TILE) -> list[Pixels]:
    """All tiles of (height, width, n) pixels in reading order, those at the edges padded by their last pixels."""
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((0, -height % tile), (0, -width % tile), (0, 0)), "edge")
    return [
        padded[top : top + tile, left : left + tile] for top in range(0, height, tile) for left in range(0, width, tile)
    ]


@dataclass
class Kind:
    """How tiles of samples (height, width, n) are coded, and the tags that say so."""

    code: Callable[[Pixels], bytes]
    tags: Tags


def deflated(samples: Pixels) -> bytes:
    return zlib.compress(np.ascontiguousarray(samples).tobytes())


def differenced(samples: Pixels) -> bytes:
    return deflated(np.diff(samples, axis=1, prepend=np.zeros_like(samples[:, :1])))


def jpeg_code(samples: Pixels, **options: object) -> bytes:
    """A JPEG of RGB or grey samples by Pillow."""
    file = BytesIO()
    Image.fromarray(samples[:, :, 0] if samples.shape[2] == 1 else samples).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def jpeg_tables(samples: Pixels) -> bytes:
    """The tables alone, between a start and an end marker, as TN2 has them."""
    return jpeg_code(samples, streamtype=1)


def bare_rgb(samples: Pixels) -> bytes:
    """A JPEG of components that are R, G and B, and of no marker or identifier that says so, as libtiff writes it."""
    data = bytearray(jpeg_code(samples, keep_rgb=True))
    adobe = data.index(b"\xff\xee")
    del data[adobe : adobe + 16]
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    for number in range(3):
        data[frame + 10 + 3 * number] = data[scan + 5 + 2 * number] = number + 1
    return bytes(data)


_DUMMY = np.zeros((TILE, TILE, 3), np.uint8)
RAW = Kind(lambda samples: samples.tobytes(), {259: (SHORT, [1]), 262: (SHORT, [2])})
DEFLATED = Kind(deflated, {259: (SHORT, [8]), 262: (SHORT, [2])})
DIFFERENCED = Kind(differenced, {259: (SHORT, [8]), 262: (SHORT, [2]), 317: (SHORT, [2])})
YCBCR = Kind(jpeg_code, {259: (SHORT, [7]), 262: (SHORT, [6])})
YCBCR_TABLES = Kind(lambda s: jpeg_code(s, streamtype=2), YCBCR.tags | {347: (UNDEFINED, jpeg_tables(_DUMMY))})
RGB_JPEG = Kind(bare_rgb, {259: (SHORT, [7]), 262: (SHORT, [2])})
GREY = Kind(deflated, {259: (SHORT, [32946]), 262: (SHORT, [1])})
GREY_JPEG = Kind(jpeg_code, {259: (SHORT, [7]), 262: (SHORT, [1])})


def directory(samples: Pixels, kind: Kind, *, reduced: bool = False, tile: int = TILE, **changed: object) -> Tags:
    """The tags of one level of (height, width, n) samples, its tiles' bytes at 324; `t_N` replaces tag N."""
    height, width, number = samples.shape
    tags: Tags = {
        254: (LONG, [int(reduced)]),
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [8] * number),
        277: (SHORT, [number]),
        322: (SHORT, [tile]),
        323: (SHORT, [tile]),
        324: (LONG, [kind.code(part) for part in tiles_of(samples, tile)]),  # type: ignore[list-item]
    }
    return tags | kind.tags | {int(name[2:]): value for name, value in changed.items()}  # type: ignore[return-value]


@dataclass
class Tiff:
    """A TIFF that grows: tiles, then directories, each after its own tiles."""

    order: str = "<"
    big: bool = False
    data: bytearray = field(default_factory=bytearray)

    def file(self, directories: list[Tags], subifds: bool = False) -> bytes:
        """The directories one after the other, or all but the first as SubIFDs of it."""
        first_at = 8 if self.big else 4
        magic = b"II" if self.order == "<" else b"MM"
        self.data = bytearray(magic + struct.pack(self.order + "H", 43 if self.big else 42))
        self.data += struct.pack(self.order + "HHQ", 8, 0, 0) if self.big else bytes(4)
        if subifds:
            first, *rest = directories
            places = [self._write(tags)[0] for tags in rest]
            directories = [first | {330: (LONG8 if self.big else LONG, places)}]
        link = first_at
        for tags in directories:
            at, following = self._write(tags)
            struct.pack_into(self.order + ("Q" if self.big else "I"), self.data, link, at)
            link = following
        return bytes(self.data)

    def _write(self, tags: Tags) -> tuple[int, int]:
        """Write a directory; its offset, and the offset of its link to the next one."""
        if isinstance(tags.get(324, (0, [0]))[1][0], bytes):
            blocks: list[bytes] = tags[324][1]  # type: ignore[assignment]
            places = [self._append(block) for block in blocks]
            tags = {325: (LONG, [len(block) for block in blocks])} | tags | {324: (LONG, places)}
        offset = "Q" if self.big else "I"
        inline = 8 if self.big else 4
        entries = b""
        for tag, (kind, values) in sorted(tags.items()):
            code = {SHORT: "H", LONG: "I", LONG8: "Q"}.get(kind, "B")
            content = struct.pack(f"{self.order}{len(values)}{code}", *values)
            if len(content) > inline:
                content = struct.pack(self.order + offset, self._append(content))
            entries += struct.pack(self.order + "HH" + offset, tag, kind, len(values)) + content.ljust(inline, b"\0")
        at = self._append(struct.pack(self.order + ("Q" if self.big else "H"), len(tags)) + entries)
        return at, self._append(bytes(inline))

    def _append(self, content: bytes) -> int:
        at = len(self.data)
        self.data += content
        return at


def pyramid_file(
    levels: list[Pixels], kind: Kind, *, order: str = "<", big: bool = False, subifds: bool = False, **changed: object
) -> bytes:
    """A pyramid of these levels, RGB or grey samples, largest first."""
    directories = [directory(level, kind, reduced=number > 0, **changed) for number, level in enumerate(levels)]
    return Tiff(order, big).file(directories, subifds)


@dataclass
class CountingReader:
    """A RangeReader that remembers what was read."""

    data: bytes
    ranges: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def bytes_read(self) -> int:
        return sum(length for _, length in self.ranges)

    def read(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        assert length > 0
        self.ranges.append((offset, length))
        return self.data[offset : offset + length]
