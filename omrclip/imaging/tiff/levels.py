"""The levels of a pyramidal TIFF: the image and its smaller copies, with the places of their tiles.

The copies are either further directories of the file, marked as reduced images by NewSubfileType, or SubIFDs of the
first directory (TIFF 6.0, section 8; TIFF Technical Note 1). For tiles see TIFF 6.0, section 15.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from omrclip.errors import CorruptImage
from omrclip.imaging.colour import MOST_PROFILE_BYTES
from omrclip.imaging.density import Density
from omrclip.imaging.formats.base import ColourMode
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.tiff import ifd
from omrclip.imaging.tiff.directory import RangedDirectory, WholeNumbers, read_at, read_first, read_following
from omrclip.imaging.tiff.ranges import RangeReader, read_exactly
from omrclip.imaging.tiff.tiles import Compression, TileCoding

_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
_SAMPLES, _PLANAR, _PREDICTOR, _SUBIFDS, _EXTRA, _SAMPLE_FORMAT, _JPEG_TABLES = 277, 284, 317, 330, 338, 339, 347
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325

_MIN_IS_BLACK, _RGB, _YCBCR = 1, 2, 6
_COMPRESSIONS = {1: Compression.NONE, 7: Compression.JPEG, 8: Compression.DEFLATE, 32946: Compression.DEFLATE}
_PREMULTIPLIED, _STRAIGHT = 1, 2  # what an extra sample is
# The kind of samples by photometric interpretation, number of samples, and type of the extra sample.
_MODES = {
    (_MIN_IS_BLACK, 1, ()): ColourMode.GREY,
    (_MIN_IS_BLACK, 2, (_STRAIGHT,)): ColourMode.GREY_ALPHA,
    (_RGB, 3, ()): ColourMode.RGB,
    (_RGB, 4, (_STRAIGHT,)): ColourMode.RGB_ALPHA,
    (_RGB, 4, (_PREMULTIPLIED,)): ColourMode.RGB_ALPHA,
    (_YCBCR, 3, ()): ColourMode.RGB,
}
_NO_PREDICTOR, _HORIZONTAL = 1, 2
_MOST_TILE_PIXELS = 1 << 24
_MOST_TILES = 1 << 21
_MOST_TABLE_BYTES = 1 << 16
_MOST_SUBIFDS = 64


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a level: its length in pixels of the whole image and of the level.

    If an odd length is halved, half a pixel remains. Some writers round it up, others drop it. In both cases each pixel
    of the level covers exactly `factor` pixels of the image, except the last one, which may cover fewer. `factor` is 0
    for a level that was scaled otherwise.
    """

    full: int
    level: int
    factor: int

    def place(self, at: int) -> float:
        """The coordinate in the level of an edge of the image's pixels. It is exact for whole numbers."""
        return min(at / self.factor if self.factor else at * self.level / self.full, self.level)

    def nearest_edge(self, at: int) -> float:
        """Like `place`, but the far edge of the image becomes the far edge of the level's last pixel."""
        return self.level if at == self.full else self.place(at)


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One level: its dimensions, the coding of its tiles, and their places in the file.

    `offsets` and `lengths` are (rows × columns,) int64, in bytes, in reading order.
    """

    across: Axis
    down: Axis
    coding: TileCoding
    offsets: WholeNumbers
    lengths: WholeNumbers

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the level in its own pixels."""
        return Dimensions(self.across.level, self.down.level)

    def read_tile(self, reader: RangeReader, column: int, row: int) -> bytes:
        """The stored bytes of a tile. Raises CorruptImage if the file ends before them."""
        index = row * -(-self.across.level // self.coding.extents.width) + column
        return read_exactly(reader, int(self.offsets[index]), int(self.lengths[index]))


def read_levels(reader: RangeReader) -> tuple[Level, ...]:
    """All levels, largest first. Empty if the first page does not consist of upright tiles that can be read here.

    Raises CorruptImage if a directory is damaged or refers to bytes beyond the end of the file.
    """
    first = read_first(reader)
    if first is None or _TILES not in first.entries or first.number(ifd.ORIENTATION, 1) != 1:
        return ()
    full = _read_dimensions(first)
    coding = _read_coding(first)
    if coding is None:
        return ()
    coding = replace(coding, profile=_read_profile(first), density=_read_density(first))
    levels = [_read_level(first, full, coding, full)]
    for directory in _reduced_images(first):
        coding = _read_coding(directory) if _TILES in directory.entries else None
        dimensions = _read_dimensions(directory)
        if coding and dimensions.pixels < full.pixels and _same_picture(full, dimensions):
            levels.append(_read_level(directory, dimensions, coding, full))
    levels.sort(key=lambda level: level.dimensions.pixels, reverse=True)
    return tuple(levels)


def _reduced_images(first: RangedDirectory) -> Iterator[RangedDirectory]:
    for at in first.few(_SUBIFDS, most=_MOST_SUBIFDS):
        directory = read_at(first.reader, first.layout, at)
        if _subfile_type(directory) == ifd.REDUCED:
            yield directory
    for directory in read_following(first):
        kind = _subfile_type(directory)
        if kind == ifd.REDUCED:
            yield directory
        elif not kind & (ifd.REDUCED | ifd.MASK):
            return  # the next page; what follows belongs to it


def _subfile_type(directory: RangedDirectory) -> int:
    return directory.number(_SUBFILE_TYPE, 0)


def _same_picture(full: Dimensions, reduced: Dimensions) -> bool:
    """Whether the dimensions are those of the image at another scale. A label or a map has others."""
    difference = abs(reduced.width * full.height - reduced.height * full.width)
    return difference <= full.width + full.height


def _read_dimensions(directory: RangedDirectory) -> Dimensions:
    width, height = directory.number(_WIDTH, 0), directory.number(_HEIGHT, 0)
    if width < 1 or height < 1:
        raise CorruptImage("The TIFF header has no width or no height.")
    return Dimensions(width, height)


def _read_coding(directory: RangedDirectory) -> TileCoding | None:
    """The coding of the tiles, or None if it cannot be read here."""
    extents = _read_tile_extents(directory)
    compression = _COMPRESSIONS.get(directory.number(_COMPRESSION, 1))
    if extents.pixels > _MOST_TILE_PIXELS or compression is None or not _has_plain_bytes(directory):
        return None
    extras = directory.few(_EXTRA)
    photometric, samples = directory.number(_PHOTOMETRIC, 0), directory.number(_SAMPLES, 1)
    mode = _MODES.get((photometric, samples, extras))
    if mode is None:
        return None
    if compression is Compression.JPEG:
        return _jpeg_coding(directory, extents, mode, ycbcr=photometric == _YCBCR)
    predictor = directory.number(_PREDICTOR, _NO_PREDICTOR) if compression is Compression.DEFLATE else _NO_PREDICTOR
    if photometric == _YCBCR or predictor not in (_NO_PREDICTOR, _HORIZONTAL):
        return None
    return TileCoding(
        extents,
        mode,
        compression,
        differenced=predictor == _HORIZONTAL,
        premultiplied=extras == (_PREMULTIPLIED,),
    )


def _read_profile(directory: RangedDirectory) -> bytes:
    """The ICC profile, or empty bytes. A damaged profile is no reason to refuse the image."""
    try:
        return directory.content(ifd.PROFILE, most=MOST_PROFILE_BYTES)
    except CorruptImage:
        return b""


def _read_density(directory: RangedDirectory) -> Density | None:
    """The density, or None if it is missing or damaged."""
    try:
        unit = directory.number(ifd.RESOLUTION_UNIT, ifd.INCH)
        return ifd.density_in(unit, directory.fraction(ifd.X_RESOLUTION), directory.fraction(ifd.Y_RESOLUTION))
    except CorruptImage:
        return None


def _jpeg_coding(
    directory: RangedDirectory, extents: Dimensions, mode: ColourMode, *, ycbcr: bool
) -> TileCoding | None:
    if mode not in (ColourMode.GREY, ColourMode.RGB):
        return None
    tables = directory.content(_JPEG_TABLES, most=_MOST_TABLE_BYTES)
    return TileCoding(extents, mode, Compression.JPEG, ycbcr=ycbcr, tables=tables)


def _read_tile_extents(directory: RangedDirectory) -> Dimensions:
    width, height = directory.number(_TILE_WIDTH, 0), directory.number(_TILE_HEIGHT, 0)
    if width < 1 or height < 1:
        raise CorruptImage("The TIFF's tiles have no width or no height.")
    return Dimensions(width, height)


def _has_plain_bytes(directory: RangedDirectory) -> bool:
    """Whether the samples are unsigned bytes, and those of a pixel are stored together."""
    bits = set(directory.few(_BITS)) or {1}
    formats = set(directory.few(_SAMPLE_FORMAT)) or {1}
    side_by_side = directory.number(_PLANAR, 1) == 1 or directory.number(_SAMPLES, 1) == 1
    return bits == {8} and formats == {1} and side_by_side and directory.number(_FILL_ORDER, 1) == 1


def _read_level(directory: RangedDirectory, dimensions: Dimensions, coding: TileCoding, full: Dimensions) -> Level:
    tile = coding.extents
    count = -(-dimensions.width // tile.width) * -(-dimensions.height // tile.height)
    if count > min(_MOST_TILES, directory.reader.size):  # of a byte each at the least
        raise CorruptImage("The TIFF is cut off: it is shorter than the tiles in its header.")
    offsets = directory.numbers(_TILES, most=count)
    lengths = directory.numbers(_TILE_BYTES, most=count)
    if not len(offsets) == len(lengths) == count:
        raise CorruptImage(f"The TIFF has {min(len(offsets), len(lengths))} of its {count} tiles.")
    size = directory.reader.size
    inside = (offsets >= 0) & (lengths >= 1) & (lengths <= size) & (offsets <= size - lengths)
    if not inside.all():
        raise CorruptImage("The TIFF is cut off: a tile lies beyond the end of the file.")
    factor = _common_factor(full, dimensions)
    across, down = Axis(full.width, dimensions.width, factor), Axis(full.height, dimensions.height, factor)
    return Level(across, down, coding, offsets, lengths)


def _common_factor(full: Dimensions, reduced: Dimensions) -> int:
    """The integer by which width and height of the image are divided, rounded up or down; 0 if there is none."""
    sides = max((full.width, reduced.width), (full.height, reduced.height))
    factor = round(sides[0] / sides[1])
    exact = all(abs(r * factor - f) < factor for f, r in ((full.width, reduced.width), (full.height, reduced.height)))
    return factor if exact else 0
