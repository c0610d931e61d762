"""Local files: reads never hang, and acknowledged writes survive a crash.

Everything written here is for the service's own account: files have mode 0600, folders 0700.
"""

import os
import shutil
import stat
from contextlib import suppress
from errno import EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, ENXIO, EXDEV
from pathlib import Path

FILE_MODE, FOLDER_MODE = 0o600, 0o700
# What the system answers where a path leads to no file: nothing there, a folder, links in a circle, a socket.
ABSENT = frozenset({ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, ENXIO})
# Opening a named pipe would wait for a writer without O_NONBLOCK. Windows has O_BINARY alone of these.
_PLAIN = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READING = os.O_RDONLY | _PLAIN | getattr(os, "O_NONBLOCK", 0)


class NotRegularFile(OSError):
    """A named pipe, device, socket or folder. Reading it might wait forever or never end."""


def open_regular(path: str | Path) -> int:
    """Open a regular file for reading, and return its descriptor.

    Raises:
        NotRegularFile: the path is not a regular file. The message names its kind.
        OSError: the file cannot be opened.
    """
    descriptor = os.open(path, _READING)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    raise NotRegularFile(EISDIR, f"it is a {_kind(mode)}, not a file")


def read_regular(path: str | Path) -> bytes:
    """Return the bytes of a regular file; raises as `open_regular` does."""
    with open(open_regular(path), "rb") as file:
        return file.read()


def is_regular(path: str | Path) -> bool:
    """Whether a path leads to a regular file."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 (a third of the time that Path takes)
    except OSError:
        return False


def create_file(path: Path, data: bytes) -> None:
    """Write a new file and flush it to the disk, but not the entry in its folder. Missing folders are created.

    Raises:
        FileExistsError: the name exists.
        OSError: the file cannot be written. No part of it is left.
    """
    make_folders(path.parent)
    _write(path, data, os.O_CREAT | os.O_EXCL, FILE_MODE)


def replace_file(path: Path, data: bytes, unfinished: Path) -> None:
    """Write a file completely or not at all, and flush it to the disk before returning.

    The bytes are first written to `unfinished`, which is then renamed. If that is on another file system, a file in the
    folder of `path` is used instead. A file that replaces another one gets its mode.
    """
    make_folders(path.parent)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mode = FILE_MODE
    try:
        _write_and_rename(path, data, unfinished, mode)
    except OSError as error:
        if error.errno != EXDEV:
            raise
        _write_and_rename(path, data, path.with_name(unfinished.name), mode)
    sync_folder(path.parent)


def make_folders(path: Path) -> None:
    """Create a folder and its missing parents, and flush their entries to the disk."""
    if path.is_dir():
        return
    make_folders(path.parent)
    with suppress(FileExistsError):
        path.mkdir(FOLDER_MODE)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Flush the entries of a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Flush the bytes of a file to the disk, also those written by other processes."""
    descriptor = os.open(path, os.O_RDWR | _PLAIN)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_folder(path: Path) -> None:
    """Remove a folder and its contents, if it exists."""
    with suppress(FileNotFoundError):
        shutil.rmtree(path)
        sync_folder(path.parent)


def _write_and_rename(path: Path, data: bytes, unfinished: Path, mode: int) -> None:
    _write(unfinished, data, os.O_CREAT | os.O_TRUNC, mode)
    try:
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _write(path: Path, data: bytes, flags: int, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | flags | _PLAIN, mode)
    try:
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 (a descriptor)
            os.fchmod(descriptor, mode)  # the umask, or a file of a killed process, may have set another mode
            left = memoryview(data)
            while left:
                left = left[file.write(left) :]
            os.fsync(descriptor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "folder",
        stat.S_IFIFO: "named pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFCHR: "device",
        stat.S_IFBLK: "device",
    }
    return kinds.get(stat.S_IFMT(mode), "special file")
