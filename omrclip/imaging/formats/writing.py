"""Encodes pixels in each format."""

from collections.abc import Callable, Sequence
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from omrclip.errors import LimitExceeded, OmrclipError
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.density import Density
from omrclip.imaging.formats import jpeg, png
from omrclip.imaging.formats.base import ImageFormat
from omrclip.imaging.tiff import ifd

DEFAULT_QUALITY = 85
FULL_CHROMA_QUALITY = 90
"""From this quality up, a JPEG stores colors at full resolution (4:4:4), below at a half along each axis (4:2:0)."""

# The longest side that a format or its library supports. libjpeg supports less than the 65,535 of T.81.
_LONGEST_SIDES = {ImageFormat.JPEG: 65_500, ImageFormat.WEBP: 16_383, ImageFormat.GIF: 65_535}
# Rows that are far apart in a large image are encoded a tenth faster if they are copied together first.
_SOON_COPIED = 1 << 21
_BAND_PIXELS = 1 << 18
# The size of a JPEG 2000 in thousandths of the size of its pixels. OpenCV's default is 250.
_LOSSLESS_JP2, _LARGEST_LOSSY_JP2 = 1000, 250
_LEAST_SIDE_JP2 = 1 << 5
_LZW, _HORIZONTAL = 5, 2  # values of Compression and Predictor
_STRIP_BYTES = 1 << 16
_LOSSLESS = 101  # for OpenCV's WebP encoder, above all qualities
_WITHOUT_ALPHA = frozenset({ImageFormat.JPEG, ImageFormat.GIF, ImageFormat.BMP})


