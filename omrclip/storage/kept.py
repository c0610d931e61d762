"""Kept recognitions: the answer, its files and the scans, until their time is over.

Under the root each has a folder of its own, named by an identifier that cannot be guessed:

    {id}/kept.json      what `kept_records` says of it
    {id}/answer.json    the answer as it was given, without the files' data
    {id}/scans/{n}      the bytes of scan n, from 1
    {id}/files/{n}      the bytes of response file n, from 1: their names may be longer than a store's can be
"""

import json
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any

from omrclip.config import Config
from omrclip.errors import NotFound
from omrclip.imaging.boxed import BoxedImage
from omrclip.imaging.cache import ByteCache
from omrclip.omr.recognition import Recognition, Scan
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.result_files import ResponseFile
from omrclip.storage.blobs import Blob, BlobStore
from omrclip.storage.derivatives import DerivativeCache
from omrclip.storage.kept_records import KeptRecognition, kept_recognition, page_record, registration_mark
from omrclip.storage.sources import OpenImage, SourceCache

RECORD, ANSWER = "kept.json", "answer.json"
_IMAGE = re.compile(r"([0-9a-f]{24})\.([1-9][0-9]{0,5})(?:\.([1-9][0-9]{0,5}))?")
_SCAN = re.compile(r"([0-9a-f]{24})\.([1-9][0-9]{0,5})\.scan")
_IDENTIFIER = re.compile(r"[0-9a-f]{24}")
SWEEP_SECONDS = 60.0
MOST_KNOWN = 256
UNFINISHED_SECONDS = 3600.0


