"""Decodes the rows of a PNG in bands (PNG, third edition, sections 9 and 10).

A band stays in the processor's caches from the deflated bytes to its pixels. Pillow decodes the whole image and needs
more than twice the memory: four bytes a pixel, and the pixels. ISA-L inflates twice as fast as zlib, and noisy images
three times as fast. Pillow's row decoder undoes the filters.
"""

import struct
from collections.abc import Iterator, Sequence

import numpy as np
from isal import isal_zlib
from isal.igzip_lib import IsalError
from PIL import Image

from omrclip.errors import CorruptImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.formats import pillow
from omrclip.imaging.formats.base import ColourMode
from omrclip.imaging.geometry import Dimensions

MODES = {ColourMode.GREY: ("L", "L"), ColourMode.RGB: ("RGB", "BGR"), ColourMode.RGB_ALPHA: ("RGBA", "BGRA")}
"""The kinds of samples that are decoded here, in the order of the file and in ours, if not interlaced and of eight
bits.
"""

_BAND_BYTES = 512 * 1024
_PIECE_BYTES = 256 * 1024
_STORED_BYTES = 65_535  # the most that a block of stored bytes has (RFC 1951, section 3.2.4)
_ZLIB_HEADER = b"\x78\x01"
_UNFILTERED = b"\0"


def decode_rows(deflated: Sequence[memoryview], stored: Dimensions, kind: ColourMode) -> Pixels:
    """Decode the rows as stored: uint8 (height, width) grey, (height, width, 3) BGR or (height, width, 4) BGRA.

    Args:
        deflated: the contents of the IDAT chunks, in order.
        stored: the dimensions of the image.
        kind: one of `MODES`.

    Raises:
        CorruptImage: rows are missing or damaged.
    """
    mode, order = MODES[kind]
    width, height = stored.width, stored.height
    out = np.empty((height, width, len(order)), np.uint8)
    row_bytes = 1 + width * len(mode)
    rows = max(1, _BAND_BYTES // row_bytes)
    stream = _Inflated(deflated)
    above = bytes(row_bytes)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        part = _unfiltered(above + stream.read(count * row_bytes), mode, (width, count + 1))
        band = np.frombuffer(part.tobytes("raw", order), np.uint8).reshape(count + 1, width, len(order))
        out[top : top + count] = band[1:]
        above = _UNFILTERED + part.crop((0, count, width, count + 1)).tobytes()
    stream.finish()
    return out[:, :, 0] if len(order) == 1 else out


def _unfiltered(filtered: bytes, mode: str, extents: tuple[int, int]) -> Image.Image:
    """The image of complete rows. Each row follows the byte of its filter."""
    with pillow.damage_reported("PNG"):
        return Image.frombytes(mode, extents, _stored(filtered), "zip", mode)


def _stored(content: bytes) -> bytes:
    """A zlib stream of uncompressed blocks (RFC 1950), which Pillow requires as input."""
    view = memoryview(content)
    parts: list[bytes | memoryview] = [_ZLIB_HEADER]
    for at in range(0, len(content), _STORED_BYTES):
        block = view[at : at + _STORED_BYTES]
        parts += [struct.pack("<BHH", at + len(block) == len(content), len(block), len(block) ^ 0xFFFF), block]
    return b"".join([*parts, struct.pack(">I", isal_zlib.adler32(content))])


class _Inflated:
    """Reads the inflated bytes of a zlib stream in pieces."""

    def __init__(self, deflated: Sequence[memoryview]) -> None:
        self._pieces = _pieces(deflated)
        self._waiting = b""
        self._stream = isal_zlib.decompressobj()

    def read(self, length: int) -> bytes:
        """The next `length` bytes. Raises CorruptImage if there are fewer."""
        found = bytearray()
        while len(found) < length:
            part = self._some(length - len(found))
            if part is None:
                raise CorruptImage("The PNG is cut off: rows of its pixels are missing.")
            found += part
        return bytes(found)

    def finish(self) -> None:
        """Check the checksum at the end. Raises CorruptImage if it is missing or wrong. Extra rows are ignored."""
        while (part := self._some(1)) is not None:
            if part:
                return
        if not self._stream.eof:
            raise CorruptImage("The PNG is cut off: the end of its pixels is missing.")

    def _some(self, most: int) -> bytes | None:
        """Up to `most` of the next bytes, which may be none yet. None at the end of the stream."""
        is_last = False
        if not self._waiting:
            piece = next(self._pieces, None)
            is_last, self._waiting = piece is None, bytes(piece or b"")
        try:
            part = b"" if self._stream.eof else self._stream.decompress(self._waiting, most)
        except IsalError:  # type: ignore[misc]  # declared as an exception, not as a class of them
            raise CorruptImage("The PNG's pixels are damaged.") from None
        self._waiting = self._stream.unconsumed_tail
        return None if not part and (is_last or self._stream.eof) else part


def _pieces(deflated: Sequence[memoryview]) -> Iterator[memoryview]:
    for content in deflated:
        for at in range(0, len(content), _PIECE_BYTES):
            yield content[at : at + _PIECE_BYTES]
