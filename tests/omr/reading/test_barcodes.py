from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import zxingcpp
from zxingcpp import BarcodeFormat as Format

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.omr.reading.barcodes import glance, read_barcode
from omrclip.omr.registration.rectified_scan import RectifiedScan
from omrclip.omr.registration.registration import Registration
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import Barcode

Tones = npt.NDArray[np.uint8]

MARGIN = 120


def printed(code_format: Format, text: str, width: int = 400) -> Tones:
    """A code with its quiet zone, this wide."""
    drawn = np.array(zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, code_format), scale=4))
    height = max(60, round(drawn.shape[0] * width / drawn.shape[1]))
    return np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def marker(dictionary: str, number: int, cells: int, width: int = 200) -> Tones:
    known = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    drawn = np.pad(cv2.aruco.generateImageMarker(known, number, (cells + 2) * 8), 16, constant_values=255)
    return np.asarray(cv2.resize(drawn, (width, width), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def page_of(code: Tones) -> Tones:
    """A page with writing all over, and a code in the middle of it."""
    height, width = code.shape
    page = np.full((height + 2 * MARGIN, width + 2 * MARGIN), 255, np.uint8)
    for line in range(30, page.shape[0], 45):
        cv2.putText(page, "Answers 1234567890 to all questions", (3, line), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 2)
    page[MARGIN:-MARGIN, MARGIN:-MARGIN] = code
    return page


def read(page: Tones, barcode_type: str, *, left: int = MARGIN, right: int = MARGIN) -> ElementResult:
    """What is read in a box whose edges lie this far from the page's."""
    height, width = page.shape
    element = Barcode(
        name="Code",
        barcode_type=barcode_type,
        left=left,
        top=MARGIN,
        width=width - left - right,
        height=height - 2 * MARGIN,
    )
    return read_barcode(element, DecodedImage(np.dstack([page] * 3)))


def blurred(page: Tones) -> Tones:
    return np.asarray(cv2.GaussianBlur(page, (0, 0), 1.5), dtype=np.uint8)


def noisy(page: Tones) -> Tones:
    noise = np.random.default_rng(7).normal(0, 20, page.shape)
    return np.clip(page + noise, 0, 255).astype(np.uint8)


def shaded(page: Tones) -> Tones:
    return (page * np.linspace(1, 0.5, page.shape[1])).astype(np.uint8)


def askew(page: Tones) -> Tones:
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 1.5, 1)
    return np.asarray(cv2.warpAffine(page, turn, (width, height), borderValue=255), dtype=np.uint8)


CODES = [
    ("ean13", Format.EAN13, "5901234123457", "5901234123457"),
    ("EAN-13", Format.EAN13, "5901234123457", "5901234123457"),
    ("ean", Format.EAN13, "5901234123457", "5901234123457"),
    ("ean", Format.EAN8, "96385074", "96385074"),
    ("ean8", Format.EAN8, "96385074", "96385074"),
    ("jan", Format.EAN13, "4901234567894", "4901234567894"),
    ("jam", Format.EAN13, "4901234567894", "4901234567894"),
    ("upca", Format.UPCA, "012345678905", "012345678905"),
    ("UPC_A", Format.UPCA, "012345678905", "012345678905"),
    ("upc", Format.UPCA, "012345678905", "012345678905"),
    ("upc", Format.UPCE, "01234565", "01234565"),
    ("code39", Format.Code39, "AB-1234", "AB-1234"),
    ("Code 39", Format.Code39, "AB-1234", "AB-1234"),
    ("code128", Format.Code128, "Sheet 17", "Sheet 17"),
    ("itf", Format.ITF, "12345670", "12345670"),
    ("codabar", Format.Codabar, "A12345B", "A12345B"),
    ("qr", Format.QRCode, "https://example.org/ä", "https://example.org/ä"),
    ("QRCode", Format.QRCode, "aspose.com", "aspose.com"),
    ("dataMatrix", Format.DataMatrix, "sheet 17", "sheet 17"),
    ("pdf417", Format.PDF417, "sheet 17", "sheet 17"),
    ("aztec", Format.Aztec, "sheet 17", "sheet 17"),
]


@pytest.mark.parametrize(("barcode_type", "code_format", "text", "value"), CODES)
def test_codes_of_every_type_read(barcode_type: str, code_format: Format, text: str, value: str) -> None:
    found = read(page_of(printed(code_format, text)), barcode_type)
    assert (found.status, found.value, found.message) == (ElementStatus.MARKED, value, "")
    assert (found.name, found.type, found.confidence) == ("Code", "Barcode", 1.0)


@pytest.mark.parametrize("spoilt", [blurred, noisy, shaded, askew])
@pytest.mark.parametrize(
    ("barcode_type", "code", "value"),
    [
        ("ean13", printed(Format.EAN13, "5901234123457"), "5901234123457"),
        ("qr", printed(Format.QRCode, "aspose.com", 240), "aspose.com"),
        ("aruco", marker("DICT_7X7_1000", 53, 7), "53"),
        ("aruco", marker("DICT_4X4_50", 17, 4), "17"),
    ],
)
def test_codes_read_on_poor_scans(spoilt: object, barcode_type: str, code: Tones, value: str) -> None:
    found = read(spoilt(page_of(code)), barcode_type)  # type: ignore[operator]
    assert (found.status, found.value) == (ElementStatus.MARKED, value)


@pytest.mark.parametrize(
    ("dictionary", "cells"),
    [("DICT_4X4_50", 4), ("DICT_5X5_100", 5), ("DICT_6X6_250", 6), ("DICT_7X7_1000", 7), ("DICT_ARUCO_ORIGINAL", 5)],
)
@pytest.mark.parametrize("number", [3, 7, 49])
@pytest.mark.parametrize("turns", [0, 1])
def test_markers_of_every_size_read_either_way_up(dictionary: str, cells: int, number: int, turns: int) -> None:
    found = read(page_of(np.rot90(marker(dictionary, number, cells), turns)), "ArUco")
    assert (found.status, found.value) == (ElementStatus.MARKED, str(number))


def test_a_mended_marker_is_read_and_a_spoilt_one_is_not() -> None:
    whole = marker("DICT_7X7_1000", 53, 7, width=9 * 20 + 40)
    code = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_7X7_1000), 53, 9 * 20)
    spots = {1: ElementStatus.MARKED, 20: ElementStatus.UNCERTAIN}
    for count, status in spots.items():
        spoilt = code.copy()
        for cell in range(count):
            row, column = 1 + cell // 7, 1 + cell % 7
            place = np.s_[20 * row : 20 * row + 20, 20 * column : 20 * column + 20]
            spoilt[place] = 255 - spoilt[place]
        shown = whole.copy()
        shown[20:-20, 20:-20] = spoilt
        found = read(page_of(shown), "aruco")
        assert (found.status, found.value) == (status, "53" if status is ElementStatus.MARKED else "")


