"""Checks Nodes against the vocabulary: they become Elements, or mistakes and warnings with their places.

An attribute that no element has is a mistake, because it is usually misspelt. One that only other elements have is a
warning: real sources contain many, and they have no effect.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from unicodedata import category

from omrclip.omr.authoring.generation.nodes import SHOWN, At, Mistake, Node, Parsed
from omrclip.omr.authoring.generation.vocabulary import (
    ATTRIBUTES,
    CODE_COLUMNS,
    IGNORED,
    KINDS,
    NOT_BUILT,
    TOP,
    Element,
    Kind,
    most_like,
)

_MISSPELT = 0.85
"""Similarity from which a property of JSON is probably misspelt: one letter of ten differs. Others are ignored."""
_UNPRINTABLE = ("Cc", "Cs")
"""Categories of Unicode that are no text: control characters, and halves of surrogate pairs (in JSON)."""
_LINE_ENDS = ("\n", "\r", "\t")
_QUOTES = frozenset("\"'“”„‘’«»")
MOST_LETTERS = 2_000
"""Letters of one text. A page of print has about 3,000."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Elements, and what is wrong with the Nodes. With mistakes the elements are not complete."""

    elements: tuple[Element, ...]
    mistakes: tuple[Mistake, ...]
    warnings: tuple[Mistake, ...]


def check(parsed: Parsed) -> Checked:
    """Turn Nodes into Elements. Finds all mistakes, those of parsing included."""
    checker = _Checker()
    elements = tuple(
        element for node in parsed.nodes if (element := checker.element(node, "", TOP | {"page"})) is not None
    )
    pages = [node.kind == "page" for node in parsed.nodes]
    if any(pages) and not all(pages):
        stray = parsed.nodes[pages.index(False)]
        checker.mistakes.append(
            Mistake(stray.at, f"?{stray.kind}= stands outside the pages. Move it between a ?page= and its &page.")
        )
    if not parsed.nodes and not parsed.mistakes:
        checker.mistakes.append(
            Mistake(At(1), "The form is empty. Write elements, such as ?text=Title or ?answer_sheet=Q.")
        )
    both = sorted({*parsed.mistakes, *checker.mistakes}, key=lambda one: (one.at.line, one.at.column, one.told))
    return Checked(elements, tuple(both), (*parsed.warnings, *checker.warnings))


class _Checker:
    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.warnings: list[Mistake] = []

    def element(self, node: Node, parent: str, allowed: frozenset[str]) -> Element | None:
        """The element of a node. None if it is ignored."""
        kind = KINDS[node.kind]
        if node.kind not in allowed:
            self.mistakes.append(Mistake(node.at, _misplaced(node.kind, parent, allowed)))
        if node.kind in IGNORED:
            self.warnings.append(Mistake(node.at, f"?{node.kind}= is left out: {IGNORED[node.kind]}"))
            return None
        if len(node.name) > MOST_LETTERS:
            self.mistakes.append(
                Mistake(node.at, f"The text is longer than {MOST_LETTERS:,} letters. Write it as several.")
            )
        self._check_letters(node.name, node.at)
        if node.kind != "barcode":  # codes may hold any bytes
            for attribute in node.attributes.values():
                self._check_letters(attribute.text, attribute.at)
        values = self._values(node, kind)
        contents = kind.contents if kind.contents is not None else frozenset()
        children = [child for one in node.children if (child := self.element(one, node.kind, contents)) is not None]
        made = Element(node.kind, node.name, node.at, values, tuple(children))
        self.mistakes += [Mistake(at, told) for at, told in _inconsistent(made)]
        return made

    def _check_letters(self, text: str, at: At) -> None:
        found = next((one for one in text if category(one) in _UNPRINTABLE and one not in _LINE_ENDS), None)
        if found is not None:
            told = f"The text has the control character U+{ord(found):04X}. Remove it, or write another letter."
            self.mistakes.append(Mistake(at, told))

    def _values(self, node: Node, kind: Kind) -> dict[str, Any]:
        values = {}
        for name, attribute in node.attributes.items():
            read = kind.attributes.get(name)
            if read is None:
                self._unknown(name, attribute.at, node)
                continue
            if name in NOT_BUILT:
                self.warnings.append(Mistake(attribute.at, f"{name} has no effect in omrclip."))
            try:
                values[name] = read(attribute.text)
            except ValueError as error:
                told = f'{name} is not "{attribute.text[:SHOWN]}". Write {error}.'
                if attribute.text[:1] in _QUOTES:
                    told = f"{name} is in quotation marks. Write {error}, without them."
                self.mistakes.append(Mistake(attribute.at, told))
        for name in kind.needed:
            if not node.attributes.get(name) or not node.attributes[name].text:
                told = f"?{node.kind}= needs {name}. Write {name}=… on a line below it that begins with a tab."
                self.mistakes.append(Mistake(node.at, told))
        return values

    def _unknown(self, name: str, at: At, node: Node) -> None:
        if node.ignores_unknown:
            near = difflib.get_close_matches(name, KINDS[node.kind].attributes, n=1, cutoff=_MISSPELT)
            if near and near[0] not in node.attributes:
                self.warnings.append(Mistake(at, f'"{name[:SHOWN]}" has no effect. Write {near[0]}.'))
            return
        if name in ATTRIBUTES:
            self.warnings.append(Mistake(at, f"{name} has no effect on ?{node.kind}=."))
        else:
            known = KINDS[node.kind].attributes or ATTRIBUTES
            self.mistakes.append(Mistake(at, f'"{name[:SHOWN]}" is no attribute. {most_like(name, known)}'))


