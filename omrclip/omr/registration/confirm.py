"""Whether a rough map is true: what the page shows has to be found where it puts it, and nowhere better."""

import numpy as np

from omrclip.imaging import ops
from omrclip.omr.registration import bend as bending
from omrclip.omr.registration.levels import ScanLevels
from omrclip.omr.registration.patches import find
from omrclip.omr.registration.reference import Reference
from omrclip.omr.registration.refine import LocalMap, refine, settle
from omrclip.omr.registration.rough import RoughMap
from omrclip.omr.registration.samples import darkness, likeness

LEAST_AGREEING = 0.5
NEARBY = 2
MOST_OUTLINES = 64
LEAST_LIKENESS, LEAST_OUTLINED = 0.3, 0.6


def confirm(reference: Reference, levels: ScanLevels, rough: RoughMap) -> LocalMap | str:
    """Refine a rough map; or the reason, for people, why it is not true."""
    if _folds(reference, levels, rough):
        return "the map found is no picture of a sheet"
    if reference.printed:
        settled = settle(reference, levels, rough)
        if settled is None:
            return "what the blank page shows is not found where it should be"
        rough = settled
    found = refine(reference, levels, rough)
    if found.agreeing < LEAST_AGREEING:
        return f"only {found.agreeing:.0%} of what the page shows is found in its place"
    if reference.printed and len(reference.bubbles) and not _outlined(reference, found):
        return "the printed bubbles are not found in their places"
    if not reference.printed and rough.strategy != "bubbles" and _slips(reference, found):
        return "the bubbles fit as well a row or a column further"
    return found


def _folds(reference: Reference, levels: ScanLevels, rough: RoughMap) -> bool:
    """Whether the page's corners come out mirrored, tiny, or behind the camera."""
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]) * [reference.page.width, reference.page.height, 1]
    homogeneous = corners @ rough.page_to_scan.T
    if not np.isfinite(homogeneous).all() or (homogeneous[:, 2] * homogeneous[0, 2] <= 0).any():
        return True
    x, y = (homogeneous[:, :2] / homogeneous[:, 2:]).T
    turns = [(x[i - 1] - x[i - 2]) * (y[i] - y[i - 1]) - (y[i - 1] - y[i - 2]) * (x[i] - x[i - 1]) for i in range(4)]
    area = 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    return min(turns) <= 0 or not 0.01 * levels.dimensions.pixels < area < 16 * levels.dimensions.pixels


def _outlined(reference: Reference, found: LocalMap) -> bool:
    """Whether the outlines of the bubbles lie where the map says, of most of some of them all over the page."""
    chosen = reference.bubbles[:: -(-len(reference.bubbles) // MOST_OUTLINES)]
    centres = chosen[:, :2] + chosen[:, 2:] / 2
    scale = np.array(reference.fine.scale)
    moved = centres + bending.offsets_at(found.bend, centres, reference.page)
    in_view = ops.transform(found.view.scan_to_view @ found.page_to_scan, moved)
    seen = darkness(found.view.pixels, in_view, chosen[:, 2:] / 2 * scale)
    printed = darkness(reference.fine.pixels, centres * scale, chosen[:, 2:] / 2 * scale)
    return bool((likeness(seen, printed) > LEAST_LIKENESS).mean() > LEAST_OUTLINED)


def _slips(reference: Reference, found: LocalMap) -> bool:
    """Whether the outlines of the bubbles fit as well when the map is moved by a row or a column of them."""
    level = reference.fine
    centres = reference.bubbles[:, :2] + reference.bubbles[:, 2:] / 2
    moved = centres + bending.offsets_at(found.bend, centres, reference.page)
    to_view = found.view.scan_to_view @ found.page_to_scan
    expected = ops.transform(to_view, moved) - (level.patches.centres + 0.5)
    own = find(level.patches, found.view.pixels, NEARBY, expected).scores.sum()
    vectors = _pitches(centres)
    for step in [*vectors, *(-vectors)]:
        if find(level.patches, found.view.pixels, NEARBY, expected + step * level.scale).scores.sum() >= own - 2:
            return True
    return False


def _pitches(
    centres: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """(k, 2) the steps from bubble to bubble, across and down, that are most common."""
    differences = (centres[None] - centres[:, None]).reshape(-1, 2)
    steps = []
    for along, aside in ((0, 1), (1, 0)):
        straight = differences[
            (differences[:, along] > 1) & (np.abs(differences[:, aside]) < 0.2 * differences[:, along])
        ]
        if len(straight):
            nearest = straight[straight[:, along] < 1.5 * np.quantile(straight[:, along], 0.02) + 1]
            steps.append(np.median(nearest, axis=0) if len(nearest) else straight[straight[:, along].argmin()])
    return np.array(steps).reshape(-1, 2)
