"""Placeholders `${key}` in a source, which a table of people fills in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from omrclip.omr.authoring.generation.vocabulary import Element

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")


def placeholders(elements: Sequence[Element]) -> Iterator[tuple[Element, str]]:
    """The keys in elements and in those inside them, each with its element."""
    for element in elements:
        yield from ((element, key) for key in _keys_in(element))
        yield from placeholders(element.children)


def _keys_in(element: Element) -> list[str]:
    """The keys in the texts of an element itself."""
    texts = [element.name, *(value for value in element.values.values() if isinstance(value, str))]
    return [found.strip() for text in texts for found in _PLACEHOLDER.findall(text)]


def without_placeholders(elements: Sequence[Element]) -> frozenset[int]:
    """`id` of the elements in which nothing is filled in, also not inside them."""
    inside = frozenset[int]().union(*(without_placeholders(element.children) for element in elements))
    return inside | {
        id(element)
        for element in elements
        if not _keys_in(element) and all(id(child) in inside for child in element.children)
    }


def filled(element: Element, values: Mapping[str, str], fixed: frozenset[int] = frozenset()) -> Element:
    """An element with values instead of its placeholders. Raises KeyError if one is missing.

    Args:
        element: with placeholders in its texts, and in those inside it.
        values: by the keys of the placeholders.
        fixed: what `without_placeholders` found. These elements stay the same objects.
    """
    if id(element) in fixed:
        return element

    def fill(text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: values[found[1].strip()], text)

    attributes = {key: fill(value) if isinstance(value, str) else value for key, value in element.values.items()}
    children = tuple(filled(child, values, fixed) for child in element.children)
    return replace(element, name=fill(element.name), values=attributes, children=children)