def _misplaced(kind: str, parent: str, allowed: frozenset[str]) -> str:
    place = f"in ?{parent}=" if parent else "at the top of a form"
    homes = sorted(name for name, one in KINDS.items() if one.contents is not None and kind in one.contents)
    if kind == "text" and "content" in allowed:
        return f"?text= may not stand {place}. Write ?content= there."
    if not homes:
        return f"?{kind}= may not stand {place}. Write it behind the &{parent}."
    return f"?{kind}= may not stand {place}. Put it into {' or '.join(f'?{home}=' for home in homes[:3])}."


_Rule: TypeAlias = Callable[[Element], list[tuple[At, str]]]


def _inconsistent(element: Element) -> list[tuple[At, str]]:
    """The rules between an element, its name and its children."""
    rule = _RULES.get(element.kind)
    return list(rule(element)) if rule is not None else []


def _image(element: Element) -> list[tuple[At, str]]:
    return [] if element.name else [(element.at, "?image= needs the name of a file. Write ?image=logo.png.")]


def _named(element: Element) -> list[tuple[At, str]]:
    told = f"?{element.kind}= needs a name, under which its answer is reported. Write ?{element.kind}=Name."
    return [] if element.name else [(element.at, told)]


def _group(element: Element) -> list[tuple[At, str]]:
    told = "?input_group= has exactly two ?content= in it, a label and a value."
    return [] if len(element.children) == 2 else [(element.at, told)]


def _columns(element: Element) -> list[tuple[At, str]]:
    parts = element.values.get("columns_proportions")
    count = len(parts) if parts else element.values.get("columns_count", 1)
    return [
        (
            child.at,
            f"column={child.values['column']} is beyond the {count} columns of the container. Write 1 to {count}.",
        )
        for child in element.children
        if child.values.get("column", 1) > count
    ]


def _filled(child: str) -> _Rule:
    def rule(element: Element) -> list[tuple[At, str]]:
        if any(one.kind == child for one in element.children):
            return _named(element)
        return [(element.at, f"?{element.kind}= has no answers. Write ?{child}= in it for each.")]

    return rule


def _options(element: Element) -> list[tuple[At, str]]:
    seen: set[str] = set()
    found = []
    for child in element.children:
        value = str(child.values.get("bubble_value", ""))
        if value and value in seen:
            found.append(
                (child.at, f'The answer "{value}" occurs twice in this question. Give each answer another letter.')
            )
        seen.add(value)
    return found


