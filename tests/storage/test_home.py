"""A home folder gets the sample forms, and nothing in it is ever overwritten."""

import shutil
import stat
import tomllib
from pathlib import Path

import pytest

from omrclip.config import STORES, Config
from omrclip.storage import home
from omrclip.storage.home import MadeHome, has_templates, make_home
from omrclip.storage.images import ImageStore
from omrclip.storage.templates import TemplateStore

ROOT = Path(__file__).parents[2]
FORMS = sorted(f"templates/{path.name}" for path in (ROOT / "templates_omr").glob("[!.]*"))
SHEETS = sorted(f"images/{path.name}" for path in (ROOT / "samples").glob("*.jpg"))


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The bytes and the time of change of every file."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_a_new_home_has_all_folders_and_every_sample(tmp_path: Path) -> None:
    made = tmp_path / "deep" / "home"
    assert make_home(made) == MadeHome(added=(*FORMS, *SHEETS), differing=())
    assert sorted(path.name for path in made.iterdir()) == sorted(STORES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (made, *made.iterdir())} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.rglob("*.*")} == {0o600}
    config = Config.from_env({"OMRCLIP_HOME": str(made)})
    assert {"exam", "survey", "ballot"} < set(TemplateStore(config.templates).names())
    assert TemplateStore(config.templates).page_image("exam") == (ROOT / "templates_omr" / "exam.png").read_bytes()
    images = ImageStore(config.images, config.limits)
    assert [f"images/{name}" for name in images.identifiers()] == SHEETS
    assert images.read("exam-scan-1.jpg")[1].format == "jpeg"


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    make_home(tmp_path)
    before = state(tmp_path)
    assert make_home(tmp_path) == MadeHome((), ())
    assert state(tmp_path) == before


def test_what_is_missing_is_added_and_what_differs_stays(tmp_path: Path) -> None:
    make_home(tmp_path)
    (tmp_path / "images" / "exam-scan-1.jpg").write_bytes(b"mine")
    (tmp_path / "images" / "mine.jpg").write_bytes(b"mine")
    (tmp_path / "images" / "exam-scan-2.jpg").unlink()
    before = state(tmp_path)
    assert make_home(tmp_path) == MadeHome(("images/exam-scan-2.jpg",), ("images/exam-scan-1.jpg",))
    after = state(tmp_path)
    assert after.pop("images/exam-scan-2.jpg")[0] == (ROOT / "samples" / "exam-scan-2.jpg").read_bytes()
    assert after == before


def test_the_lock_of_a_service_is_no_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    templates, images = tmp_path / "templates_omr", tmp_path / "samples"
    shutil.copytree(ROOT / "templates_omr", templates)
    images.mkdir()
    (templates / ".lock").touch()
    monkeypatch.setattr(home, "_sample_folders", lambda: (templates, images))
    assert make_home(tmp_path / "home").added == tuple(FORMS)


def test_a_template_of_ones_own_does_not_get_the_page_image_of_a_sample(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "exam.omr").write_bytes(b"{}")
    made = make_home(tmp_path)
    assert made.differing == ("templates/exam.omr",)
    assert set(FORMS) - set(made.added) == {"templates/exam.omr", "templates/exam.png"}
    assert not (tmp_path / "templates" / "exam.png").exists()


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "exam-scan-1.jpg").symlink_to(tmp_path / "outside.jpg")
    assert make_home(tmp_path).differing == ("images/exam-scan-1.jpg",)
    assert not (tmp_path / "outside.jpg").exists()


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    with pytest.raises(OSError, match="home"):
        make_home(tmp_path / "home")


def test_it_is_known_whether_there_are_templates(tmp_path: Path) -> None:
    config = Config.from_env({"OMRCLIP_HOME": str(tmp_path)})
    assert not has_templates(config)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.png").write_bytes(b"")
    assert not has_templates(config)
    make_home(tmp_path)
    assert has_templates(config)


def test_an_installed_package_has_the_samples_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert sorted(included) == ["samples", "templates_omr"]
    for source, target in included.items():
        shutil.copytree(ROOT / source, tmp_path / "installed" / target)
    monkeypatch.setattr(home, "files", lambda package: tmp_path / "installed" / package)
    monkeypatch.setattr(home, "__file__", str(tmp_path / "a" / "b" / "c" / "home.py"))
    assert make_home(tmp_path / "home").added == (*FORMS, *SHEETS)
