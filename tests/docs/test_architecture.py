"""The drawing of the layers and the pages for contributors say what the code is."""

import re

import pytest

from tests.docs import drawing
from tests.docs.examples import ROOT

CONTRIBUTING = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")


def test_the_drawing_shows_the_layers_of_the_code() -> None:
    drawn = drawing.PICTURE.read_text(encoding="utf-8")
    assert drawn == drawing.draw(), "draw it again with: python -m tests.docs.drawing"
    names = [layer.name for row in drawing.layers() for layer in row]
    assert re.findall(r'font-weight="bold"[^>]*>([a-z]+)<', drawn) == names


def test_layers_use_only_those_below() -> None:
    names = [layer.name for row in drawing.layers() for layer in row]
    for place, layer in enumerate(layer for row in drawing.layers() for layer in row):
        assert set(layer.uses) <= set(names[place + 1 :])


def test_ten_changes_are_described() -> None:
    section = CONTRIBUTING.partition("## Where to change what")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 10
    for row in rows:
        _, change, files, then, *_ = (cell.strip() for cell in row.split("|"))
        assert change
        paths = re.findall(r"`([^`]+)`", files)
        assert 1 <= len(paths) <= 2
        contents = "".join((ROOT / path).read_text(encoding="utf-8") for path in paths)
        for name in re.findall(r"`(\w+)`", then):
            assert name in contents


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:omrclip|tests|docs|scripts|\.ci)/[^`\s]*)`", CONTRIBUTING)))
)
def test_files_for_contributors_exist(path: str) -> None:
    assert (ROOT / path).exists()
