"""Bar codes, QR codes and ArUco markers on a page."""

from dataclasses import dataclass

import zxingcpp

from omrclip.omr.authoring.detection.shapes import Boxes
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WorkingPage
from omrclip.omr.reading.aruco import read_markers

LEAST_MARKER_MM, MOST_MARKER_MM = 6.0, 40.0
"""Sides of an ArUco marker that is looked for."""
LEAST_MARKER_DARK = 0.35
"""Part of a marker's box that is dark: its border of one cell alone takes a third."""
MOST_MARKER_LONGER = 1.15
"""Ratio of the sides of the box around a marker."""
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
        markers = read_markers(part)
        if markers:
            corners = [(float(left), float(top)), (float(left + width), float(top + height))]
            found.append(Code("aruco", str(markers[0].number), _around(corners)))
    return found
