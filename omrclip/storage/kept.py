"""Stored recognitions: answer, files and scans, until they expire.

Each recognition has a folder under the root. The name of the folder is an identifier that cannot be guessed:

    {id}/kept.json      its record (`kept_records`), written last, so that every recognition with a record is complete
    {id}/answer.json    the original answer, without the data of files
    {id}/scans/{n}      the bytes of scan n, from 1
    {id}/files/{n}      the bytes of response file n, from 1; their own names may be too long for the store
    {id}/.writing       a lock that is held while the recognition is being stored

The schedule (`schedule`) is stored beside these folders. It contains the time of the next check of each recognition.
One process at a time sweeps. A sweep removes unfinished recognitions, sets expired ones aside, and removes these after
a grace period (`steady_clock`).
"""

import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from math import ceil
from typing import Any

from omrclip.admission import Admission
from omrclip.cache import ByteCache
from omrclip.config import Config
from omrclip.errors import DamagedRecord, NotFound, OmrclipError, StorageFull, StorageUnavailable
from omrclip.imaging.tiff.ranges import RangeReader
from omrclip.omr.recognition import Recognition, Scan
from omrclip.omr.report.result_files import ResponseFile
from omrclip.omr.report.sheet import Sheet
from omrclip.schemas.recognition_response import load_kept
from omrclip.schemas.recorded_sheet import load_sheet
from omrclip.storage.blobs import Blob, BlobState, BlobStore
from omrclip.storage.kept_records import (
    KeptRecognition,
    etag_of,
    kept_recognition,
    page_record,
    seconds_since_1970,
)
from omrclip.storage.receipts import Deleted, Receipts
from omrclip.storage.schedule import Entry, Schedule, entry
from omrclip.storage.steady_clock import SteadyClock

RECORD, ANSWER, WRITING = "kept.json", "answer.json", ".writing"
SWEEPING = ".sweeping"
_IDENTIFIER = re.compile(r"[0-9a-f]{24}")
SWEEP_SECONDS = 60.0
KNOWN_BYTES = 8 * 1024 * 1024
"""Size of the cache of records in memory."""
SMALL_BYTES = 16 * 1024 * 1024
"""Files that need less memory than this are read without admission."""
RECORD_COST = 6
"""The memory that a record needs, as a multiple of its size on the disk. Strings and tuples need most of it."""
ANSWER_COST = 12
"""The memory that an answer needs while it is parsed and sent, as a multiple of its size on the disk: six to eight
times for its values, and up to five times for its text and bytes."""
# Time until the first check of a new recognition. Requests take minutes at most. One that still runs is skipped.
UNFINISHED_SECONDS = 3600.0
_log = logging.getLogger(__name__)


