"""`omrclip init`, and what `omrclip serve` says of its folders."""

import sys
from pathlib import Path

import platformdirs
import pytest

from omrclip.config import Config
from tests.desk import FAILED, PASSED, REFUSED, Desk, assert_refused, laid_out

ROOT = Path(__file__).parents[2]
SAMPLES = len([*(ROOT / "templates_omr").glob("[!.]*"), *(ROOT / "samples").glob("*.jpg")])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return laid_out(tmp_path, monkeypatch)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The settings of the servers that were started, which listen nowhere."""
    noted: list[Config] = []

    def serve(config: Config, announce: object) -> None:
        noted.append(config)
        assert callable(announce)
        announce("http://127.0.0.1:8080/")

    monkeypatch.setattr("omrclip.web.serve.serve", serve)
    return noted


def test_init_makes_a_home_and_says_how_to_serve_it(desk: Desk) -> None:
    home = desk.folder / "my home"
    made = desk.run("init", str(home))
    assert made.exit_code == PASSED
    assert made.stdout.splitlines() == [
        f"The home folder is {home}. {SAMPLES} files added.",
        f"Start the service with: omrclip serve --home '{home}'",
    ]
    assert len(list(home.glob("*/*"))) == SAMPLES


def test_init_names_what_it_does_not_overwrite(desk: Desk) -> None:
    mine = desk.put("home/images/exam-scan-1.jpg", b"mine")
    again = desk.run("init", str(desk.folder / "home"))
    assert again.exit_code == FAILED
    assert f"{SAMPLES - 1} files added" in again.stdout
    assert "not overwritten:\n  images/exam-scan-1.jpg\n" in again.stderr
    assert Path(mine).read_bytes() == b"mine"


def test_init_without_a_folder_takes_the_home_of_the_settings(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMRCLIP_HOME", str(desk.folder / "set"))
    made = desk.run("init")
    assert made.stdout.endswith("Start the service with: omrclip serve\n")
    assert (desk.folder / "set" / "templates" / "exam.omr").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="other platforms have other variables for their folders")
def test_the_home_is_in_the_platforms_folder_for_data(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMRCLIP_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(desk.folder / "data"))
    assert desk.run("init").exit_code == PASSED
    assert (desk.folder / "data" / "omrclip" / "templates" / "exam.omr").is_file()
    assert Config.from_env({}).home == platformdirs.user_data_dir("omrclip")


def test_init_refuses_a_file_as_home(desk: Desk) -> None:
    assert desk.run("init", str(desk.folder / "a.png")).exit_code == REFUSED
    assert_refused(desk.run("init", str(desk.folder / "a.png" / "below")), "Not a directory")


def test_serve_tells_address_folders_and_how_to_stop(desk: Desk, served: list[Config]) -> None:
    home = desk.folder / "home"
    desk.run("init", str(home))
    assert desk.run("serve").stderr.splitlines() == [
        "omrclip listens on http://127.0.0.1:8080/. Stop it with Ctrl-C.",
        f"  Templates: {home}/templates",
        f"  Images:    {home}/images",
        f"  Results:   {home}/results",
        "There are no users. Everybody on this machine can use the service without a log-in.",
    ]
    assert len(served) == 1


@pytest.mark.parametrize("options", [(), ("--home",)])
def test_serve_offers_the_sample_forms_where_there_is_no_template(
    desk: Desk, served: list[Config], options: tuple[str, ...]
) -> None:
    folder = [str(desk.folder / "empty")] if options else []
    told = desk.run("serve", *options, *folder).stderr.splitlines()[-1]
    assert told == f"There are no templates yet. Add the sample forms with: {' '.join(['omrclip init', *folder])}"
    command = told.partition(": omrclip ")[2].split()
    assert desk.run(*command).exit_code == PASSED
    assert "no templates" not in desk.run("serve", *options, *folder).stderr
    assert len(served) == 2


def test_serve_offers_nothing_for_templates_elsewhere(desk: Desk, served: list[Config]) -> None:
    told = desk.run("serve", "--templates", str(desk.folder / "elsewhere")).stderr
    assert f"Templates: {desk.folder / 'elsewhere'}\n" in told
    assert "init" not in told
    assert len(served) == 1


def test_options_and_settings_of_single_folders_win_over_the_home(
    desk: Desk, served: list[Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMRCLIP_IMAGES", "memory://images")
    monkeypatch.setenv("OMRCLIP_RESULTS", str(desk.folder / "set"))
    given = str(desk.folder / "given")
    told = desk.run("serve", "--home", str(desk.folder / "other"), "--results", given).stderr
    (config,) = served
    assert config.templates == str(desk.folder / "other" / "templates")
    assert config.images == "memory://images"
    assert config.results == given
    assert "Images:    memory://images\n" in told


def test_serve_refuses_a_home_that_is_no_folder_of_this_machine(desk: Desk, served: list[Config]) -> None:
    assert_refused(desk.run("serve", "--home", "s3://bucket"), "OMRCLIP_HOME must be a folder of this machine")
    assert served == []
