"""What makes an easy picture harder: other cameras and scanners, other people, other paper.

Each function gets the form, the picture and a random generator; signs and directions come from the generator.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import Curl, Pose
from tests.sheets.corrections import Correction
from tests.sheets.filling import Habits, Paper
from tests.sheets.flatbed import Laid, lay_down
from tests.sheets.layout import Form, scale_of
from tests.sheets.pens import MarkStyle
from tests.sheets.quick import Picture
from tests.sheets.scene import Light

Rng = np.random.Generator

SCANNER_DPI: Final = 300.0
REACH: Final = 0.93  # of the image's height, taken by the page's
SMALL_PHONE: Final = Dimensions(1650, 2200)


def sign(rng: Rng) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0


def changed(picture: Picture, **values: Any) -> Picture:
    return replace(picture, shot=replace(picture.shot, **values))


def sensed(picture: Picture, **values: Any) -> Picture:
    scene = picture.shot.scene
    return changed(picture, scene=replace(scene, sensor=replace(scene.sensor, **values)))


def unchanged(_form: Form, picture: Picture, _rng: Rng) -> Picture:
    return picture


def turned(degrees: float, form: Form, picture: Picture, rng: Rng) -> Picture:
    """Quarter turns come with a little skew, the others to either side."""
    angle = degrees + rng.uniform(-2, 2) if degrees >= 90 else degrees * sign(rng)
    if isinstance(picture.shot.view, Pose):
        return changed(picture, view=Pose(roll=angle, reach=REACH))
    glass, dimensions = lay_down(form, Laid(SCANNER_DPI, angle, around=3.0))
    return changed(picture, view=glass, dimensions=dimensions)


def tilted(degrees: float, _form: Form, picture: Picture, rng: Rng) -> Picture:
    towards = rng.uniform(0, 2 * np.pi)
    return changed(picture, view=Pose(float(degrees * np.sin(towards)), float(degrees * np.cos(towards)), reach=REACH))


def bent(height: float, _form: Form, picture: Picture, rng: Rng) -> Picture:
    length, angle, phase = rng.uniform(260, 480), rng.uniform(0, 180), rng.uniform(0, 360)
    return changed(picture, curl=Curl(height, float(length), float(angle), float(phase)))


def distorted(distortion: float, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return replace(picture, distortion=distortion)


def resolved(dpi: float, form: Form, picture: Picture, _rng: Rng) -> Picture:
    if isinstance(picture.shot.view, Pose):
        height = round(form.height * scale_of(dpi) / 0.9)
        return changed(picture, view=Pose(reach=0.9), dimensions=Dimensions(round(0.75 * height), height))
    glass, dimensions = lay_down(form, Laid(dpi, 0.3))
    return changed(picture, view=glass, dimensions=dimensions)


def blurred(sigma: float, _form: Form, picture: Picture, rng: Rng) -> Picture:
    motion, angle = (2 * sigma * rng.random(), rng.uniform(0, 180)) if picture.shot.kind == "photo" else (0.0, 0.0)
    return sensed(picture, blur=sigma, motion=float(motion), motion_angle=float(angle))


def shadowed(depth: float, _form: Form, picture: Picture, rng: Rng) -> Picture:
    angles, part, soft = rng.uniform(0, 360, 2), rng.uniform(0.2, 0.5), rng.uniform(0.03, 0.15)
    light = Light(
        1.0 - 0.2 * depth, 0.8 * depth, float(angles[0]), depth, float(angles[1]), float(part), float(soft),
        0.5 * depth, 0.3 * depth * sign(rng),
    )  # fmt: skip
    return changed(picture, scene=replace(picture.shot.scene, light=light))


def noisy(sigma: float, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return sensed(picture, noise=sigma, dust=int(4 * sigma))


def compressed(quality: int, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return sensed(picture, quality=quality)


def written(pen: str, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return changed(picture, person=replace(picture.shot.person, pen=pen))


def marked(styles: tuple[MarkStyle, ...], pen: str | None, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    """Marks of these styles, one drawn at random for each; with the easy picture's pen where none is given."""
    person = picture.shot.person
    return changed(picture, person=replace(person, styles=styles, pen=pen or person.pen))


