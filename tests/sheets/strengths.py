"""Sheets that are hard in one respect at a time, from easy to harder than is seen in practice; photos and scans.

Every axis has levels; each makes an easy picture harder. Signs and directions come from a random generator.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal

import numpy as np

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import Curl, Points, Pose, photographed
from tests.sheets.filling import Paper, Person
from tests.sheets.flatbed import Laid, lay_down
from tests.sheets.layout import Form, scale_of
from tests.sheets.pens import MarkStyle
from tests.sheets.quick import Picture
from tests.sheets.scene import Ground, Light, Scene, Sensor
from tests.sheets.sheet import Shot

Kind = Literal["photo", "scan"]
Rng = np.random.Generator

PHONE: Final = Dimensions(2448, 3264)
SCANNER_DPI: Final = 300.0
REACH: Final = 0.93  # of the image's height, taken by the page's
DESKS: Final[tuple[Ground, ...]] = ("oak", "walnut", "white", "grey")
MARGIN: Final = 0.02  # of the image's extents, left free around the page
FITTING_ROUNDS: Final = 4
FILLINGS: Final = 6  # papers that are filled in for each form and pen; each is taken many times


@dataclass(frozen=True, slots=True)
class Level:
    """One strength of one axis, for one kind of picture. `harden` gets the form, an easy picture and randomness."""

    axis: str
    kind: Kind
    label: str
    harden: Callable[[Form, Picture, Rng], Picture]

    @property
    def name(self) -> str:
        return f"{self.axis} {self.label}, {self.kind}"


def picture_at(form: Form, level: Level, seed: int) -> Picture:
    """A picture that is easy but for this."""
    rng = np.random.default_rng([seed, 5])
    easy = _easy_photo(seed) if level.kind == "photo" else _easy_scan(form, seed)
    hard = level.harden(form, replace(easy, filling=seed % FILLINGS), rng)
    shot = hard.shot
    if not isinstance(shot.view, Pose):
        return hard
    return _with(hard, view=fitted(form, shot.view, shot.dimensions, shot.curl))


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


def _easy_photo(seed: int) -> Picture:
    scene = Scene(DESKS[seed % len(DESKS)], Light(1.0), Sensor(0.5, noise=1.0, quality=92))
    return Picture(Shot(seed, PHONE, Pose(reach=REACH), Person(pen="black ballpoint"), scene=scene))


def _easy_scan(form: Form, seed: int) -> Picture:
    glass, dimensions = lay_down(form, Laid(SCANNER_DPI, 0.3))
    scene = Scene("lid", Light(), Sensor(0.5, noise=1.2, dust=5, quality=85))
    return Picture(Shot(seed, dimensions, glass, Person(pen="blue ballpoint"), scene=scene))


def _sign(rng: Rng) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0


def _with(picture: Picture, **values: Any) -> Picture:
    return replace(picture, shot=replace(picture.shot, **values))


def _sensed(picture: Picture, **values: Any) -> Picture:
    scene = picture.shot.scene
    return _with(picture, scene=replace(scene, sensor=replace(scene.sensor, **values)))


def _unchanged(_form: Form, picture: Picture, _rng: Rng) -> Picture:
    return picture


def _turned(degrees: float, form: Form, picture: Picture, rng: Rng) -> Picture:
    """Quarter turns come with a little skew, the others to either side."""
    angle = degrees + rng.uniform(-2, 2) if degrees >= 90 else degrees * _sign(rng)
    if isinstance(picture.shot.view, Pose):
        return _with(picture, view=Pose(roll=angle, reach=REACH))
    glass, dimensions = lay_down(form, Laid(SCANNER_DPI, angle, around=3.0))
    return _with(picture, view=glass, dimensions=dimensions)


def _tilted(degrees: float, _form: Form, picture: Picture, rng: Rng) -> Picture:
    towards = rng.uniform(0, 2 * np.pi)
    return _with(picture, view=Pose(float(degrees * np.sin(towards)), float(degrees * np.cos(towards)), reach=REACH))


def _bent(height: float, _form: Form, picture: Picture, rng: Rng) -> Picture:
    length, angle, phase = rng.uniform(260, 480), rng.uniform(0, 180), rng.uniform(0, 360)
    return _with(picture, curl=Curl(height, float(length), float(angle), float(phase)))


def _distorted(distortion: float, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return replace(picture, distortion=distortion)


def _resolved(dpi: float, form: Form, picture: Picture, _rng: Rng) -> Picture:
    if isinstance(picture.shot.view, Pose):
        height = round(form.height * scale_of(dpi) / 0.9)
        return _with(picture, view=Pose(reach=0.9), dimensions=Dimensions(round(0.75 * height), height))
    glass, dimensions = lay_down(form, Laid(dpi, 0.3))
    return _with(picture, view=glass, dimensions=dimensions)


def _blurred(sigma: float, _form: Form, picture: Picture, rng: Rng) -> Picture:
    motion, angle = (2 * sigma * rng.random(), rng.uniform(0, 180)) if picture.shot.kind == "photo" else (0.0, 0.0)
    return _sensed(picture, blur=sigma, motion=float(motion), motion_angle=float(angle))


def _shadowed(depth: float, _form: Form, picture: Picture, rng: Rng) -> Picture:
    angles, part, soft = rng.uniform(0, 360, 2), rng.uniform(0.2, 0.5), rng.uniform(0.03, 0.15)
    light = Light(
        1.0 - 0.2 * depth, 0.8 * depth, float(angles[0]), depth, float(angles[1]), float(part), float(soft),
        0.5 * depth, 0.3 * depth * _sign(rng),
    )  # fmt: skip
    return _with(picture, scene=replace(picture.shot.scene, light=light))


def _noisy(sigma: float, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return _sensed(picture, noise=sigma, dust=int(4 * sigma))


def _compressed(quality: int, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return _sensed(picture, quality=quality)


def _written(pen: str, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return _with(picture, person=replace(picture.shot.person, pen=pen))


def _marked(style: MarkStyle, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return _with(picture, person=replace(picture.shot.person, styles=(style,)))


def _rubbed_out(_form: Form, picture: Picture, _rng: Rng) -> Picture:
    pencilled = replace(picture.shot.person, pen="pencil")
    return replace(_with(picture, person=pencilled), correction="rubbed out")


def _crossed_out(_form: Form, picture: Picture, _rng: Rng) -> Picture:
    return replace(picture, correction="crossed out")


def _printed(paper: Paper, _form: Form, picture: Picture, _rng: Rng) -> Picture:
    return _with(picture, paper=paper)


def _scanned(laid: Laid, sensor: Mapping[str, Any], form: Form, picture: Picture, rng: Rng) -> Picture:
    """On another place of the glass, by another scanner; skew and shift to either side."""
    places = replace(
        laid, skew=laid.skew * _sign(rng), shift_x=laid.shift_x * _sign(rng), shift_y=laid.shift_y * _sign(rng)
    )
    glass, dimensions = lay_down(form, places)
    scene = replace(picture.shot.scene, ground="black" if laid.black else "lid")
    return _sensed(_with(picture, view=glass, dimensions=dimensions, scene=scene), **sensor)


def _faxed(dpi: float, form: Form, picture: Picture, rng: Rng) -> Picture:
    return replace(_scanned(Laid(dpi, 0.8), {"noise": 3.0}, form, picture, rng), bilevel=True)


def _together(part: float, form: Form, picture: Picture, rng: Rng) -> Picture:
    """A bit of everything, each up to `part` of what is seen in practice."""
    much = part * rng.uniform(0.3, 1.0, 5)
    pen = ("blue ballpoint", "black ballpoint", "pencil", "black felt")[int(rng.integers(4))]
    picture = _written(pen, form, picture, rng)
    sensed = {"noise": 1.0 + 7.0 * much[0], "quality": int(92 - 50 * much[1]), "blur": 0.5 + 1.7 * much[2]}
    if picture.shot.kind == "scan":
        return _scanned(
            Laid(SCANNER_DPI, 4.0 * much[3], 4.0 * much[4], 4.0 * much[3], around=2.0), sensed, form, picture, rng
        )
    tilt, towards = 12.0 * much[3], rng.uniform(0, 2 * np.pi)
    pose = Pose(float(tilt * np.sin(towards)), float(tilt * np.cos(towards)), 12.0 * much[4] * _sign(rng), REACH)
    hard = _shadowed(0.4 * much[1], form, _bent(5.0 * much[2], form, _with(picture, view=pose), rng), rng)
    return _sensed(hard, **sensed)


Hardener = Callable[[Form, Picture, Rng], Picture]
BOTH: Final[tuple[Kind, ...]] = ("photo", "scan")
PENS: Final = (
    "black felt", "blue felt", "black ballpoint", "blue ballpoint", "green ballpoint", "red ballpoint", "pencil",
    "faint pencil",
)  # fmt: skip
MARKS: Final[tuple[MarkStyle, ...]] = ("fill", "scribble", "dot", "cross", "tick")
PAPERS: Final = {
    "yellow paper": Paper((150, 225, 240)),
    "recycled paper": Paper((196, 206, 212), 40, 3.5),
    "faint print": Paper(toner=110),
    "very faint print": Paper(toner=165),
}
SCANS: Final[dict[str, Hardener]] = {
    "skewed 1°, shifted 3 mm": partial(_scanned, Laid(SCANNER_DPI, 1.0, 3.0, 2.0), {}),
    "skewed 3°, 4 mm around": partial(_scanned, Laid(SCANNER_DPI, 3.0, around=4.0), {}),
    "grey, dusty": partial(_scanned, Laid(SCANNER_DPI, 0.4), {"grey": True, "dust": 150, "noise": 2.5, "blur": 0.9}),
    "black around, skewed 2°": partial(_scanned, Laid(SCANNER_DPI, 2.0, around=6.0, black=True), {}),
    "black on two sides": partial(_scanned, Laid(SCANNER_DPI, 0.5, 5.0, 5.0, black=True), {}),
    "edges cut off by 6 mm": partial(_scanned, Laid(SCANNER_DPI, 0.5, 6.0, 6.0), {}),
    "edges cut off by 13 mm": partial(_scanned, Laid(SCANNER_DPI, 0.3, 13.0, 13.0), {}),
    "black and white, 300 dpi": partial(_faxed, 300.0),
    "black and white, 200 dpi": partial(_faxed, 200.0),
}


def _levels() -> tuple[Level, ...]:
    def axis(name: str, kinds: tuple[Kind, ...], levels: Mapping[str, Hardener]) -> list[Level]:
        return [Level(name, kind, label, harden) for kind in kinds for label, harden in levels.items()]

    return (
        *axis("nothing", BOTH, {"hard": _unchanged}),
        *axis("rotation", BOTH, {f"{d}°": partial(_turned, d) for d in (2, 5, 10, 15, 20, 25, 35, 90, 180, 270)}),
        *axis("perspective", ("photo",), {f"{d}°": partial(_tilted, d) for d in (5, 10, 15, 20, 28, 35)}),
        *axis("curl", ("photo",), {f"{h} mm": partial(_bent, h) for h in (2, 4, 6, 9, 12)}),
        *axis("lens", ("photo",), {f"{d:+.0%}": partial(_distorted, d) for d in (-0.01, -0.02, 0.01, -0.04)}),
        *axis("scale", ("scan",), {"600 dpi": partial(_resolved, 600)}),
        *axis("scale", BOTH, {f"{d} dpi": partial(_resolved, d) for d in (400, 300, 200, 150, 120, 100, 75)}),
        *axis("blur", BOTH, {f"{s} px": partial(_blurred, s) for s in (1, 2, 3, 4, 6)}),
        *axis("light", ("photo",), {f"shadow {d:.0%}": partial(_shadowed, d) for d in (0.2, 0.4, 0.6, 0.75)}),
        *axis("noise", BOTH, {f"{s} levels": partial(_noisy, s) for s in (2, 4, 8, 12, 16)}),
        *axis("JPEG", BOTH, {f"quality {q}": partial(_compressed, q) for q in (75, 50, 40, 25, 12)}),
        *axis("pen", BOTH, {pen: partial(_written, pen) for pen in PENS}),
        *axis("marks", BOTH, {style: partial(_marked, style) for style in MARKS}),
        *axis("marks", BOTH, {"rubbed out": _rubbed_out, "crossed out": _crossed_out}),
        *axis("paper", BOTH, {name: partial(_printed, paper) for name, paper in PAPERS.items()}),
        *axis("scan", ("scan",), SCANS),
        *axis("together", BOTH, {name: partial(_together, part) for name, part in TOGETHER.items()}),
    )


TOGETHER: Final = {"a little": 0.4, "much": 0.8, "too much": 1.6}
LEVELS: Final = {level.name: level for level in _levels()}
AXES: Final = tuple(dict.fromkeys(level.axis for level in LEVELS.values()))
