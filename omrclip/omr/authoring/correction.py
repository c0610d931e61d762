"""Correct a template: move every bubble onto the printed one of the blank page, and shrink every box to its bubbles.

The box of a corrected bubble has the outer edges of the printed outline with a small margin, as in existing services.
The boxes of choice boxes and grids are a pixel larger than their bubbles. A bubble that is not found is moved like the
others of its choice box, with `is_valid` False. All other elements stay as they are.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode
from omrclip.omr.authoring.correction_bubbles import find_printed
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.template import ChoiceBox, Element, Grid, Page, Template, UnknownElement, around
from omrclip.wording import ABOUT, Wording, joined

_MOST_PIXELS_PER_PAGE_PIXEL = 1.5
"""Image pixels per page pixel, each way: finer images are reduced, since they cost time and show nothing more."""
_MARGIN = 0.03
"""Margin around the printed outline, as a part of the bubble: 2 pixels at 60."""
_BORDER_PX = 1.0
"""Page pixels around the bubbles of a choice box."""
_ALIGNED_WITHIN = 0.1
"""Part of a bubble's side by which the places of aligned bubbles differ at most."""

NOT_CORRECTED = Wording("not_corrected", "Page {n} was not corrected because it has no image of the blank page.")
NOT_PRINTED = Wording("not_printed", "no printed bubble was found for {bubbles}.")


@dataclass(frozen=True, slots=True)
class Correction:
    """A corrected template, and messages about bubbles that were not found."""

    template: Template
    messages: tuple[str, ...]


_Path = tuple[int, ...]
"""The place of an element in the template: its index on the page, and its index in each grid around it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The printed bubbles of a choice box in page pixels: (n, 2) float64 centres, NaN if not found; (width, height)."""

    centres: npt.NDArray[np.float64]
    size: npt.NDArray[np.float64]


def correct(template: Template, pages: Sequence[KnownPage]) -> Correction:
    """Correct all pages of a template that have an image of the blank page; the others are kept, with a message.

    Args:
        template: the template, with coordinates in page pixels.
        pages: its pages in order; their images have the shape of the page at any scale (see `recognition.check_pages`).

    Raises:
        ImageError: an image cannot be decoded.
    """
    corrected: list[Page] = []
    messages: list[str] = []
    for known in pages:
        if known.image is None:
            corrected.append(known.page)
            messages.append(NOT_CORRECTED(n=known.number))
            continue
        page, told = _corrected_page(known.page, ops.grey(decode(known.image)))
        corrected.append(page)
        messages += told
    return Correction(replace(template, pages=tuple(corrected)), tuple(messages))


def _corrected_page(page: Page, tones: Pixels) -> tuple[Page, list[str]]:
    if tones.shape[1] > _MOST_PIXELS_PER_PAGE_PIXEL * page.width:
        tones = ops.resample(tones, page.dimensions)
    boxes = dict(_choice_boxes(page.elements))
    found = _find(boxes, tones, np.array([tones.shape[1] / page.width, tones.shape[0] / page.height]))
    messages = []
    for path, box in boxes.items():
        missing = [box.bubbles[i].value for i in np.flatnonzero(np.isnan(found[path].centres[:, 0]))]
        if missing:
            label = _label(page.elements, path)
            messages.append(joined(ABOUT(name=label), NOT_PRINTED(bubbles=", ".join(missing))))
    return replace(page, elements=_corrected(page.elements, found, page)), messages


def _choice_boxes(elements: Sequence[Element], path: _Path = ()) -> Iterator[tuple[_Path, ChoiceBox]]:
    for index, element in enumerate(elements):
        if isinstance(element, ChoiceBox):
            yield (*path, index), element
        elif isinstance(element, Grid):
            yield from _choice_boxes(element.elements, (*path, index))


def _label(elements: Sequence[Element], path: _Path) -> str:
    """Return the label of an element for people: its name, or its number in the grid around it."""
    element = elements[path[0]]
    here = element.name or f"element {path[0] + 1}"
    if len(path) > 1 and isinstance(element, Grid):
        return f"{here}, {_label(element.elements, path[1:])}"
    return here


