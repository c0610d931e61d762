"""Documents of batches that cannot be read, and names that are trouble: each is named, and the others are done."""

from pathlib import Path

from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.jobs.batches.runner import Runner
from tests.jobs.batches.test_bad_files import DOCUMENTS, GOOD, PAGES, PASSED, REFUSED, told
from tests.jobs.batches.work import FORM
from tests.web.making import file_part, multipart


def test_documents_of_trouble_on_the_server(client: FlaskClient, config: Config) -> None:
    Path(config.templates, "form.omr").write_bytes(FORM.document)
    address = str(client.post("/api/batches", json={"Name": "June", "Template": "form"}).headers["Location"])
    sendable = [name for name in PASSED if "/" not in name]
    files = {**dict.fromkeys(sendable, GOOD), **DOCUMENTS, **{name: data for name, (data, _) in REFUSED.items()}}
    files |= {"case.png": GOOD, "new\x85line.png": GOOD}
    taken, refused = [], {}
    for name, data in files.items():
        answer = client.post(f"{address}/sheets", **multipart(("Sheets", file_part(name, data)))).get_json()
        taken += [one["Name"] for one in answer["Taken"]]
        refused |= {one["Name"]: one["Message"] for one in answer["Refused"]}
    assert taken == [*sendable, *DOCUMENTS]
    assert refused.keys() == {*REFUSED, "case.png", "new\x85line.png"}
    for name, (_, words) in REFUSED.items():
        assert any(word in refused[name] for word in words.split("|")), refused[name]
    assert "Rename the file" in refused["case.png"]
    runner = Runner(config)
    runner.look()
    runner.close()
    batch = client.get(address).get_json()
    assert (batch["State"], batch["Failed"]) == ("done", sum(words is not None for words in PAGES.values()))
    found = told(Path(config.results, "batches", address.rpartition("/")[2], "results"))
    assert found.keys() == {*sendable, *PAGES}
    assert {name for name, error in found.items() if error} == {name for name, words in PAGES.items() if words}
