"""JPEG 2000 (ISO/IEC 15444-1): files with boxes (.jp2), and codestreams without boxes (.j2k).

OpenCV decodes the codestream. Pillow would read a few more kinds, but it holds Python's global lock while it decodes,
0.4 s per megapixel, in which the server cannot answer. The boxes are read here and never passed to OpenCV.
"""

import struct
from collections.abc import Iterator

import cv2
import numpy as np

from omrclip.errors import CorruptImage, UnsupportedImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.colour import inks_to_bgr
from omrclip.imaging.density import Density, density_of
from omrclip.imaging.formats import opencv
from omrclip.imaging.formats.base import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.geometry import Dimensions

CODESTREAM = b"\xff\x4f\xff\x51"
BOXES = b"\x00\x00\x00\x0cjP  \r\n\x87\n"

_SUPERBOXES = (b"jp2h", b"res ")
_MODES = {1: ColourMode.GREY, 3: ColourMode.RGB, 4: ColourMode.RGB_ALPHA}
_ENUMERATED = 1  # method of a colour specification that names a colour space by number (I.5.3.3)
_CMYK, _SRGB, _GREY, _SYCC = 12, 16, 17, 18
_SIGNED, _LEAST_DEPTH, _MOST_DEPTH = 0x80, 8, 16  # of the samples, in bits
_PROFILED = (b"\2", b"\3")  # methods: a restricted profile, and any other profile
_INCH = 0.0254
_MOST_BOXES = 10_000
_COD, _COC = 0xFF52, 0xFF53
_CODING_STYLES = (_COD, _COC)
# Bytes a pixel of the decoder's image and ours, by number of components; measured with images of 6 megapixels.
_BYTES_A_PIXEL = {1: 4, 2: 11, 3: 8, 4: 11}
_DEEP_BYTES = 5
# Memory that OpenJPEG needs for a tile, for a component of a tile, and for a code block or a precinct; measured.
_TILE_BYTES, _TILE_COMPONENT_BYTES, _BLOCK_BYTES = 7_000, 2_000, 480
_START_OF_TILE, _END = 0xFF90, b"\xff\xd9"


def read_header(data: bytes) -> ImageInfo:
    """Read the header. Raises CorruptImage, or UnsupportedImage for samples that are not read."""
    boxes = {} if data.startswith(CODESTREAM) else _header_boxes(data)
    start = boxes.get(b"jp2c", slice(0, len(data))).start
    width, height, components, depth = _read_siz(data, start)
    if b"ihdr" in boxes and struct.unpack_from(">II", data, boxes[b"ihdr"].start) != (height, width):
        raise CorruptImage("The JPEG 2000 image has other dimensions than its header says.")
    _check_channels(data, boxes)
    decoding = _decoding_bytes(data, start, Dimensions(width, height), components, depth)
    mode = _MODES[components]
    if components == 4 and _colour_space(data, boxes) == _CMYK:
        mode = ColourMode.CMYK
    dpi, has_profile = _capture_resolution(data, boxes), bool(_profile(data, boxes))
    return ImageInfo(
        ImageFormat.JP2,
        Dimensions(width, height),
        mode,
        depth,
        dpi=dpi,
        has_profile=has_profile,
        decoding_bytes=decoding,
    )


def read_profile(data: bytes) -> bytes:
    """The ICC profile of the first color specification (I.5.3.3), or empty bytes."""
    return b"" if data.startswith(CODESTREAM) else _profile(data, _header_boxes(data))


def _profile(data: bytes, boxes: dict[bytes, slice]) -> bytes:
    content = data[boxes[b"colr"]] if b"colr" in boxes else b""
    return content[3:] if content[:1] in _PROFILED else b""


