"""Pens and the marks made with them: strokes in millimetres, put onto paper as ink."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Colour = npt.NDArray[np.uint8]

STROKE_DPI: Final = 1200  # strokes are drawn about this fine and then reduced
FRACTION_BITS: Final = 4
MEAN_HOLLOW: Final = 0.6  # of the paper that a pen with a grain of 1 does not reach
SPLINE_STEP: Final = 0.08  # mm between two points of a drawn stroke

MarkStyle = Literal["fill", "tick", "cross", "scribble", "dot", "large tick", "large cross", "circle", "close circle"]


@dataclass(frozen=True, slots=True)
class Pen:
    """A writing tool. `colour` is its ink's reflectance (blue, green, red; 0 to 255), `width` in mm.

    `opacity` is how much of the paper a full stroke hides; `grain` how much of the paper's tooth shows through;
    `pressure` how much the width changes along a stroke (0 to 1).
    """

    name: str
    colour: tuple[int, int, int]
    width: float
    opacity: float
    grain: float
    pressure: float


PENS: Final = {
    pen.name: pen
    for pen in (
        Pen("blue ballpoint", (140, 52, 30), 0.48, 0.93, 0.22, 0.25),
        Pen("black ballpoint", (42, 36, 34), 0.45, 0.92, 0.20, 0.25),
        Pen("black felt", (30, 26, 26), 0.75, 0.98, 0.04, 0.15),
        Pen("blue felt", (120, 40, 22), 0.65, 0.96, 0.05, 0.15),
        Pen("red ballpoint", (48, 40, 190), 0.48, 0.93, 0.22, 0.25),
        Pen("green ballpoint", (70, 118, 30), 0.48, 0.93, 0.22, 0.25),
        Pen("pencil", (64, 62, 60), 0.58, 0.86, 0.48, 0.35),
        Pen("faint pencil", (105, 102, 100), 0.50, 0.62, 0.60, 0.35),
        Pen("pale pencil", (118, 115, 112), 0.50, 0.50, 0.60, 0.35),
        Pen("hard pencil", (96, 94, 92), 0.35, 0.66, 0.50, 0.30),
    )
}


@dataclass(frozen=True, slots=True)
class Trace:
    """One stroke: `points` (n, 2) in mm, and `widths` (n,) as parts of the pen's own width."""

    points: Points
    widths: Points


def bend(control: Points, step: float = SPLINE_STEP) -> Points:
    """A smooth curve through the control points (Catmull-Rom), a point about every `step` of their unit."""
    if len(control) < 2:
        return control
    padded = np.vstack([2 * control[0] - control[1], control, 2 * control[-1] - control[-2]])
    pieces = [_span(padded[i : i + 4], step) for i in range(len(control) - 1)]
    return np.vstack([*pieces, control[-1:]])


def _span(p: Points, step: float) -> Points:
    count = max(2, int(np.linalg.norm(p[2] - p[1]) / step))
    t = np.linspace(0.0, 1.0, count, endpoint=False)[:, None]
    slope = -p[0] + p[2]
    square = 2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]
    cube = -p[0] + 3 * p[1] - 3 * p[2] + p[3]
    curve: Points = 0.5 * (2 * p[1] + slope * t + square * t**2 + cube * t**3)
    return curve


