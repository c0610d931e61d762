"""The languages of the web client and of the log-in page: a file each in `ui/messages`, and nothing else."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Final

ENGLISH: Final = "en"
_FOLDER: Final = Path(__file__).parent / "ui" / "messages"
_ENTRY: Final = re.compile(r'^\s*"?([\w.-]+)"?:\s*("(?:[^"\\]|\\.)*"),?\s*$', re.MULTILINE)


@cache
def languages() -> dict[str, dict[str, str]]:
    """The texts of each language by its tag, English first. What a file does not translate is English."""
    english = texts_of(ENGLISH)
    others = sorted(path.stem for path in _FOLDER.glob("*.js") if path.stem != ENGLISH)
    return {ENGLISH: english, **{tag: {**english, "language": tag, **texts_of(tag)} for tag in others}}


def names() -> list[tuple[str, str]]:
    """The tag of each language, and its own name."""
    return [(tag, texts["language"]) for tag, texts in languages().items()]


def texts_of(tag: str) -> dict[str, str]:
    """The entries of the file of a language. It is JavaScript, because browsers load it as a module."""
    text = (_FOLDER / f"{tag}.js").read_text("utf-8")
    return {key: str(json.loads(value)) for key, value in _ENTRY.findall(text)}
