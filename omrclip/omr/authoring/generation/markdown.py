"""Markdown as a source: headings, numbered questions with `- [ ]` answers, lines to write on, and tables."""

import re

from omrclip.omr.authoring.generation.nodes import SHOWN, At, Attribute, Mistake, Node, Parsed

_LINE_END = re.compile(r"\r\n|\r|\n")
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_QUESTION = re.compile(r"\d{1,4}[.)]\s+(.*)")
_ANSWER = re.compile(r"[-*+]\s+\[ ?\]\s*(.*)")
_BULLET = re.compile(r"[-*+](?:\s*\[[^\]]{0,3}\]\s*|\s+)(.*)")
"""What is probably meant as an answer."""
_WRITE_IN = re.compile(r"(.*?):?\s*_{3,}\s*")
_BREAK = re.compile(r"-{3,}")
_SEVERAL = re.compile(r"_{3,}.*[^\s_].*_{3,}|_{3,}\s*[^\s_]")
"""Several lines to write on in one line, or a text behind one."""
_PLAIN = re.compile(r"!?\[[^\]]+\]\([^)]*\)|\*\*[^*]+\*\*|(?<![\w_])__[^_]+__(?!\w)|`[^`]+`|^>.*|^[-*+]\s+(?!\[).*")
"""What Markdown shows otherwise: links, images, bold text, code, quotes and lists."""
_RULE = re.compile(r":?-+:?")
_SIZES = ("18", "14", "12")
"""Points of a heading of the first, second and further levels."""
_LABELLED = "25%-75%"
"""Widths of the label of a line to write on, and of the line."""


def parse_markdown(source: str) -> Parsed:
    """Read a source in Markdown. All mistakes are found, not only the first."""
    reader = _Reader()
    for number, line in enumerate(_LINE_END.split(source.removeprefix("\ufeff")), start=1):
        reader.take(At(number, len(line) - len(line.lstrip()) + 1), line.strip())
    nodes = reader.all_nodes()
    return Parsed(nodes, tuple(sorted(reader.mistakes, key=lambda one: one.at.line)), tuple(reader.warnings))


