"""/api/batches: documents are added at any time, and the runner recognizes them. Here it runs in the test's process."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from pyarrow import parquet

from omrclip.config import Config
from omrclip.jobs.batches import parquet as parquet_module
from omrclip.jobs.batches import runner as runner_module
from omrclip.jobs.batches.runner import Runner
from omrclip.limits import Limits
from omrclip.omr.report import workbook
from omrclip.storage import batches as batches_module
from omrclip.storage.batches import Batches
from omrclip.web.api import batches as batches_api
from omrclip.web.app import App, create_app
from tests.web.api.test_documents import SHADES, stack
from tests.web.conftest import Refusal
from tests.web.making import (
    NAME_BOX,
    Json,
    choice_box,
    clip_area,
    cut,
    decoded,
    encoded,
    file_part,
    grid,
    lying_png,
    multipart,
    omr,
    template,
    tiff_of,
)

PNG = encoded(grid())
Made = Callable[..., str]
Sent = Callable[..., Json]


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, workers=1)


@pytest.fixture
def runner(config: Config) -> Iterator[Runner]:
    found = Runner(config)
    yield found
    found.close()


@pytest.fixture
def made(client: FlaskClient) -> Made:
    """Create a batch, and give its address."""

    def make(**changes: Any) -> str:
        body = {"Name": "June", "Template": "form", "Options": {"ClipFormat": "png"}, **changes}
        answer = client.post("/api/batches", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["Location"]).removeprefix("http://localhost")

    return make


@pytest.fixture
def sent(client: FlaskClient) -> Sent:
    """Add documents to the batch of an address."""

    def send(address: str, **files: bytes) -> Json:
        parts = (("Sheets", file_part(name.replace("_", "."), data)) for name, data in files.items())
        answer = client.post(f"{address}/sheets", **multipart(*parts))
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    return send


def folder_of(config: Config, address: str) -> Path:
    return Path(config.results, "batches", address.rpartition("/")[2])


def counts(batch: Json) -> list[Any]:
    return [batch[key] for key in ("State", "Total", "Done", "Passed", "Doubtful", "Failed")]


def test_documents_are_recognized_and_their_results_read(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner
) -> None:
    address = made()
    assert counts(client.get(address).get_json()) == ["waiting", 0, 0, 0, 0, 0]
    answer = sent(address, stack_pdf=stack(*SHADES), lists_tif=tiff_of(grid(), grid(salt=5)), one_png=PNG, bad_txt=b"?")
    assert answer["Taken"] == [
        {"Name": "stack.pdf", "Sheets": 3},
        {"Name": "lists.tif", "Sheets": 2},
        {"Name": "one.png", "Sheets": 1},
    ]
    (refused,) = answer["Refused"]
    assert (refused["Name"], refused["Code"]) == ("bad.txt", "unsupported_image")
    assert "not an image" in refused["Message"]
    assert isinstance(refused["Details"], dict)
    assert counts(client.get(address).get_json()) == ["waiting", 6, 0, 0, 0, 0]
    assert client.get(f"{address}/results.csv").status_code == 404
    runner.look()
    batch = client.get(address).get_json()
    assert counts(batch) == ["done", 6, 6, 6, 0, 0]
    assert batch["SheetsPerHour"] > 0
    rows = client.get(batch["Results"]["results.csv"])
    names = ["lists-p0001.tif", "lists-p0002.tif", "one.png", *(f"stack-p000{n}.pdf" for n in (1, 2, 3))]
    assert [row.split(",")[0] for row in rows.text.splitlines()[1:]] == names
    assert "attachment" in rows.headers["Content-Disposition"]
    assert rows.headers["Cache-Control"] == "private, no-cache"
    assert client.get(f"{address}/results.csv", headers={"If-None-Match": rows.headers["ETag"]}).status_code == 304
    lines = client.get(batch["Results"]["results.jsonl"]).text.splitlines()
    assert [json.loads(line)["Name"] for line in lines] == names
    assert client.get(batch["Results"]["results.xlsx"]).data.startswith(b"PK")
    report = client.get(batch["Results"]["report.html"])
    assert report.mimetype == "text/html"
    assert "sandbox" in report.headers["Content-Security-Policy"]
    zipped = client.get(batch["Results"]["clips.zip"])
    assert "June.zip" in zipped.headers["Content-Disposition"]
    archive = ZipFile(BytesIO(zipped.data))
    assert len(archive.namelist()) == 14
    assert archive.read("results.csv") == rows.data
    assert (decoded(archive.read("clips/Name/one.png")) == cut(grid(), NAME_BOX)).all()
    only = ZipFile(BytesIO(client.get(f"{address}/clips.zip?element=Signature").data))
    assert {name.split("/")[1] for name in only.namelist()} == {"Signature"}
    assert client.get(f"{address}/clips.zip?element=..").status_code == 404


def test_sheets_are_added_to_a_batch_that_is_done(client: FlaskClient, made: Made, sent: Sent, runner: Runner) -> None:
    address = made()
    sent(address, a_png=PNG)
    runner.look()
    answer = client.post(f"{address}/sheets?name=b.png", data=PNG, content_type="image/png")
    assert answer.get_json() == {"Taken": [{"Name": "b.png", "Sheets": 1}], "Refused": []}
    assert counts(client.get(address).get_json()) == ["waiting", 2, 1, 1, 0, 0]
    runner.look()
    assert counts(client.get(address).get_json()) == ["done", 2, 2, 2, 0, 0]
    assert len(client.get(f"{address}/results.csv").text.splitlines()) == 3


def test_sheets_that_are_added_during_a_run_are_recognized(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = made()
    sent(address, a_png=PNG)
    note, later = batches_module.Batches.note_progress, [PNG]

    def noted(self: Any, *values: Any) -> None:
        note(self, *values)
        if later:
            sent(address, b_png=later.pop())
            assert client.get(address).get_json()["State"] == "running"

    monkeypatch.setattr(batches_module.Batches, "note_progress", noted)
    runner.look()
    assert counts(client.get(address).get_json()) == ["done", 2, 2, 2, 0, 0]


def test_a_document_that_is_sent_again_changes_nothing_and_another_of_its_name_is_refused(
    client: FlaskClient, made: Made, sent: Sent
) -> None:
    address = made()
    first = sent(address, stack_pdf=stack(*SHADES))
    assert sent(address, stack_pdf=stack(*SHADES)) == first
    assert client.get(address).get_json()["Total"] == 3
    answer = sent(address, stack_pdf=PNG, STACK_pdf=stack(*SHADES), stack_tif=tiff_of(grid(), grid(salt=9)))
    assert answer["Taken"] == []
    assert [(one["Name"], one["Code"]) for one in answer["Refused"]] == [
        (name, "name_conflict") for name in ("stack.pdf", "STACK.pdf", "stack.tif")
    ]
    assert client.get(address).get_json()["Total"] == 3


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("../a.png", PNG, "invalid_request"),
        (".hidden.png", PNG, "invalid_request"),
        ("", PNG, "invalid_request"),
        ("a" * 200 + ".png", PNG, "invalid_request"),
        ("con.png", PNG, "invalid_request"),
        ("a\u202egnp.png", PNG, "invalid_request"),
        ("empty.png", b"", "unsupported_image"),
        ("large.png", lying_png(30_000, 30_000), "limit_exceeded"),
        ("cut.pdf", stack(*SHADES)[:300], "corrupt_image"),
        ("cut.zip", b"PK\x03\x04", "corrupt_image"),
    ],
)
def test_documents_that_are_refused(
    client: FlaskClient, made: Made, config: Config, assert_refused: Refusal, name: str, data: bytes, code: str
) -> None:
    address = made()
    answer = client.post(f"{address}/sheets", query_string={"name": name}, data=data, content_type="image/png")
    status = {"invalid_request": 400, "unsupported_image": 415, "limit_exceeded": 413, "corrupt_image": 422}[code]
    assert_refused(answer, status, code)
    assert not list(folder_of(config, address).glob("sources/*"))


def test_the_files_of_a_zip_archive_are_sheets(client: FlaskClient, made: Made, sent: Sent) -> None:
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("a.png", PNG)
        archive.writestr("b/stack.pdf", stack(*SHADES))
    told = {"Taken": [{"Name": "june.zip", "Sheets": 4}], "Refused": []}
    assert sent(made(), june_zip=file.getvalue()) == told
    body = client.post(f"{made()}/sheets?name=june.zip", data=file.getvalue(), content_type="application/zip")
    assert body.get_json() == told


def test_failed_and_doubtful_sheets_are_listed(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner, config: Config
) -> None:
    document = template(clip_area("Name"), choice_box())
    Path(config.templates, "form.omr").write_bytes(omr(document))
    address = made()
    sent(address, **{f"s{number}_png": encoded(grid(salt=number)) for number in (10, 9, 1)}, cut_png=PNG[:200])
    runner.look()
    assert counts(client.get(address).get_json()) == ["done", 4, 4, 3, 3, 1]

    def names(query: str) -> list[str]:
        return [sheet["Name"] for sheet in client.get(f"{address}/sheets{query}").get_json()["Sheets"]]

    assert names("") == ["cut.png", "s1.png", "s9.png", "s10.png"]
    (failed,) = client.get(f"{address}/sheets?result=failed").get_json()["Sheets"]
    assert (failed["Result"], failed["Error"]["code"]) == ("failed", "corrupt_image")
    assert names("?result=doubtful") == names("?result=passed") == ["s1.png", "s9.png", "s10.png"]
    assert client.get(f"{address}/sheets?result=doubtful&limit=1").get_json()["Sheets"][0]["Doubtful"] == ["Question"]
    first = client.get(f"{address}/sheets?limit=2").get_json()
    following = client.get(first["Next"]).get_json()
    assert [sheet["Name"] for sheet in following["Sheets"]] == ["s9.png", "s10.png"]
    assert following["Next"] is None
    assert names("?result=done") == names("")
    assert names("?result=blank") == []
    assert client.get(f"{address}/sheets?result=empty").status_code == 400


def test_a_table_with_too_many_columns_has_no_workbook(
    client: FlaskClient,
    made: Made,
    sent: Sent,
    runner: Runner,
    assert_refused: Refusal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workbook, "MOST_COLUMNS", 5)
    address = made()
    sent(address, a_png=PNG)
    assert_refused(client.get(f"{address}/results.xlsx"), 404, "not_found", "all sheets")
    runner.look()
    assert client.get(f"{address}/results.csv").status_code == 200
    assert_refused(client.get(f"{address}/results.xlsx"), 404, "not_found", "more columns than a workbook")


def test_the_table_is_answered_as_parquet_if_pyarrow_is_there(
    client: FlaskClient,
    made: Made,
    sent: Sent,
    runner: Runner,
    assert_refused: Refusal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = made()
    sent(address, a_png=PNG, b_png=PNG[:200])
    assert_refused(client.get(f"{address}/results.parquet"), 404, "not_found", "all sheets")
    runner.look()
    found = client.get(client.get(address).get_json()["Results"]["results.parquet"])
    assert found.headers["Content-Disposition"] == "attachment; filename=June.parquet"
    table = parquet.read_table(BytesIO(found.data))
    rows = client.get(f"{address}/results.csv").text.lstrip("\ufeff").splitlines()
    assert ",".join(table.column_names) == rows[0]
    assert [(row["Image"], row["Page"]) for row in table.to_pylist()] == [("a.png", 1), ("b.png", None)]
    monkeypatch.setattr(parquet_module, "has_pyarrow", lambda: False)
    monkeypatch.setattr(batches_api, "has_pyarrow", lambda: False)
    assert "results.parquet" not in client.get(address).get_json()["Results"]
    assert_refused(client.get(f"{address}/results.parquet"), 500, "invalid_configuration", "pyarrow")


def test_a_change_of_the_template_does_not_change_a_batch(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner, config: Config
) -> None:
    address = made()
    sent(address, a_png=PNG)
    Path(config.templates, "form.omr").write_bytes(omr(template(clip_area("Other"))))
    runner.look()
    assert client.get(f"{address}/results.csv").text.splitlines()[0].endswith("Name,Signature")


def test_a_batch_that_fails_says_why_and_the_others_go_on(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner, config: Config
) -> None:
    broken, good = made(Name="broken"), made(Name="good")
    for address in (broken, good):
        sent(address, a_png=PNG)
    (folder_of(config, broken) / "results" / "templates" / "1.omr").unlink()
    runner.look()
    failed = client.get(broken).get_json()
    assert counts(failed)[0] == "failed"
    assert "1.omr" in failed["Message"]
    assert (failed["Error"]["code"], failed["Error"]["message"]) == ("not_found", failed["Message"])
    assert client.get(good).get_json()["State"] == "done"
    assert client.get(good).get_json()["Error"] is None
    sent(broken, b_png=PNG)
    waiting = client.get(broken).get_json()
    assert (waiting["State"], waiting["Message"], waiting["Error"]) == ("waiting", "", None)


def test_an_unexpected_error_is_told_without_details(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("secret")

    address = made()
    sent(address, a_png=PNG)
    monkeypatch.setattr(runner_module, "run_batch", fail)
    runner.look()
    message = client.get(address).get_json()["Message"]
    assert "log" in message
    assert "secret" not in message


def test_a_batch_that_is_deleted_leaves_no_byte(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner, config: Config
) -> None:
    address, other = made(), made()
    for each in (address, other):
        sent(each, a_png=PNG)
    runner.look()
    assert client.delete(address).status_code == 204
    for path in ("", "/sheets", "/results.csv", "/clips.zip", "/marked.pdf"):
        assert client.get(address + path).status_code == 404
    assert client.delete(address).status_code == 404
    runner.look()  # it holds the lock, so it removes the files
    assert not folder_of(config, address).exists()
    runner.close()
    assert client.delete(other).status_code == 204
    assert not folder_of(config, other).exists(), "nobody runs batches, so they are removed at once"
    left = {path.name for path in Path(config.results, "batches").rglob("*") if path.is_file()}
    assert left == {".lock", ".runner"}


def test_a_run_ends_when_its_batch_is_deleted(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = made()
    sent(address, stack_pdf=stack(*SHADES))
    note = batches_module.Batches.note_progress

    def noted(self: Any, *values: Any) -> None:
        note(self, *values)
        assert client.delete(address).status_code in {204, 404}

    monkeypatch.setattr(batches_module.Batches, "note_progress", noted)
    runner.look()
    assert not folder_of(config, address).exists()


def test_batches_expire_are_set_aside_and_removed(
    app: App, config: Config, client: FlaskClient, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    del app
    short, kept, for_good = made(KeepSeconds=5.0), made(KeepSeconds=5), made(KeepSeconds=None)
    assert client.get(for_good).get_json()["Expires"] is None
    assert client.patch(kept, json={"Name": "July", "KeepSeconds": None}).get_json()["Name"] == "July"
    now = client.get(short).get_json()["Created"]
    store = batches_module.Batches(replace(config, grace_seconds=0))
    monkeypatch.setattr(batches_module.time, "time", lambda: now + 6)
    assert client.get(short).status_code == 404
    assert client.patch(short, json={"KeepSeconds": None}).status_code == 404
    batches_module.Batches(config).sweep()
    batches_module.Batches(config).sweep()
    assert folder_of(config, short).exists(), "it is set aside for a day"
    store.sweep()
    assert not folder_of(config, short).exists()
    listed = client.get("/api/batches").get_json()["Batches"]
    assert sorted(batch["Name"] for batch in listed) == ["July", "June"]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"Name": ""}, "$.Name"),
        ({"Name": "a\nb"}, "$.Name"),
        ({"Template": "none"}, "$.Template"),
        ({"Template": "../form"}, "$.Template"),
        ({"Template": None}, "$.Template"),
        ({"Templates": ["form"]}, "$.Template"),
        ({"BookletBy": "none"}, "$.BookletBy"),
        ({"BookletBy": ""}, "$.BookletBy"),
        ({"KeepSeconds": 0}, "$.KeepSeconds"),
        ({"KeepSeconds": 1.5}, "$.KeepSeconds"),
        ({"Options": {"Keep": True}}, "$.Options.Keep"),
        ({"Options": {"ClipMargin": -1}}, "$.Options.ClipMargin"),
        ({"Expires": 5}, "$.Expires"),
    ],
)
def test_wrong_requests(client: FlaskClient, assert_refused: Refusal, changes: Json, names: str) -> None:
    answer = client.post("/api/batches", json={"Name": "June", "Template": "form", **changes})
    assert_refused(answer, 400, "invalid_request", names)


@pytest.mark.parametrize(
    ("templates", "names"),
    [
        ([], "$.Templates"),
        (["form", "form"], "$.Templates"),
        (["form", "none"], "$.Templates[1]"),
        (["form", 1], "$.Templates[1]"),
        ("form", "$.Templates: expected a list of names of stored templates"),
    ],
)
def test_wrong_lists_of_templates(client: FlaskClient, assert_refused: Refusal, templates: object, names: str) -> None:
    answer = client.post("/api/batches", json={"Name": "June", "Templates": templates})
    assert_refused(answer, 400, "invalid_request", names)


def test_a_batch_with_several_templates_and_booklets(
    client: FlaskClient, config: Config, sent: Sent, runner: Runner
) -> None:
    wide = template(clip_area("Photo"))
    wide["Pages"][0] |= {"Width": 600, "Height": 200}
    Path(config.templates, "wide.omr").write_bytes(omr(wide))
    answer = client.post("/api/batches", json={"Name": "June", "Templates": ["form", "wide"]})
    assert answer.status_code == 201
    assert answer.get_json()["Templates"] == ["form", "wide"]
    address = answer.headers["Location"].removeprefix("http://localhost")
    sent(address, one_png=PNG, two_png=encoded(grid(600, 200)))
    runner.look()
    lines = client.get(f"{address}/results.jsonl").text.splitlines()
    assert [json.loads(line)["Template"] for line in lines] == ["form", "wide"]


def test_a_template_that_cannot_be_used_leaves_nothing(client: FlaskClient, config: Config) -> None:
    Path(config.templates, "form.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    answer = client.post("/api/batches", json={"Name": "June", "Template": "form"})
    assert answer.status_code == 422
    Path(config.templates, "form.png").unlink()
    assert client.get("/api/batches").get_json() == {"Batches": [], "Next": None}
    assert not list(Path(config.results).rglob("batch.json"))


def test_the_quota_refuses_documents(config: Config, assert_refused: Refusal) -> None:
    client = create_app(replace(config, batch_bytes=2**20)).test_client()
    address = client.post("/api/batches", json={"Name": "June", "Template": "form"}).headers["Location"]
    for number in range(2):
        data = stack(grid(salt=number)) + b"%" * 600_000
        answer = client.post(f"{address}/sheets?name={number}.pdf", data=data, content_type="application/pdf")
    assert_refused(answer, 507, "storage_full", "batch_bytes")
    assert client.get(address).get_json()["Total"] == 1
    assert not list(Path(config.results).rglob("uploads/*"))


def test_batches_need_a_local_folder(config: Config, assert_refused: Refusal) -> None:
    client = create_app(replace(config, results="memory://results")).test_client()
    answer = client.post("/api/batches", json={"Name": "June", "Template": "form"})
    assert_refused(answer, 503, "storage_unavailable", "folder of this machine")
    Runner(replace(config, results="memory://results")).look()


def test_a_damaged_batch_harms_no_other(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner, config: Config
) -> None:
    damaged, good = made(), made()
    for address in (damaged, good):
        sent(address, a_png=PNG)
    (folder_of(config, damaged) / "batch.sqlite").write_bytes(b"no database" * 100)
    runner.look()
    assert client.get(good).get_json()["State"] == "done"
    assert client.get(damaged).status_code == 410
    assert len(client.get("/api/batches").get_json()["Batches"]) == 1
    assert client.delete(damaged).status_code == 204
    runner._resting.clear()
    runner.look()
    assert not folder_of(config, damaged).exists()


def test_the_sweep_of_stored_recognitions_keeps_away_from_batches(
    client: FlaskClient, made: Made, sent: Sent, app: App, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omrclip.storage import kept
    from omrclip.web import services

    address = made()
    sent(address, a_png=PNG)
    monkeypatch.setattr(kept, "UNFINISHED_SECONDS", 0.0)
    store = services.of(app).kept
    for _ in range(2):
        store.sweep()
        store._has_adopted = False
    assert client.get(address).get_json()["Total"] == 1
    assert (folder_of(config, address) / "sources" / "a.png").read_bytes() == PNG


def test_unfinished_folders_are_removed_after_an_hour(
    config: Config, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = made()
    (folder_of(config, address) / "batch.sqlite").unlink()
    store = batches_module.Batches(config)
    store.sweep()
    assert folder_of(config, address).exists()
    monkeypatch.setattr(batches_module, "UNFINISHED_SECONDS", -1.0)
    store.sweep()
    assert not folder_of(config, address).exists()


def ask_again(client: FlaskClient, address: str) -> Json:
    answer = client.post(f"{address}/retry")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_a_batch_that_failed_runs_again_without_a_new_document(
    client: FlaskClient, made: Made, sent: Sent, runner: Runner, config: Config
) -> None:
    address = made()
    sent(address, a_png=PNG)
    results = folder_of(config, address) / "results"
    (results / "records").write_text("no folder")
    runner.look()
    assert client.get(address).get_json()["State"] == "failed"
    (results / "records").unlink()
    runner.look()
    assert client.get(address).get_json()["State"] == "failed"
    assert counts(ask_again(client, address)) == ["waiting", 1, 0, 0, 0, 0]
    runner.look()
    assert counts(client.get(address).get_json()) == ["done", 1, 1, 1, 0, 0]


def test_failed_sheets_are_recognized_again(
    client: FlaskClient,
    made: Made,
    sent: Sent,
    runner: Runner,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = made()
    sent(address, a_png=PNG, b_png=PNG)
    source = folder_of(config, address) / "sources" / "b.png"
    source.rename(source.with_suffix(".away"))
    runner.look()
    assert counts(client.get(address).get_json()) == ["done", 2, 2, 1, 0, 1]
    (failed,) = client.get(f"{address}/sheets?result=failed").get_json()["Sheets"]
    assert failed["Name"] == "b.png"
    clip = folder_of(config, address) / "results" / "clips" / "Name" / "a.png"
    before = clip.stat().st_mtime_ns
    source.with_suffix(".away").rename(source)
    assert ask_again(client, address)["State"] == "waiting"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Batches, "note_retries", killed)
        with pytest.raises(KeyboardInterrupt):
            runner.look()
    runner.look()
    assert counts(client.get(address).get_json()) == ["done", 2, 2, 2, 0, 0]
    assert clip.stat().st_mtime_ns == before, "what passed is not done again"
    sheets = client.get(f"{address}/sheets").get_json()["Sheets"]
    assert [(sheet["Name"], sheet["Result"]) for sheet in sheets] == [("a.png", "passed"), ("b.png", "passed")]
    assert ask_again(client, address)["State"] == "done", "nothing has failed"


def test_a_retry_during_a_run_is_done_after_it(client: FlaskClient, made: Made, sent: Sent, config: Config) -> None:
    address = made()
    sent(address, a_png=PNG)
    batches, identifier = Batches(config), address.rpartition("/")[2]
    batches.note_progress(identifier, 0, 0, 0, None)
    assert ask_again(client, address)["State"] == "running"
    assert not batches.finish(identifier, 1)
    batches.note_retries(identifier, batches.retries(identifier))
    assert batches.finish(identifier, 1)


def test_the_next_page_has_the_same_result(client: FlaskClient, made: Made, sent: Sent, runner: Runner) -> None:
    address = made()
    sent(address, a_png=PNG, b_png=PNG[:200], c_png=PNG[:210])
    runner.look()
    first = client.get(f"{address}/sheets?result=failed&limit=1").get_json()
    assert "result=failed" in first["Next"]
    following = client.get(first["Next"]).get_json()
    assert [sheet["Name"] for sheet in (*first["Sheets"], *following["Sheets"])] == ["b.png", "c.png"]


def test_a_sample_batch_needs_no_template(config: Config, assert_refused: Refusal) -> None:
    Path(config.templates, "form.omr").unlink()
    config = replace(config, limits=Limits())
    client = create_app(config).test_client()
    answer = client.post("/api/sample-batch", json={"Name": "Probe"})
    assert answer.status_code == 201
    batch = answer.get_json()
    assert (batch["Name"], batch["Templates"], batch["Total"]) == ("Probe", ["exam"], 4)
    assert batch["Expires"] - batch["Created"] <= 7 * 24 * 3600
    with closing(Runner(config)) as runner:
        runner.look()
    assert counts(client.get(batch["Uri"]).get_json())[:4] == ["done", 4, 4, 4]
    assert client.post("/api/sample-batch", json={}).get_json()["Name"] == "Sample"
    assert_refused(client.post("/api/sample-batch", json={"Template": "x"}), 400, "invalid_request", "Template")
    assert client.delete(batch["Uri"]).status_code == 204
