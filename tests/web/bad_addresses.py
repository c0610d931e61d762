"""Bad requests to the stores, to image URIs, and to addresses that there are not."""

from typing import Any

from tests.web.bad_recognitions import SCAN, Bad
from tests.web.making import clip_area, omr, template, without

ROUTES = [
    Bad("unknown route", 404, "not_found", "URL", path="/nowhere", method="GET"),
    Bad("unknown API route", 404, "not_found", "URL", path="/api/recognition"),
    Bad("GET recognitions", 405, "method_not_allowed", "method", path="/api/recognitions", method="GET"),
    Bad("POST health", 405, "method_not_allowed", "method", path="/health"),
    Bad("PUT all templates", 405, "method_not_allowed", "method", path="/api/templates", method="PUT"),
    Bad("POST one template", 405, "method_not_allowed", "method", path="/api/templates/form"),
    Bad("DELETE all images", 405, "method_not_allowed", "method", path="/api/images", method="DELETE"),
]


def _put(name: str, status: int, code: str, names: Any, body: Any, path: str = "new", **headers: str) -> Bad:
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    return Bad(f"put: {name}", status, code, names, body, f"/api/templates/{path}", "PUT", sent)


def _name(path: str) -> Bad:
    return _put(f"name {path}", 400, "invalid_request", "name", omr(template()), path)


TEMPLATES = [
    _put("no JSON", 422, "invalid_template", "JSON", b"hello"),
    _put("empty", 422, "invalid_template", "JSON", b""),
    _put("list", 422, "invalid_template", "an object", b"[]"),
    _put("no pages", 422, "invalid_template", "$.Pages", {"Name": "x"}),
    _put("JpegQuality", 422, "invalid_template", "JpegQuality", template(clip_area("A", JpegQuality=300))),
    _put(
        "two bad things",
        422,
        "invalid_template",
        ("Width", "JpegQuality"),
        template(clip_area("A", Width=0, JpegQuality=-1)),
    ),
    _put("existing, state not said", 428, "precondition_required", "If-Match", omr(template()), "form"),
    _put("existing, stale", 412, "precondition_failed", "form", omr(template()), "form", If_Match='"0123"'),
    _put("existing, weak", 412, "precondition_failed", "form", omr(template()), "form", If_Match='W/"0123"'),
    _put("existing, wanted new", 412, "precondition_failed", "form", omr(template()), "form", If_None_Match="*"),
    _put("absolute", 404, "not_found", "URL", omr(template()), "%2Fetc%2Fout"),
    _put("missing, wanted old", 412, "precondition_failed", "new", omr(template()), "new", If_Match="*"),
    _put("name ..%2f..%2fout", 404, "not_found", "URL", omr(template()), "..%2f..%2fout"),
    _put("name %2e%2e/out", 404, "not_found", "URL", omr(template()), "%2e%2e/out"),
    _put("name a/../../out", 404, "not_found", "URL", omr(template()), "a/../../out"),
    _name("a%0Ab"),
    _name("a%00b"),
    _name("a%5Cb"),
    _name(".hidden"),
    _put("name a//b", 404, "not_found", "URL", omr(template()), "a//b"),
    _name("%20"),
    _name("a" * 300),
    Bad("get missing", 404, "not_found", "none", path="/api/templates/none", method="GET"),
    Bad("get beyond the root", 404, "not_found", "URL", path="/api/templates/..%2f..%2fetc%2fpasswd", method="GET"),
    Bad("get absolute", 404, "not_found", "URL", path="/api/templates/%2fetc%2fpasswd", method="GET"),
    Bad("get the lock", 404, "not_found", "lock", path="/api/templates/.lock", method="GET"),
    Bad("delete missing", 404, "not_found", "none", path="/api/templates/none", method="DELETE"),
    Bad(
        "delete beyond the root",
        404,
        "not_found",
        "URL",
        path="/api/templates/..%2fimages%2fgrid.png",
        method="DELETE",
    ),
    Bad(
        "delete stale",
        412,
        "precondition_failed",
        "form",
        path="/api/templates/form",
        method="DELETE",
        headers={"If-Match": '"0123"'},
    ),
]

AREAS = "/api/templates/form/clip-areas"


def _area(name: str, status: int, code: str, names: Any, body: Any = None, path: str = "", **more: Any) -> Bad:
    sent = {"headers": {"Content-Type": "application/json"}, "method": "POST", **more}
    return Bad(f"clip area: {name}", status, code, names, body, AREAS + path, **sent)


CLIP_AREAS = [
    _area("no JSON", 422, "invalid_template", "JSON", b"{"),
    _area("list", 422, "invalid_template", "an object", []),
    _area("no Name", 422, "invalid_template", "$.Name", without(clip_area("A"), "Name")),
    _area("no Width", 422, "invalid_template", "$.Width", without(clip_area("A"), "Width")),
    _area("Left text", 422, "invalid_template", "$.Left", clip_area("A", Left="a")),
    _area("other Type", 422, "invalid_template", "$.Type", clip_area("A", Type="Barcode")),
    _area("JpegQuality", 422, "invalid_template", "JpegQuality", clip_area("A", JpegQuality=101)),
    _area("beside the page", 422, "invalid_template", "Left", clip_area("A", (900, 0, 30, 10))),
    _area("page of another number", 400, "invalid_request", ("page", "from 1 to 1"), clip_area("A"), "?page=2"),
    _area("page zero", 400, "invalid_request", "page", clip_area("A"), "?page=0"),
    _area("page text", 400, "invalid_request", "page", clip_area("A"), "?page=one"),
    _area("page of other digits", 400, "invalid_request", "page", clip_area("A"), "?page=٢"),
    _area(
        "replace without If-Match", 428, "precondition_required", "If-Match", clip_area("Name"), "/Name", method="PUT"
    ),
    _area(
        "replace a missing one",
        404,
        "not_found",
        "Other",
        clip_area("Other"),
        "/Other",
        method="PUT",
        headers={"If-Match": "*", "Content-Type": "application/json"},
    ),
    _area("get a missing one", 404, "not_found", "Other", path="/Other", method="GET"),
    _area("delete a missing one", 404, "not_found", "Other", path="/Other", method="DELETE"),
    _area("post to one", 405, "method_not_allowed", "method", clip_area("A"), "/Name"),
    Bad("clip areas of no template", 404, "not_found", "none", path="/api/templates/none/clip-areas", method="GET"),
    Bad("add to no template", 404, "not_found", "none", clip_area("A"), "/api/templates/none/clip-areas"),
]


