"""Named bytes under one root, with entity tags, preconditions and atomic writes."""

import os
import stat
import threading
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from filelock import FileLock
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from omrclip.errors import InvalidRequest, NotFound, PreconditionFailed, PreconditionRequired
from omrclip.imaging.pyramid_ranges import RangeReader
from omrclip.storage.ranges import LocalRange, RemoteRange

LONGEST_PART = 200
LONGEST_NAME = 1000


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of a stored thing, and the entity tag that names just this state of it."""

    name: str
    data: bytes = field(repr=False)

    @property
    def etag(self) -> str:
        """The first 32 hexadecimal digits of the SHA-256 of the bytes, without quotes."""
        return sha256(self.data).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class BlobState:
    """Which state of a stored thing this is: `mark` differs between states.

    `modified` is when its bytes were written, as told to clients, and `changed` when it last changed in any way, as far
    as that is known; both in seconds since 1970, 0 for unknown.
    """

    mark: str
    size: int
    modified: float
    changed: float


@dataclass(frozen=True, slots=True)
class Precondition:
    """The state that a caller expects before a change.

    Attributes:
        match: entity tags of which the stored thing has one; `"*"` stands for whatever is stored; None: not said.
        absent: nothing is stored yet.
        must_match: whether a stored thing is replaced only with a `match`, so that nobody overwrites what they have
            not seen.
    """

    match: frozenset[str] | None = None
    absent: bool = False
    must_match: bool = False

    def check(self, name: str, current: Blob | None) -> None:
        """Hold the state against what is stored, None for nothing.

        Raises:
            PreconditionFailed: the stored thing is in another state.
            PreconditionRequired: the caller said nothing of the state.
        """
        if current is None:
            if self.match is not None:
                raise PreconditionFailed(f"{name!r} is not stored any more.", etag=None)
            return
        if self.absent:
            raise PreconditionFailed(f"{name!r} exists already.", etag=current.etag)
        if self.match is None and self.must_match:
            raise PreconditionRequired(
                f"{name!r} exists. To replace it, send its entity tag in If-Match, or * for any state of it.",
                etag=current.etag,
            )
        if self.match is not None and not {"*", current.etag} & self.match:
            raise PreconditionFailed(f"{name!r} was changed by someone else meanwhile.", etag=current.etag)


UNCONDITIONAL = Precondition()


def _local_state(path: str, name: str) -> BlobState:
    try:
        status = Path(path).stat()
    except OSError:
        status = None
    if status is None or not stat.S_ISREG(status.st_mode):
        raise NotFound(f"Nothing is stored under the name {name!r}.")
    return BlobState(_mark(status), status.st_size, status.st_mtime, max(status.st_mtime, status.st_ctime))


def _mark(status: os.stat_result) -> str:
    # Of the two times, the first can be set at will, as by tools that copy it along with a file's content.
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_size}"


def check_name(name: str) -> str:
    """Give the name back if it can be stored: parts between slashes, none of which could lead out of the root.

    Raises:
        InvalidRequest: the name has an empty, hidden, relative or overlong part, a backslash or a control character.
    """
    expected = "letters, digits and signs, without control characters, backslashes and parts that begin with a dot"
    for part in name.split("/"):
        bad = not part or part.startswith(".") or part != part.strip() or "\\" in part
        too_long = len(part.encode("utf-8", "replace")) > LONGEST_PART or len(name) > LONGEST_NAME
        if bad or too_long or not all(map(_plain, part)):
            shown = name if len(name) <= 60 else name[:57] + "…"
            raise InvalidRequest(
                f"name: {shown!r} cannot be a name here; expected {expected}, at most {LONGEST_PART} bytes a part",
                fields=[{"path": "name", "expected": expected}],
            )
    return name


def _plain(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}


class BlobStore:
    """Bytes by name under a folder or fsspec URL. Writes are atomic; changes are checked and made under one lock.

    The lock holds between threads everywhere, and between processes where the root is a local folder. An object
    store that fsspec reaches over the network gives no lock between processes: run one server process there.
    """

    def __init__(self, url: str) -> None:
        self._fs, self._root = url_to_fs(url)
        self._local = isinstance(self._fs, LocalFileSystem)
        self._threads = threading.RLock()
        # One object, because only the same object lets its holder in again.
        self._processes = FileLock(Path(self._root) / ".lock") if self._local else nullcontext()

    def names(self, folder: str | None = None) -> list[str]:
        """All names, or those of a folder of them, sorted; none where the root does not exist."""
        try:
            paths = self._fs.find(self._path(folder) if folder else self._root)
        except FileNotFoundError:
            return []
        names = (path[len(self._root) :].lstrip("/") for path in paths)
        return sorted(name for name in names if not any(part.startswith(".") for part in name.split("/")))

    def has(self, name: str) -> bool:
        """Whether something is stored under the name."""
        try:
            return bool(self._fs.isfile(self._path(name)))
        except NotFound:
            return False

    def read(self, name: str) -> Blob:
        """Raise NotFound where nothing of this name is stored; a name that none can have is not found either."""
        blob = self._current(self._path(name), name)
        if blob is None:
            raise NotFound(f"Nothing is stored under the name {name!r}.")
        return blob

    def state(self, name: str) -> BlobState:
        """What tells one state of the bytes from another without reading them; raises NotFound."""
        path = self._path(name)
        if self._local:
            return _local_state(path, name)
        try:
            info = self._fs.info(path)
        except (OSError, ValueError):
            info = {}
        if info.get("type") != "file":
            raise NotFound(f"Nothing is stored under the name {name!r}.")
        modified = info.get("mtime") or info.get("created") or info.get("LastModified") or 0
        seconds = modified.timestamp() if isinstance(modified, datetime) else float(modified)
        marks = (info.get("ETag"), repr(modified), info["size"])
        return BlobState("-".join(map(str, marks)), int(info["size"]), seconds, seconds)

    def watch(self, name: str, state: BlobState) -> Callable[[], bool] | None:
        """A quick look at whether the bytes are still in this state; None where there is no quick one."""
        if not self._local:
            return None
        path = self._path_of_state(name)

        def unchanged() -> bool:
            try:
                return _mark(os.stat(path)) == state.mark  # noqa: PTH116 (a third of the time that Path takes)
            except OSError:
                return False

        return unchanged

    def ranges(self, name: str, state: BlobState) -> RangeReader:
        """The bytes by ranges; raises NotFound where they are gone meanwhile."""
        path = self._path_of_state(name)
        try:
            return LocalRange(path) if self._local else RemoteRange(self._fs, path, state.size)
        except OSError:
            raise NotFound(f"Nothing is stored under the name {name!r}.") from None

    def write(self, name: str, data: bytes, precondition: Precondition = UNCONDITIONAL) -> tuple[Blob, bool]:
        """Store bytes; also tells whether the name is new.

        Raises:
            InvalidRequest: the name cannot be stored.
            PreconditionFailed: see Precondition.
        """
        path = self._path(check_name(name))
        with self.locked():
            current = self._current(path, name)
            precondition.check(name, current)
            try:
                self._replace(path, data)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                expected = "a name that is no folder, and has no file for a folder"
                fields = [{"path": "name", "expected": expected}]
                raise InvalidRequest(f"name: {name!r} cannot be stored; expected {expected}", fields=fields) from None
        return Blob(name, data), current is None

    def delete(self, name: str, precondition: Precondition = UNCONDITIONAL) -> None:
        """Remove bytes.

        Raises:
            NotFound: nothing of this name is stored.
            PreconditionFailed: see Precondition.
        """
        path = self._path(name)
        with self.locked():
            blob = self._current(path, name)
            if blob is None:
                raise NotFound(f"Nothing is stored under the name {name!r}.")
            precondition.check(name, blob)
            self._fs.rm_file(path)

    def remove_folder(self, name: str) -> None:
        """Remove a folder of names that is empty by now; object stores have none."""
        with suppress(OSError):
            for folder, _, _ in sorted(self._fs.walk(self._path(name)), reverse=True):
                self._fs.rmdir(folder)

    def _path(self, name: str) -> str:
        try:
            path = f"{self._root}/{check_name(name)}"
        except InvalidRequest as error:
            raise NotFound(error.message) from None
        if self._local and not self._stays_inside(path):
            raise NotFound(f"Nothing is stored under the name {name!r}.")
        return path

    def _path_of_state(self, name: str) -> str:
        """The path of what has a state: who has that, has asked `_path` for it."""
        return f"{self._root}/{name}"

    def _stays_inside(self, path: str) -> bool:
        """Whether no link leads out of the root."""
        try:
            root = os.path.realpath(self._root)
            return bool(os.path.commonpath([os.path.realpath(path), root]) == root)
        except (OSError, ValueError):  # links in a circle, or a path longer than the system takes
            return False

    def _current(self, path: str, name: str) -> Blob | None:
        try:
            return Blob(name, self._fs.cat_file(path))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    def _replace(self, path: str, data: bytes) -> None:
        if not self._local:
            self._fs.pipe_file(path, data)  # object stores show a new object only when it is whole
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{uuid.uuid4().hex}.part")
        try:
            unfinished.write_bytes(data)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from changing the store, over as many calls as a change takes."""
        with self._threads:
            if self._local:
                Path(self._root).mkdir(parents=True, exist_ok=True)
            with self._processes:
                yield
