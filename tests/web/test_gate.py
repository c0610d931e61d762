"""The gate: every request passes it, and it refuses hosts, origins and forwarded addresses that are not ours."""

from dataclasses import replace

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from omrclip.config import Config
from omrclip.errors import ForeignRequest
from omrclip.web import gate
from omrclip.web.app import App, create_app
from tests.web.conftest import Refusal
from tests.web.making import asked

IMAGE = "/iiif/2/grid.png/full/50,/0/default.png"
PLACES = {
    "address": "grid.png/full/50,/0/default.png",
    "name": "form",
    "identifier": "a" * 24,
    "element": "Name",
    "number": 1,
    "sheet": "a.png",
    "filename": "index.css",
    "path": "swagger-ui.css",
}
NO_ROUTES = ("/nowhere", "/iiif/2/none", "/iiif/2/grid.png", "/docs", "/ui/none")


def client_of(config: Config, **changes: object) -> FlaskClient:
    return create_app(replace(config, **changes)).test_client()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:80", "127.8.8.8:1", "[::1]", "[::1]:65535", "[0:0::1]", "forms.example:9"],
)
def test_our_own_hosts_are_answered(config: Config, host: str) -> None:
    answer = client_of(config, allowed_hosts=("forms.example",)).get(IMAGE, headers={"Host": host})
    assert answer.status_code == 200
    assert f"<http://{host.lower().removesuffix(':80')}/iiif/2/grid.png/" in answer.headers["Link"]


FOREIGN_HOSTS = [
    "evil.example",
    "localhost.evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "192.168.1.5",
    "localhost:0",
    "localhost:65536",
    "localhost:x",
    "localhost, evil.example",
    "user@localhost",
    "localhost/",
    '"><script>',
    '"',
    "a b",
    "[::1",
    "[::2]",
    "[127.0.0.1]",
    "",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_every_other_host_is_misdirected(client: FlaskClient, assert_refused: Refusal, host: str) -> None:
    for path in ("/", "/health", "/api/templates", "/api/nothing", "/openapi.json", "/docs"):
        answer = client.get(path, headers={"Host": host})
        assert_refused(answer, 421, "misdirected_request", "OMRCLIP_ALLOWED_HOSTS")
    for path in (IMAGE, IMAGE, "/iiif/2/grid.png/info.json", "/iiif/2/grid.png"):
        client.get(path)
        answer = client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.mimetype) == (421, "text/plain")
        assert "Location" not in answer.headers


@pytest.mark.parametrize("host", ["public.example", "public.example:1", "localhost"])
def test_the_host_of_the_public_url_is_ours(config: Config, host: str) -> None:
    client = client_of(config, public_url="https://public.example/base")
    assert client.get("/health", headers={"Host": host}).status_code == 200


FORWARDED = [
    ({"X-Forwarded-Proto": "javascript"}, 400),
    ({"X-Forwarded-Proto": "https\t"}, 200),
    ({"X-Forwarded-Host": "evil.example"}, 421),
    ({"X-Forwarded-Host": "localhost<b>"}, 421),
    ({"X-Forwarded-Host": "localhost/path"}, 421),
    ({"X-Forwarded-Port": "0"}, 421),
    ({"X-Forwarded-Port": "80/x"}, 421),
    ({"X-Forwarded-Prefix": "//evil.example"}, 400),
    ({"X-Forwarded-Prefix": "/<script>"}, 400),
    ({"X-Forwarded-Prefix": "/omr"}, 200),
    # What a browser sends from a page at a name that was made to point here (DNS rebinding).
    ({"Host": "evil.example", "X-Forwarded-Host": "localhost"}, 421),
]


