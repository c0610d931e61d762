"""Receipts are stored for a year and a month, and then removed."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from omrclip.config import Config
from omrclip.storage import receipts as module
from omrclip.storage.receipts import KEPT_DAYS, Deleted, Receipt, Receipts, new_identifier

DAY = 86_400


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    return Receipts(Config(results=str(tmp_path)))


@pytest.fixture
def write(receipts: Receipts, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], str]:
    """Write a receipt on a day, counted from today. Returns its identifier."""
    today = time.time()

    def write(day: float) -> str:
        now = today + day * DAY
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now))
        receipt = Receipt(new_identifier(now), Deleted.IMAGE, "a.png", "", "ann", now, 1, 10)
        receipts.write(receipt)
        return receipt.identifier

    return write


def test_old_receipts_are_removed_and_no_others(
    receipts: Receipts, write: Callable[[float], str], tmp_path: Path
) -> None:
    written = [write(day) for day in (0, 1, KEPT_DAYS - 1)]
    assert list(receipts.identifiers()) == written
    written.append(write(KEPT_DAYS + 1))
    assert list(receipts.identifiers()) == written[1:]
    written.append(write(2 * KEPT_DAYS))
    assert list(receipts.identifiers()) == written[3:]
    assert len(list((tmp_path / "receipts").glob("2*"))) == 2


def test_a_receipt_of_an_earlier_version_is_read(receipts: Receipts, write: Callable[[float], str]) -> None:
    identifier = write(0)
    path = next(Path(receipts._blobs._root).rglob("*.json"))
    path.write_text(path.read_text().replace(', "expired": false', ""))
    assert receipts.read(identifier).expired is False


def test_an_expiry_without_room_for_its_receipt_is_logged(
    receipts: Receipts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("omrclip.storage.blobs.replace_file", full)
    receipts.note_expired(Deleted.BATCH, "0" * 24, "June", (3, 100), is_left=False)
    assert "cannot write the receipt" in caplog.text
    assert list(receipts.identifiers()) == []
