"""Find the template page in a scan.

The strategies stand in one ordered list, cheap ones first, each in its own module. A strategy returns candidates. Each
candidate is refined (`refine`) and then confirmed by the print: by patches of the blank page's image, or by the
outlines of the bubbles, which must fit in one way only (`rivals`). The first candidate that is confirmed all over the
page is taken, otherwise the best one. The Dimensions of the scan alone decide only where a template has nothing to
confirm a map by: no image and hardly a bubble.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from omrclip.errors import RegistrationFailed
from omrclip.imaging import ops
from omrclip.imaging.arrays import Points
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.confirm import confirm
from omrclip.omr.registration.evidence import is_evident
from omrclip.omr.registration.extents import Printed, Shape, printed_as
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper.displacement_grid import offsets_at
from omrclip.omr.registration.rectified_scan import RectifiedScan, rectify
from omrclip.omr.registration.reference import Reference, reference_for, with_bubbles
from omrclip.omr.registration.refine import LocalMap, bent_to_lines
from omrclip.omr.registration.registration import IDENTITY_WITHIN_PX, Candidate, KnownPage, Registration, Rejected
from omrclip.omr.registration.strategies import features, scale
from omrclip.omr.registration.strategies.bubbles import by_bubbles
from omrclip.omr.registration.strategies.paper_edges import by_paper_edges
from omrclip.omr.registration.strategies.reference_points import by_reference_points
from omrclip.omr.template import Barcode, ChoiceBox, Grid
from omrclip.wording import Wording, joined

Strategy: TypeAlias = Callable[[Reference, ImagePyramid], Candidate | Sequence[Candidate] | Rejected]

LEAST_MATCHES_FOR_IDENTITY = 8
"""Matches from which it is concluded that page and scan coincide."""
LEAST_SIDE_PX = 32
"""Pixels of the shorter side of a scan: smaller scans show nothing to find the page by."""
LEAST_POINTS_WITHOUT_PRINT = 4
"""Reference points by which a page without other print is found; more of them also determine its turn."""
UPRIGHT_WITHIN = 0.15
"""Part of the scan's longer side by which the corners of an upright page may lie off the scan's corners."""
MOST_FOLLOWED = 3
"""Better maps that are tried in place of the candidates of one strategy."""
NOT_FOUND = Wording("not_found", "The template page was not found in the scan.")()
CHECK_THE_SCAN = Wording(
    "check_the_scan", "Check that the scan shows this form and that all four corners of the page are visible."
)()
AMBIGUOUS = Wording(
    "ambiguous",
    "The bubbles of the template fit the scan in more than one way. Give the template the image of the blank page, a "
    "bar code, or reference points that differ when the page is turned. If all pages are fed in one direction, set the "
    'option Orientation to "upright".',
)()
MUST_BE_UPRIGHT = Wording(
    "must_be_upright", 'If the page may lie turned in the scan, set the option Orientation to "any".'
)()
TOO_SMALL = Wording("too_small", "It has only {size} pixels. Scan the page at a higher resolution.")
OTHER_SHAPE = Wording(
    "other_shape",
    "Its width to height ratio differs by {percent}%. Check that the scan shows this form up to its edges, or give the "
    "template the image of the blank page.",
)

STRATEGIES: Sequence[Strategy] = (
    scale.by_scale,
    by_reference_points,
    by_bubbles,
    features.quickly,
    features.thoroughly,
    by_paper_edges,
)
QUICK_STRATEGIES: Sequence[Strategy] = (scale.by_scale, by_reference_points, by_bubbles, features.quickly)
"""Those that find a page in a clean picture of it. The others are for scans of bad quality."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundPage:
    """A page found in a scan.

    Attributes:
        known: the page.
        reference: the prepared page.
        registration: the map.
        rectified: the rectified scan, at the scale of the fine reference; None for a page that cannot be confirmed and
            has no elements to read.
        is_sure: whether the places of its bubbles are certain: the map is confirmed, or there is evidence for it, see
            `evidence`.
    """

    known: KnownPage
    reference: Reference
    registration: Registration
    rectified: RectifiedScan | None
    is_sure: bool = True


