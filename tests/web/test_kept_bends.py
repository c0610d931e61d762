"""Clips of bent paper: the kept image of a clip has the very pixels of the clip that was answered."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.omr import page_choice
from omrclip.omr.registration.find import FoundPage, ImagePyramid, KnownPage
from tests.web.making import NAME_BOX, Json, asked, bytes_of, clip_area, cut, decoded, encoded, grid, image, template

PNG = {"ClipFormat": "png", "Keep": True}


@pytest.fixture
def bend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page is found, and found to be bent: its middle lies 7.3 pixels lower than its edges."""
    real = page_choice.register

    def bent(known: KnownPage, levels: ImagePyramid, **options: Any) -> FoundPage:
        found = real(known, levels, **options)
        offsets = np.zeros((3, 3, 2), np.float32)
        offsets[:, 1, 1] = 7.3
        return replace(found, registration=replace(found.registration, bend=offsets))

    monkeypatch.setattr(page_choice, "register", bent)


def posted(client: FlaskClient) -> Json:
    images = [image("scan.png", encoded(grid(600, 400, square=40)))]
    body = asked(Template=template(clip_area("Name")), Images=images, Options=PNG)
    return client.post("/api/recognitions", json=body).get_json()


@pytest.mark.usefixtures("bend")
def test_a_kept_clip_is_the_clip_that_was_answered(client: FlaskClient) -> None:
    answer = posted(client)
    (clip,) = (decoded(bytes_of(file["Data"])) for file in answer["ResponseFiles"] if file["Name"] == "scanName.png")
    address = urlsplit(answer["Recognitions"][0]["Clips"][0]["Uri"]).path
    shown = decoded(client.get(f"{address}/full/max/0/default.png").data)
    assert np.array_equal(shown, clip)
    page = urlsplit(answer["Recognitions"][0]["Uri"]).path
    whole = decoded(client.get(f"{page}/full/max/0/default.png").data)
    differences = np.abs(cut(whole, NAME_BOX).astype(int) - clip)
    assert differences.max() <= 60
    assert np.median(differences) <= 1


def test_a_page_that_is_bent_otherwise_is_another_image(client: FlaskClient, request: pytest.FixtureRequest) -> None:
    def tag() -> str:
        page = urlsplit(posted(client)["Recognitions"][0]["Uri"]).path
        return client.get(f"{page}/full/max/0/default.png").headers["ETag"]

    flat = tag()
    assert tag() == flat
    request.getfixturevalue("bend")
    assert tag() != flat
