"""The files and corrected templates of clients of the cloud protocol."""

from dataclasses import replace
from pathlib import Path

import pytest

from omrclip.config import Config
from omrclip.errors import InvalidRequest, NotFound, StorageFull
from omrclip.limits import MEBIBYTE
from omrclip.storage.client_files import ClientFiles, Kind, clean_path
from tests.web.making import omr, template

IDENTIFIER = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture(params=["local", "memory"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    root = str(tmp_path / "results") if request.param == "local" else f"memory://{tmp_path.name}"
    return Config(results=root, cloud_file_bytes=MEBIBYTE)


@pytest.fixture
def files(config: Config) -> ClientFiles:
    return ClientFiles(config)


def listed(files: ClientFiles, folder: str = "") -> list[tuple[str, str, int]]:
    return [(entry.path, str(entry.kind), entry.size) for entry in files.entries(folder)]


def test_what_is_written_is_read_listed_replaced_and_deleted(files: ClientFiles) -> None:
    assert listed(files) == []
    files.write("/Scans//Klasse 4/größe.jpg", b"one")
    files.write("Scans/Klasse 4/größe.jpg", b"three")
    files.write("b.jpg", b"2")
    assert files.read("Scans/Klasse 4/größe.jpg").data == b"three"
    assert listed(files) == [("Scans", "folder", 0), ("b.jpg", "file", 1)]
    assert listed(files, "Scans/Klasse 4/") == [("Scans/Klasse 4/größe.jpg", "file", 5)]
    assert files.entries("Scans/Klasse 4")[0].modified > 1.7e9
    assert [files.kind(path) for path in ("", "Scans", "b.jpg", "B.jpg")] == [Kind.FOLDER, Kind.FOLDER, Kind.FILE, None]
    assert files.used_bytes() == 6
    files.delete("b.jpg")
    with pytest.raises(NotFound, match=r"There is no file 'b\.jpg'"):
        files.read("b.jpg")
    with pytest.raises(NotFound):
        files.delete("b.jpg")


def test_composed_and_decomposed_letters_are_the_same(files: ClientFiles) -> None:
    files.write("gro\u0308\u00dfe.jpg", b"x")
    assert files.read("gr\u00f6\u00dfe.jpg").data == b"x"


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "a/./b", ".lock", "a\\b", "a\x00b", "a\nb", "a/ b", "x" * 201, "a/.folder"]
)
def test_a_path_that_leads_out_or_is_hidden_is_refused(files: ClientFiles, config: Config, path: str) -> None:
    for call in (files.read, files.kind, files.delete, files.entries, files.make_folder, clean_path):
        with pytest.raises(InvalidRequest):
            call(path)
    with pytest.raises(InvalidRequest):
        files.write(path, b"x")
    if "memory" not in config.results:
        assert not Path(config.results).parent.joinpath("x").exists()


@pytest.mark.parametrize("path", ["", "/", "//"])
def test_the_root_is_no_file(files: ClientFiles, path: str) -> None:
    for call in (
        files.make_folder,
        lambda path: files.write(path, b"x"),
        lambda path: files.delete_folder(path, recursive=True),
    ):
        with pytest.raises(InvalidRequest, match="path: expected"):
            call(path)


def test_folders_are_made_and_deleted(files: ClientFiles) -> None:
    files.make_folder("a/b")
    files.make_folder("a/b")
    assert listed(files) == [("a", "folder", 0)]
    assert listed(files, "a") == [("a/b", "folder", 0)]
    assert listed(files, "a/b") == []
    files.write("a/b/c.jpg", b"x")
    with pytest.raises(InvalidRequest, match="recursive"):
        files.delete_folder("a", recursive=False)
    files.delete_folder("a", recursive=True)
    assert listed(files) == []
    with pytest.raises(NotFound, match="There is no folder 'a'"):
        files.delete_folder("a", recursive=True)
    with pytest.raises(NotFound):
        files.entries("a")


def test_files_and_folders_are_copied_and_moved(files: ClientFiles) -> None:
    files.write("a/b/c.jpg", b"x")
    files.make_folder("a/empty")
    files.copy("a/b/c.jpg", "d.jpg")
    files.copy("a", "copy/of a")
    files.move("d.jpg", "e/f.jpg")
    files.move("a", "g")
    assert listed(files) == [("copy", "folder", 0), ("e", "folder", 0), ("g", "folder", 0)]
    for folder in ("copy/of a", "g"):
        assert listed(files, folder) == [(f"{folder}/b", "folder", 0), (f"{folder}/empty", "folder", 0)]
        assert files.read(f"{folder}/b/c.jpg").data == b"x"
    assert files.read("e/f.jpg").data == b"x"


