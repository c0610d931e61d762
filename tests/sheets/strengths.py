"""Sheets that are hard in one respect at a time, from easy to harder than is seen in practice; photos and scans.

Every respect has levels; each makes an easy picture harder, or leaves the reader a template that says less or
something wrong. Signs and directions come from a random generator.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Literal

import numpy as np

from omrclip.imaging.geometry import Dimensions
from tests.sheets.blocks import blocks
from tests.sheets.camera import Curl, Points, Pose, photographed
from tests.sheets.filling import Habits, Paper, Person
from tests.sheets.flatbed import Laid, lay_down
from tests.sheets.hardening import (
    REACH,
    SCANNER_DPI,
    Rng,
    bent,
    blurred,
    by_phone,
    changed,
    compressed,
    corrected,
    distorted,
    faxed,
    left_empty,
    marked,
    noisy,
    printed,
    quarter_turned,
    resolved,
    scanned,
    shadowed,
    tilted,
    together,
    turned,
    unchanged,
    written,
)
from tests.sheets.layout import Form
from tests.sheets.pens import MarkStyle
from tests.sheets.quick import Picture
from tests.sheets.scene import Ground, Light, Scene, Sensor
from tests.sheets.sheet import Shot

Kind = Literal["photo", "scan"]
Hardener = Callable[[Form, Picture, Rng], Picture]

PHONE: Final = Dimensions(2448, 3264)
DESKS: Final[tuple[Ground, ...]] = ("oak", "walnut", "white", "grey")
MARGIN: Final = 0.02  # of the image's extents, left free around the page
FITTING_ROUNDS: Final = 4
FILLINGS: Final = 6  # papers that are filled in for each form and pen; each is taken many times
ONE_BLOCK: Final = tuple(form.name for form in blocks())
SQUARED: Final = ("exam", "answers", "letters", "block-squares", "block-squares-letters")
"""Forms with four equal squares in their corners."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a template has of its form: one of these `parts`, drawn for each sheet, or "" for all of it.

    A part, and a `bare` template, has bubbles only, and the reference points if `points` says so; None leaves that to
    chance. The template's bubbles are `extent` times as large as the printed ones.
    """

    parts: tuple[str, ...] = ("",)
    extent: float = 1.0
    bare: bool = False
    points: bool | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One strength of one respect, for one kind of picture. `harden` gets the form, an easy picture and randomness.

    `cut` is what the template has of the form; `forms` are the names of the forms that it is measured on; if none is
    named, those with several blocks.
    """

    respect: str
    kind: Kind
    label: str
    harden: Hardener
    cut: Cut = field(default_factory=Cut)
    forms: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.respect} {self.label}, {self.kind}"


def picture_at(form: Form, level: Level, seed: int) -> Picture:
    """A picture that is easy but for this."""
    rng = np.random.default_rng([seed, 5])
    easy = _easy_photo(seed) if level.kind == "photo" else _easy_scan(form, seed)
    hard = level.harden(form, replace(easy, filling=seed % FILLINGS), rng)
    shot = hard.shot
    if not isinstance(shot.view, Pose):
        return hard
    return changed(hard, view=fitted(form, shot.view, shot.dimensions, shot.curl))


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


