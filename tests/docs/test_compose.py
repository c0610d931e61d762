"""The compose file: Docker Compose takes it, and its programs take their arguments."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from omrclip.cli import main
from tests.docs.examples import ROOT, blocks
from tests.patience import PATIENCE

FILE = ROOT / "compose.yaml"
GUIDE = ROOT / "docs" / "guide" / "large-batches.md"
KEYS = {"S3_ACCESS_KEY": "omrclip", "S3_SECRET_KEY": "secret"}
COMPOSE = shutil.which("docker-compose")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"])


def config(**environment: str) -> subprocess.CompletedProcess[str]:
    assert COMPOSE is not None
    inherited = {name: value for name, value in os.environ.items() if name not in KEYS}
    return subprocess.run(
        [COMPOSE, "--file", FILE, "config"],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.skipif(COMPOSE is None, reason="docker-compose is not installed")
def test_compose_takes_the_file_and_wants_keys(services: dict[str, Any]) -> None:
    done = config(**KEYS)
    assert done.returncode == 0, done.stderr
    shown = yaml.safe_load(done.stdout)["services"]
    assert shown.keys() == services.keys()
    assert shown["worker"]["environment"]["AWS_SECRET_ACCESS_KEY"] == "secret"
    assert not shown["server"].get("environment"), "the server does not need the keys"
    refused = config()
    assert refused.returncode != 0
    assert "Set S3_ACCESS_KEY in .env" in refused.stderr


def test_services_name_what_is_there(services: dict[str, Any]) -> None:
    volumes = yaml.safe_load(FILE.read_text(encoding="utf-8"))["volumes"].keys()
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        named = {volume.partition(":")[0] for volume in service.get("volumes", ())}
        assert {name for name in named if not name.startswith(".")} <= volumes
        assert all((ROOT / name).exists() for name in named if name.startswith("."))
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    kept = set(re.findall(r'"(/srv/omrclip/\w+)"', image))
    assert {volume.partition(":")[2] for volume in services["server"]["volumes"]} == kept


def test_published_ports_are_those_of_this_machine(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:8080:8080"]


def test_extras_of_the_image_exist(services: dict[str, Any]) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = services["worker"]["build"]["args"]["EXTRAS"].split(",")
    assert set(extras) <= project["optional-dependencies"].keys()


@pytest.mark.parametrize("name", ["scheduler", "worker"])
def test_dask_takes_the_arguments(services: dict[str, Any], name: str) -> None:
    from distributed.cli import dask_scheduler, dask_worker

    programs: dict[str, click.Command] = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
    program, what, *arguments = shlex.split(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", services[name]["command"]))
    assert (program, what) == ("dask", name)
    programs[name].make_context(what, arguments)


def test_omrclip_takes_the_arguments_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "\n".join(block.text for block in blocks(GUIDE)).replace("\\\n", " ")
    (line,) = re.findall(r"^docker compose run --rm batch (.*)$", text, re.MULTILINE)
    command, *arguments = shlex.split(line)
    found = main.get_command(click.Context(main), command)
    assert found
    context = found.make_context(command, arguments)
    assert context.params["engine"] == "dask"
