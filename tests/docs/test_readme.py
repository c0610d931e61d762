"""The tables of the documentation are complete, and the README's examples work as pasted."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import cv2
import pytest

from omrclip import errors
from omrclip.config import Config, Limits, settings, variable
from omrclip.omr.options import RecognitionOptions
from omrclip.schemas.recognition_options import OptionsSchema, load_options
from omrclip.web.errors import STATUS
from tests.patience import PATIENCE
from tests.serving import running

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "127.0.0.1:8080"


def table(page: str) -> list[list[str]]:
    """The rows of the first table of a page of docs/, as lists of cells."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| "))
    rows = list(takewhile(lambda line: line.startswith("| "), lines[first:]))[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_every_setting_is_in_the_table() -> None:
    defaults = {**{s.name: getattr(Config(), s.name) for s in settings() if hasattr(Config(), s.name)}}
    defaults |= {s.name: getattr(Limits(), s.name) for s in settings() if s.name not in defaults}
    expected = [
        [f"`{variable(s)}`", "" if defaults[s.name] in (None, ()) else f"`{defaults[s.name]}`", s.metadata["meaning"]]
        for s in settings()
    ]
    assert table("settings.md") == expected


def test_every_error_code_is_in_the_table() -> None:
    said = {(code.strip("`"), int(status)) for code, status, _ in table("errors.md")}
    assert said == {(cls.code, STATUS[cls]) for cls in STATUS if cls is not errors.OmrclipError}


def test_every_option_is_in_the_table_with_its_default() -> None:
    rows = {option.strip("`"): meaning for option, _, meaning in table("options.md")}
    assert set(rows) == {field.data_key for field in OptionsSchema().fields.values()}
    default = re.search(r"`({[^}]*})` if not set", rows["MarkThresholds"])
    assert default
    assert load_options({"MarkThresholds": json.loads(default[1])}) == RecognitionOptions()


def test_every_command_is_in_the_table() -> None:
    from omrclip.cli import main

    assert {row[0].split()[1].strip("`") for row in table("command-line.md")} == set(main.commands)


def test_ci_runs_the_readmes_second_command() -> None:
    second = blocks("sh")[1]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for step in ("python3 -m venv .venv", ".venv/bin/pytest -n auto", "'.[dev]'"):
        assert step in second
        assert step in script


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a clone is one, with nothing of the clone at stake."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("samples", "templates_omr"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[str]:
    """Where a server of this folder listens."""
    with running(stores=place) as server:
        yield server.url.removeprefix("http://")


def run(command: list[str], place: Path) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="the examples need bash and curl")
def test_the_curl_examples_work_as_pasted(place: Path, address: str) -> None:
    examples = [block for block in blocks("sh") if ADDRESS in block]
    assert len(examples) == 5
    for example in examples:
        run(["bash", "-euo", "pipefail", "-c", example.replace(ADDRESS, address)], place)
    with zipfile.ZipFile(place / "clips.zip") as archive:
        assert archive.testzip() is None
        assert "exam-scan-3SignatureArea.jpg" in archive.namelist()
    answer = json.loads((place / "answer.json").read_text(encoding="utf-8"))
    assert [file["MediaType"] for file in answer["ResponseFiles"]][1:] == ["image/png"] * 2
    assert len((place / "lines.ndjson").read_text(encoding="utf-8").splitlines()) == 2
    name = cv2.imread(str(place / "name.jpg"), cv2.IMREAD_UNCHANGED)
    assert name.shape == (72, 400)
    assert json.loads((place / "templates_omr/exam.omr").read_bytes()) == json.loads(
        (ROOT / "templates_omr/exam.omr").read_bytes()
    )


def test_the_python_example_works_as_pasted(place: Path, address: str) -> None:
    (example,) = blocks("python")
    said = run([sys.executable, "-c", example.replace(ADDRESS, address)], place)
    assert [line.split()[:2] for line in said.splitlines()] == [
        ["exam-scan-1.jpg", "Pass"],
        ["exam-scan-2.jpg", "Pass"],
    ]
    assert cv2.imread(str(place / "clips/exam-scan-1NameArea.png")).shape == (133, 740, 3)


def test_the_image_has_a_volume_for_each_folder_that_is_written() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    (volumes,) = (json.loads(line.partition(" ")[2]) for line in lines if line.startswith("VOLUME "))
    folders = (Config().templates, Config().images, Config().results, "cache")
    assert volumes == [f"/srv/omrclip/{folder}" for folder in folders]
    assert any("OMRCLIP_CACHE_FOLDER=cache" in line for line in lines)
