"""`/api/detection`, and the detection on stored pages."""

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.schemas.template import load_template
from tests.web.making import encoded

PNG = {"Content-Type": "image/png"}


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
