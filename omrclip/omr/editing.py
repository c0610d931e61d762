"""Adding, changing and removing clip areas: each gives a new Template and leaves the old one as it was."""

from dataclasses import replace

from omrclip.errors import InvalidRequest, NotFound
from omrclip.omr.template import ClipArea, Page, Template


def find_clip_area(template: Template, name: str) -> ClipArea:
    """The clip area of this name, on whichever page; raises NotFound."""
    for area in template.clip_areas:
        if area.name == name:
            return area
    raise NotFound(f"The template has no clip area named {name!r}.", element=name)


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


def replace_clip_area(template: Template, name: str, area: ClipArea) -> Template:
    """Put an area in the place of the one named; it may bear another name. Raises NotFound."""
    return _with_elements_in_place_of(template, name, (area,))


def remove_clip_area(template: Template, name: str) -> Template:
    """Take the named area out. Raises NotFound."""
    return _with_elements_in_place_of(template, name, ())


def _with_elements_in_place_of(template: Template, name: str, areas: tuple[ClipArea, ...]) -> Template:
    old = find_clip_area(template, name)

    def edited(page: Page) -> Page:
        position = next((i for i, element in enumerate(page.elements) if element is old), None)
        if position is None:
            return page
        return replace(page, elements=(*page.elements[:position], *areas, *page.elements[position + 1 :]))

    return replace(template, pages=tuple(edited(page) for page in template.pages))
