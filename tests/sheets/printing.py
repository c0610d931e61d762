"""Draws a form's blank page: greys from 0 (black) to 255 (paper)."""

from functools import lru_cache, singledispatch
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from omrclip.imaging.geometry import Dimensions, round_pixel
from tests.sheets.layout import (
    Barcode,
    ChoiceBox,
    ClipArea,
    Form,
    Frame,
    Grid,
    ReferencePoint,
    Ring,
    Rule,
    Text,
    scale_of,
)

Grey = npt.NDArray[np.uint8]

DRAWING_DPI: Final = 600  # pages are drawn about this fine and then reduced, so that lines and letters have soft edges
FRACTION_BITS: Final = 4
CAP_HEIGHT: Final = 0.70  # of the em, in OpenCV's built-in sans
BUBBLE_GREY: Final = 45
LABEL_EM: Final = 0.62  # of the bubble's diameter
QUIET_MODULES: Final = 4
ARUCO_DICTIONARY: Final = cv2.aruco.DICT_5X5_100
ARUCO_SIDE: Final = 7  # modules, the black border among them
GREY_STEP: Final = 5  # some fifty greys are enough for print, and make smaller PNG files

ALIGNMENT: Final = {"left": 0.0, "center": 0.5, "right": 1.0}  # how much of the line stands left of its x


def page_dimensions(form: Form, dpi: float) -> Dimensions:
    """The page's pixel extents."""
    scale = scale_of(dpi)
    return Dimensions(round_pixel(form.width * scale), round_pixel(form.height * scale))


