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


def filled(element: Element, values: Mapping[str, str]) -> Element:
    """An element with values instead of its placeholders. Raises KeyError if one is missing."""

    def fill(text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: values[found[1].strip()], text)

    attributes = {key: fill(value) if isinstance(value, str) else value for key, value in element.values.items()}
    children = tuple(filled(child, values) for child in element.children)
    return replace(element, name=fill(element.name), values=attributes, children=children)
