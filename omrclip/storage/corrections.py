"""Corrections of kept recognitions: a file in the recognition's folder, which goes with it."""

from collections.abc import Sequence

from omrclip.errors import NotFound
from omrclip.schemas.corrections import Correction, dump_corrections
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
