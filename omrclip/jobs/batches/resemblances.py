"""Which pages of a batch fit in the blank pages of others, stored with the batch for all its processes."""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from omrclip.errors import NotFound, StorageUnavailable
from omrclip.jobs.batches.folder import TEMPLATES
from omrclip.omr.registration.find import Fits, KnownPage
from omrclip.storage.blobs import BlobStore

FOLDER = f"{TEMPLATES}/resemblances"


@dataclass(frozen=True, slots=True)
class StoredResemblances:
    """A file for each page and each other blank page in which it was looked for.

    Looking for it takes a second, and reading a file a millisecond. Two processes that compare the same pages write
    the same file. If the folder is out of reach, the pages are compared again: a scan does not fail for that. The task
    stops when it writes its results.
    """

    store: BlobStore

    def known(self, page: KnownPage, other: KnownPage) -> Fits | None:
        """See `page_choice.Resemblances`."""
        with suppress(NotFound, StorageUnavailable, ValueError):
            return Fits(self.store.read(_file(page, other)).data.decode("ascii", "replace").strip())
        return None

    def note(self, page: KnownPage, other: KnownPage, fits: Fits) -> None:
        """See `page_choice.Resemblances`."""
        with suppress(StorageUnavailable):
            self.store.put(_file(page, other), f"{fits}\n".encode())


def _file(page: KnownPage, other: KnownPage) -> str:
    pages = "/".join(f"{known.number}/{known.template}" for known in (page, other))
    return f"{FOLDER}/{sha256(pages.encode()).hexdigest()[:32]}"
