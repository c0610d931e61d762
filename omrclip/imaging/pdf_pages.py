"""The pages of a PDF as images. A page that shows one scanned image gives that image; others are rendered.

PDFium may run in one thread at a time, so that a lock is held while it works; it releases Python's own lock.
"""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from math import ceil, prod
from typing import Final

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from omrclip.errors import CorruptImage, ImageError, LimitExceeded, UnsupportedImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import encode
from omrclip.imaging.contents import PageContents
from omrclip.imaging.formats.base import ColourMode, ImageFormat
from omrclip.imaging.pdf_contents import has_annotations, read_contents
from omrclip.imaging.pdf_cut import repaired
from omrclip.imaging.probe import probe
from omrclip.imaging.tiff.ranges import RangeFile, RangeReader

_LOCK: Final = threading.Lock()
_POINTS_PER_INCH: Final = 72
RENDERED_DPI: Final = 300
"""Of a page that shows more than images."""
_LEAST_DPI, _MOST_DPI = 72, 600
"""Of a page with images, which is rendered at the density of the finest one within these."""
_STORED: Final = (["DCTDecode"], ["JPXDecode"])
"""Filters of images whose bytes are a JPEG or JPEG 2000 file."""
_INK_SPACES: Final = (
    pdfium.FPDF_COLORSPACE_DEVICECMYK,
    pdfium.FPDF_COLORSPACE_LAB,
    pdfium.FPDF_COLORSPACE_SEPARATION,
    pdfium.FPDF_COLORSPACE_DEVICEN,
    pdfium.FPDF_COLORSPACE_INDEXED,
)
"""Color spaces whose values are not those of a grey or RGB image: often, 0 is white."""
_MASK: Final = re.compile(rb"/(?:S|#53)?(?:M|#4[dD])(?:a|#61)(?:s|#73)(?:k|#6[bB])")
"""The key of a mask in the dictionary of an image. Its letters may be written by their codes."""
_INVERTED: Final = re.compile(rb"/Decode\s{0,8}\[\s{0,8}1")
"""The key and first value of an image with inverted values."""
_LONGEST_KEY: Final = 32
"""Bytes of what `_MASK` and `_INVERTED` find, at most."""
_ENCRYPTION: Final = b"/Encrypt"
_AT_ONCE: Final = 1 << 20
_DECODED_PIXEL_BYTES: Final = 4
"""What PDFium takes for each pixel of an image that it decodes."""
_WRITTEN_PIXEL_BYTES: Final = 13
"""The memory for a pixel of the result: PDFium's bitmap (4), its copy as grey or BGR (3), and twice the PNG."""
_FILE_COPIES: Final = 3
_MASK_SCALE: Final = 8
_SMALL_PIXELS: Final = 250_000
"""An image with fewer pixels is drawn at its full size to look for a mask."""
_EDGE: Final = 2
"""Pixels along the edges of an image that do not count, because they are drawn over a fraction of a pixel."""
_OPAQUE: Final = 254
"""A single hidden pixel in a block of 8 × 8 makes the drawn one 251. Rounding makes an opaque one 254."""
_UPRIGHT: Final = 1e-3
"""How much of an image's width or height its matrix may turn or slant it."""

_CUT_OFF: Final = 0.01
"""How much of an image's width or height may lie beyond an edge of the page: 2 mm of A4, more than rounding makes."""


class _Watched:
    """A RangeReader that notes whether images that PDFium knows so far may have a mask or inverted values.

    The dictionary of such an image has a key for it. Dictionaries of images are neither compressed nor encrypted
    (ISO 32000-1, 7.5.7 and 7.6.1), and PDFium reads each byte of the file before it knows it.
    """

    def __init__(self, reader: RangeReader) -> None:
        self._reader = reader
        self.has_masks = False
        self.has_inverted = False

    @property
    def size(self) -> int:
        """See `RangeReader.size`."""
        return self._reader.size

    def read(self, offset: int, length: int) -> bytes:
        """See `RangeReader.read`. Bytes around are read too, because a key may begin before or end behind a part."""
        before = min(offset, _LONGEST_KEY)
        around = self._reader.read(offset - before, before + length + _LONGEST_KEY)
        self.has_masks = self.has_masks or _MASK.search(around) is not None
        self.has_inverted = self.has_inverted or _INVERTED.search(around) is not None
        return around[before : before + length]