def _valued(element: Element) -> list[tuple[At, str]]:
    if "" not in element.values.get("answers_list", ()):
        return []
    return [(element.at, "answers_list has () without a value, so a mark would report nothing. Write (A)(B)(C).")]


def _sheet(element: Element) -> list[tuple[At, str]]:
    return [*_named(element), *_valued(element)]


def _boxes(element: Element) -> list[tuple[At, str]]:
    told = "This box has no text, which is what a mark reports. Write ?content=Text."
    return [*_filled("content")(element), *((one.at, told) for one in element.children if not one.name)]


def _reported(element: Element) -> list[tuple[At, str]]:
    answers, reported = (element.values.get(key) for key in ("answers_list", "recogintion_values"))
    if not answers or not reported or len(answers) == len(reported):
        return _valued(element)
    told = f"recogintion_values has {len(reported)} values for {len(answers)} answers. Write one for each."
    return [(element.at, told)]


def _composite(element: Element) -> list[tuple[At, str]]:
    extra, count = element.values.get("extra_row", ()), element.values.get("columns_count", CODE_COLUMNS)
    found = _named(element)
    if extra and len(extra) < count:
        found.append(
            (element.at, f"extra_row has {len(extra)} groups for {count} columns. Write one for each, () for none.")
        )
    elif not any(element.values.get("values", ("A",))):
        empty = [at for at in range(count) if not any(extra[at::count])]
        told = "has no value, so there is nothing to mark. Write values in brackets: (A)(B)(C)."
        found += [(element.at, f"Column {empty[0] + 1} {told}")] if empty else []
    return found


def _custom(element: Element) -> list[tuple[At, str]]:
    columns = len(element.values.get("row_proportions", ()))
    told = f"The row needs {columns} children. Write one for each width of row_proportions."
    found = [
        (row.at, told)
        for row in element.children
        if columns and row.kind == "custom_row" and len(row.children) != columns
    ]
    rows = [child for child in element.children if child.kind == "custom_row"]
    if not rows:
        found.append(
            (element.at, "?custom_answer_sheet= has no ?custom_row= in it. Write one with a child for each column.")
        )
    found += [
        (row.at, "There is a ?custom_row= already, which describes all rows. Remove this one.") for row in rows[1:]
    ]
    return found + _named(element)


def _table(element: Element) -> list[tuple[At, str]]:
    found = []
    count = element.values.get("answers_count", 0)
    for header in element.children:
        answers = [one for one in header.children if one.kind == "answer_value"]
        if header.kind == "table_header" and len(answers) != count:
            found.append(
                (
                    header.at,
                    f"The header has {len(answers)} ?answer_value= for answers_count={count}. Write as many of them.",
                )
            )
    if not any(one.kind == "question" for one in element.children):
        found.append((element.at, "?table= has no rows. Write ?question= in it for each."))
    return found


def _score_question(element: Element) -> list[tuple[At, str]]:
    headers = [one for one in element.children if one.kind == "score_header"]
    columns = len(element.values.get("row_proportions", ()))
    if not any(one.kind == "score_answer" for one in element.children):
        return [(element.at, "?score_question= has no rows. Write ?score_answer= in it for each.")]
    if not any(one.values.get("header_type") in ("positive", "negative") for one in headers):
        told = "?score_question= has nothing to mark. Write ?score_header= with header_type=positive for each answer."
        return [(element.at, told)]
    if columns and len(headers) != columns - 1:
        return [
            (
                element.at,
                f"?score_question= has {len(headers)} ?score_header= for {columns} columns. "
                f"Write {columns - 1}, one less than widths.",
            )
        ]
    return []


_RULES: dict[str, _Rule] = {
    "image": _image,
    "answer_sheet": _sheet,
    "grid": _named,
    "composite_grid": _composite,
    "bubble_array": _reported,
    "write_in": _named,
    "input_group": _group,
    "container": _columns,
    "checkbox": _boxes,
    "vertical_choicebox": _filled("answer"),
    "choicebox": _options,
    "custom_answer_sheet": _custom,
    "table": _table,
    "score_question": _score_question,
}
