"""Draw the layers of the package for docs/architecture.md: `python -m tests.docs.drawing`.

The drawing follows from the code: the layers from the contract of import-linter in pyproject.toml, what a layer is for
from the first sentence of its docstring, and what it uses from its import statements.
"""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from tests.docs.examples import ROOT

PICTURE: Final = ROOT / "docs" / "pictures" / "layers.svg"
PACKAGE: Final = "omrclip"
CONTRACT: Final = "Each layer imports only from those below it"
WIDTH, ROW, GAP, MARGIN = 920, 54, 8, 12  # pixels


@dataclass(frozen=True, slots=True)
class Layer:
    """One module or package of the contract, what it is for, and which others it imports."""

    name: str
    purpose: str
    uses: tuple[str, ...]


def layers() -> list[list[Layer]]:
    """The layers from the top down. Those in one list are beside each other."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (contract,) = (each for each in contracts if each["name"] == CONTRACT)
    rows = [[name.strip().removeprefix(f"{PACKAGE}.") for name in row.split("|")] for row in contract["layers"]]
    names = [name for row in rows for name in row]
    return [[_layer(name, names) for name in row] for row in rows]


def _layer(name: str, names: list[str]) -> Layer:
    folder = ROOT / PACKAGE / name
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    first = folder / "__init__.py" if folder.is_dir() else files[0]
    purpose = (ast.get_docstring(ast.parse(first.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
    used = {module for file in files for module in _imported(file)}
    return Layer(name, " ".join(purpose.split()), tuple(other for other in names if other in used and other != name))


def _imported(file: Path) -> Iterator[str]:
    """The first part after `omrclip.` of each module that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
            yield (node.module or "").split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith(f"{PACKAGE}."))


def draw() -> str:
    """The drawing as SVG: a row for each layer, upper ones import from lower ones."""
    rows = layers()
    height = 2 * MARGIN + len(rows) * (ROW + GAP) - GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="13">',
        "<title>The layers of omrclip. Each imports only from those below it.</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for number, row in enumerate(rows):
        top = MARGIN + number * (ROW + GAP)
        width = (WIDTH - 2 * MARGIN - (len(row) - 1) * GAP) / len(row)
        for column, layer in enumerate(row):
            parts += _box(layer, MARGIN + column * (width + GAP), top, width)
    return "\n".join([*parts, "</svg>", ""])


def _box(layer: Layer, left: float, top: float, width: float) -> list[str]:
    letters = round(width / 7.3)  # about the width of a letter in pixels
    uses = f"uses {', '.join(layer.uses)}" if layer.uses else "uses no other layer"
    return [
        f'<rect x="{left:g}" y="{top}" width="{width:g}" height="{ROW}" rx="5" fill="#eef3f9" stroke="#5b7ea6"/>',
        f'<text x="{left + 10:g}" y="{top + 21}" font-weight="bold" fill="#1d3557">{escape(layer.name)}</text>',
        f'<text x="{left + 90:g}" y="{top + 21}" fill="#222222">{escape(_cut(layer.purpose, letters - 14))}</text>',
        f'<text x="{left + 90:g}" y="{top + 41}" fill="#666666">{escape(_cut(uses, letters - 14))}</text>',
    ]


def _cut(text: str, letters: int) -> str:
    """The first sentence, cut after a word if it is longer than the box."""
    sentence = text.split(". ")[0].rstrip(".")
    return sentence if len(sentence) <= letters else sentence[:letters].rsplit(" ", 1)[0] + " …"


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
