"""What expires is set aside first, and removed when a clock that nobody can set says so; and nothing is forgotten."""

import os
from collections.abc import Callable
from dataclasses import replace
from errno import EIO, ENOSPC
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.storage import blobs, local_files
from omrclip.storage.blobs import BlobStore
from omrclip.storage.kept import UNFINISHED_SECONDS, KeptRecognitions
from omrclip.storage.schedule import Schedule
from omrclip.web import services
from omrclip.web.app import App, create_app
from tests.web.keeping import NOW, THREE, Boot, Clock, Posted, identifier_of, identifiers, stored
from tests.web.making import asked

DAY = 86_400


@pytest.fixture
def store(app: App, clock: Clock, boot: Boot) -> KeptRecognitions:  # noqa: ARG001 (the clocks are the test's)
    return services.of(app).kept


def restarted(config: Config) -> KeptRecognitions:
    """The store as another process sees it."""
    return services.of(create_app(config)).kept


def test_a_clock_that_jumps_forward_destroys_nothing(
    store: KeptRecognitions, client: FlaskClient, kept: Posted, config: Config, clock: Clock, boot: Boot
) -> None:
    uris = [kept(seconds)["Uri"] for seconds in (10, DAY, 7 * DAY)]
    before = [name for name in stored(config) if not name.startswith("due")]
    clock(10 * DAY)
    for _ in range(3):
        boot.seconds += 60
        store.sweep()
    assert {client.get(uri).status_code for uri in uris} == {404}
    assert [name for name in stored(config) if not name.startswith("aside")] == before
    clock(20)
    boot.seconds += 60
    store.sweep()
    assert [client.get(uri).status_code for uri in uris] == [404, 200, 200]
    boot.seconds += config.grace_seconds
    store.sweep()
    assert identifiers(config) == {uri.rpartition("/")[2] for uri in uris[1:]}
    clock(DAY)
    store.sweep()
    boot.seconds += config.grace_seconds
    store.sweep()
    assert identifiers(config) == {uris[2].rpartition("/")[2]}, "what was set aside by mistake expires in its time"


def test_what_is_set_aside_waits_for_the_whole_grace(
    store: KeptRecognitions, kept: Posted, config: Config, clock: Clock, boot: Boot
) -> None:
    kept(10)
    clock(11)
    store.sweep()
    boot.seconds += config.grace_seconds - 1
    store.sweep()
    assert identifiers(config)
    boot.seconds += 1
    store.sweep()
    assert stored(config) == []


def test_the_grace_goes_on_after_restarts_of_server_and_machine(
    store: KeptRecognitions, kept: Posted, config: Config, clock: Clock, boot: Boot
) -> None:
    kept(10)
    clock(11)
    store.sweep()
    boot.seconds += config.grace_seconds - 100
    restarted(config).sweep()
    assert identifiers(config)
    boot.name, boot.seconds = "second", 5.0
    restarted(config).sweep()
    boot.seconds += 99
    restarted(config).sweep()
    assert identifiers(config), "the time that the machine was off does not count"
    boot.seconds += 1
    restarted(config).sweep()
    assert stored(config) == []


def test_a_lost_clock_file_begins_again_where_the_last_was_set_aside(
    store: KeptRecognitions, kept: Posted, config: Config, clock: Clock, boot: Boot
) -> None:
    kept(10)
    clock(11)
    store.sweep()
    (Path(config.results) / "clock.json").write_text("{}")
    restarted(config).sweep()
    assert identifiers(config)
    boot.seconds += config.grace_seconds
    restarted(config).sweep()
    assert stored(config) == []


def test_without_a_grace_what_has_expired_is_removed_at_once(
    config: Config, store: KeptRecognitions, kept: Posted, clock: Clock
) -> None:
    assert store
    kept(10)
    clock(11)
    restarted(replace(config, grace_seconds=0)).sweep()
    assert stored(config) == []


# --- what was never finished ------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends at once: nothing is tidied up."""


