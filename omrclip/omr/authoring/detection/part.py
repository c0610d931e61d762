"""The part of a detection that lies within a rectangle, for a box that someone draws around bubbles."""

from dataclasses import replace

from omrclip.omr.authoring.detection.page import Detection, Proposal
from omrclip.omr.template import Bubble, ChoiceBox, Element, Grid, Place, UnknownElement, around


def within(detection: Detection, rectangle: Place) -> Detection:
    """Return the proposals within a rectangle; of choice boxes and grids the bubbles within it.

    Args:
        detection: of the whole page, because the size and spaces of all its bubbles tell what is one.
        rectangle: left, top, width and height in pixels of the page. What has its centre in it is within it.
    """
    proposals = []
    for proposal in detection.proposals:
        element = _part(proposal.element, rectangle)
        if element is not None:
            proposals.append(Proposal(element, proposal.confidence))
    left_out = tuple(one for one in detection.left_out if _is_within(one.place, rectangle))
    return replace(detection, proposals=tuple(proposals), left_out=left_out)


def _part(element: Element, rectangle: Place) -> Element | None:
    if isinstance(element, Grid):
        parts = [part for child in element.elements if (part := _part(child, rectangle)) is not None]
        if not parts:
            return None
        left, top, width, height = around(part.place for part in parts if isinstance(part, ChoiceBox))
        return replace(element, elements=tuple(parts), left=left, top=top, width=width, height=height)
    if isinstance(element, ChoiceBox):
        return _box_part(element, rectangle)
    is_in = not isinstance(element, UnknownElement) and _is_within(element.place, rectangle)
    return element if is_in else None


def _box_part(box: ChoiceBox, rectangle: Place) -> ChoiceBox | None:
    def place(bubble: Bubble) -> Place:
        return bubble.left, bubble.top, box.bubble_width, box.bubble_height

    bubbles = tuple(bubble for bubble in box.bubbles if _is_within(place(bubble), rectangle))
    if not bubbles:
        return None
    left, top, width, height = around(place(bubble) for bubble in bubbles)
    return replace(box, bubbles=bubbles, left=left, top=top, width=width, height=height)


def _is_within(place: Place, rectangle: Place) -> bool:
    x, y = place[0] + place[2] / 2, place[1] + place[3] / 2
    left, top, width, height = rectangle
    return left <= x <= left + width and top <= y <= top + height