def corrected(correction: Correction, pen: str, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return replace(written(pen, _form, picture, _rng), correction=correction)


def left_empty(share: float, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return replace(picture, empty_columns=share)


def by_phone(processing: Mapping[str, float], habits: Habits, form: Form, picture: Picture, rng: Rng) -> Picture:
    """A clean print, black on white, by a phone that was held a little aslant: hardly more pixels than are needed."""
    tilts, angle = rng.uniform(-9, 9, 2), rng.uniform(0, 360)
    light = Light(0.95, 0.25, float(angle), vignette=0.1, warmth=float(rng.uniform(-0.04, 0.04)))
    picture = changed(
        picture,
        dimensions=SMALL_PHONE,
        view=Pose(float(tilts[0]), float(tilts[1]), float(rng.uniform(-4, 4)), 0.9),
        paper=Paper((255, 255, 255), 0, 0.0),
        person=replace(picture.shot.person, habits=habits),
        scene=replace(picture.shot.scene, light=light),
    )
    picture = sensed(bent(float(rng.uniform(1, 4)), form, picture, rng), blur=0.8, noise=2.5, quality=80)
    return replace(picture, **processing)


def quarter_turned(turns: int, form: Form, picture: Picture, _rng: Rng) -> Picture:
    """Turned clockwise by so many quarters. A scan shows the whole sheet and a little around it then."""
    view = picture.shot.view
    if isinstance(view, Pose):
        return changed(picture, view=replace(view, roll=view.roll + 90.0 * turns))
    glass, dimensions = lay_down(form, Laid(view.dpi, view.skew + 90.0 * turns, around=3.0))
    return changed(picture, view=glass, dimensions=dimensions)


def printed(paper: Paper, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return changed(picture, paper=paper)


def scanned(laid: Laid, sensor: Mapping[str, Any], form: Form, picture: Picture, rng: Rng) -> Picture:
    """On another place of the glass, by another scanner; skew and shift to either side."""
    places = replace(
        laid, skew=laid.skew * sign(rng), shift_x=laid.shift_x * sign(rng), shift_y=laid.shift_y * sign(rng)
    )
    glass, dimensions = lay_down(form, places)
    scene = replace(picture.shot.scene, ground="black" if laid.black else "lid")
    return sensed(changed(picture, view=glass, dimensions=dimensions, scene=scene), **sensor)


def faxed(dpi: float, form: Form, picture: Picture, rng: Rng) -> Picture:
    return replace(scanned(Laid(dpi, 0.8), {"noise": 3.0}, form, picture, rng), bilevel=True)


def together(part: float, form: Form, picture: Picture, rng: Rng) -> Picture:
    """A bit of everything, each up to `part` of what is seen in practice."""
    much = part * rng.uniform(0.3, 1.0, 5)
    pen = ("blue ballpoint", "black ballpoint", "pencil", "black felt")[int(rng.integers(4))]
    picture = written(pen, form, picture, rng)
    sensor = {"noise": 1.0 + 7.0 * much[0], "quality": int(92 - 50 * much[1]), "blur": 0.5 + 1.7 * much[2]}
    if picture.shot.kind == "scan":
        return scanned(
            Laid(SCANNER_DPI, 4.0 * much[3], 4.0 * much[4], 4.0 * much[3], around=2.0), sensor, form, picture, rng
        )
    tilt, towards = 12.0 * much[3], rng.uniform(0, 2 * np.pi)
    pose = Pose(float(tilt * np.sin(towards)), float(tilt * np.cos(towards)), 12.0 * much[4] * sign(rng), REACH)
    hard = shadowed(0.4 * much[1], form, bent(5.0 * much[2], form, changed(picture, view=pose), rng), rng)
    return sensed(hard, **sensor)
