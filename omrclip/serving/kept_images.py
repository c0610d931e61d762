"""The images of stored recognitions: registered pages, scans and clips."""

import re
from dataclasses import replace

from omrclip.errors import NotFound
from omrclip.imaging.source import BoxedImage
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.report.file_names import stem
from omrclip.serving.sources import OpenFile, OpenImage, SourceCache
from omrclip.storage.kept import KeptRecognitions
from omrclip.storage.kept_records import KeptRecognition, etag_of, registration_mark

_IMAGE = re.compile(r"([0-9a-f]{24})\.([1-9][0-9]{0,5})(?:\.([1-9][0-9]{0,5}))?")
_SCAN = re.compile(r"([0-9a-f]{24})\.([1-9][0-9]{0,5})\.scan")


class KeptImages:
    """Opens the images of the recognitions in a store."""

    def __init__(self, store: KeptRecognitions, sources: SourceCache) -> None:
        self._store = store
        self._sources = sources

    def open(self, identifier: str) -> OpenImage | None:
        """Open the image of an identifier.

        The identifier is `{recognition}.{page}` for a registered page, `{recognition}.{page}.scan` for a scan, and
        `{recognition}.{page}.{clip}` for a clip.

        Returns:
            The image, or None if the identifier has none of these forms.

        Raises:
            NotFound: the recognition is no longer stored, or has no such page or clip.
        """
        if of_scan := _SCAN.fullmatch(identifier):
            return self.open_scan(self._store.read(of_scan[1]), int(of_scan[2]))
        found = _IMAGE.fullmatch(identifier)
        if not found:
            return None
        kept = self._store.read(found[1])
        page = next((page for page in kept.pages if page.number == int(found[2])), None)
        clip_number = int(found[3] or 0)
        if page is None or clip_number > len(page.clips):
            raise NotFound(f"There is no image with the identifier {identifier!r}.")
        scan = self.open_scan(kept, page.number)
        whole = RegisteredPage(scan.source, page.registration)
        marks = [scan.etag, registration_mark(page.registration)]
        if not clip_number:
            return OpenImage(
                etag_of(marks), kept.created, whole, owner=kept.identifier, expires=True, name=stem(page.scan)
            )
        clip = page.clips[clip_number - 1]
        etag = etag_of([*marks, str(clip.box)])
        boxed = BoxedImage(whole, clip.box)
        return OpenImage(etag, kept.created, boxed, owner=kept.identifier, expires=True, name=stem(clip.file))

    def open_scan(self, kept: KeptRecognition, number: int) -> OpenFile:
        """Open a scan as it was uploaded. Numbers begin at 1.

        Raises:
            NotFound: the recognition has no such scan.
            UnsupportedImage, CorruptImage, LimitExceeded: the scan cannot be read.
        """
        name, state, ranges = self._store.scan_file(kept, number)
        return replace(
            self._sources.open(name, state, ranges), owner=kept.identifier, expires=True, modified=kept.created
        )
