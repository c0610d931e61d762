"""The reference: the blank page, prepared once for finding it in scans.

With an image of the blank page, the reference is that image. Without one, it shows the outlines of the bubbles, drawn
where the template says that they are printed.
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.cache import ByteCache
from omrclip.imaging import ops
from omrclip.imaging.arrays import Grey
from omrclip.imaging.codec import cost, decode
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import probe
from omrclip.omr.registration.bubble_patches import Blank, darkness
from omrclip.omr.registration.extents import Printed, Shape, printed_as
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.neighbours import nearest
from omrclip.omr.registration.patches import Patches, find, take
from omrclip.omr.registration.printed_lines import LinePatches, take_lines
from omrclip.omr.template import Barcode, ChoiceBox, Element, Grid, Page, ReferencePoint

COARSE_SIDE = 877
"""Pixels of the coarse reference's longer side: an A4 page at 75 dpi."""
FINE_SIDE = 1754
"""Pixels of the fine reference's longer side: an A4 page at 150 dpi."""
LEAST_BUBBLE_PX = 20.0
"""Pixels of the smallest bubble in the fine reference, where MOST_FINE_SIDE allows for it."""
MOST_FINE_SIDE = 2600
"""Pixels of the fine reference's longer side for pages with small bubbles."""
LEAST_SIDE_PX = 8
"""Pixels of the shorter side of a reference, for pages that are very long."""
COARSE_CELLS = (12, 9)
"""Rows and columns of cells of the coarse reference; each cell has at most one patch."""
FINE_CELLS = (20, 14)
"""Rows and columns of cells of the fine reference."""
COARSE_HALF, FINE_HALF = 11, 15
"""Half sides of patches: 23 and 31 pixels, searched for in 47, suit the Fourier transform of OpenCV's correlation."""
COARSE_SEARCH = 12
"""Pixels of the coarse reference by which a patch may lie off its place; it is unlike all places within that reach."""
SAME_PEAK_PX = 3
"""Pixels around a patch's own place that belong to its own peak of correlation."""
LEAST_CORNER = 6.0
"""Smaller eigenvalue of the gradient matrix, in thousandths, from which a patch is found in both directions."""
CORNER_UNIT = 1e3
"""Factor from OpenCV's eigenvalues to thousandths."""
CORNER_GRADIENT_SIDE = 3
"""Side of the Sobel operator by which gradients are measured."""
LIKE_ANOTHER = 0.8
"""Correlation from which two patches look alike."""
TURN_SEARCH_PX, LEAST_ALIKE = 8, 0.5
"""Pixels of the fine reference by which a turned patch is searched for, and the part of the patches that must be found
for the page to look alike when it is turned."""
REFERENCES_BYTES, REFERENCES_SHARE = 128 << 20, 1 / 8
"""Bytes that the references of templates may take together in one process, at least twelve pages of A4 with an image
and 300 bubbles; and the part of the process's memory that they may take at most."""
_SHARPNESSES, _FEATURES_BYTES = 3, 2 << 20
"""Sharpnesses at which the blank bubbles are cached later, and bytes that the features of a page take."""
GROUP_OF_PATCHES = 8
"""Patches, itself and the nearest, by whose agreement it is judged whether a region is lost."""
LEAST_PATCHES = 8
"""Patches from which a page can be confirmed."""
LINE_WIDTH_HALVES = 2
"""Spread of the patches across their main direction, in half sides of a patch, up to which they lie in one line."""
SAME_SIZE = 0.15
"""Natural logarithm of the ratio within which bubbles are of one size."""
MOST_FOR_PITCHES = 1500
"""Bubbles from which the pitch is computed. Their differences take 36 MB; usual pages have up to 1,000 bubbles."""
LEAST_PITCH, MOST_SLOPE = 1, 0.2
"""Page pixels of the least step between bubbles, and the slope up to which a step lies along a row or a column."""
NEAREST_STEPS_QUANTILE, SAME_STEP = 0.02, 1.5
"""Quantile of the steps that is taken for the least one, and its multiple up to which steps are of the same kind."""
LEAST_SQUARE, MOST_SQUARE = 0.9, 1.1
"""Ratio of width to height between which a bar code's box is that of a square code."""
OUTLINES_ACROSS = 18
"""Thickness of a drawn outline: the shorter side of the bubble divided by this."""
SUBPIXEL_BITS = 4
"""Fractional bits of the coordinates with which outlines are drawn."""
SUBPIXELS = 1 << SUBPIXEL_BITS
PATCH_SIDES = 0.7
"""Half side of a bubble's patch, in sides of the bubble: the outline and a little paper around it."""
LEAST_HALF_PX = 4
"""Pixels of the least half side of a bubble's patch."""
PATCHES_OVER_PAGE = 4
"""Area of all patches of bubbles together, in areas of the page. Bubbles that do not overlap cover the page at most
once, and patches 1.4 times as wide twice; more patches than that overlap, and are made smaller."""
DECODED_BYTES_PER_PIXEL = 3
"""Bytes of a decoded pixel in three channels."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceLevel:
    """The reference at one scale.

    Attributes:
        scale: pixels of the level per page pixel (x, y).
        pixels: the page.
        patches: patches of the page.
        neighbours: (n, GROUP_OF_PATCHES) the indices of each patch and its nearest neighbours.
    """

    scale: tuple[float, float]
    pixels: Grey
    patches: Patches
    neighbours: npt.NDArray[np.intp]

    @property
    def matrix(self) -> ops.Matrix:
        """The (3, 3) map from page to level, of continuous coordinates."""
        return np.diag([*self.scale, 1.0])


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Reference:
    """A prepared page.

    Attributes:
        page: its Dimensions.
        bubbles: (n, 4) float64 left, top, width, height of all bubbles, page pixels, in the printed size where that was
            measured.
        boxes: (n,) int the number of the ChoiceBox of each bubble.
        values: the value of each bubble.
        marks: (n, 3) float64 centre x, y and size of the reference points.
        solids: (n, 4) float64 left, top, width, height of the reference points and square codes.
        codes: the bar codes.
        pitches: (2, 2) float64 the most common steps (x, y) from bubble to bubble, across and down.
        printed: whether there is an image of the blank page with enough print; otherwise only the bubbles are known.
        looks_alike: whether that image looks the same turned about the centre of its bubbles, so that it cannot tell
            the turn.
        blank: the unmarked bubbles, see `bubble_patches`; None where they are not known, or the page has none.
        coarse, fine: the reference at two scales.
        extents: the size of `bubbles` as a multiple of the template's.
        shape: the shape of their outlines.
        lines: patches on printed lines of the fine reference; None without an image of the blank page.
    """

    page: Dimensions
    bubbles: npt.NDArray[np.float64]
    boxes: npt.NDArray[np.intp]
    values: tuple[str, ...]
    marks: npt.NDArray[np.float64]
    solids: npt.NDArray[np.float64]
    codes: tuple[Barcode, ...]
    pitches: npt.NDArray[np.float64]
    printed: bool
    looks_alike: bool
    blank: Blank | None
    coarse: ReferenceLevel
    fine: ReferenceLevel
    extents: float = 1.0
    shape: Shape = Shape.ROUND
    lines: LinePatches | None = None

    @property
    def centres(self) -> npt.NDArray[np.float64]:
        """(n, 2) float64 the centres of the bubbles, page pixels."""
        return centres_of(self.bubbles)

    @property
    def common(self) -> npt.NDArray[np.bool_]:
        """(n,) bool, which bubbles are of the most common size."""
        return common_size(self.bubbles)

    @property
    def confirms(self) -> bool:
        """Whether the page has enough print, not all in one line, to confirm a map."""
        points = self.fine.patches.centres.astype(np.float64)
        if len(points) < LEAST_PATCHES:
            return False
        return bool(
            np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[1]
            > self.fine.patches.half * LINE_WIDTH_HALVES
        )


class _Key:
    """A page and its image. The hash is computed once, because it takes long for a page with many bubbles."""

    __slots__ = ("hash", "image", "page")

    def __init__(self, page: Page, image: bytes | None) -> None:
        self.page, self.image = page, image
        self.hash = hash((page, image))

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and (self.image, self.page) == (other.image, other.page)


@dataclass(frozen=True, slots=True)
class _Cached:
    reference: Reference
    held: int


_references: ByteCache[_Cached] = ByteCache(REFERENCES_BYTES, lambda cached: cached.held)


def reference_for(page: Page, image: bytes | None) -> Reference:
    """Prepare a page; the references used last are cached, up to REFERENCES_BYTES.

    Raises:
        ImageError: the blank image cannot be decoded.
    """

    def make() -> _Cached:
        reference = _prepare(page, image)
        return _Cached(reference, _held_bytes(reference) + len(image or b""))

    return _references.get_or_make(_Key(page, image), make).reference


def references_bytes(memory_bytes: int) -> int:
    """Return the part of the memory of a process that is for references, in bytes."""
    return min(REFERENCES_BYTES, int(memory_bytes * REFERENCES_SHARE))


def limit_references(memory_bytes: int) -> None:
    """Limit the references to their part of the memory of the process."""
    _references.lend(REFERENCES_BYTES - references_bytes(memory_bytes))


def preparing_bytes(page: Page, image: bytes | None) -> int:
    """Return the bytes that `reference_for` would take now for decoding the blank image: 0 for a cached page.

    Raises:
        ImageError: the image's header cannot be read.
    """
    if image is None or _references.holds(_Key(page, image)):
        return 0
    info = probe(image)
    decoded = max(cost(info), DECODED_BYTES_PER_PIXEL * info.stored.pixels)
    # The image in grey, and at most half as much for the levels of its pyramid.
    return decoded + info.stored.pixels + info.stored.pixels // 2


def _held_bytes(reference: Reference) -> int:
    """Return the bytes of a reference, with those of its features and of the blank bubbles at some sharpnesses."""
    levels = sum(
        level.pixels.nbytes + level.neighbours.nbytes + level.patches.pixels.nbytes + level.patches.centres.nbytes
        for level in (reference.coarse, reference.fine)
    )
    blank = 0 if reference.blank is None else reference.blank.patches.nbytes
    lines = 0 if reference.lines is None else reference.lines.patches.pixels.nbytes
    features = _FEATURES_BYTES if reference.printed else 0
    return levels + lines + reference.bubbles.nbytes + _SHARPNESSES * blank + features


def _prepare(page: Page, image: bytes | None) -> Reference:
    bubbles = bubble_boxes(page)
    dimensions = page.dimensions
    longer = max(dimensions.width, dimensions.height)
    smallest = float(bubbles[:, 2:].min()) if len(bubbles) else np.inf
    fine_side = round(min(max(FINE_SIDE, LEAST_BUBBLE_PX / smallest * longer), MOST_FINE_SIDE, max(longer, FINE_SIDE)))
    blank = ImagePyramid(decode(image)) if image else None
    fine = _level(dimensions, blank, bubbles, fine_side, coarse=False)
    if len(fine.patches) < LEAST_PATCHES:
        blank, fine = None, _level(dimensions, None, bubbles, fine_side, coarse=False)
    coarse = _level(dimensions, blank, bubbles, COARSE_SIDE, coarse=True)
    printed = _printed_on(blank, bubbles, dimensions) if blank is not None and len(bubbles) else Printed()
    bubbles = _scaled(bubbles, printed.size)
    return Reference(
        dimensions,
        bubbles,
        box_numbers(page),
        bubble_values(page),
        _marks(page),
        _solids(page),
        tuple(element for element in page.elements if isinstance(element, Barcode)),
        _pitches(bubbles[:, :2]),
        blank is not None,
        blank is not None and _looks_alike(fine, bubbles),
        _unmarked(bubbles, fine) if blank and len(bubbles) else None,
        coarse,
        fine,
        printed.size,
        printed.shape,
        take_lines(fine.pixels, FINE_CELLS, FINE_HALF, fine.patches.centres) if blank is not None else None,
    )


def with_bubbles(reference: Reference, printed: Printed) -> Reference:
    """Return the reference of a page without an image whose bubbles have another size than in the template, or corners.

    It is cached like those of `reference_for`.
    """

    def make() -> _Cached:
        made = _with_bubbles(reference, printed)
        return _Cached(made, _held_bytes(made))

    return _references.get_or_make((reference, printed), make).reference


def _with_bubbles(reference: Reference, printed: Printed) -> Reference:
    bubbles = _scaled(reference.bubbles, printed.size)
    fine_side, coarse_side = (max(level.pixels.shape) for level in (reference.fine, reference.coarse))
    return replace(
        reference,
        bubbles=bubbles,
        extents=printed.size,
        shape=printed.shape,
        coarse=_level(reference.page, None, bubbles, coarse_side, printed.shape, coarse=True),
        fine=_level(reference.page, None, bubbles, fine_side, printed.shape, coarse=False),
    )


def _scaled(boxes: npt.NDArray[np.float64], factor: float) -> npt.NDArray[np.float64]:
    """Return boxes scaled by a factor about their centres."""
    return np.hstack([boxes[:, :2] - boxes[:, 2:] * (factor - 1) / 2, boxes[:, 2:] * factor])


def _printed_on(blank: ImagePyramid, bubbles: npt.NDArray[np.float64], page: Dimensions) -> Printed:
    """Return how the bubbles are printed in the image of the blank page."""
    scale = np.array([blank.dimensions.width / page.width, blank.dimensions.height / page.height])
    return printed_as(blank, bubbles[common_size(bubbles)], lambda points: points * scale)


def common_size(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return (n,) which boxes are of the most common size; of equally common sizes the one of the first box counts."""
    sizes = np.log(boxes[:, 2] * boxes[:, 3]) / 2
    different, first = np.unique(sizes, return_index=True)
    counts = np.array([(np.abs(sizes - size) < SAME_SIZE).sum() for size in different])
    most = np.flatnonzero(counts == counts.max())
    size = different[most[np.argmin(first[most])]]
    return np.asarray(np.abs(sizes - size) < SAME_SIZE)


