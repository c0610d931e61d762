"""What a source says, before it is known whether it makes sense: nodes with attributes, and mistakes.

Lines and columns are counted from 1, in characters. A tab is one character.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

SHOWN = 40
"""Letters of the source that a message repeats at most."""
MOST_LEVELS = 20
"""Elements inside each other. The deepest known form has 6 levels."""
TOO_DEEP = f"The elements are nested too deep. A form needs fewer than {MOST_LEVELS} levels."


@dataclass(frozen=True, slots=True)
class At:
    """A place in a source."""

    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at a place of a source, and what to write there."""

    at: At
    told: str

    def __str__(self) -> str:
        return f"{self.at}: {self.told}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """The text of an attribute, and where its key is."""

    text: str
    at: At


@dataclass(frozen=True, slots=True)
class Node:
    """An element as it is written. `name` is the text after `=`; `ignores_unknown` as JSON does."""

    kind: str
    name: str
    at: At
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    children: tuple["Node", ...] = ()
    ignores_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """The top level nodes of a source, its mistakes in the order of their lines, and what has no effect."""

    nodes: tuple[Node, ...]
    mistakes: tuple[Mistake, ...] = ()
    warnings: tuple[Mistake, ...] = ()


@dataclass(slots=True)
class Open:
    """A node that is still being read."""

    kind: str
    name: str
    at: At
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: list["Open"] = field(default_factory=list)

    def closed(self) -> Node:
        """The node with its children, all complete."""
        children = tuple(child.closed() for child in self.children)
        return Node(self.kind, self.name, self.at, self.attributes, children)
