"""A PDF around a JPEG: its bytes as they are, on a page of their size."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from pypdf import PdfReader
from pypdf.generic import StreamObject

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import encode
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.pdf import pdf_of_jpeg
from omrclip.imaging.probe import ImageFormat
from tests.grid import coloured_grid, position_ramp

COLOURS = position_ramp(300, 200)
PICTURES: dict[str, Pixels] = {
    "colour": COLOURS,
    "grey": np.ascontiguousarray(COLOURS[:, :, 1]),
    "one pixel": COLOURS[:1, :1],
    "wide": coloured_grid(9000, 3),
}


def opened(pixels: Pixels) -> tuple[bytes, bytes, PdfReader]:
    """The JPEG, the PDF around it, and the PDF as a reader sees it."""
    jpeg = encode(pixels, ImageFormat.JPEG)
    pdf = pdf_of_jpeg(jpeg, Dimensions(pixels.shape[1], pixels.shape[0]), grey=pixels.ndim == 2)
    return jpeg, pdf, PdfReader(BytesIO(pdf), strict=True)


def image_of(reader: PdfReader) -> StreamObject:
    (page,) = reader.pages
    objects = page["/Resources"]["/XObject"]  # type: ignore[index]
    (name,) = objects
    image: StreamObject = objects[name].get_object()
    return image


@pytest.mark.parametrize("name", PICTURES)
def test_the_jpeg_is_inside_byte_for_byte(name: str) -> None:
    jpeg, pdf, reader = opened(PICTURES[name])
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert pdf.count(jpeg) == 1
    assert image_of(reader)._data == jpeg


@pytest.mark.parametrize("name", PICTURES)
def test_the_image_is_described_as_it_is(name: str) -> None:
    pixels = PICTURES[name]
    image = image_of(opened(pixels)[2])
    told = {key: image[key] for key in ("/Subtype", "/Width", "/Height", "/BitsPerComponent", "/Filter", "/ColorSpace")}
    assert told == {
        "/Subtype": "/Image",
        "/Width": pixels.shape[1],
        "/Height": pixels.shape[0],
        "/BitsPerComponent": 8,
        "/Filter": "/DCTDecode",
        "/ColorSpace": "/DeviceGray" if pixels.ndim == 2 else "/DeviceRGB",
    }


@pytest.mark.parametrize("name", PICTURES)
def test_the_page_has_the_paper_s_size_at_300_dots_an_inch_and_the_image_fills_it(name: str) -> None:
    pixels = PICTURES[name]
    (page,) = opened(pixels)[2].pages
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    assert (width, height) == pytest.approx((pixels.shape[1] * 0.24, pixels.shape[0] * 0.24), abs=0.01)
    (numbers,) = [line for line in page.get_contents().get_data().decode().splitlines() if "cm" in line]  # type: ignore[union-attr]
    across, *skew, down = numbers.split(" cm")[0].split()[:4]
    assert skew == ["0", "0"]
    assert (float(across), float(down)) == pytest.approx((width, height), abs=0.001)


@pytest.mark.parametrize("name", ["colour", "grey", "one pixel"])
def test_a_reader_finds_the_picture(name: str) -> None:
    jpeg, _, reader = opened(PICTURES[name])
    (shown,) = reader.pages[0].images
    expected = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    pixels = np.asarray(shown.image)
    pixels = pixels[:, :, ::-1] if pixels.ndim == 3 else pixels
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected.astype(int)).max() <= 3


def test_one_picture_is_always_the_same_file() -> None:
    assert opened(COLOURS)[1] == opened(COLOURS)[1]
