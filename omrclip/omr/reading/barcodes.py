"""Read the bar code of an element: in its box, and of its type only.

The first attempt uses the rectified scan of the registration, which has about half the page's scale. Otherwise the page
is rendered at half its scale, which takes a fifth of the time and is enough for most codes at 300 dpi. If no code is
found, the page's own scale is tried, then enlarged (the scan may have more pixels than the page), sharpened and
binarized.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import ImageSource
from omrclip.omr.reading.codes import Reading, code_name, is_readable, read_codes
from omrclip.omr.registration.rectified_scan import RectifiedScan
from omrclip.omr.registration.registration import Registration
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import Barcode
from omrclip.wording import Wording

# Margin around the box, for the quiet zone and for errors of the registration: a part of the longer side, and pixels.
_MARGIN = 0.05
_LEAST_MARGIN_PX, _MOST_MARGIN_PX = 8, 40
# Pixels of the shorter side of a box. Smaller boxes are not read at half the page's scale.
_LEAST_HALVED_PX = 120
# Pixels of a box. Larger boxes are not enlarged.
_MOST_ENLARGED_PIXELS = 1_000_000

BARCODE_TYPE = Wording("barcode_type", "omrclip does not read barcodes of the type '{type}'.")
BARCODE_OUTSIDE = Wording("barcode_outside", "The barcode's box lies outside the page.")()
BARCODE_SEVERAL = Wording("barcode_several", "The box contains several barcodes: {texts}.")
BARCODE_UNCHECKED = Wording(
    "barcode_unchecked", "The barcode has no check digit and could be read in one way only. Check the value."
)()
BARCODE_MISSING = Wording("barcode_missing", "No barcode of the type '{type}' was found in the box.")


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """Pixels in and around an element's box: (height, width) uint8, and the map from them to the page."""

    tones: Pixels
    to_page: ops.Matrix


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """One attempt to read a code. See `read_codes` for `thorough`."""

    seen: Glance
    thorough: bool = False


def glance(element: Barcode, registration: Registration, rectified: RectifiedScan) -> Glance | None:
    """Return the part of the rectified scan that shows an element's box; None where it lies outside of the scan."""
    box = _with_margin(element.box)
    corners = ops.corners(box.left, box.top, box.width, box.height)
    in_rectified = ops.transform(rectified.scan_to_rectified, registration.to_scan(corners))
    (left, top), (right, bottom) = (
        np.floor(in_rectified.min(axis=0)).astype(int),
        np.ceil(in_rectified.max(axis=0)).astype(int),
    )
    shown = Box(left, top, max(right - left, 1), max(bottom - top, 1)).clamped(ops.extents(rectified.pixels))
    if shown is None:
        return None
    to_page = cv2.getPerspectiveTransform(in_rectified.astype(np.float32), corners.astype(np.float32))
    moved = np.array([[1, 0, shown.left], [0, 1, shown.top], [0, 0, 1]], dtype=np.float64)
    return Glance(np.ascontiguousarray(ops.cut(rectified.pixels, shown)), to_page @ moved)


def read_barcode(element: Barcode, page: ImageSource, at_hand: Glance | None = None) -> ElementResult:
    """Read the code of an element.

    Args:
        element: its box is in page pixels. Its type is compared without letter case and punctuation.
        page: the registered page.
        at_hand: pixels of the box for the first attempt; None where there are none.

    Returns:
        A result with status `marked` and the text of the code, see `Reading`. The status is `uncertain`, with a
        message, if the type is unknown, or if no code or several codes of the type were found. The caller sets the
        corners.
    """
    name = code_name(element.barcode_type)
    if not is_readable(name):
        return _uncertain(element, BARCODE_TYPE(type=element.barcode_type))
    box = _with_margin(element.box).clamped(page.dimensions)
    inside = element.box.clamped(page.dimensions)
    if box is None or inside is None:
        return _uncertain(element, BARCODE_OUTSIDE)
    texts: set[str] = set()
    for attempt in _attempts(page, box, at_hand):
        found = read_codes(attempt.seen.tones, name, thorough=attempt.thorough)
        readings = [reading for reading in found if _holds(inside, attempt.seen, reading)]
        is_second = bool(texts)
        texts |= {reading.text for reading in readings}
        if len(texts) > 1:
            return _uncertain(element, BARCODE_SEVERAL(texts=", ".join(sorted(texts))))
        if readings and (readings[0].checked or len(readings) > 1 or is_second):
            value = readings[0].text
            return ElementResult(element.name or "", element.type, ElementStatus.MARKED, value, confidence=1.0)
    if texts:
        return _uncertain(element, BARCODE_UNCHECKED, texts.pop())
    return _uncertain(element, BARCODE_MISSING(type=element.barcode_type))


def _uncertain(element: Barcode, message: str, value: str = "") -> ElementResult:
    return ElementResult(element.name or "", element.type, ElementStatus.UNCERTAIN, value, message=message)


def _with_margin(box: Box) -> Box:
    longer = max(box.width, box.height)
    margin = round(min(max(_MARGIN * longer, _LEAST_MARGIN_PX), _MOST_MARGIN_PX))
    return Box(box.left - margin, box.top - margin, box.width + 2 * margin, box.height + 2 * margin)


def _holds(inside: Box, seen: Glance, reading: Reading) -> bool:
    """Return whether the code's centre lies in the element's own box."""
    ((x, y),) = ops.transform(seen.to_page, np.array([reading.centre]))
    return bool(inside.left <= x < inside.right and inside.top <= y < inside.bottom)


def _attempts(page: ImageSource, box: Box, at_hand: Glance | None) -> Iterator[_Attempt]:
    """Yield attempts, cheap ones first. Pixels are rendered when an attempt is requested."""
    if at_hand is not None:
        yield _Attempt(at_hand)
    elif min(box.width, box.height) >= _LEAST_HALVED_PX:
        yield _Attempt(_seen(page, box, 0.5))
    own = _seen(page, box, 1)
    yield _Attempt(own)
    if box.dimensions.pixels <= _MOST_ENLARGED_PIXELS:
        enlarged = _seen(page, box, 2)
        yield _Attempt(enlarged)
        yield _Attempt(replace(enlarged, tones=_sharpened(enlarged.tones)))
        yield _Attempt(replace(enlarged, tones=_parted(enlarged.tones)))
    yield _Attempt(own, thorough=True)
    yield _Attempt(replace(own, tones=_sharpened(own.tones)), thorough=True)


def _seen(page: ImageSource, box: Box, scale: float) -> Glance:
    out = Dimensions(max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    across, down = box.width / out.width, box.height / out.height
    to_page = np.array([[across, 0, box.left], [0, down, box.top], [0, 0, 1]], dtype=np.float64)
    return Glance(ops.grey(page.read(box, out)), to_page)


def _parted(tones: Pixels) -> Pixels:
    """Binarize by Otsu's threshold (IEEE Trans. SMC 9, 1979)."""
    return np.asarray(cv2.threshold(tones, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1], np.uint8)


def _sharpened(tones: Pixels) -> Pixels:
    """Sharpen by unsharp masking."""
    smooth = cv2.GaussianBlur(tones, (0, 0), 3)
    return np.asarray(cv2.addWeighted(tones, 2.5, smooth, -1.5, 0), dtype=np.uint8)
