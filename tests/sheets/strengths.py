"""Sheets that are hard in one respect at a time, from easy (strength 0) to as hard as is seen in practice (1)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import Curl, Points, Pose, photographed
from tests.sheets.filling import Person
from tests.sheets.layout import Form
from tests.sheets.pens import MarkStyle
from tests.sheets.scene import Light, Scene, Sensor
from tests.sheets.sheet import Shot

PHONE: Final = Dimensions(1650, 2200)
MARGIN: Final = 0.02  # of the image's extents, left free around the page
FITTING_ROUNDS: Final = 4

Hardener = Callable[[Shot, float, np.random.Generator], Shot]


def shot_at(form: Form, axis: str, strength: float, seed: int) -> Shot:
    """A photo that is easy but for one axis of AXES. Signs and directions come from the seed."""
    rng = np.random.default_rng([seed, list(AXES).index(axis)])
    hard = AXES[axis](_easy(seed), strength, rng)
    if not isinstance(hard.view, Pose):
        return hard
    return replace(hard, view=fitted(form, hard.view, hard.dimensions, hard.curl))


def fitted(form: Form, pose: Pose, dimensions: Dimensions, curl: Curl) -> Pose:
    """The same pose from as far away, and pointed such, that the whole page is in the image."""
    for _ in range(FITTING_ROUNDS):
        corners = photographed(form, pose, dimensions, curl).to_image(_outline(form))
        parts = corners / (dimensions.width, dimensions.height)
        low, high = parts.min(axis=0), parts.max(axis=0)
        closer = min(1.0, float((1.0 - 2 * MARGIN) / (high - low).max()))
        off_x, off_y = 0.5 - (low + high) / 2
        pose = replace(
            pose,
            reach=pose.reach * closer,
            shift_x=pose.shift_x + float(off_x) * closer,
            shift_y=pose.shift_y + float(off_y) * closer,
        )
    return pose


def _outline(form: Form) -> Points:
    """Points around the page, in mm; bent paper may stick out between its corners."""
    steps = np.linspace(0.0, 1.0, 9)
    sides = [(steps, 0 * steps), (steps, 0 * steps + 1), (0 * steps, steps), (0 * steps + 1, steps)]
    return np.vstack([np.column_stack([x * form.width, y * form.height]) for x, y in sides])


def _easy(seed: int) -> Shot:
    scene = Scene("oak", Light(1.0), Sensor(0.5, noise=1.0, quality=92))
    return Shot(seed, PHONE, Pose(reach=0.93), Person(pen="black ballpoint"), scene=scene)


def _sign(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0


def _posed(shot: Shot, pose: Pose) -> Shot:
    return replace(shot, view=pose)


def _lit(shot: Shot, light: Light) -> Shot:
    return replace(shot, scene=replace(shot.scene, light=light))


def _sensed(shot: Shot, sensor: Sensor) -> Shot:
    return replace(shot, scene=replace(shot.scene, sensor=sensor))


def _rotation(shot: Shot, strength: float, rng: np.random.Generator) -> Shot:
    return _posed(shot, Pose(roll=25.0 * strength * _sign(rng), reach=0.93))


def _perspective(shot: Shot, strength: float, rng: np.random.Generator) -> Shot:
    towards, tilt = rng.uniform(0, 2 * np.pi), 28.0 * strength
    return _posed(shot, Pose(float(tilt * np.sin(towards)), float(tilt * np.cos(towards)), reach=0.93))


def _curl(shot: Shot, strength: float, rng: np.random.Generator) -> Shot:
    height, length, angle, phase = 11.0 * strength, rng.uniform(260, 480), rng.uniform(0, 180), rng.uniform(0, 360)
    return replace(shot, curl=Curl(height, float(length), float(angle), float(phase)))


def _scale(shot: Shot, strength: float, _: np.random.Generator) -> Shot:
    return _posed(shot, Pose(reach=0.93 - 0.5 * strength))


def _blur(shot: Shot, strength: float, rng: np.random.Generator) -> Shot:
    motion, angle = 6.0 * strength * rng.random(), rng.uniform(0, 180)
    return _sensed(shot, Sensor(0.5 + 2.5 * strength, float(motion), float(angle), 1.0, quality=92))


def _light(shot: Shot, strength: float, rng: np.random.Generator) -> Shot:
    angles = rng.uniform(0, 360, 2)
    return _lit(
        shot,
        Light(
            1.0 - 0.15 * strength,
            0.5 * strength,
            float(angles[0]),
            0.6 * strength,
            float(angles[1]),
            float(rng.uniform(0.2, 0.5)),
            float(rng.uniform(0.03, 0.15)),
            0.35 * strength,
            0.2 * strength * _sign(rng),
        ),
    )


def _noise(shot: Shot, strength: float, _: np.random.Generator) -> Shot:
    return _sensed(shot, Sensor(0.5, noise=1.0 + 14.0 * strength, dust=int(60 * strength), quality=92))


def _jpeg(shot: Shot, strength: float, _: np.random.Generator) -> Shot:
    return _sensed(shot, Sensor(0.5, noise=1.0, quality=int(92 - 80 * strength)))


PENS_BY_STRENGTH: Final = ("black felt", "blue felt", "black ballpoint", "blue ballpoint", "pencil", "faint pencil")
STYLES_BY_STRENGTH: Final[tuple[tuple[MarkStyle, ...], ...]] = (
    ("fill",),
    ("fill", "scribble"),
    ("fill", "scribble", "cross"),
    ("cross", "tick"),
)


def _pen(shot: Shot, strength: float, _: np.random.Generator) -> Shot:
    pen = PENS_BY_STRENGTH[round(strength * (len(PENS_BY_STRENGTH) - 1))]
    return replace(shot, person=replace(shot.person, pen=pen))


def _marks(shot: Shot, strength: float, _: np.random.Generator) -> Shot:
    styles = STYLES_BY_STRENGTH[round(strength * (len(STYLES_BY_STRENGTH) - 1))]
    return replace(shot, person=replace(shot.person, styles=styles))


AXES: Final[dict[str, Hardener]] = {
    "rotation": _rotation,
    "perspective": _perspective,
    "curl": _curl,
    "scale": _scale,
    "blur": _blur,
    "light": _light,
    "noise": _noise,
    "jpeg": _jpeg,
    "pen": _pen,
    "marks": _marks,
}
