"""Checks across the parts of a template: places on the page, duplicate names, nested grids.

The checks read the document, not the model, so that they also see elements that have other problems: all is told at
once. Numbers and types that a schema refuses are passed over here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from omrclip.config import Limits
from omrclip.errors import LimitExceeded, Problem
from omrclip.omr import template as omr
from omrclip.schemas.documents import shown
from omrclip.schemas.elements import ELEMENT_SCHEMAS, NAMED_TYPES
from omrclip.schemas.fields import as_number

MOST_GRIDS = 8
# half a pixel, as rounding may leave it, and what adding fractions loses
OVERHANG = 0.5 + 1e-6
RECOMMENDED_QUALITY = range(30, 100)
_AXES = (("Left", "Width"), ("Top", "Height"))
_AWKWARD_IN_NAMES = re.compile(r'[<>:"|?*]|^\s|\s$')


def document_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems between the parts of a whole document."""
    top_level: list[tuple[str, dict[str, Any]]] = []
    for page_path, page in _objects(document, "Pages", "$"):
        elements = list(_objects(page, "Elements", page_path))
        top_level += elements
        for path, element in elements:
            yield from _element_problems(path, element, page, MOST_GRIDS)
    yield from _repeated_names(top_level)


def check_elements(document: object, limits: Limits) -> None:
    """Raise LimitExceeded where a document has more elements than allowed, right or wrong."""
    if _elements_in(document, "Pages") > limits.max_elements:
        raise LimitExceeded(
            f"The template has more than the {limits.max_elements:,} elements and bubbles allowed.",
            limit="max_elements",
            maximum=limits.max_elements,
        )


def _elements_in(owner: object, *keys: str) -> int:
    """How many members the lists under `keys` have, and the lists of elements and bubbles within them."""
    if not isinstance(owner, dict):
        return 0
    lists = [owner[key] for key in keys if isinstance(owner.get(key), list)]
    return sum(1 + _elements_in(member, "Elements", "Bubbles") for members in lists for member in members)


def template_warnings(template: omr.Template) -> tuple[Problem, ...]:
    """Warnings about values that are allowed but probably not meant, each with its path and a recommendation."""
    return tuple(
        warning
        for page_index, page in enumerate(template.pages)
        for warning in _warnings(f"$.Pages[{page_index}]", page.elements)
    )


def _objects(owner: Mapping[str, Any], key: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a list, with their paths; nothing where there is no such list."""
    members = owner.get(key)
    for index, member in enumerate(members if isinstance(members, list) else ()):
        if isinstance(member, dict):
            yield f"{path}.{key}[{index}]", member


def _is_known(element: Mapping[str, Any]) -> bool:
    type_name = element.get("Type")
    return isinstance(type_name, str) and type_name in ELEMENT_SCHEMAS


def _element_problems(path: str, element: dict[str, Any], page: dict[str, Any], grids: int) -> Iterator[Problem]:
    if not _is_known(element):
        return
    yield from _outside(path, element, page, element)
    for bubble_path, bubble in _objects(element, "Bubbles", path):
        yield from _outside(bubble_path, bubble, page, element, "Bubble")
    if element["Type"] == "Grid":
        yield from _grid_problems(path, element, page, grids)


def _grid_problems(path: str, grid: dict[str, Any], page: dict[str, Any], grids: int) -> Iterator[Problem]:
    if grids == 0:
        yield Problem(path, f"grids nested at most {MOST_GRIDS} deep")
        return
    children = list(_objects(grid, "Elements", path))
    yield from _repeated_names(children)
    for child_path, element in children:
        yield from _element_problems(child_path, element, page, grids - 1)


def _outside(
    path: str, placed: dict[str, Any], page: dict[str, Any], sized: dict[str, Any], prefix: str = ""
) -> Iterator[Problem]:
    """What lies beyond the page's edges of a thing at `placed`, whose extents are those of `sized`."""
    for start_key, extent_key in _AXES:
        start, extent = as_number(placed.get(start_key)), as_number(sized.get(prefix + extent_key))
        edge = as_number(page.get(extent_key))
        if start is None or edge is None or edge <= 0:
            continue
        if not -OVERHANG <= start < edge:
            yield Problem(f"{path}.{start_key}", f"a number from 0 to the page's {extent_key}, {edge}, not {start}")
        elif extent is not None and start + extent > edge + OVERHANG:
            blamed = start_key if prefix else extent_key  # a bubble's extents stand in its box
            total = f"{start_key} + {prefix}{extent_key} of at most the page's {extent_key}"
            yield Problem(f"{path}.{blamed}", f"{total}, {edge}, not {round(start + extent, 3)}")


def _repeated_names(elements: list[tuple[str, dict[str, Any]]]) -> Iterator[Problem]:
    """Names that an element before has; the names of reference points and of unknown elements mean nothing."""
    first: dict[str, str] = {}
    for path, element in elements:
        name = element.get("Name")
        if not isinstance(name, str) or not name or not _is_known(element) or element["Type"] not in NAMED_TYPES:
            continue
        if name in first:
            yield Problem(f"{path}.Name", f"a unique name; {shown(name)} is also the name of {first[name]}")
        first.setdefault(name, path)


def _warnings(path: str, elements: tuple[omr.Element, ...]) -> Iterator[Problem]:
    for index, element in enumerate(elements):
        yield from _element_warnings(f"{path}.Elements[{index}]", element)


def _element_warnings(path: str, element: omr.Element) -> Iterator[Problem]:
    if isinstance(element, omr.UnknownElement):
        yield Problem(
            f"{path}.Type",
            f"one of {', '.join(ELEMENT_SCHEMAS)}; {shown(element.type)} is kept in the template but not read",
        )
        return
    if element.type in NAMED_TYPES and _AWKWARD_IN_NAMES.search(element.name or ""):
        advice = 'a name without < > : " | ? * and without spaces at its ends is recommended'
        yield Problem(
            f"{path}.Name", f"{advice}, because it becomes part of file names; this name is {shown(element.name)}"
        )
    if isinstance(element, omr.ClipArea) and element.jpeg_quality not in RECOMMENDED_QUALITY:
        yield Problem(
            f"{path}.JpegQuality", f"a quality from 30 to 99 is recommended; this one is {element.jpeg_quality}"
        )
    if isinstance(element, omr.ChoiceBox):
        yield from _bubble_warnings(path, element)
    if isinstance(element, omr.Grid):
        yield from _warnings(path, element.elements)


def _bubble_warnings(path: str, box: omr.ChoiceBox) -> Iterator[Problem]:
    for index, bubble in enumerate(box.bubbles):
        if bubble.value == "" or ":" in bubble.value:
            advice = "a value of at least one character, without a colon, is recommended"
            yield Problem(f"{path}.Bubbles[{index}].Value", f"{advice}, not {shown(bubble.value)}")
