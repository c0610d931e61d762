"""A scan as a map places it on the page, and placements of the template's bubbles on it.

The shapes of the scan are mapped back to the page. A placement loses against another if it misses clearly more bubbles.
It also loses if it misses a reference point and the other hits all of them, or hits them clearly better, and if it puts
the page further outside the picture or off the visible edges of the sheet.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.blobs import Blobs, blobs_of
from omrclip.omr.registration.bubble_patches import REACH, SIDE, between, darkness, likeness, tones
from omrclip.omr.registration.code_boxes import is_code_in
from omrclip.omr.registration.extents import Shape
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.letters import likeness_of_letters
from omrclip.omr.registration.neighbours import distances_to
from omrclip.omr.registration.paper import displacement_grid
from omrclip.omr.registration.rectified_scan import RectifiedScan
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.strategies.bubbles import SEARCHED_SIDES
from omrclip.omr.registration.strategies.paper_edges import sheet_in
from omrclip.omr.registration.strategies.point_patterns import Nearest
from omrclip.omr.registration.strategies.reference_points import solids_in

Flags = npt.NDArray[np.bool_]
MISSED_BY_CHANCE = 0.15
"""Part of the printed bubbles that is missed at the right place too: under ink and dirt, or in a bad picture."""
LEAST_DEVIATIONS, TIMES_OTHER_MISSES = 3.0, 2.0
"""A placement loses if it misses more bubbles than MISSED_BY_CHANCE by so many standard deviations (binomial), and by
so many times the bubbles that the other placement misses."""
HIT_WITHIN = 0.3
"""Distance from a place, in distances from bubble to bubble, within which a shape is there. It is large, because
places far from the bubbles may be a little off, and because a rival is better reported too often than missed."""
SAME_BUBBLE = (0.6, 1.6)
"""Sizes of shapes that may be bubbles, as multiples of the size of those on which the template's bubbles lie."""
LIKE_AN_OUTLINE = 0.35
"""Correlation with a drawn outline from which a bubble is printed although no closed shape was found: it is ticked."""
LEAST_MARKS = 3
"""Reference points of a template: with fewer, a missing one says nothing, since print falls onto some by chance."""
TIMES_NEARER = 2.0
"""A placement loses if each reference point of the other is so many times nearer to a solid shape than its own. In
forms with bubbles closer together than a reference point is wide, a shift by one bubble misses none of them."""
MARK_SIZE_WITHIN = 0.45
"""Natural logarithm of the ratio between the size of a solid shape and its reference point: scans blur, copies grow."""
LIKE_LETTERS, MORE_LIKE_LETTERS = 0.75, 0.2
"""Correlation of the print in bubbles with the letters of their values, and by how much it must exceed that of the
other placement. On five real sheets of three makers the correlation is 0.83 to 0.93; where other letters are printed
than the values say, two placements differ by 0.11 at most."""
INVERSION_ROUNDS = 3
"""Rounds in which a displacement grid is inverted."""
UNKNOWN = -1
"""Marks a bubble whose outline was not searched for yet."""
COVERED, OF_THE_PRINT = 0.5, 0.9
"""Part of the darkness of print that more than half of a place must exceed for it to be covered, so that a bubble that
is printed there cannot be seen; and the quantile of the darkness in and around bubbles that is taken for that of
print."""
OUTLINES_AT_ONCE = 64
"""Bubbles whose outlines are searched for at once, until it is known whether enough are missing."""
LEAST_SEEN = 0.3
"""Part of the template's bubbles that must be seen as closed shapes for maps to be compared by them."""
MOST_CELLS = 2000
"""Cells across or down of a table of places: 30 to 70 MB. Only bubbles a few pixels apart would have more."""
CELLS_PER_SPACING = 6
"""Cells of such a table per distance between points, as in `Nearest`."""
FURTHER_OUT = 0.12
"""Part of the page's longer side: a placement that puts the page so much further outside the picture loses. Scanners
cut off less."""
ON_THE_SHEET, TIMES_OFF, FURTHER_OFF = 0.05, 3.0, 0.02
"""Parts of the page's longer side: if one placement puts the corners of the page so near to those of the sheet, another
one loses that puts them so many times as far off and so much further. Printers and feeders displace the print by less:
the last is 6 mm on A4."""
LEAST_BUBBLE_PX = 12.0
"""Pixels of a bubble in the reduced scan from which its shape is seen."""
OUTLINE_RADIUS, SQUARE_RADIUS, OUTLINE_WIDTH = 0.95, 1.0, 0.12
"""Radius of a drawn round and square outline, see `extents`, and its width, in radii of the bubble."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A placement of the template, and what the scan shows there.

    Attributes:
        moves: see Rival.
        places: (n, 2) float64 the centres of the bubbles.
        missing: (n,) int8, 1 where a bubble lies in the picture and nothing is printed there, else 0; UNKNOWN until it
            is needed, because searching for outlines takes long.
        off_marks: (k,) float64 distance of each reference point from a solid shape of its size, in its sizes: NaN
            outside the picture, infinity where there is none.
        outside: how far the page lies outside the picture, as a part of its longer side.
        off_sheet: how far the corners of the page lie from those of the sheet, as a part of the page's longer side;
            infinity where no sheet is seen.
    """

    moves: ops.Matrix
    places: Points
    missing: npt.NDArray[np.int8]
    off_marks: npt.NDArray[np.float64]
    outside: float
    off_sheet: float

    @property
    def hits_marks(self) -> bool:
        """Whether a solid shape is at each reference point in the picture."""
        return not bool((self.off_marks >= 1).any())


