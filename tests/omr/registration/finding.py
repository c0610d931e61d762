"""A form, what may be known of it, views of it, and how far off places of it are put."""

from functools import cache

import numpy as np

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.find import ImagePyramid, KnownPage, Registration, register
from omrclip.omr.template import ChoiceBox, ClipArea, Grid, ReferencePoint
from tests.omr.sheet import PAGE, Points, Tones, View, coloured, form, lattice, onto, turned

FORM = form()
ANSWERS = {f"Q{n + 1}": "ABCDE"[n * 7 % 5] for n in range(12)} | {"Id1": "1", "Id2": "7", "Id3": "0", "Code2": "Z"}
FILLED = FORM.marked(ANSWERS)
BUBBLES_ONLY = FORM.only(ChoiceBox, Grid, ClipArea)
PRINT_ONLY = FORM.only(ClipArea)

KNOWLEDGE = {
    "everything": FORM.known(),
    "no page image": FORM.known(image=False),
    "bubbles only": BUBBLES_ONLY.known(image=False),
    "page image only": PRINT_ONLY.known(),
    "page image and reference points": FORM.only(ReferencePoint).known(),
}


def moved(scale_x: float, scale_y: float, x: float, y: float, scan: Dimensions = PAGE) -> View:
    return View(np.array([[scale_x, 0, x], [0, scale_y, y], [0, 0, 1]], np.float64), scan)


VIEWS = {
    "the page itself": turned(0),
    "larger": turned(0, scale=1.4),
    "smaller": turned(0, scale=0.6),
    "printed at 96 %": moved(0.96, 0.96, 12, 16),
    "scanned a little askew": turned(1.5),
    "turned by 90°": turned(90),
    "turned by 180°": turned(180),
    "turned by 270°": turned(270),
    "turned by 25°": turned(25),
    "turned by -25°": turned(-25),
    "perspective": onto([(60, 40), (640, 90), (600, 860), (20, 800)], Dimensions(700, 900)),
}


def found(known: KnownPage, tones: Tones) -> Registration:
    return register(known, ImagePyramid(tones if tones.ndim == 3 else coloured(tones))).registration


def misses(registration: Registration, view: View, places: Points | None = None) -> Points:
    """How many scan pixels off places of the page are put."""
    places = lattice(registration.page) if places is None else places
    return np.asarray(np.linalg.norm(registration.to_scan(places) - view.to_scan(places), axis=1))


@cache
def scan_of(view: str) -> Tones:
    return VIEWS[view].of(FILLED, ground=130)
