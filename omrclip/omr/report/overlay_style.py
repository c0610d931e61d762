"""The style of overlays: a color and a shape for each status.

The colors are from Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), which people with any kind of color
vision can distinguish.
"""

import numpy as np
import numpy.typing as npt

from omrclip.imaging.drawing import Canvas, Colour, Pen
from omrclip.omr.results import BubbleResult, ElementStatus

BLUE: Colour = (178, 114, 0)
SKY_BLUE: Colour = (233, 180, 86)
VERMILLION: Colour = (0, 94, 213)
ORANGE: Colour = (0, 159, 230)
GREEN: Colour = (115, 158, 0)
PURPLE: Colour = (167, 121, 204)

# Nothing is black, because it would look like ink.
PAGE, CLIP, RESIDUAL, FAILED = GREEN, PURPLE, GREEN, VERMILLION
STATUS_COLOURS = {
    ElementStatus.MARKED: BLUE,
    ElementStatus.BLANK: SKY_BLUE,
    ElementStatus.MULTIPLE: VERMILLION,
    ElementStatus.UNCERTAIN: ORANGE,
}
RESIDUALS_ENLARGED = 10
"""The enlargement of residuals, because a pixel or two of thousands would be invisible."""
_BAR_HEIGHT = 0.15


def draw_bubble(
    canvas: Canvas, corners: npt.NDArray[np.float64], bubble: BubbleResult, status: ElementStatus, unit: float
) -> None:
    """Draw a bubble of an element of this status: its outline, and at its lower edge a bar as long as its fill.

    The outline is thin if it is blank, thick if it is marked, thick and crossed if it is one of several marks, and
    dashed in an uncertain element, thick if it counts as marked. `corners` are (4, 2) float64 (x, y) in pixels of the
    canvas, from the bubble's top left on the page. `unit` is the width of a thin line in pixels.
    """
    uncertain = status is ElementStatus.UNCERTAIN
    kind = status if bubble.marked or uncertain else ElementStatus.BLANK
    colour = STATUS_COLOURS[kind]
    # Thin enough to see what is below.
    thick = min(2.5 * unit, float(np.linalg.norm(corners[3] - corners[0])) / 10)
    width = thick if bubble.marked else min(unit, thick)
    canvas.line(corners, Pen(colour, width, dashed=uncertain), closed=True)
    if kind is ElementStatus.MULTIPLE:
        canvas.line([corners[0], corners[2]], Pen(colour, width))
        canvas.line([corners[1], corners[3]], Pen(colour, width))
    share = min(max(bubble.fill, 0.0), 1.0)
    along, up = (corners[2] - corners[3]) * share, (corners[0] - corners[3]) * _BAR_HEIGHT
    canvas.fill(np.array([corners[3], corners[3] + along, corners[3] + along + up, corners[3] + up]), colour)