def _image(name: str, status: int, code: str, names: Any, path: str, body: Any = None, **more: Any) -> Bad:
    return Bad(f"image: {name}", status, code, names, body, f"/api/images/{path}", **{"method": "PUT", **more})


IMAGES = [
    _image("no image", 415, "unsupported_image", "image", "a.png", b"hello"),
    _image("empty", 415, "unsupported_image", "image", "a.png", b""),
    _image("header cut off", 422, "corrupt_image", "PNG", "a.png", SCAN[:20]),
    _image("existing, state not said", 428, "precondition_required", "If-Match", "grid.png", SCAN),
    _image("existing, stale", 412, "precondition_failed", "grid.png", "grid.png", SCAN, headers={"If-Match": '"1"'}),
    _image(
        "existing, wanted new", 412, "precondition_failed", "grid.png", "grid.png", SCAN, headers={"If-None-Match": "*"}
    ),
    _image("beyond the root", 400, "invalid_request", "name", "..%2fout.png", SCAN),
    _image("absolute", 404, "not_found", "URL", "%2Ftmp%2Fout.png", SCAN),
    _image("backslash", 400, "invalid_request", "name", "a%5Cb.png", SCAN),
    _image("NUL", 400, "invalid_request", "name", "a%00.png", SCAN),
    _image("get missing", 404, "not_found", "none.png", "none.png", method="GET"),
    _image("get beyond the root", 404, "not_found", "form.omr", "..%2ftemplates%2fform.omr", method="GET"),
    _image("delete missing", 404, "not_found", "none.png", "none.png", method="DELETE"),
    _image(
        "delete stale", 412, "precondition_failed", "grid.png", "grid.png", method="DELETE", headers={"If-Match": '"1"'}
    ),
]


def _row(parameters: str, names: str, status: int = 400) -> tuple[str, int, str]:
    return f"/iiif/2/grid.png/{parameters}", status, names


def _lost(path: str, names: str) -> tuple[str, int, str]:
    return f"/iiif/2/{path}", 404, names


IIIF = [
    *(
        _row(f"{region}/full/0/default.png", "region")
        for region in (
            "all",
            "Full",
            "0,0,10",
            "0,0,10,10,10",
            "-1,0,10,10",
            "0,0,1.5,10",
            "0,0,10,0",
            "0,0,0,10",
            "300,0,10,10",
            "0,200,10,10",
            "pct:0,0,0,10",
            "pct:100,0,10,10",
            "pct:1e1,0,10,10",
            "0,0,١٠,10",
            "0,0,10,10%20",
            "9999999999,0,1,1",
        )
    ),
    *(
        _row(f"full/{size}/0/default.png", "size")
        for size in (
            "big",
            ",",
            "0,",
            ",0",
            "0,0",
            "!10,",
            "!,10",
            "-5,",
            "1.5,",
            "pct:0",
            "pct:-1",
            "pct:",
            "^max",
            "10",
            "!0,0",
        )
    ),
    *(
        _row(f"full/full/{turn}/default.png", "rotation")
        for turn in ("-1", "361", "360.1", "ninety", "!", "+90", "1e1", ".5")
    ),
    *(_row(f"full/full/0/{quality}.png", "quality") for quality in ("best", "Default", "grey", "native")),
    *(_row(f"full/full/0/default.{extension}", "format") for extension in ("bmp", "jpeg", "exe")),
    _row("full/full/0/default", "quality"),
    _row("full/full/0/default.PNG", "quality"),
    _row("full/full/0/.png", "quality"),
    _row("full/full/0/default.png.png", "quality"),
    _row("full/20000,20000/0/default.png", "size", 413),
    _row("full/pct:2000/0/default.png", "size", 413),
    _row("full/1000,1000/45/default.png", "size", 413),
    _lost("none.png/full/full/0/default.png", "none.png"),
    _lost("none.png/info.json", "none.png"),
    _lost("none.png", "none.png"),
    _lost("..%2f..%2fetc%2fpasswd/full/full/0/default.png", "etc/passwd"),
    _lost("..%2ftemplates%2fform.omr/info.json", "form.omr"),
    _lost("%2e%2e/templates/form.omr/info.json", "form.omr"),
    _lost("%2Fetc%2Fpasswd/info.json", ""),
    _lost("a%00b/info.json", "a\\x00b"),
    _lost("..%5C..%5Cetc/info.json", "etc"),
    _lost(".lock/info.json", ".lock"),
    _lost("grid.png/full/full/default.png", "{identifier}/{region}/{size}/{rotation}/{quality}.{format}"),
    _lost("", ""),
    ("/iiif/4/grid.png/info.json", 404, ""),
]
