"""Corrections of kept recognitions: a file in the recognition's folder, which goes with it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from omrclip.errors import NotFound
from omrclip.omr.report.sheet import Sheet
from omrclip.schemas.corrections import Correction, corrected, dump_corrections, load_corrections
from omrclip.storage.blobs import UNCONDITIONAL, Blob, Precondition
from omrclip.storage.kept import KeptRecognitions
from omrclip.storage.kept_records import KeptRecognition

FILE = "corrections.json"


class Corrections:
    """The corrections of the recognitions in a store."""

    def __init__(self, store: KeptRecognitions) -> None:
        self._store = store

    def read(self, kept: KeptRecognition) -> Blob:
        """The document, without entries if there are no corrections."""
        try:
            return self._store.read_beside(kept, FILE)
        except NotFound:
            return Blob(FILE, dump_corrections(()))

    def sheets(self, kept: KeptRecognition) -> Iterator[Sheet]:
        """All scans for tables, with their corrections. Raises DamagedRecord."""
        by_scan = defaultdict[int, list[Correction]](list)
        for correction in load_corrections(self.read(kept).data):
            by_scan[correction.scan].append(correction)
        for number, sheet in enumerate(self._store.sheets(kept), start=1):
            yield replace(sheet, corrections=corrected(sheet.recognition, by_scan[number]))

    def write(
        self, kept: KeptRecognition, corrections: Sequence[Correction], precondition: Precondition = UNCONDITIONAL
    ) -> Blob:
        """Replace all corrections.

        Raises:
            PreconditionFailed, PreconditionRequired: they are not in the state that the caller named.
            StorageFull, StorageUnavailable: there is no room for them, also in the quota; those before stay.
        """
        with self._store.locked():
            precondition.check(FILE, self.read(kept))
            return self._store.write_beside(kept, FILE, dump_corrections(corrections))