def encode(
    pixels: Pixels,
    fmt: ImageFormat,
    *,
    quality: int | None = None,
    bilevel: bool = False,
    density: Density | None = None,
) -> bytes:
    """Encode pixels as a file of a format.

    Args:
        pixels: uint8, (height, width) grey, (height, width, 3) BGR or (height, width, 4) BGRA with straight alpha, of
            any strides. JPEG, BMP and GIF show BGRA on white.
        fmt: the format.
        quality: 0 to 100, of JPEG and WebP (default: 85). It makes a JPEG 2000 lossy: 100 gives a quarter of the bytes
            of its pixels, 50 an eighth. The other formats are lossless, except GIF, which has 256 colors.
        bilevel: whether grey pixels are 0 or 255. A PNG then has one bit a pixel, a TIFF is coded as fax (group 4), and
            a WebP is lossless.
        density: written into a JPEG, PNG or TIFF. Nothing else in the file depends on it.

    Raises:
        LimitExceeded: a side is longer than the format supports.
        OmrclipError: the encoder failed.
        ValueError: the pixels or the quality are invalid.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,), (4,)):
        raise ValueError(f"pixels are uint8 grey, BGR or BGRA, not {pixels.dtype} of shape {pixels.shape}")
    if quality is not None and not 0 <= quality <= 100:
        raise ValueError(f"quality is 0 to 100, not {quality}")
    _check_sides(pixels, fmt)
    is_bilevel = bilevel and pixels.ndim == 2
    if fmt is ImageFormat.TIFF:
        return _tiff(pixels, is_bilevel, density)
    data = _encoded(pixels, fmt, quality, is_bilevel)
    return _WITH_DENSITY[fmt](data, density) if density and fmt in _WITH_DENSITY else data


def _encoded(pixels: Pixels, fmt: ImageFormat, quality: int | None, is_bilevel: bool) -> bytes:
    if is_bilevel and fmt in _BILEVEL_ENCODERS:
        return _BILEVEL_ENCODERS[fmt](np.ascontiguousarray(pixels))
    if pixels.shape[2:] == (4,) and fmt in _WITHOUT_ALPHA:
        pixels = over_white(pixels)
    is_copied = pixels.nbytes <= _SOON_COPIED or not _has_whole_rows(pixels)
    return _ENCODERS[fmt](np.ascontiguousarray(pixels) if is_copied else pixels, quality)


def _has_whole_rows(pixels: Pixels) -> bool:
    """Whether encoders can use the pixels directly. The rows of a part of a larger image may be far apart."""
    return bool(pixels[:1].flags.c_contiguous and pixels.strides[0] > 0)


def over_white(pixels: Pixels) -> Pixels:
    """Put (height, width, 4) BGRA with straight alpha on white paper: (height, width, 3) BGR, rounded to nearest.

    This is done in bands, because the 16-bit products need several times the memory of the pixels.
    """
    out = np.empty((*pixels.shape[:2], 3), np.uint8)
    rows = max(1, _BAND_PIXELS // max(1, pixels.shape[1]))
    for top in range(0, len(pixels), rows):
        band = pixels[top : top + rows]
        if cv2.extractChannel(band, 3).min() == 255:
            out[top : top + rows] = band[:, :, :3]
            continue
        product = (255 - band[:, :, :3]) * band[:, :, 3:].astype(np.uint16) + 128
        out[top : top + rows] = 255 - ((product + (product >> 8)) >> 8)
    return out


def _check_sides(pixels: Pixels, fmt: ImageFormat) -> None:
    height, width = pixels.shape[:2]
    if not height or not width:
        raise ValueError("there are no pixels to encode")
    longest = _LONGEST_SIDES.get(fmt)
    if longest and max(height, width) > longest:
        raise LimitExceeded(
            f"A {fmt.value.upper()} has at most {longest} pixels a side; this image has {width} × {height}.",
            limit=f"{fmt.value}_side",
            maximum=longest,
        )


def _by_opencv(fmt: ImageFormat, parameters: Sequence[int]) -> Callable[[Pixels, int | None], bytes]:
    def write(pixels: Pixels, _: int | None) -> bytes:
        return _imencode(fmt, pixels, parameters)

    return write


def _imencode(fmt: ImageFormat, pixels: Pixels, parameters: Sequence[int]) -> bytes:
    try:
        done, encoded = cv2.imencode(f".{fmt.extension}", pixels, parameters)
    except (cv2.error, MemoryError):
        done, encoded = False, np.empty(0, np.uint8)
    if not done:
        raise OmrclipError(f"The {fmt.value.upper()} of {pixels.shape[1]} × {pixels.shape[0]} could not be written.")
    return encoded.tobytes()


def _jpeg(pixels: Pixels, quality: int | None) -> bytes:
    quality = DEFAULT_QUALITY if quality is None else quality
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if quality >= FULL_CHROMA_QUALITY:
        parameters += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return _imencode(ImageFormat.JPEG, pixels, parameters)


def _webp(pixels: Pixels, quality: int | None) -> bytes:
    # OpenCV treats 0 as 1, and more than 100 as lossless.
    quality = DEFAULT_QUALITY if quality is None else max(1, quality)
    return _imencode(ImageFormat.WEBP, pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])


def _tiff(pixels: Pixels, is_bilevel: bool, density: Density | None) -> bytes:
    if not is_bilevel and pixels.shape[2:] != (4,):
        return _tiff_by_opencv(pixels, density)
    # Pillow writes group 4, and declares the fourth sample as alpha.
    image = _to_pillow(pixels)
    dpi = {"dpi": density} if density else {}
    if is_bilevel:
        return _save(ImageFormat.TIFF, image.convert("1", dither=Image.Dither.NONE), compression="group4", **dpi)
    predictor = {317: 2}  # horizontal differencing: TIFF 6.0, section 14
    return _save(ImageFormat.TIFF, image, compression="tiff_lzw", tiffinfo=predictor, **dpi)


def _tiff_by_opencv(pixels: Pixels, density: Density | None) -> bytes:
    """LZW with horizontal differencing (TIFF 6.0, sections 13 and 14). OpenCV releases Python's global lock."""
    rows = max(1, _STRIP_BYTES // (pixels.nbytes // len(pixels)))
    parameters = [cv2.IMWRITE_TIFF_COMPRESSION, _LZW, cv2.IMWRITE_TIFF_PREDICTOR, _HORIZONTAL]
    parameters += [cv2.IMWRITE_TIFF_ROWSPERSTRIP, rows]
    if density is None:
        return _imencode(ImageFormat.TIFF, pixels, parameters)
    # OpenCV writes whole numbers only. This reserves the place for the density.
    parameters += [cv2.IMWRITE_TIFF_RESUNIT, ifd.INCH, cv2.IMWRITE_TIFF_XDPI, 1, cv2.IMWRITE_TIFF_YDPI, 1]
    return ifd.with_density(_imencode(ImageFormat.TIFF, pixels, parameters), density)


def _gif(pixels: Pixels, _: int | None) -> bytes:
    image = _to_pillow(pixels)
    if image.mode == "RGB":
        image = image.quantize(256, dither=Image.Dither.NONE)
    return _save(ImageFormat.GIF, image)


def _jp2(pixels: Pixels, quality: int | None) -> bytes:
    # Pillow would hold Python's global lock for seconds. OpenCV halves each side five times.
    size = _LOSSLESS_JP2 if quality is None else max(1, round(quality * _LARGEST_LOSSY_JP2 / 100))
    if min(pixels.shape[:2]) >= _LEAST_SIDE_JP2:
        return _imencode(ImageFormat.JP2, pixels, [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, size])
    lossy = {} if quality is None else {"irreversible": True, "quality_layers": [1000 / size]}
    return _save(ImageFormat.JP2, _to_pillow(pixels), mct=int(pixels.shape[2:] == (3,)), **lossy)


def _to_pillow(pixels: Pixels) -> Image.Image:
    if pixels.ndim == 2:
        return Image.fromarray(pixels)
    turn = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return Image.fromarray(cv2.cvtColor(pixels, turn))


def _save(fmt: ImageFormat, image: Image.Image, **options: object) -> bytes:
    file = BytesIO()
    name = "JPEG2000" if fmt is ImageFormat.JP2 else fmt.value
    try:
        image.save(file, name, **options)
    except (OSError, ValueError, MemoryError):
        raise OmrclipError(f"The {fmt.value.upper()} of {image.width} × {image.height} could not be written.") from None
    return file.getvalue()


_ENCODERS: dict[ImageFormat, Callable[[Pixels, int | None], bytes]] = {
    ImageFormat.JPEG: _jpeg,
    ImageFormat.PNG: _by_opencv(ImageFormat.PNG, ()),
    ImageFormat.WEBP: _webp,
    ImageFormat.GIF: _gif,
    ImageFormat.JP2: _jp2,
    ImageFormat.BMP: _by_opencv(ImageFormat.BMP, ()),
}
_BILEVEL_ENCODERS: dict[ImageFormat, Callable[[Pixels], bytes]] = {
    ImageFormat.PNG: lambda pixels: _imencode(ImageFormat.PNG, pixels, [cv2.IMWRITE_PNG_BILEVEL, 1]),
    ImageFormat.WEBP: lambda pixels: _imencode(ImageFormat.WEBP, pixels, [cv2.IMWRITE_WEBP_QUALITY, _LOSSLESS]),
}
_WITH_DENSITY: dict[ImageFormat, Callable[[bytes, Density], bytes]] = {
    ImageFormat.JPEG: jpeg.with_density,
    ImageFormat.PNG: png.with_density,
}
