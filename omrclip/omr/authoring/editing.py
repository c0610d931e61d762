"""Add, change and remove clip areas; each function returns a new Template and leaves the old one unchanged."""

from dataclasses import replace

from omrclip.errors import InvalidRequest, NameConflict, NotFound
from omrclip.omr.labels import element_path
from omrclip.omr.template import ClipArea, Element, Template

_MOST_PATHS = 9
"""Paths in the message about clip areas of one name."""


def clip_area_paths(template: Template) -> dict[str, ClipArea]:
    """Return the clip areas of all pages in template order, by JSON paths such as `$.Pages[0].Elements[3]`."""
    return {
        element_path(number, index): element
        for number, page in enumerate(template.pages, start=1)
        for index, element in enumerate(page.elements)
        if isinstance(element, ClipArea)
    }


def find_clip_area(template: Template, address: str) -> tuple[str, ClipArea]:
    """Return the clip area with a JSON path or a name, and its path.

    Raises:
        NotFound: no clip area has the path or name.
        NameConflict: several clip areas have the name.
    """
    areas = clip_area_paths(template)
    if address in areas:
        return address, areas[address]
    found = [path for path, area in areas.items() if area.name == address]
    if not found:
        raise NotFound(f"The template has no clip area named {address!r}.", element=address)
    if len(found) > 1:
        message = (
            f"{len(found)} clip areas are named {address!r}. Use a path instead: {', '.join(found[:_MOST_PATHS])}."
        )
        raise NameConflict(message, name=address)
    return found[0], areas[found[0]]


def add_clip_area(template: Template, area: ClipArea, page: int | None = None) -> Template:
    """Add an area after the last element of a page. The page number, from 1, may be omitted if there is one page.

    Raises:
        InvalidRequest: the page number is missing, or the template has no such page.
    """
    count = len(template.pages)
    number = 1 if page is None and count == 1 else page
    if number is None or not 1 <= number <= count:
        raise InvalidRequest.at("page", f"a page number from 1 to {count}")
    pages = list(template.pages)
    pages[number - 1] = replace(pages[number - 1], elements=(*pages[number - 1].elements, area))
    return replace(template, pages=tuple(pages))


def replace_clip_area(template: Template, address: str, area: ClipArea) -> Template:
    """Replace the area at an address; the new one may have another name. Raises the errors of `find_clip_area`."""
    return _with_elements_in_place_of(template, address, (area,))


def remove_clip_area(template: Template, address: str) -> Template:
    """Remove the area at an address. Raises the errors of `find_clip_area`."""
    return _with_elements_in_place_of(template, address, ())


def _with_elements_in_place_of(template: Template, address: str, areas: tuple[ClipArea, ...]) -> Template:
    wanted, _ = find_clip_area(template, address)
    pages = []
    for number, page in enumerate(template.pages, start=1):
        elements: list[Element] = []
        for index, element in enumerate(page.elements):
            elements += areas if element_path(number, index) == wanted else [element]
        pages.append(replace(page, elements=tuple(elements)))
    return replace(template, pages=tuple(pages))
