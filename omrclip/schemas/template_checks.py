"""Checks of a template as a whole: positions on the page, nested grids, and warnings such as repeated names.

The checks read the document instead of the model, so that elements with other problems are checked too and all problems
are reported at once. Numbers and types that a schema refuses are skipped here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from omrclip.errors import LimitExceeded, Problem
from omrclip.limits import Limits
from omrclip.omr import template as omr
from omrclip.omr.labels import element_path
from omrclip.schemas.documents import shown
from omrclip.schemas.elements import ELEMENT_SCHEMAS, NAMED_TYPES, REFERENCE_POINT_TYPES, kind_of
from omrclip.schemas.fields import as_number

MOST_GRIDS = 8
# half a pixel for rounding, and the error of floating-point addition
OVERHANG = 0.5 + 1e-6
RECOMMENDED_QUALITY = range(30, 100)
_LISTS = ("Elements", "Bubbles", "Questions", "ScoreAnswers")
_AXES = (("Left", "Width"), ("Top", "Height"))
_AWKWARD_IN_NAMES = re.compile(r'[<>:"|?*/\\\x00-\x1f\x7f-\x9f\u2028\u2029]|^\s|\s$')
# File systems allow 255 bytes, and the name of the scan is added.
MOST_NAME_BYTES = 200
# Elements that are read or cut out as a whole. Of other elements only the bubbles are read.
_SEEN_AS_A_WHOLE = frozenset({"Barcode", "BarcodeDownloadable", "ClipArea", *REFERENCE_POINT_TYPES})


def document_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems between the parts of a whole document."""
    for page_path, page in _objects(document, "Pages", "$"):
        for path, element in _objects(page, "Elements", page_path):
            yield from _element_problems(path, element, page, MOST_GRIDS)


def check_elements(document: object, limits: Limits) -> None:
    """Raise LimitExceeded if a document has more elements than allowed, valid or not."""
    if _elements_in(document, "Pages") > limits.max_elements:
        raise LimitExceeded(
            f"The template has more than the {limits.max_elements:,} elements and bubbles allowed.",
            limit="max_elements",
            maximum=limits.max_elements,
        )


def _elements_in(owner: object, *keys: str) -> int:
    """The number of members of the lists under `keys`, including nested lists of elements and bubbles."""
    if not isinstance(owner, dict):
        return len(owner) if isinstance(owner, list) else 0
    lists = [owner[key] for key in keys if isinstance(owner.get(key), list)]
    return sum(1 + _elements_in(member, *_LISTS) for members in lists for member in members)


def template_warnings(template: omr.Template) -> tuple[Problem, ...]:
    """Warnings about values that are allowed but probably not meant, each with its path and a recommendation."""
    warnings: list[Problem] = []
    for path, page, element in _placed_on(template.pages):
        warnings += _warnings(path, element, page)
        if isinstance(element, omr.ClipArea):
            warnings += _quality_warnings(path, element, is_generated=bool(template.is_generated))
    on_each_page = {omr.PAGE_CODE, template.booklet_by}
    named = ((path, element) for path, _, element in _placed_on(template.pages) if element.name not in on_each_page)
    warnings += _repeated_names(named)
    return tuple(warnings)


def _placed_on(pages: Sequence[omr.Page]) -> Iterator[tuple[str, omr.Page, omr.Element]]:
    """The elements of all pages, each with its path and its page."""
    for number, page in enumerate(pages, start=1):
        for index, element in enumerate(page.elements):
            yield element_path(number, index), page, element


