"""TIFF and BigTIFF (TIFF 6.0; Adobe's TIFF Technical Note 3 for deflate): directory and pixels of the first page."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL.TiffImagePlugin import TiffImageFile

from omrclip.errors import CorruptImage, UnsupportedImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.formats import fax, jpeg, pillow
from omrclip.imaging.formats.base import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.tiff import ifd

_SUBFILE_TYPE = 254
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIPS, _SAMPLES = 256, 257, 258, 259, 262, 273, 277
_FILL_ORDER, _ROWS_PER_STRIP, _STRIP_BYTES, _PLANAR = 266, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _EXTRA, _SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339
_JPEG_TABLES = 347

_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE, _SEPARATED, _YCBCR = 0, 1, 2, 3, 5, 6
_UNCOMPRESSED, _JPEG, _DEFLATE = 1, 7, (8, 32946)
# None, Huffman runs, fax groups 3 and 4, LZW, JPEG, deflate (two numbers), PackBits, LZMA, Zstandard, WebP.
_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32946, 32773, 34925, 50000, 50001})

# The tags that define the pixels: FillOrder, the fax options, the predictor, the color map, the JPEG tables and the
# YCbCr tags, and those above. Other tags are not passed to the decoder.
_PIXEL_TAGS = frozenset({256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325})
_PIXEL_TAGS |= {332, 338, 339, 347, 529, 530, 531, 532}
_ONE_VALUE = frozenset({256, 257, 259, 262, 266, 277, 278, 284, 292, 293, 317, 322, 323, 332})
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_MOST_SAMPLES = 6
_MOST_FRAMES = 10_000
_MOST_BLOCKS = 500_000
# Bytes a pixel of Pillow's image, and of everything that is made from it; measured with images of 6 megapixels.
_STORED = {ColourMode.BILEVEL: 1, ColourMode.GREY: 1}
_CONVERTED = {
    ColourMode.BILEVEL: 7.5,
    ColourMode.GREY: 6.5,
    ColourMode.GREY_ALPHA: 15.5,
    ColourMode.PALETTE: 9.0,
    ColourMode.RGB: 7.5,
    ColourMode.RGB_ALPHA: 11.5,
    ColourMode.CMYK: 11.5,
}
_DEEP_GREY = 8.5
# And for a block of pixels: the decoded block, for JPEG also the check before decoding, and the code as bits.
_BLOCK_COPIES, _JPEG_BLOCK, _FAX_LINES = 1, 12, 10
_MOST_GROWTH, _SMALL_CODE = 16, 1 << 20
_MOST_SHARING = 4  # times that each byte may be read, because some writers store equal tiles once


def read_header(data: bytes) -> ImageInfo:
    """Read the header of the first page. Raises CorruptImage, or UnsupportedImage for samples that are not read."""
    layout, at = ifd.read_layout(data)
    first = ifd.read_directory(data, layout, at)
    width, height = first.number(data, _WIDTH, 0), first.number(data, _HEIGHT, 0)
    if width < 1 or height < 1:
        raise CorruptImage("The TIFF header names no width or no height.")
    compression = first.number(data, _COMPRESSION, _UNCOMPRESSED)
    if compression not in _COMPRESSIONS:
        raise UnsupportedImage(f"A TIFF with compression {compression} is not supported.")
    bits = _bits(data, first)
    if compression == _UNCOMPRESSED and first.number(data, _PLANAR, 1) == 2 and bits[1:] and bits[0] != 8:
        raise UnsupportedImage("A TIFF of uncompressed planes is read with 8 bits a sample; this one has others.")
    extents, mode = Dimensions(width, height), _mode(data, first, bits)
    return ImageInfo(
        ImageFormat.TIFF,
        extents,
        mode=mode,
        bit_depth=bits[0],
        decoding_bytes=_decoding_bytes(data, first, extents, mode, bits),
        orientation=ifd.orientation(first, data),
        dpi=ifd.dots_per_inch(first, data),
        frames=_count_frames(data, first),
        has_profile=ifd.PROFILE in first.entries,
    )


def read_profile(data: bytes) -> bytes:
    """The ICC profile of the first page (ICC.1, annex B.3), or empty bytes."""
    layout, at = ifd.read_layout(data)
    return _profile(data, ifd.read_directory(data, layout, at))


def _profile(data: bytes, directory: ifd.Directory) -> bytes:
    entry = directory.entries.get(ifd.PROFILE)
    return b"" if entry is None else data[entry.at : entry.at + entry.count]


def _decoding_bytes(
    data: bytes, directory: ifd.Directory, extents: Dimensions, mode: ColourMode, bits: tuple[int, ...]
) -> int:
    """The memory that decoding needs: two copies of the file and Pillow's image, or one and all that is made from it.

    A block of pixels is decoded separately. It may be as large as the image, and a tile may be larger.
    """
    deep_grey = mode is ColourMode.GREY and bits[0] > 8
    converted = _DEEP_GREY if deep_grey else _CONVERTED[mode]
    stored = 2 if deep_grey else _STORED.get(mode, 4)
    across, down = _block_extents(data, directory, extents)
    block = across * min(down, extents.height if _TILES not in directory.entries else down)
    compression = directory.number(data, _COMPRESSION, _UNCOMPRESSED)
    decoded = block * sum(bits) // 8
    in_block = 0 if compression == _UNCOMPRESSED else _BLOCK_COPIES * decoded
    if compression == _JPEG:
        in_block = _JPEG_BLOCK * block
    code = min(len(data), _most_code_bytes(decoded))
    in_block += {fax.GROUP_3: _FAX_LINES, fax.GROUP_4: 4}.get(compression, 1) * code
    return max(stored * extents.pixels + 2 * len(data) + in_block, int(converted * extents.pixels) + len(data))


def _most_code_bytes(decoded: int) -> int:
    """The maximum length of a block's code. No compression makes it longer."""
    return _MOST_GROWTH * decoded + _SMALL_CODE


