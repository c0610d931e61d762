"""Finds the page of a document that is a sheet of a batch."""

from collections.abc import Sequence
from os.path import commonprefix
from pathlib import Path

from omrclip.errors import NotFound
from omrclip.jobs.batches.names import distinct_scans
from omrclip.jobs.sources import ScanFile, scans_in
from omrclip.limits import Limits


def find_sheet(folder: Path, documents: Sequence[str], sheet: str, limits: Limits) -> ScanFile:
    """The scan of a sheet. Its `read` closes the document.

    The name of a sheet begins like that of its document. So documents with the longest common beginning are opened
    first, and usually no other.

    Args:
        folder: the folder of the documents.
        documents: their names.
        sheet: the name of the sheet.
        limits: how large pages may be.

    Raises:
        NotFound: no document has such a page.
    """
    for name in sorted(documents, key=lambda name: (-len(commonprefix((name, sheet))), name)):  # noqa: RUF071 (of names)
        found = None
        for file in distinct_scans(scans_in([folder / name], limits.max_image_pixels)):
            if found is None and file.name == sheet:
                found = file
            else:
                file.release()
        if found is not None:
            return found
    raise NotFound(f"The batch has no sheet {sheet!r}.", name=sheet)
