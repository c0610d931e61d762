"""The JSON form of the markup: the same elements as objects with `element_type`, `name` and `children`."""

import json
import re
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

from omrclip.omr.authoring.generation.answers import answers_in
from omrclip.omr.authoring.generation.nodes import MOST_LEVELS, SHOWN, TOO_DEEP, At, Attribute, Mistake, Node, Parsed
from omrclip.omr.authoring.generation.vocabulary import HAS_CONTENTS, most_like

_KINDS = {
    **{kind.replace("_", ""): kind for kind in HAS_CONTENTS},
    "tableanswer": "answer_value",
}
_KEYS = {"container_type": "type", "paragraph_type": "type", "score_group_type": "score_type_table"}
_UNSET = {
    **dict.fromkeys(("x", "y", "height", "width", "start_id"), ("-1",)),
    **dict.fromkeys(("column", "columns_count", "threshold"), ("0",)),
}
"""Values by which the library that writes such files says that an attribute is not set."""
_OWN = frozenset({"element_type", "name", "children", "question_text", "answers_string"})


def is_json(source: str) -> bool:
    """Whether a source is a JSON object, or was meant to be one."""
    return source.removeprefix("\ufeff").lstrip().startswith(("{", "["))


def parse_json(source: str) -> Parsed:
    """Read a source in the JSON form. All mistakes are found, except after one that ends the JSON."""
    text = source.removeprefix("\ufeff")
    try:
        root = _Decoder().decode(text)
    except json.JSONDecodeError as error:
        return Parsed((), (Mistake(At(error.lineno, error.colno), f"This is not JSON. {_advice(error)}"),))
    except RecursionError:
        return Parsed((), (Mistake(At(1), TOO_DEEP),))
    reader = _Reader(text)
    nodes = reader.pages(root)
    return Parsed(nodes, tuple(sorted(reader.mistakes, key=lambda one: (one.at.line, one.at.column))))


def _advice(error: json.JSONDecodeError) -> str:
    before, here = error.doc[: error.pos].rstrip(), error.doc[error.pos :].lstrip()
    if before.endswith(",") and here[:1] in ("]", "}"):
        return f"Remove the comma before {here[0]}"
    if here.startswith(("//", "/*")):
        return "Remove the comment."
    told = next((told for begin, told in _ADVICE.items() if error.msg.startswith(begin)), "")
    return told or f"{error.msg}."


_ADVICE = {
    "Expecting property name": "Write the name of a property here, in double quotes, or } if there is none.",
    "Expecting ':'": "Write a colon behind the name of the property.",
    "Expecting ','": "Write a comma here, or the bracket that ends the list or the object.",
    "Expecting value": 'Write a value here: "text", a number, true, false, null, […] or {…}.',
    "Unterminated string": "The text has no end. Write a double quote behind it.",
    "Invalid control character": "A text has no line breaks and tabs. Write \\n for a line break, or \\t for a tab.",
    "Invalid \\": "Write two backslashes for one.",
    "Extra data": "Remove what is behind the end of the form.",
}
"""What to write, by the beginning of the message of the decoder."""


class _Object(dict[str, Any]):
    """A JSON object that knows where in the text it begins."""

    begin = 0


