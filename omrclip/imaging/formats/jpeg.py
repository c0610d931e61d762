"""JPEG (ITU-T T.81; JFIF; Exif; Adobe's APP14 as in Technical Note 5116): header segments and strict decoding."""

import re
import struct
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import simplejpeg  # type: ignore[import-untyped]

from omrclip.errors import CorruptImage, UnsupportedImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.colour import inks_to_bgr
from omrclip.imaging.density import Density, density_of
from omrclip.imaging.formats.base import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.formats.scans import check_scans
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.tiff import ifd

_SOI, _EOI, _SOS, _APP0, _APP1, _APP2, _APP14, _APP15 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_PROFILE, _PROFILE_HEAD = b"ICC_PROFILE\0", 14
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # C4 and CC are tables, C8 is an extension
_READ_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})  # baseline, extended, progressive; the latter two arithmetic
_SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC9})
_HUFFMAN_CODED = frozenset({0xC0, 0xC1, 0xC2})
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})  # of Huffman and arithmetic codes, of quantization, and restarts
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_MODES = {1: ColourMode.GREY, 3: ColourMode.RGB, 4: ColourMode.CMYK}
_START, _END = b"\xff\xd8", b"\xff\xd9"
_LAST_SEGMENT = b"\xff\xda\0\2"  # the header of a scan without content, at which libraries stop looking for segments
_DOTS_PER_INCH = 1
_UNITS_PER_INCH = {_DOTS_PER_INCH: 1.0, 2: 2.54}
_BEGINS_WITH_JFIF = b"\xff\xd8\xff\xe0\0\x10JFIF\0"
_IS_YCBCR = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"  # or grey: JFIF 1.01, square pixels
_IS_RGB = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"  # Adobe's transform 0
_MOST_JUNK = 1 << 16
_MOST_PADDING = 64
_INKS_BYTES = 12  # a pixel, of inks and colours

_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0x([0-9a-f]{2})")
# Warnings of libjpeg about data that do not change the pixels, or that it interprets correctly.
_HARMLESS = re.compile(r"unknown JFIF revision|[Uu]nknown Adobe|Invalid SOS parameters|bad ICC marker")


def read_header(data: bytes) -> ImageInfo:
    """Read the header. Raises CorruptImage, or UnsupportedImage for a process that is not read."""
    frame, exif, dpi, has_profile = None, None, None, False
    for marker, at, length in _segments(data):
        if marker in _FRAMES and frame is None:
            frame = _read_frame(data, marker, at, length)
        elif marker == _APP0 and data.startswith(b"JFIF\0", at) and length >= 12:
            dpi = _density(data, at)
        elif marker == _APP1 and data.startswith(b"Exif\0", at) and exif is None:
            exif = ifd.read_exif(data[at + 6 : at + length])
        elif marker == _APP2 and data.startswith(_PROFILE, at):
            has_profile = True
    if frame is None:
        raise CorruptImage("The JPEG has no frame header.")
    stored, mode, depth = frame
    if exif is not None and dpi == ifd.UNKNOWN_TO_CAMERAS:
        dpi = None
    orientation, exif_dpi = exif or (1, None)
    coefficients = _coefficient_bytes(data)
    pixels = (_INKS_BYTES if mode is ColourMode.CMYK else 3) * stored.pixels
    return ImageInfo(
        ImageFormat.JPEG,
        stored,
        mode,
        depth,
        orientation,
        dpi or exif_dpi,
        has_profile=has_profile,
        decoding_bytes=coefficients + pixels,
        fixed_bytes=coefficients,
    )


