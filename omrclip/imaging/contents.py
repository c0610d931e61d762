"""What a file says about a page besides its pixels: words, and the fields of a form. Only PDF files say something."""

from dataclasses import dataclass
from typing import Final

Word = tuple[str, float, float, float, float]
"""A word, and its left, top, right and bottom sides as parts of the width and height of the page."""

CHOICE: Final = "choice"
"""A checkbox or radio button."""
WRITING: Final = "writing"
"""A field to write in: text, a list to choose from, or a signature."""


@dataclass(frozen=True, slots=True)
class FormField:
    """A place of a field on a page. A field with several places, such as a group of radio buttons, has one name.

    Attributes:
        kind: CHOICE or WRITING.
        name: the full name of the field in the file, which may be empty.
        value: the export value of a checkbox or radio button.
        left, top, right, bottom: its sides as parts of the width and height of the page, as it is shown.
    """

    kind: str
    name: str
    value: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PageContents:
    """The words of a page, and the visible fields of a form on it, in the order of the file."""

    words: tuple[Word, ...] = ()
    fields: tuple[FormField, ...] = ()


NO_CONTENTS: Final = PageContents()
