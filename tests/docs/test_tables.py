"""The tables of the documentation are complete, and say what the code says."""

import json
import re
import tomllib
from itertools import takewhile

import click

import omrclip
from omrclip.cli import main
from omrclip.config import STORES
from omrclip.omr.options import RecognitionOptions
from omrclip.schemas.recognition_options import OptionsSchema, load_options
from tests.docs.examples import ROOT, blocks
from tests.docs.tables import error_codes, setting_rows

MOST_README_LINES = 150


def table(page: str) -> list[list[str]]:
    """The rows of the first table of a page of docs/, as lists of cells."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| "))
    rows = list(takewhile(lambda line: line.startswith("| "), lines[first:]))[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_setting_is_in_the_table() -> None:
    assert table("settings.md") == setting_rows(), "write it anew with: python -m tests.docs.tables"


def test_every_error_code_is_in_the_table() -> None:
    assert {(code.strip("`"), int(status)) for code, status, _ in table("errors.md")} == error_codes()


def test_every_option_is_in_the_table_with_its_default() -> None:
    rows = {option.strip("`"): meaning for option, _, meaning in table("options.md")}
    assert set(rows) == {field.data_key for field in OptionsSchema().fields.values()}
    default = re.search(r"`({[^}]*})` if not set", rows["MarkThresholds"])
    assert default
    assert load_options({"MarkThresholds": json.loads(default[1])}) == RecognitionOptions()


def test_every_command_is_in_the_table() -> None:
    commands = main.list_commands(click.Context(main))
    assert {row[0].split()[1].strip("`") for row in table("command-line.md")} == set(commands)


def test_the_readme_is_short_and_its_two_commands_come_first() -> None:
    readme = ROOT / "README.md"
    assert len(readme.read_text(encoding="utf-8").splitlines()) <= MOST_README_LINES
    first, second = (block for block in blocks(readme)[:2])
    assert ".venv/bin/omrclip recognize" in first.text
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for step in ("python3 -m venv .venv", ".venv/bin/pytest -n auto", "'.[dev]'"):
        assert step in second.text
        assert step in script


def test_the_version_is_told_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == omrclip.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(omrclip.__version__)} - \d{{4}}-\d\d-\d\d$", changes, re.MULTILINE)


def test_constraints_name_versions_and_hashes_and_no_index() -> None:
    lines = [line.strip() for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()]
    pinned = [line for line in lines if line and not line.startswith(("#", "--hash=sha256:"))]
    assert all(re.match(r"[a-z0-9._-]+==[^\s]+", line) for line in pinned)
    assert not [line for line in lines if "://" in line or "index" in line.split("==")[0].split("-")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in project["project"]["dependencies"]}
    assert {name for name in wanted if not any(line.startswith(f"{name}==") for line in pinned)} == set()


def test_the_image_has_a_volume_for_each_folder_that_is_written() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    (volumes,) = (json.loads(line.partition(" ")[2]) for line in lines if line.startswith("VOLUME "))
    assert volumes == [f"/srv/omrclip/{folder}" for folder in (*STORES, "accounts", "cache")]
    for setting in ("OMRCLIP_HOME=/srv/omrclip", "OMRCLIP_CACHE_FOLDER=cache"):
        assert any(setting in line for line in lines if line.startswith("ENV "))
    page = (ROOT / "docs" / "guide" / "server.md").read_text(encoding="utf-8")
    assert all(volume in page for volume in volumes)
