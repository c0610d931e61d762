"""Bad requests to POST /api/recognitions, and bad requests in general: what is sent, and what has to be named."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.web.making import (
    Json,
    asked,
    base64_of,
    choice_box,
    clip_area,
    encoded,
    file_part,
    grid,
    image,
    lying_png,
    multipart,
    omr,
    page,
    template,
    without,
)

RECOGNITIONS = "/api/recognitions"


@dataclass(frozen=True, slots=True)
class Bad:
    """One bad request: a dict or list as body goes as JSON, bytes and strings as they are."""

    name: str
    status: int
    code: str
    names: str | Sequence[str]
    body: Any = None
    path: str = RECOGNITIONS
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Sequence[tuple[str, Any]] = ()

    def arguments(self) -> Json:
        """For `client.open`."""
        if self.parts:
            # A part's stream can be read once, and a row is sent once.
            return {"method": self.method, "headers": self.headers, **multipart(*self.parts)}
        content = {} if isinstance(self.body, bytes | str | None) else {"content_type": "application/json"}
        data = self.body if isinstance(self.body, bytes | str | None) else json.dumps(self.body)
        return {"method": self.method, "headers": self.headers, "data": data, **content}


JSON = {"Content-Type": "application/json"}
SCAN = encoded(grid())


def _request(name: str, names: str | Sequence[str], **changes: Any) -> Bad:
    return Bad(name, 400, "invalid_request", names, asked(**changes))


def _images(name: str, names: str | Sequence[str], *images: Any) -> Bad:
    return _request(f"images: {name}", names, Images=list(images))


def _template(name: str, names: str | Sequence[str], document: Any) -> Bad:
    return Bad(f"template: {name}", 422, "invalid_template", names, asked(Template=document))


def _area(name: str, key: str, **changes: Any) -> Bad:
    return _template(f"clip area: {name}", f"$.Pages[0].Elements[0].{key}", template(clip_area("A", **changes)))


BODIES = [
    Bad("no JSON", 400, "invalid_request", "JSON", "{Template", headers=JSON),
    Bad("no UTF-8", 400, "invalid_request", "UTF-8", b'{"Template": "\xff"}', headers=JSON),
    Bad("empty body", 400, "invalid_request", "JSON", b"", headers=JSON),
    Bad("half a surrogate pair", 400, "invalid_request", "$.Template", '{"Template": "\\ud800"}', headers=JSON),
    Bad(
        "a key twice",
        400,
        "invalid_request",
        "$.Images",
        '{"Template": "form", "Images": 1, "Images": 2}',
        headers=JSON,
    ),
    Bad("too deep", 400, "invalid_request", "levels", "[" * 5000 + "]" * 5000, headers=JSON),
    Bad("no number", 400, "invalid_request", "$.Template.Pages", '{"Template": {"Pages": NaN}}', headers=JSON),
    Bad("no content type", 415, "unsupported_media_type", "Content-Type", json.dumps(asked())),
    Bad("form", 415, "unsupported_media_type", "Content-Type", "a=b", headers={"Content-Type": "text/plain"}),
    Bad("other type", 415, "unsupported_media_type", "multipart", SCAN, headers={"Content-Type": "image/png"}),
    Bad("too large", 413, "limit_exceeded", "max_body_bytes", b" " * 1_000_001, headers=JSON),
]

KEYS = [
    Bad("nothing", 400, "invalid_request", ("$.Template", "$.Images", "missing"), {}),
    Bad("no Template", 400, "invalid_request", ("$.Template", "missing"), without(asked(), "Template")),
    Bad("no Images", 400, "invalid_request", ("$.Images", "missing"), without(asked(), "Images")),
    _request("unknown key", "$.Scans", Scans=[]),
    _request("key in small letters", "$.options", options={}),
    _request("unknown option", "$.Options.ClipQuality", Options={"ClipQuality": 3}),
    _images("unknown key", "$.Images[0].Size", {**image(), "Size": 3}),
    _request("ClipFormat bmp", ("$.Options.ClipFormat", "bmp"), Options={"ClipFormat": "bmp"}),
    _request("ClipFormat in capitals", "$.Options.ClipFormat", Options={"ClipFormat": "PNG"}),
    _request("ClipFormat number", "$.Options.ClipFormat", Options={"ClipFormat": 3}),
    _request("ClipScale unknown", "$.Options.ClipScale", Options={"ClipScale": "half"}),
    _request("ClipMargin below 0", "$.Options.ClipMargin", Options={"ClipMargin": -1}),
    _request("MarkThresholds number", "$.Options.MarkThresholds", Options={"MarkThresholds": 0.5}),
    _request("Blank above Marked", "$.Options.MarkThresholds.Blank", Options={"MarkThresholds": {"Blank": 0.9}}),
    _request("Pages list", "$.Options.Pages", Options={"Pages": [1]}),
    _request("Pages zero", "$.Options.Pages", Options={"Pages": {"scan.png": 0}}),
    _request("Pages true", "$.Options.Pages", Options={"Pages": {"scan.png": True}}),
    _request("Pages text", "$.Options.Pages", Options={"Pages": {"scan.png": "1"}}),
    _request("Pages of another image", ("$.Options.Pages", "other.png"), Options={"Pages": {"other.png": 1}}),
    _request("Pages beyond", ("$.Options.Pages", "from 1 to 1"), Options={"Pages": {"scan.png": 2}}),
    _request("Template null", "$.Template", Template=None),
    _request("Template empty", "$.Template", Template=""),
    _request("Template list", "$.Template", Template=[template()]),
    _request("Template number", "$.Template", Template=5),
    _request("TemplateImage no base64", "$.TemplateImage", TemplateImage="***"),
    _request("TemplateImage of another shape", "$.TemplateImage", TemplateImage=base64_of(encoded(grid(200, 300)))),
    Bad("TemplateImage no image", 415, "unsupported_image", "blank image", asked(TemplateImage=base64_of(b"hello"))),
    Bad("ImageData no image", 415, "unsupported_image", "page 1", asked(Template={"Pages": [page(ImageData="aGk=")]})),
]

IMAGES = [
    _request("images: null", "$.Images", Images=None),
    _request("images: object", "$.Images", Images=image()),
    _images("none", "$.Images"),
    _images("no Name", ("$.Images[0].Name", "missing"), without(image(), "Name")),
    _images("no Data", ("$.Images[1].Data", "missing"), image(), without(image("b"), "Data")),
    _images("Name number", "$.Images[0].Name", {**image(), "Name": 5}),
    _images("Name empty", "$.Images[0].Name", image("")),
    _images("Name blank", "$.Images[0].Name", image("  ")),
    _images("Name with a slash", "$.Images[0].Name", image("../scan.png")),
    _images("Name with a backslash", "$.Images[0].Name", image("C:\\scan.png")),
    _images("Name of two dots", "$.Images[1].Name", image(), image("..")),
    _images("Data null", "$.Images[0].Data", {**image(), "Data": None}),
    _images("Data empty", "$.Images[0].Data", {**image(), "Data": ""}),
    _images("Data number", "$.Images[0].Data", {**image(), "Data": 12}),
    _images("Data of other characters", ("$.Images[0].Data", "base64"), {**image(), "Data": "*" * 8}),
    _images("Data beyond ASCII", ("$.Images[0].Data", "base64"), {**image(), "Data": "äöüß"}),
    _images("Data badly padded", ("$.Images[0].Data", "base64"), {**image(), "Data": "QUI"}),
    _images("Data cut off", ("$.Images[0].Data", "base64"), {**image(), "Data": "QUJDR"}),
    Bad("one name twice", 422, "name_conflict", "scan.png", asked(Images=[image(), image()])),
    Bad("too many", 413, "limit_exceeded", "max_images", asked(Images=[image(f"{n}.png") for n in range(5)])),
    Bad(
        "a header of 3.6 billion pixels",
        413,
        "limit_exceeded",
        ("max_image_pixels", "huge.png", "60000 × 60000"),
        asked(Images=[image(), image("huge.png", lying_png(60_000, 60_000))]),
    ),
    Bad(
        "a blank page of 3.6 billion pixels",
        413,
        "limit_exceeded",
        ("max_image_pixels", "blank image of page 1"),
        asked(TemplateImage=base64_of(lying_png(60_000, 60_000))),
    ),
]

TEMPLATES = [
    _template("no object in base64", "$", base64_of(b"[" + b" " * 40 + b"]")),
    _template("no JSON in base64", "JSON", base64_of(b"hello, this is no template, only some text")),
    _template("empty", "$.Pages", {"Version": "1.0"}),
    _template("no pages", "$.Pages", {"Pages": []}),
    _template("Pages object", "$.Pages", {"Pages": {}}),
    _template("page null", "$.Pages[0]", {"Pages": [None]}),
    _template("page without Width", "$.Pages[0].Width", {"Pages": [without(page(), "Width")]}),
    _template("page of no height", "$.Pages[0].Height", {"Pages": [page(Height=0)]}),
    _template("huge page", "$.Pages[0].Width", {"Pages": [page(Width=1e300)]}),
    _template("ImageData no base64", "$.Pages[0].ImageData", {"Pages": [page(ImageData="***")]}),
    _template("Elements object", "$.Pages[0].Elements", {"Pages": [page(Elements={})]}),
    _template("element without Type", "$.Pages[0].Elements[0].Type", template({"Name": "A"})),
    _template("element number", "$.Pages[0].Elements[1]", template(clip_area("A"), 5)),  # type: ignore[arg-type]
    _template("no bubbles", "$.Pages[0].Elements[0].Bubbles", template(choice_box(Bubbles=[]))),
    _template("Multiselect text", "$.Pages[0].Elements[0].Multiselect", template(choice_box(Multiselect="yes"))),
    _template("Orientation", "$.Pages[0].Elements[0].Orientation", template(choice_box(Orientation="Diagonal"))),
    _area("no Name", "Name", Name=None),
    _area("empty Name", "Name", Name=""),
    _area("JpegQuality 101", "JpegQuality", JpegQuality=101),
    _area("JpegQuality -1", "JpegQuality", JpegQuality=-1),
    _area("JpegQuality text", "JpegQuality", JpegQuality="high"),
    _area("zero Width", "Width", Width=0),
    _area("negative Height", "Height", Height=-40),
    _area("Left text", "Left", Left="left"),
    _area("below the page", "Top", Top=200),
]


def _parts(name: str, names: str | Sequence[str], *parts: tuple[str, Any], status: int = 400, code: str = "") -> Bad:
    return Bad(f"multipart: {name}", status, code or "invalid_request", names, parts=parts)


_FILE = ("Template", file_part("form.omr", omr(template())))
_STORED = ("Template", "form")


def _scan(name: str = "scan.png", data: bytes = SCAN) -> tuple[str, Any]:
    return "Images", file_part(name, data)


MULTIPART = [
    _parts("no template", ("$.Template", "missing"), _scan()),
    _parts("two templates", "$.Template", _STORED, _FILE, _scan()),
    _parts("two templates as text", "$.Template", _STORED, ("Template", "other"), _scan()),
    _parts("two options", "$.Options", _STORED, ("Options", "{}"), ("Options", "{}"), _scan()),
    _parts("no images", "$.Images", _STORED, ("Options", "{}")),
    _parts("image as text", "$.Images", _STORED, ("Images", "scan.png")),
    _parts("unknown part", "$.Scans", _STORED, _scan(), ("Scans", file_part("b.png", SCAN))),
    _parts("unknown text", "$.ClipFormat", _STORED, _scan(), ("ClipFormat", "png")),
    _parts("unknown option", "$.Options.Format", _STORED, _scan(), ("Options", '{"Format": "png"}')),
    _parts("image name with a slash", "$.Images[0].Name", _STORED, _scan("a/b.png")),
    _parts("image name with a backslash", "$.Images[1].Name", _STORED, _scan(), _scan("a\\\\b.png")),
    _parts("one name twice", "scan.png", _STORED, _scan(), _scan(), status=422, code="name_conflict"),
    _parts(
        "no template in the file",
        "JSON",
        ("Template", file_part("x", b"hello")),
        _scan(),
        status=422,
        code="invalid_template",
    ),
    _parts("empty template", "JSON", ("Template", file_part("x", b"")), _scan(), status=422, code="invalid_template"),
    _parts(
        "too many", "max_images", _STORED, *(_scan(f"{n}.png") for n in range(5)), status=413, code="limit_exceeded"
    ),
    _parts(
        "huge",
        "max_image_pixels",
        _STORED,
        _scan("huge.png", lying_png(60_000, 60_000)),
        status=413,
        code="limit_exceeded",
    ),
]