def test_a_file_that_is_moved_replaces_another(files: ClientFiles) -> None:
    files.write("a", b"1")
    files.write("b", b"2")
    files.move("a", "b")
    assert listed(files) == [("b", "file", 1)]
    assert files.read("b").data == b"1"
    files.move("b", "b")
    assert files.read("b").data == b"1"


@pytest.mark.parametrize("change", ["copy", "move"])
@pytest.mark.parametrize(
    ("path", "new_path"), [("a", "a/b"), ("a", "a"), ("a", "f"), ("a", "f/x"), ("a", "other"), ("f", "a")]
)
def test_what_is_in_the_way_is_told(files: ClientFiles, change: str, path: str, new_path: str) -> None:
    files.write("a/x.jpg", b"x")
    files.write("f", b"y")
    files.make_folder("other")
    with pytest.raises(InvalidRequest):
        getattr(files, change)(path, new_path)
    assert files.read("a/x.jpg").data == b"x"
    assert files.read("f").data == b"y"


def test_nothing_is_copied_or_moved_from_where_nothing_is(files: ClientFiles) -> None:
    for change in (files.copy, files.move):
        with pytest.raises(NotFound):
            change("none", "x")


def test_a_folder_does_not_take_the_place_of_a_file(files: ClientFiles) -> None:
    files.write("f", b"y")
    for path in ("f", "f/a"):
        with pytest.raises(InvalidRequest, match="'f' is a file"):
            files.make_folder(path)


def test_files_are_refused_beyond_the_quota(files: ClientFiles) -> None:
    half = bytes(MEBIBYTE // 2)
    files.write("a", half)
    files.write("b", half[1:])
    for call in (lambda: files.write("c", b"12"), lambda: files.copy("a", "c"), lambda: files.write("b", half + b"1")):
        with pytest.raises(StorageFull, match="OMRCLIP_CLOUD_FILE_BYTES"):
            call()
    with pytest.raises(StorageFull):
        files.add_template(IDENTIFIER, b"12", b"")
    files.write("b", half)
    assert files.used_bytes() == files.most_bytes
    files.delete("a")
    files.write("c", b"12")


def test_templates_are_found_again_by_their_identifier(files: ClientFiles, config: Config) -> None:
    identifier = files.new_identifier()
    files.add_template(identifier, omr(template(Name="one")), b"page")
    again = ClientFiles(config)
    found = again.template(identifier.upper())
    assert (found.template.name, found.page_image, found.identifier) == ("one", b"page", identifier)
    again.replace_template(identifier, omr(template(Name="two")))
    assert (files.template(identifier).template.name, files.template(identifier).page_image) == ("two", b"page")


@pytest.mark.parametrize("identifier", ["", "x", "../" + IDENTIFIER, IDENTIFIER, f"{IDENTIFIER}/page"])
def test_unknown_templates_are_not_found(files: ClientFiles, identifier: str) -> None:
    with pytest.raises(NotFound, match="TemplateId"):
        files.template(identifier)
    with pytest.raises(NotFound, match="TemplateId"):
        files.replace_template(identifier, b"")


def test_workspaces_have_files_of_their_own(config: Config) -> None:
    red, blue = (ClientFiles(config.in_workspace(name)) for name in ("red", "blue"))
    red.write("a", b"x")
    identifier = red.new_identifier()
    red.add_template(identifier, omr(template()), b"page")
    assert (blue.kind("a"), blue.entries(""), blue.used_bytes()) == (None, [], 0)
    with pytest.raises(NotFound):
        blue.template(identifier)
    assert ClientFiles(config).kind("a") is None


def test_a_deleted_file_leaves_no_byte(tmp_path: Path) -> None:
    files = ClientFiles(replace(Config(), results=str(tmp_path / "results")))
    for path in ("a/secret.jpg", "b.jpg", "c.jpg"):
        files.write(path, b"a pupil's answer")
    files.write("c.jpg", b"another")
    files.delete("b.jpg")
    files.delete_folder("a", recursive=True)
    found = [path for path in tmp_path.rglob("*") if path.is_file() and b"pupil" in path.read_bytes()]
    assert found == []