def _coefficient_bytes(data: bytes) -> int:
    """The memory for the coefficients of the whole image. libjpeg needs it for files with several scans only.

    Two bytes for each coefficient, in whole units of all components. A component with finer sampling has more of them.
    """
    marker, at, scan_at = 0, 0, 0
    for segment, start, length in _segments(data):
        if segment in _FRAMES and not marker and length >= 6:
            marker, at = segment, start
        elif segment == _SOS:
            scan_at = start
    height, width, count = struct.unpack_from(">HHB", data, at + 1)
    if marker in _SEQUENTIAL and data[scan_at] == count:
        return 0
    factors = [divmod(data[at + 7 + 3 * number], 16) for number in range(count)]
    widest, highest = (max(1, *(factor[axis] for factor in factors)) for axis in (0, 1))
    units: int = -(-width // (8 * widest)) * -(-height // (8 * highest))
    return sum(across * down for across, down in factors) * units * 2 * 64


def read_profile(data: bytes) -> bytes:
    """The ICC profile, joined from its segments (ICC.1, annex B.4), or empty bytes if a part is missing."""
    parts: dict[int, bytes] = {}
    count = 0
    for marker, at, length in _segments(data):
        if marker == _APP2 and data.startswith(_PROFILE, at) and length > _PROFILE_HEAD:
            number, count = data[at + len(_PROFILE)], data[at + len(_PROFILE) + 1]
            parts[number] = data[at + _PROFILE_HEAD : at + length]
    return b"".join(parts[number] for number in sorted(parts)) if sorted(parts) == list(range(1, count + 1)) else b""


def _density(data: bytes, jfif: int) -> Density | None:
    unit, x, y = struct.unpack_from(">BHH", data, jfif + 7)
    return density_of(x, y, _UNITS_PER_INCH[unit]) if unit in _UNITS_PER_INCH else None


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, offset and length of each segment's content, up to and including the header of the first scan.

    Junk between segments is skipped, as by libjpeg. Raises CorruptImage if the file ends before the scan.
    """
    at = 2
    while True:
        at = data.find(b"\xff", at, at + _MOST_JUNK)
        if at < 0 or at + 1 >= len(data):
            raise CorruptImage("The JPEG header is cut off.")
        marker = data[at + 1]
        at += 1 if marker == 0xFF else 2
        if marker in _BARE or marker in (0, 0xFF):
            continue
        if marker in (_SOI, _EOI) or at + 2 > len(data):
            raise CorruptImage("The JPEG header is cut off.")
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2 or at + length > len(data):
            raise CorruptImage("The JPEG header is cut off.")
        yield marker, at + 2, length - 2
        if marker == _SOS:
            return
        at += length


def _read_frame(data: bytes, marker: int, at: int, length: int) -> tuple[Dimensions, ColourMode, int]:
    if length < 6:
        raise CorruptImage("The JPEG's frame header is damaged.")
    depth, height, width, components = struct.unpack_from(">BHHB", data, at)
    if marker not in _READ_FRAMES or depth != 8:
        raise UnsupportedImage(f"A JPEG of process SOF{marker - 0xC0} with {depth} bits per sample is not supported.")
    if components not in _MODES:
        raise UnsupportedImage(f"A JPEG with {components} components is not supported.")
    if width < 1 or height < 1:
        raise CorruptImage("The JPEG's frame header names no width or no height.")
    return Dimensions(width, height), _MODES[components], depth


def decode(data: bytes, info: ImageInfo, reduction: int = 1) -> Pixels:
    """Decode to BGR pixels as stored. Width and height are divided by `reduction` (1, 2, 4 or 8) and rounded up.

    CMYK is converted to sRGB by its profile (`colour.inks_to_bgr`). Other colors stay unchanged. Raises CorruptImage or
    UnsupportedImage.
    """
    out = Dimensions(-(-info.stored.width // reduction), -(-info.stored.height // reduction))
    if info.mode is not ColourMode.CMYK:
        return _decode_strictly(data, "BGR", out)
    inks = _decode_strictly(data, "CMYK", out)
    # Adobe's programs write inverted inks, together with their marker.
    inks = 255 - inks if _has_adobe_marker(data) else inks
    return inks_to_bgr(inks, read_profile(data))


def complete(tables: bytes, code: bytes, *, rgb: bool) -> bytes:
    """Make a complete file from an abbreviated one and its tables, without decoding (T.81, B.4 and B.5; TIFF's TN2).

    `tables` are quantization and Huffman tables between a start and an end marker, or empty. `code` is an image that
    may lack them. Decoders distinguish RGB from YCbCr by the JFIF and Adobe markers, but in a TIFF only the photometric
    interpretation counts. So all these markers are replaced by the one that agrees with the TIFF. Profiles and
    orientations are removed too, because viewers would apply them. Raises CorruptImage if `code` is not a JPEG or its
    header is incomplete.
    """
    if not code.startswith(_START):
        raise CorruptImage("A JPEG block of the image does not start with its marker.")
    parts, end = [_START, _IS_RGB if rgb else _IS_YCBCR, _tables_alone(tables)], 2
    for marker, at, length in _segments(code):
        end = at + length
        if not _APP0 <= marker <= _APP15:
            parts.append(code[at - 4 : end])
    return b"".join((*parts, memoryview(code)[end:]))


@lru_cache(maxsize=64)
def _tables_alone(tables: bytes) -> bytes:
    """The segments with tables that all blocks of a TIFF's directory share. Raises CorruptImage."""
    if not tables:
        return b""
    data = _START + tables.removeprefix(_START).removesuffix(_END) + _LAST_SEGMENT
    return b"".join(data[at - 4 : at + length] for marker, at, length in _segments(data) if marker in _TABLES)


def with_density(data: bytes, density: Density) -> bytes:
    """Set the density in the JFIF header, in whole dots per inch. A file without this header is returned unchanged.

    Only the header changes. It cannot represent a density below half a dot or above 65,535.
    """
    if not data.startswith(_BEGINS_WITH_JFIF):
        return data
    across, down = (round(dots) for dots in density)
    at = len(_BEGINS_WITH_JFIF) + 2  # after the version
    return data[:at] + struct.pack(">BHH", _DOTS_PER_INCH, across, down) + data[at + 5 :]


def is_common(data: bytes) -> bool:
    """Whether any viewer can decode it: Huffman-coded, and with an end marker. Pixels are not checked."""
    return _frame_and_scan(data)[0] in _HUFFMAN_CODED and data.endswith(_END)


def check(data: bytes, least: Dimensions, most: Dimensions) -> None:
    """Check that a JPEG block of a TIFF is complete and undamaged, and that its dimensions are within bounds.

    Raises CorruptImage or UnsupportedImage.
    """
    info = read_header(data)
    if info.stored.width < least.width or info.stored.height < least.height:
        raise CorruptImage(f"A JPEG block has {info.stored} pixels in place of {least}.")
    if info.stored.width > most.width or info.stored.height > most.height:
        raise CorruptImage(f"A JPEG block has {info.stored} pixels in place of {most}.")
    _decode_strictly(data, "CMYK" if info.mode is ColourMode.CMYK else "BGR", info.stored)


def _has_adobe_marker(data: bytes) -> bool:
    return any(marker == _APP14 and data.startswith(b"Adobe", at) for marker, at, _ in _segments(data))


def _decode_strictly(data: bytes, colours: str, out: Dimensions) -> Pixels:
    """Decode. If libjpeg warns, its first warning decides whether the image is damaged.

    libjpeg reports only its first warning, which may hide a worse one. So the cause of a harmless warning is removed,
    and the file is decoded again. Only a warning at the end of the last scan cannot hide another one.
    """
    check_scans(data, *_frame_and_scan(data))
    try:
        return _turbo(data, colours, out)
    except ValueError as problem:
        if not (_HARMLESS.search(str(problem)) or _EXTRANEOUS.search(str(problem))):
            raise _refusal(problem) from None
    mended = _mended(data)
    try:
        return _turbo(mended, colours, out)
    except ValueError as problem:
        if not _only_padding(mended, str(problem)):
            raise _refusal(problem) from None
    try:
        return _turbo(mended, colours, out, strict=False)
    except ValueError as problem:
        raise _refusal(problem) from None


def _turbo(data: bytes, colours: str, out: Dimensions, *, strict: bool = True) -> Pixels:
    """Decode with libjpeg-turbo to exactly `out`. Raises ValueError with libjpeg's first warning.

    The library chooses the smallest of its scales that is at least as large as requested, which is the exact one.
    """
    pixels = simplejpeg.decode_jpeg(data, colours, min_height=out.height, min_width=out.width, strict=strict)
    if pixels.shape[:2] != (out.height, out.width):
        raise CorruptImage("The JPEG has other dimensions than its header says.")
    return np.asarray(pixels, np.uint8)


def _refusal(problem: ValueError) -> CorruptImage | UnsupportedImage:
    complaint = str(problem)
    if "Unsupported" in complaint or "Maximum supported" in complaint:
        return UnsupportedImage(f"This kind of JPEG is not supported ({complaint}).")
    return CorruptImage(f"The JPEG is damaged or cut off ({complaint}).")


def _frame_and_scan(data: bytes) -> tuple[int, tuple[int, ...], int]:
    """The frame header's marker, the identifiers of its components, and the offset of the first scan's marker."""
    frame, scan = 0, 0
    components: tuple[int, ...] = ()
    for marker, at, length in _segments(data):
        if marker in _FRAMES and length >= 6:
            frame, components = marker, tuple(data[at + 6 : at + length : 3])
        elif marker == _SOS:
            scan = at - 4
    return frame, components, scan


def _mended(data: bytes) -> bytes:
    """The file with only the necessary header segments, and without the values that libjpeg warns about."""
    frame, components, _ = _frame_and_scan(data)
    parts, end = [b"\xff\xd8"], 2
    for marker, at, length in _segments(data):
        content, end = bytearray(data[at : at + length]), at + length
        if marker == _APP0 and content.startswith(b"JFIF\0"):
            content[5:7] = b"\1\1"
        elif marker == _APP14 and content.startswith(b"Adobe") and length >= 12 and content[11] > 2:
            content[11] = 2 if len(components) == 4 else 1
        elif marker == _SOS and frame in _SEQUENTIAL and length >= 4:
            content[-3:] = b"\0\x3f\0"
        if not _APP0 <= marker <= _APP15 or marker in (_APP0, _APP14):
            parts.append(struct.pack(">BBH", 0xFF, marker, length + 2) + content)
    return b"".join((*parts, memoryview(data)[end:]))


def _only_padding(data: bytes, complaint: str) -> bool:
    """Whether libjpeg only warns of a few zero bytes between the last scan and the end marker."""
    found = _EXTRANEOUS.search(complaint)
    if found is None or int(found[2], 16) != _EOI or int(found[1]) > _MOST_PADDING:
        return False
    *_, scan = _frame_and_scan(data)
    end = data.find(b"\xff\xd9", scan)
    return not data[:end].rstrip(b"\xff")[-int(found[1]) :].strip(b"\0")