class _Decoder(json.JSONDecoder):
    """Decodes objects as `_Object`. The scanner in Python is used, because that in C does not tell the places."""

    def __init__(self) -> None:
        super().__init__()
        plain: Any = json.decoder.JSONObject  # type: ignore[attr-defined]

        def located(text_and_end: tuple[str, int], *rest: Any) -> tuple[_Object, int]:
            value, end = plain(text_and_end, *rest)
            found = _Object({key.lower(): member for key, member in value.items()})
            found.begin = text_and_end[1] - 1
            return found, end

        self.parse_object = located
        self.scan_once = py_make_scanner(self)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._level = 0
        self.mistakes: list[Mistake] = []

    def pages(self, root: Any) -> tuple[Node, ...]:
        """The pages of the root object."""
        if not isinstance(root, _Object) or str(root.get("element_type", "")).lower() != "template":
            self._wrong(At(1), 'The outermost object is the form. Write {"element_type": "Template", "children": […]}.')
            return ()
        nodes = self._children(root)
        if not any(node.kind == "page" for node in nodes) and not self.mistakes:
            self._wrong(
                self._at(root), 'The form has no page. Write {"element_type": "Page", "children": […]} in its children.'
            )
        for node in nodes:
            if node.kind != "page":
                self._wrong(node.at, "Only pages stand in the outermost children. Put this element into a page.")
        return nodes

    def _wrong(self, at: At, told: str) -> None:
        self.mistakes.append(Mistake(at, told))

    def _at(self, value: _Object) -> At:
        before = self._text[: value.begin]
        return At(before.count("\n") + 1, value.begin - (before.rfind("\n") + 1) + 1)

    def _children(self, owner: _Object) -> tuple[Node, ...]:
        children = owner.get("children")
        if children is None:
            return ()
        if not isinstance(children, list):
            self._wrong(self._at(owner), '"children" is a list of objects. Write "children": […].')
            return ()
        if self._level >= MOST_LEVELS:
            self._wrong(self._at(owner), TOO_DEEP)
            return ()
        self._level += 1
        nodes = []
        for child in children:
            if isinstance(child, _Object):
                node = self._node(child)
                nodes += [node] if node is not None else []
            else:
                self._wrong(self._at(owner), 'Each of the "children" is an object with "element_type".')
        self._level -= 1
        return tuple(nodes)

    def _node(self, value: _Object) -> Node | None:
        at, asked = self._at(value), value.get("element_type")
        if not isinstance(asked, str):
            self._wrong(at, 'The object has no "element_type". Write, for example, "element_type": "Text".')
            return None
        kind = _KINDS.get(asked.lower().replace("_", ""))
        if kind is None:
            known = ["".join(part.title() for part in one.split("_")) for one in HAS_CONTENTS]
            self._wrong(at, f'"{asked[:SHOWN]}" is no element_type. {most_like(asked, known)}')
            return None
        name = next((str(value[key]) for key in ("question_text", "name") if _is_text(value.get(key))), "")
        attributes = {
            _KEYS.get(key, key): Attribute(text, at)
            for key, member in value.items()
            if key not in _OWN and (text := _text_of(key, member)) is not None
        }
        children = self._children(value) + self._options(value, kind, at)
        return Node(kind, name, at, attributes, children, ignores_unknown=True)

    def _options(self, value: _Object, kind: str, at: At) -> tuple[Node, ...]:
        if kind != "choicebox":
            return ()
        options: list[Node] = []
        answers = value.get("answers_string") or ""
        if not isinstance(answers, str):
            self._wrong(at, '"answers_string" is a text. Write "answers_string": "() Yes () No".')
            return ()
        rows = re.split(r"\r\n|\r|\n", answers)
        for row, line in enumerate(rows):
            for index, answer in enumerate(answers_in(line)):
                attributes = {"bubble_value": Attribute(answer.value, at)}
                if row and index == 0:
                    attributes["row_index"] = Attribute(str(row), at)
                options.append(Node("option", answer.text, at, attributes))
        if not options and not value.get("children"):
            self._wrong(at, 'The question has no answers. Write "answers_string": "() Yes () No".')
        return tuple(options)


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _text_of(key: str, value: Any) -> str | None:
    """An attribute as the text form writes it. None if it is not set."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, _Object):
        return " ".join(str(value[part]) for part in ("size", "color") if part in value)
    if isinstance(value, list):
        return _list_text(key, value)
    if value is None or str(value) in _UNSET.get(key, ()):
        return None
    return str(value)


def _list_text(key: str, values: list[Any]) -> str | None:
    if not values:
        return None
    if "proportions" in key:
        return "-".join(f"{str(value).strip('%')}%" for value in values)
    if key == "font_style":
        return ", ".join(map(str, values))
    return "".join(f"({str(value).strip('()')})" for value in values)
