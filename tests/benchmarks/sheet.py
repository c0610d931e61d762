"""What the benchmarks recognize: one A4 sheet scanned at 300 dpi, and its template with five clip areas."""

import json
from dataclasses import dataclass, replace
from typing import Final

import cv2

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import Glass
from tests.sheets.exam import exam
from tests.sheets.filling import Person
from tests.sheets.layout import Area, ClipArea, Form
from tests.sheets.scene import Light, Scene, Sensor
from tests.sheets.sheet import Shot, make
from tests.sheets.template import omr_document

DPI: Final = 300.0
DIMENSIONS: Final = Dimensions(2480, 3508)
JPEG_QUALITY: Final = 90
SEED: Final = 4711
SCAN_NAME: Final = "scan.jpg"


def _area(name: str, area: Area) -> ClipArea:
    return ClipArea(name, area, area, "comment")


# Name (1111 × 201 px) and signature (874 × 201) are the form's own.
MORE_AREAS: Final = (
    _area("HeadingArea", Area(19.0, 10.0, 120.0, 24.0)),  # 1417 × 283
    _area("StudentIdArea", Area(19.5, 66.5, 57.0, 10.0)),  # 673 × 118
    _area("FirstAnswersArea", Area(19.0, 144.0, 124.0, 25.0)),  # 1465 × 295
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A scan's JPEG file, and two `.omr` files for it: the clip areas alone, and all that the sheet has."""

    scan: bytes
    areas_only: bytes
    whole_form: bytes


def make_sample() -> Sample:
    """The same bytes each time, as far as OpenCV's JPEG encoder stays the same."""
    form = exam()
    shot = Shot(
        SEED,
        DIMENSIONS,
        Glass(DPI, skew=0.1),
        Person("Nora Lindqvist", "blue ballpoint"),
        scene=Scene("lid", Light(), Sensor(0.5, noise=1.2, dust=5)),
    )
    encoded, scan = cv2.imencode(".jpg", make(form, shot).image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise RuntimeError("OpenCV could not encode the scan")
    own_areas = tuple(element for element in form.elements if isinstance(element, ClipArea))
    return Sample(
        bytes(scan),
        _omr_file(replace(form, elements=own_areas + MORE_AREAS)),
        _omr_file(replace(form, elements=form.elements + MORE_AREAS)),
    )


def _omr_file(form: Form) -> bytes:
    document = omr_document(form, DPI)
    page = document["Pages"][0]
    if (page["Width"], page["Height"]) != (DIMENSIONS.width, DIMENSIONS.height):
        raise RuntimeError(f"the template has {page['Width']} × {page['Height']} pixels, the scan {DIMENSIONS}")
    return json.dumps(document, indent=4).encode()
