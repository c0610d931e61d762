"""Reading a bar code: in its element's box, of its type, or not at all.

Half the page's scale goes first: it costs a fifth, and on a page of 300 dpi it is what most codes need. What does not
read there is tried at the page's own scale, enlarged (which shows what more the scan has), sharpened and parted into
black and white. Each is read with two ways of telling dark from light, so that one misreading does not stand alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
from zxingcpp import BarcodeFormat as Format

from omrclip.imaging import ops
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.pixels import Pixels
from omrclip.imaging.source import ImageSource
from omrclip.omr.aruco import read_markers
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import Barcode

# What is read around the box: quiet zone, and what registration may be off; a share of the longer side, in pixels.
_MARGIN = 0.05
_LEAST_MARGIN_PX, _MOST_MARGIN_PX = 8, 40
# Below this at its shorter side a box is not read at half the page's scale.
_LEAST_HALVED_PX = 120
# Above this a box is not enlarged.
_MOST_ENLARGED_PIXELS = 1_000_000

_ARUCO = "aruco"
_FORMATS = {
    name: zxingcpp.BarcodeFormats(formats)
    for name, formats in {
        **{
            "".join(filter(str.isalnum, str(known))).lower(): (known,)
            for known in zxingcpp.barcode_formats_list(zxingcpp.BarcodeFormats(Format.AllReadable))
        },
        "ean": (Format.EAN13, Format.EAN8),
        "jan": (Format.EAN13, Format.EAN8),
        "jam": (Format.EAN13, Format.EAN8),
        "upc": (Format.UPCA, Format.UPCE),
        "qr": (Format.QRCodeModel2, Format.QRCodeModel1),
        "qrcode": (Format.QRCodeModel2, Format.QRCodeModel1),
        "microqr": (Format.MicroQRCode,),
        "code39": (Format.Code39Std,),
        "code39fullascii": (Format.Code39Ext,),
        "interleaved2of5": (Format.ITF,),
        "gs1128": (Format.Code128,),
        "gs1code128": (Format.Code128,),
        "gs1datamatrix": (Format.DataMatrix,),
        "gs1qr": (Format.QRCodeModel2,),
        "gs1databar": (Format.DataBar,),
    }.items()
}
"""Formats by the names of BarcodeType, in small letters without punctuation; `_ARUCO` beside them."""

# They have no check character of their own: only what reads twice alike is taken.
_UNCHECKED = frozenset({"Code 39", "Code 39 Standard", "Code 39 Extended", "ITF", "Codabar"})


@dataclass(frozen=True, slots=True)
class _Reading:
    """One code found in one attempt: its text, its centre in pixels of the attempt, and whether one is enough."""

    text: str
    centre: tuple[float, float]
    checked: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """The tones of a box on the page, (height, width) uint8 at `scale` times the page's.

    Thorough: codes are looked for in all directions, reduced, and light on dark too.
    """

    tones: Pixels
    box: Box
    scale: float
    thorough: bool = False


def read_barcode(element: Barcode, page: ImageSource) -> ElementResult:
    """Read the code of an element.

    Args:
        element: its box is in page pixels; its type is compared without letter case and punctuation.
        page: the registered page.

    Returns:
        Status `marked` and the text; `uncertain` with a message where no code of this type reads, its name is not
        known, or several do. An ArUco marker's text is its number, UPC-A has 12 digits, UPC-E the 8 that are printed
        below it. Corners are left to the caller.
    """
    name = "".join(filter(str.isalnum, element.barcode_type)).lower()
    if name != _ARUCO and name not in _FORMATS:
        return _uncertain(element, f"Bar codes of the type {element.barcode_type!r} cannot be read.")
    box = _with_margin(element.box).clamped(page.dimensions)
    inside = element.box.clamped(page.dimensions)
    if box is None or inside is None:
        return _uncertain(element, "Its box lies outside the page.")
    texts: set[str] = set()
    for attempt in _attempts(page, box):
        readings = [reading for reading in _readings(attempt, name) if _holds(inside, attempt, reading)]
        is_second = bool(texts)
        texts |= {reading.text for reading in readings}
        if len(texts) > 1:
            return _uncertain(element, f"Its box holds several codes: {', '.join(sorted(texts))}.")
        if readings and (readings[0].checked or len(readings) > 1 or is_second):
            value = readings[0].text
            return ElementResult(element.name or "", element.type, ElementStatus.MARKED, value, confidence=1.0)
    if texts:
        return _uncertain(element, "The code was read only once, and has no check digit.", texts.pop())
    return _uncertain(element, f"No code of the type {element.barcode_type!r} could be read in its box.")


def _uncertain(element: Barcode, message: str, value: str = "") -> ElementResult:
    return ElementResult(element.name or "", element.type, ElementStatus.UNCERTAIN, value, message=message)


def _with_margin(box: Box) -> Box:
    longer = max(box.width, box.height)
    margin = round(min(max(_MARGIN * longer, _LEAST_MARGIN_PX), _MOST_MARGIN_PX))
    return Box(box.left - margin, box.top - margin, box.width + 2 * margin, box.height + 2 * margin)


def _holds(inside: Box, attempt: _Attempt, reading: _Reading) -> bool:
    """Whether the code's centre lies in the element's own box."""
    x, y = reading.centre
    across, down = attempt.box.left + x / attempt.scale, attempt.box.top + y / attempt.scale
    return inside.left <= across < inside.right and inside.top <= down < inside.bottom


def _attempts(page: ImageSource, box: Box) -> Iterator[_Attempt]:
    """Cheap ones first; the next is made only when it is asked for."""
    if min(box.width, box.height) >= _LEAST_HALVED_PX:
        yield _Attempt(_tones(page, box, 0.5), box, 0.5)
    own = _tones(page, box, 1)
    yield _Attempt(own, box, 1)
    if box.dimensions.pixels <= _MOST_ENLARGED_PIXELS:
        enlarged = _tones(page, box, 2)
        yield _Attempt(enlarged, box, 2)
        yield _Attempt(_sharpened(enlarged), box, 2)
        yield _Attempt(ops.bitonal(enlarged), box, 2)
    yield _Attempt(own, box, 1, thorough=True)
    yield _Attempt(_sharpened(own), box, 1, thorough=True)


def _tones(page: ImageSource, box: Box, scale: float) -> Pixels:
    out = Dimensions(max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    return ops.grey(page.read(box, out))


def _sharpened(tones: Pixels) -> Pixels:
    """Unsharp masking."""
    smooth = cv2.GaussianBlur(tones, (0, 0), 3)
    return np.asarray(cv2.addWeighted(tones, 2.5, smooth, -1.5, 0), dtype=np.uint8)


def _readings(attempt: _Attempt, name: str) -> list[_Reading]:
    if name == _ARUCO:
        markers = read_markers(attempt.tones)
        return [_Reading(str(marker.number), tuple(marker.corners.mean(axis=0))) for marker in markers]
    upright_lines = attempt.box.height > attempt.box.width
    return [
        _reading(code)
        for binarizer in (zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram)
        for code in zxingcpp.read_barcodes(
            attempt.tones,
            formats=_FORMATS[name],
            binarizer=binarizer,
            text_mode=zxingcpp.TextMode.Plain,
            try_rotate=attempt.thorough or upright_lines,
            try_downscale=attempt.thorough,
            try_invert=attempt.thorough,
        )
        if code.valid
    ]


def _reading(code: zxingcpp.Barcode) -> _Reading:
    corners = [getattr(code.position, corner) for corner in ("top_left", "top_right", "bottom_right", "bottom_left")]
    centre = sum(corner.x for corner in corners) / 4, sum(corner.y for corner in corners) / 4
    text = code.text
    if code.format == Format.UPCA:
        text = text[-12:]
    elif code.format == Format.UPCE:
        text = str(code.extra["UPCE"])  # type: ignore[index]  # a dict; the stub says object
    return _Reading(text, centre, str(code.format) not in _UNCHECKED)