def register(known: KnownPage, pyramid: ImagePyramid, *, upright: bool = False) -> FoundPage:
    """Find the page in the scan.

    Args:
        known: the page.
        pyramid: the scan.
        upright: whether the page is known to lie upright in the scan, turned by less than 45 degrees.

    Raises:
        RegistrationFailed: no strategy found the page; `details["tried"]` has the reason of each.
    """
    reference = reference_for(known.page, known.image)
    if not reference.confirms:
        return _unconfirmed(known, reference, pyramid, upright)
    if min(pyramid.dimensions.width, pyramid.dimensions.height) < LEAST_SIDE_PX:
        raise _not_found([f"the scan has only {pyramid.dimensions} pixels"], TOO_SMALL(size=str(pyramid.dimensions)))
    reasons: list[str] = []
    advice = joined(CHECK_THE_SCAN, MUST_BE_UPRIGHT) if upright else CHECK_THE_SCAN
    best: _Confirmed | None = None
    for strategy in STRATEGIES:
        maps = strategy(reference, pyramid)
        if isinstance(maps, Candidate):
            maps = [maps]
        found = maps if isinstance(maps, Rejected) else _confirmed(reference, pyramid, maps, upright)
        if isinstance(found, Rejected):
            reasons.append(found.reason)
            advice = AMBIGUOUS if found.undecided else advice
        elif found.map.everywhere:
            best = found
            break
        elif best is None or found.map.agreeing > best.map.agreeing:
            best = found
    if best is None:
        raise _not_found(reasons, advice)
    return FoundPage(known, best.reference, _registration(best, pyramid), best.map.rectified)


def _unconfirmed(known: KnownPage, reference: Reference, pyramid: ImagePyramid, upright: bool) -> FoundPage:
    """Register a page that cannot be confirmed: by its reference points, or as if it filled the scan."""
    registration = _by_marks(reference, pyramid) or _by_dimensions(reference, pyramid)
    matrix = registration.page_to_scan
    if not any(isinstance(element, ChoiceBox | Grid | Barcode) for element in known.page.elements):
        return FoundPage(known, reference, registration, None)
    printed = next(_suited(reference, pyramid, Candidate(registration.strategy, matrix)))
    seen = rectify(pyramid, matrix, printed.fine)
    return FoundPage(
        known, printed, registration, seen, is_sure=is_evident(printed, pyramid, matrix, seen, upright=upright)
    )


class Fits(StrEnum):
    """In how many ways a page is confirmed in a picture."""

    NOT = "not"
    ONCE = "once"
    SEVERAL = "several"


def fits_in(known: KnownPage, pyramid: ImagePyramid, strategies: Sequence[Strategy] = STRATEGIES) -> Fits:
    """Return in how many ways the page is confirmed in a picture by the first strategy that finds it.

    A page that nothing can confirm fits in several ways.
    """
    reference = reference_for(known.page, known.image)
    if not reference.confirms:
        return Fits.SEVERAL
    for strategy in strategies:
        maps = strategy(reference, pyramid)
        if isinstance(maps, Candidate):
            maps = [maps]
        found = maps if isinstance(maps, Rejected) else _confirmed(reference, pyramid, maps, upright=False)
        if not isinstance(found, Rejected):
            return Fits.ONCE
        if found.undecided:
            return Fits.SEVERAL
    return Fits.NOT


def corrected_by_print(known: KnownPage, pyramid: ImagePyramid, candidate: Candidate) -> FoundPage | None:
    """The page at a map that is corrected and confirmed by its print; None if it is not confirmed."""
    found = _confirmed(reference_for(known.page, known.image), pyramid, [candidate], upright=False)
    if isinstance(found, Rejected):
        return None
    return FoundPage(known, found.reference, _registration(found, pyramid), found.map.rectified)


@dataclass(frozen=True, slots=True, eq=False)
class _Confirmed:
    """A confirmed map, its strategy, and the page with its bubbles as large as they are printed."""

    reference: Reference
    strategy: str
    map: LocalMap


def _confirmed(
    reference: Reference, pyramid: ImagePyramid, maps: Sequence[Candidate], upright: bool
) -> _Confirmed | Rejected:
    """Return the first candidate that is confirmed all over the page, otherwise the best confirmed one.

    Where no candidate is confirmed, return the reason, preferably that of a candidate that fits in several ways.
    """
    best: _Confirmed | None = None
    refusals: list[Rejected] = []
    waiting, to_follow = list(maps), MOST_FOLLOWED
    while waiting:
        candidate = waiting.pop(0)
        for suited in _suited(reference, pyramid, candidate):
            found = confirm(suited, pyramid, candidate, upright=upright)
            if not isinstance(found, Rejected) or not found.is_elsewhere:
                break
        if isinstance(found, Rejected):
            refusals.append(replace(found, reason=f"{candidate.strategy}: {found.reason}"))
            if found.instead is not None and to_follow:
                to_follow -= 1
                waiting.insert(0, found.instead)
        elif best is None or found.everywhere or found.agreeing > best.map.agreeing:
            best = _Confirmed(suited, candidate.strategy, found)
            if found.everywhere:
                break
    return best or next((refused for refused in refusals if refused.undecided), refusals[0])