BOTH: Final[tuple[Kind, ...]] = ("photo", "scan")
PENS: Final = (
    "black felt", "blue felt", "black ballpoint", "blue ballpoint", "green ballpoint", "red ballpoint", "pencil",
)  # fmt: skip
MARKS: Final[dict[str, tuple[MarkStyle, ...]]] = {
    "fill": ("fill",),
    "scribble": ("scribble",),
    "dot": ("dot",),
    "mixed": ("fill", "large tick", "large cross", "scribble"),
}
PAPERS: Final = {
    "yellow paper": Paper((150, 225, 240)),
    "recycled paper": Paper((196, 206, 212), 40, 3.5),
    "faint print": Paper(toner=110),
    "very faint print": Paper(toner=165),
}
SCANS: Final[dict[str, Hardener]] = {
    "skewed 1°, shifted 3 mm": partial(scanned, Laid(SCANNER_DPI, 1.0, 3.0, 2.0), {}),
    "skewed 3°, 4 mm around": partial(scanned, Laid(SCANNER_DPI, 3.0, around=4.0), {}),
    "grey, dusty": partial(scanned, Laid(SCANNER_DPI, 0.4), {"grey": True, "dust": 150, "noise": 2.5, "blur": 0.9}),
    "black around, skewed 2°": partial(scanned, Laid(SCANNER_DPI, 2.0, around=6.0, black=True), {}),
    "black on two sides": partial(scanned, Laid(SCANNER_DPI, 0.5, 5.0, 5.0, black=True), {}),
    "edges cut off by 6 mm": partial(scanned, Laid(SCANNER_DPI, 0.5, 6.0, 6.0), {}),
    "edges cut off by 13 mm": partial(scanned, Laid(SCANNER_DPI, 0.3, 13.0, 13.0), {}),
    "black and white, 300 dpi": partial(faxed, 300.0),
    "black and white, 200 dpi": partial(faxed, 200.0),
}
TOGETHER: Final = {"a little": 0.4, "much": 0.8, "too much": 1.6}
TICKS: Final[dict[str, Hardener]] = {
    "small": partial(marked, ("tick",), None),
    "large": partial(marked, ("large tick",), None),
    "large, pencil": partial(marked, ("large tick",), "pencil"),
}
CROSSES: Final[dict[str, Hardener]] = {
    "small": partial(marked, ("cross",), None),
    "large": partial(marked, ("large cross",), None),
    "large, pencil": partial(marked, ("large cross",), "pencil"),
}
CIRCLES: Final[dict[str, Hardener]] = {
    "around": partial(marked, ("circle",), None),
    "around, pencil": partial(marked, ("circle",), "pencil"),
    "close": partial(marked, ("close circle",), None),
}
CROSSED_OUT: Final[dict[str, Hardener]] = {
    "by a cross": partial(corrected, "crossed out", "blue ballpoint"),
    "by a line": partial(corrected, "struck through", "black ballpoint"),
    "by a cross, felt": partial(corrected, "crossed out", "black felt"),
}
RUBBED_OUT: Final[dict[str, Hardener]] = {
    "well": partial(corrected, "rubbed out", "pencil"),
    "badly": partial(corrected, "rubbed out badly", "pencil"),
    "well, pale": partial(corrected, "rubbed out", "faint pencil"),
}
PALE: Final[dict[str, Hardener]] = {
    "faint pencil": partial(written, "faint pencil"),
    "pale pencil": partial(written, "pale pencil"),
    "hard pencil": partial(written, "hard pencil"),
    "faint pencil, ticks": partial(marked, ("large tick",), "faint pencil"),
}
FEW: Final = Habits(blank=0.85, double=0.0, among_many=0.05)
PHONES: Final[dict[str, Hardener]] = {
    "as it is": partial(by_phone, {}, Habits()),
    "sharpened": partial(by_phone, {"sharpening": 1.0}, Habits()),
    "hazy": partial(by_phone, {"haze": 0.35}, Habits()),
    "few marks": partial(by_phone, {"empty_columns": 1.0}, FEW),
    "few marks, hazy": partial(by_phone, {"haze": 0.35, "empty_columns": 1.0}, FEW),
}
COARSE: Final[dict[str, Hardener]] = {
    "clean": partial(scanned, Laid(100.0, 0.3), {}),
    "grey, skewed": partial(scanned, Laid(100.0, 2.0, around=3.0), {"grey": True, "noise": 2.5}),
    "JPEG quality 50": partial(scanned, Laid(100.0, 0.5), {"quality": 50}),
    "black and white": partial(faxed, 100.0),
}
GAPS: Final = {"15% of columns empty": 0.15, "40% of columns empty": 0.4, "all columns empty": 1.0}
HALVES: Final = ("first half", "middle half", "last half")
THIRDS: Final = ("first third", "middle third", "last third")
EXTENTS: Final = (0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.4)
USUAL: Final[dict[Kind, tuple[Hardener, ...]]] = {
    "photo": (
        unchanged,
        partial(turned, 10),
        partial(tilted, 12),
        partial(bent, 4),
        partial(resolved, 200),
        partial(compressed, 50),
        partial(shadowed, 0.3),
        partial(written, "pencil"),
    ),
    "scan": (
        unchanged,
        partial(turned, 5),
        partial(resolved, 200),
        partial(resolved, 150),
        partial(blurred, 2),
        partial(marked, MARKS["scribble"], None),
        partial(printed, PAPERS["faint print"]),
        SCANS["grey, dusty"],
        SCANS["black and white, 200 dpi"],
    ),
}
"""What pictures are usually like, within the limits: for respects that are of the template, not of the picture."""


