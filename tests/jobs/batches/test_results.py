"""The files about all scans of a batch."""

import json
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest
from pyarrow import parquet

from omrclip.errors import ConfigurationError
from omrclip.jobs.batches import parquet as written_parquet
from omrclip.jobs.batches.engine import BatchRun
from omrclip.jobs.batches.results import write_results
from omrclip.jobs.tables import TableOptions
from tests.jobs.batches.work import job, run, scans

NAMES = ["a 10.png", "a 9.png", "b.png"]


def test_all_tables_have_a_row_for_each_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_parquet, "ROWS_AT_ONCE", 2)
    (tmp_path / "c.png").write_bytes(b"hello")
    files = [*scans(tmp_path, *NAMES), *scans(tmp_path / "more", "c.png")]
    (tmp_path / "more" / "c.png").write_bytes(b"hello")
    out = tmp_path / "out"
    one = job(out, files)
    run(one)
    with closing(BatchRun(one)) as batch:
        write_results(batch.store, batch.templates, TableOptions(), one.batch.options.thresholds, parquet=True)
    order = ["a 9.png", "a 10.png", "b.png", "c.png"]
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["Name"] for line in lines] == order
    assert lines[0]["Clips"][0]["File"] == "clips/Name/a 9.png"
    assert lines[3]["Error"]["code"] == "unsupported_image"
    assert lines[3]["Messages"] == [lines[3]["Error"]["message"]]
    table = parquet.read_table(out / "results.parquet").to_pylist()
    assert [row["Image"] for row in table] == order
    assert [row["Page"] for row in table] == [1, 1, 1, None]
    assert table[0]["Name"] == "clips/Name/a 9.png"
    assert parquet.ParquetFile(out / "results.parquet").num_row_groups == 2
    rows = list(openpyxl.load_workbook(out / "results.xlsx")["Results"].values)
    assert [row[0] for row in rows[1:]] == order


def test_parquet_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"omrclip\[parquet\]"):
        written_parquet.check_pyarrow()
