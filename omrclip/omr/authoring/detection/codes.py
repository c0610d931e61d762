"""Bar codes, QR codes and ArUco markers on a page."""

from dataclasses import dataclass

import zxingcpp

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.shapes import PAPER_PERCENTILE, Boxes
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WorkingPage, percentile
from omrclip.omr.reading.aruco import read_markers

LEAST_MARKER_MM, MOST_MARKER_MM = 6.0, 40.0
"""Sides of an ArUco marker that is looked for."""
LEAST_MARKER_DARK = 0.35
"""Part of a marker's box that is dark: its border of one cell alone takes a third."""
MOST_MARKER_LONGER = 1.15
"""Ratio of the sides of the box around a marker."""
MARKER_BORDER = 6
"""Sides of a marker in widths of its border, at least."""
LIGHT_CELLS = 93
"""Percentile of the grey levels inside its border that is light: 2 of the 16 cells of a small marker are at least."""
LEAST_LIGHT = 0.4
"""Part of the contrast of ink and paper by which its light cells are lighter than its dark ones, at least."""
MARGIN_MM = 0.6
"""Width around a code within which it may reach beyond the corners that its reader gives."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code: its type as in a template, its content, and its left, top, right and bottom sides in working pixels."""

    barcode_type: str
    text: str
    sides: tuple[float, float, float, float]


def find_codes(page: WorkingPage, components: Boxes) -> list[Code]:
    """Return the codes that can be read on a page."""
    found = []
    for code in zxingcpp.read_barcodes(page.grey):
        place = code.position
        corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        sides = _around([(float(corner.x), float(corner.y)) for corner in corners])
        name = "".join(filter(str.isalnum, str(code.format))).lower()
        found.append(Code("qr" if name == "qrcode" else name, code.text, sides))
    return found + _markers(page, components)


def _around(corners: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    margin = MARGIN_MM * PX_PER_MM
    xs, ys = zip(*corners, strict=True)
    return min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin


def _markers(page: WorkingPage, components: Boxes) -> list[Code]:
    found = []
    for left, top, width, height in components.astype(int).tolist():
        shorter, longer = min(width, height), max(width, height)
        if shorter < LEAST_MARKER_MM * PX_PER_MM or longer > MOST_MARKER_MM * PX_PER_MM:
            continue
        dark = page.dark[top : top + height, left : left + width]
        if longer > MOST_MARKER_LONGER * shorter or (dark > 0).mean() < LEAST_MARKER_DARK:
            continue
        margin = width // 3
        part = page.grey[max(0, top - margin) : top + height + margin, max(0, left - margin) : left + width + margin]
        if _is_plain(page.grey[top : top + height, left : left + width], percentile(part, PAPER_PERCENTILE)):
            continue
        markers = read_markers(part)
        if markers:
            corners = [(float(left), float(top)), (float(left + width), float(top + height))]
            found.append(Code("aruco", str(markers[0].number), _around(corners)))
    return found


def _is_plain(box: Grey, paper: int) -> bool:
    """Whether a square is dark all over, as a corner mark is. Looking for its number in all dictionaries takes long."""
    high, wide = (side // MARKER_BORDER for side in box.shape)
    inside = box[high:-high, wide:-wide]
    dark, light = (percentile(inside, each) for each in (100 - LIGHT_CELLS, LIGHT_CELLS))
    return light - dark < LEAST_LIGHT * (paper - dark)