def _suited(reference: Reference, pyramid: ImagePyramid, candidate: Candidate) -> Iterator[Reference]:
    """Yield the reference with its bubbles of the size and shape in which the candidate shows them printed.

    Where a candidate is some pixels off, it does not show this. So the shapes in the template's size follow.
    """
    if reference.printed or not len(reference.bubbles):
        yield reference
        return

    def to_scan(points: Points) -> Points:
        moved = points if candidate.bend is None else points + offsets_at(candidate.bend, points, reference.page)
        return ops.transform(candidate.page_to_scan, moved)

    shown = printed_as(pyramid, reference.bubbles[reference.common], to_scan)
    for printed in (shown, *(Printed(shape=shape) for shape in Shape if Printed(shape=shape) != shown)):
        yield reference if printed == Printed() else with_bubbles(reference, printed)


def _not_found(reasons: Sequence[str], advice: str) -> RegistrationFailed:
    """Return the error: what a person can do in its message, the reason of each strategy in its details."""
    return RegistrationFailed(joined(NOT_FOUND, advice), tried=reasons)


def _by_marks(reference: Reference, pyramid: ImagePyramid) -> Registration | None:
    """Register by reference points alone, for a page with no other print: of four, the upright map is taken."""
    page, scan = reference.page, pyramid.dimensions
    if len(reference.marks) < LEAST_POINTS_WITHOUT_PRINT or min(scan.width, scan.height) < LEAST_SIDE_PX:
        return None
    found = by_reference_points(reference, pyramid)
    corners = ops.corners(0, 0, page.width, page.height)
    filling = ops.transform(scale.scaling(page, scan), corners)
    reach = UPRIGHT_WITHIN * max(scan.width, scan.height)
    maps = [] if isinstance(found, Rejected) else found
    is_unique = len(reference.marks) > LEAST_POINTS_WITHOUT_PRINT and len(maps) == 1
    for candidate in maps:
        if is_unique or np.abs(ops.transform(candidate.page_to_scan, corners) - filling).max() < reach:
            registration = Registration(candidate.strategy, page, scan, candidate.page_to_scan)
            return replace(registration, page_to_scan=np.eye(3)) if registration.is_identity else registration
    return None


def _by_dimensions(reference: Reference, pyramid: ImagePyramid) -> Registration:
    page, scan = reference.page, pyramid.dimensions
    if scan == page:
        return Registration("identity", page, scan, np.eye(3))
    if scale.same_shape(page, scan):
        return Registration("scale", page, scan, scale.scaling(page, scan))
    difference = abs(scan.aspect / page.aspect - 1)
    shape = f"the scan's width to height ratio differs from the page's by {difference:.1%}"
    nothing_else = "the template has neither an image of the blank page nor enough bubbles to find the page by"
    raise _not_found([f"{shape}, and {nothing_else}"], OTHER_SHAPE(percent=round(100 * difference, 1)))


def _registration(confirmed: _Confirmed, pyramid: ImagePyramid) -> Registration:
    found, page, scan = confirmed.map, confirmed.reference.page, pyramid.dimensions
    registration = Registration(
        confirmed.strategy,
        page,
        scan,
        found.page_to_scan,
        found.bend,
        found.matches,
        round(found.agreeing, 3),
        round(found.residual, 3),
    )
    if scan == page and _nearly_identical(page, found):
        return replace(registration, strategy="identity", page_to_scan=np.eye(3), bend=None)
    return replace(registration, bend=bent_to_lines(confirmed.reference, found))


def _nearly_identical(page: Dimensions, found: LocalMap) -> bool:
    """Return whether an affine map, fitted to all matches, moves no corner by more than half a pixel."""
    points, in_scan = np.hsplit(found.matches.astype(np.float64), 2)
    if len(points) < LEAST_MATCHES_FOR_IDENTITY:
        return False
    fitted, *_ = np.linalg.lstsq(np.column_stack([points, np.ones(len(points))]), in_scan - points, rcond=None)
    corners = ops.corners(0, 0, page.width, page.height)
    moved = np.column_stack([corners, np.ones(4)]) @ fitted
    scatter = float(np.median(np.linalg.norm(in_scan - points, axis=1)))
    return bool(np.abs(moved).max() <= IDENTITY_WITHIN_PX and scatter <= IDENTITY_WITHIN_PX)


__all__ = ["FoundPage", "ImagePyramid", "KnownPage", "Registration", "register"]
