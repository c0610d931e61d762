"""Each tuned number of registration and authoring is a named constant that says what it separates."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import omrclip.omr

PLAIN = {
    0: "origin",
    0.5: "the centre of a pixel",
    1: "unit",
    2: "both sides",
    3: "a 3 × 3 matrix, a triangle, or the columns x, y and size",
    4: "corners, sides or quarter turns, the columns of a box, or π / 4",
    6: "the third row of a homography",
    100: "per cent",
    255: "white",
    360: "degrees of an ellipse",
    1e-9: "keeps a divisor from being 0",
}
"""Numbers that may stand inside functions, and what they are there: mathematics, never tuned."""
ROOT = Path(omrclip.omr.__file__).parent
MODULES = sorted(path for room in ("registration", "authoring") for path in (ROOT / room).rglob("*.py"))


def numbers(node: ast.AST) -> Iterator[ast.Constant]:
    for child in ast.walk(node):
        if isinstance(child, ast.Constant) and type(child.value) in (int, float):
            yield child


def bare_numbers(tree: ast.Module) -> set[tuple[int, object]]:
    """The line and value of each number inside a function that PLAIN does not explain; not those of decorators."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    parts = [part for function in functions for part in (function.args, *function.body)]
    return {(number.lineno, number.value) for part in parts for number in numbers(part) if number.value not in PLAIN}


def unexplained(tree: ast.Module) -> set[str]:
    """The constants with numbers of their own and no string below; not those that follow from other constants."""
    found = set()
    for node, below in zip(tree.body, [*tree.body[1:], None], strict=True):
        if not isinstance(node, ast.Assign) or not any(numbers(node.value)):
            continue
        follows = any(isinstance(child, ast.Name) for child in ast.walk(node.value))
        is_explained = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if not follows and not is_explained:
            found.add(ast.unparse(node.targets[0]))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tuned_numbers_are_named_and_explained(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert bare_numbers(tree) == set()
    assert unexplained(tree) == set()


@pytest.mark.parametrize(
    ("source", "bare", "silent"),
    [
        ("def f(x):\n    return x + 0.5 > 0.68", {(2, 0.68)}, set()),
        ("def f(x, within=15):\n    return x", {(1, 15)}, set()),
        ("class A:\n    def f(self):\n        return [1.45 for _ in 'ab']", {(3, 1.45)}, set()),
        ("@lru_cache(maxsize=512)\ndef f(x):\n    return 2 * x", set(), set()),
        ("WITHIN = 0.3\nSIDE = 28\n'''Pixels.'''", set(), {"WITHIN"}),
        ("LEAST, MOST = 6.0, 120.0", set(), {"(LEAST, MOST)"}),
        ("BITS = 4\n'''Bits.'''\nPARTS = 1 << BITS", set(), set()),
    ],
)
def test_the_check_sees_bare_numbers_and_silent_constants(
    source: str, bare: set[tuple[int, object]], silent: set[str]
) -> None:
    tree = ast.parse(source)
    assert (bare_numbers(tree), unexplained(tree)) == (bare, silent)