def _block_extents(data: bytes, directory: ifd.Directory, extents: Dimensions) -> tuple[int, int]:
    """Width and height of a tile or strip as stored, including padding. Raises CorruptImage."""
    tiled = _TILES in directory.entries
    across = directory.number(data, _TILE_WIDTH, 0) if tiled else extents.width
    down = directory.number(data, _TILE_HEIGHT if tiled else _ROWS_PER_STRIP, extents.height)
    if across < 1 or down < 1:
        raise CorruptImage("The TIFF's blocks of pixels have no width or no height.")
    return across, down


def decode(data: bytes, info: ImageInfo) -> Pixels:
    """Decode the first page, as stored. Raises CorruptImage or UnsupportedImage."""
    layout, at = ifd.read_layout(data)
    directory = ifd.read_directory(data, layout, at)
    blocks = _read_blocks(data, directory, info)
    for block in blocks:
        _check_block(data, block, directory, info)
    if directory.number(data, _COMPRESSION, _UNCOMPRESSED) == fax.GROUP_4:
        return _decode_group_4(data, blocks, directory, info)
    return _decode_page(data, directory, info)


def _decode_page(data: bytes, directory: ifd.Directory, info: ImageInfo) -> Pixels:
    image = pillow.load(TiffImageFile, _pixels_only(data, directory), "TIFF", refused=UnsupportedImage)
    pixels = pillow.to_pixels(image, info.bit_depth, _profile(data, directory))
    if directory.number(data, _PHOTOMETRIC, _MIN_IS_WHITE) == _MIN_IS_WHITE and info.bit_depth > 8:
        return 255 - pixels  # Pillow reverses samples of fewer bits itself
    return pixels


def _bits(data: bytes, directory: ifd.Directory) -> tuple[int, ...]:
    samples = directory.number(data, _SAMPLES, 1)
    if not 1 <= samples <= _MOST_SAMPLES:
        raise UnsupportedImage(f"A TIFF with {samples} samples per pixel is not supported.")
    bits = tuple(int(b) for b in directory.numbers(data, _BITS, most=_MOST_SAMPLES)) or (1,)
    if len(bits) == 1:
        bits *= samples
    formats = directory.numbers(data, _SAMPLE_FORMAT, most=_MOST_SAMPLES) or (1,)
    if len(bits) != samples or len(set(bits)) > 1 or bits[0] not in (1, 2, 4, 8, 12, 16) or set(formats) != {1}:
        raise UnsupportedImage(
            "A TIFF is read with unsigned samples of 1, 2, 4, 8, 12 or 16 bits; this one has others."
        )
    return bits


def _mode(data: bytes, directory: ifd.Directory, bits: tuple[int, ...]) -> ColourMode:
    photometric = directory.number(data, _PHOTOMETRIC, _MIN_IS_WHITE)
    alpha = any(extra in (1, 2) for extra in directory.numbers(data, _EXTRA, most=_MOST_SAMPLES))
    if photometric in (_MIN_IS_WHITE, _MIN_IS_BLACK):
        if alpha:
            return ColourMode.GREY_ALPHA
        return ColourMode.BILEVEL if bits == (1,) else ColourMode.GREY
    if photometric == _RGB:
        return ColourMode.RGB_ALPHA if alpha else ColourMode.RGB
    modes = {_PALETTE: ColourMode.PALETTE, _SEPARATED: ColourMode.CMYK, _YCBCR: ColourMode.RGB}
    if photometric not in modes:
        raise UnsupportedImage(f"A TIFF with photometric interpretation {photometric} is not supported.")
    return modes[photometric]


