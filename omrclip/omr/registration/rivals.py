"""Whether a template's bubbles lie on the scan's in one way alone.

Answer sheets repeat themselves. Turned upside down, or moved by a row, nearly all bubbles of a template fall onto
printed ones again. So a map is believed only where it has no rival. What the scan shows is brought back to the page by
the map, and the template is laid onto it anew: in each quarter turn, at every shift at which most bubbles fit.

A rival and the map are told apart by the bubbles at places where only one of the two has any. Where nothing is printed
at such a place, that counts against it. What is printed beside the template's places counts for and against nobody,
since a template may know only a part of the form. One of the two loses if it misses clearly more bubbles. It also loses
if it misses a reference point and the other has all of them, and if it puts the page further out of the picture, or off
the sheet whose edges are seen. Where all that does not tell, bar codes do, and the letters printed in the bubbles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.blobs import Blobs, blobs_of
from omrclip.omr.registration.bubble_patches import REACH, SIDE, likeness, tones
from omrclip.omr.registration.code_boxes import is_code_in
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.letters import likeness_of_letters
from omrclip.omr.registration.neighbours import distances_to
from omrclip.omr.registration.paper import displacement_grid as bending
from omrclip.omr.registration.rectified_scan import RectifiedScan
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.strategies.bubbles import SEARCHED_SIDES
from omrclip.omr.registration.strategies.paper_edges import sheet_in
from omrclip.omr.registration.strategies.point_patterns import Nearest
from omrclip.omr.registration.strategies.reference_points import solids_in

Points = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BY_CHANCE, DEVIATIONS, MANY = 0.15, 3.0, 2.0
"""Print is missed by chance too, under ink and dirt or where the picture is bad: BY_CHANCE of it. One loses where it
misses more than that by DEVIATIONS standard deviations (of a binomial distribution), and MANY times what the other one
misses on top."""
WITHIN = 0.3
"""Of the distance from bubble to bubble: how far off a place something is taken to be there. Print that was mapped from
far away may be a little off, and a rival is rather taken for one too often."""
SAME_BUBBLE = (0.6, 1.6)
"""Sizes of shapes that may be bubbles, in sizes of those on which the template's lie."""
LIKE_AN_OUTLINE = 0.35
"""Correlation with a drawn outline from which on a bubble is there though no closed shape was found: it is ticked."""
MOST_VOTING, LEAST_VOTES = 48, 0.65
"""Bubbles that look for shifts; how many must fall onto shapes at one, as a part of those that do by the map itself."""
LEAST_MARKS, SAME_SIZE = 3, 0.45
"""Reference points of a template for one that is missing to tell: filled bubbles and print fall onto fewer by chance.
By how much, as a logarithm, a solid may be larger or smaller than its reference point: scans blur, copies grow."""
LIKE_LETTERS, MORE_LIKE_LETTERS = 0.75, 0.2
"""Correlation of what is printed in bubbles with the letters of their values, and by how much it must be better than in
the other way. On five real sheets of three makers it is 0.83 to 0.93; where other letters are printed than the values
say, two ways differ by 0.11 at most."""
MOST_TIED = 8
"""Rivals that fit alike for which codes and letters are looked at."""
UNKNOWN = -1
LEAST_SEEN = 0.3
"""Of the template's bubbles, how many must be seen as closed shapes for maps to be compared by them."""
MOST_RIVALS = 80
MOST_CELLS = 2000
"""Across or down, of a table of places: 30 to 70 MB. Only bubbles a few pixels apart would have more."""
STEPS = 3
"""In which a rival's shift is made exact, and a bend turned back."""
FURTHER_OUT = 0.12
"""Of the page's longer side: what puts the page so much further out of the picture loses. Scanners cut off less."""
ON_THE_SHEET, TIMES_OFF, FURTHER_OFF = 0.05, 3.0, 0.02
"""Where the page's corners lie so near to those of the sheet that is seen, in parts of the page's longer side, what
puts them so many times as far off, and so much further, loses. Printers and feeders displace a print by less: the last
is 6 mm on A4."""
LEAST_PIXELS = 12.0
"""Of a bubble, for its shape to be seen."""
SHEARED = 1.03
OUTLINE_AT, OUTLINE_WIDE = 0.95, 0.12
"""In radii of the bubble."""


