"""Which pages of a batch fit in the blank pages of others: found out by one process, and known to all."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from omrclip.errors import StorageUnavailable
from omrclip.jobs.batches.definition import BatchTemplate
from omrclip.jobs.batches.resemblances import FOLDER, StoredResemblances
from omrclip.jobs.sources import scans_in
from omrclip.omr.registration.find import Fits, KnownPage
from omrclip.omr.template import Page, Template
from omrclip.schemas.template import dump_template
from omrclip.storage.blobs import BlobStore
from tests.jobs.batches.work import job, run
from tests.omr.sheet import PAGE, form, png, printed, question

FRONT = KnownPage(Page(width=9, height=9), 1, None, template="exam")
BACK = replace(FRONT, number=2)
OTHER = replace(FRONT, template="survey/1")


@pytest.mark.parametrize("fits", Fits)
def test_what_one_process_finds_out_another_one_knows(tmp_path: Path, fits: Fits) -> None:
    StoredResemblances(BlobStore(str(tmp_path))).note(FRONT, BACK, fits)
    other_process = StoredResemblances(BlobStore(str(tmp_path)))
    assert other_process.known(FRONT, BACK) is fits
    assert other_process.known(BACK, FRONT) is other_process.known(FRONT, OTHER) is None


@pytest.mark.parametrize("damaged", [b"onc", b"", b"\xff\xfe"])
def test_a_damaged_file_tells_nothing(tmp_path: Path, damaged: bytes) -> None:
    stored = StoredResemblances(BlobStore(str(tmp_path)))
    stored.note(FRONT, BACK, Fits.ONCE)
    (file,) = (tmp_path / FOLDER).iterdir()
    file.write_bytes(damaged)
    assert stored.known(FRONT, BACK) is None
    stored.note(FRONT, BACK, Fits.NOT)
    assert stored.known(FRONT, BACK) is Fits.NOT


def test_a_folder_out_of_reach_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "templates").write_bytes(b"")
    stored = StoredResemblances(BlobStore(str(tmp_path)))
    with pytest.raises(StorageUnavailable):
        stored.store.put(f"{FOLDER}/any", b"")
    stored.note(FRONT, BACK, Fits.ONCE)
    assert stored.known(FRONT, BACK) is None


def test_a_batch_stores_which_pages_it_compared(tmp_path: Path) -> None:
    sheets = {
        "exam": form(),
        "wide": printed([question(f"W{n}", 120, 130 + 40 * n, "ABCDEFGHIJ") for n in range(10)], PAGE),
    }
    templates = [
        BatchTemplate(
            name, json.dumps(dump_template(Template(pages=(sheet.page,), name=name))).encode(), png(sheet.blank)
        )
        for name, sheet in sheets.items()
    ]
    (tmp_path / "scan.png").write_bytes(png(sheets["exam"].blank))
    one = job(tmp_path / "out", scans_in([tmp_path / "scan.png"], 10**8))
    one = replace(one, batch=replace(one.batch, templates=tuple(templates)))
    assert run(one, processes=1).counts.failed == 0
    assert [file.read_bytes() for file in (tmp_path / "out" / FOLDER).iterdir()] == [b"not\n"] * 2
