"""Kept recognitions: what tests post, and where it is found afterwards."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.web import services
from tests.web.making import Json, encoded, grid, image

NOW = 1_800_000_000.0
THREE = [image("a b.png"), image("brökén.png", b"hello"), image("c.png", encoded(grid(600, 400, square=40)))]
Posted = Callable[..., Json]
Clock = Callable[[float], None]


def stored(config: Config) -> list[str]:
    """All files and folders among the kept recognitions; what is removed while they are listed is passed over."""
    root = Path(config.results)
    found = (Path(folder) / name for folder, folders, files in os.walk(root) for name in (*folders, *files))
    return sorted(str(path.relative_to(root)) for path in found if path.name != ".lock")


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