def decode(data: bytes, info: ImageInfo) -> Pixels:
    """Decode to uint8 (height, width) grey, (height, width, 3) BGR or (height, width, 4) BGRA. Raises CorruptImage."""
    boxes = {} if data.startswith(CODESTREAM) else _header_boxes(data)
    stream = boxes.get(b"jp2c", slice(0, len(data)))
    _check_tiles(data, stream)
    pixels = opencv.decode(memoryview(data)[stream], "JPEG 2000 image", info.bit_depth)
    # OpenCV treats the first three components as red, green and blue, and stores them in reverse order.
    if info.mode is ColourMode.CMYK:
        return inks_to_bgr(pixels[:, :, [2, 1, 0, 3]], _profile(data, boxes))
    if info.mode is ColourMode.RGB and _colour_space(data, boxes) == _SYCC:
        return np.asarray(cv2.cvtColor(pixels[:, :, [2, 0, 1]], cv2.COLOR_YCrCb2BGR), np.uint8)
    return pixels


def _colour_space(data: bytes, boxes: dict[bytes, slice]) -> int | None:
    """The number of the color space (table I.10), or None if a profile or nothing describes it."""
    content = data[boxes[b"colr"]] if b"colr" in boxes else b""
    return int.from_bytes(content[3:7]) if content[:1] == bytes([_ENUMERATED]) else None


def _check_channels(data: bytes, boxes: dict[bytes, slice]) -> None:
    """Raise UnsupportedImage unless the components are grey, colors or inks in the usual order (I.5.3.3 to 6)."""
    space = _colour_space(data, boxes)
    if space not in (None, _CMYK, _SRGB, _GREY, _SYCC):
        raise UnsupportedImage(
            f"A JPEG 2000 image in the enumerated color space {space} is not supported. Save it as sRGB."
        )
    if b"pclr" in boxes:
        raise UnsupportedImage("A JPEG 2000 image with a palette is not supported. Save it as RGB, or as PNG.")
    if b"cdef" in boxes:
        channels = struct.iter_unpack(">HHH", data[boxes[b"cdef"]][2:])
        if any(kind == 0 and place not in (0, channel + 1) for channel, kind, place in channels):
            raise UnsupportedImage(
                "A JPEG 2000 image with its colors in another order is not supported. Save it as RGB."
            )


def _header_boxes(data: bytes) -> dict[bytes, slice]:
    """The place of the content of the first box of each name, up to the codestream."""
    found: dict[bytes, slice] = {}
    for name, content in _walk(data):
        found.setdefault(name, content)
    if b"jp2c" not in found:
        raise CorruptImage("The JPEG 2000 image is cut off before its codestream.")
    return found


def _walk(data: bytes) -> Iterator[tuple[bytes, slice]]:
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        end = at + length if length else len(data)  # 0: up to the end of the file
        if end < at + head:
            raise CorruptImage("A box of the JPEG 2000 image is damaged.")
        yield name, slice(at + head, end)
        if name == b"jp2c":
            return
        at = at + head if name in _SUPERBOXES else end


def _read_siz(data: bytes, at: int) -> tuple[int, int, int, int]:
    """Width, height, number of components and bits of each (A.5.1). Raises UnsupportedImage if they are not read."""
    if data[at : at + 4] != CODESTREAM:
        raise CorruptImage("The JPEG 2000 codestream does not start with its marker.")
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    components, precision = struct.unpack_from(">HB", data, at + 40)
    if right <= left or bottom <= top:
        raise CorruptImage("The JPEG 2000 header names no width or no height.")
    depth = (precision & 0x7F) + 1
    if components not in _MODES or precision & _SIGNED or not _LEAST_DEPTH <= depth <= _MOST_DEPTH:
        signed = "signed " if precision & _SIGNED else ""
        raise UnsupportedImage(
            f"A JPEG 2000 image of {components} components of {depth} {signed}bits is not supported. Save it as grey, "
            "RGB or RGBA of 8 to 16 bits."
        )
    if data[at + 42 : at + 42 + 3 * components] != bytes([precision, 1, 1]) * components:
        raise UnsupportedImage("A JPEG 2000 image with components of different sizes is not supported. Save it as RGB.")
    return right - left, bottom - top, components, depth


