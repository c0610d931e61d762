"""Version 3.0 with the real Python package: only the addresses are set."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from tests.servers import Server, running
from tests.web.cloud.rehearsed import CLIP, MARKUP, filled
from tests.web.cloud.sdks import run, sdk
from tests.web.making import base64_of, bytes_of

PACKAGE = "aspose-omr-cloud==20.10"
SECRET = "correct horse battery"
OFFICE, OTHER = (Account(Kind.CLIENT, name, frozenset(Scope), name) for name in ("office", "other"))
UNKNOWN = "0f8fad5b-d9cb-469f-a165-70867728950e"
LEAST_LIKENESS = 0.88
"""The least correlation of a blurred clip with the same part of the blank page. It was 0.91 to 0.99 for the clips of a
scan and a photo, and at most 0.86 for parts that lie 20 pixels beside."""


@dataclass(frozen=True, slots=True)
class Sdk:
    """The package, the server that its programs talk to, and a folder for its files."""

    package: Path
    url: str
    folder: Path

    def run(self, *steps: list[Any], **changes: Any) -> list[dict[str, Any]]:
        """Run a program with these steps in a process of its own: see `client_v3`."""
        settings = {"base": self.url, "id": OFFICE.name, "secret": SECRET, "working": str(self.folder), **changes}
        told: list[dict[str, Any]] = run(self.package, "client_v3.py", steps=steps, **settings)["told"]
        return told

    def put(self, name: str, data: bytes) -> str:
        """Write a file that a program can upload, and return its path."""
        path = self.folder / name
        path.write_bytes(data)
        return str(path)


@pytest.fixture(scope="module")
def package(request: pytest.FixtureRequest) -> Path:
    """The first fixture of each test, so that no server is started where the package cannot be had."""
    return sdk(request.config.cache, PACKAGE, requires_all=True)


@pytest.fixture(scope="module")
def server(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:  # noqa: ARG001
    home = tmp_path_factory.mktemp("home")
    accounts = Accounts(home / "accounts.sqlite")
    for account in (OFFICE, OTHER):
        accounts.add(account, SECRET)
    accounts.close()
    with running(home=home) as server:
        yield server


@pytest.fixture
def client(package: Path, server: Server, tmp_path: Path) -> Sdk:
    folder = tmp_path / "client"
    folder.mkdir()
    return Sdk(package, server.url, folder)


def given(told: dict[str, Any]) -> Any:
    assert "given" in told, told
    return told["given"]


def result(told: dict[str, Any]) -> Any:
    answer = given(told)
    assert (answer["error_code"], answer["error_text"]) == (0, ""), answer
    return answer["payload"]["result"]


def files(found: Any) -> dict[str, bytes]:
    decoded = {file["name"]: bytes_of(file["data"]) for file in found["response_files"]}
    assert [file["size"] for file in found["response_files"]] == [len(data) for data in decoded.values()]
    return decoded


def template_file(path: Path) -> str:
    data = base64_of(path.read_bytes())
    return json.dumps({"Files": [{"Name": path.name, "Size": len(data), "Data": data}]})


def test_the_story_of_a_real_form(client: Sdk, shared_forms: Path) -> None:
    """Upload, correct, finalize, recognize: the answers are those of the cloud, and the clips show their areas."""
    folder = shared_forms / "aspose_test"
    form, page = folder / "Aspose_test.clips.omr", folder / "Aspose_test.png"
    uploaded, corrected, photo = client.run(
        ["upload_file", "Forms/Größe 4/page.png", str(page)],
        ["task", "Forms/Größe 4/page.png", "CorrectTemplate", template_file(form)],
        ["upload_file", "photo.jpg", str(folder / "photo.jpg")],
    )
    assert given(uploaded) == {"uploaded": ["page.png"], "errors": []}
    assert given(photo)["uploaded"] == ["photo.jpg"]
    found = result(corrected)
    ((name, data),) = files(found).items()
    assert name == "Aspose_test.clips.omrcr"
    assert found["info"]["details"]["task_messages"] == []
    identifier = found["template_id"]
    uploaded, finalized, recognized = client.run(
        ["upload_file", name, client.put("corrected.omrcr", data)],
        ["task", name, "FinalizeTemplate", identifier],
        ["task", "photo.jpg", "RecognizeImage", identifier],
    )
    assert given(uploaded)["uploaded"] == [name]
    done = result(finalized)
    assert (done["template_id"], done["info"]["details"]["task_result"]) == (identifier, "Pass")
    theirs = (folder / "RecognitionResult.dat").read_text().splitlines()
    ours = files(done)["RecognitionResult.dat"].decode().splitlines()
    # The cloud left out the bar codes, which are printed on the blank page and must read.
    assert ours == [*theirs, "Student_ID:5901234123457", "AsposeWebsite:aspose.com", "ArucoTest:53"]
    results = files(result(recognized))
    areas = ("NameArea", "DateArea", "SignArea", "LogoArea")
    assert list(results) == ["photo.dat", *(f"photo{area}.jpg" for area in areas)]
    assert results["photo.dat"].decode().splitlines() == (folder / "photo.dat").read_text().splitlines()
    for element in json.loads(form.read_text(encoding="utf-8-sig"))["Pages"][0]["Elements"]:
        if element["Type"] == "ClipArea":
            assert_shows(results[f"photo{element['Name']}.jpg"], page, element)
    statistics = result(recognized)["info"]["details"]["recognition_statistics"][0]
    assert (statistics["name"], statistics["task_result"]) == ("photo.jpg", "Pass")


def test_from_a_text_to_answers(client: Sdk) -> None:
    """Generate a form, correct and finalize it, fill in sheets, and recognize them: the files have what is marked."""
    _, generated = client.run(
        ["upload_file", "course.txt", client.put("course.txt", MARKUP)],
        ["task", "course.txt", "GenerateTemplate", None],
    )
    made = files(result(generated))
    assert list(made) == ["course.omr", "course.png"]
    form, page = made["course.omr"], made["course.png"]
    _, corrected = client.run(
        ["upload_file", "course.png", client.put("course.png", page)],
        ["task", "course.png", "CorrectTemplate", template_file(Path(client.put("course.omr", form)))],
    )
    identifier = result(corrected)["template_id"]
    ((name, data),) = files(result(corrected)).items()
    sheets = {f"sheet{seed}.jpg": filled(form, page, seed) for seed in range(4)}
    _, finalized, *told = client.run(
        ["upload_file", name, client.put(name, data)],
        ["task", name, "FinalizeTemplate", identifier],
        *(
            step
            for file, sheet in sheets.items()
            for step in (
                ["upload_file", file, client.put(file, sheet.data)],
                ["task", file, "RecognizeImage", identifier],
            )
        ),
    )
    assert result(finalized)["info"]["details"]["task_result"] == "Pass"
    for (file, sheet), recognized in zip(sheets.items(), told[1::2], strict=True):
        stem = file.removesuffix(".jpg")
        found = files(result(recognized))
        assert list(found) == [f"{stem}.dat", f"{stem}{CLIP}.jpg"]
        assert dict(line.split(":", 1) for line in found[f"{stem}.dat"].decode().splitlines()) == sheet.values, file


def assert_shows(clip: bytes, page: Path, element: dict[str, Any]) -> None:
    """Assert that a clip is a JPEG file of an area of the page, and not of another place."""
    assert clip.startswith(b"\xff\xd8\xff")
    left, top, width, height = (round(float(element[key])) for key in ("Left", "Top", "Width", "Height"))
    blank = cv2.imread(str(page), cv2.IMREAD_GRAYSCALE)
    pixels = cv2.imdecode(np.frombuffer(clip, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert blank is not None
    assert pixels is not None
    assert pixels.shape == (height, width)
    expected = cv2.GaussianBlur(blank[top : top + height, left : left + width], (0, 0), 4)
    matched = cv2.matchTemplate(cv2.GaussianBlur(pixels, (0, 0), 4), expected, cv2.TM_CCOEFF_NORMED)
    assert float(matched.max()) > LEAST_LIKENESS, element["Name"]


def test_the_storage(client: Sdk) -> None:
    file = client.put("größe.jpg", b"the bytes")
    told = client.run(
        ["upload_file", "a b/größe.jpg", file],
        ["create_folder", "empty"],
        ["copy_file", "a b/größe.jpg", "c.jpg"],
        ["move_file", "c.jpg", "d/e.jpg"],
        ["copy_folder", "a b", "f"],
        ["move_folder", "f", "g"],
        ["get_files_list", ""],
        ["get_files_list", "g"],
        ["object_exists", "d/e.jpg"],
        ["object_exists", "empty"],
        ["object_exists", "c.jpg"],
        ["download_file", "d/e.jpg"],
        ["get_disc_usage"],
        ["storage_exists", "First Storage"],
        ["delete_file", "d/e.jpg"],
        ["object_exists", "d/e.jpg"],
        ["delete_folder", "a b", {"recursive": "true"}],
        ["delete_folder", "empty"],
        ["object_exists", "a b"],
    )
    values = [given(one) for one in told]
    assert values[0] == {"uploaded": ["größe.jpg"], "errors": []}
    assert values[1:6] == [None] * 5
    assert {entry["path"] for entry in values[6]["value"]} >= {"a b", "empty", "d", "g"}
    (entry,) = values[7]["value"]
    assert (entry["name"], entry["path"], entry["size"], entry["is_folder"]) == ("größe.jpg", "g/größe.jpg", 9, False)
    exists = {"exists": True, "is_folder": False}
    assert values[8:11] == [exists, {**exists, "is_folder": True}, {**exists, "exists": False}]
    assert bytes_of(values[11]) == b"the bytes"
    assert values[12]["used_size"] >= 27
    assert values[13] == {"exists": True}
    assert [values[index] for index in (14, 16, 17)] == [None] * 3
    assert [values[index]["exists"] for index in (15, 18)] == [False, False]


def test_answers_are_graded(client: Sdk) -> None:
    rules = {
        "Pages": [
            {
                "PageId": 1,
                "CorrectPoints": 1,
                "IncompleteAnswersAllowed": True,
                "IncompleteAnswerPoints": 0.5,
                "QuestionRules": [{"QuestionName": "Q1", "Answer": "ED"}, {"QuestionName": "Q2", "Answer": "EB"}],
            }
        ]
    }
    _, told = client.run(
        ["upload_file", "photo.dat", client.put("photo.dat", b"Q1:D\nQ2:BE\n")],
        ["task", "photo.dat", "GradeAnswers", json.dumps(rules)],
    )
    page = json.loads(files(result(told))["photo.grade"])["Pages"][0]
    assert (page["TotalPoints"], page["MaxPossiblePoints"]) == (1.5, 2)


def test_what_a_user_can_act_on(client: Sdk, shared_forms: Path) -> None:
    folder = shared_forms / "aspose_test"
    page = folder / "Aspose_test.png"
    _, corrected = client.run(
        ["upload_file", "page.png", str(page)],
        ["task", "page.png", "CorrectTemplate", template_file(folder / "Aspose_test.omr")],
    )
    identifier = result(corrected)["template_id"]
    damaged = client.put("damaged.jpg", (folder / "photo.jpg").read_bytes()[:20_000])
    told = client.run(
        ["task", "none.jpg", "RecognizeImage", identifier],
        ["task", "page.png", "RecognizeImage", UNKNOWN],
        ["upload_file", "damaged.jpg", damaged],
        ["task", "damaged.jpg", "RecognizeImage", identifier],
        ["task", "form.txt", "GenerateTemplate", None],
        ["task", "page.png", "Dance", None],
        ["upload_file", "empty.jpg", client.put("empty.jpg", b"")],
        ["download_file", "none.jpg"],
    )
    for index, words in (
        (0, "There is no file 'none.jpg' in the storage."),
        (1, "There is no template with the TemplateId"),
        (3, "cut off"),
        (4, "There is no file 'form.txt'"),
        (5, "actionName: expected one of"),
    ):
        answer = given(told[index])
        assert answer["error_code"] != 0
        assert words in answer["error_text"]
    statistics = given(told[3])["payload"]["result"]["info"]["details"]["recognition_statistics"][0]
    assert (statistics["task_result"], "cut off" in statistics["task_messages"][0]) == ("Fail", True)
    for index, words in ((6, "expected the bytes of a file, not an empty body"), (7, "in the storage")):
        assert words in told[index]["raised"], told[index]


def test_a_wrong_secret_gives_no_token(client: Sdk) -> None:
    """The package shows that there is no token, but not the reason that the server tells."""
    assert client.run(["get_disc_usage"], secret="wrong") == [{"raised": "KeyError: 'access_token'"}]


def test_another_client_sees_no_file_and_no_template(client: Sdk) -> None:
    client.run(["upload_file", "mine.jpg", client.put("mine.jpg", b"x")])
    exists, task = client.run(
        ["object_exists", "mine.jpg"], ["task", "mine.jpg", "RecognizeImage", UNKNOWN], id=OTHER.name
    )
    assert given(exists)["exists"] is False
    assert "There is no file" in given(task)["error_text"]