def _count_frames(data: bytes, first: ifd.Directory) -> int:
    """The number of pages. Raises CorruptImage if the chain of directories is broken.

    The smaller copies of a page in a pyramid, and transparency masks, do not count as pages.
    """
    seen = {first.at}
    copies = 0
    following = first.following
    head, count_code = (8, "Q") if first.layout.big else (2, "H")
    while following:
        if following in seen or len(seen) >= _MOST_FRAMES:
            raise CorruptImage("The TIFF's chain of pages does not end.")
        seen.add(following)
        try:
            (count,) = struct.unpack_from(first.layout.order + count_code, data, following)
            copies += _is_copy(data, first.layout, following + head)
            end = following + head + count * first.layout.entry_bytes
            (following,) = struct.unpack_from(first.layout.order + first.layout.offset_code, data, end)
        except (struct.error, OverflowError):
            raise CorruptImage("The TIFF's pages lie beyond the end of the file.") from None
    return len(seen) - copies


def _is_copy(data: bytes, layout: ifd.Layout, first_entry: int) -> bool:
    """Whether a directory is a reduced image or a mask, by NewSubfileType. As the lowest tag, it comes first."""
    tag, kind = struct.unpack_from(layout.order + "HH", data, first_entry)
    if tag != _SUBFILE_TYPE or kind != 4:
        return False
    (subfile,) = struct.unpack_from(layout.order + "I", data, first_entry + 4 + layout.offset_bytes)
    return bool(subfile & (ifd.REDUCED | ifd.MASK))


@dataclass(frozen=True, slots=True)
class Block:
    """A strip or tile: its dimensions, its decoded length in bytes, and the place of its code in the file."""

    extents: Dimensions
    decoded_bytes: int
    place: slice


def _read_blocks(data: bytes, directory: ifd.Directory, info: ImageInfo) -> list[Block]:
    """All strips or tiles. Raises CorruptImage if one is missing, or reaches beyond the end of the file."""
    tiled = _TILES in directory.entries
    starts, lengths = (_TILES, _TILE_BYTES) if tiled else (_STRIPS, _STRIP_BYTES)
    grid = _grid(data, directory, info, tiled)
    offsets = [int(n) for n in directory.numbers(data, starts, most=len(grid))]
    counts = [int(n) for n in directory.numbers(data, lengths, most=len(grid))]
    if not len(offsets) == len(counts) == len(grid):
        raise CorruptImage(f"The TIFF has {min(len(offsets), len(counts))} of its {len(grid)} blocks of pixels.")
    if any(count < 1 or at + count > len(data) for at, count in zip(offsets, counts, strict=True)):
        raise CorruptImage("The TIFF is cut off: a block of its pixels lies beyond the end of the file.")
    if any(count > _most_code_bytes(decoded) for count, (_, decoded) in zip(counts, grid, strict=True)):
        raise CorruptImage("The TIFF is damaged: a block of its pixels is longer than its pixels can be.")
    if sum(counts) > _MOST_SHARING * len(data):
        raise CorruptImage("The TIFF's blocks of pixels overlap.")
    return [
        Block(extents, decoded_bytes, slice(at, at + count))
        for (extents, decoded_bytes), at, count in zip(grid, offsets, counts, strict=True)
    ]


def _check_block(data: bytes, block: Block, directory: ifd.Directory, info: ImageInfo) -> None:
    """Check that the block is complete, by its compression. libtiff would fill missing parts without an error."""
    compression = directory.number(data, _COMPRESSION, _UNCOMPRESSED)
    if compression == _UNCOMPRESSED and block.place.stop - block.place.start < block.decoded_bytes:
        raise CorruptImage("The TIFF is cut off: a block of its pixels is too short.")
    if compression in _DEFLATE:
        _check_deflated(_bits_in_order(data[block.place], data, directory), block.decoded_bytes)
    elif compression == _JPEG:
        # The last strip may be stored with the height of the others.
        most = Dimensions(*_block_extents(data, directory, info.stored))
        jpeg.check(_jpeg_tables(data, directory) + data[block.place][2:], block.extents, most)
    elif compression == fax.GROUP_3:
        fax.check_lines(_bits_in_order(data[block.place], data, directory), block.extents.height)