def trace(points: Points, pen: Pen, rng: np.random.Generator) -> Trace:
    """A stroke whose pressure rises and falls slowly and fades at both ends."""
    count = len(points)
    knots = rng.normal(0.0, 0.35, max(3, count // 25) + 1)
    slow = np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots)
    ends = np.minimum(1.0, 0.55 + np.minimum(np.arange(count), np.arange(count)[::-1]) / 8.0)
    return Trace(points, np.clip((1.0 + pen.pressure * slow) * ends, 0.3, 1.7))


def mark(style: MarkStyle, diameter: float, pen: Pen, rng: np.random.Generator) -> list[Trace]:
    """A person's mark of a bubble, around (0, 0), in mm. `diameter` is the bubble's."""
    offset = rng.normal(0.0, 0.06 * diameter, 2)
    return [trace(points + offset, pen, rng) for points in _SHAPES[style](diameter / 2, pen, rng)]


def _fill(radius: float, pen: Pen, rng: np.random.Generator) -> list[Points]:
    """To and fro from one side of the circle to the other, then once around."""
    reach = radius * rng.uniform(0.82, 0.98)
    rows = np.arange(-reach + pen.width / 3, reach, pen.width * rng.uniform(0.75, 0.95))
    half = np.sqrt(np.maximum(reach**2 - rows**2, (0.2 * radius) ** 2)) * rng.uniform(0.86, 1.08, len(rows))
    zigzag = np.column_stack([half * (-1.0) ** np.arange(len(rows)), rows + rng.normal(0, 0.05, len(rows))])
    angles = np.linspace(0.0, 2 * np.pi * rng.uniform(0.8, 1.2), 12) + rng.uniform(0, 6.28)
    round_ = np.column_stack([np.cos(angles), np.sin(angles)]) * (reach * rng.uniform(0.85, 1.0, (12, 1)))
    return [bend(zigzag) @ _turn(rng.normal(-0.6, 0.35)), bend(round_)]


def _dot(radius: float, pen: Pen, rng: np.random.Generator) -> list[Points]:
    """Half of the bubble: a filled circle of some 0.7 of its diameter."""
    return _fill(0.7 * radius, pen, rng)


def _tick(radius: float, _: Pen, rng: np.random.Generator) -> list[Points]:
    corner = np.array([-0.15, 0.6])
    points = np.array([[-0.75, 0.0], [-0.42, 0.32], corner, corner + 0.02, [0.4, -0.5], [1.05, -1.25]])
    return [bend((points + rng.normal(0, 0.06, points.shape)) * radius * rng.uniform(0.9, 1.15))]


def _cross(radius: float, _: Pen, rng: np.random.Generator) -> list[Points]:
    reach = radius * rng.uniform(0.8, 1.05)
    lines = (np.array([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]]), np.array([[1.0, -1.0], [0.0, 0.0], [-1.0, 1.0]]))
    return [bend((line * 0.85 + rng.normal(0, 0.1, line.shape)) * reach) for line in lines]


def _large_tick(radius: float, pen: Pen, rng: np.random.Generator) -> list[Points]:
    """A tick in one quick movement: up to twice as large as the bubble, and not quite in its middle."""
    (points,) = _tick(radius, pen, rng)
    return [points * rng.uniform(1.1, 1.6) + rng.normal(0, 0.12, 2) * radius]


def _large_cross(radius: float, pen: Pen, rng: np.random.Generator) -> list[Points]:
    """A cross that runs beyond the outline, its lines of unlike lengths."""
    shift = rng.normal(0, 0.12, 2) * radius
    return [line * rng.uniform(1.1, 1.6) + shift for line in _cross(radius, pen, rng)]


def _circle(radius: float, _: Pen, rng: np.random.Generator) -> list[Points]:
    """A line around the bubble, free of its outline."""
    return _around(radius * rng.uniform(1.25, 1.45), rng)


def _close_circle(radius: float, _: Pen, rng: np.random.Generator) -> list[Points]:
    """A line around the bubble that runs beside its outline, and partly over it."""
    return _around(radius * rng.uniform(1.05, 1.2), rng)


def _around(radius: float, rng: np.random.Generator) -> list[Points]:
    """A line nearly closed or a little more, as round as a hand makes it."""
    angles = np.linspace(0.0, 2 * np.pi * rng.uniform(0.95, 1.12), 24) + rng.uniform(0, 6.28)
    reach = radius * (1 + np.cumsum(rng.normal(0, 0.012, 24)))
    oval = np.array([rng.uniform(0.95, 1.1), rng.uniform(0.92, 1.04)])
    return [bend(np.column_stack([np.cos(angles), np.sin(angles)]) * reach[:, None] * oval)]


