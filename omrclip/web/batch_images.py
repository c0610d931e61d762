"""The sheets of batches as images: the scans as they were uploaded."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from omrclip.admission import Admission
from omrclip.errors import NotFound
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.jobs.batches.ledger import DoneScan
from omrclip.jobs.batches.sheet_files import find_sheet
from omrclip.jobs.batches.sheet_index import SheetIndex
from omrclip.jobs.sources import read_admitted
from omrclip.limits import Limits
from omrclip.omr.report.file_names import stem
from omrclip.serving.sources import OpenFile, SourceCache
from omrclip.storage.batches import Batches
from omrclip.storage.blobs import BlobState
from omrclip.web.lanes import MustWait, may_wait, work
from omrclip.work import Work

SUFFIX: Final = ".sheet"
_IDENTIFIER = re.compile(rf"([0-9a-f]{{24}})\.(.+){re.escape(SUFFIX)}", re.DOTALL)


class BatchImages:
    """Opens the scans of the sheets in a store of batches."""

    def __init__(self, batches: Batches, sources: SourceCache, limits: Limits) -> None:
        self._batches = batches
        self._sources = sources
        self._limits = limits

    def open(self, identifier: str) -> OpenFile | None:
        """Open the scan of an identifier, which is `{batch}.{sheet}.sheet`, for the current request.

        Returns:
            The scan, or None if the identifier has another form.

        Raises:
            NotFound: there is no such batch, or it has no such sheet that is done.
            UnsupportedImage, CorruptImage, LimitExceeded: the scan cannot be read.
            MustWait: the scan is not open, and the current request must not wait.
        """
        found = _IDENTIFIER.fullmatch(identifier)
        if found is None:
            return None

        def wanted() -> Work:
            if not may_wait():
                raise MustWait
            return work()

        return self.open_sheet(found[1], self.done(found[1], found[2]), wanted)

    def open_sheet(self, name: str, done: DoneScan, wanted: Callable[[], Work]) -> OpenFile:
        """Open the scan of a sheet of a batch. `wanted` gives the deadline of reading it, if it is not open."""
        batch, sheet = self._batches.read(name), done.name
        state = BlobState(f"{done.source}/{done.chunk}", 0, batch.created, batch.created)
        read = self._reader(name, sheet, self._sources.admission, wanted)
        opened = self._sources.open(f"{name}/{sheet}", state, read)
        return replace(opened, owner=name, expires=True, modified=batch.created, name=stem(sheet))

    def done(self, identifier: str, sheet: str) -> DoneScan:
        """What the ledger of a batch says about a sheet. Raises NotFound if it is not done."""
        store = self._batches.results(identifier)
        done = SheetIndex(store, self._batches.index_file(identifier)).sheet(sheet)
        if done is None:
            raise NotFound(f"The batch has no sheet {sheet!r} that is done.", name=sheet)
        return done

    def _reader(
        self, identifier: str, sheet: str, admission: Admission, wanted: Callable[[], Work]
    ) -> Callable[[], BytesReader]:
        def read() -> BytesReader:
            deadline = wanted()
            folder, documents = self._batches.source_folder(identifier), self._batches.documents(identifier)
            file = find_sheet(folder, documents, sheet, self._limits)
            return BytesReader(read_admitted(file, admission, deadline).data)

        return read
