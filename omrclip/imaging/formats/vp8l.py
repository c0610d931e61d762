"""The memory that the prefix codes of a lossless WebP need while it is decoded (RFC 9649, section 3).

Each group of five codes needs 12 to 21 kB for its tables, and each block of 4 × 4 pixels may have its own group, up to
65,536. A file of 300 kB can need 380 MB, and one of 9 MB more than a gigabyte. The number of groups is stored after the
images of the transforms, so these must be read too. Only the ends of symbols matter; no pixels are made.
"""

from omrclip.imaging.geometry import Dimensions

_MOST_READ = 1 << 17
"""Maximum number of pixels that are read in the images of transforms and groups. libwebp's encoder writes 16,384 of
each at most.
"""
_MOST_GROUPS = 1 << 16
_TABLE_ENTRIES, _ENTRY_BYTES, _GROUP_BYTES = 2956, 4, 600
"""libwebp's numbers: the entries of a group's five tables without the symbols of the color cache, and other memory."""
_LITERALS, _LENGTHS, _DISTANCES = 256, 24, 40
_LENGTH_ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_LONGEST_CODE = 15

_Code = list[tuple[int, int]]
"""A lookup table by the next bits, as many as the longest symbol has: the length of the first symbol, and the symbol.
"""


class _Damaged(Exception):
    """The stream is not an image. The decoder rejects it at the same place."""


class _Unread(Exception):
    """The stream has more transform data than is worth reading."""


def table_bytes(data: bytes, start: int, stored: Dimensions) -> int:
    """The memory of the tables of an image whose stream, after its header, begins at the offset `start`, in bytes.

    If the stream has more transform images than encoders write, it is the upper limit.
    """
    stream = _Stream(data, start)
    try:
        groups, cache_bits = _main_image(stream, stored)
    except _Damaged:
        return 0
    except _Unread:
        groups, cache_bits = min(_MOST_GROUPS, _blocks(stored, 2).pixels), 11
    return groups * (_ENTRY_BYTES * (_TABLE_ENTRIES + (1 << cache_bits)) + _GROUP_BYTES)


class _Stream:
    """Reads bits, the lowest of each byte first."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self._at = 8 * start
        self.pixels_left = _MOST_READ

    def peek(self, count: int) -> int:
        """The next bits, up to 24."""
        here = self._at >> 3
        return (int.from_bytes(self._data[here : here + 4], "little") >> (self._at & 7)) & ((1 << count) - 1)

    def skip(self, count: int) -> None:
        self._at += count
        if self._at > 8 * len(self._data):
            raise _Damaged

    def read(self, count: int) -> int:
        found = self.peek(count)
        self.skip(count)
        return found

    def symbol(self, code: _Code) -> int:
        length, symbol = code[self.peek(len(code).bit_length() - 1)]
        self.skip(length)
        return symbol


def _blocks(extents: Dimensions, bits: int) -> Dimensions:
    return Dimensions(-(-extents.width >> bits), -(-extents.height >> bits))


def _main_image(stream: _Stream, stored: Dimensions) -> tuple[int, int]:
    """The number of groups, and the bits of the colour cache (sections 3.5, 3.6 and 3.7.2.2)."""
    extents = stored
    while stream.read(1):
        kind = stream.read(2)
        if kind < 2:
            _image(stream, _blocks(extents, stream.read(3) + 2))
        elif kind == 3:
            colours = stream.read(8) + 1
            _image(stream, Dimensions(colours, 1))
            bits = next(bits for most, bits in ((2, 3), (4, 2), (16, 1), (256, 0)) if colours <= most)
            extents = Dimensions(-(-extents.width >> bits), extents.height)
    cache_bits = _cache_bits(stream)
    groups = _image(stream, _blocks(extents, stream.read(3) + 2)) + 1 if stream.read(1) else 1
    return groups, cache_bits


def _cache_bits(stream: _Stream) -> int:
    bits = stream.read(4) if stream.read(1) else 0
    if bits > 11:
        raise _Damaged
    return bits


def _image(stream: _Stream, extents: Dimensions) -> int:
    """Skip an image of one group. Return the highest number that red and green form in any pixel (section 3.7.3)."""
    stream.pixels_left -= extents.pixels
    if stream.pixels_left < 0:
        raise _Unread
    cache = _cache_bits(stream)
    alphabets = (_LITERALS + _LENGTHS + (1 << cache if cache else 0), _LITERALS, _LITERALS, _LITERALS, _DISTANCES)
    green_code, red_code, blue_code, alpha_code, distances = [_code(stream, alphabet) for alphabet in alphabets]
    left, highest = extents.pixels, 0
    while left > 0:
        green = stream.symbol(green_code)
        if green < _LITERALS:
            highest = max(highest, stream.symbol(red_code) << 8 | green)
            stream.symbol(blue_code)
            stream.symbol(alpha_code)
            left -= 1
        elif green < _LITERALS + _LENGTHS:
            left -= _number(stream, green - _LITERALS)
            _number(stream, stream.symbol(distances))
        else:
            left -= 1
    return highest


def _number(stream: _Stream, prefix: int) -> int:
    """A length or a distance (section 3.6.2.2, LZ77)."""
    if prefix < 4:
        return prefix + 1
    extra = (prefix - 2) >> 1
    return ((2 + (prefix & 1)) << extra) + stream.read(extra) + 1


def _code(stream: _Stream, alphabet: int) -> _Code:
    """A prefix code (section 3.7.2.1)."""
    lengths = [0] * 256
    if stream.read(1):
        count, bits = stream.read(1) + 1, 1 + 7 * stream.read(1)
        lengths[stream.read(bits)] = 1
        if count == 2:
            lengths[stream.read(8)] = 1
        return _table(lengths[:alphabet])
    lengths = [0] * len(_LENGTH_ORDER)
    for symbol in _LENGTH_ORDER[: 4 + stream.read(4)]:
        lengths[symbol] = stream.read(3)
    return _table(_lengths(stream, _table(lengths), alphabet))


def _lengths(stream: _Stream, code: _Code, alphabet: int) -> list[int]:
    """The length of each symbol of the alphabet."""
    left = 2 + stream.read(2 + 2 * stream.read(3)) if stream.read(1) else alphabet
    lengths: list[int] = []
    last = 8
    while len(lengths) < alphabet and left > 0:
        left -= 1
        length = stream.symbol(code)
        if length < 16:
            lengths.append(length)
            last = length or last
        elif length == 16:
            lengths += [last] * (3 + stream.read(2))
        else:
            lengths += [0] * (3 + stream.read(3) if length == 17 else 11 + stream.read(7))
    if len(lengths) > alphabet:
        raise _Damaged
    return lengths


def _table(lengths: list[int]) -> _Code:
    """The canonical code of symbols of these lengths. A single symbol needs no bits."""
    symbols = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
    if len(symbols) == 1:
        return [(0, symbols[0][1])]
    longest = max(lengths, default=0)
    if sum(1 << (longest - length) for length, _ in symbols) != 1 << longest:
        raise _Damaged
    table: _Code = [(0, 0)] * (1 << longest)
    code, before = 0, 0
    for length, symbol in symbols:
        code <<= length - before
        first = int(f"{code:0{length}b}"[::-1], 2)
        table[first :: 1 << length] = [(length, symbol)] * (1 << (longest - length))
        code, before = code + 1, length
    return table
