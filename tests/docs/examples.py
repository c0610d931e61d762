"""The examples of the documentation: fenced blocks of README.md and docs/, and what their output should be."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
OUTPUT_MARK: Final = "<!-- output -->"
_BLOCK: Final = re.compile(r"(?P<before>[^\n]*)\n```(?P<language>\w*)\n(?P<text>.*?)\n?```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page.

    Attributes:
        line: where its text begins in the page.
        output: the block after it, which shows what it prints; None where none does.
    """

    page: Path
    line: int
    language: str
    text: str
    output: str | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in order. A block after `<!-- output -->` is the output of the block before it."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    for match in _BLOCK.finditer(text):
        if match["before"].strip() == OUTPUT_MARK:
            last = found.pop()
            found.append(Block(page, last.line, last.language, last.text, output=match["text"]))
        else:
            line = text.count("\n", 0, match.start("text")) + 1
            found.append(Block(page, line, match["language"], match["text"]))
    return found


def matches(shown: str, printed: str) -> bool:
    """Whether the printed lines are those shown. `…` stands for any text, also for several lines."""
    pattern = ".*?".join(re.escape(part) for part in shown.strip().split("…"))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None