def _looks_alike(level: ReferenceLevel, bubbles: npt.NDArray[np.float64]) -> bool:
    """Return whether most patches are found again after a quarter or half turn about the centre of the bubbles."""
    boxes = bubbles * np.tile(level.scale, 2)
    if not len(boxes):
        return False
    middle = (boxes[:, :2].min(axis=0) + (boxes[:, :2] + boxes[:, 2:]).max(axis=0)) / 2
    patches, away = level.patches, level.patches.centres + 0.5 - middle
    for quarters in (1, 2, 3):
        turn = np.linalg.matrix_power(np.array([[0, 1], [-1, 0]]), quarters)  # as np.rot90 turns pixels
        turned = np.ascontiguousarray(np.rot90(patches.pixels, quarters, axes=(1, 2)))
        found = find(Patches(patches.centres, turned), level.pixels, TURN_SEARCH_PX, away @ turn.T - away)
        if (found.scores > LIKE_ANOTHER).mean() > LEAST_ALIKE:
            return True
    return False


def centres_of(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (n, 2) float64 the centres of (n, 4) boxes left, top, width, height."""
    centres: npt.NDArray[np.float64] = boxes[:, :2] + boxes[:, 2:] / 2
    return centres


def _unmarked(bubbles: npt.NDArray[np.float64], level: ReferenceLevel) -> Blank:
    scale = np.array(level.scale)
    return Blank(darkness(level.pixels, centres_of(bubbles) * scale, bubbles[:, 2:] / 2 * scale))


def bubble_boxes(page: Page) -> npt.NDArray[np.float64]:
    """Return (n, 4) float64 left, top, width, height of every bubble of the page, in template order."""
    boxes = [
        (bubble.left, bubble.top, box.bubble_width, box.bubble_height)
        for element in page.elements
        for box in choice_boxes(element)
        for bubble in box.bubbles
    ]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def box_numbers(page: Page) -> npt.NDArray[np.intp]:
    """Return (n,) the number of the ChoiceBox that each bubble of the page belongs to."""
    boxes = [box for element in page.elements for box in choice_boxes(element)]
    return np.repeat(np.arange(len(boxes)), [len(box.bubbles) for box in boxes])


def bubble_values(page: Page) -> tuple[str, ...]:
    """Return the value of every bubble of the page, in template order."""
    boxes = (box for element in page.elements for box in choice_boxes(element))
    return tuple(bubble.value for box in boxes for bubble in box.bubbles)


def _marks(page: Page) -> npt.NDArray[np.float64]:
    points = [element for element in page.elements if isinstance(element, ReferencePoint)]
    marks = [(p.left + p.width / 2, p.top + p.height / 2, (p.width * p.height) ** 0.5) for p in points]
    return np.array(marks, dtype=np.float64).reshape(-1, 3)


def _solids(page: Page) -> npt.NDArray[np.float64]:
    boxes = [
        (element.left, element.top, element.width, element.height)
        for element in page.elements
        if isinstance(element, ReferencePoint)
        or (isinstance(element, Barcode) and LEAST_SQUARE < element.width / max(element.height, 1e-9) < MOST_SQUARE)
    ]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _pitches(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (2, 2) the most common steps (x, y) from place to place, across and down; 0 where there are none.

    Only the first MOST_FOR_PITCHES places are used, since the table of differences grows with their square.
    """
    places = places[:MOST_FOR_PITCHES]
    differences = (places[None] - places[:, None]).reshape(-1, 2)
    steps = np.zeros((2, 2))
    for step, along, aside in ((0, 0, 1), (1, 1, 0)):
        straight = differences[
            (differences[:, along] > LEAST_PITCH) & (np.abs(differences[:, aside]) < MOST_SLOPE * differences[:, along])
        ]
        if len(straight):
            near = straight[:, along] < SAME_STEP * np.quantile(straight[:, along], NEAREST_STEPS_QUANTILE)
            steps[step] = np.median(straight[near], axis=0)
    return steps


def choice_boxes(element: Element) -> list[ChoiceBox]:
    """Return the ChoiceBoxes of an element: itself, or the children of a Grid."""
    if isinstance(element, ChoiceBox):
        return [element]
    if isinstance(element, Grid):
        return [box for child in element.elements for box in choice_boxes(child)]
    return []


def _level(
    page: Dimensions,
    blank: ImagePyramid | None,
    bubbles: npt.NDArray[np.float64],
    longer_side: int,
    shape: Shape = Shape.ROUND,
    *,
    coarse: bool,
) -> ReferenceLevel:
    factor = longer_side / max(page.width, page.height)
    width, height = (max(LEAST_SIDE_PX, round(side * factor)) for side in (page.width, page.height))
    scale = (width / page.width, height / page.height)
    if blank is None:
        pixels = _drawn(bubbles, scale, (height, width), shape)
        patches = _bubble_patches(pixels, bubbles, scale)
    else:
        pixels = np.asarray(
            cv2.resize(blank.fitted(longer_side)[0], (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        patches = _coarse_patches(pixels) if coarse else _fine_patches(pixels)
    return ReferenceLevel(scale, pixels, patches, nearest(patches.centres.astype(np.float64), GROUP_OF_PATCHES))


def _drawn(bubbles: npt.NDArray[np.float64], scale: tuple[float, float], size: tuple[int, int], shape: Shape) -> Grey:
    """Draw the outlines of the bubbles on white paper: ellipses inside their boxes, or lines on the sides of these."""
    paper = np.full(size, 255, dtype=np.uint8)
    for left, top, width, height in bubbles * (*scale, *scale):
        thickness = max(1, round(min(width, height) / OUTLINES_ACROSS))
        middle = np.array([left + width / 2 - 0.5, top + height / 2 - 0.5])
        half = np.array([width, height]) / 2
        if shape is Shape.SQUARE:
            first, last = (np.rint((middle + sign * half) * SUBPIXELS).astype(int).tolist() for sign in (-1, 1))
            cv2.rectangle(paper, first, last, 0, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
        else:
            centre, axes = (np.rint(place * SUBPIXELS).astype(int).tolist() for place in (middle, half - 0.5))
            axes = [max(SUBPIXELS, axis) for axis in axes]
            cv2.ellipse(paper, centre, axes, 0, 0, 360, 0, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    return paper


def _bubble_patches(pixels: Grey, bubbles: npt.NDArray[np.float64], scale: tuple[float, float]) -> Patches:
    centres = (centres_of(bubbles) * scale).astype(np.intp)
    half = round(PATCH_SIDES * float(np.median(bubbles[:, 2:] * scale))) if len(bubbles) else COARSE_HALF
    most = math.isqrt(PATCHES_OVER_PAGE * pixels.size // max(1, len(bubbles))) // 2
    return take(pixels, centres, max(LEAST_HALF_PX, min(half, most)))


def _coarse_patches(pixels: Grey) -> Patches:
    """Return patches that look like nothing else within reach, so that no patch is found a row of bubbles off."""
    patches = take(pixels, _corners(pixels, COARSE_CELLS, COARSE_HALF), COARSE_HALF)
    return patches.only(_distinct(patches, pixels))


def _fine_patches(pixels: Grey) -> Patches:
    return take(pixels, _corners(pixels, FINE_CELLS, FINE_HALF), FINE_HALF)


def _corners(pixels: Grey, cells: tuple[int, int], half: int) -> npt.NDArray[np.intp]:
    """Return, for each cell of the page, the place whose patch is found most reliably in both directions."""
    strength = (
        cv2.cornerMinEigenVal(pixels.astype(np.float32) / 255, 2 * half + 1, ksize=CORNER_GRADIENT_SIDE) * CORNER_UNIT
    )
    height, width = pixels.shape
    found = []
    for rows in np.array_split(np.arange(half, height - half), cells[0]):
        for columns in np.array_split(np.arange(half, width - half), cells[1]):
            if not (len(rows) and len(columns)):
                continue
            cell = strength[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            row, column = np.unravel_index(np.argmax(cell), cell.shape)
            if cell[row, column] > LEAST_CORNER:
                found.append((columns[0] + column, rows[0] + row))
    return np.array(found, dtype=np.intp).reshape(-1, 2)


def _distinct(patches: Patches, pixels: Grey) -> npt.NDArray[np.bool_]:
    """Return (n,) whether a patch is unlike all places within COARSE_SEARCH of its own."""
    distinct = np.zeros(len(patches), dtype=np.bool_)
    reach, near = patches.half + COARSE_SEARCH, SAME_PEAK_PX
    padded = cv2.copyMakeBorder(pixels, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    for index, (x, y) in enumerate(patches.centres.tolist()):
        window = padded[y : y + 2 * reach + 1, x : x + 2 * reach + 1].astype(np.float32)
        surface = cv2.matchTemplate(window, patches.pixels[index], cv2.TM_CCOEFF_NORMED)
        middle = COARSE_SEARCH
        surface[middle - near : middle + near + 1, middle - near : middle + near + 1] = -1
        distinct[index] = np.nanmax(surface) < LIKE_ANOTHER
    return distinct
