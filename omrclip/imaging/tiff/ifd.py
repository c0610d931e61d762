"""Image file directories: the tagged values of TIFF, BigTIFF and Exif.

TIFF 6.0, section 2; BigTIFF as in the documentation of libtiff; Exif 2.32, section 4.6.2 (a TIFF header and its
directories, embedded in another file).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from omrclip.errors import CorruptImage
from omrclip.imaging.density import Density, density_of

REDUCED, MASK = 1, 4  # bits of NewSubfileType
PROFILE = 34675
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 274, 282, 283, 296
INCH = 2  # as a ResolutionUnit

RATIONAL = 5
# The field types of numbers, with their codes in `struct`. Rationals are two longs.
_TYPES = {1: "B", 3: "H", 4: "I", RATIONAL: "II", 6: "b", 8: "h", 9: "i", 10: "ii", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_SIZES = {kind: struct.calcsize(f"={code}") for kind, code in _TYPES.items()} | {11: 4, 12: 8}  # and floats
_MOST_ENTRIES = 4096  # TIFF defines some two hundred tags
_UNITS_PER_INCH = {INCH: 1.0, 3: 2.54}
_MOST_DENOMINATOR = 10_000  # of a density that is written
UNKNOWN_TO_CAMERAS = (72.0, 72.0)


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of directories: the byte order as in `struct`, and whether offsets have 64 bits."""

    order: str
    big: bool

    @property
    def entry_bytes(self) -> int:
        """The length of an entry in bytes."""
        return 20 if self.big else 12

    @property
    def offset_code(self) -> str:
        """The `struct` code of an offset."""
        return "Q" if self.big else "I"

    @property
    def offset_bytes(self) -> int:
        """The length of an offset in bytes. Values that are not longer are stored in the entry itself."""
        return 8 if self.big else 4


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: its field type, its number of values, their offset in the file, and the bytes of the entry."""

    kind: int
    count: int
    at: int
    raw: bytes

    @property
    def value_bytes(self) -> int:
        """The length of all its values in bytes. Values of texts and unknown types count one byte each."""
        return self.count * _SIZES.get(self.kind, 1)

    @property
    def whole_code(self) -> str | None:
        """The `struct` code of its values, or None if they are not integers."""
        code = _TYPES.get(self.kind)
        return code if code and len(code) == 1 else None


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: its offset, its entries by tag, and the offset of the next directory, or 0."""

    layout: Layout
    at: int
    entries: dict[int, Entry]
    following: int

    def numbers(self, data: bytes, tag: int, most: int = 64) -> tuple[float, ...]:
        """The values of a tag as numbers, or () if the tag is missing.

        Raises CorruptImage if they are not numbers, are outside the file, or are more than `most`.
        """
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        code = _TYPES.get(entry.kind)
        if code is None or entry.count > most:
            raise CorruptImage(f"The image's tag {tag} is damaged.")
        try:
            values = struct.unpack_from(f"{self.layout.order}{entry.count * len(code)}{code[0]}", data, entry.at)
        except (struct.error, OverflowError):
            raise CorruptImage(f"The image's tag {tag} lies beyond the end of the file.") from None
        if len(code) == 1:
            return values
        return tuple(n / d if d else 0.0 for n, d in zip(values[::2], values[1::2], strict=True))

    def number(self, data: bytes, tag: int, otherwise: int) -> int:
        """The only integer of a tag, or `otherwise` if the tag is missing. Raises CorruptImage as `numbers` does."""
        values = self.numbers(data, tag, most=1)
        return int(values[0]) if values else otherwise


