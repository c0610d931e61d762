"""Receipts of deletions: the object, the time, the account, and the places that still contain a part of it.

What expires has a receipt too. A receipt is a file `receipts/{day}/{identifier}.json` among the results of a workspace.
Identifiers sort by time.
"""

import json
import logging
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from omrclip.config import Config
from omrclip.errors import DamagedRecord, NotFound, StorageFull, StorageUnavailable
from omrclip.storage.blobs import BlobStore

FOLDER: Final = "receipts"
KEPT_DAYS: Final = 400
"""How long receipts are stored: a year, and a month in which somebody can ask for them. Each takes about 300 bytes."""
_SUFFIX: Final = ".json"
_DAY: Final = len("20260101")

_log = logging.getLogger(__name__)


class Deleted(StrEnum):
    """The kind of the deleted object."""

    RECOGNITION = "recognition"
    BATCH = "batch"
    IMAGE = "image"
    TEMPLATE = "template"
    FILE = "file"  # a file or folder of a client of the OMR cloud protocol


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of a deletion.

    Attributes:
        identifier: of the receipt; it begins with the time.
        kind: what was deleted.
        target: the identifier of the recognition or batch, the name of the image or template, or the path of the file.
        name: the name of the batch; else "".
        by: the name of the account that deleted it, or None on a server without log-in, and if it has expired.
        at: when, in seconds since 1970.
        files: how many files were deleted.
        size: how many bytes they had.
        left: the places that still have something of it; empty if nothing is left.
        expired: whether the server deleted it because its time was over.
    """

    identifier: str
    kind: Deleted
    target: str
    name: str
    by: str | None
    at: float
    files: int
    size: int
    left: tuple[str, ...] = ()
    expired: bool = False


class Receipts:
    """The receipts of a workspace. Methods raise StorageUnavailable and StorageFull."""

    def __init__(self, config: Config) -> None:
        self._blobs = BlobStore(f"{config.results}/{FOLDER}")
        self._first_day = ""

    def write(self, receipt: Receipt) -> None:
        """Store a receipt, or replace it. Remove those that are older than KEPT_DAYS."""
        self._blobs.write(_path(receipt.identifier), json.dumps(asdict(receipt), ensure_ascii=False).encode())
        first_day = identifier_at(time.time() - KEPT_DAYS * 86_400)[:_DAY]
        if first_day != self._first_day:
            for day in self._blobs.children():
                if day.isdigit() and day < first_day:
                    self._blobs.remove_folder(day)
            self._first_day = first_day

    def note_expired(self, kind: Deleted, target: str, name: str, usage: tuple[int, int], *, is_left: bool) -> None:
        """Store the receipt of something that has expired. If this is not possible, log it.

        Args:
            kind: what it was.
            target: its identifier.
            name: the name of a batch, else "".
            usage: how many files and bytes it had.
            is_left: whether some of its files are still there.
        """
        now = time.time()
        left = ("files",) if is_left else ()
        try:
            self.write(Receipt(new_identifier(now), kind, target, name, None, now, *usage, left, expired=True))
        except (StorageFull, StorageUnavailable) as problem:
            _log.warning("cannot write the receipt of what has expired: %s", problem.message)

    def read(self, identifier: str) -> Receipt:
        """A receipt. Raises NotFound and DamagedRecord."""
        try:
            told: dict[str, Any] = json.loads(self._blobs.read(_path(identifier)).data)
            return replace(Receipt(**told), kind=Deleted(told["kind"]), left=tuple(told["left"]))
        except NotFound:
            raise NotFound(f"There is no receipt {identifier!r}.") from None
        except (ValueError, TypeError, LookupError):
            raise DamagedRecord(f"The receipt {identifier!r} is damaged.") from None

    def identifiers(self, after: str = "") -> Iterator[str]:
        """The identifiers of receipts after an identifier, or a time as `identifier_at` gives it, oldest first."""
        names = self._blobs.names(_path(after) if after else "")
        return (name.rpartition("/")[2].removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))


def identifier_at(seconds: float) -> str:
    """The beginning of the identifiers of receipts of a time, in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%S.%f")


def new_identifier(seconds: float) -> str:
    """A new identifier of a receipt of this time."""
    return f"{identifier_at(seconds)}-{secrets.token_hex(4)}"


def _path(identifier: str) -> str:
    return f"{identifier[:_DAY]}/{identifier}{_SUFFIX}"
