"""Every example of the documentation does what the page says, as it can be pasted.

The blocks of a page run one after the other in one folder, which begins as a clone does: with samples/ and
templates_omr/. Requests go to a server of that folder on a free port. Languages say how a block is checked.

sh, python: run; the status has to be 0, and a block after `<!-- output -->` is what it prints
json: has to be JSON
ini, nginx, text, console: not run here; test_deployment.py checks those of the server's set-up
"""

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.examples import PAGES, ROOT, Block, blocks, matches
from tests.patience import PATIENCE
from tests.serving import running

ADDRESS = "127.0.0.1:8080"
INSTALL = "python3 -m venv .venv && .venv/bin/pip install . && "
NOT_RUN = {
    "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/pytest -n auto": "it is what runs this",
}
KNOWN_LANGUAGES = {"sh", "python", "json", "ini", "nginx", "text", "console"}
STORY_PAGES = [page for page in PAGES if any(block.language in ("sh", "python") for block in blocks(page))]


def test_every_block_says_how_it_is_checked() -> None:
    unknown = {str(block): block.language for page in PAGES for block in blocks(page)}
    assert {place: language for place, language in unknown.items() if language not in KNOWN_LANGUAGES} == {}


@pytest.mark.parametrize(
    "block", [block for page in PAGES for block in blocks(page) if block.language == "json"], ids=str
)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder as a clone is one, with `omrclip` and `python3` on the path of its own environment."""
    for name in ("samples", "templates_omr"):
        shutil.copytree(ROOT / name, tmp_path / name)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in (("omrclip", "-m omrclip"), ("python3", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        (programs / name).chmod(0o755)
    return tmp_path


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="the examples need bash and curl")
@pytest.mark.parametrize("page", STORY_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_work_as_pasted(page: Path, place: Path) -> None:
    examples = [block for block in blocks(page) if block.language in ("sh", "python") and block.text not in NOT_RUN]
    with ExitStack() as stack:
        address = None
        for block in examples:
            if ADDRESS in block.text and address is None:
                address = stack.enter_context(running(stores=place)).url.removeprefix("http://")
            _run(block, place, block.text.replace(ADDRESS, address or ADDRESS))


def _run(block: Block, place: Path, text: str) -> None:
    # A server for the page runs already, where a block needs one.
    lines = [line for line in text.removeprefix(INSTALL).splitlines() if not _starts_a_server(line)]
    code = "\n".join(lines)
    command = [sys.executable, "-c", code] if block.language == "python" else ["bash", "-euo", "pipefail", "-c", code]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMRCLIP_")}
    environment["PATH"] = f"{place / '.venv' / 'bin'}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, f"{block}:\n{code}\n{done.stdout}{done.stderr}"
    if block.output is not None:
        assert matches(block.output, done.stdout), f"{block} prints\n{done.stdout}"


def _starts_a_server(line: str) -> bool:
    return bool(line.split()) and line.split()[0].endswith("omrclip") and line.split()[1:2] == ["serve"]
