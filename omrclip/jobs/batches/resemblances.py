"""Which pages of a batch resemble each other, stored with the batch for all its processes."""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from omrclip.errors import NotFound, StorageUnavailable
from omrclip.jobs.batches.definition import TEMPLATES
from omrclip.omr.registration.find import KnownPage
from omrclip.storage.blobs import BlobStore

FOLDER = f"{TEMPLATES}/resemblances"
_TOLD = {b"yes\n": True, b"no\n": False}


@dataclass(frozen=True, slots=True)
class StoredResemblances:
    """A file for each two pages that were compared. Comparing takes a second, and reading a file a millisecond.

    Two processes that compare the same pages write the same file. If the folder is out of reach, the pages are compared
    again: a scan does not fail for that. The task stops when it writes its results.
    """

    store: BlobStore

    def known(self, one: KnownPage, other: KnownPage) -> bool | None:
        """See `page_choice.Resemblances`."""
        try:
            return _TOLD.get(self.store.read(_file(one, other)).data)
        except (NotFound, StorageUnavailable):
            return None

    def note(self, one: KnownPage, other: KnownPage, *, resemble: bool) -> None:
        """See `page_choice.Resemblances`."""
        with suppress(StorageUnavailable):
            self.store.put(_file(one, other), b"yes\n" if resemble else b"no\n")


def _file(one: KnownPage, other: KnownPage) -> str:
    pages = sorted(f"{known.number}/{known.template}" for known in (one, other))
    return f"{FOLDER}/{sha256('/'.join(pages).encode()).hexdigest()[:32]}"