@dataclass(frozen=True, slots=True, eq=False)
class Rival:
    """Another way to lay the template onto what the scan shows.

    Attributes:
        moves: (3, 3) float64 affine map, page → page: where the map that was looked at has to be followed by this.
        turned: whether it turns the page; else it only moves it.
        is_better: whether it beats the map; else nobody can tell.
    """

    moves: ops.Matrix
    turned: bool
    is_better: bool


def strongest_rival(scene: "Scene", *, may_turn: bool) -> Rival | None:
    """The rival that beats the map and all others, or one that nobody can tell from the map; None where there is none.

    Args:
        scene: what the scan shows, as the map has it.
        may_turn: whether the page may lie turned at all.
    """
    own = scene.placed(np.eye(3))
    turns = list(_turns(scene.page_to_scan, scene.reference.page)) if may_turn else [np.eye(2)]
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
    return bool(moves[0, 0] < 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """The template as it lies when it is moved.

    Attributes:
        moves: see Rival.
        places: (n, 2) float64 the middles of its bubbles.
        missing: (n,) int8 whether nothing is printed at each of its bubbles, though it lies in the picture: 1 or 0;
            UNKNOWN until it is asked for, since looking for outlines takes long.
        unmarked: (k,) whether no solid shape of its size is at each of its reference points, though it lies in the
            picture.
        outside: how far the page lies out of the picture, in its longer side.
        off_sheet: how far its corners lie from those of the sheet, in its longer side; infinite where none is seen.
    """

    moves: ops.Matrix
    places: Points
    missing: npt.NDArray[np.int8]
    unmarked: Flags
    outside: float
    off_sheet: float


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is seen of a template as it is placed, beside outlines.

    Attributes:
        codes: how many of its codes read in their boxes.
        letters: how well what is printed in its bubbles looks like their values, -1 to 1.
    """

    codes: int
    letters: float

    def tells_against(self, other: "_Shown") -> bool:
        """Whether this way is right, and the other is not, though the bubbles fit both alike."""
        if self.codes != other.codes:
            return self.codes > other.codes
        return self.letters > LIKE_LETTERS and self.letters > other.letters + MORE_LIKE_LETTERS


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What the scan shows, brought back to the page.

    Attributes:
        reference: the page.
        pyramid: the scan.
        page_to_scan: the map, which is right to a part of a bubble where the template's bubbles are.
        bend: of the map.
        view: the scan roughly in the page's frame.
        bubbles: (n, 2) float64 middles of the template's bubbles of the most common size.
        radii: (2,) float64 half the extents of one.
        own: the bubbles, to be looked up.
        printed: shapes like bubbles.
        solids: (m, 3) float64 middles and sizes of solid shapes.
        within: how far off a place something is taken to be there, page pixels.
        picture: (4, 2) float64 the corners of the picture.
        sheet: (4, 4, 2) float64 those of the sheet of paper, beginning with each of them; None where it is not seen.
    """

    reference: Reference
    pyramid: ImagePyramid
    page_to_scan: ops.Matrix
    bend: bending.Bend
    view: RectifiedScan
    bubbles: Points
    radii: Points
    own: Nearest
    printed: Nearest
    solids: Points
    within: float
    picture: Points
    sheet: Points | None

    def placed(self, moves: ops.Matrix) -> _Placed:
        """The template moved, and what is seen of it."""
        page, marks = self.reference.page, self.reference.marks
        longer, corners = max(page.width, page.height), ops.corners(0, 0, page.width, page.height)
        corners = ops.transform(moves, corners)
        off_sheet = np.inf
        if self.sheet is not None:
            off_sheet = float(np.linalg.norm(self.sheet - corners, axis=2).max(axis=1).min()) / longer
        places, marked = ops.transform(moves, self.bubbles), ops.transform(moves, marks[:, :2])
        looked_for = (self.printed.find(places)[1] >= self.within) & _within(places, self.picture)
        return _Placed(
            moves,
            places,
            np.where(looked_for, UNKNOWN, 0).astype(np.int8),
            _missing(marked, marks[:, 2], self.solids) & _within(marked, self.picture),
            _outside(corners, self.picture) / longer,
            off_sheet,
        )

    def beats(self, one: _Placed, other: _Placed) -> bool:
        """Whether the other loses clearly, and the one does not."""
        return self._loses(other, one) and not self._loses(one, other)

    def shown(self, placed: _Placed, *, letters: bool) -> "_Shown":
        """What is seen of the template's codes, and, if asked for, of its letters: these tell only the turn."""

        def to_scan(points: Points) -> Points:
            places = ops.transform(placed.moves, points)
            return ops.transform(self.page_to_scan, places + bending.offsets_at(self.bend, places, self.reference.page))

        def to_view(points: Points) -> Points:
            return ops.transform(self.view.scan_to_view, to_scan(points))

        values = [self.reference.values[number] for number in np.flatnonzero(self.reference.common)]
        codes = sum(is_code_in(self.pyramid, code, to_scan) for code in self.reference.codes)
        if not letters:
            return _Shown(codes, 0.0)
        return _Shown(codes, likeness_of_letters(self.view.pixels, values, self.bubbles, self.radii, to_view))

    def _loses(self, one: _Placed, other: _Placed) -> bool:
        """Whether one misses clearly more of what it has to itself, or puts the page where it cannot be."""
        if len(one.unmarked) >= LEAST_MARKS and one.unmarked.any() and not other.unmarked.any():
            return True
        further_off = max(TIMES_OFF * other.off_sheet, other.off_sheet + FURTHER_OFF)
        off_sheet = other.off_sheet < ON_THE_SHEET and one.off_sheet > further_off
        if off_sheet or one.outside > other.outside + FURTHER_OUT:
            return True
        if not one.missing.any():
            return False
        alone = self._alone(one, other)
        count = int(alone.sum())
        least = max(BY_CHANCE * count + DEVIATIONS * (BY_CHANCE * (1 - BY_CHANCE) * count) ** 0.5, 1)
        misses = self._misses(one, alone, least)
        return bool(misses >= least and misses >= least + MANY * self._misses(other, self._alone(other, one)))

    def _misses(self, placed: _Placed, chosen: Flags, least: float = 0.0) -> int:
        """How many of the chosen bubbles are missing; where these are fewer than `least`, a number below it."""
        if (placed.missing[chosen] != 0).sum() < least:
            return 0
        unknown = np.flatnonzero(chosen & (placed.missing == UNKNOWN))
        if len(unknown):
            placed.missing[unknown] = self._outlines(placed.places[unknown]) <= LIKE_AN_OUTLINE
        return int(placed.missing[chosen].sum())

    def _alone(self, one: _Placed, other: _Placed) -> Flags:
        """(n,) which bubbles of one lie where the other has none."""
        places = ops.transform(ops.inverse(other.moves) @ one.moves, self.bubbles)
        return np.asarray(self.own.find(places)[1] >= self.within)

    def _outlines(self, places: Points) -> npt.NDArray[np.float64]:
        moved = places + bending.offsets_at(self.bend, places, self.reference.page)
        in_view = ops.transform(self.view.scan_to_view @ self.page_to_scan, moved)
        extents = np.array(self.view.pixels.shape[::-1])
        inside = ((in_view > 0) & (in_view < extents)).all(axis=1)
        found = np.zeros(len(places))
        if inside.any():
            radii = np.tile(self.radii * self.reference.fine.scale, (int(inside.sum()), 1))
            found[inside] = likeness(-tones(self.view.pixels, in_view[inside], radii), _drawn())
        return found


def scene_of(
    reference: Reference,
    pyramid: ImagePyramid,
    page_to_scan: ops.Matrix,
    bend: bending.Bend,
    seen: RectifiedScan,
) -> Scene | None:
    """What a scan shows as a map has it; None where too few bubbles are seen to compare maps by."""
    common = reference.common
    bubbles, extents = reference.centres[common], np.median(reference.bubbles[common, 2:], axis=0)
    page, back = reference.page, ops.inverse(page_to_scan)

    def on_page(points: Points) -> Points:
        flat = ops.transform(back, points)
        places = flat
        for _ in range(STEPS):
            places = flat - bending.offsets_at(bend, places, page)
        return places

    def on_page_sized(points: Points, sizes: npt.NDArray[np.float64]) -> tuple[Points, npt.NDArray[np.float64]]:
        places = on_page(points)
        one, two = (on_page(points + step) - places for step in ([1, 0], [0, 1]))
        return places, sizes * np.sqrt(np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]))

    # Boxes may lie on each other; bubbles side by side do not.
    pitch = max(float(np.sqrt(np.median(distances_to(bubbles, 1)))), float(extents.min()))
    in_scan = ops.transform(page_to_scan, bubbles)
    across = ops.transform(page_to_scan, bubbles + np.array([[extents[0], 0]]))
    blobs, reduction = blobs_of(pyramid, _side(pyramid, float(np.median(np.linalg.norm(across - in_scan, axis=1)))))
    blobs = _nearby(blobs, reduction, back, page)
    if not len(blobs):
        return None
    places, sizes = on_page_sized(blobs.centres * reduction, blobs.sizes * reduction)
    within = WITHIN * pitch
    nearest, distances = Nearest(places, _spacing(places, pitch)).find(bubbles)
    hit = distances < within
    if hit.sum() < LEAST_SEEN * len(bubbles):
        return None
    size = float(np.median(sizes[nearest[hit]]))
    like = (sizes > SAME_BUBBLE[0] * size) & (sizes < SAME_BUBBLE[1] * size)
    solids = solids_in(pyramid) if len(reference.marks) else np.zeros((0, 3))
    sheet, scan = sheet_in(pyramid), pyramid.dimensions
    return Scene(
        reference,
        pyramid,
        page_to_scan,
        bend,
        seen,
        bubbles,
        extents / 2,
        Nearest(bubbles, _spacing(bubbles, pitch)),
        Nearest(places[like], _spacing(places, pitch)),
        np.column_stack(on_page_sized(solids[:, :2], solids[:, 2])),
        within,
        on_page(ops.corners(0, 0, scan.width, scan.height)),
        None if sheet is None else np.stack([np.roll(on_page(sheet), turn, axis=0) for turn in range(4)]),
    )


