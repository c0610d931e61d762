"""A link to a place on a sheet, as the content state of the IIIF: viewers and the client itself open it."""

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.client.conftest import OpenPage, Project, expect, recognize
from tests.patience import PATIENCE, until
from tests.servers import new_session

if TYPE_CHECKING:
    from playwright.sync_api import Page


def decoded(state: str) -> Any:
    """As the specification says, section 6."""
    padded = state + "=" * (-len(state) % 4)
    return json.loads(unquote(base64.urlsafe_b64decode(padded).decode()))


def scale_of(page: "Page") -> float:
    """Pixels of the screen for a pixel of the scan, once they are the same for a while."""
    overlay, scale = page.locator(".viewer canvas.overlay"), -1.0
    while scale != (scale := overlay.evaluate("one => one.getContext('2d').getTransform().a")):
        page.wait_for_timeout(500)
    return scale


def test_a_place_on_a_sheet_is_copied_as_content_state(project: Project, visit: OpenPage) -> None:
    watched = visit("recognize/exam", permissions=["clipboard-read", "clipboard-write"])
    page = watched.page
    recognize(watched, project.samples / "exam-scan-1.jpg")
    page.locator(".answers tr[data-name=Q21] button").click()
    page.get_by_role("button", name="Copy as IIIF content state").click()
    page.get_by_text("The address was copied.").wait_for()
    address = page.evaluate("navigator.clipboard.readText()")
    (state,) = parse_qs(urlsplit(address).query)["iiif-content"]
    assert not set(state) & set("+/=")
    annotation = decoded(state)
    assert (annotation["type"], annotation["motivation"]) == ("Annotation", ["contentState"])
    canvas, _, region = annotation["target"]["id"].partition("#")
    source = annotation["target"]["partOf"][0]["id"]
    manifest = new_session().get(source, timeout=PATIENCE).json()
    (shown,) = manifest["items"]
    assert canvas == shown["id"]
    left, top, width, height = map(int, region.removeprefix("xywh=").split(","))
    record = new_session().get(source.replace("/manifest.json", ""), timeout=PATIENCE).json()
    (read,) = (one for one in record["Elements"] if one["Name"] == "Q21")
    (x, y), (right, bottom) = read["Corners"][0], read["Corners"][2]
    assert abs(left - x) + abs(top - y) + abs(left + width - right) + abs(top + height - bottom) < 4

    page.goto(address)
    page.get_by_role("heading", name="exam-scan-1.jpg").wait_for()
    assert "iiif-content" not in page.url
    expect(page.locator(".answers tr.chosen")).to_have_attribute("data-name", "Q21")
    assert page.url.endswith(f"/sheets/exam-scan-1.jpg//{region.removeprefix('xywh=')}")
    scale = scale_of(page)
    whole, _, _ = page.url.rpartition("//")
    page.goto("about:blank")
    page.goto(whole)
    page.locator(".answers").wait_for()
    assert page.locator(".answers tr.chosen").count() == 0
    until(lambda: scale_of(page) < scale / 2)
    page.goto("about:blank")
    page.goto(f"{whole}//200,300,250,250")  # a place that is no answer's
    page.locator(".answers").wait_for()
    assert page.locator(".answers tr.chosen").count() == 0
    until(lambda: scale_of(page) > scale / 2)
    page.goto(f"{project.url}/?iiif-content=nonsense")
    page.get_by_role("heading", name="Templates").wait_for()
