"""Pages of PDF files as images."""

import subprocess
import sys
from dataclasses import replace
from io import DEFAULT_BUFFER_SIZE, BytesIO

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from omrclip.errors import CorruptImage, LimitExceeded, UnsupportedImage
from omrclip.imaging.codec import decode
from omrclip.imaging.documents import Document, open_document
from omrclip.imaging.pdf_pages import PdfPages
from omrclip.imaging.probe import ColourMode, ImageFormat, probe
from omrclip.imaging.tiff.ranges import BytesReader
from tests.grid import coloured_grid
from tests.imaging.pdf_files import PdfImage, PdfPage, jpeg_image, pdf, raw_image, scanned
from tests.imaging.samples import save

RGB = np.ascontiguousarray(coloured_grid(248, 351)[:, :, ::-1])
GREY = np.ascontiguousarray(RGB[:, :, 1])
PHOTO = jpeg_image(RGB, quality=80)
WHITE = raw_image(np.full((1754, 1240, 3), 255, np.uint8))
INVISIBLE_TEXT = "BT /F 12 Tf 3 Tr 100 700 Td (found by text recognition) Tj ET"
NEARLY_WHITE = np.full((60, 40), 200, np.uint8)
SEPARATION = "[/Separation /Black /DeviceGray << /FunctionType 2 /Domain [0 1] /C0 [1] /C1 [0] /N 1 >>]"
NOISE = np.random.default_rng(1).integers(0, 256, (2400, 3000, 3), np.uint8)
MOST_PIXELS = 40_000_000


def opened(data: bytes) -> Document:
    document = open_document(BytesReader(data), MOST_PIXELS)
    assert document is not None
    return document


def only_page(page: PdfPage) -> bytes:
    document = opened(pdf(page))
    try:
        assert document.count == 1
        return document.read_page(1)
    finally:
        document.close()


@pytest.mark.parametrize(
    "page",
    [
        scanned(PHOTO),
        scanned(jpeg_image(GREY)),
        scanned(PHOTO, INVISIBLE_TEXT),
        PdfPage("q 500 0 0 700 40 60 cm /I0 Do Q", [PHOTO]),
        scanned(PdfImage(248, 351, save(Image.fromarray(RGB), "JPEG2000"), "/JPXDecode")),
    ],
    ids=["color", "grey", "with invisible text", "with a margin", "JPEG 2000"],
)
def test_the_file_of_a_scanned_page_comes_out_as_it_is(page: PdfPage) -> None:
    assert only_page(page) == page.images[0].data


@pytest.mark.parametrize("pixels", [RGB, GREY, np.where(GREY > 120, 255, 0).astype(np.uint8)])
def test_a_lossless_scan_comes_out_pixel_by_pixel(pixels: np.ndarray) -> None:
    data = only_page(scanned(raw_image(pixels)))
    assert probe(data).format is ImageFormat.PNG
    assert np.array_equal(decode(data), pixels[:, :, ::-1] if pixels.ndim == 3 else np.dstack([pixels] * 3))