def read_layout(data: bytes) -> tuple[Layout, int]:
    """The layout of a TIFF or Exif block, and the offset of its first directory.

    Raises CorruptImage if the block does not begin with a TIFF header.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        raise CorruptImage("The TIFF header is cut off or damaged.")
    version, offset = struct.unpack_from(order + "HI", data, 2)
    if version == 42:
        return Layout(order, big=False), offset
    if version != 43 or len(data) < 16 or struct.unpack_from(order + "HH", data, 4) != (8, 0):
        raise CorruptImage("The TIFF header is damaged.")
    return Layout(order, big=True), struct.unpack_from(order + "Q", data, 8)[0]


def read_directory(data: bytes, layout: Layout, at: int) -> Directory:
    """The directory at an offset. Raises CorruptImage if it is not completely inside the file."""
    head = "Q" if layout.big else "H"
    try:
        (count,) = struct.unpack_from(layout.order + head, data, at)
        first = at + struct.calcsize(head)
        end = first + count * layout.entry_bytes
        if at < 8 or end > len(data) or count > _MOST_ENTRIES:
            raise CorruptImage("The image's directory lies beyond the end of the file.")
        (following,) = struct.unpack_from(layout.order + layout.offset_code, data, end)
    except (struct.error, OverflowError):
        raise CorruptImage("The image's directory is cut off.") from None
    entries = dict(read_entry(data, layout, place) for place in range(first, end, layout.entry_bytes))
    return Directory(layout, at, entries, following)


def read_entry(data: bytes, layout: Layout, at: int) -> tuple[int, Entry]:
    """The tag and the entry at an offset. All bytes of the entry must exist."""
    tag, kind, count = struct.unpack_from(f"{layout.order}HH{layout.offset_code}", data, at)
    inline = at + 4 + layout.offset_bytes
    entry = Entry(kind, count, inline, data[at : at + layout.entry_bytes])
    if entry.value_bytes <= layout.offset_bytes:
        return tag, entry
    (elsewhere,) = struct.unpack_from(layout.order + layout.offset_code, data, inline)
    return tag, Entry(kind, count, elsewhere, entry.raw)


def orientation(directory: Directory, data: bytes) -> int:
    """The Exif orientation, 1 to 8; 1 if it is missing or invalid."""
    try:
        value = directory.number(data, ORIENTATION, otherwise=1)
    except CorruptImage:
        return 1
    return value if 1 <= value <= 8 else 1


def dots_per_inch(directory: Directory, data: bytes) -> Density | None:
    """The density, or None if it is missing or has no unit."""
    try:
        x = directory.numbers(data, X_RESOLUTION, most=1)
        y = directory.numbers(data, Y_RESOLUTION, most=1)
        unit = directory.number(data, RESOLUTION_UNIT, otherwise=INCH)
    except CorruptImage:
        return None
    return density_in(unit, x, y)


def with_density(data: bytes, density: Density) -> bytes:
    """Replace the density of a file whose first directory has both resolutions in dots per inch."""
    layout, at = read_layout(data)
    entries = read_directory(data, layout, at).entries
    changed = bytearray(data)
    for tag, dots in zip((X_RESOLUTION, Y_RESOLUTION), density, strict=True):
        value = Fraction(dots).limit_denominator(_MOST_DENOMINATOR)
        struct.pack_into(f"{layout.order}II", changed, entries[tag].at, value.numerator, value.denominator)
    return bytes(changed)


def density_in(unit: int, x: Sequence[float], y: Sequence[float]) -> Density | None:
    """The density from the values of its three tags, or None if a value is missing or the unit is not a length."""
    if not x or not y or unit not in _UNITS_PER_INCH:
        return None
    return density_of(x[0], y[0], _UNITS_PER_INCH[unit])


def read_exif(block: bytes) -> tuple[int, Density | None]:
    """Orientation and density of an Exif block, with or without its `Exif` prefix; (1, None) if it is damaged.

    A damaged Exif block is no reason to refuse an image. Cameras do not know the density, and write 72 dpi as the
    standard requires (Exif 2.32, section 4.6.4 A), so this value is ignored.
    """
    try:
        block = block.removeprefix(b"Exif\0\0")
        layout, first = read_layout(block)
        directory = read_directory(block, layout, first)
    except CorruptImage:
        return 1, None
    density = dots_per_inch(directory, block)
    return orientation(directory, block), None if density == UNKNOWN_TO_CAMERAS else density
