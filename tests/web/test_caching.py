"""What was rendered or decoded once is not rendered or decoded again, and what is full says so."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.serving import cached, derivatives
from omrclip.web import image_answers, services
from omrclip.web.app import App, create_app
from tests.patience import PATIENCE
from tests.web.keeping import written
from tests.web.making import encoded, grid, jpeg

THREADS = 8
PATH = "/iiif/3/grid.png/full/50,/0/default.png"


@pytest.fixture
def app(config: Config) -> App:
    """An application with as many threads that may decode as these tests have clients."""
    return create_app(replace(config, threads=THREADS))


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The regions of all images that are rendered from now on."""
    done: list[str] = []
    render = image_answers.render

    def counted(planned: Any, source: Any, **options: Any) -> bytes:
        done.append(str(planned.box))
        return render(planned, source, **options)

    monkeypatch.setattr(image_answers, "render", counted)
    return done


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The reductions of all decodes from now on."""
    done: list[int] = []
    decode = cached.decode

    def counted(data: bytes, info: Any, *, reduction: int = 1) -> Any:
        done.append(reduction)
        return decode(data, info, reduction=reduction)

    monkeypatch.setattr(cached, "decode", counted)
    return done


def counts(client: FlaskClient) -> dict[str, dict[str, int]]:
    return client.get("/health").get_json()["caches"]


def test_the_second_request_renders_nothing(client: FlaskClient, renders: list[str]) -> None:
    forms = [PATH, "/iiif/2/grid.png/full/50,/0/default.png", "/iiif/2/grid.png/full/,33/360/color.png", f"{PATH}?x"]
    answers = {client.get(path).data for path in forms * 2}
    assert len(answers) == 1
    assert len(renders) == 1


def test_who_has_it_already_leaves_no_trace_in_the_caches(client: FlaskClient, renders: list[str]) -> None:
    tag = client.get(PATH).headers["ETag"]
    before = counts(client)
    for _ in range(3):
        assert client.get(PATH, headers={"If-None-Match": tag}).status_code == 304
    after = counts(client)
    assert len(renders) == 1
    for name in ("pixels", "derivatives"):
        assert {**after[name], "hits": 0} == {**before[name], "hits": 0}


def test_an_image_is_decoded_once_for_all_its_regions(client: FlaskClient, decodes: list[int]) -> None:
    for region in ("full", "0,0,9,9", "10,10,90,90", "square"):
        for size in ("max", "5,"):
            assert client.get(f"/iiif/3/grid.png/{region}/{size}/0/default.jpg").status_code == 200
    assert decodes == [1]


def test_a_reduced_jpeg_is_decoded_with_twice_the_pixels_that_are_shown(
    client: FlaskClient, decodes: list[int]
) -> None:
    assert client.put("/api/images/large.jpg", data=jpeg(grid(800, 640))).status_code == 201
    for size in ("100,80", "200,160", "50,40"):
        assert client.get(f"/iiif/3/large.jpg/full/{size}/0/default.jpg").status_code == 200
    assert decodes == [4, 2, 8]


def together(clients: list[FlaskClient], paths: list[str]) -> list[bytes]:
    """The answers to requests that are sent at one moment, each by a thread of its own."""
    barrier = threading.Barrier(len(paths), timeout=PATIENCE)

    def ask(client: FlaskClient, path: str) -> bytes:
        barrier.wait()
        response = client.get(path)
        assert response.status_code == 200, response.text
        return response.data

    with ThreadPoolExecutor(len(paths)) as pool:
        return list(pool.map(ask, clients, paths))


def test_one_request_by_many_at_once_is_rendered_once(app: App, renders: list[str], decodes: list[int]) -> None:
    answers = together([app.test_client() for _ in range(THREADS)], [PATH] * THREADS)
    assert len(set(answers)) == 1
    assert (len(renders), decodes) == (1, [1])


def test_many_regions_of_one_image_at_once_take_one_decode(app: App, decodes: list[int]) -> None:
    paths = [f"/iiif/3/grid.png/{20 * number},0,20,20/max/0/default.png" for number in range(THREADS)]
    answers = together([app.test_client() for _ in range(THREADS)], paths)
    assert len(set(answers)) == THREADS
    assert decodes == [1]


def test_processes_share_what_they_rendered_in_a_folder(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derivatives, "WORTH_SHARING_SECONDS", 0.0)
    shared = replace(config, cache_folder=str(tmp_path / "cache"))
    first, second = (create_app(shared).test_client() for _ in range(2))
    paths = [PATH, "/iiif/2/grid.png/full/full/90/gray.jpg"]
    rendered = [first.get(path).data for path in paths]
    written(first)

    def fail(*_: object, **__: object) -> bytes:
        raise AssertionError("it is in the folder")

    monkeypatch.setattr(image_answers, "render", fail)
    for _ in range(2):
        assert [second.get(path).data for path in paths] == rendered


def test_what_is_rendered_in_no_time_is_not_written(
    config: Config, tmp_path: Path, renders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derivatives, "WORTH_SHARING_SECONDS", 60.0)
    shared = replace(config, cache_folder=str(tmp_path / "cache"))
    first, second = (create_app(shared).test_client() for _ in range(2))
    data = first.get(PATH).data
    written(first)
    assert second.get(PATH).data == data
    assert len(renders) == 2


def test_a_folder_that_was_rendered_into_for_another_image_does_not_matter(
    config: Config, tmp_path: Path, renders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derivatives, "WORTH_SHARING_SECONDS", 0.0)
    shared = replace(config, cache_folder=str(tmp_path / "cache"))
    old = create_app(shared).test_client().get(PATH).data
    (Path(config.images) / "grid.png").write_bytes(encoded(grid(salt=40)))
    new = create_app(shared).test_client().get(PATH).data
    assert new != old
    assert len(renders) == 2


def test_health_counts_what_the_caches_do(client: FlaskClient) -> None:
    for told in counts(client).values():
        assert (told["hits"], told["misses"], told["entries"], told["bytes"]) == (0, 0, 0, 0)
    data = client.get(PATH).data
    client.get("/iiif/3/grid.png/full/60,/0/default.png")
    cold = counts(client)
    scales = [300 * 200 * 3, 150 * 100 * 3]
    assert (cold["pixels"]["entries"], cold["files"]["entries"], cold["derivatives"]["entries"]) == (2, 1, 2)
    assert cold["pixels"]["bytes"] == sum(scales)
    assert cold["files"]["bytes"] >= len(encoded(grid()))
    assert cold["derivatives"]["bytes"] >= len(data)
    assert (cold["pixels"]["misses"], cold["derivatives"]["misses"]) == (2, 2)
    client.get(PATH)
    warm = counts(client)
    assert warm["derivatives"]["hits"] == cold["derivatives"]["hits"] + 1
    assert warm["derivatives"]["misses"] == cold["derivatives"]["misses"]
    for name, told in warm.items():
        assert told["bytes"] <= told["max_bytes"], name


@pytest.mark.parametrize("megabytes", [128, 1024])
def test_the_caches_are_bounded_by_the_memory_that_a_process_is_made_for(config: Config, megabytes: int) -> None:
    memory = megabytes * 2**20
    told = counts(create_app(replace(config, memory_bytes=memory)).test_client())
    assert sum(cache["max_bytes"] for cache in told.values()) < 0.8 * memory


@pytest.fixture
def busy(config: Config) -> Callable[[], tuple[FlaskClient, ExitStack]]:
    """An application that waits for nothing, and as much work under way in it as is let in."""

    def made() -> tuple[FlaskClient, ExitStack]:
        app = create_app(replace(config, decode_wait_seconds=0))
        admission = services.of(app).sources.admission
        held = ExitStack()
        for _ in range(2):
            held.enter_context(admission.admitted(1))
        return app.test_client(), held

    return made


@pytest.mark.parametrize("version", [2, 3])
def test_who_cannot_be_served_now_is_told_when_to_come_again(
    busy: Callable[[], tuple[FlaskClient, ExitStack]], version: int
) -> None:
    client, held = busy()
    path = f"/iiif/{version}/grid.png/full/50,/0/default.png"
    with held:
        response = client.get(path)
        assert (response.status_code, response.mimetype) == (503, "text/plain")
        assert int(response.headers["Retry-After"]) >= 1
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Cache-Control" not in response.headers
        assert client.get(f"/iiif/{version}/grid.png/info.json").status_code == 200
    assert client.get(path).status_code == 200


def test_what_is_in_the_caches_does_not_wait_behind_decodes(config: Config) -> None:
    app = create_app(replace(config, decode_wait_seconds=0))
    client = app.test_client()
    assert client.get(PATH).status_code == 200
    admission = services.of(app).sources.admission
    with admission.admitted(1), admission.admitted(1):
        assert client.get(PATH).status_code == 200, "rendered before"
        assert client.get("/iiif/3/grid.png/0,0,64,64/max/0/default.jpg").status_code == 200, "decoded before"
        client.put("/api/images/other.png", data=encoded(grid(salt=9)))
        assert client.get("/iiif/3/other.png/full/max/0/default.jpg").status_code == 503, "neither"


def test_a_refusal_is_not_remembered(client: FlaskClient, config: Config) -> None:
    path = Path(config.images) / "late.png"
    address = PATH.replace("grid.png", "late.png")
    assert client.get(address).status_code == 404
    path.write_bytes(encoded(grid()))
    assert client.get(address).status_code == 200
    path.write_bytes(encoded(grid())[:200])
    assert client.get(address).status_code == 422
    path.write_bytes(encoded(grid(salt=1)))
    assert client.get(address).status_code == 200


def test_a_file_that_changed_is_opened_anew(client: FlaskClient, config: Config) -> None:
    before = client.get(PATH)
    (Path(config.images) / "grid.png").write_bytes(encoded(grid(salt=1)))
    after = client.get(PATH)
    assert (after.status_code, after.headers["ETag"] != before.headers["ETag"]) == (200, True)
    (Path(config.images) / "grid.png").unlink()
    assert client.get(PATH).status_code == 404