def _decode_group_4(data: bytes, blocks: list[Block], directory: ifd.Directory, info: ImageInfo) -> Pixels:
    """Decode a page of group 4. Raises CorruptImage if rows are missing: libtiff reads on behind the code, or stops.

    The page is decoded with a dark pixel behind the code of each block. Only if a row of a block begins with a dark
    pixel, rows may be missing. Then the page is decoded again, without these pixels, and compared.
    """
    photometric = directory.number(data, _PHOTOMETRIC, _MIN_IS_WHITE)
    is_code_black = photometric == _MIN_IS_WHITE  # the codes call 1 black, whatever it means in the image
    marked = bytearray(data)
    for block in blocks:
        code = fax.with_pixel_at_end(_bits_in_order(data[block.place], data, directory), is_black=is_code_black)
        marked[block.place] = _bits_in_order(code, data, directory)
    pixels = _decode_page(bytes(marked), directory, info)
    across, _ = _block_extents(data, directory, info.stored)
    is_grey = photometric in (_MIN_IS_WHITE, _MIN_IS_BLACK) and not _profile(data, directory)
    may_lack_rows = not is_grey or (pixels[:, ::across] == 0).any()
    if may_lack_rows and not np.array_equal(pixels, _decode_page(data, directory, info)):
        raise fax.cut_off()
    return pixels


def _bits_in_order(code: bytes, data: bytes, directory: ifd.Directory) -> bytes:
    """Reverse the bits of each byte if the file stores the lowest bit first."""
    return code.translate(_REVERSED) if directory.number(data, _FILL_ORDER, 1) == 2 else code


def _grid(data: bytes, directory: ifd.Directory, info: ImageInfo, tiled: bool) -> list[tuple[Dimensions, int]]:
    """The extents of the strips or tiles that there must be, and their decoded bytes, in the order of the file."""
    stored = info.stored
    across, down = _block_extents(data, directory, stored)
    samples = directory.number(data, _SAMPLES, 1)
    planes = samples if directory.number(data, _PLANAR, 1) == 2 else 1
    columns, rows = -(-stored.width // across), -(-stored.height // down)
    if columns * rows * planes > min(len(data), _MOST_BLOCKS):  # of a byte each at the least
        raise CorruptImage("The TIFF is too short for the blocks of pixels that its header names.")
    row_bytes = -(-across * info.bit_depth * (samples // planes) // 8)
    heights = [down if tiled else min(down, stored.height - row * down) for row in range(rows)]
    return [(Dimensions(across, height), row_bytes * height) for height in heights for _ in range(columns)] * planes


def _check_deflated(block: bytes, needed: int) -> None:
    """Check that the deflated block is complete, by its checksum, which libtiff does not always check."""
    stream = zlib.decompressobj()
    total, most = 0, 2 * needed + (1 << 20)
    try:
        while not stream.eof and block and total <= most:
            total += len(stream.decompress(block, 1 << 20))
            block = stream.unconsumed_tail
    except zlib.error:
        raise CorruptImage("The TIFF's deflated pixels are damaged.") from None
    if not stream.eof:
        raise CorruptImage("The TIFF's deflated pixels are cut off.")


def _jpeg_tables(data: bytes, directory: ifd.Directory) -> bytes:
    """The shared tables without their end marker. They replace the start of each JPEG block."""
    tables = directory.entries.get(_JPEG_TABLES)
    if tables is None:
        return b"\xff\xd8"
    return data[tables.at : tables.at + tables.count].removesuffix(b"\xff\xd9")


def _pixels_only(data: bytes, directory: ifd.Directory) -> bytes:
    """The file with a directory of the pixel tags alone, put at its end.

    So no decoder turns the image by an orientation that the codec turns it by again, and no damaged remark about
    the picture keeps the picture from being read.
    """
    layout = directory.layout
    kept = {tag: entry for tag, entry in sorted(directory.entries.items()) if tag in _PIXEL_TAGS}
    if directory.number(data, _SAMPLES, 1) == 1:
        kept.pop(_PLANAR, None)  # without a meaning for one sample; Pillow would leave MinIsWhite unturned
    for tag in _ONE_VALUE & kept.keys():
        directory.number(data, tag, 0)
    if any(entry.at + entry.value_bytes > len(data) for entry in kept.values()):
        raise CorruptImage("The TIFF's directory names values beyond the end of the file.")
    at = len(data) + len(data) % 2
    new = struct.pack(layout.order + ("Q" if layout.big else "H"), len(kept))
    new += b"".join(entry.raw for entry in kept.values()) + bytes(layout.offset_bytes)
    start = data[: 8 if layout.big else 4] + struct.pack(layout.order + layout.offset_code, at)
    return b"".join((start, memoryview(data)[len(start) :], bytes(at - len(data)), new))