class KeptRecognitions:
    """The store of recognitions. Expired recognitions are no longer found."""

    def __init__(
        self, config: Config, admission: Admission, on_removed: Callable[[str], object] = lambda _: None
    ) -> None:
        """Open the store of `config`. `on_removed` is called with the identifier of each removed recognition."""
        self._blobs = BlobStore(config.results)
        self._admission = admission
        self._on_removed = on_removed
        self._schedule = Schedule(self._blobs)
        self._clock = SteadyClock(self._blobs)
        self.seconds = config.keep_seconds
        self._most_bytes = config.kept_bytes
        self._grace = config.grace_seconds
        self._receipts = Receipts(config)
        self._has_adopted = False
        self._known: ByteCache[KeptRecognition] = ByteCache(KNOWN_BYTES, lambda kept: kept.held)
        self._sweeper: threading.Thread | None = None
        self._lock = threading.Lock()

    def exists(self) -> bool:
        """Whether the folder of the store exists."""
        return self._blobs.exists()

    def new_identifier(self) -> str:
        """A new identifier of 96 random bits, which cannot be guessed."""
        return secrets.token_hex(12)

    def begin(self, identifier: str, scans: Sequence[Scan | None]) -> "Keeping":
        """Store the scans before the recognition, so that a full disk is reported before the work.

        Args:
            identifier: a new one.
            scans: None for a page that is not read yet: see `Keeping.add_scan`.

        Raises:
            StorageFull: the disk is full, or the quota is used up. `details["oldest_expires"]` is the time at which
                the oldest stored recognition expires, in seconds since 1970.
            StorageUnavailable: the store cannot be written.
        """
        size = sum(len(scan.data) for scan in scans if scan is not None)
        reserved = entry(identifier, time.time() + UNFINISHED_SECONDS, size)
        self._reserve(reserved)
        self.start_sweeping()
        release: Callable[[], None] = _nothing
        try:
            release = self._blobs.hold(f"{identifier}/{WRITING}") or _nothing
            for number, scan in enumerate(scans, start=1):
                if scan is not None:
                    self._blobs.create(f"{identifier}/scans/{number}", scan.data)
        except BaseException:
            self._abandon(reserved, release)
            raise
        return Keeping(self, reserved, release)

    def _reserve(self, new: Entry, instead_of: Entry | None = None) -> None:
        """Add an entry to the schedule, unless it exceeds the quota."""
        with self._blobs.locked():
            used = self._schedule.used() - (instead_of.size if instead_of else 0)
            is_more = instead_of is None or new.size > instead_of.size
            if is_more and used + new.size > self._most_bytes:
                raise self._over_quota(used)
            if instead_of is None:
                self._schedule.add(new)
            else:
                self._schedule.move(instead_of, new)

    def _over_quota(self, used: int) -> StorageFull:
        oldest = next((one for one in self._schedule.all() if self._blobs.has(f"{one.identifier}/{RECORD}")), None)
        message = f"Stored recognitions use {used:,} of {self._most_bytes:,} bytes, and there is no space for more."
        if oldest is not None:
            expiry = datetime.fromtimestamp(oldest.second, UTC).isoformat(sep=" ", timespec="seconds")
            message += f" The oldest expires at {expiry} and is removed {self._grace} seconds later."
        return StorageFull(
            message,
            limit="kept_bytes",
            maximum=self._most_bytes,
            used=used,
            oldest_expires=oldest.second if oldest else None,
        )

    def _store_scan(self, reserved: Entry, number: int, scan: Scan) -> Entry:
        """Store a scan. Returns the entry with its size added."""
        larger = replace(reserved, size=reserved.size + len(scan.data))
        self._reserve(larger, instead_of=reserved)
        self._blobs.create(f"{reserved.identifier}/scans/{number}", scan.data)
        return larger

    def _store_files(self, reserved: Entry, first: int, files: Sequence[ResponseFile]) -> Entry:
        """Store files under numbers from `first` on. Returns the entry with their sizes added."""
        larger = replace(reserved, size=reserved.size + sum(len(file.data) for file in files))
        self._reserve(larger, instead_of=reserved)
        for number, file in enumerate(files, start=first):
            self._blobs.create(f"{reserved.identifier}/files/{number}", file.data)
        return larger

    def _finish(self, reserved: Entry, expires: float, answer: bytes, record: bytes) -> None:
        identifier = reserved.identifier
        larger = replace(reserved, size=reserved.size + len(answer) + len(record))
        self._reserve(larger, instead_of=reserved)
        self._blobs.create(f"{identifier}/{ANSWER}", answer)
        self._blobs.sync(f"{identifier}/scans", f"{identifier}/files")
        self._blobs.write(f"{identifier}/{RECORD}", record)
        self._schedule.move(larger, replace(larger, second=ceil(expires)))

    def _abandon(self, reserved: Entry, release: Callable[[], None]) -> None:
        """Remove the files of a recognition that was not completed."""
        with suppress(StorageUnavailable):  # the sweep tries again
            self._remove(reserved.identifier, self._schedule.of(reserved.identifier, reserved.second))
        release()

    def read(self, identifier: str) -> KeptRecognition:
        """The record of a recognition.

        Raises:
            NotFound: the recognition does not exist or has expired.
            DamagedRecord: its files are damaged.
        """
        if _IDENTIFIER.fullmatch(identifier):
            name = f"{identifier}/{RECORD}"
            with suppress(NotFound):
                state = self._blobs.state(name)
                kept = self._known.get_or_make((identifier, state.mark), lambda: self._read(identifier, state.size))
                if kept.expires > time.time():
                    return kept
        raise NotFound(f"There is no stored recognition {identifier!r}. It may have expired.")

    def _read(self, identifier: str, size: int) -> KeptRecognition:
        with ExitStack() as stack:
            if RECORD_COST * size > SMALL_BYTES:
                stack.enter_context(self._admission.admitted(RECORD_COST * size))
            with _damage_told(identifier):
                return kept_recognition(identifier, self._json(f"{identifier}/{RECORD}"), RECORD_COST * size)

    def answer_bytes(self, kept: KeptRecognition) -> int:
        """The maximum memory that `answer` needs, in bytes."""
        return ANSWER_COST * self._blobs.state(f"{kept.identifier}/{ANSWER}").size

    def answer(self, kept: KeptRecognition) -> dict[str, Any]:
        """The original answer, without the data of files. Raises DamagedRecord."""
        with _damage_told(kept.identifier):
            return self._json(f"{kept.identifier}/{ANSWER}")

    def sheets(self, kept: KeptRecognition) -> Iterator[Sheet]:
        """All scans for tables, without corrections. Raises DamagedRecord."""
        answer = self.answer(kept)
        with _damage_told(kept.identifier):
            told, statistics = answer["Recognitions"], answer["Info"]["Details"]["RecognitionStatistics"]
            pairs = list(zip(told, statistics, strict=True))
        for pair in pairs:
            with _damage_told(kept.identifier):
                sheet = load_sheet(*pair)
            yield sheet

    def recognition(self, kept: KeptRecognition, number: int) -> Recognition:
        """The Recognition of a scan. Scans are numbered from 1. Its clips contain no bytes.

        Raises:
            NotFound: the recognition has no such scan.
            DamagedRecord: its files are damaged.
        """
        page = next((page for page in kept.pages if page.number == number), None)
        with _damage_told(kept.identifier):
            return load_kept(self._json(f"{kept.identifier}/{ANSWER}"), number, page.registration if page else None)

    def _json(self, name: str) -> dict[str, Any]:
        document = json.loads(self._blobs.read(name).data)
        if not isinstance(document, dict):
            raise TypeError("not an object")
        return document

    def open_file(self, kept: KeptRecognition, name: str) -> tuple[RangeReader, str, str]:
        """The bytes of a response file, their media type, and their entity tag.

        Raises:
            NotFound: the recognition has no such file.
            DamagedRecord: the file is missing.
        """
        for number, (file, media_type) in enumerate(kept.files, start=1):
            if file == name:
                stored = self._file(kept, number)
                return self.open_numbered(kept, number), media_type, etag_of([stored, self._blobs.state(stored).mark])
        raise NotFound(f"The recognition has no file {name!r}.")

    def open_numbered(self, kept: KeptRecognition, number: int) -> RangeReader:
        """The bytes of a response file by its number among `kept.files`, from 1. Raises DamagedRecord."""
        stored = self._file(kept, number)
        try:
            return self._blobs.ranges(stored, self._blobs.state(stored))
        except NotFound:
            raise _damaged(kept.identifier) from None

    def check_files(self, kept: KeptRecognition) -> None:
        """Raise DamagedRecord if a response file is missing."""
        if not all(self._blobs.has(self._file(kept, number)) for number in range(1, len(kept.files) + 1)):
            raise _damaged(kept.identifier)

    def _file(self, kept: KeptRecognition, number: int) -> str:
        return f"{kept.identifier}/files/{number}"

    def locked(self) -> AbstractContextManager[None]:
        """Lock the store against changes by other threads and processes."""
        return self._blobs.locked()

    def read_beside(self, kept: KeptRecognition, name: str) -> Blob:
        """An additional file of a recognition, which is removed together with it. Raises NotFound."""
        return self._blobs.read(f"{kept.identifier}/{name}")

    def write_beside(self, kept: KeptRecognition, name: str, data: bytes) -> Blob:
        """Replace an additional file of a recognition. It counts toward the quota.

        Raises:
            StorageFull, StorageUnavailable: the file cannot be stored. The previous file stays.
            NotFound: the recognition has been removed in the meantime.
        """
        path = f"{kept.identifier}/{name}"
        with self.locked():
            before = self._blobs.state(path).size if self._blobs.has(path) else 0
            if not self._blobs.has(f"{kept.identifier}/{RECORD}"):
                raise NotFound(f"There is no stored recognition {kept.identifier!r}. It may have expired.")
            scheduled = self._scheduled(kept)
            changed = replace(scheduled, size=max(0, scheduled.size + len(data) - before))
            self._reserve(changed, instead_of=scheduled)
            try:
                return self._blobs.write(path, data)[0]
            except BaseException:
                self._schedule.move(changed, scheduled)
                raise

    def _scheduled(self, kept: KeptRecognition) -> Entry:
        """The schedule entry of a recognition. Creates one if it is missing, for example for a copied folder."""
        second = ceil(kept.expires)
        found = self._schedule.of(kept.identifier, second) or self._entries_of(kept.identifier)
        if not found:
            found = [entry(kept.identifier, second, self._blobs.size(kept.identifier))]
            self._schedule.add(found[0])
        return found[0]

    def usage(self, identifier: str) -> tuple[int, int]:
        """The number of files and bytes that there are of a recognition, whether it is found or not."""
        return self._blobs.usage(identifier) if _IDENTIFIER.fullmatch(identifier) else (0, 0)

    def is_scheduled(self, identifier: str) -> bool:
        """Whether the schedule has an entry for a recognition."""
        return bool(self._entries_of(identifier))

    def _entries_of(self, identifier: str) -> list[Entry]:
        return [one for one in self._schedule.all() if one.identifier == identifier]

    def delete(self, identifier: str) -> None:
        """Delete a recognition with all its files, even if it is damaged. Raises NotFound."""
        try:
            found = self._schedule.of(identifier, ceil(self.read(identifier).expires))
        except DamagedRecord:
            found = self._entries_of(identifier)
        # The recognition is due at once, so that the next sweep continues if this process dies.
        at_once = entry(identifier, time.time(), 0)
        for scheduled in found:
            self._schedule.move(scheduled, at_once)
        self._remove(identifier, [at_once])

    def scan_file(self, kept: KeptRecognition, number: int) -> tuple[str, BlobState, Callable[[], RangeReader]]:
        """The name of a scan's file in the store, its state, and a function that opens it. Numbers begin at 1.

        Raises:
            NotFound: the recognition has no such scan.
        """
        name = f"{kept.identifier}/scans/{number}"
        state = self._blobs.state(name)
        return name, state, lambda: self._blobs.ranges(name, state)

    def sweep(self) -> None:
        """Process all due entries: remove unfinished recognitions, and set aside or remove expired ones."""
        self._adopt()
        now = time.time()
        aside = self._schedule.aside()
        due = list(self._schedule.due(now))
        if not aside and not due:
            return
        reading = self._clock.read(at_least=max((one.set_aside or 0 for one in aside), default=0))
        for one in due:
            with _told(one):
                self._look_at(one, now, reading)
        for one in aside:
            with _told(one):
                if one.second > now:  # the clock was wrong when it was set aside
                    self._schedule.move(one, replace(one, set_aside=None))
                elif reading - (one.set_aside or 0) >= self._grace:
                    self._remove_expired(one)

    def _look_at(self, scheduled: Entry, now: float, reading: int) -> None:
        try:
            with _damage_told(scheduled.identifier):
                expires = ceil(seconds_since_1970(self._json(f"{scheduled.identifier}/{RECORD}")["expires"]))
        except NotFound:
            self._remove_unfinished(scheduled)
            return
        except DamagedRecord:
            expires = scheduled.second  # it expires like the others, so that an administrator can inspect it
        if expires > now:
            self._schedule.move(scheduled, replace(scheduled, second=expires))
        elif self._grace:
            self._schedule.move(scheduled, replace(scheduled, second=expires, set_aside=reading))
        else:
            self._remove_expired(scheduled)

    def _remove_expired(self, scheduled: Entry) -> None:
        identifier = scheduled.identifier
        usage = self.usage(identifier)
        self._remove(identifier, [scheduled])
        is_left = self.usage(identifier)[0] > 0
        self._receipts.note_expired(Deleted.RECOGNITION, identifier, "", usage, is_left=is_left)

    def _remove_unfinished(self, scheduled: Entry) -> None:
        """Remove the files of a process that died while it stored or removed a recognition."""
        release = self._blobs.hold(f"{scheduled.identifier}/{WRITING}")
        if release is None:
            return  # the process is still running
        try:
            self._remove(scheduled.identifier, [scheduled])
        finally:
            release()

    def _adopt(self) -> None:
        """Add schedule entries for folders without one, for example after a power failure or a copy into the store."""
        if self._has_adopted:
            return
        known = {one.identifier for one in self._schedule.all()}
        for identifier in filter(_IDENTIFIER.fullmatch, self._blobs.children()):
            if identifier not in known:
                at = time.time() + UNFINISHED_SECONDS
                self._schedule.add(entry(identifier, at, self._blobs.size(identifier)))
        self._blobs.remove_unfinished()
        self._has_adopted = True

    def start_sweeping(self) -> None:
        """Start a daemon thread that sweeps every minute."""
        with self._lock:
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep_for_ever, name="sweeper", daemon=True)
                self._sweeper.start()

    def _sweep_for_ever(self) -> None:
        release = None
        while True:
            try:
                release = release or self._blobs.hold(SWEEPING)
                if release is not None:
                    self.sweep()
            except StorageUnavailable as problem:  # the folder may be reachable at the next sweep
                _log.warning("cannot remove expired recognitions: %s", problem.message)
            except Exception:
                _log.exception("cannot remove expired recognitions")
            time.sleep(SWEEP_SECONDS)

    def _remove(self, identifier: str, entries: Iterable[Entry]) -> None:
        # The record is removed first, so that a partly removed recognition is not found. The schedule entry is removed
        # last, so that a later sweep finds the remaining files.
        self._blobs.discard(f"{identifier}/{RECORD}")
        self._blobs.remove_folder(identifier)
        for scheduled in entries:
            self._schedule.remove(scheduled)
        self._on_removed(identifier)


