"""Distinguishes elements with the same name: by a path for programs, and by a label for people."""

from collections.abc import Callable, Iterable

from omrclip.omr.report.file_names import shown_name
from omrclip.omr.template import Barcode, ChoiceBox, ClipArea, Grid, Page


def element_path(page: int, index: int) -> str:
    """The JSON path of an element of the page with this number from 1: `$.Pages[0].Elements[3]`."""
    return f"$.Pages[{page - 1}].Elements[{index}]"


def page_labels(page: Page) -> dict[int, str]:
    """The labels of a page's elements by their index: those that are read, in template order, then its clip areas.

    A label is the name on one line. The second element with a label gets ` (2)`, the third ` (3)`.
    """
    read = [index for index, element in enumerate(page.elements) if isinstance(element, ChoiceBox | Grid | Barcode)]
    cut = [index for index, element in enumerate(page.elements) if isinstance(element, ClipArea)]
    names = (shown_name(page.elements[index].name or "") for index in (*read, *cut))
    return dict(zip((*read, *cut), distinct(names, "{} ({})"), strict=True))


def distinct(names: Iterable[str], form: str, key: Callable[[str], str] = str) -> list[str]:
    """Return the names in their order, and number repeated names from 2.

    Args:
        names: any names.
        form: how a name and its number are joined, such as `{}_{}`.
        key: two names count as the same if their keys are equal. A number that gives an existing key is skipped.
    """
    names = list(names)
    given = {key(name) for name in names}
    taken: set[str] = set()
    following: dict[str, int] = {}
    result = []
    for name in names:
        chosen, first = name, key(name)
        while key(chosen) in taken or (chosen != name and key(chosen) in given):
            number = following.get(first, 2)
            following[first] = number + 1
            chosen = form.format(name, number)
        taken.add(key(chosen))
        result.append(chosen)
    return result
