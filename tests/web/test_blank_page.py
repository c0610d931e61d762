"""A scan that is the picture known as the template's blank page, over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.omr.template import Template
from omrclip.schemas.template import dump_template
from tests.omr.sheet import coloured, form
from tests.web.making import base64_of, encoded, image, jpeg

SHEET = form()
TEMPLATE = dump_template(Template(name="form", pages=(SHEET.page,)))
FILLED = coloured(SHEET.marked({"Q1": "B"}))


def recognized(client: FlaskClient, scan: bytes, **options: Any) -> tuple[list[str], dict[str, str]]:
    """The messages, and the status of each element."""
    body = {
        "Template": TEMPLATE,
        "TemplateImage": base64_of(encoded(FILLED)),
        "Images": [image("scan.jpg", scan)],
        "Options": options,
    }
    answer = client.post("/api/recognitions", json=body).get_json()
    (told,), (found,) = answer["Info"]["Details"]["RecognitionStatistics"], answer["Recognitions"]
    return told["TaskMessages"], {element["Name"]: element["Status"] for element in found["Elements"]}


@pytest.mark.parametrize(
    ("options", "status"),
    [({}, "uncertain"), ({"BlankIs": "blank"}, "blank"), ({"BlankIs": "uncertain"}, "uncertain")],
)
def test_its_answers_are_no_sure_blanks(client: FlaskClient, options: dict[str, str], status: str) -> None:
    messages, statuses = recognized(client, jpeg(FILLED, 75), **options)
    assert messages[0].startswith("This scan is the template's blank page")
    assert statuses["Q2"] == status


def test_another_sheet_is_read_as_ever(client: FlaskClient) -> None:
    messages, statuses = recognized(client, jpeg(coloured(SHEET.blank), 75))
    assert not any("blank page" in message for message in messages)
    assert statuses["Q2"] == "blank"
