"""Kept recognitions: what tests post, and where it is found afterwards."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.storage.receipts import FOLDER
from omrclip.storage.steady_clock import NAME
from omrclip.web import services
from tests.web.making import Json, encoded, grid, image

NOW = 1_800_000_000.0
THREE = [image("a b.png"), image("brökén.png", b"hello"), image("c.png", encoded(grid(600, 400, square=40)))]
Posted = Callable[..., Json]
Clock = Callable[[float], None]


@dataclass
class Boot:
    """What the test says of the machine's boot: its name, and the seconds since then."""

    name: str = "first"
    seconds: float = 1000.0


BOOKKEEPING = {".lock", ".sweeping", NAME}


def stored(config: Config) -> list[str]:
    """All files and folders of stored recognitions and of their schedule.

    Receipts of deletions stay, so they are left out. Files that disappear during the search are ignored.
    """
    root = Path(config.results)
    found = (Path(folder) / name for folder, folders, files in os.walk(root) for name in (*folders, *files))
    found = (path for path in found if FOLDER not in path.relative_to(root).parts)
    return sorted(str(path.relative_to(root)) for path in found if path.name not in BOOKKEEPING)


def identifiers(config: Config) -> set[str]:
    """Of which recognitions anything is stored, or scheduled."""
    return {found[0] for name in stored(config) if (found := re.search("[0-9a-f]{24}", name))}


def written(client: FlaskClient) -> None:
    """Wait until all that was to be shared between processes is in the folder."""
    folder = services.of(client.application).folder
    assert folder is not None
    folder.wait()


def identifier_of(answer: Json) -> str:
    return answer["Uri"].rpartition("/")[2]


def uris_in(value: Any) -> list[str]:
    """Every `Uri` of an answer."""
    if isinstance(value, dict):
        own = [value["Uri"]] if value.get("Uri") else []
        return own + [uri for member in value.values() for uri in uris_in(member)]
    return [uri for member in value for uri in uris_in(member)] if isinstance(value, list) else []