def _spacing(points: Points, pitch: float) -> float:
    """The pitch, or more, such that a table of the nearest points does not grow beyond all bounds."""
    return max(pitch, 6 * float(np.ptp(points, axis=0).max()) / MOST_CELLS)


def _nearby(blobs: Blobs, reduction: float, scan_to_page: ops.Matrix, page: Dimensions) -> Blobs:
    """Those on the page or as far from it as it is long; what lies near the map's horizon lies nowhere."""
    homogeneous = np.column_stack([blobs.centres * reduction, np.ones(len(blobs))]) @ scan_to_page.T
    middle = ops.transform(ops.inverse(scan_to_page), np.array([[page.width / 2, page.height / 2]]))
    ahead = homogeneous[:, 2] * (np.append(middle[0], 1) @ scan_to_page[2]) > 0
    reach = max(page.width, page.height)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = homogeneous[:, :2] / homogeneous[:, 2:]
        near = ((places > -reach) & (places < np.array([page.width, page.height]) + reach)).all(axis=1)
    return blobs.only(ahead & near)


def _side(pyramid: ImagePyramid, extent: float) -> int:
    """The first of SEARCHED_SIDES at which bubbles of this extent in the scan have enough pixels."""
    longer = max(pyramid.dimensions.width, pyramid.dimensions.height)
    return next((side for side in SEARCHED_SIDES if extent * side / longer >= LEAST_PIXELS), SEARCHED_SIDES[-1])


