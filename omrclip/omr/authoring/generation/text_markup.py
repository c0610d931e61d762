"""The text form of the markup: one element, attribute or answer a line."""

import re

from omrclip.omr.authoring.generation.answers import answers_in, starts_answer
from omrclip.omr.authoring.generation.nodes import MOST_LEVELS, SHOWN, TOO_DEEP, At, Attribute, Mistake, Open, Parsed
from omrclip.omr.authoring.generation.vocabulary import HAS_CONTENTS, KINDS, most_like

_LINE_END = re.compile(r"\r\n|\r|\n")
_OPENING = re.compile(r"[?&]\w+(=|$)|#\s*\S.*[?]$")
"""What opens or closes an element, or asks a question."""
_ATTRIBUTE = re.compile(r"([A-Za-z_]+)\s*=(.*)", re.DOTALL)


def parse_text(source: str) -> Parsed:
    """Read a source in the text form. All mistakes are found, not only the first."""
    reader = _Reader()
    for number, line in enumerate(_LINE_END.split(source.removeprefix("\ufeff")), start=1):
        reader.take(number, line)
        if reader.is_too_deep:
            break
    reader.end()
    return Parsed(tuple(one.closed() for one in reader.top), tuple(reader.mistakes))


def _is_attribute_of(kind: str, text: str) -> bool:
    """Whether a text is an attribute without its tab. Sums such as y = 3 are none."""
    found = _ATTRIBUTE.fullmatch(text)
    return found is not None and text.startswith(f"{found[1]}=") and found[1].lower() in KINDS[kind].attributes


