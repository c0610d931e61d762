"""Lists come in pages, in the order of the names, and each page says where the next one is."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.web.services import MOST_LISTED
from tests.web.conftest import Refusal
from tests.web.making import omr, template

NAMES = sorted(["a", "b c", "d&e", "ü", "z?"])


@pytest.fixture
def filled(config: Config, client: FlaskClient) -> FlaskClient:
    for name in NAMES:
        (Path(config.templates) / f"{name}.omr").write_bytes(omr(template()))
        (Path(config.images) / f"{name}.png").write_bytes(b"")
    (Path(config.templates) / "form.omr").unlink()
    (Path(config.images) / "grid.png").unlink()
    return client


@pytest.mark.parametrize(("address", "key", "suffix"), [("templates", "Templates", ""), ("images", "Images", ".png")])
@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6, MOST_LISTED])
def test_the_pages_together_are_the_list(filled: FlaskClient, address: str, key: str, suffix: str, limit: int) -> None:
    found, following = [], f"/api/{address}?limit={limit}"
    while following:
        answer = filled.get(following)
        page = answer.get_json()
        assert 0 < len(page[key]) <= limit
        found += page[key]
        following = page["Next"]
        assert re.findall('<(.*)>; rel="next"', answer.headers.get("Link", "")) == ([following] if following else [])
    assert [entry["Name"] for entry in found] == [name + suffix for name in NAMES]
    assert len({entry["Uri"] for entry in found}) == len(NAMES)


def test_a_page_begins_behind_a_name_that_is_gone(filled: FlaskClient) -> None:
    page = filled.get("/api/templates?after=c").get_json()
    assert [entry["Name"] for entry in page["Templates"]] == ["d&e", "z?", "ü"]
    assert filled.get("/api/templates?after=%F0%9F%98%80").get_json() == {"Templates": [], "Next": None}


def test_a_list_has_no_more_entries_than_a_page_by_default(config: Config, client: FlaskClient) -> None:
    for number in range(MOST_LISTED + 1):
        (Path(config.images) / f"{number:05}.png").write_bytes(b"")
    page = client.get("/api/images").get_json()
    assert len(page["Images"]) == MOST_LISTED
    assert [entry["Name"] for entry in client.get(page["Next"]).get_json()["Images"]] == ["01000.png", "grid.png"]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "ten", "", "1e3", "9" * 30, "٣"])
@pytest.mark.parametrize("address", ["/api/templates", "/api/images"])
def test_a_limit_that_is_none_is_refused(
    client: FlaskClient, assert_refused: Refusal, address: str, limit: str
) -> None:
    assert_refused(client.get(address, query_string={"limit": limit}), 400, "invalid_request", "limit")