@pytest.mark.parametrize("dies_at", range(1, 20))
def test_a_process_that_dies_while_it_keeps_leaves_nothing(
    config: Config,
    store: KeptRecognitions,
    client: FlaskClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    dies_at: int,
) -> None:
    calls = 0
    with monkeypatch.context() as patch:
        for name in ("create", "write", "move", "sync"):
            method = getattr(store._blobs, name)

            def dying(*rest: object, method: Callable[..., object] = method) -> object:
                nonlocal calls
                calls += 1
                if calls >= dies_at:
                    raise Killed
                return method(*rest)

            # On this store alone: sweepers of other applications live on in the process of the tests.
            patch.setattr(store._blobs, name, dying)
        patch.setattr(store, "_remove", lambda *_: None)
        try:
            client.post("/api/recognitions?keep", json=asked(Images=THREE))
        except Killed:
            pass
        else:
            assert dies_at > 10, "the process was killed at some of its steps"
    store.sweep()
    clock(UNFINISHED_SECONDS + 1)
    restarted(config).sweep()
    whole = {name.partition("/")[0] for name in stored(config) if name.endswith("kept.json")}
    assert identifiers(config) == whole
    clock(2 * DAY)
    restarted(replace(config, grace_seconds=0)).sweep()
    assert stored(config) == []


def test_what_another_process_is_writing_is_left_alone(config: Config, store: KeptRecognitions, clock: Clock) -> None:
    keeping = store.begin("0" * 24, [])
    clock(100 * DAY)
    other = restarted(config)
    other.sweep()
    other.sweep()
    assert identifiers(config) == {"0" * 24}
    keeping.finish(60, b'{"Recognitions": []}')
    assert other.read("0" * 24).expires == NOW + 100 * DAY + 60
    other.sweep()
    assert other.answer(other.read("0" * 24)) == {"Recognitions": []}


def test_a_process_that_dies_while_it_deletes_leaves_the_rest_to_the_sweep(
    config: Config, store: KeptRecognitions, client: FlaskClient, kept: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = kept(DAY)["Uri"]
    with monkeypatch.context() as patch:

        def dies(*_: object) -> None:
            raise Killed

        patch.setattr(store._blobs, "remove_folder", dies)
        with pytest.raises(Killed):
            client.delete(uri)
    assert client.get(uri).status_code == 404
    assert stored(config)
    store.sweep()
    assert stored(config) == []


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b"{}", b'{"expires": "soon"}'])
def test_a_record_that_cannot_be_read_is_set_aside_like_others(
    config: Config, kept: Posted, store: KeptRecognitions, clock: Clock, boot: Boot, record: bytes
) -> None:
    identifier = identifier_of(kept(10))
    (Path(config.results) / identifier / "kept.json").write_bytes(record)
    clock(11)
    store.sweep()
    store.sweep()
    assert (Path(config.results) / identifier / "scans" / "1").exists()
    boot.seconds += config.grace_seconds
    store.sweep()
    assert stored(config) == []


def test_folders_that_nothing_is_scheduled_for_are_found_again(
    config: Config, kept: Posted, store: KeptRecognitions, clock: Clock
) -> None:
    whole, half = identifier_of(kept(2 * DAY)), identifier_of(kept(2 * DAY))
    schedule = Schedule(BlobStore(config.results))
    for entry in list(schedule.all()):
        schedule.remove(entry)
    (Path(config.results) / half / "kept.json").unlink()
    other = restarted(config)
    other.sweep()
    assert {entry.identifier for entry in schedule.all()} == {whole, half}
    clock(UNFINISHED_SECONDS + 1)
    other.sweep()
    assert identifiers(config) == {whole}
    assert store.read(whole)


def test_only_one_process_sweeps(config: Config, store: KeptRecognitions) -> None:
    assert store
    mine, others = BlobStore(config.results), BlobStore(config.results)
    release = mine.hold(".sweeping")
    assert release
    assert others.hold(".sweeping") is None
    release()
    assert others.hold(".sweeping")


