"""Codes in an image: those of one type, wherever they are.

Each is looked for with two ways of telling dark from light, so that one misreading does not stand alone.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import zxingcpp
from zxingcpp import BarcodeFormat as Format

from omrclip.imaging.arrays import Pixels
from omrclip.omr.reading.aruco import read_markers

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
class Reading:
    """One code that was read once.

    Attributes:
        text: what it says; of an ArUco marker its number, of UPC-A 12 digits, of UPC-E the 8 that are printed below it.
        centre: x and y in pixels of the image.
        checked: whether one reading is enough: the code has a check digit.
    """

    text: str
    centre: tuple[float, float]
    checked: bool = True


def code_name(barcode_type: str) -> str:
    """A `BarcodeType` in small letters, without punctuation."""
    return "".join(filter(str.isalnum, barcode_type)).lower()


def is_readable(name: str) -> bool:
    """Whether codes of this name (see `code_name`) can be read."""
    return name == _ARUCO or name in _FORMATS


def read_codes(tones: Pixels, name: str, *, thorough: bool = False) -> list[Reading]:
    """The codes of a type in an image, each once for each way of telling dark from light.

    Args:
        tones: (height, width) uint8.
        name: of the type, see `code_name`; it must be readable.
        thorough: look in all directions, in the reduced image, and for light codes on dark ground.
    """
    if name == _ARUCO:
        return [Reading(str(marker.number), _centre(marker.corners)) for marker in read_markers(tones)]
    height, width = tones.shape
    return [
        _reading(code)
        for binarizer in (zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram)
        for code in zxingcpp.read_barcodes(
            tones,
            formats=_FORMATS[name],
            binarizer=binarizer,
            text_mode=zxingcpp.TextMode.Plain,
            try_rotate=thorough or height > width,
            try_downscale=thorough,
            try_invert=thorough,
        )
        if code.valid
    ]


def _reading(code: zxingcpp.Barcode) -> Reading:
    corners = (getattr(code.position, name) for name in ("top_left", "top_right", "bottom_right", "bottom_left"))
    centre = _centre(np.array([(corner.x, corner.y) for corner in corners], dtype=np.float64))
    text = code.text
    if code.format == Format.UPCA:
        text = text[-12:]
    elif code.format == Format.UPCE:
        text = str(code.extra["UPCE"])  # type: ignore[index]  # a dict; the stub says object
    return Reading(text, centre, str(code.format) not in _UNCHECKED)


def _centre(corners: npt.NDArray[np.float64]) -> tuple[float, float]:
    x, y = corners.mean(axis=0)
    return float(x), float(y)
