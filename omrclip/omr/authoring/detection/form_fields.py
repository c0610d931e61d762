"""Elements from the fields of a PDF form (AcroForm): checkboxes, radio buttons, and fields to write in."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from omrclip.imaging.contents import CHOICE, FormField
from omrclip.omr.authoring.detection.naming import Word, free_name, with_names
from omrclip.omr.authoring.detection.page import Detection, Proposal, letters
from omrclip.omr.authoring.detection.part import where
from omrclip.omr.template import Bubble, ChoiceBox, ClipArea, Place, around

IN_FILE = 1.0
"""Confidence of an element that the file names."""
UNNAMED = "Field"
"""The name of a field without one, before a number."""


def form_elements(places: Sequence[tuple[FormField, Place]]) -> tuple[ChoiceBox | ClipArea, ...]:
    """The elements of the fields of a page, in the order of the file, with the names of the fields.

    Checkboxes or radio buttons of one name are the bubbles of one choice box, and their export values its values. If
    these are not all different, the values are A, B, C …

    Args:
        places: each place of a field, in pixels of the page.
    """
    choices: dict[str, list[tuple[FormField, Place]]] = {}
    for number, (field, place) in enumerate(places):
        key = field.name if field.kind == CHOICE and field.name else f"\0{number}"
        choices.setdefault(key, []).append((field, place))
    elements: list[ChoiceBox | ClipArea] = []
    names: set[str] = set()
    for group in choices.values():
        field, place = group[0]
        name = free_name(field.name or f"{UNNAMED}{len(elements) + 1}", names)
        names.add(name)
        if field.kind == CHOICE:
            elements.append(_choice_box(name, group))
        else:
            left, top, width, height = _rounded(place)
            elements.append(ClipArea(name=name, left=left, top=top, width=width, height=height))
    return tuple(elements)


def with_form(detection: Detection, elements: Sequence[ChoiceBox | ClipArea], words: Sequence[Word]) -> Detection:
    """Take elements that the file names into a detection, in place of what was detected where they are.

    The others are named by words, see `with_names`.
    """
    places = [place for element in elements for place in _places(element)]
    rest = where(detection, lambda place: not any(_meets(place, other) for other in places))
    named = with_names(rest, words, {element.name or "" for element in elements})
    return replace(named, proposals=(*(Proposal(element, IN_FILE) for element in elements), *named.proposals))


def placed(
    fields: Sequence[FormField], size: tuple[int, int], to_page: npt.NDArray[np.float64]
) -> list[tuple[FormField, Place]]:
    """The places of fields in pixels of a page that was made upright.

    Args:
        fields: those of the page.
        size: width and height in pixels of the image that was made upright.
        to_page: (3, 3) float64, from its pixels to those of the page.
    """
    return [(field, on_page((field.left, field.top, field.right, field.bottom), size, to_page)) for field in fields]


def on_page(sides: Sequence[float], size: tuple[int, int], to_page: npt.NDArray[np.float64]) -> Place:
    """The place in pixels of an upright page of what an image has between sides: left, top, right and bottom.

    The sides are parts of the width and height of the image; see `placed` for the rest.
    """
    left, top, right, bottom = sides
    corners = np.array([(left, top, 1), (right, top, 1), (right, bottom, 1), (left, bottom, 1)]).T
    x, y, w = to_page @ np.diag([*size, 1.0]) @ corners
    x, y = x / w, y / w
    return float(x.min()), float(y.min()), float(np.ptp(x)), float(np.ptp(y))


def _choice_box(name: str, group: Sequence[tuple[FormField, Place]]) -> ChoiceBox:
    places = [place for _, place in group]
    width, height = (float(np.median([place[side] for place in places])) for side in (2, 3))
    values = [field.value for field, _ in group]
    if not all(values) or len(set(values)) < len(values):
        values = letters(len(values))
    bubbles = tuple(
        Bubble(
            value=value,
            left=round(left + (wide - width) / 2, 1),
            top=round(top + (high - height) / 2, 1),
        )
        for value, (left, top, wide, high) in zip(values, places, strict=True)
    )
    left, top, wide, high = _rounded(around((bubble.left, bubble.top, width, height) for bubble in bubbles))
    return ChoiceBox(
        name=name,
        left=left,
        top=top,
        width=wide,
        height=high,
        bubble_width=round(width, 1),
        bubble_height=round(height, 1),
        bubbles=bubbles,
        orientation="Vertical" if high - height > wide - width else "Horizontal",
    )


def _places(element: ChoiceBox | ClipArea) -> list[Place]:
    """Those of its bubbles, or its own."""
    if isinstance(element, ClipArea):
        return [element.place]
    return [(bubble.left, bubble.top, element.bubble_width, element.bubble_height) for bubble in element.bubbles]


def _meets(one: Place, other: Place) -> bool:
    """Whether the middle of one place is in the other."""
    return _has_middle(one, other) or _has_middle(other, one)


def _has_middle(one: Place, other: Place) -> bool:
    x, y = other[0] + other[2] / 2, other[1] + other[3] / 2
    return one[0] <= x <= one[0] + one[2] and one[1] <= y <= one[1] + one[3]


def _rounded(place: Place) -> Place:
    left, top, width, height = (round(side, 1) for side in place)
    return left, top, width, height