def _turns(page_to_scan: ops.Matrix, page: Dimensions) -> Iterator[npt.NDArray[np.float64]]:
    """(2, 2) linear maps of the page that turn it by quarters.

    Where the map shows it wider or narrower than it is, others follow, by which it has its shape: a sheet that was laid
    onto its side and stretched is one turned back and unstretched.
    """
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    turns = [np.linalg.matrix_power(quarter, number) for number in range(4)]
    yield from turns
    middle = np.array([[page.width / 2, page.height / 2]])
    here = ops.transform(page_to_scan, middle)
    linear = np.column_stack([(ops.transform(page_to_scan, middle + step) - here)[0] for step in ([[1, 0]], [[0, 1]])])
    left, spread, right = np.linalg.svd(linear)
    if spread[0] < SHEARED * spread[1]:
        return
    unstretched = np.sqrt(spread[0] * spread[1]) * left @ right
    yield from (np.linalg.solve(linear, unstretched @ turn) for turn in turns)


def _shifts(scene: Scene, turn: npt.NDArray[np.float64]) -> Iterator[ops.Matrix]:
    """(3, 3) maps of the page by this turn at each shift at which most bubbles fit; without those that move nothing."""
    told: list[Points] = []
    turned = scene.bubbles @ turn.T
    chosen = np.linspace(0, len(turned) - 1, min(MOST_VOTING, len(turned))).astype(np.intp)
    own = int((scene.printed.find(scene.bubbles[chosen])[1] < scene.within).sum())
    shifts = (scene.printed.points[None] - turned[chosen][:, None]).reshape(-1, 2)
    for shift in _peaks(shifts, scene.within, max(LEAST_VOTES * own, 2)):
        for _ in range(STEPS):
            nearest, distances = scene.printed.find(turned + shift)
            hit = distances < scene.within
            if not hit.any():
                break
            shift = shift + (scene.printed.points[nearest[hit]] - turned[hit] - shift).mean(axis=0)
        moves = np.eye(3)
        moves[:2, :2], moves[:2, 2] = turn, shift
        if told and (np.linalg.norm(np.array(told) - shift, axis=1) < scene.within).any():
            continue
        told.append(shift)
        if np.median(np.linalg.norm(turned + shift - scene.bubbles, axis=1)) > scene.within:
            yield moves


