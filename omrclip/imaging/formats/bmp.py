"""BMP (Microsoft's BITMAPFILEHEADER and BITMAPINFOHEADER with their successors; OS/2's BITMAPCOREHEADER)."""

import struct

from omrclip.errors import CorruptImage, UnsupportedImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.density import density_of
from omrclip.imaging.formats import opencv
from omrclip.imaging.formats.base import ColourMode, ImageFormat, ImageInfo
from omrclip.imaging.geometry import Dimensions

_CORE_HEADER = 12
_INFO_HEADERS = (40, 52, 56, 108, 124)
_RAW, _BITFIELDS = 0, 3
_INCH = 0.0254
_BYTES_A_PIXEL = 7  # of memory that decoding needs: OpenCV's image with alpha, and ours; measured


def read_header(data: bytes) -> ImageInfo:
    """Read the header. Raises CorruptImage, or UnsupportedImage for a compression that is not read."""
    (header,) = struct.unpack_from("<I", data, 14)
    dpi, compression = None, _RAW
    if header == _CORE_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    elif header in _INFO_HEADERS:
        width, height, _, bits, compression, _, x, y = struct.unpack_from("<iiHHIIii", data, 18)
        dpi = density_of(x, y, _INCH)
    else:
        raise UnsupportedImage(f"A BMP with a header of {header} bytes is not supported.")
    if width < 1 or height == 0:
        raise CorruptImage("The BMP header names no width or no height.")
    if compression not in (_RAW, _BITFIELDS) or bits not in (1, 4, 8, 16, 24, 32):
        raise UnsupportedImage(f"A BMP of compression {compression} with {bits} bits per pixel is not supported.")
    mode = ColourMode.PALETTE if bits <= 8 else ColourMode.RGB
    extents = Dimensions(width, abs(height))
    return ImageInfo(
        ImageFormat.BMP, extents, mode, min(bits, 8), dpi=dpi, decoding_bytes=_BYTES_A_PIXEL * extents.pixels
    )


def decode(data: bytes, info: ImageInfo) -> Pixels:
    """Decode the pixels, top row first: grey, BGR or BGRA. Raises CorruptImage."""
    offset, header = struct.unpack_from("<II", data, 10)
    (bits,) = struct.unpack_from("<H", data, 24 if header == _CORE_HEADER else 28)
    row_bytes = (info.stored.width * bits + 31) // 32 * 4
    if offset + row_bytes * info.stored.height > len(data):
        raise CorruptImage("The BMP is cut off: it is shorter than its header says.")
    return opencv.decode(data, "BMP")