class _Reader:
    """The nodes so far, those that are open, and the one to which attributes and text belong."""

    def __init__(self) -> None:
        self.top: list[Open] = []
        self.mistakes: list[Mistake] = []
        self._open: list[Open] = []
        self._last: Open | None = None
        self._question: Open | None = None
        self._has_ended = False
        self.is_too_deep = False

    def take(self, number: int, line: str) -> None:
        """Read one line."""
        if not line.strip():
            self._question = None
            self._has_ended = self._last is not None and self._last.kind in ("text", "content")
        elif line.startswith("?"):
            self._begin(number, line)
        elif line.startswith("&"):
            self._close(number, line)
        elif line.startswith("#"):
            self._ask(number, line)
        elif line.startswith("\t"):
            self._indented(number, line)
        else:
            self._continue(number, line)

    def end(self) -> None:
        """Report what is still open."""
        for one in () if self.is_too_deep else self._open:
            self._wrong(
                one.at, f"?{one.kind}= is not closed. Write &{one.kind} on a line of its own after its contents."
            )
        for one in self._all(self.top):
            if one.kind == "choicebox" and not one.children:
                self._wrong(
                    one.at,
                    "This question has no answers. Write them below on a line that begins with a tab: () Yes () No",
                )
        self.mistakes.sort(key=lambda mistake: (mistake.at.line, mistake.at.column))

    def _all(self, nodes: list[Open]) -> list[Open]:
        return [one for node in nodes for one in (node, *self._all(node.children))]

    def _wrong(self, at: At, told: str) -> None:
        self.mistakes.append(Mistake(at, told))

    def _add(self, node: Open) -> None:
        (self._open[-1].children if self._open else self.top).append(node)
        self._last, self._has_ended = node, False

    def _begin(self, number: int, line: str) -> None:
        self._question = None
        kind, equals, name = line[1:].partition("=")
        kind, at = kind.strip(), At(number)
        if not equals:
            self._wrong(at, f'An element needs "=" after its kind, even without a name. Write ?{kind[:SHOWN]}=')
        if kind not in HAS_CONTENTS:
            self._wrong(At(number, 2), f'"{kind[:SHOWN]}" is no element. {most_like(kind, HAS_CONTENTS)}')
            self._last = None
            return
        if len(self._open) >= MOST_LEVELS:
            self._wrong(at, TOO_DEEP)
            self.is_too_deep = True  # what follows would only be told as not closed
            return
        node = Open(kind, name.strip(), at)
        self._add(node)
        if HAS_CONTENTS[kind]:
            self._open.append(node)
            self._question = node if kind == "choicebox" else None

    def _close(self, number: int, line: str) -> None:
        self._question, written = None, line[1:].strip()
        kind = written.partition("=")[0].strip().lower()
        if kind != written and any(one.kind == kind for one in self._open):
            self._wrong(At(number), f"An element is closed by its kind alone. Write &{kind}")
        places = [index for index, one in enumerate(self._open) if one.kind == kind]
        if not places:
            known = kind in HAS_CONTENTS and not HAS_CONTENTS[kind]
            told = (
                f"?{kind}= has no contents and is not closed. Remove this line."
                if known
                else f"There is no open ?{written[:SHOWN]}= to close. Open it above, or remove this line."
            )
            self._wrong(At(number), told)
            return
        for left in self._open[places[-1] + 1 :]:
            self._wrong(
                left.at,
                f"?{left.kind}= is not closed before &{kind} in line {number}. Write &{left.kind} before that line.",
            )
        self._last = self._open[places[-1]]
        del self._open[places[-1] :]
        self._last, self._has_ended = None, False

    def _ask(self, number: int, line: str) -> None:
        node = Open("choicebox", line[1:].strip(), At(number))
        self._add(node)
        self._question = node

    def _indented(self, number: int, line: str) -> None:
        text = line.strip()
        if self._question is not None and starts_answer(text):
            self._answers(number, line)
            return
        found = _ATTRIBUTE.fullmatch(text)
        at = At(number, line.index(text) + 1)
        if _OPENING.match(text):
            self._wrong(at, f"A line that begins with {text[0]} stands at the edge. Remove what is before it.")
            self._last = None
        elif found is None:
            if self._last is not None and self._last.kind == "choicebox":
                told = "An answer begins with its letter in brackets. Write () for A, B, C …: () Yes () No"
            else:
                told = f'"{text[:SHOWN]}" is no attribute. Write key=value, such as font_size=12.'
            self._wrong(at, told)
        elif self._last is None:
            self._wrong(
                at, "This attribute belongs to no element. Write it right below the line that opens its element."
            )
        else:
            self._last.attributes[found[1].lower()] = Attribute(found[2].strip(), at)

    def _answers(self, number: int, line: str) -> None:
        assert self._question is not None  # noqa: S101 (the caller looked)
        row = sum(1 for one in self._question.children if "row_index" in one.attributes) + 1
        for index, answer in enumerate(answers_in(line)):
            option = Open("option", answer.text, At(number, answer.column))
            option.attributes["bubble_value"] = Attribute(answer.value, option.at)
            if index == 0 and self._question.children:
                option.attributes["row_index"] = Attribute(str(row), option.at)
            self._question.children.append(option)
            self._last = option

    def _continue(self, number: int, line: str) -> None:
        last = self._question if self._question is not None else self._last
        if self._question is not None and starts_answer(line):
            self._wrong(At(number), "A line of answers begins with a tab. Write a tab before it.")
            self._answers(number, line)
        elif _OPENING.match(line.strip()):
            self._wrong(
                At(number), f"A line that begins with {line.strip()[0]} stands at the edge. Remove what is before it."
            )
            self._last = None
        elif (
            last is not None
            and not self._has_ended
            and last.kind in ("text", "content", "choicebox")
            and not last.children
            and not _is_attribute_of(last.kind, line.strip())
        ):
            joint = " " if last.kind == "choicebox" else "\n"
            last.name = f"{last.name}{joint}{line.strip()}"
        elif _ATTRIBUTE.fullmatch(line.strip()):
            self._wrong(
                At(number), "An attribute begins with a tab, not with spaces or at the edge. Write a tab before it."
            )
        else:
            self._wrong(
                At(number), "This text belongs to no element. Write ?text= before it, or # if it is a question."
            )