def _as_usual(kind: Kind, turns: Sequence[int], form: Form, picture: Picture, rng: Rng) -> Picture:
    """As pictures usually are, turned by one of these numbers of quarters."""
    harden, turn = (int(rng.integers(len(ways))) for ways in (USUAL[kind], turns))
    hard = USUAL[kind][harden](form, picture, rng)
    return quarter_turned(turns[turn], form, hard, rng) if turns[turn] else hard


def _respect(name: str, kinds: tuple[Kind, ...], levels: Mapping[str, Hardener]) -> list[Level]:
    return [Level(name, kind, label, harden) for kind in kinds for label, harden in levels.items()]


def _of_template(
    name: str, cuts: Mapping[str, Cut], turns: Sequence[int] = (0, 1, 2, 3), forms: tuple[str, ...] = ()
) -> list[Level]:
    return [
        Level(name, kind, label, partial(_as_usual, kind, turns), cut, forms)
        for kind in BOTH
        for label, cut in cuts.items()
    ]


def _levels() -> tuple[Level, ...]:
    return (
        *_respect("nothing", BOTH, {"hard": unchanged}),
        *_respect("rotation", BOTH, {f"{d}°": partial(turned, d) for d in (2, 5, 10, 15, 20, 25, 35, 90, 180, 270)}),
        *_respect("perspective", ("photo",), {f"{d}°": partial(tilted, d) for d in (5, 10, 15, 20, 28, 35)}),
        *_respect("curl", ("photo",), {f"{h} mm": partial(bent, h) for h in (2, 4, 6, 9, 12)}),
        *_respect("lens", ("photo",), {f"{d:+.0%}": partial(distorted, d) for d in (-0.01, -0.02, 0.01, -0.04)}),
        *_respect("scale", ("scan",), {"600 dpi": partial(resolved, 600)}),
        *_respect("scale", BOTH, {f"{d} dpi": partial(resolved, d) for d in (400, 300, 200, 150, 120, 100, 75)}),
        *_respect("100-dpi", ("scan",), COARSE),
        *_respect("blur", BOTH, {f"{s} px": partial(blurred, s) for s in (1, 2, 3, 4, 6)}),
        *_respect("light", ("photo",), {f"shadow {d:.0%}": partial(shadowed, d) for d in (0.2, 0.4, 0.6, 0.75)}),
        *_respect("noise", BOTH, {f"{s} levels": partial(noisy, s) for s in (2, 4, 8, 12, 16)}),
        *_respect("JPEG", BOTH, {f"quality {q}": partial(compressed, q) for q in (75, 50, 40, 25, 12)}),
        *_respect("phone", ("photo",), PHONES),
        *_respect("pen", BOTH, {pen: partial(written, pen) for pen in PENS}),
        *_respect("pale", BOTH, PALE),
        *_respect("marks", BOTH, {label: partial(marked, styles, None) for label, styles in MARKS.items()}),
        *_respect("ticks", BOTH, TICKS),
        *_respect("crosses", BOTH, CROSSES),
        *_respect("circles", BOTH, CIRCLES),
        *_respect("crossed-out", BOTH, CROSSED_OUT),
        *_respect("rubbed-out", BOTH, RUBBED_OUT),
        *_respect("gaps", BOTH, {label: partial(left_empty, share) for label, share in GAPS.items()}),
        *_respect("paper", BOTH, {name: partial(printed, paper) for name, paper in PAPERS.items()}),
        *_respect("scan", ("scan",), SCANS),
        *_of_template("parts", {"halves": Cut(HALVES), "thirds": Cut(THIRDS)}),
        *_of_template("blocks", {"single column": Cut(("column",))}),
        *_of_template("blocks", {"whole form": Cut()}, forms=ONE_BLOCK),
        *_of_template("extents", {f"× {extent}": Cut(extent=extent) for extent in EXTENTS}),
        *_of_template("squares", {"bubbles and squares": Cut(bare=True, points=True)}, forms=SQUARED),
        *_respect("together", BOTH, {name: partial(together, part) for name, part in TOGETHER.items()}),
    )


LEVELS: Final = {level.name: level for level in _levels()}
RESPECTS: Final = tuple(dict.fromkeys(level.respect for level in LEVELS.values()))