@pytest.mark.parametrize(("headers", "status"), FORWARDED)
def test_what_a_proxy_forwards_is_checked(config: Config, headers: dict[str, str], status: int) -> None:
    client = client_of(config, trusted_proxies=1)
    for path in (IMAGE, "/iiif/3/grid.png/info.json", "/api/images"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == status, answer.text
        assert status == 200 or answer.status_code != 303


@pytest.mark.parametrize("headers", [headers for headers, _ in FORWARDED[:-1]])
def test_without_a_trusted_proxy_nothing_forwarded_counts(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get("/iiif/3/grid.png", headers=headers)
    assert answer.headers["Location"] == "http://localhost/iiif/3/grid.png/info.json"


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "localhost"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Cross-Site"},
    {"Sec-Fetch-Site": "same-origin,cross-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
]
OWN = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "http://LOCALHOST:80"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_other_sites_change_nothing_and_start_no_work(
    client: FlaskClient, assert_refused: Refusal, headers: dict[str, str]
) -> None:
    refused = [
        client.post("/api/recognitions", json=asked(), headers=headers),
        client.put("/api/images/new.png", data=b"x", headers=headers),
        client.delete("/api/templates/form", headers=headers),
        client.open("/api/templates", method="PATCH", headers=headers),
    ]
    for answer in refused:
        assert_refused(answer, 403, "foreign_request", "OMRCLIP_PUBLIC_URL")
    assert client.get("/api/templates/form").status_code == 200


@pytest.mark.parametrize("headers", OWN)
def test_our_own_page_and_programs_may(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/api/recognitions", json=asked(), headers=headers).status_code == 200


@pytest.mark.parametrize("headers", FOREIGN)
def test_other_sites_may_ask_for_images(client: FlaskClient, headers: dict[str, str]) -> None:
    for path in (IMAGE, IMAGE, "/iiif/3/grid.png/info.json"):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        ({"public_url": "https://public.example/omr"}, {"Origin": "https://public.example"}, 200),
        ({"public_url": "https://public.example/omr"}, {"Origin": "http://public.example"}, 403),
        ({"trusted_proxies": 1}, {"Origin": "https://localhost", "X-Forwarded-Proto": "https"}, 200),
        ({"trusted_proxies": 0}, {"Origin": "https://localhost", "X-Forwarded-Proto": "https"}, 403),
    ],
)
def test_behind_a_proxy_the_origin_is_the_one_that_browsers_see(
    config: Config, settings: dict[str, object], headers: dict[str, str], status: int
) -> None:
    assert client_of(config, **settings).post("/api/recognitions", json=asked(), headers=headers).status_code == status


def test_a_server_may_ask_before_it_reads_the_body(app: App) -> None:
    environ = app.test_request_context("/api/recognitions", method="POST", headers={"Origin": "null"}).request.environ
    refusal = app.gate.receive(environ)
    assert isinstance(refusal, ForeignRequest)
    number = environ[gate.REQUEST_ID]
    assert app.test_client().open(environ).status_code == 403
    assert environ[gate.REQUEST_ID] == number


def address(rule: Rule, app: App) -> str:
    places = {name: PLACES[name] for name in rule.arguments}
    built = app.url_map.bind("localhost").build(rule.endpoint, places)
    return built.partition("?")[0]


def all_requests(app: App) -> list[tuple[str, str]]:
    """Every method of every route, and what no route answers."""
    found = {
        (method, address(rule, app))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) | {"PATCH"}
    }
    nowhere = {(method, path) for method in ("GET", "POST") for path in NO_ROUTES}
    return sorted(found | nowhere)


def test_nothing_gets_round_the_gate(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    requests = all_requests(app)
    assert len(requests) > 130
    assert ("GET", "/ui/index.css") in requests
    before = {
        path: client.get(path, buffered=True) for method, path in requests if method == "GET"
    }  # now they are in the caches
    assert {200, 404} <= {answer.status_code for answer in before.values()}
    tags = {path: answer.headers.get("ETag", '"x"') for path, answer in before.items()}
    monkeypatch.setattr(gate, "CHECKS", (lambda *_: ForeignRequest("there is no way in"),))
    for method, path in requests:
        for headers in ({}, {"If-None-Match": tags.get(path, '"x"')}, {"Range": "bytes=0-1"}):
            answer = client.open(path, method=method, headers=headers)
            assert answer.status_code == 403, (method, path, headers)
            assert method == "HEAD" or "no way in" in answer.text


def test_a_hook_of_the_application_protects_everything(app: App) -> None:
    logged_in = True
    app.before_request(lambda: None if logged_in else flask.abort(401))
    client = app.test_client()
    assert client.get(IMAGE).status_code == 200
    logged_in = False
    for method, path in all_requests(app):
        assert client.open(path, method=method, buffered=True).status_code == 401, (method, path)


def test_every_answer_has_the_headers_that_browsers_heed(app: App) -> None:
    client = app.test_client()
    answers = [client.open(path, method=method, buffered=True) for method, path in all_requests(app)]
    tag = client.get(IMAGE).headers["ETag"]
    answers += [
        client.get(IMAGE, headers={"If-None-Match": tag}),
        client.get(IMAGE, headers={"Host": "evil.example"}),
        client.post("/api/recognitions", data=b"x" * 2_000_000),
        client.post("/api/recognitions", data=b"x"),
    ]
    assert {200, 204, 303, 304, 404, 405, 413, 415, 421} <= {answer.status_code for answer in answers}
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("setting", "expected"), [({}, "private, max-age=3600"), ({"cache_control": "public"}, "public")]
)
def test_images_are_private_unless_a_setting_says_otherwise(
    config: Config, setting: dict[str, str], expected: str
) -> None:
    client = client_of(config, **setting)
    for path in (IMAGE, IMAGE, "/iiif/2/grid.png/info.json"):
        assert client.get(path).headers["Cache-Control"] == expected
