"""Names and values from the text of a page: numbers and labels beside fields, and letters in bubbles."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from omrclip.omr.authoring.detection.page import Detection, Proposal
from omrclip.omr.template import ChoiceBox, ClipArea, Element, Grid, Place

NUMBER = re.compile(r"(\d{1,3})[.):]?$")
"""The number of a question as it is printed."""
MOST_LETTERS = 40
"""Letters of a name that is taken from a label."""
SAME_PHRASE = 1.2
"""White space between words of one label, in heights of a word."""
ABOVE = 2.5
"""Distance of a label above a box or question, in heights of a word."""
BELOW = 1.5
"""Distance of a label below a line to write on, in heights of a word: it stands at the line."""
BESIDE_BOX = (0.5, 1.1)
"""Top and bottom, in heights of a box to write in, of the band in which the middle of its label is: people write above
a line, and labels stand on it."""
CELL_GAP = 0.3
"""Distance of two cells that stand on each other, and difference of their sides, in heights of a cell."""
INDENT = 4.5
"""How far right of its question a bubble begins at most, in heights of a word."""
MOST_IN_BUBBLE = 3
"""Letters that are printed in a bubble at most."""


@dataclass(frozen=True, slots=True)
class Word:
    """A printed word: its text, and its sides in pixels of the page."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def y(self) -> float:
        """The middle of its height."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """Its height."""
        return self.bottom - self.top


def with_names(detection: Detection, words: Sequence[Word], known: Collection[str] = ()) -> Detection:
    """Name the fields and clip areas of a page by its text, where a label is beside them.

    All names stay different, and none is one of the known names. Rows whose printed numbers were not read are counted
    from those that were: otherwise the count of the rows, which is their name, would look like a printed number.
    """
    elements = [proposal.element for proposal in detection.proposals]
    bubbles = [place for field in detection.fields for place in bubble_places(field)]
    free = [word for word in words if any(map(str.isalnum, word.text)) and not _is_in_one(word, bubbles)]
    beside = [_within(element, free) or _beside(element, free) for element in elements]
    # What stands beside another row is no label of the row below it.
    others = [word for word in free if not any(word in label for label in beside)]
    labels = [
        _named(label or _above(element, others) or _below(element, others))
        for element, label in zip(elements, beside, strict=True)
    ]
    labels = _counted(elements, _with_headings(elements, beside, labels, free))
    taken = set(known)
    proposals = []
    for proposal, label in zip(detection.proposals, labels, strict=True):
        element = _with_values(proposal.element, words)
        # A printed name is that of its own row, not of a row before it that is only counted.
        name = free_name(label, taken) if label else free_name(str(getattr(element, "name", "")), {*taken, *labels})
        taken.add(name)
        renamed: Element = replace(element, name=name) if isinstance(element, ChoiceBox | Grid | ClipArea) else element
        proposals.append(Proposal(renamed, proposal.confidence))
    return replace(detection, proposals=tuple(proposals))


def _with_headings(
    elements: Sequence[Element], beside: Sequence[list[Word]], labels: Sequence[str], words: Sequence[Word]
) -> list[str]:
    """The labels, with the heading of its column for a cell without one, or whose row has several cells."""
    cells = [element for element in elements if isinstance(element, ClipArea)]
    named = []
    for element, row, label in zip(elements, beside, labels, strict=True):
        if isinstance(element, ClipArea) and (not label or (row and list(beside).count(row) > 1)):
            heading = _named(_above(_top_of_column(element, cells), words))
            named.append(f"{label} {heading}".strip()[:MOST_LETTERS].strip())
        else:
            named.append(label)
    return named


def _top_of_column(cell: ClipArea, cells: Sequence[ClipArea]) -> ClipArea:
    """The first of the cells of equal width that stand on each other above a cell, or the cell itself."""
    near = CELL_GAP * cell.height
    for other in cells:
        is_column = abs(other.left - cell.left) < near and abs(other.width - cell.width) < near
        if is_column and other.top < cell.top and abs(other.top + other.height - cell.top) < near:
            return _top_of_column(other, cells)
    return cell


def _counted(elements: Sequence[Element], labels: Sequence[str]) -> list[str]:
    """The labels, with a number for rows without one if all printed numbers are as far from the counts of the rows."""
    counts = [
        int(element.name) if isinstance(element, ChoiceBox) and element.name and element.name.isdecimal() else None
        for element in elements
    ]
    beyond = {int(label) - count for count, label in zip(counts, labels, strict=True) if count and label.isdecimal()}
    if len(beyond) != 1:
        return list(labels)
    (more,) = beyond
    return [
        str(count + more) if not label and count and count + more > 0 else label
        for count, label in zip(counts, labels, strict=True)
    ]


def free_name(name: str, taken: Collection[str]) -> str:
    """A name that is not taken: the name itself, or with the next number behind it."""
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _is_in_one(word: Word, places: Sequence[Place]) -> bool:
    x, y = (word.left + word.right) / 2, word.y
    return any(left <= x <= left + width and top <= y <= top + height for left, top, width, height in places)


def bubble_places(field: Element) -> list[Place]:
    """The places of the bubbles of a choice box or grid; none of other elements."""
    if isinstance(field, Grid):
        return [place for child in field.elements for place in bubble_places(child)]
    if not isinstance(field, ChoiceBox):
        return []
    return [(bubble.left, bubble.top, field.bubble_width, field.bubble_height) for bubble in field.bubbles]


def _with_values(element: Element, words: Sequence[Word]) -> Element:
    """Take the values of bubbles from the letters in them, if each has one and all differ."""
    if isinstance(element, Grid):
        return replace(element, elements=tuple(_with_values(child, words) for child in element.elements))
    if not isinstance(element, ChoiceBox):
        return element
    values = [_inside(place, words) for place in bubble_places(element)]
    if not all(values) or len(set(values)) < len(values):
        return element
    bubbles = zip(element.bubbles, values, strict=True)
    return replace(element, bubbles=tuple(replace(bubble, value=value) for bubble, value in bubbles))


def _inside(place: Place, words: Sequence[Word]) -> str:
    left, top, width, height = place
    found = [
        word.text
        for word in words
        if left <= word.left and word.right <= left + width and top <= word.y <= top + height
    ]
    return found[0] if len(found) == 1 and found[0].isalnum() and len(found[0]) <= MOST_IN_BUBBLE else ""


def _within(element: Element, words: Sequence[Word]) -> list[Word]:
    """The first line of the label in a box to write in."""
    if not isinstance(element, ClipArea):
        return []
    left, top, width, height = element.place
    inside = [
        word for word in words if left <= word.left and word.right <= left + width and top <= word.y <= top + height
    ]
    if not inside:
        return []
    first = min(inside, key=lambda word: word.y)
    line = [word for word in inside if word.y - first.y < 0.5 * first.height]
    return _up_to_wide_space(sorted(line, key=lambda word: word.left))


def _beside(element: Element, words: Sequence[Word]) -> list[Word]:
    """The label at the left of an element on its first row."""
    if isinstance(element, ChoiceBox | Grid):
        left, top, _, height = bubble_places(element)[0]
        row = (top, top + height)
    elif isinstance(element, ClipArea):
        left, top, _, height = element.place
        row = (top + BESIDE_BOX[0] * height, top + BESIDE_BOX[1] * height)
    else:
        return []
    beside = [word for word in words if row[0] <= word.y <= row[1] and word.right <= left + word.height]
    return _phrase(beside) if beside else []


def _above(element: Element, words: Sequence[Word]) -> list[Word]:
    """The label in the line above an element."""
    if isinstance(element, ChoiceBox | Grid):
        left, top, _, _ = bubble_places(element)[0]
    elif isinstance(element, ClipArea):
        left, top, _, _ = element.place
    else:
        return []
    return _line_above(left, top, words)


def _below(element: Element, words: Sequence[Word]) -> list[Word]:
    """The label below a line to write on."""
    if not isinstance(element, ClipArea):
        return []
    left, top, width, height = element.place
    below = [
        word
        for word in words
        if 0 < word.y - top - height < BELOW * word.height and left <= word.left and word.right <= left + width
    ]
    return _up_to_wide_space(sorted(below, key=lambda word: word.left)) if below else []


def _line_above(left: float, top: float, words: Sequence[Word]) -> list[Word]:
    """The words of the line above a place that begins at its left side, or a little further left."""
    above = [
        word
        for word in words
        if word.y < top and top - word.y < ABOVE * word.height and word.left > left - INDENT * word.height
    ]
    starts = [word for word in above if word.left < left + INDENT * word.height]
    if not starts:
        return []
    lowest = max(starts, key=lambda word: word.y)
    line = [word for word in words if abs(word.y - lowest.y) < 0.5 * lowest.height]
    right = _up_to_wide_space(sorted((word for word in line if word in above), key=lambda word: word.left))
    before = [word for word in line if word.left < right[0].left]
    # The phrase may begin further left.
    return [*_phrase([*before, right[0]])[:-1], *right]


def _up_to_wide_space(words: Sequence[Word]) -> list[Word]:
    """The first words, from left to right."""
    phrase = [words[0]]
    for word in words[1:]:
        if word.left - phrase[-1].right > SAME_PHRASE * word.height:
            break
        phrase.append(word)
    return phrase


def _phrase(words: Sequence[Word]) -> list[Word]:
    """The words of the label that ends last, up to the next wide space at their left."""
    ordered = sorted(words, key=lambda word: word.left)
    phrase = [ordered[-1]]
    for word in reversed(ordered[:-1]):
        if phrase[0].left - word.right > SAME_PHRASE * word.height:
            break
        phrase.insert(0, word)
    return phrase


def _named(words: Sequence[Word]) -> str:
    """The number that begins a label, else its letters and digits."""
    ordered = sorted(words, key=lambda word: word.left)
    if not ordered:
        return ""
    number = NUMBER.match(ordered[0].text)
    if number:
        return number[1]
    text = " ".join("".join(filter(str.isalnum, word.text)) for word in ordered)
    return " ".join(text.split())[:MOST_LETTERS].strip()
