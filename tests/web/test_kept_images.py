"""Kept pages and clips as images of their own: the very pixels of the clip, in both versions of the Image API."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.imaging.tiff.pyramid import TiledImage
from omrclip.imaging.tiff.writing import write_pyramid
from tests.web.conftest import Refusal
from tests.web.keeping import THREE, Posted, identifier_of
from tests.web.making import (
    NAME_BOX,
    SIGNATURE_BOX,
    Json,
    Pixels,
    asked,
    bytes_of,
    clip_area,
    cut,
    decoded,
    encoded,
    grid,
    image,
    jpeg,
    template,
)

WHOLE = (0, 0, 300, 200)
AREAS = {"Name": NAME_BOX, "Signature": SIGNATURE_BOX, "Page": WHOLE, "Pixel": (123, 45, 1, 1)}
TEMPLATE = template(*(clip_area(name, box) for name, box in AREAS.items()))


def scaled(factor: float) -> Pixels:
    extents = (round(300 * factor), round(200 * factor))
    return np.asarray(cv2.resize(grid(), extents, interpolation=cv2.INTER_CUBIC), np.uint8)


SCANS = {
    "identity": encoded(grid()),
    "identity, jpeg": jpeg(grid(), 90),
    "scaled by 1.5": encoded(scaled(1.5)),
    "scaled by 2": encoded(scaled(2)),
    "scaled by 3": encoded(scaled(3)),
    "scaled by 3, jpeg": jpeg(scaled(3), 90),
    "scaled by 0.5": encoded(scaled(0.5)),
}


@pytest.fixture
def keeping(client: FlaskClient) -> Posted:
    """Post a scan whose clips come and stay without loss."""

    def post(scan: bytes) -> Json:
        options = {"Keep": True, "ClipFormat": "png"}
        body = {"Template": TEMPLATE, "Images": [image("scan.png", scan)], "Options": options}
        response = client.post("/api/recognitions", json=body)
        assert response.status_code == 200, response.text
        return response.get_json()

    return post


def clips_of(answer: Json) -> Iterator[tuple[str, str, bytes]]:
    """Name, URI and bytes of every clip."""
    (described,) = answer["Recognitions"]
    files = {file["Name"]: bytes_of(file["Data"]) for file in answer["ResponseFiles"]}
    for clip in described["Clips"]:
        yield clip["Name"], clip["Uri"], files[clip["File"]]


def in_version(uri: str, version: int) -> str:
    return uri.replace("/iiif/3/", f"/iiif/{version}/")


def shown(client: FlaskClient, uri: str) -> Pixels:
    response = client.get(uri)
    assert response.status_code == 200, response.text
    return decoded(response.data)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_a_clip_is_an_image_of_the_clips_own_pixels(
    client: FlaskClient, keeping: Posted, scan: bytes, version: int
) -> None:
    full = "full/full/0/default.png" if version == 2 else "full/max/0/default.png"
    for name, uri, data in clips_of(keeping(scan)):
        pixels = shown(client, f"{in_version(uri, version)}/{full}")
        left, top, width, height = AREAS[name]
        assert pixels.shape == (height, width, 3), (left, top)
        assert np.array_equal(pixels, decoded(data)), name


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_a_clip_is_a_region_of_its_page(client: FlaskClient, keeping: Posted, scan: bytes) -> None:
    answer = keeping(scan)
    page = answer["Recognitions"][0]["Uri"]
    whole = shown(client, f"{page}/full/max/0/default.png")
    assert whole.shape == (200, 300, 3)
    for name, uri, _ in clips_of(answer):
        region = ",".join(map(str, AREAS[name]))
        assert np.array_equal(
            shown(client, f"{uri}/full/max/0/default.png"), shown(client, f"{page}/{region}/max/0/default.png")
        )
        difference = np.abs(cut(whole, AREAS[name]).astype(int) - shown(client, f"{uri}/full/max/0/default.png"))
        assert difference.max() <= (0 if "identity" in str(answer["Recognitions"][0]["Registration"]) else 4)


@pytest.mark.parametrize("version", [2, 3])
def test_pages_and_clips_have_their_own_information(client: FlaskClient, keeping: Posted, version: int) -> None:
    answer = keeping(SCANS["scaled by 2"])
    page = answer["Recognitions"][0]["Uri"]
    extents = {page: (300, 200)} | {uri: AREAS[name][2:] for name, uri, _ in clips_of(answer)}
    for uri, (width, height) in extents.items():
        own = in_version(uri, version)
        assert client.get(own).headers["Location"] == f"{own}/info.json"
        info = client.get(f"{own}/info.json").get_json(force=True)
        assert (info["@id" if version == 2 else "id"], info["width"], info["height"]) == (own, width, height)
        assert info["sizes"] == [{"width": width, "height": height}]
        assert info["tiles"] == [{"width": 512, "height": 512, "scaleFactors": [1]}]


@pytest.mark.parametrize("version", [2, 3])
def test_a_large_page_has_tiles(client: FlaskClient, kept: Posted, version: int) -> None:
    pixels = grid(900, 600)
    form = {"Pages": [{"Width": 900, "Height": 600, "Elements": [clip_area("Large", (100, 40, 700, 520))]}]}
    answer = kept(Template=form, Images=[image("scan.png", encoded(pixels))])
    described: dict[str, Any] = answer["Recognitions"][0]
    for uri, box in ((described["Uri"], (0, 0, 900, 600)), (described["Clips"][0]["Uri"], (100, 40, 700, 520))):
        own, expected = in_version(uri, version), cut(pixels, box)
        (tiling,) = client.get(f"{own}/info.json").get_json(force=True)["tiles"]
        assert tiling == {"width": 512, "height": 512, "scaleFactors": [1, 2]}
        together = np.zeros_like(expected)
        for top in range(0, box[3], 512):
            for left in range(0, box[2], 512):
                width, height = min(512, box[2] - left), min(512, box[3] - top)
                tile = shown(client, f"{own}/{left},{top},{width},{height}/{width},/0/default.png")
                together[top : top + height, left : left + width] = tile
        assert np.array_equal(together, expected)
        half = shown(client, f"{own}/full/{-(-box[2] // 2)},/0/default.png")
        assert half.shape == (-(-box[3] // 2), -(-box[2] // 2), 3)


def test_nothing_outside_the_area_can_be_had_of_a_clip(client: FlaskClient, keeping: Posted) -> None:
    for name, uri, _ in clips_of(keeping(SCANS["identity"])):
        _, _, width, height = AREAS[name]
        for region in (f"{width},0,10,10", f"0,{height},10,10", "pct:100,0,10,10"):
            assert client.get(f"{uri}/{region}/max/0/default.png").status_code == 400
        wide = shown(client, f"{uri}/0,0,9999,9999/max/0/default.png")
        assert wide.shape == (height, width, 3)


def test_sizes_turns_qualities_and_formats_are_those_of_every_image(client: FlaskClient, keeping: Posted) -> None:
    _, uri, data = next(clips_of(keeping(SCANS["identity"])))
    area = decoded(data)
    assert np.array_equal(shown(client, f"{uri}/full/max/90/default.png"), np.rot90(area, -1))
    assert np.array_equal(shown(client, f"{uri}/full/max/!0/default.png"), area[:, ::-1])
    assert shown(client, f"{uri}/full/^180,/0/gray.jpg").shape == (80, 180, 3)
    for extension in ("jpg", "png", "tif", "gif", "webp", "jp2", "pdf"):
        assert client.get(f"{uri}/full/45,/0/default.{extension}").status_code == 200


def test_tags_tell_pages_clips_and_scans_apart_and_are_known_before_rendering(
    client: FlaskClient, keeping: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = "0,0,1,1/max/0/default.png"
    answers = [keeping(SCANS[name]) for name in ("identity", "scaled by 2", "scaled by 1.5")]
    uris = [answer["Recognitions"][0]["Uri"] for answer in answers]
    uris += [uri for answer in answers for _, uri, _ in clips_of(answer)]
    tags = {uri: client.get(f"{uri}/{rest}").headers["ETag"] for uri in uris}
    distinct = {uri for uri in uris if not uri.endswith(".1.3")}  # that clip is the whole page
    assert len({tags[uri] for uri in distinct}) == len(distinct)

    def fail(*_: object, **__: object) -> bytes:
        raise AssertionError("nothing was to be rendered")

    monkeypatch.setattr("omrclip.web.image_answers.render", fail)
    for uri, tag in tags.items():
        for version in (2, 3):
            path = f"{in_version(uri, version)}/{rest if version == 3 else rest.replace('max', 'full')}"
            assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_a_download_of_a_clip_is_named_so_that_none_overwrites_another(client: FlaskClient, keeping: Posted) -> None:
    answer = keeping(SCANS["identity"])
    uris = [answer["Recognitions"][0]["Uri"], *(uri for _, uri, _ in clips_of(answer))]
    names = {client.get(f"{uri}/full/max/0/default.jpg?download").headers["Content-Disposition"] for uri in uris}
    assert len(names) == len(uris)


def test_a_clip_tells_scan_and_area_by_its_file_name(client: FlaskClient, keeping: Posted) -> None:
    answer = keeping(SCANS["identity"])
    stem = answer["Recognitions"][0]["Name"].rpartition(".")[0]
    assert f"inline; filename={stem}.jpg" == _disposition(client, answer["Recognitions"][0]["Uri"])
    for name, uri, _ in clips_of(answer):
        assert f"inline; filename={stem}{name}.jpg" == _disposition(client, uri)


def _disposition(client: FlaskClient, uri: str) -> str:
    return client.get(f"{uri}/full/max/0/default.jpg").headers["Content-Disposition"].replace('"', "")


def test_a_scan_that_failed_has_no_page_and_the_others_keep_their_numbers(
    client: FlaskClient, kept: Posted, assert_refused: Refusal
) -> None:
    answer = kept(Images=THREE)
    base = f"/iiif/3/{identifier_of(answer)}"
    assert [described["Uri"] for described in answer["Recognitions"]] == [
        f"http://localhost{base}.1",
        None,
        f"http://localhost{base}.3",
    ]
    for missing in (".2", ".2.1", ".4", ".0", ".1.0", ".1.3", ".3.9", ".01", ".1.01", ".1.1.1", ".-1", "", ".", ".1."):
        assert_refused(client.get(f"{base}{missing}/info.json"), 404, "")
        assert_refused(client.get(f"{base}{missing}/full/max/0/default.png"), 404, "")
    for present in (".1", ".1.1", ".1.2", ".3", ".3.1", ".3.2"):
        assert client.get(f"{base}{present}/info.json").status_code == 200


def test_a_tiled_scan_is_read_only_where_pixels_are_asked_for(
    client: FlaskClient, keeping: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = BytesIO()
    write_pyramid(grid(), file, tile=64)
    answer = keeping(file.getvalue())
    uris = [answer["Recognitions"][0]["Uri"], *(uri for _, uri, _ in clips_of(answer))]
    tags = {uri: client.get(f"{uri}/full/max/0/default.jpg").headers["ETag"] for uri in uris}

    def fail(*_: object) -> Pixels:
        raise AssertionError("no pixels were asked for")

    monkeypatch.setattr(TiledImage, "read", fail)
    for uri, tag in tags.items():
        assert client.get(f"{uri}/info.json").status_code == 200
        assert client.get(f"{uri}/full/max/0/default.jpg", headers={"If-None-Match": tag}).status_code == 304
        assert client.get(f"{uri}/full/max/0/default.jpg").status_code == 200, "rendered before"


def test_all_that_is_kept_is_private_to_the_client(client: FlaskClient) -> None:
    answer = client.post("/api/recognitions?keep", json=asked()).get_json()
    page, clip = answer["Recognitions"][0]["Uri"], answer["Recognitions"][0]["Clips"][0]["Uri"]
    addresses = [f"{page}/info.json", f"{clip}/full/max/0/default.jpg", answer["Uri"], f"{answer['Uri']}/files.zip"]
    for address in [*addresses, f"{answer['Uri']}/manifest.json"]:
        assert client.get(address, buffered=True).headers["Cache-Control"] == "private, no-cache"
