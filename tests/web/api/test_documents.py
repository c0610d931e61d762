"""POST /api/recognitions with documents: each page of a PDF file or TIFF file is a scan."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.imaging.documents import Document
from omrclip.imaging.pdf_pages import PdfPages
from omrclip.imaging.tiff.pages import TiffPages
from omrclip.web import services
from omrclip.web.app import App, create_app
from tests.imaging.pdf_files import PdfImage, PdfPage, jpeg_image, pdf, scanned
from tests.imaging.test_pdf_pages import protected
from tests.jobs.test_archives import archive, patched
from tests.web.keeping import Posted, stored
from tests.web.making import (
    HEIGHT,
    NAME_BOX,
    WIDTH,
    Json,
    asked,
    base64_of,
    bytes_of,
    clip_area,
    cut,
    encoded,
    file_part,
    grid,
    image,
    jpeg,
    multipart,
    omr,
    template,
    tiff_of,
)

Recognized = Callable[..., Json]
PAPER = {"dimensions": (WIDTH, HEIGHT)}
SHADES = [grid(salt=salt) for salt in (0, 20, 40)]
BOMB = PdfImage(30_000, 30_000, b"", "/FlateDecode", "/DeviceGray", 1)
HUGE = PdfPage("1 0 0 rg 0 0 9 9 re f", dimensions=(14_000, 14_000))  # 5 m
NAMES = ["stack-p0001", "stack-p0002", "stack-p0003"]


def stack(*shades: np.ndarray) -> bytes:
    """A PDF with these scans as JPEG files."""
    return pdf(*(scanned(jpeg_image(np.ascontiguousarray(shade[:, :, ::-1])), **PAPER) for shade in shades))


def outcomes(answer: Json) -> list[tuple[str, str | None]]:
    return [(one["Name"], one["Error"] and one["Error"]["code"]) for one in answer["Recognitions"]]


@pytest.mark.parametrize(
    ("name", "data", "pages"),
    [
        ("stack.pdf", stack(*SHADES), [f"{name}.pdf" for name in NAMES]),
        ("stack.tif", tiff_of(*SHADES), [f"{name}.tif" for name in NAMES]),
        ("one.pdf", stack(SHADES[0]), ["one.pdf"]),
        (
            "class.zip",
            archive({"a.png": encoded(grid()), "b/c.pdf": stack(SHADES[0])}),
            ["class-a.png", "class-b-c.pdf"],
        ),
        ("one.tif", tiff_of(SHADES[0]), ["one.tif"]),
    ],
)
@pytest.mark.parametrize("form", ["JSON", "multipart"])
def test_each_page_is_a_scan(client: FlaskClient, form: str, name: str, data: bytes, pages: list[str]) -> None:
    parts = multipart(("Template", "form"), ("Images", file_part(name, data)))
    sent = {"json": asked(Images=[image(name, data)])} if form == "JSON" else parts
    response = client.post("/api/recognitions", **sent)
    assert response.status_code == 200, response.text
    assert outcomes(response.get_json()) == [(page, None) for page in pages]
    assert response.headers["X-Scans"] == str(len(pages))


def test_clips_of_pages_are_those_of_their_images(recognized: Recognized) -> None:
    answer = recognized(Images=[image("stack.tif", tiff_of(*SHADES))])
    files = {file["Name"]: bytes_of(file["Data"]) for file in answer["ResponseFiles"]}
    for name, shade in zip(NAMES, SHADES, strict=True):
        assert files[f"{name}Name.png"] == jpeg(cut(shade, NAME_BOX))


def test_the_page_of_a_template_can_be_told_for_a_page(recognized: Recognized) -> None:
    two = {**template(), "Pages": [*template()["Pages"], *template(clip_area("Back"))["Pages"]]}
    pages = {"stack-p0001.tif": 2, "stack-p0002.tif": 1}
    images = [image("stack.tif", tiff_of(*SHADES[:2]))]
    answer = recognized(Template=two, Images=images, Options={"Pages": pages})
    assert [one["Page"] for one in answer["Recognitions"]] == [2, 1]


BAD = {
    "password": (protected("secret"), [("bad.pdf", "unsupported_image")]),
    "cut off": (stack(*SHADES)[:500], [("bad.pdf", "corrupt_image")]),
    "no page": (pdf(), [("bad.pdf", "corrupt_image")]),
    "encrypted file in an archive": (
        patched(archive({"1.png": encoded(grid()), "2.png": encoded(grid())}), 8, 1),
        [("bad-1.png", None), ("bad-2.png", "unsupported_image")],
    ),
    "swelling file in an archive": (archive({"a.bmp": bytes(3_000_000)}), [("bad-a.bmp", "limit_exceeded")]),
    "one image too large": (pdf(scanned(BOMB)), [("bad.pdf", "limit_exceeded")]),
    "too many pages": (pdf(*[PdfPage("")] * 5), [("bad.pdf", "limit_exceeded")]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_fails_alone(recognized: Recognized, name: str) -> None:
    data, expected = BAD[name]
    answer = recognized(Images=[image("first.png"), image("bad.pdf", data), image("last.png")])
    assert outcomes(answer) == [("first.png", None), *expected, ("last.png", None)]


@pytest.mark.parametrize("bad", [scanned(BOMB), HUGE], ids=["image of 900 megapixels", "5 m × 5 m"])
def test_a_bad_page_fails_alone(recognized: Recognized, bad: PdfPage) -> None:
    good = scanned(jpeg_image(np.ascontiguousarray(grid()[:, :, ::-1])), **PAPER)
    answer = recognized(Images=[image("stack.pdf", pdf(good, bad, good))])
    assert [code for _, code in outcomes(answer)] == [None, "limit_exceeded", None]
    assert "page 2 of the PDF has" in answer["Recognitions"][1]["Error"]["message"].replace("Page", "page")


@pytest.mark.parametrize(("counts", "status"), [((2, 2), 200), ((2, 3), 413), ((1, 1, 1, 1), 200)])
def test_pages_are_counted_before_any_work(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, counts: tuple[int, ...], status: int
) -> None:
    read: list[int] = []
    monkeypatch.setattr(PdfPages, "read_page", lambda _, number: (read.append(number), b"")[1])
    images = [
        image(f"{index}.pdf", pdf(*[PdfPage("", dimensions=(30, 20))] * count)) for index, count in enumerate(counts)
    ]
    response = client.post("/api/recognitions", json=asked(Images=images))
    assert response.status_code == status, response.text
    assert len(read) == (sum(counts) if status == 200 else 0)
    if status == 413:
        assert response.get_json()["error"]["details"] == {"limit": "max_images", "maximum": 4}


def test_pages_of_one_name_conflict(client: FlaskClient) -> None:
    images = [image("a.tif", tiff_of(*SHADES[:2])), image("a-p0002.tif", tiff_of(SHADES[0]))]
    response = client.post("/api/recognitions", json=asked(Images=images))
    assert response.get_json()["error"]["code"] == "name_conflict"


@pytest.mark.parametrize("accept", ["application/x-ndjson", "application/json", "application/zip"])
def test_pages_are_read_one_at_a_time_and_with_their_memory_admitted(
    client: FlaskClient, app: App, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    read: list[tuple[int, int]] = []
    admission = services.of(app).sources.admission
    before = TiffPages.read_page

    def noted(self: Document, number: int) -> bytes:
        read.append((number, admission.admitted_bytes - self.page_bytes(number)))
        return before(self, number)  # type: ignore[arg-type]

    monkeypatch.setattr(TiffPages, "read_page", noted)
    images = [image("stack.tif", tiff_of(*SHADES))]
    with client.post("/api/recognitions", json=asked(Images=images), headers={"Accept": accept}) as response:
        assert response.status_code == 200
        assert response.data
    assert [number for number, _ in read] == [1, 2, 3]
    assert min(spare for _, spare in read) >= 0
    assert admission.admitted_bytes == 0


def test_a_page_that_needs_too_much_memory_fails_alone(recognized: Recognized, monkeypatch: pytest.MonkeyPatch) -> None:
    before = TiffPages.page_bytes
    monkeypatch.setattr(TiffPages, "page_bytes", lambda self, number: 10**12 if number == 2 else before(self, number))
    answer = recognized(Images=[image("stack.tif", tiff_of(*SHADES))])
    assert [code for _, code in outcomes(answer)] == [None, "limit_exceeded", None]


def test_clips_at_the_scale_of_the_scan_are_counted_when_a_page_is_read(config: Config) -> None:
    large = np.kron(grid(), np.ones((2, 2, 1), np.uint8))
    area = NAME_BOX[2] * NAME_BOX[3]
    limits = replace(config.limits, max_clip_pixels=9 * area)  # each page has four times as many pixels
    request = asked(
        Template=template(clip_area("Name")),
        Images=[image("stack.pdf", stack(large, large, large))],
        Options={"ClipScale": "native"},
    )
    response = create_app(replace(config, limits=limits)).test_client().post("/api/recognitions", json=request)
    assert [code for _, code in outcomes(response.get_json())] == [None, None, "limit_exceeded"]


def test_documents_are_closed(recognized: Recognized, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, closed = [], []
    first, last = PdfPages.__init__, PdfPages.close
    monkeypatch.setattr(PdfPages, "__init__", lambda self, *args: (opened.append(self), first(self, *args))[1])
    monkeypatch.setattr(PdfPages, "close", lambda self: (closed.append(self), last(self))[1])
    good = scanned(jpeg_image(np.ascontiguousarray(grid()[:, :, ::-1])), **PAPER)
    recognized(Images=[image("stack.pdf", pdf(good, good, HUGE))])
    assert opened == closed != []


def test_pages_are_stored_as_they_are_read(kept: Posted, client: FlaskClient, config: Config) -> None:
    data = pdf(*(scanned(jpeg_image(np.ascontiguousarray(s[:, :, ::-1])), **PAPER) for s in SHADES[:2]), HUGE)
    answer = kept(Images=[image("first.png"), image("stack.pdf", data)])
    scans = [name for name in stored(config) if "/scans/" in name]
    assert [name.rpartition("/")[2] for name in scans] == ["1", "2", "3"], "the page that failed has none"
    manifest = client.get(f"{answer['Uri']}/manifest.json").get_json()
    assert [canvas["label"]["none"] for canvas in manifest["items"]] == [
        ["first.png"],
        ["stack-p0001.pdf"],
        ["stack-p0002.pdf"],
    ]
    for canvas in manifest["items"]:
        service = canvas["items"][0]["items"][0]["body"]["service"][0]["id"]
        assert client.get(f"{service}/full/max/0/default.jpg").status_code == 200


def test_pages_that_cannot_be_stored_are_answered(config: Config) -> None:
    page = tiff_of(grid())
    small = replace(config, kept_bytes=len(page) * 3 // 2)
    client = create_app(small).test_client()
    request = asked(Template=json.loads(omr(template())), Images=[image("stack.tif", tiff_of(*SHADES))])
    answer = client.post("/api/recognitions?keep", json=request).get_json()
    assert [code for _, code in outcomes(answer)] == [None, None, None]
    assert answer["Uri"] is None
    assert answer["KeepingError"]["code"] == "storage_full"
    assert not [name for name in stored(small) if "/scans/" in name]


def test_a_good_page_behind_other_files(recognized: Recognized) -> None:
    answer = recognized(Images=[image("a.png", encoded(grid())), image("b.pdf", stack(*SHADES[:2]))])
    assert outcomes(answer) == [("a.png", None), ("b-p0001.pdf", None), ("b-p0002.pdf", None)]


def test_the_blank_pages_can_be_a_document(recognized: Recognized, client: FlaskClient) -> None:
    two = {**template(), "Pages": [*template()["Pages"], *template(clip_area("Back"))["Pages"]]}
    blank = base64_of(pdf(*[PdfPage("", dimensions=(WIDTH, HEIGHT))] * 3))
    refused = client.post("/api/recognitions", json=asked(Template=two, TemplateImage=blank))
    assert refused.status_code == 400
    assert "$.TemplateImage" in refused.text
    pages = {"scan.png": 2}
    blank = base64_of(tiff_of(SHADES[0], SHADES[1]))
    assert recognized(Template=two, TemplateImage=blank, Options={"Pages": pages})["Recognitions"][0]["Page"] == 2
