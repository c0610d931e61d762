"""A folder with a template and scans, and the command line on it."""

import csv
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from omrclip.cli import main
from tests.web.making import encoded, grid, jpeg, omr, template

PASSED, FAILED, REFUSED = 0, 1, 2


@dataclass
class Desk:
    """A folder with a template and scans, and the command line on it."""

    folder: Path
    runner: CliRunner = field(default_factory=CliRunner)

    def put(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def run(self, *arguments: str) -> Result:
        return self.runner.invoke(main, arguments)

    @property
    def out(self) -> Path:
        return self.folder / "out" / "deep"

    def recognize(self, *images: str, command: str = "recognize", options: tuple[str, ...] = ()) -> Result:
        form = str(self.folder / "form.omr")
        paths = [str(self.folder / name) for name in images]
        return self.run(command, form, *paths, "--out", str(self.out), *options)

    def written(self) -> list[str]:
        return sorted(path.name for path in self.out.iterdir()) if self.out.exists() else []

    def table(self) -> list[list[str]]:
        with (self.out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))


def laid_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with form.omr and the images a.png, ö b.v2.jpg and broken.png, and no settings but its own home folder."""
    for name in [name for name in os.environ if name.startswith("OMRCLIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMRCLIP_HOME", str(folder / "home"))
    desk = Desk(folder)
    desk.put("form.omr", omr(template()))
    desk.put("a.png", encoded(grid()))
    desk.put("ö b.v2.jpg", jpeg(grid(salt=20)))
    desk.put("broken.png", b"hello")
    return desk


def assert_refused(result: Result, *words: str) -> None:
    """Assert that nothing was done, and that every word is said, without a traceback."""
    assert result.exit_code == REFUSED, result.output
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr
    assert "Traceback" not in result.output
