"""Every example of the documentation does what the page says, as it can be pasted.

The blocks of a page run one after the other in one folder, which begins as a clone does: with samples/ and
templates_omr/. Requests go to a server on a free port, whose home `omrclip init` made. The language of a block says how
it is checked.

sh, python: run; the status has to be 0, and a block after `<!-- output -->` is what it prints
json: has to be JSON
xml: has to be well-formed
ini, nginx, text, console: not run here; tests/docs/test_deployment.py checks those of the server's set-up
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.docs.examples import PAGES, ROOT, Block, blocks, matches
from tests.patience import PATIENCE
from tests.servers import running

ADDRESS = "127.0.0.1:8080"
INSTALL = "python3 -m venv .venv && .venv/bin/pip install . && "
NOT_RUN = {
    "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/pytest -n auto": "it is what runs this",
    "from asposeomrcloud": "it needs a package of another vendor; tests/web/cloud runs it",
}
"""The beginnings of blocks that are not run, and why."""
KNOWN_LANGUAGES = {"sh", "python", "json", "xml", "ini", "nginx", "text", "console"}
STORY_PAGES = [page for page in PAGES if any(block.language in ("sh", "python") for block in blocks(page))]


def test_every_block_says_how_it_is_checked() -> None:
    unknown = {str(block): block.language for page in PAGES for block in blocks(page)}
    assert {place: language for place, language in unknown.items() if language not in KNOWN_LANGUAGES} == {}


@pytest.mark.parametrize(
    "block", [block for page in PAGES for block in blocks(page) if block.language == "json"], ids=str
)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize(
    "block", [block for page in PAGES for block in blocks(page) if block.language == "xml"], ids=str
)
def test_xml_is_well_formed(block: Block) -> None:
    ElementTree.fromstring(block.text)


def _as_cloned(folder: Path) -> Path:
    for name in ("samples", "templates_omr"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server listens that has the sample forms."""
    home = tmp_path_factory.mktemp("home")
    subprocess.run([sys.executable, "-m", "omrclip", "init", str(home)], check=True, timeout=PATIENCE)
    with running(home=home, workers=1) as server:
        yield server.url.removeprefix("http://")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder as a clone is one, with `omrclip` and `python3` in its own environment."""
    _as_cloned(tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in (("omrclip", "-m omrclip"), ("python3", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        (programs / name).chmod(0o755)
    return tmp_path


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="the examples need bash and curl")
@pytest.mark.parametrize("page", STORY_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_work_as_pasted(page: Path, place: Path, request: pytest.FixtureRequest) -> None:
    examples = [
        block
        for block in blocks(page)
        if block.language in ("sh", "python") and not block.text.startswith(tuple(NOT_RUN))
    ]
    needs_server = any(ADDRESS in block.text for block in examples)
    address = request.getfixturevalue("address") if needs_server else ADDRESS
    for block in examples:
        _run(block, place, block.text.replace(ADDRESS, address))


def _run(block: Block, place: Path, text: str) -> None:
    # The server runs already.
    lines = [line for line in text.removeprefix(INSTALL).splitlines() if not _starts_a_server(line)]
    code = "\n".join(lines)
    command = [sys.executable, "-c", code] if block.language == "python" else ["bash", "-euo", "pipefail", "-c", code]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMRCLIP_")}
    environment |= {"HOME": str(place), "XDG_DATA_HOME": str(place / ".local" / "share")}
    environment["PATH"] = f"{place / '.venv' / 'bin'}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, f"{block}:\n{code}\n{done.stdout}{done.stderr}"
    if block.output is not None:
        assert matches(block.output, done.stdout), f"{block} prints\n{done.stdout}"


def _starts_a_server(line: str) -> bool:
    return bool(line.split()) and line.split()[0].endswith("omrclip") and line.split()[1:2] == ["serve"]
