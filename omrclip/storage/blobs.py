"""Named bytes under one root, with entity tags, preconditions and atomic writes."""

import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from errno import EDQUOT, ENOSPC, errorcode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock, Timeout
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from omrclip.errors import (
    InvalidRequest,
    NotFound,
    OmrclipError,
    PreconditionFailed,
    PreconditionRequired,
    StorageFull,
    StorageUnavailable,
)
from omrclip.omr.report.file_names import is_plain, shown_name
from omrclip.storage.local_files import (
    ABSENT,
    FILE_MODE,
    create_file,
    is_regular,
    make_folders,
    read_regular,
    remove_folder,
    replace_file,
    sync_file,
    sync_folder,
)
from omrclip.storage.ranges import LocalRange, RemoteRange

if TYPE_CHECKING:
    from omrclip.imaging.tiff.ranges import RangeReader

LONGEST_PART = 200
LONGEST_NAME = 1000
UNFINISHED = ".unfinished"
PARTS = ".parts"
"""The folder of files that are being written by `put`, in the root of a local store."""
FOLDER_MARK = ".folder"
"""An empty file in a folder that was made in a remote store, which has no folders without files."""
READ_AT_ONCE = 200
"""Number of files that `read_all` requests from a remote store at a time."""
_FULL = frozenset({ENOSPC, EDQUOT})


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of a stored file, and the entity tag of this version."""

    name: str
    data: bytes = field(repr=False)

    @property
    def etag(self) -> str:
        """The first 32 hexadecimal digits of the SHA-256 of the bytes, without quotes."""
        return sha256(self.data).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class BlobState:
    """The state of a stored file. `mark` differs between states.

    `modified` is the time at which its bytes were written, and is sent to clients. `changed` is the time of the last
    change of any kind. Both are in seconds since 1970, 0 if unknown.
    """

    mark: str
    size: int
    modified: float
    changed: float


@dataclass(frozen=True, slots=True)
class Precondition:
    """The state of a file that a caller expects before a change.

    Attributes:
        match: entity tags, one of which the stored file must have. `"*"` matches any file. None if not given.
        absent: whether nothing may be stored yet.
        must_match: whether an existing file is replaced only with `match`, so that nobody overwrites a version that
            they have not seen.
    """

    match: frozenset[str] | None = None
    absent: bool = False
    must_match: bool = False

    def check(self, name: str, current: Blob | None) -> None:
        """Compare the expected state with the stored one (None if nothing is stored).

        Raises:
            PreconditionFailed: the file is in another state.
            PreconditionRequired: the file exists, and `match` was not given.
        """
        if current is None:
            if self.match is not None:
                raise PreconditionFailed(f"{name!r} was deleted in the meantime.", etag=None)
            return
        if self.absent:
            raise PreconditionFailed(f"{name!r} already exists.", etag=current.etag)
        if self.match is None and self.must_match:
            raise PreconditionRequired(
                f"{name!r} already exists. To replace it, send its entity tag in If-Match, or * for any version.",
                etag=current.etag,
            )
        if self.match is not None and not {"*", current.etag} & self.match:
            raise PreconditionFailed(
                f"{name!r} was changed by someone else in the meantime. Load it again.", etag=current.etag
            )


UNCONDITIONAL = Precondition()


def _mark(status: os.stat_result) -> str:
    # Programs can set the first of the two times. Tools that copy files do so.
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_size}"


@contextmanager
def _storage_errors(is_local: bool = True) -> Iterator[None]:
    """Raise errors of the system as StorageFull and StorageUnavailable, without paths in the message.

    A remote file system also raises its own errors, such as those of botocore. Their messages say what to check.
    """
    try:
        yield
    except OmrclipError:
        raise
    except OSError as error:
        reason = errorcode.get(error.errno or 0, "unknown")
        if error.errno in _FULL:
            message = "The storage is full. Delete files that are no longer needed, and try again."
            raise StorageFull(message, reason=reason) from None
        # The message of a remote file system has no path of this machine.
        said = error.strerror or ("it cannot be reached" if is_local else shown_name(str(error)).rstrip("."))
        raise StorageUnavailable(f"The storage cannot be used at the moment: {said}.", reason=reason) from None
    except Exception as error:
        if is_local:
            raise
        message = f"The storage cannot be used at the moment: {shown_name(str(error)).rstrip('.')}."
        raise StorageUnavailable(message, reason=type(error).__name__) from None


def check_name(name: str) -> str:
    """Return the name if it can be stored: parts between slashes that cannot lead out of the root.

    Raises:
        InvalidRequest: the name has an empty, hidden, relative or overlong part, a backslash or a control character.
    """
    expected = "letters, digits and signs, without control characters, backslashes and parts that begin with a dot"
    for part in name.split("/"):
        bad = not part or part.startswith(".") or part != part.strip() or "\\" in part
        too_long = len(part.encode("utf-8", "replace")) > LONGEST_PART or len(name) > LONGEST_NAME
        if bad or too_long or not all(map(is_plain, part)):
            shown = shown_name(name if len(name) <= 60 else name[:57] + "…")
            raise InvalidRequest(
                f"name: '{shown}' cannot be a name here; expected {expected}, at most {LONGEST_PART} bytes a part",
                fields=[{"path": "name", "expected": expected}],
            )
    return name


class BlobStore:
    """Bytes by name under a folder or fsspec URL. Writes are atomic; changes are checked and made under one lock.

    The lock works between threads, and in a local folder also between processes. A remote object store has no lock
    between processes, so run only one server process there.

    In a local folder, `write` returns after the file was flushed to the disk. Every method raises StorageFull if no
    space is left, and StorageUnavailable if the store cannot be used for another reason.
    """

    def __init__(self, url: str) -> None:
        self._fs, self._root = url_to_fs(url)
        self._local = isinstance(self._fs, LocalFileSystem)
        self._threads = threading.RLock()
        # One object for all calls, because a FileLock is reentrant only through the same object.
        self._processes = FileLock(Path(self._root) / ".lock", mode=FILE_MODE) if self._local else nullcontext()

    def names(self, after: str = "", *, folders: bool = True) -> Iterator[str]:
        """Yield the names that sort after `after`, in order. Folders are read only when their names are needed.

        Hidden names and names that `check_name` refuses are skipped, because no request can contain them. Links to
        folders are not followed, so circular links do no harm.

        Args:
            after: a name, which need not be stored.
            folders: whether names inside folders, such as `a/b.png`, are listed too.
        """
        return self._walk("", after, folders=folders)

    def children(self, folder: str = "") -> list[str]:
        """Return the sorted names of the files and folders directly in a folder; empty if it does not exist."""
        path = f"{self._root}/{folder}".rstrip("/")
        with self._errors():
            try:
                if self._local:
                    return sorted(os.listdir(path))  # noqa: PTH208 (names alone)
                self._fs.invalidate_cache(path)
                return sorted(entry.rstrip("/").rpartition("/")[2] for entry in self._fs.ls(path, detail=False))
            except (FileNotFoundError, NotADirectoryError):
                return []

    def entries(self, folder: str = "") -> list[str]:
        """The sorted names of the files and folders directly in a folder, without hidden ones; folders end in a slash.

        The list is empty if the folder does not exist.
        """
        self._fs.invalidate_cache()
        return self._entries(f"{folder}/" if folder else "")

    def is_folder(self, name: str) -> bool:
        """Whether a folder has this name."""
        try:
            path = self._path(name)
        except NotFound:
            return False
        self._fs.invalidate_cache()
        with self._errors():
            return os.path.isdir(path) if self._local else bool(self._fs.isdir(path))  # noqa: PTH112 (a string)

    def make_folder(self, name: str) -> None:
        """Make a folder. Nothing else may have its name, or the name of a folder above it."""
        path = self._path(check_name(name))
        with self._errors():
            if self._local:
                make_folders(Path(path))
            else:
                self._fs.pipe_file(f"{path}/{FOLDER_MARK}", b"")

    def exists(self) -> bool:
        """Whether the root exists. Always True for an object store, which is not asked."""
        return not self._local or os.path.isdir(self._root)  # noqa: PTH112 (a string)

    @property
    def is_local(self) -> bool:
        """Whether the root is a folder of this machine."""
        return self._local

    def local_path(self, name: str) -> Path:
        """The path of a name, or of the root for "". Raises StorageUnavailable if it is not on this machine."""
        if not self._local:
            raise StorageUnavailable("This needs a folder of this machine, not a URL.", reason="URL")
        return Path(self._path(name) if name else self._root)

    def has(self, name: str) -> bool:
        """Whether something is stored under the name."""
        try:
            path = self._path(name)
        except NotFound:
            return False
        return is_regular(path) if self._local else bool(self._fs.isfile(path))

    def read(self, name: str) -> Blob:
        """The stored bytes. Raises NotFound if nothing has this name, also if the name is not valid."""
        path = self._path(name)
        with self._errors():
            blob = self._current(path, name)
        if blob is None:
            raise NotFound(f"Nothing is stored under the name {name!r}.")
        return blob

    def state(self, name: str) -> BlobState:
        """The state of a file, without reading it. Raises NotFound."""
        path = self._path(name)
        if self._local:
            return self._local_state(path, name)
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

    def ranges(self, name: str, state: BlobState) -> "RangeReader":
        """A reader for ranges of the bytes. Raises NotFound if the file was removed in the meantime."""
        path = self._path_of_state(name)
        with self._absent_is_not_found(name):
            return LocalRange(path) if self._local else RemoteRange(self._fs, path, state.size)

    def write(self, name: str, data: bytes, precondition: Precondition = UNCONDITIONAL) -> tuple[Blob, bool]:
        """Store bytes. The last value says whether the name is new.

        Raises:
            InvalidRequest: the name cannot be stored.
            PreconditionFailed: see Precondition.
        """
        path = self._path(check_name(name))
        with self.locked():
            current = self._current(path, name)
            precondition.check(name, current)
            try:
                if self._local and current is None and os.path.lexists(path):
                    raise FileExistsError
                self._replace(path, data)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                expected = "a name that is no folder, and has no file for a folder"
                fields = [{"path": "name", "expected": expected}]
                raise InvalidRequest(f"name: {name!r} cannot be stored; expected {expected}", fields=fields) from None
        return Blob(name, data), current is None

    def create(self, name: str, data: bytes) -> None:
        """Store bytes without the lock, under a name that no other process uses. Call `sync` afterwards.

        A process that is killed may leave a part of them.
        """
        path = self._path(check_name(name))
        with self._errors():
            if self._local:
                create_file(Path(path), data)
            else:
                self._fs.pipe_file(path, data)

    def put(self, name: str, data: bytes) -> None:
        """Store bytes without the lock, and replace an existing file. Other processes may do the same.

        The file is either complete or not there. In a local folder, `flush` writes it to the disk.
        """
        if self._local:
            part = Path(self._root, PARTS, uuid4().hex)
            try:
                with self._errors():
                    make_folders(part.parent)
                    part.write_bytes(data)
                self.put_file(name, part)
            except BaseException:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
                raise
        else:
            path = self._path(check_name(name))
            with self._errors():
                self._fs.pipe_file(path, data)

    def put_file(self, name: str, file: Path) -> None:
        """Store a file of the `scratch` folder as `put` does."""
        path = self._path(check_name(name))
        with self._errors():
            if self._local:
                make_folders(Path(path).parent)
                file.replace(path)
            else:
                self._fs.put_file(str(file), path)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A local folder for files that `put_file` then stores. It is deleted at the end of the block."""
        with self._errors():
            parts = Path(self._root, PARTS) if self._local else None
            if parts is not None:
                make_folders(parts)
            folder = Path(tempfile.mkdtemp(dir=parts))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def flush(self, names: Iterable[str]) -> None:
        """Flush files that this store has just `put` to the disk. A remote store has them when `put` returns."""
        if self._local:
            names = list(names)
            with self._errors():
                for name in names:
                    sync_file(Path(self._path_of_state(name)))
            self.sync(*{name.rpartition("/")[0] for name in names if "/" in name})

    def remove_parts(self) -> None:
        """Remove the incomplete files of killed processes. No other process may write."""
        if self._local:
            with self._errors():
                remove_folder(Path(self._root, PARTS))

    def read_all(self, folder: str) -> Iterator[Blob]:
        """Yield the files directly in a folder, in the order of their names. Several are requested at a time."""
        names = [f"{folder}/{name}" for name in self.children(folder)]
        if self._local:
            yield from map(self.read, names)
            return
        for first in range(0, len(names), READ_AT_ONCE):
            paths = [self._path(name) for name in names[first : first + READ_AT_ONCE]]
            with self._errors():
                found = self._fs.cat(paths)
            yield from (Blob(path.removeprefix(f"{self._root}/"), found[path]) for path in paths)

    def marks(self, folder: str) -> dict[str, str]:
        """The files directly in a local folder, each with a mark that changes if it is replaced."""
        with self._errors():
            try:
                with os.scandir(self.local_path(folder)) as entries:
                    found = [(entry.name, entry.stat()) for entry in entries if not entry.name.startswith(".")]
            except FileNotFoundError:
                return {}
        return {name: _mark(status) for name, status in found}

    def sync(self, *folders: str) -> None:
        """Flush the entries of folders to the disk. Missing folders are skipped."""
        if self._local:
            with self._errors():
                for folder in folders:
                    with suppress(FileNotFoundError):
                        sync_folder(Path(self._path(folder)))

    def move(self, name: str, new_name: str) -> None:
        """Rename a file or folder, if it exists."""
        path, new_path = self._path(name), self._path(check_name(new_name))
        with self._errors(), suppress(FileNotFoundError):
            if self._local:
                make_folders(Path(new_path).parent)
                os.replace(path, new_path)  # noqa: PTH105 (as long as the store is)
            else:
                self._fs.mv(path, new_path, recursive=self._fs.isdir(path))

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
            if self._local:
                sync_folder(Path(path).parent)

    def discard(self, name: str) -> None:
        """Remove a file without the lock, if it exists. No other process may change it."""
        with self._errors(), suppress(FileNotFoundError, NotFound):
            self._fs.rm_file(self._path(name))

    def remove_folder(self, name: str) -> None:
        """Remove a folder with its contents, if it exists."""
        path = self._path(name)
        with self._errors():
            if self._local:
                remove_folder(Path(path))
            elif self._fs.exists(path):
                self._fs.rm(path, recursive=True)

    def remove_empty_folder(self, name: str) -> None:
        """Remove a folder if it is empty. Object stores have no empty folders."""
        if self._local:
            with suppress(OSError):
                Path(self._path(name)).rmdir()

    def size(self, folder: str) -> int:
        """Return how many bytes a folder holds, or the whole store for ""."""
        with self._errors():
            try:
                return int(self._fs.du(self._path(folder) if folder else self._root))
            except FileNotFoundError:
                return 0

    def usage(self, folder: str) -> tuple[int, int]:
        """The number of files in a folder and its folders, and their bytes."""
        with self._errors():
            try:
                sizes = self._fs.du(self._path(folder), total=False)
            except FileNotFoundError:
                return 0, 0
        return len(sizes), int(sum(sizes.values()))

    def check_writable(self) -> None:
        """Create the root if it is missing, and write, flush and remove a file there.

        Raises:
            StorageUnavailable, StorageFull: it cannot be written.
        """
        with self.locked():
            self._replace(f"{self._root}/.tried", b"omrclip")
            self._fs.rm_file(f"{self._root}/.tried")

    def remove_unfinished(self) -> None:
        """Remove temporary files of processes that were killed while they replaced a file."""
        if self._local and os.path.lexists(f"{self._root}/{UNFINISHED}"):
            with self.locked():
                Path(self._root, UNFINISHED).unlink(missing_ok=True)

    def _errors(self) -> AbstractContextManager[None]:
        return _storage_errors(self._local)

    def _path(self, name: str) -> str:
        try:
            path = f"{self._root}/{check_name(name)}"
        except InvalidRequest as error:
            raise NotFound(error.message) from None
        if self._local and not self._stays_inside(path):
            raise NotFound(f"Nothing is stored under the name {name!r}.")
        return path

    def _path_of_state(self, name: str) -> str:
        """The path of a file whose state is known, so `_path` has checked its name already."""
        return f"{self._root}/{name}"

    def _stays_inside(self, path: str) -> bool:
        """Whether the path stays inside the root when all links are resolved."""
        try:
            root = os.path.realpath(self._root)
            return bool(os.path.commonpath([os.path.realpath(path), root]) == root)
        except (OSError, ValueError):  # links in a circle, or a path longer than the system takes
            return False

    def _walk(self, folder: str, after: str, *, folders: bool) -> Iterator[str]:
        for entry in self._entries(folder):
            name = folder + entry
            if name.endswith("/"):
                if folders and (name > after or after.startswith(name)):
                    yield from self._walk(name, after, folders=True)
            elif name > after and _can_be_asked_for(name):
                yield name

    def _entries(self, folder: str) -> list[str]:
        """The files and folders in a folder, sorted as their whole names are; folders end in a slash."""
        path = f"{self._root}/{folder}".rstrip("/")
        with self._errors():
            try:
                if self._local:
                    return self._local_entries(path)
                found = self._fs.ls(path, detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
        names = ((info["name"].rstrip("/").rpartition("/")[2], info["type"]) for info in found)
        return sorted(name + ("/" if kind == "directory" else "") for name, kind in names if not name.startswith("."))

    def _local_entries(self, path: str) -> list[str]:
        found = []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        found.append(f"{entry.name}/")
                    elif is_regular(entry.path) if entry.is_symlink() else entry.is_file():
                        found.append(entry.name)
        except PermissionError:
            if path == self._root:
                raise
            # A folder without permission, such as lost+found. Requests cannot read its files either.
        return sorted(found)

    def _local_state(self, path: str, name: str) -> BlobState:
        with self._absent_is_not_found(name):
            status = os.stat(path)  # noqa: PTH116 (a third of the time that Path takes)
        if not stat.S_ISREG(status.st_mode):
            raise NotFound(f"Nothing is stored under the name {name!r}.")
        return BlobState(_mark(status), status.st_size, status.st_mtime, max(status.st_mtime, status.st_ctime))

    @contextmanager
    def _absent_is_not_found(self, name: str) -> Iterator[None]:
        with self._errors():
            try:
                yield
            except OSError as error:
                if error.errno is not None and error.errno not in ABSENT:
                    raise
                raise NotFound(f"Nothing is stored under the name {name!r}.") from None

    def _current(self, path: str, name: str) -> Blob | None:
        try:
            return Blob(name, read_regular(path) if self._local else self._fs.cat_file(path))
        except OSError as error:
            if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError) or error.errno in ABSENT:
                return None
            raise

    def _replace(self, path: str, data: bytes) -> None:
        if self._local:
            replace_file(Path(path), data, Path(self._root, UNFINISHED))
        else:
            self._fs.pipe_file(path, data)  # object stores show a new object only when it is complete

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the store against changes by others, for the calls in the block."""
        with self._threads, _storage_errors():
            if self._local:
                make_folders(Path(self._root))
            with self._processes:
                yield

    def hold(self, name: str) -> Callable[[], None] | None:
        """Take a lock, and return a function that releases it, or None if another thread or process holds it.

        The lock ends with the process. It has no effect unless the root is a local folder.
        """
        if not self._local:
            return lambda: None
        path = Path(self._root, name)
        with self._errors():
            make_folders(path.parent)
            lock = FileLock(path, mode=FILE_MODE, thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                return None
        return lock.release


def _can_be_asked_for(name: str) -> bool:
    try:
        check_name(name)
    except InvalidRequest:
        return False
    return True
