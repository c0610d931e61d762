"""Checks that the scans of a JPEG are complete (ITU-T T.81, annexes B and G).

If a progressive file is cut off between two scans and closed by an end marker, it decodes without a warning, but to a
coarser image. The headers of the scans show whether all of them are there.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from omrclip.errors import CorruptImage

_SOS, _EOI = 0xDA, 0xD9
_PROGRESSIVE = frozenset({0xC2, 0xCA})
# In coded pixels, 0xFF is followed by a stuffed zero or a restart marker. Anything else is a segment.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_MOST_SCANS = 256
_COEFFICIENTS = 64


@dataclass(frozen=True, slots=True)
class Scan:
    """The header of a scan: its components, its band of coefficients, and the bits that it leaves to later scans."""

    components: tuple[int, ...]
    first: int
    last: int
    bits_left: int


def check_scans(data: bytes, frame: int, components: tuple[int, ...], first_scan: int) -> None:
    """Check that the scans contain every bit of every component.

    Args:
        data: the file.
        frame: the marker of the frame header.
        components: the component identifiers of the frame header.
        first_scan: the offset of the first scan's marker.

    Raises:
        CorruptImage: scans are missing, or there are more than an encoder writes.
    """
    progressive = frame in _PROGRESSIVE
    if not progressive and data[first_scan + 4] == len(components):
        return
    bits_left = {component: [-1] * _COEFFICIENTS for component in components}
    for number, scan in enumerate(_scans(data, first_scan)):
        if number >= _MOST_SCANS:
            raise CorruptImage(f"The JPEG has more than {_MOST_SCANS} scans.")
        band = slice(scan.first, scan.last + 1) if progressive else slice(0, _COEFFICIENTS)
        for component in set(scan.components) & bits_left.keys():
            left = bits_left[component][band]
            bits_left[component][band] = [scan.bits_left if progressive else 0] * len(left)
    if any(any(left) for left in bits_left.values()):
        raise CorruptImage("The JPEG is cut off: scans of it are missing.")


def _scans(data: bytes, at: int) -> Iterator[Scan]:
    """The headers of all scans, up to the end marker or the end of the file."""
    while found := _MARKER.search(data, at):
        marker, at = data[found.end() - 1], found.end()
        if marker == _EOI or at + 2 > len(data):
            return
        (length,) = struct.unpack_from(">H", data, at)
        if marker == _SOS:
            yield _read_scan(data[at + 2 : at + length])
        at += length


def _read_scan(header: bytes) -> Scan:
    if not header or len(header) < 4 + 2 * header[0]:
        raise CorruptImage("A scan header of the JPEG is damaged.")
    count = header[0]
    first, last, bits = header[1 + 2 * count : 4 + 2 * count]
    return Scan(tuple(header[1 : 1 + 2 * count : 2]), first, last, bits & 15)
