"""Which sheets keep the limits that recognition states for its input, and why each limit is where it is.

A form designer reads them so: print bubbles with a black or dark grey outline, let the template's bubbles be about as
large as the printed ones, ask people to fill bubbles (not to tick or cross them) with a pen or an ordinary pencil, and
let nobody correct an answer on the sheet. Whoever scans: 150 dpi or more, a whole page, flat, in even light.

Sheets beyond the limits are recognized too. They are measured apart, because more of their answers need a person.
"""

from typing import Final

import numpy as np

from tests.benchmarks.accuracy.cuts import Cutting
from tests.sheets.camera import Points
from tests.sheets.layout import Form, scale_of
from tests.sheets.pens import MEAN_HOLLOW, PENS, Pen
from tests.sheets.quick import Picture
from tests.sheets.sheet import Sheet

LEAST_DPI: Final = 150.0
"""Everywhere on the page. The outline of a bubble, 0.3 mm, is less than two pixels wide below it."""
LARGEST_SIDE: Final = 5000
"""Pixels. An A4 page at 400 dpi has 4677; more only takes longer."""
MOST_TURNED: Final = 25.0
"""Degrees from the nearest upright position or quarter turn. Nobody lays a sheet down more askew unless by mistake."""
ASPECTS: Final = (0.51, 0.98)
"""Width by height of the page's outline in the image, an A4 page. Beyond, the photo was taken from the side."""
MOST_BLUR: Final = 0.3
"""mm on the paper, standard deviation: 2 px at 170 dpi. More of it closes the gap between a letter and its outline."""
MOST_MOTION: Final = 0.6
"""mm on the paper: as much as MOST_BLUR takes away."""
MOST_SHADOW: Final = 0.4
"""Of the light. A darker shadow is as dark as a pencil's mark."""
MOST_HAZE: Final = 0.4
"""How far black is lifted towards white. A pencil's mark keeps a quarter of the paper's light as contrast."""
MOST_NOISE: Final = 8.0
"""Grey levels, standard deviation: a phone's in a room with the lights on."""
LEAST_QUALITY: Final = 40
"""Of the JPEG. Below, its blocks are as dark as faint marks."""
MOST_CURL: Final = 6.0
"""mm, a crest's height: a sheet that was folded once for an envelope. Beyond, bubbles are seen from the side."""
MOST_DISTORTED: Final = 0.02
"""By the lens, of a corner's distance from the image's middle. Phones correct theirs to less than half of that."""
FAINTEST_TONER: Final = 120
"""0 black to 255 white: how faint the form may be printed. Fainter outlines are lost in a photo's noise."""
MOST_CUT_OFF: Final = 8.0
"""mm of the paper beyond the image's edge. Printers leave such margins free."""
LEAST_DARKNESS: Final = 0.3
"""Of the paper's light, taken away by a full stroke. An ordinary pencil takes 0.46, ballpoints 0.6 to 0.75; of a
pencil's mark that was rubbed out, up to 0.14 is left: what is less than twice as dark cannot be told from it.
"""
FULL_STYLES: Final = {"fill"}
"""Marks that cover three quarters of a bubble and more. Ticks and crosses cover a tenth to a quarter, as a slip of the
pen may; a circle around a bubble covers nothing of it.
"""
EXTENTS: Final = (0.8, 1.3)
"""Of the template's bubbles, in extents of the printed ones. Smaller ones show the printed letter alone; larger ones
reach into their neighbours.
"""


def within_limits(sheet: Sheet, picture: Picture) -> bool:
    """Whether the sheet keeps all of those that are of the sheet and its image."""
    return bool(_is_seen_well(sheet) and _is_taken_well(sheet, picture) and _is_marked_well(picture))


def keeps_limits(cutting: Cutting) -> bool:
    """Whether the template does. It may have any part of its form: what fits in two ways is to be refused."""
    return EXTENTS[0] <= cutting.extent <= EXTENTS[1]


def darkness(pen: Pen) -> float:
    """How much of the paper's light a full stroke takes away, from 0 to 1."""
    return pen.opacity * (1.0 - pen.grain * MEAN_HOLLOW) * (1.0 - float(np.mean(pen.colour)) / 255.0)


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
        and picture.haze <= MOST_HAZE
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
    return (
        darkness(PENS[person.pen]) >= LEAST_DARKNESS
        and set(person.styles) <= FULL_STYLES
        and picture.correction == "none"
    )
