"""JPEG 2000 (ISO/IEC 15444-1): the boxes of .jp2, and the codestream, which also comes without them as .j2k."""

import struct
from collections.abc import Iterator

from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from omrclip.errors import CorruptImage, UnsupportedImage
from omrclip.imaging.density import Density, density_of
from omrclip.imaging.formats import pillow
from omrclip.imaging.formats.base import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.pixels import Pixels

CODESTREAM = b"\xff\x4f\xff\x51"
BOXES = b"\x00\x00\x00\x0cjP  \r\n\x87\n"

_SUPERBOXES = (b"jp2h", b"res ")
_MODES = {1: ColourMode.GREY, 2: ColourMode.GREY_ALPHA, 3: ColourMode.RGB, 4: ColourMode.RGB_ALPHA}
_CMYK = 12
_PROFILED = (b"\2", b"\3")  # methods: a restricted profile, and any other
_INCH = 0.0254
_MOST_BOXES = 10_000
_COD, _COC = 0xFF52, 0xFF53
_CODING_STYLES = (_COD, _COC)
# Bytes a pixel that Pillow's image and ours take, by components; measured with images of 6 megapixels.
_BYTES_A_PIXEL = {1: 4, 2: 11, 3: 8, 4: 11}
_DEEP_BYTES = 5
# What OpenJPEG keeps of a tile, of a component of it, and of a code block or a precinct; measured.
_TILE_BYTES, _TILE_COMPONENT_BYTES, _BLOCK_BYTES = 7_000, 2_000, 480
_START_OF_TILE, _END = 0xFF90, b"\xff\xd9"


def read_header(data: bytes) -> ImageInfo:
    """The facts of the picture. Raises CorruptImage, or UnsupportedImage for samples that are not read."""
    boxes = {} if data.startswith(CODESTREAM) else _header_boxes(data)
    start = boxes.get(b"jp2c", slice(0, len(data))).start
    width, height, components, depth = _read_siz(data, start)
    if components not in _MODES or depth > 16:
        raise UnsupportedImage(f"A JPEG 2000 image of {components} components of {depth} bits is not read.")
    if b"ihdr" in boxes and struct.unpack_from(">II", data, boxes[b"ihdr"].start) != (height, width):
        raise CorruptImage("The JPEG 2000 image has other extents than its header says.")
    # A palette's indices become colours, perhaps with alpha.
    decoded = 4 if b"pclr" in boxes else components
    decoding = _decoding_bytes(data, start, Dimensions(width, height), decoded, depth)
    mode = ColourMode.PALETTE if b"pclr" in boxes else _MODES[components]
    if components == 4 and b"colr" in boxes and data[boxes[b"colr"]][3:7] == _CMYK.to_bytes(4):
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
    """The ICC profile of the first colour specification (I.5.3.3); empty where there is none."""
    return b"" if data.startswith(CODESTREAM) else _profile(data, _header_boxes(data))


def _profile(data: bytes, boxes: dict[bytes, slice]) -> bytes:
    content = data[boxes[b"colr"]] if b"colr" in boxes else b""
    return content[3:] if content[:1] in _PROFILED else b""


def decode(data: bytes, info: ImageInfo) -> Pixels:
    """The pixels: grey, BGR or BGRA. Raises CorruptImage."""
    stream = slice(0, len(data)) if data.startswith(CODESTREAM) else _header_boxes(data)[b"jp2c"]
    _check_tiles(data, stream)
    depth = 16 if info.bit_depth > 8 else 8  # Pillow spreads the bits between over sixteen
    return pillow.to_pixels(pillow.load(Jpeg2KImageFile, data, "JPEG 2000 image"), depth, read_profile(data))