class KeptRecognitions:
    """Keeping, finding and forgetting recognitions. What has expired is gone at once, and removed within a minute."""

    def __init__(self, config: Config, sources: SourceCache, derivatives: DerivativeCache) -> None:
        self._derivatives = derivatives
        self._blobs = BlobStore(config.results)
        self._sources = sources
        self._seconds = config.keep_seconds
        self._known: ByteCache[KeptRecognition] = ByteCache(MOST_KNOWN, lambda _: 1)
        self._sweeper: threading.Thread | None = None
        self._lock = threading.Lock()
        if self._blobs.names():
            self.start_sweeping()

    def new_identifier(self) -> str:
        """96 random bits, so that who does not know it does not find it."""
        return secrets.token_hex(12)

    def keep(
        self,
        identifier: str,
        seconds: float | None,
        scans: Sequence[Scan],
        recognitions: Sequence[Recognition],
        files: Sequence[ResponseFile],
        clip_files: Sequence[Sequence[str]],
        answer: Mapping[str, Any],
    ) -> None:
        """Store everything; `clip_files` has the names of each recognition's clips, `seconds` None is the setting."""
        now = time.time()
        record = {
            "created": now,
            "expires": now + (self._seconds if seconds is None else seconds),
            "pages": [
                page_record(number, recognition, recognition.registration, names)
                for number, (recognition, names) in enumerate(zip(recognitions, clip_files, strict=True), start=1)
                if recognition.registration is not None
            ],
            "files": [[file.name, file.media_type] for file in files],
        }
        with self._whole_or_nothing(identifier):
            for number, scan in enumerate(scans, start=1):
                self._blobs.write(f"{identifier}/scans/{number}", scan.data)
            for number, file in enumerate(files, start=1):
                self._blobs.write(f"{identifier}/files/{number}", file.data)
            self._blobs.write(f"{identifier}/{ANSWER}", json.dumps(answer, ensure_ascii=False).encode())
            # Last, so that what can be found is whole.
            self._blobs.write(f"{identifier}/{RECORD}", json.dumps(record, ensure_ascii=False).encode())
        self.start_sweeping()

    @contextmanager
    def _whole_or_nothing(self, identifier: str) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._remove(identifier)  # half of it would be found by nobody, and stay for ever
            raise

    def read(self, identifier: str) -> KeptRecognition:
        """Raise NotFound where there is none, or its time is over."""
        if _IDENTIFIER.fullmatch(identifier):
            name = f"{identifier}/{RECORD}"
            with suppress(NotFound):
                state = self._blobs.state(name)
                kept = self._known.get_or_make(
                    (identifier, state.mark),
                    lambda: kept_recognition(identifier, self._json(name)),
                )
                if kept.expires > time.time():
                    return kept
        raise NotFound(f"There is no kept recognition {identifier!r}.")

    def answer(self, kept: KeptRecognition) -> dict[str, Any]:
        """The answer as it was given, without the files' data."""
        return self._json(f"{kept.identifier}/{ANSWER}")

    def _json(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._blobs.read(name).data)
        return document

    def read_file(self, kept: KeptRecognition, name: str) -> tuple[Blob, str]:
        """The bytes of a response file, and their media type; raises NotFound."""
        for number, (file, media_type) in enumerate(kept.files, start=1):
            if file == name:
                return self._blobs.read(f"{kept.identifier}/files/{number}"), media_type
        raise NotFound(f"The recognition has no file {name!r}.")

    def delete(self, identifier: str) -> None:
        """Remove a recognition and all that belongs to it; raises NotFound."""
        self.read(identifier)
        self._remove(identifier)

    def open_image(self, identifier: str) -> OpenImage | None:
        """What an identifier stands for, None where it is of no kept recognition's kind.

        That is the registered page `{recognition}.{page}`, the scan as it came `{recognition}.{page}.scan`, or the
        clip `{recognition}.{page}.{clip}`.

        Raises:
            NotFound: the recognition is not kept any more, or has no such page or clip.
        """
        if of_scan := _SCAN.fullmatch(identifier):
            return self.open_scan(self.read(of_scan[1]), int(of_scan[2]))
        found = _IMAGE.fullmatch(identifier)
        if not found:
            return None
        kept = self.read(found[1])
        page = next((page for page in kept.pages if page.number == int(found[2])), None)
        clip_number = int(found[3] or 0)
        if page is None or clip_number > len(page.clips):
            raise NotFound(f"There is no image with the identifier {identifier!r}.")
        scan = self.open_scan(kept, page.number)
        whole = RegisteredPage(self._sources.reducible(scan), page.registration)
        marks = [scan.etag, registration_mark(page.registration)]
        if not clip_number:
            return OpenImage(_etag(marks), kept.created, whole, owner=kept.identifier)
        box = page.clips[clip_number - 1].box
        return OpenImage(_etag([*marks, str(box)]), kept.created, BoxedImage(whole, box), owner=kept.identifier)

    def open_scan(self, kept: KeptRecognition, number: int) -> OpenImage:
        """A scan as it came, numbered from 1.

        Raises:
            NotFound: the recognition has no such scan.
            UnsupportedImage, CorruptImage, LimitExceeded: it is no image that can be read.
        """
        name = f"{kept.identifier}/scans/{number}"
        state = self._blobs.state(name)
        scan = self._sources.open(name, state, lambda: self._blobs.ranges(name, state), lambda: None)
        return replace(scan, owner=kept.identifier, modified=kept.created)

    def sweep(self) -> None:
        """Remove what has expired."""
        for identifier in {name.partition("/")[0] for name in self._blobs.names()}:
            with suppress(NotFound, ValueError, KeyError):
                if self._is_over(identifier):
                    self._remove(identifier)

    def _is_over(self, identifier: str) -> bool:
        try:
            return bool(self._json(f"{identifier}/{RECORD}")["expires"] <= time.time())
        except NotFound:  # the process died while it wrote, or it is writing now
            first_scan = self._blobs.state(f"{identifier}/scans/1")
            return first_scan.modified + UNFINISHED_SECONDS < time.time()

    def start_sweeping(self) -> None:
        """Sweep every minute from now on, in a thread that ends with the process."""
        with self._lock:
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep_for_ever, name="sweeper", daemon=True)
                self._sweeper.start()

    def _sweep_for_ever(self) -> None:
        while True:
            with suppress(OSError):  # a folder that is out of reach now may be there the next time
                self.sweep()
            time.sleep(SWEEP_SECONDS)

    def _remove(self, identifier: str) -> None:
        names = self._blobs.names(identifier)
        # The record first: what is half removed must not be found.
        for name in sorted(names, key=lambda name: not name.endswith(f"/{RECORD}")):
            with suppress(NotFound):
                self._blobs.delete(name)
        self._blobs.remove_folder(identifier)
        self._sources.forget(f"{identifier}/")
        self._derivatives.forget(identifier)


def _etag(marks: Sequence[object]) -> str:
    return sha256(repr(marks).encode()).hexdigest()[:32]
