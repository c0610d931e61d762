"""Adding, changing and removing clip areas: each gives a new Template and leaves the old one as it was."""

from dataclasses import replace

from omrclip.errors import InvalidRequest, NameConflict, NotFound
from omrclip.omr.labels import element_path
from omrclip.omr.template import ClipArea, Element, Template


def clip_area_paths(template: Template) -> dict[str, ClipArea]:
    """The clip areas of all pages in template order, by their JSON paths such as `$.Pages[0].Elements[3]`."""
    return {
        element_path(number, index): element
        for number, page in enumerate(template.pages, start=1)
        for index, element in enumerate(page.elements)
        if isinstance(element, ClipArea)
    }


def find_clip_area(template: Template, address: str) -> tuple[str, ClipArea]:
    """Return the clip area at a JSON path or of a name, and its path.

    Raises:
        NotFound: there is none.
        NameConflict: several have the name.
    """
    areas = clip_area_paths(template)
    if address in areas:
        return address, areas[address]
    found = [path for path, area in areas.items() if area.name == address]
    if not found:
        raise NotFound(f"The template has no clip area named {address!r}.", element=address)
    if len(found) > 1:
        message = f"{len(found)} clip areas are named {address!r}. Use a path instead: {', '.join(found[:9])}."
        raise NameConflict(message, name=address)
    return found[0], areas[found[0]]


def add_clip_area(template: Template, area: ClipArea, page: int | None = None) -> Template:
    """Add an area after the last element of a page (from 1). The number may be left out if there is one page.

    Raises:
        InvalidRequest: the page is missing or is none of the template's.
    """
    count = len(template.pages)
    number = 1 if page is None and count == 1 else page
    if number is None or not 1 <= number <= count:
        expected = f"a page number from 1 to {count}"
        raise InvalidRequest(f"page: expected {expected}", fields=[{"path": "page", "expected": expected}])
    pages = list(template.pages)
    pages[number - 1] = replace(pages[number - 1], elements=(*pages[number - 1].elements, area))
    return replace(template, pages=tuple(pages))


def replace_clip_area(template: Template, address: str, area: ClipArea) -> Template:
    """Put an area in the place of the one at an address; it may have another name. Raises as `find_clip_area`."""
    return _with_elements_in_place_of(template, address, (area,))


def remove_clip_area(template: Template, address: str) -> Template:
    """Take out the area at an address. Raises as `find_clip_area`."""
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
