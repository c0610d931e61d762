"""The PDF of pictures: PDFium shows each picture on a page of its own, and a part is there before the next picture."""

from collections.abc import Iterator

import numpy as np
import pypdfium2

from omrclip.imaging.codec import encode
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import ImageFormat
from omrclip.omr.report.picture_pdf import LONG_SIDE, SHORT_SIDE, pdf_of

SIZES = [Dimensions(300, 400), Dimensions(400, 200)]
COLOURS = [(200, 40, 10), (10, 160, 90)]


def pictures(taken: list[int]) -> Iterator[tuple[bytes, Dimensions]]:
    for number, (size, colour) in enumerate(zip(SIZES, COLOURS, strict=True)):
        taken.append(number)
        yield encode(np.full((size.height, size.width, 3), colour, np.uint8), ImageFormat.JPEG), size


def test_each_picture_is_a_page() -> None:
    pdf = pypdfium2.PdfDocument(b"".join(pdf_of(pictures([]))))
    assert len(pdf) == len(SIZES)
    for page, size, colour in zip(pdf, SIZES, COLOURS, strict=True):
        width, height = page.get_size()
        assert abs(width / height - size.width / size.height) < 0.01
        assert min(width, height) <= SHORT_SIDE + 0.01
        assert max(width, height) <= LONG_SIDE + 0.01
        shown = page.render(scale=1).to_numpy()[..., :3]
        assert np.abs(shown[5:-5, 5:-5].astype(int) - colour).max() <= 4


def test_pictures_are_made_one_by_one() -> None:
    taken: list[int] = []
    parts = pdf_of(pictures(taken))
    while not taken:
        next(parts)
    assert b"DCTDecode" in next(parts) or taken == [0]
    assert taken == [0]


def test_a_pdf_without_pictures_is_empty() -> None:
    assert b"/Count 0" in b"".join(pdf_of([]))
