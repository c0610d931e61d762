"""The text of a PDF, in the process that asks for it: for files that the user of a command has chosen."""

from contextlib import closing

from omrclip.imaging.formats.registry import CODECS
from omrclip.imaging.tiff.ranges import BytesReader


def pdf_words(data: bytes, most_pixels: int) -> list[list[tuple[str, float, float, float, float]]]:
    """The words of each page (see `PdfPages.words`); nothing for a file that is no PDF.

    Raises:
        CorruptImage, UnsupportedImage: the PDF cannot be read.
    """
    is_image = any(codec.signature.match(data[:1024]) for codec in CODECS.values())
    if is_image or b"%PDF-" not in data[:1024]:
        return []
    from omrclip.imaging.pdf_pages import PdfPages  # 60 ms that files of other kinds do not need

    with closing(PdfPages(BytesReader(data), most_pixels)) as pages:
        return [pages.words(number) for number in range(1, pages.count + 1)]
