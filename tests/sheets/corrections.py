"""Marks that were made and taken back: rubbed out, crossed out, or struck through by one line.

The answer is what is marked beside them. Where nothing is, or where a mark was rubbed out badly, a person has to look.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

import cv2
import numpy as np

from tests.sheets.filling import Choice, Colour
from tests.sheets.layout import Form
from tests.sheets.pens import Pen, Points, Trace, bend, mark, put_ink, trace

Correction = Literal["none", "rubbed out", "rubbed out badly", "crossed out", "struck through"]

SHARE: Final = 0.15  # of the questions have a mark that was taken back
LEFT_OVER: Final[dict[Correction, tuple[float, float]]] = {"rubbed out": (0.12, 0.3), "rubbed out badly": (0.4, 0.6)}
"""Parts of a mark's density that are left after rubbing out, from and to."""
SMEAR: Final = 0.6  # of the bubble's radius: how far graphite is spread by rubbing out
CROSSING: Final = 1.7  # bubble radii from the centre to the ends of the lines that cross out
_LINES: Final[dict[Correction, tuple[Points, ...]]] = {
    "crossed out": (
        np.array([[-1.0, -0.8], [0.0, 0.0], [1.0, 0.8]]),
        np.array([[1.0, -0.8], [0.0, 0.0], [-1.0, 0.8]]),
    ),
    "struck through": (np.array([[-1.1, 0.1], [0.0, 0.0], [1.1, -0.1]]),),
}
"""The lines that cross out, in parts of CROSSING."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The place of a mark that was taken back, in mm, and the ChoiceBox that it is in. It is `alone` where nothing else
    is marked there.
    """

    box: str
    alone: bool
    x: float
    y: float
    diameter: float


def taken_back(form: Form, choices: tuple[Choice, ...], rng: np.random.Generator) -> list[TakenBack]:
    """Bubbles that are not marked, one each of a SHARE of the questions; none in grids, nor beside several marks of a
    single choice, where nobody could tell what was meant.
    """
    places = []
    for box, choice in zip(form.choice_boxes(), choices, strict=True):
        free = [bubble for i, bubble in enumerate(box.bubbles) if i not in choice]
        is_clear = box.multiselect or len(choice) <= 1
        if box.name and free and is_clear and rng.random() < SHARE:
            bubble = free[int(rng.integers(len(free)))]
            places.append(TakenBack(box.name, not choice, bubble.x, bubble.y, box.diameter))
    return places


def doubtful(places: list[TakenBack], correction: Correction) -> frozenset[str]:
    """The names of the ChoiceBoxes in which a careful person could not be sure of what was meant."""
    return frozenset(place.box for place in places if place.alone or correction == "rubbed out badly")


def put_taken_back(
    sheet: Colour, places: list[TakenBack], correction: Correction, pen: Pen, scale: float, rng: np.random.Generator
) -> None:
    """Draws what is left of them, in place. `scale` is the sheet's pixels per mm."""
    for place in places:
        centre = np.array([place.x, place.y])
        traces = [Trace(t.points + centre, t.widths) for t in mark("fill", place.diameter, pen, rng)]
        if correction in LEFT_OVER:
            put_ink(sheet, traces, replace(pen, opacity=pen.opacity * rng.uniform(*LEFT_OVER[correction])), scale, rng)
            _smear(sheet, place, scale)
        elif correction in _LINES:
            put_ink(sheet, [*traces, *_crossing(place, _LINES[correction], pen, rng)], pen, scale, rng)


def _smear(sheet: Colour, place: TakenBack, scale: float) -> None:
    reach = place.diameter
    left, top, right, bottom = (
        round(v * scale) for v in (place.x - reach, place.y - reach, place.x + reach, place.y + reach)
    )
    part = sheet[top:bottom, left:right]
    rubbed = cv2.GaussianBlur(part, (0, 0), SMEAR * place.diameter / 2 * scale)
    cv2.addWeighted(part, 0.75, rubbed, 0.25, 0.0, part)


def _crossing(place: TakenBack, lines: tuple[Points, ...], pen: Pen, rng: np.random.Generator) -> list[Trace]:
    reach = CROSSING * place.diameter / 2
    shaken = (line * reach + rng.normal(0, 0.1, line.shape) + (place.x, place.y) for line in lines)
    return [trace(bend(line), pen, rng) for line in shaken]
