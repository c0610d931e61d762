"""Files that are none, and names that nobody can read: each fails alone, with a reason, and nothing waits for it."""

import os
import socket
import sys
from pathlib import Path

import pytest

from tests.desk import FAILED, PASSED, REFUSED, Desk, laid_out
from tests.web.making import encoded, grid


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return laid_out(tmp_path, monkeypatch)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        working = Path.cwd()
        os.chdir(path.parent)  # the path of a socket may have 107 characters
        listening.bind(path.name)
        os.chdir(working)


ODD = {
    "missing": (lambda _: None, "No such file"),
    "folder": (Path.mkdir, "The folder or pattern contains no images"),
    "named pipe": (_pipe, "a named pipe, not a file"),
    "socket": (_socket, "cannot be read"),
    "endless device": (lambda path: path.symlink_to("/dev/zero"), "a device, not a file"),
    "link to nothing": (lambda path: path.symlink_to("nothing"), "No such file"),
    "link to itself": (lambda path: path.symlink_to(path.name), "symbolic links"),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_fails_alone(desk: Desk, kind: str) -> None:
    make, said = ODD[kind]
    make(desk.folder / "odd.png")
    result = desk.recognize("a.png", "odd.png", "ö b.v2.jpg")
    assert result.exit_code == FAILED
    assert "2 of 3 scans passed" in result.stdout
    assert [row[:2] for row in desk.table()[1:]] == [["a.png", "Pass"], ["odd.png", "Fail"], ["ö b.v2.jpg", "Pass"]]
    assert said in desk.table()[2][3]
    assert str(desk.folder) not in desk.table()[2][3]


NAMES = {
    "not UTF-8": (b"not \xff utf-8.png", "not \\udcff utf-8.png"),
    "line break": (b"line\nbreak.png", "line\\x0abreak.png"),
    "reversed": ("gnp.\u202etxt.png".encode(), "gnp.\\u202etxt.png"),
    "escape sequence": (b"\x1b[31mred.png", "\\x1b[31mred.png"),
}


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take UTF-8 alone")
@pytest.mark.parametrize("kind", NAMES)
def test_a_name_that_cannot_be_shown_fails_alone(desk: Desk, kind: str) -> None:
    name, shown = NAMES[kind]
    desk.put(os.fsdecode(name), encoded(grid()))
    result = desk.recognize("a.png", os.fsdecode(name), "ö b.v2.jpg")
    assert result.exit_code == FAILED
    assert [row[:2] for row in desk.table()[1:]] == [["a.png", "Pass"], [shown, "Fail"], ["ö b.v2.jpg", "Pass"]]
    assert "Rename the file" in result.stderr
    assert all(character not in result.output for character in ("\x1b", "\u202e", "\udcff"))


def test_names_that_windows_refuses_give_files_that_it_takes(desk: Desk) -> None:
    for name in ("10:32.png", "a\\b.png", "what?.png"):
        desk.put(name, encoded(grid()))
    assert desk.recognize("10:32.png", "a\\b.png", "what?.png").exit_code == PASSED
    assert [name for name in desk.written() if name.endswith("Name.jpg")] == [
        "10_32Name.jpg",
        "a_bName.jpg",
        "what_Name.jpg",
    ]


@pytest.mark.parametrize("option", ["template", "--template-image"])
def test_a_device_is_no_template(desk: Desk, option: str) -> None:
    form = "/dev/zero" if option == "template" else str(desk.folder / "form.omr")
    more = () if option == "template" else (option, "/dev/zero")
    result = desk.run("recognize", form, str(desk.folder / "a.png"), "--out", str(desk.out), *more)
    assert result.exit_code == REFUSED
    assert "is a device" in result.stderr