class PdfPages:
    """An open PDF. It has to be closed, and may be used by several threads."""

    def __init__(self, reader: RangeReader, most_pixels: int) -> None:
        self._most_pixels = most_pixels
        self._is_cut = False
        with _LOCK:
            try:
                self._open(reader)
            except pypdfium2.PdfiumError as error:
                # The code is that of an earlier file where this one has no pages.
                if error.err_code == pdfium.FPDF_ERR_PASSWORD and _is_encrypted(reader):
                    raise UnsupportedImage("The PDF is protected by a password. Save it without one.") from None
                self._open_cut(reader)

    def _open(self, reader: RangeReader) -> None:
        self._file = _Watched(reader)
        self._pdf = pypdfium2.PdfDocument(io.BufferedReader(RangeFile(self._file)))
        with suppress(pypdfium2.PdfiumError):  # a damaged form is not drawn
            self._pdf.init_forms()
        self._count = len(self._pdf)

    def _open_cut(self, reader: RangeReader) -> None:
        """Open the pages before the cut. One more page stands for what is lost: reading it raises an error."""
        found = None if _is_encrypted(reader) else repaired(reader)
        try:
            if found is not None:
                self._open(found)
        except pypdfium2.PdfiumError:
            found = None
        if found is None or self._count != found.count:
            raise CorruptImage("The PDF is damaged or cut off, or it has no pages.") from None
        self._count, self._is_cut = self._count + 1, True

    def _page(self, number: int) -> pypdfium2.PdfPage:
        if self._is_cut and number == self._count:
            raise CorruptImage(f"The PDF is cut off after page {number - 1}. Pages from {number} on cannot be read.")
        return self._pdf[number - 1]

    @property
    def count(self) -> int:
        """How many pages there are."""
        return self._count

    def close(self) -> None:
        """Close the file."""
        with _LOCK:
            self._pdf.close()

    def page_bytes(self, number: int) -> int:
        """The maximum memory that `read_page` needs for a page, in bytes. The page is read, but no image is decoded.

        Raises:
            CorruptImage: the page is damaged.
            LimitExceeded: the page, or an image on it, has more pixels than allowed.
        """
        with _LOCK, _damage_told(number), closing(self._page(number)) as page:
            images = self._images(page, number)
            decoded: int = sum(_DECODED_PIXEL_BYTES * prod(image.get_px_size()) for image in images)
            width, height, _ = self._rendering(page, number, images)
            rendered = _WRITTEN_PIXEL_BYTES * width * height
            only = _only_image(page, images)
            if only is None:
                return decoded + rendered
            file = _FILE_COPIES * _stored_bytes(only) if only.get_filters() in _STORED else 0
            return decoded + max(file + _WRITTEN_PIXEL_BYTES * decoded // _DECODED_PIXEL_BYTES, rendered)

    def read_page(self, number: int) -> bytes:
        """An image file of a page, numbered from 1.

        It is the JPEG or JPEG 2000 file that the page shows, as it is stored; or a PNG of the only image that it shows,
        pixel by pixel; or else a PNG of the page.

        Raises:
            CorruptImage: the page is damaged.
            LimitExceeded: the page, or an image on it, has more pixels than allowed.
        """
        with _LOCK, _damage_told(number), closing(self._page(number)) as page:
            images = self._images(page, number)
            only = _only_image(page, images)
            if only is not None and self._is_partly_hidden(page, only):
                only = None
            stored = None if only is None or self._file.has_inverted else _stored(only)
            if stored is not None:
                return stored
            pixels, dpi = self._rendered(page, number, images) if only is None else (_pixels(only), None)
        is_bilevel = pixels.ndim == 2 and only is not None and _is_bilevel(pixels)
        return encode(pixels, ImageFormat.PNG, bilevel=is_bilevel, density=None if dpi is None else (dpi, dpi))

    def contents(self, number: int) -> PageContents:
        """The words of a page and the fields of the form on it.

        Raises:
            CorruptImage: the page is damaged.
        """
        with _LOCK, _damage_told(number), closing(self._page(number)) as page:
            return read_contents(page)

    def render_page(self, number: int, dpi: float) -> bytes:
        """A PNG of a page, numbered from 1, with so many pixels per inch, whatever it shows; grey without colours.

        Raises CorruptImage if the page is damaged, and LimitExceeded if it has more pixels than allowed.
        """
        with _LOCK, _damage_told(number), closing(self._page(number)) as page:
            width, height = (ceil(side * dpi / _POINTS_PER_INCH) for side in page.get_size())
            self._check(width * height, f"Page {number} of the PDF has {width} × {height} pixels at {dpi:.0f} dpi")
            pixels = _bgr(page.render(scale=dpi / _POINTS_PER_INCH))
        has_colours = (pixels != pixels[:, :, :1]).any()
        return _compact_png(pixels[:, :, ::-1] if has_colours else pixels[:, :, 0], dpi)

    def _is_partly_hidden(self, page: pypdfium2.PdfPage, image: pypdfium2.PdfImage) -> bool:
        """Whether the page shows the image otherwise than the image alone is.

        A JPEG cannot be a mask itself. If no image of the file has one and nothing clips the image, the page need not
        be drawn, which takes as long as decoding the image.
        """
        is_clipped = pdfium.FPDFClipPath_CountPaths(pdfium.FPDFPageObj_GetClipPath(image)) > 0
        if image.get_filters() in _STORED and not is_clipped and not self._file.has_masks:
            return False
        return _is_masked(page, image)

    def _images(self, page: pypdfium2.PdfPage, number: int) -> list[pypdfium2.PdfImage]:
        images = list(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3))
        for image in images:
            width, height = image.get_px_size()
            self._check(width * height, f"An image on page {number} of the PDF has {width} × {height} pixels")
        return images

    def _rendered(self, page: pypdfium2.PdfPage, number: int, images: list[pypdfium2.PdfImage]) -> tuple[Pixels, float]:
        _, _, dpi = self._rendering(page, number, images)
        return _bgr(page.render(scale=dpi / _POINTS_PER_INCH)), dpi

    def _rendering(
        self, page: pypdfium2.PdfPage, number: int, images: list[pypdfium2.PdfImage]
    ) -> tuple[int, int, float]:
        """The width and height in pixels with which a page is rendered, and the pixels per inch."""
        dpi = max((_density(image) for image in images), default=float(RENDERED_DPI))
        dpi = min(max(dpi, _LEAST_DPI), _MOST_DPI)
        width, height = (ceil(side * dpi / _POINTS_PER_INCH) for side in page.get_size())
        self._check(width * height, f"Page {number} of the PDF has {width} × {height} pixels at {dpi:.0f} dpi")
        return width, height, dpi

    def _check(self, pixels: float, told: str) -> None:
        if pixels > self._most_pixels:
            raise LimitExceeded(
                f"{told}, more than the {self._most_pixels:,} allowed.",
                limit="max_image_pixels",
                maximum=self._most_pixels,
            )


