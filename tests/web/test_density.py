"""How dense an image is on paper, and whether it has colour: in its files, in info.json and in manifests."""

from io import BytesIO

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from omrclip.imaging.source import DecodedImage
from omrclip.imaging.tiff.writing import write_pyramid
from tests.web.conftest import Refusal
from tests.web.keeping import Posted, identifier_of
from tests.web.making import NAME_BOX, Json, bytes_of, clip_area, decoded, encoded, grid, image, template

PHYSICAL = {
    "@context": "http://iiif.io/api/annex/services/physdim/1/context.json",
    "profile": "http://iiif.io/api/annex/services/physdim",
    "physicalUnits": "mm",
}
SOURCES = {"scan.jpg": "JPEG", "scan.png": "PNG", "scan.tif": "TIFF"}


def file_of(kind: str, mode: str = "RGB", **options: object) -> bytes:
    file = BytesIO()
    Image.fromarray(grid()[:, :, ::-1]).convert(mode).save(file, kind, **options)
    return file.getvalue()


def told(data: bytes) -> tuple[float, float] | None:
    """What Pillow reads; a JPEG and a TIFF without a density have (1, 1) or nothing."""
    density = Image.open(BytesIO(data)).info.get("dpi")
    return None if density in (None, (1, 1)) else (float(density[0]), float(density[1]))


@pytest.fixture
def dense(client: FlaskClient) -> FlaskClient:
    for name, kind in SOURCES.items():
        client.put(f"/api/images/{name}", data=file_of(kind, dpi=(300, 300)))
    return client


