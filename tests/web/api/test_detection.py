"""`/api/detection`, and the detection on stored pages."""

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from omrclip.config import Config
from omrclip.errors import Abandoned
from omrclip.imaging.codec import decode
from omrclip.imaging.ocr import FAILURES, OcrFailure
from omrclip.limits import Limits
from omrclip.omr.authoring.generation.forms import generate
from omrclip.omr.authoring.rehearsal import rehearse
from omrclip.schemas.template import load_template
from omrclip.web.app import create_app
from omrclip.web.lanes import WORK
from omrclip.work import Work
from tests.omr.authoring.detection.pdf_forms import pdf_form
from tests.tesseract import FAILING, command, telling
from tests.web.making import encoded, file_part, multipart

ROOT = Path(__file__).parents[3]
PDF = {"Content-Type": "application/pdf"}
PNG = {"Content-Type": "image/png"}
TIFF = {"Content-Type": "image/tiff"}


def blank_page() -> bytes:
    """Four questions with five bubbles each."""
    page = np.full((1000, 700, 3), 255, np.uint8)
    for row in range(4):
        cv2.putText(page, f"{row + 1}.", (150, 307 + 50 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 2)
        for column in range(5):
            cv2.circle(page, (220 + 40 * column, 300 + 50 * row), 11, (0, 0, 0), 2, cv2.LINE_AA)
    return encoded(page)


def test_a_blank_page_becomes_a_template_that_can_be_stored(client: FlaskClient) -> None:
    answer = client.post("/api/detection", data=blank_page(), headers=PNG)
    assert answer.status_code == 200
    (page,) = answer.json["Pages"]
    assert [proposal["Element"]["Name"] for proposal in page["Proposals"]] == ["1", "2", "3", "4"]
    assert {proposal["Confidence"] for proposal in page["Proposals"]} == {0.95}
    assert page["LeftOut"] == []
    template = load_template(answer.json["Template"])
    assert [len(element.bubbles) for element in template.pages[0].elements] == [5] * 4
    assert client.put("/api/templates/made", json=answer.json["Template"]).status_code == 201
    again = client.post("/api/templates/made/pages/1/detection")
    assert again.json["Proposals"] == page["Proposals"]


def three_pages() -> bytes:
    """A TIFF file."""
    file = io.BytesIO()
    pages = [Image.open(io.BytesIO(blank_page())) for _ in range(3)]
    pages[0].save(file, "TIFF", compression="tiff_lzw", save_all=True, append_images=pages[1:])
    return file.getvalue()


@pytest.mark.parametrize(("part", "numbers"), [("First=2", [2, 3]), ("Last=1", [1]), ("First=2&Last=9", [2, 3])])
def test_a_long_file_is_looked_at_in_parts(client: FlaskClient, part: str, numbers: list[int]) -> None:
    answer = client.post(f"/api/detection?{part}", data=three_pages(), headers=TIFF).json
    assert (answer["PageCount"], [page["Number"] for page in answer["Pages"]]) == (3, numbers)
    pages = load_template(answer["Template"]).pages
    names = {1: "1", 2: "P2_1", 3: "P3_1"}
    assert [page.elements[0].name for page in pages] == [names[number] for number in numbers]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("First=0", "First: expected the number of a page, from 1"),
        ("First=3&Last=2", "Last not below First"),
        ("Last=x", "Last: expected the number of a page"),
        ("First=4", "First: expected a page of the file, which has 3, not 4"),
    ],
)
def test_a_part_that_is_not_in_the_file_is_refused(client: FlaskClient, part: str, told: str) -> None:
    answer = client.post(f"/api/detection?{part}", data=three_pages(), headers=TIFF)
    assert answer.status_code == 400
    assert told in answer.json["error"]["message"]