def _is_encrypted(reader: RangeReader) -> bool:
    return any(_ENCRYPTION in reader.read(at, 2 * _AT_ONCE) for at in range(0, reader.size, _AT_ONCE))


@contextmanager
def _damage_told(number: int) -> Iterator[None]:
    try:
        yield
    except (ImageError, LimitExceeded):
        raise
    except pypdfium2.PdfiumError:
        raise CorruptImage(f"Page {number} of the PDF is damaged.") from None


def _only_image(page: pypdfium2.PdfPage, images: list[pypdfium2.PdfImage]) -> pypdfium2.PdfImage | None:
    """The only image of the page if it is upright and shown as a whole, else None.

    Invisible text from text recognition is ignored.
    """
    if len(images) != 1 or page.get_rotation() or has_annotations(page):
        return None
    (image,) = images
    for shown in page.get_objects(max_depth=1):
        if shown.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        is_invisible = shown.type == pdfium.FPDF_PAGEOBJ_TEXT and (
            pdfium.FPDFTextObj_GetTextRenderMode(shown) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
        )
        if not is_invisible:
            return None
    across, turned, slanted, down, left, bottom = image.get_matrix().get()
    if across <= 0 or down <= 0 or max(abs(turned), abs(slanted)) > _UPRIGHT * min(across, down):
        return None
    page_left, page_bottom, page_right, page_top = page.get_bbox()
    beyond_across = max(page_left - left, left + across - page_right) / across
    beyond_down = max(page_bottom - bottom, bottom + down - page_top) / down
    if max(beyond_across, beyond_down) > _CUT_OFF:
        return None
    if pdfium.FPDFPageObj_HasTransparency(image) or image.get_metadata().colorspace in _INK_SPACES:
        return None
    return image