def test_a_sweep_reads_only_what_is_due(
    config: Config, store: KeptRecognitions, kept: Posted, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        kept(DAY)
    kept(10)
    store.sweep()
    read: list[str] = []
    with monkeypatch.context() as patch:
        original = store._blobs.read
        patch.setattr(store._blobs, "read", lambda name: read.append(name) or original(name))
        store.sweep()
        assert read == []
        clock(11)
        store.sweep()
    assert [name for name in read if name.endswith("kept.json")] == [
        f"{entry.identifier}/kept.json" for entry in Schedule(BlobStore(config.results)).aside()
    ]


def test_a_sweep_goes_on_where_the_disk_is_full(
    config: Config, store: KeptRecognitions, kept: Posted, clock: Clock, boot: Boot, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(10)
    clock(11)

    def full(*_: object) -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    monkeypatch.setattr(local_files, "_write", full)
    store.sweep()
    boot.seconds += config.grace_seconds
    store.sweep()
    assert stored(config) == []


def test_one_recognition_that_cannot_be_removed_does_not_keep_the_others(
    config: Config, store: KeptRecognitions, kept: Posted, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, _ = identifier_of(kept(10)), kept(20)
    clock(30)
    other = restarted(replace(config, grace_seconds=0))
    with monkeypatch.context() as patch:
        remove = local_files.remove_folder

        def fails(path: Path) -> None:
            if path.name == stuck:
                raise OSError(EIO, os.strerror(EIO))
            remove(path)

        patch.setattr(blobs, "remove_folder", fails)
        other.sweep()
        assert identifiers(config) == {stuck}
    other.sweep()
    assert stored(config) == []
    assert store


# --- the quota --------------------------------------------------------------------------------------------------------


def test_a_full_quota_is_told_with_the_oldest_expiry(
    config: Config, store: KeptRecognitions, kept: Posted, clock: Clock, boot: Boot
) -> None:
    kept(100)
    kept(50)
    used = sum(entry.size for entry in Schedule(BlobStore(config.results)).all())
    assert used == sum(path.stat().st_size for path in Path(config.results).glob("[0-9a-f]*/**/*") if path.is_file())
    full = create_app(replace(config, kept_bytes=used + 100)).test_client()
    response = full.post("/api/recognitions?keep", json=asked())
    assert response.status_code == 507
    error = response.get_json()["error"]
    assert error["code"] == "storage_full"
    assert error["details"] == {
        "limit": "kept_bytes",
        "maximum": used + 100,
        "used": used,
        "oldest_expires": NOW + 50,
    }
    assert "2027-01-15 08:00:50+00:00" in error["message"]
    assert full.post("/api/recognitions", json=asked()).status_code == 200
    assert len(identifiers(config)) == 2
    clock(60)
    store.sweep()
    still = full.post("/api/recognitions?keep", json=asked())
    assert still.status_code == 507, "what is set aside still takes its room"
    assert still.get_json()["error"]["details"]["oldest_expires"] == NOW + 50
    boot.seconds += config.grace_seconds
    store.sweep()
    assert full.post("/api/recognitions?keep", json=asked()).status_code == 200


def test_results_that_exceed_the_quota_are_answered_all_the_same(config: Config, client: FlaskClient) -> None:
    scans = len(asked()["Images"][0]["Data"]) * 3 // 4
    tight = create_app(replace(config, kept_bytes=scans + 1000)).test_client()
    answer = tight.post("/api/recognitions?keep", json=asked())
    assert answer.status_code == 200
    assert answer.get_json()["KeepingError"]["code"] == "storage_full"
    assert (
        answer.get_json()["ResponseFiles"] == client.post("/api/recognitions", json=asked()).get_json()["ResponseFiles"]
    )
    assert stored(config) == []


# --- stores that are no local folders ---------------------------------------------------------------------------------


def test_an_object_store_keeps_expires_and_forgets_alike(
    config: Config, tmp_path: Path, clock: Clock, boot: Boot
) -> None:
    remote = replace(config, results=f"memory://{tmp_path.name}", kept_bytes=2**20)
    client = create_app(remote).test_client()
    store, blobs_there = services.of(client.application).kept, BlobStore(remote.results)  # type: ignore[arg-type]
    short, long = (client.post(f"/api/recognitions?keep={time}", json=asked()).headers["Location"] for time in (10, 99))
    half = store.begin("0" * 24, [])
    assert half
    clock(11)
    store.sweep()
    assert [client.get(uri).status_code for uri in (short, long)] == [404, 200]
    boot.seconds += config.grace_seconds
    clock(UNFINISHED_SECONDS + 1)
    store.sweep()
    assert {entry.identifier for entry in Schedule(blobs_there).all()} == {long.rpartition("/")[2]}
    boot.seconds += config.grace_seconds
    store.sweep()
    assert [name for name in blobs_there.names() if not name.startswith("receipts/")] == ["clock.json"]
    uri = client.post("/api/recognitions?keep", json=asked()).headers["Location"]
    assert client.delete(uri).status_code == 204
    assert [name for name in blobs_there.names() if not name.startswith("receipts/")] == ["clock.json"]