class Keeping:
    """A recognition that is being stored, scan by scan.

    Call `finish` or `abandon` at the end; otherwise a later sweep removes it. If `add` or `finish` raises an exception,
    all its files are removed.
    """

    def __init__(self, store: KeptRecognitions, reserved: Entry, release: Callable[[], None]) -> None:
        self._store = store
        self._reserved = reserved
        self._release = release
        self._has_ended = False
        self._scans = 0
        self._pages: list[bytes] = []
        self._files: list[tuple[str, str]] = []

    def add_scan(self, number: int, scan: Scan) -> None:
        """Store a scan that was not read when the others were stored. Numbers begin at 1.

        Raises:
            StorageFull, StorageUnavailable: the scan cannot be stored.
        """
        with self._abandoned_on_failure():
            self._reserved = self._store._store_scan(self._reserved, number, scan)

    def add(self, recognition: Recognition, files: Sequence[ResponseFile], clip_files: Sequence[str]) -> int:
        """Store the files of the next scan.

        Args:
            recognition: the recognition of the scan.
            files: its files.
            clip_files: the names of its clips' files.

        Returns:
            The memory that its record needs until the end, in bytes.

        Raises:
            StorageFull, StorageUnavailable: the files cannot be stored.
        """
        self._scans += 1
        with self._abandoned_on_failure():
            self._reserved = self._store._store_files(self._reserved, len(self._files) + 1, files)
        self._files += [(file.name, file.media_type) for file in files]
        if recognition.registration is None:
            return 0
        self._pages.append(_json(page_record(self._scans, recognition, recognition.registration, clip_files)))
        return len(self._pages[-1])

    def finish(self, seconds: float | None, answer: bytes) -> None:
        """Store the answer and the record.

        Args:
            seconds: how long to store the recognition. If None, the setting applies.
            answer: the answer as JSON, without the data of files.

        Raises:
            StorageFull, StorageUnavailable: they cannot be stored.
        """
        with self._abandoned_on_failure():
            now = time.time()
            expires = now + (self._store.seconds if seconds is None else seconds)
            times, files = (_json({"created": now, "expires": expires}), _json(self._files))
            record = b"".join((times[:-1], b', "pages": [', b",".join(self._pages), b'], "files": ', files, b"}"))
            self._store._finish(self._reserved, expires, answer, record)
        self._has_ended = True
        self._release()

    def abandon(self) -> None:
        """Remove the stored files, unless the recognition has ended."""
        if not self._has_ended:
            self._has_ended = True
            self._store._abandon(self._reserved, self._release)

    @contextmanager
    def _abandoned_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.abandon()
            raise


@contextmanager
def _damage_told(identifier: str) -> Iterator[None]:
    """Raise DamagedRecord if the files of a recognition are cut off or not valid."""
    try:
        yield
    except (OmrclipError, OSError, MemoryError):
        raise
    except Exception as error:
        _log.warning("cannot read the record of the stored recognition %s: %s", identifier[:6], type(error).__name__)
        raise _damaged(identifier) from None


def _damaged(identifier: str) -> DamagedRecord:
    return DamagedRecord(
        "The files of this stored recognition are damaged. An administrator can restore its folder from a backup, "
        "or delete the recognition.",
        identifier=identifier,
    )


@contextmanager
def _told(scheduled: Entry) -> Iterator[None]:
    """Log the error of one recognition and continue with the next. A later sweep tries again."""
    try:
        yield
    except StorageUnavailable as problem:
        _log.warning("cannot remove the expired recognition %s: %s", scheduled.identifier[:6], problem.message)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _nothing() -> None:
    """Release no lock."""
