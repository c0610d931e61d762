"""The access log and the metrics: a line and a count for each request, with its id and without names."""

import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from omrclip.config import Config
from omrclip.web import journal, services
from omrclip.web.app import App, create_app
from omrclip.web.lanes import MUST_WAIT
from omrclip.web.metrics import shared_metrics
from tests.servers import Server, new_session, running
from tests.web.making import asked

LINE = re.compile(r"(?P<method>\S+) (?P<route>\S+) (?P<status>\d+) \d+\.\d{4} s (?P<bytes>\d+) bytes")


Lines = Callable[[], list[re.Match[str]]]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """Gives the lines of the access log so far."""
    caplog.set_level(logging.INFO, "omrclip.access")

    def found() -> list[re.Match[str]]:
        matches = [LINE.fullmatch(r.getMessage()) for r in caplog.records if r.name == "omrclip.access"]
        assert None not in matches
        return [match for match in matches if match]

    return found


def sample(client: FlaskClient, name: str, **labels: str) -> float:
    """A value of /metrics; 0 where it was never counted."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    found = [
        s.value for family in families for s in family.samples if s.name == name and labels.items() <= s.labels.items()
    ]
    return sum(found)


REQUESTS = [
    ("GET", "/api/templates/form", "/api/templates/<name>", 200),
    ("GET", "/api/templates/Anna%20Meier", "/api/templates/<name>", 404),
    ("GET", "/Anna%20Meier", "none", 404),
    ("BREW", "/health", "none", 405),
    ("DELETE", "/health", "none", 405),
    ("HEAD", "/iiif/2/grid.png/full/50,/0/default.png", "/iiif/2/<path:address>", 200),
    ("POST", "/api/recognitions?name=Anna", "/api/recognitions", 415),
]


@pytest.mark.parametrize(("method", "path", "route", "status"), REQUESTS)
def test_each_request_is_a_line_and_a_count(
    client: FlaskClient, lines: Lines, method: str, path: str, route: str, status: int
) -> None:
    answer = client.open(path, method=method)
    size = len(answer.data)
    answer.close()
    told = method if method != "BREW" else "other"
    (line,) = lines()
    assert (line["method"], line["route"], int(line["status"])) == (told, route, status)
    assert int(line["bytes"]) == size
    assert "Anna" not in line[0]
    labels = {"method": told, "route": route, "status": str(status)}
    assert sample(client, "omrclip_requests_total", **labels) == 1
    assert sample(client, "omrclip_request_seconds_count", route=route) == 1


def test_a_stream_is_told_at_its_end(client: FlaskClient, lines: Lines) -> None:
    answer = client.post("/api/recognitions", json=asked(), headers={"Accept": "application/x-ndjson"})
    assert lines() == []
    size = len(answer.data)
    answer.close()
    answer.close()
    (line,) = lines()
    assert int(line["bytes"]) == size > 0


def test_a_stream_that_its_client_leaves_is_told_too(client: FlaskClient, lines: Lines) -> None:
    client.post("/api/recognitions", json=asked(), headers={"Accept": "application/zip"}).close()
    (line,) = lines()
    assert line["route"] == "/api/recognitions"


def test_what_a_server_throws_away_is_neither_logged_nor_counted(app: App, lines: Lines) -> None:
    client = app.test_client()
    for key in (journal.UNLOGGED, MUST_WAIT):
        client.get("/health", environ_base={key: "yes"}).close()
    assert lines() == []
    assert sample(client, "omrclip_requests_total", route="/health") == 0


@pytest.mark.parametrize(
    ("trusted", "given", "taken"),
    [
        (0, "abc", False),
        (1, "abc-1.2_3", True),
        (1, "x" * 64, True),
        (1, "x" * 65, False),
        (1, "a b", False),
        (1, 'a"><b>', False),
        (1, "ä", False),
        (1, "", False),
    ],
)
def test_an_id_is_taken_from_trusted_proxies_alone(config: Config, trusted: int, given: str, taken: bool) -> None:
    client = create_app(replace(config, trusted_proxies=trusted)).test_client()
    ids = [client.get("/nowhere", headers={"X-Request-Id": given}).headers["X-Request-Id"] for _ in range(2)]
    if taken:
        assert ids == [given, given]
    else:
        assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)
        assert ids[0] != ids[1]


def test_every_line_that_is_logged_for_a_request_has_its_id(config: Config) -> None:
    app = create_app(config)

    def view() -> str:
        raise RuntimeError

    app.add_url_rule("/raise", "raise", view)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter(journal.LOG_FORMAT))
    handler.addFilter(journal.add_request_id)
    logging.getLogger("omrclip").addHandler(handler)
    try:
        answer = app.test_client().get("/raise")
    finally:
        logging.getLogger("omrclip").removeHandler(handler)
    number = answer.headers["X-Request-Id"]
    assert answer.get_json()["error"]["request_id"] == number
    assert f"ERROR omrclip.errors [{number}] Internal error" in written.getvalue()


def test_pages_are_counted_by_their_result(client: FlaskClient) -> None:
    client.post("/api/recognitions", json=asked())
    client.post("/api/recognitions", json=asked(Images=[{"Name": "a", "Data": "aGVsbG8="}]))
    assert sample(client, "omrclip_pages_total", result="pass") == 1
    assert sample(client, "omrclip_pages_total", result="unsupported_image") == 1


def test_caches_and_admitted_memory_are_told(app: App) -> None:
    client = app.test_client()
    assert sample(client, "omrclip_cache_bytes") == 0
    client.get("/iiif/2/grid.png/full/50,/0/default.png")
    counts = client.get("/health").get_json()["caches"]
    for name in ("pixels", "files", "derivatives"):
        assert sample(client, "omrclip_cache_bytes", cache=name) == counts[name]["bytes"] > 0
    with services.of(app).sources.admission.admitted(1234):
        assert sample(client, "omrclip_admitted_bytes") == 1234
    assert sample(client, "omrclip_admitted_bytes") == 0


def test_who_reads_the_metrics_passes_the_gate(client: FlaskClient) -> None:
    assert client.get("/metrics", headers={"Host": "evil.example"}).status_code == 421


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(workers=2) as found:
        yield found


def test_processes_of_a_server_count_together(server: Server) -> None:
    for _ in range(20):
        assert new_session().get(f"{server.url}/docs/").ok
    for _ in range(6):
        families = text_string_to_metric_families(new_session().get(f"{server.url}/metrics").text)
        samples = [sample for family in families for sample in family.samples]
        docs = [
            s.value for s in samples if s.name == "omrclip_requests_total" and s.labels["route"].startswith("/docs")
        ]
        assert sum(docs) == 20
        assert not [s for s in samples if "pid" in s.labels]


def test_folders_of_killed_servers_are_removed_and_those_of_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    another = (
        "import os\nfrom omrclip.web.metrics import shared_metrics\nwith shared_metrics(): os.kill(os.getpid(), {})"
    )

    def run(signal: int) -> None:
        """Another server, which ends itself by a signal, if by any."""
        subprocess.run(
            [sys.executable, "-c", another.format(signal)], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False
        )

    run(9)
    (left_over,) = tmp_path.iterdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "omrclip-metrics-link").symlink_to(tmp_path / "elsewhere")
    with shared_metrics():
        living = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        assert not left_over.exists()
        run(0)
        assert living.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "omrclip-metrics-link"]