@dataclass(frozen=True, slots=True)
class Shown:
    """The codes and letters that the scan shows at a placement.

    Attributes:
        codes: the number of codes that read in their boxes.
        letters: the correlation of the print in the bubbles with their values, -1 to 1.
    """

    codes: int
    letters: float

    def tells_against(self, other: "Shown") -> bool:
        """Return whether this placement is right and the other is not, although the bubbles fit both."""
        if self.codes != other.codes:
            return self.codes > other.codes
        return self.letters > LIKE_LETTERS and self.letters > other.letters + MORE_LIKE_LETTERS


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The contents of the scan, mapped back to the page.

    Attributes:
        reference: the page.
        pyramid: the scan.
        page_to_scan: the map, which is right to a part of a bubble where the template's bubbles are.
        bend: the displacement grid of the map.
        rectified: the rectified scan.
        bubbles: (n, 2) float64 centres of the template's bubbles of the most common size.
        radii: (2,) float64 half the width and height of one.
        own: the bubbles, as a table of nearest points.
        printed: the shapes like bubbles, as a table of nearest points.
        solids: (m, 3) float64 centres and sizes of solid shapes.
        within: the distance from a place within which a shape is there, page pixels.
        picture: (4, 2) float64 the corners of the picture.
        sheet: (4, 4, 2) float64 the corners of the sheet of paper, beginning with each of them; None where no sheet is
            seen.
    """

    reference: Reference
    pyramid: ImagePyramid
    page_to_scan: ops.Matrix
    bend: displacement_grid.DisplacementGrid
    rectified: RectifiedScan
    bubbles: Points
    radii: Points
    own: Nearest
    printed: Nearest
    solids: Points
    within: float
    picture: Points
    sheet: Points | None

    def placed(self, moves: ops.Matrix) -> Placed:
        """Return the placement of the moved template."""
        page, marks = self.reference.page, self.reference.marks
        longer, corners = max(page.width, page.height), ops.corners(0, 0, page.width, page.height)
        corners = ops.transform(moves, corners)
        off_sheet = np.inf
        if self.sheet is not None:
            off_sheet = float(np.linalg.norm(self.sheet - corners, axis=2).max(axis=1).min()) / longer
        places, marked = ops.transform(moves, self.bubbles), ops.transform(moves, marks[:, :2])
        looked_for = (self.printed.find(places)[1] >= self.within) & _within(places, self.picture)
        return Placed(
            moves,
            places,
            np.where(looked_for, UNKNOWN, 0).astype(np.int8),
            np.where(_within(marked, self.picture), _off_marks(marked, marks[:, 2], self.solids), np.nan),
            _outside(corners, self.picture) / longer,
            off_sheet,
        )

    def beats(self, one: Placed, other: Placed) -> bool:
        """Return whether the other placement loses clearly, and this one does not."""
        return self._loses(other, one) and not self._loses(one, other)

    def shown(self, placed: Placed, *, letters: bool) -> Shown:
        """Return the codes that a placement shows, and on request its letters, which only tell the turn."""

        def to_scan(points: Points) -> Points:
            places = ops.transform(placed.moves, points)
            return ops.transform(
                self.page_to_scan, places + displacement_grid.offsets_at(self.bend, places, self.reference.page)
            )

        def to_rectified(points: Points) -> Points:
            return ops.transform(self.rectified.scan_to_rectified, to_scan(points))

        values = [self.reference.values[number] for number in np.flatnonzero(self.reference.common)]
        codes = sum(is_code_in(self.pyramid, code, to_scan) for code in self.reference.codes)
        if not letters:
            return Shown(codes, 0.0)
        return Shown(codes, likeness_of_letters(self.rectified.pixels, values, self.bubbles, self.radii, to_rectified))

    def covered(self, places: Points) -> Flags:
        """Return (n,) whether ink, or the side of the picture, may hide a bubble that is printed at a place."""
        in_rectified = ops.transform(self.rectified.scan_to_rectified @ self.page_to_scan, places)
        inside = ((in_rectified > 0) & (in_rectified < self.rectified.pixels.shape[::-1])).all(axis=1)
        own = ops.transform(self.rectified.scan_to_rectified @ self.page_to_scan, self.bubbles)
        ink = np.quantile(self._darkness(own), OF_THE_PRINT)
        dark = np.median(self._darkness(in_rectified), axis=1) > COVERED * ink
        return np.asarray(dark | ~inside | ~_within(places, self.picture))

    def _darkness(self, in_rectified: Points) -> npt.NDArray[np.float32]:
        """Return (n, pixels) the darkness of places within the outlines of bubbles there, 0 to 1."""
        radii = np.tile(self.radii * self.reference.fine.scale, (len(in_rectified), 1))
        return darkness(self.rectified.pixels, in_rectified, radii)[:, between(0, 1)]

    def puts_off(self, one: Placed, other: Placed) -> bool:
        """Return whether one placement misses a mark and the other none, or puts the page where it cannot be."""
        if len(one.off_marks) >= LEAST_MARKS and other.hits_marks and not one.hits_marks:
            return True
        further_off = max(TIMES_OFF * other.off_sheet, other.off_sheet + FURTHER_OFF)
        off_sheet = other.off_sheet < ON_THE_SHEET and one.off_sheet > further_off
        return off_sheet or one.outside > other.outside + FURTHER_OUT

    def _loses(self, one: Placed, other: Placed) -> bool:
        """Return whether one placement misses more marks or bubbles of its own, or puts the page where it cannot be."""
        if self.puts_off(one, other):
            return True
        if len(one.off_marks) >= LEAST_MARKS and other.hits_marks:
            in_both = ~np.isnan(one.off_marks + other.off_marks)
            nearer = one.off_marks[in_both] > TIMES_NEARER * other.off_marks[in_both]
            if len(nearer) >= LEAST_MARKS and nearer.all():
                return True
        if not one.missing.any():
            return False
        alone = self._alone(one, other)
        count = int(alone.sum())
        deviation = (MISSED_BY_CHANCE * (1 - MISSED_BY_CHANCE) * count) ** 0.5
        least = max(MISSED_BY_CHANCE * count + LEAST_DEVIATIONS * deviation, 1)
        if not self._misses(one, alone, least):
            return False
        others = self._alone(other, one)
        self._look_for(other, np.flatnonzero(others & (other.missing == UNKNOWN)))
        return self._misses(one, alone, least + TIMES_OTHER_MISSES * int(other.missing[others].sum()))

    def _misses(self, placed: Placed, chosen: Flags, least: float) -> bool:
        """Return whether at least so many of the chosen bubbles are missing."""
        missing = int((placed.missing[chosen] == 1).sum())
        unknown = np.flatnonzero(chosen & (placed.missing == UNKNOWN))
        # Only so many outlines are searched for as are needed to tell.
        while missing < least <= missing + len(unknown):
            some, unknown = unknown[:OUTLINES_AT_ONCE], unknown[OUTLINES_AT_ONCE:]
            self._look_for(placed, some)
            missing += int(placed.missing[some].sum())
        return missing >= least

    def _look_for(self, placed: Placed, bubbles: npt.NDArray[np.intp]) -> None:
        """Search for the outlines of bubbles of which it is unknown whether they are missing."""
        if len(bubbles):
            placed.missing[bubbles] = self.outlines(placed.places[bubbles]) <= LIKE_AN_OUTLINE

    def _alone(self, one: Placed, other: Placed) -> Flags:
        """Return (n,) which bubbles of one placement lie where the other has no bubble."""
        places = ops.transform(ops.inverse(other.moves) @ one.moves, self.bubbles)
        return np.asarray(self.own.find(places)[1] >= self.within)

    def outlines(self, places: Points) -> npt.NDArray[np.float64]:
        """Return (n,) the correlation, -1 to 1, of places with a drawn outline; 0 outside the rectified scan."""
        moved = places + displacement_grid.offsets_at(self.bend, places, self.reference.page)
        in_rectified = ops.transform(self.rectified.scan_to_rectified @ self.page_to_scan, moved)
        dimensions = np.array(self.rectified.pixels.shape[::-1])
        inside = ((in_rectified > 0) & (in_rectified < dimensions)).all(axis=1)
        found = np.zeros(len(places))
        if inside.any():
            radii = np.tile(self.radii * self.reference.fine.scale, (int(inside.sum()), 1))
            found[inside] = likeness(
                -tones(self.rectified.pixels, in_rectified[inside], radii), _drawn(self.reference.shape)
            )
        return found


def scene_of(
    reference: Reference,
    pyramid: ImagePyramid,
    page_to_scan: ops.Matrix,
    bend: displacement_grid.DisplacementGrid,
    seen: RectifiedScan,
) -> Scene | None:
    """Map the contents of a scan back to the page; None where too few bubbles are seen to compare maps by."""
    common = reference.common
    bubbles, bubble_size = reference.centres[common], np.median(reference.bubbles[common, 2:], axis=0)
    page, back = reference.page, ops.inverse(page_to_scan)

    def on_page(points: Points) -> Points:
        flat = ops.transform(back, points)
        places = flat
        for _ in range(INVERSION_ROUNDS):
            places = flat - displacement_grid.offsets_at(bend, places, page)
        return places

    def on_page_sized(points: Points, sizes: npt.NDArray[np.float64]) -> tuple[Points, npt.NDArray[np.float64]]:
        places = on_page(points)
        one, two = (on_page(points + step) - places for step in ([1, 0], [0, 1]))
        return places, sizes * np.sqrt(np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]))

    # The boxes of bubbles may overlap, but printed bubbles do not.
    pitch = max(float(np.sqrt(np.median(distances_to(bubbles, 1)))), float(bubble_size.min()))
    in_scan = ops.transform(page_to_scan, bubbles)
    across = ops.transform(page_to_scan, bubbles + np.array([[bubble_size[0], 0]]))
    blobs, reduction = blobs_of(pyramid, _side(pyramid, float(np.median(np.linalg.norm(across - in_scan, axis=1)))))
    blobs = _nearby(blobs, reduction, back, page)
    if not len(blobs):
        return None
    places, sizes = on_page_sized(blobs.centres * reduction, blobs.sizes * reduction)
    within = HIT_WITHIN * pitch
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
        bubble_size / 2,
        Nearest(bubbles, _spacing(bubbles, pitch)),
        Nearest(places[like], _spacing(places, pitch)),
        np.column_stack(on_page_sized(solids[:, :2], solids[:, 2])),
        within,
        on_page(ops.corners(0, 0, scan.width, scan.height)),
        None if sheet is None else np.stack([np.roll(on_page(sheet), turn, axis=0) for turn in range(4)]),
    )


def _spacing(points: Points, pitch: float) -> float:
    """Return the pitch, or more where a table of nearest points would exceed MOST_CELLS."""
    return max(pitch, CELLS_PER_SPACING * float(np.ptp(points, axis=0).max()) / MOST_CELLS)


def _nearby(blobs: Blobs, reduction: float, scan_to_page: ops.Matrix, page: Dimensions) -> Blobs:
    """Return the blobs on the page, or not further from it than it is long; others may lie beyond the map's horizon."""
    homogeneous = np.column_stack([blobs.centres * reduction, np.ones(len(blobs))]) @ scan_to_page.T
    middle = ops.transform(ops.inverse(scan_to_page), np.array([[page.width / 2, page.height / 2]]))
    ahead = homogeneous[:, 2] * (np.append(middle[0], 1) @ scan_to_page[2]) > 0
    reach = max(page.width, page.height)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = homogeneous[:, :2] / homogeneous[:, 2:]
        near = ((places > -reach) & (places < np.array([page.width, page.height]) + reach)).all(axis=1)
    return blobs.only(ahead & near)