@pytest.mark.parametrize(
    "barcode_type", ["ean8", "upca", "code39", "itf", "codabar", "code128", "qr", "aruco", "aztec"]
)
def test_another_type_is_not_read(barcode_type: str) -> None:
    found = read(page_of(printed(Format.EAN13, "5901234123457")), barcode_type)
    assert (found.status, found.value) == (ElementStatus.UNCERTAIN, "")
    assert found.message == f"No barcode of the type {barcode_type!r} was found in the box."


@pytest.mark.parametrize("barcode_type", ["ean", "upc", "code39", "itf", "codabar", "code93", "qr", "aruco"])
def test_writing_and_noise_are_no_code(barcode_type: str) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (160, 400)).astype(np.uint8)
    for page in (page_of(noise), page_of(np.full((160, 400), 255, np.uint8))[:, ::2]):
        found = read(page, barcode_type)
        assert (found.status, found.value) == (ElementStatus.UNCERTAIN, "")


def test_a_name_that_is_not_known_is_told() -> None:
    found = read(page_of(printed(Format.EAN13, "5901234123457")), "postbar 7")
    assert (found.status, found.value) == (ElementStatus.UNCERTAIN, "")
    assert found.message == "omrclip does not read barcodes of the type 'postbar 7'."


@pytest.mark.parametrize(
    ("barcode_type", "codes"),
    [
        ("ean13", [printed(Format.EAN13, "5901234123457"), printed(Format.EAN13, "4901234567894")]),
        ("qr", [printed(Format.QRCode, "first", 300), printed(Format.QRCode, "second", 300)]),
        ("aruco", [marker("DICT_6X6_250", 3, 6), marker("DICT_6X6_250", 4, 6)]),
    ],
)
def test_two_codes_in_one_box_are_uncertain(barcode_type: str, codes: list[Tones]) -> None:
    found = read(page_of(np.vstack(codes)), barcode_type)
    assert (found.status, found.value) == (ElementStatus.UNCERTAIN, "")
    assert found.message.startswith("The box contains several barcodes: ")


