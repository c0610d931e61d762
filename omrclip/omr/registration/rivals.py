"""Search for rivals of a map: other ways to place the template's bubbles on those of the scan.

Answer sheets repeat themselves. Turned upside down, or moved by a row, nearly all bubbles of a template fall onto
printed ones again. Therefore a map is accepted only if it has no rival. The shapes of the scan are mapped back to the
page, and the template is placed on them anew: in each quarter turn, at every shift at which most bubbles fit.

A rival and the map are compared at the bubbles that lie where the other has no bubble, and by marks and edges, see
`scene`. A bubble without print there counts against its placement. Print beside the template's bubbles does not count,
since a template may describe only a part of the form.
Where this does not decide, the bar codes do, and then the letters printed in the bubbles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.scene import MOST_CELLS, Scene

MOST_VOTING, LEAST_VOTES = 48, 0.65
"""Bubbles that vote for shifts; votes that a shift needs, as a part of the bubbles that fall onto shapes by the map."""
LEAST_VOTES_COUNT = 2
"""Votes that a shift needs at least."""
MOST_TIED = 8
"""Undecided rivals for which codes and letters are compared."""
MOST_RIVALS = 80
"""Shifts with the most votes that are tried in each turn."""
PLACES_AT_ONCE = 1 << 16
"""Bubbles of all shifts that are placed at once: tables of some 10 MB."""
MOSTLY = 0.5
"""Part of the bubbles that a shift moves away from their places: otherwise it is no other placement."""
SHIFT_ROUNDS = 3
"""Rounds in which a shift is fitted to the shapes that it hits."""
MOST_STRETCH = 1.03
"""Ratio between the scales of the two axes of a map up to which the page has its own shape in the scan."""
TURNED_BELOW_COSINE = 0.5
"""Cosine of the angle of a placement: with less, the page is turned."""


@dataclass(frozen=True, slots=True, eq=False)
class Rival:
    """Another placement of the template on the shapes of the scan.

    Attributes:
        moves: (3, 3) float64 affine map, page → page, to be applied to page points before the map.
        turned: whether the rival turns the page; otherwise it only shifts it.
        is_better: whether the rival beats the map; otherwise it cannot be decided.
    """

    moves: ops.Matrix
    turned: bool
    is_better: bool


def strongest_rival(scene: Scene, *, may_turn: bool) -> Rival | None:
    """Return the rival that beats the map and all others, else one that fits equally well; None where there is none.

    Args:
        scene: the scan as the map places it.
        may_turn: whether the page may lie turned.
    """
    own = scene.placed(np.eye(3))
    turns = list(quarter_turns(scene.page_to_scan, scene.reference.page)) if may_turn else [np.eye(2)]
    rivals = [scene.placed(moves) for turn in turns for moves in _shifts(scene, turn)]
    best = own
    for rival in rivals:
        if scene.beats(rival, best):
            best = rival
    if best is not own:
        return Rival(best.moves, _turns_page(best.moves), is_better=True)
    tied = islice((rival for rival in rivals if not scene.beats(own, rival)), MOST_TIED)
    ways = [(rival, _turns_page(rival.moves)) for rival in tied]
    ours = {turned: scene.shown(own, letters=turned) for turned in {turned for _, turned in ways}}
    undecided = None
    for rival, turned in ways:
        theirs = scene.shown(rival, letters=turned)
        if theirs.tells_against(ours[turned]):
            return Rival(rival.moves, turned, is_better=True)
        if undecided is None and not ours[turned].tells_against(theirs):
            undecided = Rival(rival.moves, turned, is_better=False)
    return undecided


def _turns_page(moves: ops.Matrix) -> bool:
    return bool(moves[0, 0] < TURNED_BELOW_COSINE)


def quarter_turns(page_to_scan: ops.Matrix, page: Dimensions) -> Iterator[npt.NDArray[np.float64]]:
    """Yield (2, 2) linear maps that turn the page by quarters.

    Where the map stretches the page, more turns follow that give it its own shape: a sheet that a wrong map has turned
    by a quarter and stretched is turned back without the stretch.
    """
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    turns = [np.linalg.matrix_power(quarter, number) for number in range(4)]
    yield from turns
    middle = np.array([[page.width / 2, page.height / 2]])
    here = ops.transform(page_to_scan, middle)
    linear = np.column_stack([(ops.transform(page_to_scan, middle + step) - here)[0] for step in ([[1, 0]], [[0, 1]])])
    left, spread, right = np.linalg.svd(linear)
    if spread[0] < MOST_STRETCH * spread[1]:
        return
    unstretched = np.sqrt(spread[0] * spread[1]) * left @ right
    yield from (np.linalg.solve(linear, unstretched @ turn) for turn in turns)


def _shifts(scene: Scene, turn: npt.NDArray[np.float64]) -> Iterator[ops.Matrix]:
    """Yield (3, 3) maps of the page by this turn and each shift at which most bubbles fit, except the identity."""
    known: list[Points] = []
    turned = scene.bubbles @ turn.T
    chosen = np.linspace(0, len(turned) - 1, min(MOST_VOTING, len(turned))).astype(np.intp)
    own = int((scene.printed.find(scene.bubbles[chosen])[1] < scene.within).sum())
    shifts = (scene.printed.points[None] - turned[chosen][:, None]).reshape(-1, 2)
    peaks = _peaks(shifts, scene.within, max(LEAST_VOTES * own, LEAST_VOTES_COUNT))
    for shift in _fitted_shifts(scene, turned, np.array(peaks).reshape(-1, 2)):
        moves = np.eye(3)
        moves[:2, :2], moves[:2, 2] = turn, shift
        if known and (np.linalg.norm(np.array(known) - shift, axis=1) < scene.within).any():
            continue
        known.append(shift)
        away = turned + shift - scene.bubbles
        if ((away**2).sum(axis=1) > scene.within**2).mean() >= MOSTLY:
            yield moves


def _fitted_shifts(scene: Scene, turned: Points, shifts: Points) -> Points:
    """Return shifts (m, 2) fitted to the shapes that the turned bubbles hit by them; shifts that hit none stay."""
    fitted = shifts.copy()
    at_once = max(1, PLACES_AT_ONCE // len(turned))
    for start in range(0, len(fitted), at_once):
        some = fitted[start : start + at_once]  # a view
        for _ in range(SHIFT_ROUNDS):
            places = turned + some[:, None]
            nearest, distances = scene.printed.find(places)
            hit = distances < scene.within
            away = (scene.printed.points[nearest] - places) * hit[:, :, None]
            some += away.sum(axis=1) / np.maximum(hit.sum(axis=1), 1)[:, None]
    return fitted


def _peaks(shifts: Points, within: float, least: float) -> list[Points]:
    """Return the shifts (2,) near which many of (n, 2) shifts lie, the most common first."""
    within = max(within, float(np.ptp(shifts, axis=0).max()) / MOST_CELLS)
    cells = np.floor(shifts / within).astype(np.int64)
    cells -= cells.min(axis=0)
    columns, rows = (cells.max(axis=0) + 1).tolist()
    counts = np.bincount(cells[:, 1] * columns + cells[:, 0], minlength=columns * rows).reshape(rows, columns)
    counts = counts.astype(np.float32)
    around = cv2.boxFilter(counts, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    # The Gaussian makes neighbouring cells differ, so that each cluster has one peak.
    sharp = cv2.GaussianBlur(counts, (3, 3), 0, borderType=cv2.BORDER_CONSTANT)
    row, column = np.nonzero((around >= least) & (sharp == cv2.dilate(sharp, np.ones((3, 3), np.uint8))))
    order = np.argsort(-around[row, column], kind="stable")[:MOST_RIVALS]
    origin = np.floor(shifts / within).min(axis=0)
    return [(origin + np.array([column[at] + 0.5, row[at] + 0.5])) * within for at in order]
