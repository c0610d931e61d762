"""Every code that the server can send has a text in the file of every language."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

import omrclip
from omrclip import errors
from omrclip.web.languages import ENGLISH, texts_of

PACKAGE: Final = Path(omrclip.__file__).parent
TAGS: Final = sorted(path.stem for path in (PACKAGE / "web" / "ui" / "messages").glob("*.js"))
TOLD_APART: Final = {"storage_unavailable": "error.storageUnavailable", "storage_full": "error.storageFull"}
"""Error codes for which the client has more than one text, and the key of one of them."""


def wordings() -> dict[str, str]:
    """The code and the text of each Wording in the source."""
    found: dict[str, str] = {}
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Wording":
                code, text = (ast.literal_eval(value) for value in node.args)
                assert code not in found, f"two wordings have the code {code}"
                found[code] = text
    return found


def error_codes() -> set[str]:
    """The codes of all classes of errors."""
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    return {error.code for error in classes if issubclass(error, errors.OmrclipError)}


def strategies() -> set[str]:
    """The names of all ways in which a page is found."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "omr" / "registration").rglob("*.py"))
    return set(re.findall(r'(?:\b(?:Candidate|Registration)\(|\bSTRATEGY = |\bstrategy=)"([^"]+)"', source))


def places(text: str) -> tuple[int, set[str]]:
    """The number of plural forms of a text, and its places."""
    return len(text.split("|")), set(re.findall(r"{(\w+)}", text))


def test_english_is_what_the_server_says() -> None:
    english = texts_of(ENGLISH)
    assert {key: text for key, text in english.items() if key.startswith("said.")} == {
        f"said.{code}": text for code, text in wordings().items()
    }


@pytest.mark.parametrize("tag", TAGS)
def test_a_language_has_a_text_for_every_code(tag: str) -> None:
    texts = texts_of(tag)
    assert {code for code in error_codes() if TOLD_APART.get(code, f"code.{code}") not in texts} == set()
    assert {code for code in wordings() if f"said.{code}" not in texts} == set()
    assert {name for name in strategies() if f"strategy.{name.replace(' ', '_')}" not in texts} == set()
    assert "placed by hand" in strategies()


@pytest.mark.parametrize("tag", TAGS)
def test_a_language_is_complete(tag: str) -> None:
    """The same keys as English, and each text has the same places and plural forms."""
    english, texts = texts_of(ENGLISH), texts_of(tag)
    assert english.keys() ^ texts.keys() == set()
    assert {key for key in english if places(texts[key]) != places(english[key])} == set()
    assert all(text.strip() for text in texts.values())