def test_detection_stops_between_two_pages_when_nobody_waits(client: FlaskClient) -> None:
    asked = iter([True, True, False])  # before the first page, after it, and after the second
    wanted = Work(is_wanted=lambda: next(asked))
    answer = client.post("/api/detection", data=three_pages(), headers=TIFF, environ_overrides={WORK: wanted})
    assert (answer.status_code, answer.json["error"]["code"]) == (503, Abandoned.code)
    assert list(asked) == []


@pytest.fixture
def client_of_large_pages(config: Config) -> FlaskClient:
    return create_app(replace(config, limits=Limits())).test_client()


def test_a_printed_form_becomes_a_template_that_reads_rehearsed_sheets(client_of_large_pages: FlaskClient) -> None:
    """Only the PDF of a form of 60 questions is given. Three sheets of it are read without a correction by hand."""
    source = (
        (ROOT / "templates_omr" / "answer-sheet-50.txt").read_text().replace("elements_count=50", "elements_count=60")
    )
    form, client = generate(source.encode(), "printed"), client_of_large_pages
    made = client.post("/api/detection", data=form.pdf, headers=PDF).json["Template"]
    assert client.put("/api/templates/made", json=made).status_code == 201
    (grid,) = (element["Name"] for element in made["Pages"][0]["Elements"] if element["Type"] == "Grid")
    (blank,) = form.page_images(Limits())
    sheets = [rehearse(form.template.pages[0], decode(blank), seed) for seed in (1, 2, 3)]
    images = [("Images", file_part(f"{number}.jpg", sheet.data)) for number, sheet in enumerate(sheets)]
    answer = client.post("/api/recognitions", **multipart(("Template", "made"), *images))
    assert answer.status_code == 200, answer.json
    for sheet, result in zip(sheets, answer.json["Recognitions"], strict=True):
        read = {element["Name"]: element["Value"] for element in result["Elements"]}
        expected = {grid if name == "Student ID" else name[1:]: value for name, value in sheet.values.items()}
        assert {name: read[name] for name in expected} == expected


def test_a_pdf_gives_names_over_http(client_of_large_pages: FlaskClient) -> None:
    """Those of the fields of a form, and those that are printed at the left of questions."""
    client = client_of_large_pages
    answer = client.post("/api/detection", data=pdf_form(), headers=PDF)
    named = [(element["Type"], element["Name"]) for element in answer.json["Template"]["Pages"][0]["Elements"]]
    assert named[:2] == [("ChoiceBox", "q1"), ("ChoiceBox", "q2")]
    assert named[-1] == ("ClipArea", "full name")
    printed = (ROOT / "templates_omr" / "answer-sheet-20.pdf").read_bytes()
    answer = client.post("/api/detection", data=printed, headers=PDF)
    names = {element["Name"] for element in answer.json["Template"]["Pages"][0]["Elements"]}
    assert set(map(str, range(1, 21))) <= names


def test_a_template_from_a_pdf_form_has_its_fields(client_of_large_pages: FlaskClient) -> None:
    """So the editor shows them, and does not propose them again."""
    client = client_of_large_pages
    assert client.post("/api/templates?name=form1", data=pdf_form(), headers=PDF).status_code == 201
    (page,) = load_template(client.get("/api/templates/form1").data).pages
    assert [element.name for element in page.elements] == ["q1", "q2", "q3", "q4", "q5", "apples", "pears", "full name"]
    found = client.post("/api/templates/form1/pages/1/detection").json["Proposals"]
    assert [len(one["Element"].get("Bubbles", ())) for one in found][:5] == [0, 4, 4, 4, 4]


