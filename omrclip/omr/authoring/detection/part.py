"""The part of a detection that lies within a rectangle, for a box that someone draws around bubbles; or elsewhere."""

from collections.abc import Callable
from dataclasses import replace

from omrclip.omr.authoring.detection.page import Detection, Proposal
from omrclip.omr.template import Bubble, ChoiceBox, Element, Grid, Place, UnknownElement, around


def within(detection: Detection, rectangle: Place) -> Detection:
    """Return the proposals within a rectangle; of choice boxes and grids the bubbles within it.

    Args:
        detection: of the whole page, because the size and spaces of all its bubbles tell what is one.
        rectangle: left, top, width and height in pixels of the page. What has its centre in it is within it.
    """
    return where(detection, lambda place: _is_within(place, rectangle))


def where(detection: Detection, is_kept: Callable[[Place], bool]) -> Detection:
    """Return the proposals and shapes at the places that are kept; of choice boxes and grids the bubbles there."""
    proposals = []
    for proposal in detection.proposals:
        element = _part(proposal.element, is_kept)
        if element is not None:
            proposals.append(Proposal(element, proposal.confidence))
    left_out = tuple(one for one in detection.left_out if is_kept(one.place))
    return replace(detection, proposals=tuple(proposals), left_out=left_out)


def _part(element: Element, is_kept: Callable[[Place], bool]) -> Element | None:
    if isinstance(element, Grid):
        parts = [part for child in element.elements if (part := _part(child, is_kept)) is not None]
        if not parts:
            return None
        left, top, width, height = around(part.place for part in parts if isinstance(part, ChoiceBox))
        return replace(element, elements=tuple(parts), left=left, top=top, width=width, height=height)
    if isinstance(element, ChoiceBox):
        return _box_part(element, is_kept)
    return element if not isinstance(element, UnknownElement) and is_kept(element.place) else None


def _box_part(box: ChoiceBox, is_kept: Callable[[Place], bool]) -> ChoiceBox | None:
    def place(bubble: Bubble) -> Place:
        return bubble.left, bubble.top, box.bubble_width, box.bubble_height

    bubbles = tuple(bubble for bubble in box.bubbles if is_kept(place(bubble)))
    if len(bubbles) in (0, len(box.bubbles)):
        return box if bubbles else None
    left, top, width, height = around(place(bubble) for bubble in bubbles)
    return replace(box, bubbles=bubbles, left=left, top=top, width=width, height=height)


def _is_within(place: Place, rectangle: Place) -> bool:
    x, y = place[0] + place[2] / 2, place[1] + place[3] / 2
    left, top, width, height = rectangle
    return left <= x <= left + width and top <= y <= top + height