class _Reader:
    """The nodes so far, and the question, the paragraph or the table to which the next line may belong."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._pages: list[Node] = []
        self.mistakes: list[Mistake] = []
        self.warnings: list[Mistake] = []
        self._question: tuple[At, str] | None = None
        self._answers: list[Node] = []
        self._words: list[str] = []
        self._words_at = At(1)
        self._is_after_gap = False
        self._rows: list[tuple[At, list[str]]] = []

    def take(self, at: At, line: str) -> None:
        """Read one line without the spaces around it."""
        if found := _PLAIN.search(line):
            told = f'"{found[0][:SHOWN]}" is printed as it is. Only the headings of Markdown change how a text looks.'
            self.warnings.append(Mistake(At(at.line, at.column + found.start()), told))
        if found := _ANSWER.fullmatch(line):
            self._is_after_gap = False
            self._answer(at, found[1])
            return
        if not line:
            # Markdown allows an empty line between a question and its answers.
            self._end_text()
            self._is_after_gap = True
            return
        if _BREAK.fullmatch(line):
            self.end()
            self._end_page()
            return
        if line.startswith("|"):
            self._end_question()
            self._rows.append((at, [cell.strip() for cell in line.strip("|").split("|")]))
            return
        self._begin(at, line)

    def all_nodes(self) -> tuple[Node, ...]:
        """End what is open. Returns the pages, or the nodes of the only one."""
        self.end()
        if not self._pages:
            if not self.nodes and not self.mistakes:
                told = "The form is empty. Write a question such as 1. How was it? and answers such as - [ ] Good."
                self.mistakes.append(Mistake(At(1), told))
            return tuple(self.nodes)
        self._end_page()
        return tuple(self._pages)

    def _end_page(self) -> None:
        if self.nodes:
            self._pages.append(Node("page", "", self.nodes[0].at, {}, tuple(self.nodes)))
        self.nodes = []

    def _begin(self, at: At, line: str) -> None:
        if self._question is not None and not self._is_after_gap and (bullet := _BULLET.fullmatch(line)):
            told = f"An answer begins with an empty box. Write - [ ] {bullet[1][:SHOWN]}"
            self.mistakes.append(Mistake(at, told))
            self._answers.append(_node("option", bullet[1], at, bubble_value=""))
            return
        self._is_after_gap = False
        heading, question, write_in = (kind.fullmatch(line) for kind in (_HEADING, _QUESTION, _WRITE_IN))
        if heading or question or write_in or self._rows or self._question:
            self.end()
        if heading:
            size = _SIZES[min(len(heading[1]), len(_SIZES)) - 1]
            self.nodes.append(_node("text", heading[2].rstrip("# "), at, font_size=size, font_style="bold"))
        elif _SEVERAL.search(line):
            told = "A line to write on stands at the end, and alone. Write each on a line of its own: Name: ___"
            self.mistakes.append(Mistake(at, told))
        elif question:
            self._question = at, question[1]
        elif write_in:
            self._write_in(at, write_in[1].strip())
        else:
            self._words_at = self._words_at if self._words else at
            self._words.append(line)

    def end(self) -> None:
        """End what is open."""
        self._end_text()
        self._end_question()

    def _end_text(self) -> None:
        if self._words:
            self.nodes.append(_node("text", " ".join(self._words), self._words_at))
        if self._rows:
            self._table(self._rows)
        self._words, self._rows = [], []

    def _end_question(self) -> None:
        if self._question is not None:
            at, text = self._question
            if not self._answers:
                told = "This question has no answers. Write each on a line of its own below: - [ ] Yes"
                self.mistakes.append(Mistake(at, told))
            else:
                self.nodes.append(Node("choicebox", text, at, {}, tuple(self._answers)))
        self._question, self._answers = None, []

    def _answer(self, at: At, text: str) -> None:
        if self._question is None:
            told = "This answer belongs to no question. Write the question above it: 1. How was it?"
            self.mistakes.append(Mistake(at, told))
            return
        more = {"row_index": str(len(self._answers))} if self._answers else {}
        self._answers.append(_node("option", text, at, bubble_value="", **more))

    def _write_in(self, at: At, label: str) -> None:
        if not label:
            self.mistakes.append(Mistake(at, "Nothing tells what to write here. Write it before the line: Name: ___"))
            return
        parts = (_node("content", f"{label}:", at), _node("write_in", label, at, required="true"))
        blocks = tuple(
            Node("block", "", at, {"column": Attribute(str(column), at)}, (part,))
            for column, part in enumerate(parts, start=1)
        )
        self.nodes.append(Node("container", "", at, {"columns_proportions": Attribute(_LABELLED, at)}, blocks))

    def _table(self, rows: list[tuple[At, list[str]]]) -> None:
        (at, head), ruled, statements = rows[0], rows[1:2], rows[2:]
        if not ruled or not all(_RULE.fullmatch(cell) for cell in ruled[0][1]) or len(head) < 2:
            told = (
                "A table begins with its answers and a line of dashes. Write | | Yes | No | and below it |---|---|---|"
            )
            self.mistakes.append(Mistake(at, told))
            return
        if not statements:
            self.mistakes.append(
                Mistake(at, "This table has no rows. Write one for each statement: | It was warm | | |")
            )
            return
        for row_at, row in statements:
            if len(row) != len(head) or not row[0] or any(row[1:]):
                empty = len(head) - 1
                told = f'"{row[0][:SHOWN]}" needs its text and {empty} empty cells. Write | Text |{" |" * empty}'
                self.mistakes.append(Mistake(row_at, told))
        header = Node(
            "table_header",
            "",
            at,
            {},
            (_node("content", head[0], at), *(_node("answer_value", answer, at) for answer in head[1:])),
        )
        questions = tuple(_node("question", row[0], row_at) for row_at, row in statements)
        count = {"answers_count": Attribute(str(len(head) - 1), at)}
        block = Node("block", "", at, {}, (Node("table", "", at, count, (header, *questions)),))
        self.nodes.append(Node("container", "", at, {}, (block,)))


def _node(kind: str, name: str, at: At, **attributes: str) -> Node:
    return Node(kind, name, at, {key: Attribute(text, at) for key, text in attributes.items()})