SHOWN = {
    "full/max/0/default": 300,
    "10,20,100,50/max/0/default": 300,
    "full/150,/0/default": 150,
    "full/60,/0/gray": 60,
    "10,20,100,50/50,25/0/bitonal": 150,
    "full/max/90/default": 300,
    "full/max/22.5/default": 300,
    "full/3,2/0/default": None,
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_a_file_tells_the_density_that_is_true_of_it(dense: FlaskClient, source: str, extension: str) -> None:
    for asked, expected in SHOWN.items():
        for version in (2, 3):
            uri = f"/iiif/{version}/{source}/{asked}".replace("max", "full" if version == 2 else "max")
            density = told(dense.get(f"{uri}.{extension}").data)
            assert density == (expected and pytest.approx((expected, expected), rel=1e-3)), uri


def test_the_density_of_what_is_stretched_or_turned_is_told_by_axis(client: FlaskClient) -> None:
    client.put("/api/images/fax.tif", data=file_of("TIFF", dpi=(204, 98)))
    expected = {
        "full/max/0": (204, 98),
        "full/150,200/0": (102, 98),
        "full/max/90": (98, 204),
        "full/max/180": (204, 98),
        "full/max/!270": (98, 204),
        "full/max/45": None,
    }
    for asked, density in expected.items():
        found = told(client.get(f"/iiif/3/fax.tif/{asked}/default.png").data)
        assert found == (density and pytest.approx(density, rel=1e-3)), asked


def test_the_last_tile_of_a_level_has_the_density_of_the_others(client: FlaskClient) -> None:
    file = BytesIO()
    Image.new("RGB", (1025, 700)).save(file, "PNG", dpi=(400, 400))
    client.put("/api/images/wide.png", data=file.getvalue())
    for asked in ("0,0,1024,700/512,350", "1024,0,1,700/1,350"):
        found = told(client.get(f"/iiif/3/wide.png/{asked}/0/default.jpg").data)
        assert found == (200, 200), asked


def test_without_a_density_files_are_as_they_were(client: FlaskClient) -> None:
    client.put("/api/images/plain.png", data=encoded(grid()))
    for extension in ("jpg", "png", "tif"):
        assert told(client.get(f"/iiif/3/plain.png/full/max/0/default.{extension}").data) is None
    assert client.get("/iiif/3/plain.png/full/max/0/default.png").data == encoded(grid())
    assert "service" not in client.get("/iiif/3/plain.png/info.json").get_json()


def test_a_stored_tile_tells_it_too(client: FlaskClient) -> None:
    files = {}
    for name, density in (("dense.tif", (300.0, 300.0)), ("plain.tif", None)):
        file = BytesIO()
        write_pyramid(DecodedImage(grid(), density=density), file, tile=64)
        client.put(f"/api/images/{name}", data=file.getvalue())
        files[name] = [
            client.get(f"/iiif/3/{name}/{asked}/0/default.jpg").data
            for asked in ("64,64,64,64/max", "0,0,128,128/64,64", "full/max")
        ]
    assert [told(data) for data in files["plain.tif"]] == [None] * 3
    assert [told(data) for data in files["dense.tif"]] == [(300, 300), (150, 150), (300, 300)]
    for plain, tagged in zip(*files.values(), strict=True):
        assert np.array_equal(decoded(plain), decoded(tagged))


def test_entity_tags_follow_the_density(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_of("PNG", dpi=(300, 300))
    client.put("/api/images/scan.png", data=data)
    client.put("/api/images/plain.png", data=encoded(grid()))
    asked = ["/iiif/3/scan.png/full/max/0/default.jpg", "/iiif/3/plain.png/full/max/0/default.jpg"]
    with_it = [client.get(uri).headers["ETag"] for uri in asked]
    monkeypatch.setattr("omrclip.web.image_answers.delivered_density", lambda *_: None)
    without = [client.get(uri).headers["ETag"] for uri in asked]
    assert with_it[0] != without[0]
    assert with_it[1] == without[1]


def test_the_information_tells_the_scale_on_paper(dense: FlaskClient) -> None:
    for source in SOURCES:
        (service,) = dense.get(f"/iiif/3/{source}/info.json").get_json()["service"]
        assert service.pop("@id") == f"http://localhost/iiif/3/{source}#physical-dimensions"
        assert service.pop("@type") == "Service"
        assert service == {**PHYSICAL, "physicalScale": 0.084667}
        assert dense.get(f"/iiif/2/{source}/info.json").get_json()["service"] == {**PHYSICAL, "physicalScale": 0.084667}


@pytest.mark.parametrize("density", [(204, 98), (1, 1), (0, 0)])
def test_no_scale_is_told_where_there_is_no_single_one(client: FlaskClient, density: tuple[int, int]) -> None:
    client.put("/api/images/scan.tif", data=file_of("TIFF", dpi=density))
    for version in (2, 3):
        assert "service" not in client.get(f"/iiif/{version}/scan.tif/info.json").get_json()


GREY = {
    "grey.png": file_of("PNG", "L"),
    "alpha.png": file_of("PNG", "LA"),
    "bilevel.png": file_of("PNG", "1"),
    "grey.jpg": file_of("JPEG", "L"),
    "fax.tif": file_of("TIFF", "1", compression="group4"),
}


@pytest.mark.parametrize("name", GREY)
def test_a_grey_image_has_no_colour(client: FlaskClient, assert_refused: Refusal, name: str) -> None:
    client.put(f"/api/images/{name}", data=GREY[name])
    info = client.get(f"/iiif/3/{name}/info.json").get_json()
    assert info["extraQualities"] == ["gray", "bitonal"]
    for quality in ("default", *info["extraQualities"]):
        assert client.get(f"/iiif/3/{name}/full/max/0/{quality}.jpg").status_code == 200
    # What is not listed is not there (3.0, section 4.4); level 2 of version 2 promises it for every image.
    assert_refused(client.get(f"/iiif/3/{name}/full/max/0/color.jpg"), 400, "", ("quality", "bitonal, default, gray"))
    in_colour, default = (client.get(f"/iiif/2/{name}/full/full/0/{q}.jpg").data for q in ("color", "default"))
    assert in_colour == default


def test_an_image_in_colour_has_all_qualities(client: FlaskClient) -> None:
    for name, data in {"rgb.png": file_of("PNG"), "palette.png": file_of("PNG", "P")}.items():
        client.put(f"/api/images/{name}", data=data)
        assert client.get(f"/iiif/3/{name}/info.json").get_json()["extraQualities"] == ["color", "gray", "bitonal"]
        assert client.get(f"/iiif/3/{name}/full/max/0/color.jpg").status_code == 200


TEMPLATE = template(clip_area("Name", NAME_BOX))


@pytest.mark.parametrize(("extension", "dots"), [("jpg", 300), ("png", 300), ("tif", 300), ("webp", None)])
def test_clips_tell_the_density(client: FlaskClient, extension: str, dots: int | None) -> None:
    for scan, expected in ((file_of("PNG", dpi=(300, 300)), dots), (file_of("PNG"), None)):
        body = {"Template": TEMPLATE, "Images": [image("scan.png", scan)], "Options": {"ClipFormat": extension}}
        files = client.post("/api/recognitions", json=body).get_json()["ResponseFiles"]
        (clip,) = [bytes_of(file["Data"]) for file in files if file["Name"] == f"scanName.{extension}"]
        assert told(clip) == (expected and pytest.approx((expected, expected), rel=1e-3))


def test_kept_pages_and_clips_tell_it(client: FlaskClient, kept: Posted) -> None:
    answer = kept(Template=TEMPLATE, Images=[image("scan.png", file_of("PNG", "L", dpi=(300, 300)))])
    identifier = identifier_of(answer)
    for part in ("1", "1.1", "1.scan"):
        uri = f"/iiif/3/{identifier}.{part}"
        info = client.get(f"{uri}/info.json").get_json()
        assert info["service"][0]["physicalScale"] == 0.084667, part
        assert info["extraQualities"] == ["gray", "bitonal"]
        found = told(client.get(f"{uri}/full/max/0/default.jpg").data)
        assert found == (300, 300), part
    for document in ("manifest.json", "clips.json"):
        manifest = client.get(f"/api/recognitions/{identifier}/{document}").get_json()
        assert _services(manifest) == [{**PHYSICAL, "physicalScale": 0.084667}], document


def test_manifests_tell_no_scale_that_is_not_known(client: FlaskClient, kept: Posted) -> None:
    identifier = identifier_of(kept(Template=TEMPLATE, Images=[image("scan.png")]))
    assert _services(client.get(f"/api/recognitions/{identifier}/manifest.json").get_json()) == []


def _services(manifest: Json) -> list[Json]:
    """The services of the canvases, without identifiers and types."""
    services = [service for canvas in manifest["items"] for service in canvas.get("service", [])]
    for service in services:
        assert service.pop("@id").startswith(manifest["id"])
        assert service.pop("@type") == "Service"
    return services