def _side(pyramid: ImagePyramid, bubble: float) -> int:
    """Return the first of SEARCHED_SIDES at which bubbles of this width in the scan have enough pixels."""
    longer = max(pyramid.dimensions.width, pyramid.dimensions.height)
    return next((side for side in SEARCHED_SIDES if bubble * side / longer >= LEAST_BUBBLE_PX), SEARCHED_SIDES[-1])


def _off_marks(places: Points, sizes: npt.NDArray[np.float64], solids: Points) -> npt.NDArray[np.float64]:
    """Return (n,) the distances of places from the nearest solid shape of about the given size, in sizes."""
    distances = np.linalg.norm(places[:, None] - solids[None, :, :2], axis=2) / sizes[:, None]
    alike = np.abs(np.log(solids[None, :, 2] / sizes[:, None])) < MARK_SIZE_WITHIN
    nearest: npt.NDArray[np.float64] = np.where(alike, distances, np.inf).min(axis=1, initial=np.inf)
    return nearest


def _within(points: Points, frame: Points) -> Flags:
    """Return (n,) which points lie in a convex frame whose corners are in clockwise order."""
    sides = np.append(frame[1:], frame[:1], axis=0) - frame
    inward = sides[:, ::-1] * (-1, 1)
    return np.asarray((points @ inward.T >= (frame * inward).sum(axis=1)).all(axis=1))


def _outside(points: Points, frame: Points) -> float:
    """Return how far the furthest point lies outside a convex frame; 0 where all points are inside."""
    hull = cv2.convexHull(frame.astype(np.float32))
    return max(0.0, *(-cv2.pointPolygonTest(hull, (float(x), float(y)), True) for x, y in points))


@lru_cache(maxsize=len(Shape))
def _drawn(shape: Shape) -> npt.NDArray[np.float32]:
    """Return (1, SIDE, SIDE) the outline of a bubble, a Gaussian profile around its radius."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
    middle = SQUARE_RADIUS if shape is Shape.SQUARE else OUTLINE_RADIUS
    radius = shape.radii(*np.meshgrid(steps, steps))
    return np.exp(-(((radius - middle) / OUTLINE_WIDTH) ** 2)).astype(np.float32)[None]