def test_a_fax_page_comes_out_as_one_bit_a_pixel() -> None:
    file = BytesIO()
    bilevel = Image.fromarray(GREY).convert("1")
    bilevel.save(file, "PDF")
    assert b"CCITTFaxDecode" in file.getvalue()
    data = opened(file.getvalue()).read_page(1)
    assert probe(data).mode is ColourMode.BILEVEL
    assert np.array_equal(decode(data)[:, :, 0], np.asarray(bilevel.convert("L")))


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_turned_page_is_seen_as_in_a_viewer(rotate: int) -> None:
    page = scanned(raw_image(RGB), rotate=rotate, dimensions=(248, 351))
    seen = decode(only_page(page))
    expected = np.rot90(RGB[:, :, ::-1], -rotate // 90)
    assert seen.shape == expected.shape
    assert np.abs(seen.astype(int) - expected).mean() < 4


@pytest.mark.parametrize(
    ("page", "dimensions", "dpi"),
    [
        (PdfPage("0 0 1 rg 100 100 200 200 re f"), (2480, 3509), 300),
        (scanned(PHOTO, "0 0 1 rg 100 100 200 200 re f"), (595, 842), 72),
        (scanned(WHITE, "0 0 1 rg 100 100 200 200 re f"), (1241, 1755), 150),
        (PdfPage("BT /F 20 Tf 50 500 Td (Name) Tj ET"), (2480, 3509), 300),
    ],
    ids=["drawn", "drawn over a coarse image", "drawn over an image of 150 dpi", "text"],
)
def test_other_pages_are_rendered_at_the_density_of_their_images(
    page: PdfPage, dimensions: tuple[int, int], dpi: int
) -> None:
    data = only_page(page)
    info = probe(data)
    assert (info.stored.width, info.stored.height) == pytest.approx(dimensions, abs=2)
    assert info.dpi == pytest.approx((dpi, dpi), rel=0.01)
    pixels = decode(data)
    assert pixels.min() < 60, "it shows something"
    if "re f" in page.content:
        scale = info.stored.width / 595
        assert pixels[int((842 - 200) * scale), int(200 * scale)].tolist() == [255, 0, 0]


def test_inks_and_transparency_are_rendered() -> None:
    inks = np.zeros((60, 40, 4), np.uint8)
    inks[:, :, 0] = 255
    image = PdfImage(40, 60, inks.tobytes(), space="/DeviceCMYK")
    seen = decode(only_page(scanned(image)))[400, 300]
    assert seen[2] < 60 < 120 < seen[0], "cyan"


def test_pages_are_numbered_from_one() -> None:
    pages = [scanned(jpeg_image(np.full((50, 40, 3), tone, np.uint8))) for tone in (10, 100, 200)]
    document = opened(pdf(*pages))
    assert document.count == 3
    assert [int(decode(document.read_page(number))[0, 0, 0]) for number in (3, 1, 2)] == [200, 10, 100]


def protected(user: str) -> bytes:
    writer = PdfWriter()
    writer.append(PdfReader(BytesIO(pdf(scanned(PHOTO)))))
    writer.encrypt(user, "owner", algorithm="RC4-128")
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "error", "told"),
    [
        (protected("secret"), UnsupportedImage, "protected by a password"),
        (pdf(), CorruptImage, "has no pages"),
        (b"%PDF-1.7\nhello", CorruptImage, "damaged or cut off"),
        (pdf(scanned(PHOTO))[:300], CorruptImage, "damaged or cut off"),
    ],
    ids=["password", "no page", "nonsense", "cut off"],
)
def test_a_file_that_cannot_be_opened_says_why(data: bytes, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        open_document(BytesReader(data), MOST_PIXELS)


def test_a_file_that_asks_for_no_password_to_be_read_is_read() -> None:
    assert opened(protected("")).read_page(1) == PHOTO.data


def test_one_bad_page_leaves_the_others() -> None:
    bomb = PdfImage(30_000, 30_000, b"", "/FlateDecode", "/DeviceGray", 1)
    huge = PdfPage("1 0 0 rg 0 0 9 9 re f", dimensions=(14_000, 14_000))  # 5 m
    document = opened(pdf(scanned(PHOTO), scanned(bomb), huge, scanned(PHOTO)))
    with pytest.raises(LimitExceeded, match="An image on page 2 of the PDF has 30000 × 30000 pixels"):
        document.read_page(2)
    with pytest.raises(LimitExceeded, match="Page 3 of the PDF has"):
        document.read_page(3)
    assert document.read_page(1) == document.read_page(4) == PHOTO.data


def test_an_image_that_mentions_a_pdf_is_no_pdf() -> None:
    data = save(Image.fromarray(RGB), "JPEG", comment=b"made from %PDF-1.7")
    assert b"%PDF-" in data[:1024]
    assert open_document(BytesReader(data), MOST_PIXELS) is None


def test_a_pdf_may_begin_behind_other_bytes() -> None:
    assert opened(b"\r\n" + pdf(scanned(PHOTO))).read_page(1) == PHOTO.data


COSTLY = {
    "JPEG": scanned(jpeg_image(NOISE)),
    "lossless": scanned(raw_image(NOISE)),
    "rendered": scanned(raw_image(NOISE), rotate=90),
    "two images": PdfPage("q 500 0 0 400 0 0 cm /I0 Do Q q 500 0 0 400 0 400 cm /I1 Do Q", [raw_image(NOISE)] * 2),
}
MEASURED = """
import resource, sys
from omrclip.imaging.pdf_pages import PdfPages
from omrclip.imaging.tiff.ranges import BytesReader
data = sys.stdin.buffer.read()
pages = PdfPages(BytesReader(data), 40_000_000)
small, costly = pages.read_page(1), pages.page_bytes(2)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pages.read_page(2)
print(costly, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.parametrize("name", COSTLY)
def test_reading_a_page_takes_no_more_memory_than_it_says(name: str) -> None:
    data = pdf(scanned(PHOTO, rotate=90), COSTLY[name])
    done = subprocess.run([sys.executable, "-c", MEASURED], input=data, capture_output=True, check=True)
    said, taken = map(int, done.stdout.split())
    assert taken <= said, f"{taken / 1e6:.0f} MB"


def masked(mask: np.ndarray, more: str, bits: int = 8) -> PdfPage:
    """A page that shows a JPEG with the dimensions of a mask, which hides a part of it: black, its last rows white."""
    pixels = np.zeros(mask.shape, np.uint8)
    pixels[mask.shape[0] // 8 * 8 - 8 :] = 255
    black = jpeg_image(pixels)
    height, width = mask.shape
    data = mask.tobytes() if bits == 8 else np.packbits(mask > 0, axis=1).tobytes()
    hidden = PdfImage(width, height, data, "", "/DeviceGray", bits, "" if bits == 8 else "/ImageMask true")
    shown = replace(black, more=more)
    return PdfPage(f"q {width} 0 0 {height} 0 0 cm /I1 Do Q", [hidden, shown], dimensions=(width, height))


@pytest.mark.parametrize(
    ("more", "bits", "shown"),
    [("/SMask 4 0 R", 8, 255), ("/Mask 4 0 R", 1, 0), ("/Mask [0 0]", 8, 255)],
    ids=["soft mask", "stencil", "colour key"],
)
def test_an_image_with_a_mask_is_rendered(more: str, bits: int, shown: int) -> None:
    mask = np.zeros((60, 40), np.uint8)
    mask[10:20, 10:20] = 255
    document = PdfPages(BytesReader(pdf(masked(mask, more, bits))), 10**7)
    page = np.array(Image.open(BytesIO(document.read_page(1))).convert("L"))
    assert page[40, 20] == shown
    assert document.page_bytes(1) > 0


@pytest.mark.parametrize(("hidden", "is_stored"), [(0, True), (1, False)])
def test_a_mask_is_found_by_a_single_pixel_of_a_large_scan(hidden: int, is_stored: bool) -> None:
    mask = np.full((1100, 800), 255, np.uint8)
    mask[501, 403 : 403 + hidden] = 0
    page = masked(mask, "/SMask 4 0 R")
    data = PdfPages(BytesReader(pdf(page)), 10**7).read_page(1)
    assert (data == page.images[1].data) == is_stored


@pytest.mark.parametrize("key", ["/SMask", "/S#4dask", "/#53#4D#61#73#6b"])
def test_a_mask_is_found_wherever_the_file_is_read_in_two_parts(key: str) -> None:
    mask = np.zeros((60, 40), np.uint8)
    mask[10:20, 10:20] = 255
    page = masked(mask, f"{key} 4 0 R")
    at = pdf(page).index(key.encode())
    for before in range(len(key) + 1):
        blanks = " " * (DEFAULT_BUFFER_SIZE - before - at)
        shown = replace(page.images[1], more=blanks + page.images[1].more)
        data = PdfPages(BytesReader(pdf(replace(page, images=[page.images[0], shown]))), 10**7).read_page(1)
        assert data != shown.data


@pytest.mark.parametrize(
    "page",
    [
        scanned(replace(jpeg_image(NEARLY_WHITE), more="/Decode [1 0]")),
        scanned(replace(jpeg_image(NEARLY_WHITE), space=SEPARATION)),
        PdfPage("50 50 200 200 re W n q 595 0 0 842 0 0 cm /I0 Do Q", [jpeg_image(np.full((60, 40), 0, np.uint8))]),
    ],
    ids=["inverted", "ink", "clipped"],
)
def test_an_image_that_is_shown_otherwise_than_stored_is_rendered(page: PdfPage) -> None:
    middle = decode(only_page(page))[30, 20]
    assert abs(int(middle[1]) - (255 if "W n" in page.content else 55)) < 25


def test_the_stored_file_of_an_image_that_pdfium_cannot_draw_is_taken() -> None:
    grey = replace(jpeg_image(np.full((1100, 800), 200, np.uint8)), space="/DeviceRGB")
    assert PdfPages(BytesReader(pdf(scanned(grey))), 10**7).read_page(1) == grey.data


STROKE = "/Annots [<< /Type /Annot /Subtype /{kind} /Rect [100 100 400 700] /F {flags} /IC [0 0 1] /C [0 0 1] >>]"


@pytest.mark.parametrize(
    ("kind", "flags", "is_stored"),
    [("Square", 4, False), ("Square", 2, True), ("Link", 4, True)],
    ids=["drawn", "hidden", "link"],
)
def test_what_is_drawn_over_a_scan_with_a_pen_is_seen(kind: str, flags: int, is_stored: bool) -> None:
    white = jpeg_image(np.full((842, 595, 3), 255, np.uint8))
    data = only_page(scanned(white, more=STROKE.format(kind=kind, flags=flags)))
    assert (data == white.data) is is_stored
    assert is_stored or decode(data)[400, 300].tolist() == [255, 0, 0]


@pytest.mark.parametrize(("crop", "is_stored"), [("0 0 595 842", True), ("2 2 595 842", True), ("0 0 298 842", False)])
def test_a_page_that_shows_a_half_of_an_image_gives_this_half(crop: str, is_stored: bool) -> None:
    pixels = np.zeros((842, 1190, 3), np.uint8)
    pixels[:, 595:] = 255
    spread = jpeg_image(pixels)
    data = only_page(scanned(spread, more=f"/CropBox [{crop}]"))
    assert (data == spread.data) is is_stored
    assert is_stored or decode(data)[100:-100, 10:-10].max() < 20
