"""Files of several pages: PDF, and TIFF with more than one page. Each page is returned as an image file."""

from collections.abc import Callable
from typing import Protocol

from omrclip.imaging.contents import PageContents
from omrclip.imaging.formats.registry import CODECS
from omrclip.imaging.tiff.pages import MOST_PAGES, open_tiff
from omrclip.imaging.tiff.ranges import RangeReader

__all__ = ["MOST_PAGES", "Document", "open_document"]

_PDF_WITHIN = 1024
"""The signature of a PDF is within this number of bytes (PDF 1.7, implementation note 13)."""


class Document(Protocol):
    """An open file of pages. Threads may share it; it has to be closed."""

    @property
    def count(self) -> int:
        """The number of pages."""
        ...

    def page_bytes(self, number: int) -> int:
        """The maximum memory that `read_page` needs for a page, in bytes; raises ImageError and LimitExceeded."""
        ...

    def read_page(self, number: int) -> bytes:
        """The bytes of an image file that shows a page, numbered from 1; raises ImageError and LimitExceeded."""
        ...

    def contents(self, number: int) -> PageContents:
        """The words and the fields of a form on a page; raises ImageError and LimitExceeded."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def _open_pdf(reader: RangeReader, most_pixels: int) -> Document:
    from omrclip.imaging.pdf_pages import PdfPages  # 60 ms that files of other kinds do not need

    return PdfPages(reader, most_pixels)


open_pdf: Callable[[RangeReader, int], Document] = _open_pdf
"""Opens a PDF. `pdf_process.isolate_pdfs` sets another function."""


def open_document(reader: RangeReader, most_pixels: int) -> Document | None:
    """Open a file of pages. Returns None for a file of a single image or of an unknown kind.

    Args:
        reader: the file.
        most_pixels: the maximum number of pixels of a page, or of an image on it.

    Raises:
        UnsupportedImage: a PDF is protected by a password.
        CorruptImage: the file is damaged, or has no pages.
    """
    head = reader.read(0, _PDF_WITHIN)
    # The metadata of an image may mention a PDF.
    is_image = any(codec.signature.match(head) for codec in CODECS.values())
    if b"%PDF-" in head and not is_image:
        return open_pdf(reader, most_pixels)
    return open_tiff(reader)
