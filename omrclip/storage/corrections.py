"""Corrections of stored recognitions: a file in the recognition's folder, which is removed together with it.

The file is a log. A change is added at its end, with the account that made it and the time, and nothing is removed
from it: undoing a correction is a change too. The corrections that hold are the last ones of each element.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from omrclip.errors import DamagedRecord, NotFound
from omrclip.omr.report.sheet import Sheet
from omrclip.schemas.corrections import (
    Correction,
    changes_to,
    corrected,
    current,
    dump_changes,
    load_changes,
)
from omrclip.storage.blobs import UNCONDITIONAL, Blob, Precondition
from omrclip.storage.kept import KeptRecognitions
from omrclip.storage.kept_records import KeptRecognition

FILE = "corrections.json"


@dataclass(frozen=True, slots=True)
class CorrectionLog:
    """All changes of the corrections of a recognition, in the order of time, and the entity tag of this state."""

    changes: Sequence[Correction]
    etag: str


class Corrections:
    """The corrections of the recognitions in a store. Methods raise DamagedRecord if their file is damaged."""

    def __init__(self, store: KeptRecognitions) -> None:
        self._store = store

    def read(self, kept: KeptRecognition) -> CorrectionLog:
        """The log, without entries if nothing was corrected."""
        blob = self._blob(kept)
        return CorrectionLog(self._changes(blob), blob.etag)

    def sheets(self, kept: KeptRecognition) -> Iterator[Sheet]:
        """All scans for tables, with their corrections. Raises DamagedRecord."""
        by_scan = defaultdict[int | str, list[Correction]](list)
        for correction in current(self.read(kept).changes):
            by_scan[correction.scan].append(correction)
        for number, sheet in enumerate(self._store.sheets(kept), start=1):
            yield replace(sheet, corrections=corrected(sheet.recognition, by_scan[number]))

    def write(
        self,
        kept: KeptRecognition,
        wanted: Sequence[Correction],
        by: str | None,
        precondition: Precondition = UNCONDITIONAL,
    ) -> CorrectionLog:
        """Add the changes that lead to the wanted corrections to the log.

        Args:
            kept: the recognition.
            wanted: all corrections that shall hold.
            by: the name of the account that wants them, or None.
            precondition: the state in which the log must be.

        Raises:
            PreconditionFailed, PreconditionRequired: the log is not in this state.
            StorageFull, StorageUnavailable: there is no room for the changes. The log stays as it was.
        """
        with self._store.locked():
            blob = self._blob(kept)
            precondition.check(FILE, blob)
            changes = self._changes(blob)
            new = changes_to(current(changes), wanted, by, round(time.time(), 3))
            if new:
                changes += new
                blob = self._store.write_beside(kept, FILE, dump_changes(changes))
            return CorrectionLog(changes, blob.etag)

    def _blob(self, kept: KeptRecognition) -> Blob:
        try:
            return self._store.read_beside(kept, FILE)
        except NotFound:
            return Blob(FILE, dump_changes(()))

    def _changes(self, blob: Blob) -> list[Correction]:
        try:
            return load_changes(blob.data)
        except (ValueError, TypeError, LookupError):
            raise DamagedRecord(
                "The corrections of this recognition are damaged. Restore its folder from a backup."
            ) from None