def _header_boxes(data: bytes) -> dict[bytes, slice]:
    """Where the content of each first box of its name is, up to the codestream's."""
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
    """Width, height, components and bits of the first of them (A.5.1)."""
    if data[at : at + 4] != CODESTREAM:
        raise CorruptImage("The JPEG 2000 codestream does not start as one.")
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    components, precision = struct.unpack_from(">HB", data, at + 40)
    if right <= left or bottom <= top:
        raise CorruptImage("The JPEG 2000 header names no width or no height.")
    return right - left, bottom - top, components, (precision & 0x7F) + 1


def _decoding_bytes(data: bytes, at: int, extents: Dimensions, components: int, depth: int) -> int:
    """What decoding takes: a tile as OpenJPEG has it, the whole as Pillow and we have it, and the parts of tiles.

    A tile has four bytes a sample, and once more those of the samples themselves. Of code blocks and precincts
    (A.6.1) OpenJPEG keeps a record each, before a byte of them is read; a file may ask for very many.
    """
    width, height = struct.unpack_from(">II", data, at + 24)
    if not width or not height:
        raise CorruptImage("The JPEG 2000 header names tiles without extent.")
    tile = Dimensions(min(width, extents.width), min(height, extents.height))
    tiles = -(-extents.width // tile.width) * -(-extents.height // tile.height)
    samples = components * tile.pixels
    in_tile = samples * (4 + (2 if depth > 8 else 1)) + _most_blocks(data, at, samples) * _BLOCK_BYTES
    whole = _BYTES_A_PIXEL[components] + (_DEEP_BYTES if depth > 8 else 0)
    return whole * extents.pixels + in_tile + tiles * (_TILE_BYTES + components * _TILE_COMPONENT_BYTES) + 2 * len(data)


def _most_blocks(data: bytes, at: int, samples: int) -> int:
    """How many code blocks and precincts the samples of a tile come to, by the main header's COD and COC (A.6.1, 2)."""
    most, at = 0, at + 2
    while data[at : at + 2] != _START_OF_TILE.to_bytes(2):
        marker, length = struct.unpack_from(">HH", data, at)
        if marker in _CODING_STYLES:
            style, first = (data[at + 4], at + 9) if marker == _COD else (data[at + 5], at + 6)
            most = max(most, _blocks_of(data[first : at + 2 + length], samples, has_precincts=bool(style & 1)))
        at += 2 + max(2, length)
    return most


def _blocks_of(coding: bytes, samples: int, *, has_precincts: bool) -> int:
    """By the parameters of one coding style: the levels, the exponents of code blocks, and those of precincts."""
    levels, across, down = coding[0], (coding[1] & 15) + 2, (coding[2] & 15) + 2
    blocks = 0
    for level in range(levels + 1):
        exponents = coding[5 + level] if has_precincts else 0xFF
        # Of all levels but the least the precincts are parted into the code blocks of three bands of half their size.
        halved = int(level > 0)
        width, height = exponents & 15, exponents >> 4
        in_block = min(across, max(0, width - halved)) + min(down, max(0, height - halved))
        at_level = max(1, samples >> 2 * (levels - level))
        blocks += (at_level >> in_block) + (at_level >> width + height) + 2
    return blocks


def _capture_resolution(data: bytes, boxes: dict[bytes, slice]) -> Density | None:
    """I.5.3.7.1: numerators, denominators and exponents of pixels a metre, the vertical ones first."""
    if b"resc" not in boxes:
        return None
    down, down_by, across, across_by, down_ten, across_ten = struct.unpack_from(">HHHHbb", data, boxes[b"resc"].start)
    if not down_by or not across_by:
        return None
    return density_of(across / across_by * 10.0**across_ten, down / down_by * 10.0**down_ten, _INCH)


def _check_tiles(data: bytes, stream: slice) -> None:
    """See that the tile parts (A.4.2) follow one another up to the end marker.

    The decoder makes do with what there is: it leaves tiles grey, and details out.
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
    """The offset of the first tile part: behind the main header's marker segments."""
    at += 2
    while at + 4 <= end and data[at : at + 2] != b"\xff\x90":
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return at
