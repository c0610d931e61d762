"""The command of Tesseract, and others in its place."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

REAL: Final = shutil.which("tesseract")
needs_tesseract = pytest.mark.skipif(REAL is None, reason="Tesseract is not installed")
HEADER: Final = "level page_num block_num par_num line_num word_num left top width height conf text"


def table(words: Sequence[tuple[str, int, int, int, int, float]]) -> str:
    """What Tesseract tells of words: text, left, top, width, height and certainty."""
    rows = ["\t".join(HEADER.split()), "1 1 0 0 0 0 0 0 100 100 -1 ".replace(" ", "\t")]
    rows += [
        "\t".join(map(str, (5, 1, 1, 1, 1, 1, left, top, width, height, certain, text)))
        for text, left, top, width, height, certain in words
    ]
    return "\n".join(rows) + "\n"


def command(folder: Path, lines: str) -> str:
    """A command of some lines of Python, which run in a folder and have the arguments as `sys.argv`."""
    path = folder / "reader"
    path.write_text(f"#!{sys.executable}\nimport os, sys\nos.chdir({str(folder)!r})\n{lines}\n")
    path.chmod(0o755)
    return str(path)


def telling(folder: Path, words: Sequence[tuple[str, int, int, int, int, float]]) -> str:
    """A command that tells words, and leaves `image.png` and `arguments` in its folder."""
    (folder / "table").write_text(table(words))
    return command(
        folder,
        "open('image.png', 'wb').write(sys.stdin.buffer.read())\n"
        "open('arguments', 'w').write(' '.join(sys.argv[1:]))\n"
        "print(open('table').read(), end='')",
    )


FAILING: Final = "print('no such language', file=sys.stderr); sys.exit(1)"
