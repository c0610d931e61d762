"""Read all codes of one type in an image.

The image is binarized in two ways, and read once each, so that one misreading can be detected.
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
"""Formats by the names of BarcodeType in lower case, without punctuation. ArUco markers are read elsewhere."""

# These have no check character, so a value is accepted only if it is read twice.
_UNCHECKED = frozenset({"Code 39", "Code 39 Standard", "Code 39 Extended", "ITF", "Codabar"})


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a code.

    Attributes:
        text: its content. An ArUco marker has its number, UPC-A 12 digits, UPC-E the 8 digits printed below it.
        centre: x and y in pixels of the image.
        checked: whether the code has a check digit, so that one reading is enough.
    """

    text: str
    centre: tuple[float, float]
    checked: bool = True


def code_name(barcode_type: str) -> str:
    """Return a `BarcodeType` in lower case, without punctuation."""
    return "".join(filter(str.isalnum, barcode_type)).lower()


def is_readable(name: str) -> bool:
    """Return whether codes of this name (see `code_name`) can be read."""
    return name == _ARUCO or name in _FORMATS


def read_codes(tones: Pixels, name: str, *, thorough: bool = False) -> list[Reading]:
    """Return the codes of a type in an image, each once for each way of binarizing the image.

    Args:
        tones: (height, width) uint8.
        name: the type, see `code_name`. It must be readable.
        thorough: whether to search in all directions, in the reduced image, and for light codes on a dark background.
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