def _peaks(shifts: Points, within: float, least: float) -> list[Points]:
    """Shifts (2,) that many of (n, 2) agree with about, the most common first."""
    within = max(within, float(np.ptp(shifts, axis=0).max()) / MOST_CELLS)
    cells = np.floor(shifts / within).astype(np.int64)
    cells -= cells.min(axis=0)
    columns, rows = (cells.max(axis=0) + 1).tolist()
    counts = np.bincount(cells[:, 1] * columns + cells[:, 0], minlength=columns * rows).reshape(rows, columns)
    counts = counts.astype(np.float32)
    around = cv2.boxFilter(counts, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    # Weighed by their distance, cells side by side differ, so that of each heap there is one peak.
    sharp = cv2.GaussianBlur(counts, (3, 3), 0, borderType=cv2.BORDER_CONSTANT)
    row, column = np.nonzero((around >= least) & (sharp == cv2.dilate(sharp, np.ones((3, 3), np.uint8))))
    order = np.argsort(-around[row, column], kind="stable")[:MOST_RIVALS]
    origin = np.floor(shifts / within).min(axis=0)
    return [(origin + np.array([column[at] + 0.5, row[at] + 0.5])) * within for at in order]


def _missing(places: Points, sizes: npt.NDArray[np.float64], solids: Points) -> Flags:
    """(n,) at which places no solid of about the size is within its reach."""
    near = np.linalg.norm(places[:, None] - solids[None, :, :2], axis=2) < sizes[:, None]
    alike = np.abs(np.log(solids[None, :, 2] / sizes[:, None])) < SAME_SIZE
    return ~np.asarray((near & alike).any(axis=1))


def _within(points: Points, frame: Points) -> Flags:
    """(n,) which points lie in a convex frame whose corners follow each other clockwise."""
    sides = np.roll(frame, -1, axis=0) - frame
    away = points[:, None] - frame[None]
    return np.asarray((sides[:, 0] * away[..., 1] - sides[:, 1] * away[..., 0] >= 0).all(axis=1))


def _outside(points: Points, frame: Points) -> float:
    """How far the furthest of some points lies outside a convex frame; 0 where all are inside."""
    hull = cv2.convexHull(frame.astype(np.float32))
    return max(0.0, *(-cv2.pointPolygonTest(hull, (float(x), float(y)), True) for x, y in points))


@lru_cache(maxsize=1)
def _drawn() -> npt.NDArray[np.float32]:
    """(1, SIDE, SIDE) the outline of a bubble, as dark as it is near to the radius."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
    radius = np.hypot(steps[None, :], steps[:, None])
    return np.exp(-(((radius - OUTLINE_AT) / OUTLINE_WIDE) ** 2)).astype(np.float32)[None]