def _decoding_bytes(data: bytes, at: int, extents: Dimensions, components: int, depth: int) -> int:
    """The memory that decoding needs: OpenJPEG's tile and its records, the decoder's whole image, and ours.

    A tile needs four bytes for each sample, and the bytes of the sample itself. For each code block and precinct
    (A.6.1) OpenJPEG allocates a record before it reads any of them, and a file may declare very many.
    """
    width, height = struct.unpack_from(">II", data, at + 24)
    if not width or not height:
        raise CorruptImage("The JPEG 2000 header has tiles without width or height.")
    tile = Dimensions(min(width, extents.width), min(height, extents.height))
    tiles = -(-extents.width // tile.width) * -(-extents.height // tile.height)
    samples = components * tile.pixels
    in_tile = samples * (4 + (2 if depth > 8 else 1)) + _most_blocks(data, at, samples) * _BLOCK_BYTES
    whole = _BYTES_A_PIXEL[components] + (_DEEP_BYTES if depth > 8 else 0)
    return whole * extents.pixels + in_tile + tiles * (_TILE_BYTES + components * _TILE_COMPONENT_BYTES) + 2 * len(data)


def _most_blocks(data: bytes, at: int, samples: int) -> int:
    """The number of code blocks and precincts in a tile, by COD and COC of the main header (A.6.1, 2)."""
    most, at = 0, at + 2
    while data[at : at + 2] != _START_OF_TILE.to_bytes(2):
        marker, length = struct.unpack_from(">HH", data, at)
        if marker in _CODING_STYLES:
            style, first = (data[at + 4], at + 9) if marker == _COD else (data[at + 5], at + 6)
            most = max(most, _blocks_of(data[first : at + 2 + length], samples, has_precincts=bool(style & 1)))
        at += 2 + max(2, length)
    return most


def _blocks_of(coding: bytes, samples: int, *, has_precincts: bool) -> int:
    """The number for one coding style, from its levels and the exponents of code blocks and precincts."""
    levels, across, down = coding[0], (coding[1] & 15) + 2, (coding[2] & 15) + 2
    blocks = 0
    for level in range(levels + 1):
        exponents = coding[5 + level] if has_precincts else 0xFF
        # At all levels but the lowest, a precinct is divided into code blocks of three bands of half its size.
        halved = int(level > 0)
        width, height = exponents & 15, exponents >> 4
        in_block = min(across, max(0, width - halved)) + min(down, max(0, height - halved))
        at_level = max(1, samples >> 2 * (levels - level))
        blocks += (at_level >> in_block) + (at_level >> width + height) + 2
    return blocks


def _capture_resolution(data: bytes, boxes: dict[bytes, slice]) -> Density | None:
    """The density (I.5.3.7.1): numerators, denominators and exponents of pixels per meter, the vertical ones first."""
    if b"resc" not in boxes:
        return None
    down, down_by, across, across_by, down_ten, across_ten = struct.unpack_from(">HHHHbb", data, boxes[b"resc"].start)
    if not down_by or not across_by:
        return None
    return density_of(across / across_by * 10.0**across_ten, down / down_by * 10.0**down_ten, _INCH)


def _check_tiles(data: bytes, stream: slice) -> None:
    """Check that the tile parts (A.4.2) follow one another up to the end marker.

    The decoder does not report missing parts. It leaves tiles grey and omits details.
    """
    end = min(stream.stop, len(data))
    at = _first_tile(data, stream.start, end)
    while data[at : at + 2] != _END:
        if at + 12 > end or struct.unpack_from(">H", data, at)[0] != _START_OF_TILE:
            raise CorruptImage("The JPEG 2000 image is cut off or damaged: its tiles do not follow one another.")
        (length,) = struct.unpack_from(">I", data, at + 6)
        if length == 0:  # up to the end marker, which is the last of the stream
            at = data.rfind(_END, at, end)
            length = 0 if at >= 0 else end + 2
        elif length < 14:
            raise CorruptImage("A tile of the JPEG 2000 image is damaged.")
        at += length
    if at + 2 > end:
        raise CorruptImage("The JPEG 2000 image is cut off.")


def _first_tile(data: bytes, at: int, end: int) -> int:
    """The offset of the first tile part, which is after the marker segments of the main header."""
    at += 2
    while at + 4 <= end and data[at : at + 2] != b"\xff\x90":
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return at