def _find(boxes: Mapping[_Path, ChoiceBox], tones: Pixels, scale: npt.NDArray[np.float64]) -> dict[_Path, _Found]:
    """Find all bubbles of one size together, because their common look is measured on all of them."""
    of_size = defaultdict(list)
    for path, box in boxes.items():
        of_size[box.bubble_width, box.bubble_height].append(path)
    found = {}
    for size, paths in of_size.items():
        places = [[bubble.left, bubble.top] for path in paths for bubble in boxes[path].bubbles]
        sizes = np.tile(np.array(size, dtype=np.float64), (len(places), 1))
        expected = np.hstack([np.array(places, dtype=np.float64) + sizes / 2, sizes]) * np.tile(scale, 2)
        printed = find_printed(tones, expected)
        ends = np.cumsum([len(boxes[path].bubbles) for path in paths])
        for path, centres in zip(paths, np.split(printed.centres / scale, ends[:-1]), strict=True):
            found[path] = _Found(centres, np.array(printed.size) / scale)
    return found


def _corrected(
    elements: Sequence[Element], found: Mapping[_Path, _Found], page: Page, path: _Path = ()
) -> tuple[Element, ...]:
    corrected: list[Element] = []
    for index, element in enumerate(elements):
        here = (*path, index)
        if isinstance(element, ChoiceBox):
            corrected.append(_corrected_box(element, found[here], page))
        elif isinstance(element, Grid):
            corrected.append(_around(element, _corrected(element.elements, found, page, here)))
        else:
            corrected.append(element)
    return tuple(corrected)


def _corrected_box(box: ChoiceBox, found: _Found, page: Page) -> ChoiceBox:
    is_found = ~np.isnan(found.centres[:, 0])
    if not is_found.any():
        return replace(box, bubbles=tuple(replace(bubble, is_valid=False) for bubble in box.bubbles))
    size = (found.size * (1 + 2 * _MARGIN)).round(1)
    old = np.array([[bubble.left, bubble.top] for bubble in box.bubbles]) + _half_size(box)
    moved = np.median((found.centres - old)[is_found], axis=0)
    places = np.where(is_found[:, None], found.centres, old + moved) - size / 2
    places = np.clip(places, 0, np.array([page.width, page.height]) - size).round(1)
    bubbles = tuple(
        replace(bubble, left=float(left), top=float(top), is_valid=bool(valid))
        for bubble, (left, top), valid in zip(box.bubbles, places, is_found, strict=True)
    )
    left, top = np.maximum(places.min(axis=0) - _BORDER_PX, 0)
    right, bottom = np.minimum(places.max(axis=0) + size + _BORDER_PX, [page.width, page.height])
    spread_across, spread_down = np.ptp(places, axis=0)
    return replace(
        box,
        bubbles=bubbles,
        bubble_width=float(size[0]),
        bubble_height=float(size[1]),
        left=_tenths(left),
        top=_tenths(top),
        width=_tenths(right - left),
        height=_tenths(bottom - top),
        aligned_horizontally=bool(spread_down <= _ALIGNED_WITHIN * size[1]),
        aligned_vertically=bool(spread_across <= _ALIGNED_WITHIN * size[0]),
    )


def _half_size(box: ChoiceBox) -> npt.NDArray[np.float64]:
    return np.array([box.bubble_width / 2, box.bubble_height / 2], dtype=np.float64)


def _around(grid: Grid, children: tuple[Element, ...]) -> Grid:
    """Return the grid with these children, its box just around theirs; the alignment of the grid is not changed."""
    placed = [child for child in children if not isinstance(child, UnknownElement)]
    if not placed:
        return replace(grid, elements=children)
    left, top, width, height = around(child.place for child in placed)
    return replace(grid, elements=children, left=left, top=top, width=_tenths(width), height=_tenths(height))


def _tenths(value: float) -> float:
    return round(float(value), 1)