def test_print_is_read_for_names(config: Config, tmp_path: Path) -> None:
    """Of a page of 700 × 1000 pixels; Tesseract reads it 3.508 times as large."""
    words = [(f"{row + 11}.", 526, round(3.508 * (290 + 50 * row)), 100, 70, 90.0) for row in range(4)]
    client = create_app(replace(config, ocr_command=telling(tmp_path, words))).test_client()
    answer = client.post("/api/detection", data=blank_page(), headers=PNG).json
    assert [element["Name"] for element in answer["Template"]["Pages"][0]["Elements"]] == ["11", "12", "13", "14"]
    assert answer["Warnings"] == []
    client.post("/api/templates?name=blank", data=blank_page(), headers=PNG)
    answer = client.post("/api/templates/blank/pages/1/detection").json
    assert [one["Element"]["Name"] for one in answer["Proposals"]] == ["11", "12", "13", "14"]
    (tmp_path / "arguments").unlink()
    sides = {"Left": 0, "Top": 0, "Width": 700, "Height": 1000}
    assert client.post("/api/templates/blank/pages/1/detection", query_string=sides).json["Warnings"] == []
    assert not (tmp_path / "arguments").exists()


def test_print_that_cannot_be_read_is_a_warning(config: Config, tmp_path: Path) -> None:
    client = create_app(replace(config, ocr_command=command(tmp_path, FAILING))).test_client()
    answer = client.post("/api/detection", data=blank_page(), headers=PNG)
    assert answer.status_code == 200
    assert answer.json["Warnings"] == [FAILURES[OcrFailure.FAILED]]
    assert len(answer.json["Pages"][0]["Proposals"]) == 4


def test_print_is_not_read_where_memory_is_small(config: Config, tmp_path: Path) -> None:
    """Installing Tesseract takes nothing away from a small server."""
    small = replace(config, ocr_command=telling(tmp_path, []), memory_bytes=600 * 2**20)
    client = create_app(small).test_client()
    answer = client.post("/api/detection", data=blank_page(), headers=PNG)
    assert answer.status_code == 200, answer.json
    assert answer.json["Warnings"] == [FAILURES[OcrFailure.MEMORY]]
    client.post("/api/templates?name=blank", data=blank_page(), headers=PNG)
    answer = client.post("/api/templates/blank/pages/1/detection").json
    assert (len(answer["Proposals"]), answer["Warnings"]) == (4, [FAILURES[OcrFailure.MEMORY]])
    assert not (tmp_path / "arguments").exists()


def test_a_rectangle_has_the_bubbles_within_it(client: FlaskClient) -> None:
    client.post("/api/templates?name=blank", data=blank_page(), headers=PNG)
    sides = {"Left": 240, "Top": 330, "Width": 110, "Height": 90}
    found = client.post("/api/templates/blank/pages/1/detection", query_string=sides).json["Proposals"]
    assert [[bubble["Value"] for bubble in one["Element"]["Bubbles"]] for one in found] == [["B", "C", "D"]] * 2
    assert client.get("/api/templates/blank/pages").json["Pages"][0]["Elements"] == 0


@pytest.mark.parametrize(
    ("sides", "field"),
    [({"Left": 1}, "Top"), ({"Left": 1, "Top": 1, "Width": 0, "Height": 5}, "Width"), ({"Left": "nan"}, "Left")],
)
def test_a_wrong_rectangle_is_refused(client: FlaskClient, sides: dict[str, object], field: str) -> None:
    client.post("/api/templates?name=blank", data=blank_page(), headers=PNG)
    answer = client.post("/api/templates/blank/pages/1/detection", query_string=sides)
    assert answer.status_code == 400
    assert field in answer.json["error"]["message"] or field in str(answer.json)


def test_pages_without_an_image_and_unknown_pages_are_refused(client: FlaskClient) -> None:
    assert client.post("/api/templates/form/pages/1/detection").status_code == 400
    assert client.post("/api/templates/form/pages/7/detection").status_code == 404
    assert client.post("/api/templates/none/pages/1/detection").status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "status"), [(b"no image", "image/png", 415), (b"{}", "application/json", 415)]
)
def test_what_is_no_image_is_refused(client: FlaskClient, body: bytes, kind: str, status: int) -> None:
    assert client.post("/api/detection", data=body, content_type=kind).status_code == status
