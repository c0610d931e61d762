"""Finding the template page in a scan.

Strategies in one ordered list, cheap ones first, each in a module of its own. Each gives rough maps; a rough map is
refined to a local one (`refine`) and has to be confirmed by what the page shows: patches of the blank page's image, or
the outlines of its bubbles, which must fit in one way alone (`rivals`). The first that is confirmed all over the page
is taken, else the best. Only where a template shows nothing to confirm a map by (no image, hardly a bubble) the
Dimensions of the scan are believed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from omrclip.errors import RegistrationFailed
from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.confirm import confirm
from omrclip.omr.registration.extents import printed_extents
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.paper.displacement_grid import offsets_at
from omrclip.omr.registration.rectified_scan import RectifiedScan, view
from omrclip.omr.registration.reference import Reference, reference_for, resized
from omrclip.omr.registration.refine import LocalMap
from omrclip.omr.registration.registration import IDENTITY_WITHIN_PX, Candidate, KnownPage, Registration, Rejected
from omrclip.omr.registration.strategies import features, scale
from omrclip.omr.registration.strategies.bubbles import by_bubbles
from omrclip.omr.registration.strategies.paper_edges import by_paper_edges
from omrclip.omr.registration.strategies.reference_points import by_reference_points
from omrclip.omr.template import Barcode, ChoiceBox, Grid

Strategy: TypeAlias = Callable[[Reference, ImagePyramid], Candidate | Sequence[Candidate] | Rejected]

Points = npt.NDArray[np.float64]
LEAST_FOR_IDENTITY = 8
LEAST_SIDE = 32
UPRIGHT_WITHIN = 0.15
ADVICE = (
    "Give the template the image of the blank page, a bar code, or reference points that differ when the page is "
    'turned; or, if all pages are fed one way, set the option Orientation to "upright".'
)
MOST_BETTER = 3
"""Maps that are tried because one that a strategy found turned out to be worse than they are."""

STRATEGIES: Sequence[Strategy] = (
    scale.by_scale,
    by_reference_points,
    by_bubbles,
    features.quickly,
    features.thoroughly,
    by_paper_edges,
)


@dataclass(frozen=True, slots=True, eq=False)
class FoundPage:
    """A page found in a scan.

    Attributes:
        known: the page.
        reference: the page as it was prepared.
        registration: the map.
        view: the scan roughly in the page's frame, at the scale of the fine reference; None where a page that cannot be
            confirmed has nothing to read either.
    """

    known: KnownPage
    reference: Reference
    registration: Registration
    view: RectifiedScan | None


def register(known: KnownPage, pyramid: ImagePyramid, *, upright: bool = False) -> FoundPage:
    """Find the page in the scan.

    Args:
        known: the page.
        pyramid: the scan.
        upright: whether it is known that the page lies upright in the scan, turned by less than half a quarter.

    Raises:
        RegistrationFailed: no strategy found it; `details["tried"]` has the reason of each.
    """
    reference = reference_for(known.page, known.image)
    if not reference.confirms:
        registration = _by_marks(reference, pyramid) or _by_dimensions(reference, pyramid)
        nothing_to_read = not any(isinstance(e, ChoiceBox | Grid | Barcode) for e in known.page.elements)
        seen = None if nothing_to_read else view(pyramid, registration.page_to_scan, reference.fine)
        return FoundPage(known, reference, registration, seen)
    if min(pyramid.dimensions.width, pyramid.dimensions.height) < LEAST_SIDE:
        raise _not_found([f"it has {pyramid.dimensions} pixels, too few to find anything in"])
    reasons: list[str] = []
    advice = ""
    best: _Confirmed | None = None
    for strategy in STRATEGIES:
        maps = strategy(reference, pyramid)
        if isinstance(maps, Candidate):
            maps = [maps]
        found = maps if isinstance(maps, Rejected) else _confirmed(reference, pyramid, maps, upright)
        if isinstance(found, Rejected):
            reasons.append(found.reason)
            advice = ADVICE if found.undecided else advice
        elif found.map.everywhere:
            best = found
            break
        elif best is None or found.map.agreeing > best.map.agreeing:
            best = found
    if best is None:
        raise _not_found(reasons, advice)
    return FoundPage(known, best.reference, _registration(best, pyramid), best.map.view)


@dataclass(frozen=True, slots=True, eq=False)
class _Confirmed:
    """A map that is true, the strategy that found it, and the page with the extents that its bubbles are printed in."""

    reference: Reference
    strategy: str
    map: LocalMap


def _confirmed(
    reference: Reference, pyramid: ImagePyramid, maps: Sequence[Candidate], upright: bool
) -> _Confirmed | Rejected:
    """The first of some maps that is true all over the page, else the best that is true; or why none is."""
    best: _Confirmed | None = None
    refusals: list[Rejected] = []
    waiting, better = list(maps), MOST_BETTER
    while waiting:
        candidate = waiting.pop(0)
        suited = _suited(reference, pyramid, candidate)
        found = confirm(suited, pyramid, candidate, upright=upright)
        if isinstance(found, Rejected):
            refusals.append(replace(found, reason=f"{candidate.strategy}: {found.reason}"))
            if found.instead is not None and better:
                better -= 1
                waiting.insert(0, found.instead)
        elif best is None or found.everywhere or found.agreeing > best.map.agreeing:
            best = _Confirmed(suited, candidate.strategy, found)
            if found.everywhere:
                break
    return best or next((refused for refused in refusals if refused.undecided), refusals[0])


def _suited(reference: Reference, pyramid: ImagePyramid, candidate: Candidate) -> Reference:
    """The page with its bubbles as large as they are printed."""
    if reference.printed or not len(reference.bubbles):
        return reference

    def to_scan(points: Points) -> Points:
        moved = points if candidate.bend is None else points + offsets_at(candidate.bend, points, reference.page)
        return ops.transform(candidate.page_to_scan, moved)

    factor = printed_extents(pyramid, reference.bubbles[reference.common], to_scan)
    return reference if factor == 1.0 else resized(reference, factor)


def _not_found(reasons: Sequence[str], advice: str = "") -> RegistrationFailed:
    told = f"The template page was not found in the scan: {'; '.join(reasons)}."
    return RegistrationFailed(f"{told} {advice}".rstrip(), tried=reasons)


def _by_marks(reference: Reference, pyramid: ImagePyramid) -> Registration | None:
    """By reference points, where the page shows nothing else: five tell the turn, of fewer the upright one is taken."""
    page, scan = reference.page, pyramid.dimensions
    if len(reference.marks) < 4 or min(scan.width, scan.height) < LEAST_SIDE:
        return None
    found = by_reference_points(reference, pyramid)
    corners = ops.corners(0, 0, page.width, page.height)
    filling = ops.transform(scale.scaling(page, scan), corners)
    reach = UPRIGHT_WITHIN * max(scan.width, scan.height)
    maps = [] if isinstance(found, Rejected) else found
    only = len(reference.marks) > 4 and len(maps) == 1
    for candidate in maps:
        if only or np.abs(ops.transform(candidate.page_to_scan, corners) - filling).max() < reach:
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
    raise _not_found(
        [
            f"its width to height ratio differs by {difference:.1%} from the page's, and the template has neither an "
            "image of the blank page nor enough bubbles to find the page by"
        ]
    )


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
    return registration


def _nearly_identical(page: Dimensions, found: LocalMap) -> bool:
    """Whether a map that moves, turns and scales, fitted to all matches, moves no corner by half a pixel."""
    points, in_scan = np.hsplit(found.matches.astype(np.float64), 2)
    if len(points) < LEAST_FOR_IDENTITY:
        return False
    fitted, *_ = np.linalg.lstsq(np.column_stack([points, np.ones(len(points))]), in_scan - points, rcond=None)
    corners = ops.corners(0, 0, page.width, page.height)
    moved = np.column_stack([corners, np.ones(4)]) @ fitted
    scatter = float(np.median(np.linalg.norm(in_scan - points, axis=1)))
    return bool(np.abs(moved).max() <= IDENTITY_WITHIN_PX and scatter <= IDENTITY_WITHIN_PX)


__all__ = ["FoundPage", "ImagePyramid", "KnownPage", "Registration", "register"]