@lru_cache(maxsize=8)
def print_page(form: Form, dpi: float) -> Grey:
    """The blank page, (height, width) uint8; read-only, since it is kept for the next sheet."""
    dimensions = page_dimensions(form, dpi)
    finer = max(1, round_pixel(DRAWING_DPI / dpi))
    canvas = Canvas(
        np.full((dimensions.height * finer, dimensions.width * finer), 255, np.uint8), scale_of(dpi) * finer
    )
    for part in (*form.prints, *form.elements):
        draw(part, canvas)
    page = cv2.resize(canvas.pixels, (dimensions.width, dimensions.height), interpolation=cv2.INTER_AREA)
    steps = ((page.astype(np.uint16) + GREY_STEP // 2) // GREY_STEP * GREY_STEP).astype(np.uint8)
    steps.flags.writeable = False
    return steps


class Canvas:
    """A grey image to draw on in millimetres. `scale` is its pixels per mm."""

    def __init__(self, pixels: Grey, scale: float) -> None:
        self.pixels = pixels
        self.scale = scale

    def box(self, left: float, top: float, right: float, bottom: float, grey: int) -> None:
        """A filled rectangle."""
        x0, y0, x1, y1 = (round_pixel(v * self.scale) for v in (left, top, right, bottom))
        self.pixels[max(y0, 0) : y1, max(x0, 0) : x1] = grey

    def line(self, start: tuple[float, float], end: tuple[float, float], width: float, grey: int) -> None:
        cv2.line(
            self.pixels, self._fine(start), self._fine(end), (grey,), self._thick(width), cv2.LINE_AA, FRACTION_BITS
        )

    def circle(self, centre: tuple[float, float], radius: float, width: float, grey: int) -> None:
        """A circle whose stroke of `width` mm lies inside `radius`; filled where `width` is 0."""
        inner = (radius - width / 2) * self.scale * (1 << FRACTION_BITS)
        thick = self._thick(width) if width else cv2.FILLED
        cv2.circle(self.pixels, self._fine(centre), round_pixel(inner), (grey,), thick, cv2.LINE_AA, FRACTION_BITS)

    def text(self, part: Text) -> None:
        """A line of text, placed by its advance width (OpenCV's own alignment flags shift nothing)."""
        face, size = cv2.FontFace(part.face), round_pixel(part.size * self.scale)
        _, _, width, _ = cv2.getTextSize((0, 0), part.text, (0, 0), face, size, part.weight)
        x = part.x * self.scale - width * ALIGNMENT[part.align]
        origin = round_pixel(x), round_pixel(part.baseline * self.scale)
        cv2.putText(self.pixels, part.text, origin, (part.grey,), face, size, part.weight)

    def _fine(self, point: tuple[float, float]) -> tuple[int, int]:
        # A drawn coordinate is a pixel's centre, which lies half a pixel from its edge.
        x, y = ((v * self.scale - 0.5) * (1 << FRACTION_BITS) for v in point)
        return round_pixel(x), round_pixel(y)

    def _thick(self, width: float) -> int:
        return max(1, round_pixel(width * self.scale))


@singledispatch
def draw(part: object, _canvas: Canvas) -> None:
    """Prints one part of a form."""
    raise TypeError(f"nothing prints a {type(part).__name__}")


@draw.register
def _(part: Text, canvas: Canvas) -> None:
    canvas.text(part)


@draw.register
def _(part: Rule, canvas: Canvas) -> None:
    canvas.line((part.x0, part.y0), (part.x1, part.y1), part.width, part.grey)


@draw.register
def _(part: Frame, canvas: Canvas) -> None:
    area, half = part.area, part.line / 2
    outer, inner = area.grown(half), area.grown(-half)
    if part.line:
        canvas.box(outer.left, outer.top, outer.right, outer.bottom, part.grey)
    canvas.box(inner.left, inner.top, inner.right, inner.bottom, 255 if part.fill is None else part.fill)


@draw.register
def _(part: Ring, canvas: Canvas) -> None:
    centre, radius = (part.x, part.y), part.diameter / 2
    canvas.circle(centre, radius, 0.0, 255 if part.fill is None else part.fill)
    if part.fill is None:
        canvas.circle(centre, radius, part.line, BUBBLE_GREY)
    if part.label:
        em = part.diameter * LABEL_EM / (1.0 + 0.3 * (len(part.label) - 1))
        canvas.text(Text(part.x, part.y + em * CAP_HEIGHT / 2, part.label, em, 500, "center", part.label_grey))


@draw.register
def _(part: ChoiceBox, canvas: Canvas) -> None:
    for bubble in part.bubbles:
        draw(Ring(bubble.x, bubble.y, part.diameter, bubble.label, label_grey=part.label_grey), canvas)


@draw.register
def _(part: Grid, canvas: Canvas) -> None:
    for column in part.columns:
        draw(column, canvas)


@draw.register
def _(part: Barcode, canvas: Canvas) -> None:
    modules = code_modules(part)
    rows, columns = modules.shape
    width = part.area.width / (columns + 2 * QUIET_MODULES)
    height = part.area.height / rows if part.kind == "ean13" else width
    left = part.area.left + QUIET_MODULES * width
    top = part.area.top + (0.0 if part.kind == "ean13" else QUIET_MODULES * width)
    for row, column in np.argwhere(modules):
        x, y = left + column * width, top + row * height
        canvas.box(x, y, x + width, y + height, 0)


@draw.register
def _(part: ReferencePoint, canvas: Canvas) -> None:
    canvas.box(part.area.left, part.area.top, part.area.right, part.area.bottom, 0)


@draw.register
def _(part: ClipArea, canvas: Canvas) -> None:
    """A clip area is seen only by the frame around it, which the form prints."""


def code_modules(code: Barcode) -> npt.NDArray[np.bool_]:
    """The modules without quiet zone, True where dark; a 1-D code has one row."""
    if code.kind == "ean13":
        bars = np.array(zxingcpp.create_barcode(code.content, zxingcpp.BarcodeFormat.EAN13).to_image(scale=1)) < 128
        first, last = np.flatnonzero(bars[0])[[0, -1]]
        return bars[:1, first : last + 1]
    if code.kind == "aruco":
        markers = cv2.aruco.getPredefinedDictionary(ARUCO_DICTIONARY)
        return np.asarray(cv2.aruco.generateImageMarker(markers, int(code.content), ARUCO_SIDE)) < 128
    return qr_modules(code.content)


def qr_modules(content: str) -> npt.NDArray[np.bool_]:
    """The QR code's modules without quiet zone, True where dark."""
    code = cv2.QRCodeEncoder.create().encode(content)
    dark = np.asarray(code) < 128
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