def _is_masked(page: pypdfium2.PdfPage, image: pypdfium2.PdfImage) -> bool:
    """Whether a mask of the image hides a part of it, so that the image alone is not what the page shows.

    PDFium does not tell masks. So the page is drawn without a background, at an eighth of the width and height of the
    image: where it is not opaque within the image, a mask is. If it is transparent everywhere, PDFium cannot draw the
    image, such as a grey JPEG that the PDF declares as RGB. Then the stored file is better than an empty page.
    """
    across, _, _, down, left, bottom = image.get_matrix().get()
    width, height = image.get_px_size()
    scale = max(width / across, height / down) / (_MASK_SCALE if width * height > _SMALL_PIXELS else 1)
    drawn = page.render(scale=scale, fill_color=(0, 0, 0, 0), maybe_alpha=True).to_numpy()
    if drawn.ndim < 3 or drawn.shape[2] < 4:
        return False
    page_left, page_bottom, _, _ = page.get_bbox()
    rows, columns = drawn.shape[:2]
    first_column, last_column = ((x - page_left) * scale for x in (left, left + across))
    first_row, last_row = (rows - (y - page_bottom) * scale for y in (bottom + down, bottom))
    inside = drawn[
        max(0, ceil(first_row) + _EDGE) : max(0, min(rows, int(last_row)) - _EDGE),
        max(0, ceil(first_column) + _EDGE) : max(0, min(columns, int(last_column)) - _EDGE),
        3,
    ]
    return bool(inside.size and inside.min() < _OPAQUE and inside.max() > 0)


def _stored(image: pypdfium2.PdfImage) -> bytes | None:
    """The JPEG or JPEG 2000 file of an image, where its bytes are one that is read; else None."""
    if image.get_filters() not in _STORED:
        return None
    data = bytes(image.get_data())
    try:
        info = probe(data)
    except ImageError:
        return None
    is_whole = (info.stored.width, info.stored.height) == tuple(image.get_px_size())
    return data if is_whole and info.mode in (ColourMode.GREY, ColourMode.RGB) else None


def _stored_bytes(image: pypdfium2.PdfImage) -> int:
    """The size of an image in the file. Its data is not copied for that."""
    return int(pdfium.FPDFImageObj_GetImageDataRaw(image, None, 0))


def _pixels(image: pypdfium2.PdfImage) -> Pixels:
    return _bgr(image.get_bitmap())


def _density(image: pypdfium2.PdfImage) -> float:
    """Pixels per inch of an image on its page, along the axis where there are more."""
    across, turned, slanted, down, _, _ = image.get_matrix().get()
    width, height = image.get_px_size()
    sides = np.hypot(across, turned), np.hypot(slanted, down)
    return max(
        float(_POINTS_PER_INCH * pixels / side) if side else 0.0
        for pixels, side in zip((width, height), sides, strict=True)
    )


def _compact_png(pixels: Pixels, dpi: float) -> bytes:
    """A PNG of RGB or grey pixels, for files that are stored: 30 % to 70 % of the bytes of `encode`.

    It takes three times as long, 0.08 s for A4 at 300 dpi.
    """
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", dpi=(dpi, dpi))
    return file.getvalue()


def _bgr(bitmap: pypdfium2.PdfBitmap) -> Pixels:
    """A copy of a bitmap's pixels, (height, width) uint8 grey or (height, width, 3) uint8 BGR."""
    pixels = bitmap.to_numpy()
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR), np.uint8)
    return np.array(pixels, np.uint8)


def _is_bilevel(pixels: Pixels) -> bool:
    """Whether (height, width) pixels are black or white alone."""
    counts = cv2.calcHist([pixels], [0], None, [256], [0, 256]).ravel()
    return bool(counts[0] + counts[255] == pixels.size)