def _scribble(radius: float, _: Pen, rng: np.random.Generator) -> list[Points]:
    """Loops one over the other."""
    angles = np.linspace(0.0, 2 * np.pi * rng.uniform(4.0, 6.0), 56) + rng.uniform(0, 6.28)
    reach = radius * np.clip(rng.normal(0.62, 0.22, (56, 1)), 0.1, 1.12)
    return [bend(np.column_stack([np.cos(angles), 0.9 * np.sin(angles)]) * reach)]


_SHAPES: Final[dict[MarkStyle, Callable[[float, Pen, np.random.Generator], list[Points]]]] = {
    "fill": _fill,
    "tick": _tick,
    "cross": _cross,
    "scribble": _scribble,
    "dot": _dot,
    "large tick": _large_tick,
    "large cross": _large_cross,
    "circle": _circle,
    "close circle": _close_circle,
}


def _turn(angle: float) -> Points:
    """The matrix that turns row vectors by `angle` radians."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def put_ink(paper: Colour, traces: Sequence[Trace], pen: Pen, scale: float, rng: np.random.Generator) -> None:
    """Draws strokes onto the paper, (height, width, 3) uint8, in place. `scale` is the paper's pixels per mm.

    Ink takes light away: it darkens what is printed below, and never brightens it.
    """
    if not traces:
        return
    left, top, cover = _coverage(traces, pen, scale, rng)
    rows = slice(max(top, 0), min(top + cover.shape[0], paper.shape[0]))
    columns = slice(max(left, 0), min(left + cover.shape[1], paper.shape[1]))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    part = cover[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left, None]
    absorbed = 1.0 - np.array(pen.colour, np.float32) / 255.0
    paper[rows, columns] = np.rint(paper[rows, columns] * (1.0 - part * absorbed)).astype(np.uint8)


def _coverage(
    traces: Sequence[Trace], pen: Pen, scale: float, rng: np.random.Generator
) -> tuple[int, int, npt.NDArray[np.float32]]:
    """Left, top (px) and how much of the paper the strokes hide around them, (h, w) float32 from 0 to 1."""
    points = np.vstack([t.points for t in traces]) * scale
    margin = 2 * pen.width * scale + 2
    left, top = (int(v) for v in np.floor(points.min(axis=0) - margin))
    width, height = (int(v) for v in np.ceil(points.max(axis=0) + margin) - (left, top))
    finer = max(1, round(STROKE_DPI / (scale * 25.4)))
    canvas = np.zeros((height * finer, width * finer), np.uint8)
    for stroke in traces:
        _draw(canvas, (stroke.points * scale - (left, top)) * finer, stroke.widths * pen.width * scale * finer)
    cover = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    return left, top, cover * _tooth(cover.shape, pen, rng)


def _draw(canvas: npt.NDArray[np.uint8], points: Points, widths: Points) -> None:
    fine = np.rint((points - 0.5) * (1 << FRACTION_BITS)).astype(int).tolist()
    thick = np.maximum(1, np.rint(widths)).astype(int).tolist()
    for start, end, width in zip(fine, fine[1:], thick[1:], strict=False):
        cv2.line(canvas, start, end, (255,), width, cv2.LINE_AA, FRACTION_BITS)


def _tooth(shape: tuple[int, ...], pen: Pen, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """The ink's density: full but for the hollows of the paper, which a light pen does not reach."""
    fine = rng.random(shape, dtype=np.float32)
    coarse = cv2.GaussianBlur(rng.random(shape, dtype=np.float32), (0, 0), 1.2)
    hollow = np.clip(0.5 * fine + 3.0 * (coarse - 0.5) + 0.35, 0.0, 1.0)
    return (pen.opacity * (1.0 - pen.grain * hollow)).astype(np.float32)
