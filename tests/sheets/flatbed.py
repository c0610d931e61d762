"""How a sheet lies on a scanner's glass, and how much of the glass is in the image."""

from dataclasses import dataclass

import numpy as np

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import Glass
from tests.sheets.layout import Form, scale_of


@dataclass(frozen=True, slots=True)
class Laid:
    """A sheet on the glass. `skew` in degrees clockwise, shifts in mm; `black` for a scanner without a white lid.

    The image has the page's extents, so that a sheet that is shifted is cut off; with `around` it has the whole sheet
    and so many mm around it.
    """

    dpi: float
    skew: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    around: float | None = None
    black: bool = False


def lay_down(form: Form, laid: Laid) -> tuple[Glass, Dimensions]:
    """The sheet's place, and the image's extents."""
    width, height, angle = form.width, form.height, np.deg2rad(laid.skew)
    if laid.around is not None:
        cos, sin = abs(float(np.cos(angle))), abs(float(np.sin(angle)))
        margin = 2 * laid.around
        width, height = width * cos + height * sin + margin, width * sin + height * cos + margin
    middle_x, middle_y = (width - form.width) / 2, (height - form.height) / 2
    scale = scale_of(laid.dpi)
    dimensions = Dimensions(round(width * scale), round(height * scale))
    return Glass(laid.dpi, laid.skew, middle_x + laid.shift_x, middle_y + laid.shift_y), dimensions