def _objects(owner: Mapping[str, Any], key: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a list with their paths. Empty if there is no such list."""
    members = owner.get(key)
    for index, member in enumerate(members if isinstance(members, list) else ()):
        if isinstance(member, dict):
            yield f"{path}.{key}[{index}]", member


def _kind(element: Mapping[str, Any]) -> str | None:
    """The type as which an element is loaded. None for an unknown type."""
    type_name = element.get("Type")
    kind = kind_of(type_name) if isinstance(type_name, str) else None
    return kind if kind in ELEMENT_SCHEMAS else None


def _element_problems(path: str, element: dict[str, Any], page: dict[str, Any], grids: int) -> Iterator[Problem]:
    kind = _kind(element)
    if kind is None:
        return
    if kind in _SEEN_AS_A_WHOLE:
        yield from _off_page(path, element, page)
    for box_path, box in _boxes(path, element):
        for bubble_path, bubble in _bubbles(box_path, box):
            yield from _outside(bubble_path, bubble, page, box)
    if kind == "Grid":
        yield from _grid_problems(path, element, page, grids)


def _boxes(path: str, element: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The element, and the parts of a ScoreGroup that contain bubbles."""
    yield path, element
    for question_path, question in _objects(element, "Questions", path):
        yield from _objects(question, "ScoreAnswers", question_path)


def _bubbles(path: str, box: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The bubbles of a box, including those in one list for each symbol."""
    yield from _objects(box, "Bubbles", path)
    symbols = box.get("Bubbles")
    for number, symbol in enumerate(symbols if isinstance(symbols, list) else ()):
        for index, bubble in enumerate(symbol if isinstance(symbol, list) else ()):
            if isinstance(bubble, dict):
                yield f"{path}.Bubbles[{number}][{index}]", bubble


def _grid_problems(path: str, grid: dict[str, Any], page: dict[str, Any], grids: int) -> Iterator[Problem]:
    if grids == 0:
        yield Problem(path, f"grids nested at most {MOST_GRIDS} deep")
        return
    for child_path, element in _objects(grid, "Elements", path):
        yield from _element_problems(child_path, element, page, grids - 1)


def _off_page(path: str, element: dict[str, Any], page: dict[str, Any]) -> Iterator[Problem]:
    """The problem of an element that is completely outside the page."""
    for start_key, extent_key in _AXES:
        start, extent, edge = (
            as_number(number) for number in (element.get(start_key), element.get(extent_key), page.get(extent_key))
        )
        if start is None or edge is None or edge <= 0:
            continue
        if start >= edge or (extent is not None and 0 < extent <= -start):
            yield Problem(f"{path}.{start_key}", f"a number from 0 to the page's {extent_key}, {edge}, not {start}")


def _outside(path: str, bubble: dict[str, Any], page: dict[str, Any], box: dict[str, Any]) -> Iterator[Problem]:
    """The problem of a bubble that is partly or completely outside the page. Its box defines its width and height."""
    for start_key, extent_key in _AXES:
        start, extent = as_number(bubble.get(start_key)), as_number(box.get(f"Bubble{extent_key}"))
        edge = as_number(page.get(extent_key))
        if start is None or edge is None or edge <= 0:
            continue
        if not -OVERHANG <= start < edge:
            yield Problem(f"{path}.{start_key}", f"a number from 0 to the page's {extent_key}, {edge}, not {start}")
        elif extent is not None and start + extent > edge + OVERHANG:
            total = f"{start_key} + Bubble{extent_key} of at most the page's {extent_key}"
            yield Problem(f"{path}.{start_key}", f"{total}, {edge}, not {round(start + extent, 3)}")


def _repeated_names(elements: Iterable[tuple[str, omr.Element]]) -> Iterator[Problem]:
    """Warnings about repeated names. Names of triggers, reference points and unknown elements have no use."""
    first: dict[str, str] = {}
    for path, element in elements:
        if isinstance(element, omr.Grid):
            yield from _repeated_names(_children(path, element))
        if not element.name or element.type not in NAMED_TYPES or isinstance(element, omr.ReplaceTrigger):
            continue
        if element.name in first:
            yield Problem(
                f"{path}.Name", f"a unique name; {shown(element.name)} is also the name of {first[element.name]}"
            )
        first.setdefault(element.name, path)


def _children(path: str, grid: omr.Grid) -> list[tuple[str, omr.Element]]:
    return [(f"{path}.{grid.members}[{index}]", child) for index, child in enumerate(grid.elements)]


def _warnings(path: str, element: omr.Element, page: omr.Page) -> Iterator[Problem]:
    if isinstance(element, omr.UnknownElement):
        yield Problem(f"{path}.Type", f"one of {', '.join(ELEMENT_SCHEMAS)}. {omr.unread_type(element.type)}")
        return
    yield from _overhang_warnings(path, element, page)
    if element.type in NAMED_TYPES:
        yield from _name_warnings(f"{path}.Name", element.name or "")
    if isinstance(element, omr.ReplaceTrigger):
        yield from _target_warnings(path, element, page)
    elif isinstance(element, omr.ChoiceBox):
        yield from _bubble_warnings(f"{path}.Bubbles", element)
    elif isinstance(element, omr.CompositeGrid):
        for symbol_path, symbol in _children(path, element):
            yield from _bubble_warnings(symbol_path, symbol)
    elif isinstance(element, omr.Grid):
        for child_path, child in _children(path, element):
            yield from _warnings(child_path, child, page)


def _overhang_warnings(path: str, element: omr.PlacedElement, page: omr.Page) -> Iterator[Problem]:
    """Warnings about a box that extends beyond the page. The part on the page is read or cut out."""
    for (start_key, extent_key), start, extent, edge in zip(
        _AXES, (element.left, element.top), (element.width, element.height), (page.width, page.height), strict=True
    ):
        if start < -OVERHANG:
            yield Problem(f"{path}.{start_key}", f"a number from 0 to the page's {extent_key}, {edge}, not {start}")
        if start + extent > edge + OVERHANG:
            total = f"{start_key} + {extent_key} of at most the page's {extent_key}"
            yield Problem(f"{path}.{extent_key}", f"{total}, {edge}, not {round(start + extent, 3)}")


def _name_warnings(path: str, name: str) -> Iterator[Problem]:
    if _AWKWARD_IN_NAMES.search(name):
        advice = (
            'a name without / \\ < > : " | ? * and control characters, and without spaces at its ends is recommended'
        )
        yield Problem(path, f"{advice}, because it becomes part of file names; this name is {shown(name)}")
    if len(name.encode("utf-8", "replace")) > MOST_NAME_BYTES:
        yield Problem(path, f"a name of at most {MOST_NAME_BYTES} bytes is recommended; file names shorten longer ones")


def _quality_warnings(path: str, area: omr.ClipArea, *, is_generated: bool) -> Iterator[Problem]:
    """Warnings about unusual qualities. Generators write 0 if no quality was chosen."""
    if area.jpeg_quality not in RECOMMENDED_QUALITY and not (is_generated and area.jpeg_quality == 0):
        advice = f"a quality from 30 to 99 is recommended; this one is {area.jpeg_quality}"
        yield Problem(f"{path}.JpegQuality", advice)


def _target_warnings(path: str, trigger: omr.ReplaceTrigger, page: omr.Page) -> Iterator[Problem]:
    """Warnings about a trigger whose target is not exactly one element of its page. Its mark replaces nothing."""
    targets = [element for element in page.elements if element.name == trigger.target and omr.is_target(element)]
    if len(targets) != 1:
        found = "nothing" if not targets else f"{len(targets)} elements"
        yield Problem(f"{path}.Target", f"the name of one element of the page; {shown(trigger.target)} names {found}")


def _bubble_warnings(path: str, box: omr.Element) -> Iterator[Problem]:
    for index, bubble in enumerate(box.bubbles if isinstance(box, omr.ChoiceBox) else ()):
        if bubble.value == "" or ":" in bubble.value:
            advice = "a value of at least one character, without a colon, is recommended"
            yield Problem(f"{path}[{index}].Value", f"{advice}, not {shown(bubble.value)}")
