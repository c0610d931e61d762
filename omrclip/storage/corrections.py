"""Corrections of kept recognitions: a file in the recognition's folder, which goes with it."""

from collections.abc import Sequence

from omrclip.errors import NotFound
from omrclip.schemas.corrections import Correction, dump_corrections
from omrclip.storage.blobs import UNCONDITIONAL, Blob, BlobStore, Precondition
from omrclip.storage.kept_records import KeptRecognition

FILE = "corrections.json"


class Corrections:
    """The corrections under the root of the kept recognitions."""

    def __init__(self, url: str) -> None:
        self._blobs = BlobStore(url)

    def read(self, kept: KeptRecognition) -> Blob:
        """The document; one without corrections where nobody has made any."""
        try:
            return self._blobs.read(self._name(kept))
        except NotFound:
            return Blob(self._name(kept), dump_corrections(()))

    def write(
        self, kept: KeptRecognition, corrections: Sequence[Correction], precondition: Precondition = UNCONDITIONAL
    ) -> Blob:
        """Replace all corrections; raises PreconditionFailed, PreconditionRequired."""
        with self._blobs.locked():
            precondition.check(FILE, self.read(kept))
            return self._blobs.write(self._name(kept), dump_corrections(corrections))[0]

    def _name(self, kept: KeptRecognition) -> str:
        return f"{kept.identifier}/{FILE}"
