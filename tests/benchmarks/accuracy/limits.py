"""Which sheets keep the limits that recognition states for its input.

At least 150 dpi everywhere on the page, up to 5000 px a side, rotated up to 25°, an outline of the paper whose width
is 0.51 to 0.98 of its height. Of what these limits do not name, as much counts as within them as a phone or an office
scanner gives to someone who takes a little care: see LEAST_QUALITY and its neighbours.
"""

from typing import Final

import numpy as np

from tests.sheets.camera import Points
from tests.sheets.layout import Form, scale_of
from tests.sheets.quick import Picture
from tests.sheets.sheet import Sheet

LEAST_DPI: Final = 150.0
LARGEST_SIDE: Final = 5000
MOST_TURNED: Final = 25.0
ASPECTS: Final = (0.51, 0.98)

MOST_BLUR: Final = 0.3  # mm on the paper, standard deviation: 2 px at 170 dpi
MOST_MOTION: Final = 0.6  # mm on the paper
MOST_SHADOW: Final = 0.4  # of the light
MOST_NOISE: Final = 8.0  # grey levels, standard deviation
LEAST_QUALITY: Final = 40  # of the JPEG
MOST_CURL: Final = 6.0  # mm, a crest's height
MOST_DISTORTED: Final = 0.02  # by the lens, of a corner's distance from the image's middle
FAINTEST_TONER: Final = 120  # 0 black to 255: how faint the form may be printed
MOST_CUT_OFF: Final = 8.0  # mm of the paper beyond the image's edge
FAINT_PENS: Final = ("faint pencil",)
FULL_STYLES: Final = {"fill"}  # the marks that cover three quarters of a bubble and more


def within_limits(sheet: Sheet, picture: Picture) -> bool:
    """Whether the sheet keeps all of them."""
    return bool(_is_seen_well(sheet) and _is_taken_well(sheet, picture) and _is_marked_well(picture))


def _is_seen_well(sheet: Sheet) -> bool:
    form, dimensions = sheet.form, sheet.shot.dimensions
    top, right, bottom, left = _sides(sheet)
    # Quarter turns are another matter than skew: how far is the page from the nearest upright?
    turned = abs(np.rad2deg(np.arctan2(top[1], top[0])) % 90.0)
    widths, heights = np.linalg.norm([top, bottom], axis=1), np.linalg.norm([left, right], axis=1)
    aspect = widths.mean() / heights.mean() / (form.width / form.height) * (210.0 / 297.0)
    return bool(
        max(dimensions.width, dimensions.height) <= LARGEST_SIDE
        and min(turned, 90.0 - turned) <= MOST_TURNED
        and ASPECTS[0] <= aspect <= ASPECTS[1]
        and least_dpi(sheet) >= LEAST_DPI * 0.995
    )


def _sides(sheet: Sheet) -> list[Points]:
    """The page's top, right, bottom and left side in the image, as vectors to the right or downwards."""
    form = sheet.form
    corners = np.array([[0, 0], [form.width, 0], [form.width, form.height], [0, form.height]])
    a, b, c, d = sheet.page_map.to_image(corners)
    return [b - a, c - b, c - d, d - a]


def least_dpi(sheet: Sheet) -> float:
    """The resolution where it is lowest, on the page's face, in whichever direction."""
    points = _lattice(sheet.form)
    steps = [
        sheet.page_map.to_image(points + step) - sheet.page_map.to_image(points) for step in ((1.0, 0.0), (0.0, 1.0))
    ]
    return float(min(np.linalg.norm(step, axis=1).min() for step in steps)) / scale_of(1.0)


def _lattice(form: Form) -> Points:
    return np.stack(np.meshgrid(np.linspace(5, form.width - 5, 5), np.linspace(5, form.height - 5, 7)), -1).reshape(
        -1, 2
    )


def _is_taken_well(sheet: Sheet, picture: Picture) -> bool:
    shot, light, sensor = sheet.shot, sheet.shot.scene.light, sheet.shot.scene.sensor
    millimetre = scale_of(least_dpi(sheet))
    return (
        sensor.blur <= MOST_BLUR * millimetre
        and sensor.motion <= MOST_MOTION * millimetre
        and sensor.noise <= MOST_NOISE
        and sensor.quality >= LEAST_QUALITY
        and light.shadow <= MOST_SHADOW
        and shot.curl.height <= MOST_CURL
        and abs(picture.distortion) <= MOST_DISTORTED
        and shot.paper.toner <= FAINTEST_TONER
        and _cut_off(sheet) <= MOST_CUT_OFF * millimetre
    )


def _cut_off(sheet: Sheet) -> float:
    """How far the page's corners lie outside of the image, along its axes, in px."""
    form, dimensions = sheet.form, sheet.shot.dimensions
    corners = sheet.page_map.to_image(np.array([[x, y] for x in (0, form.width) for y in (0, form.height)]))
    return float(max(-corners.min(), (corners - [dimensions.width, dimensions.height]).max(), 0.0))


def _is_marked_well(picture: Picture) -> bool:
    person = picture.shot.person
    return person.pen not in FAINT_PENS and set(person.styles) <= FULL_STYLES and picture.correction == "none"