def test_only_the_code_in_the_box_is_read() -> None:
    codes = [printed(Format.EAN13, "5901234123457"), printed(Format.EAN13, "4901234567894")]
    page = page_of(np.hstack(codes))
    assert read(page, "ean13", right=MARGIN + 400).value == "5901234123457"
    assert read(page, "ean13", left=MARGIN + 400).value == "4901234567894"


def test_a_code_beside_the_box_is_not_read() -> None:
    page = page_of(np.hstack([printed(Format.QRCode, "beside", 200), np.full((200, 60), 255, np.uint8)]))
    assert read(page, "qr", left=MARGIN + 201).value == ""


def test_a_code_may_reach_to_the_edge_of_the_page() -> None:
    code = printed(Format.QRCode, "edge", 200)
    element = Barcode(name="Code", barcode_type="qr", left=0, top=0, width=200.4, height=200)
    assert read_barcode(element, DecodedImage(np.dstack([code] * 3))).value == "edge"


def test_lines_that_lie_are_read() -> None:
    page = np.ascontiguousarray(np.rot90(page_of(printed(Format.Code128, "Sheet 17"))))
    assert read(page, "code128").value == "Sheet 17"


def glanced(page: Tones, *, factor: float) -> tuple[Barcode, Registration, RectifiedScan]:
    """A code in the middle of the page, and a view of a scan that is the page at this scale, turned upside down."""
    height, width = page.shape
    element = Barcode(
        name="Code",
        barcode_type="ean13",
        left=MARGIN,
        top=MARGIN,
        width=width - 2 * MARGIN,
        height=height - 2 * MARGIN,
    )
    extents = Dimensions(width, height)
    to_scan = np.array([[-1, 0, width], [0, -1, height], [0, 0, 1]], dtype=np.float64)
    seen = cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    to_rectified = np.diag([seen.shape[1] / width, seen.shape[0] / height, 1.0]) @ np.linalg.inv(to_scan)
    return (
        element,
        Registration("by hand", extents, extents, to_scan),
        RectifiedScan(np.asarray(seen, np.uint8), to_rectified),
    )


def test_what_is_at_hand_of_the_page_is_read_without_the_page() -> None:
    element, registration, view = glanced(page_of(printed(Format.EAN13, "5901234123457")), factor=0.5)

    class Unread:
        dimensions = registration.page

        def read(self, *_: object) -> Pixels:
            raise AssertionError("the page was read")

    assert read_barcode(element, Unread(), glance(element, registration, view)).value == "5901234123457"


def test_what_does_not_read_at_hand_is_read_from_the_page() -> None:
    page = page_of(printed(Format.EAN13, "5901234123457"))
    element, registration, view = glanced(page, factor=0.1)
    source = DecodedImage(np.dstack([page] * 3))
    assert read_barcode(element, source, glance(element, registration, view)).value == "5901234123457"


def test_a_code_beside_the_box_is_not_read_at_hand() -> None:
    page = page_of(np.vstack([printed(Format.EAN13, "5901234123457"), np.full((300, 400), 255, np.uint8)]))
    element, registration, view = glanced(page, factor=0.5)
    below = replace(element, top=element.top + 220, height=element.height - 220)
    source = DecodedImage(np.full((*page.shape, 3), 255, np.uint8))
    assert read_barcode(below, source, glance(below, registration, view)).value == ""


def test_nothing_is_at_hand_of_a_box_that_the_view_does_not_show() -> None:
    page = page_of(printed(Format.EAN13, "5901234123457"))
    element, registration, view = glanced(page, factor=0.5)
    away = RectifiedScan(view.pixels, np.array([[1, 0, 9999], [0, 1, 0], [0, 0, 1]]) @ view.scan_to_rectified)
    assert glance(element, registration, away) is None
