"""The files in folders, and those that a pattern finds."""

import os
import re
from collections.abc import Callable, Collection, Iterator
from glob import glob, has_magic
from pathlib import Path
from typing import Final

from omrclip.errors import InvalidRequest
from omrclip.imaging.formats.registry import CODECS
from omrclip.jobs.batches.folder import DEFINITION, FOLDERS, RESULTS
from omrclip.storage.ranges import LocalRange

_HEAD_BYTES: Final = 1024
_MARK: Final = b"%PDF-"
_SUFFIXES: Final = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".png",
        ".tif",
        ".tiff",
        ".webp",
        ".gif",
        ".jp2",
        ".bmp",
        ".pdf",
        ".zip",
        ".heic",
        ".heif",
        ".avif",
    }
)

LeftOut = Callable[[Path], object]


def files_at(path: Path, left_out: LeftOut, excluded: Collection[Path] = ()) -> Iterator[tuple[str, Path]]:
    """The files at a path: the file itself, those in a folder and below it, or those that a pattern finds.

    Files in a folder are sorted by their numbers, `2.jpg` before `10.jpg`. Hidden files, and files that are neither
    images nor documents, are left out, and so are the results of a batch. A folder that is reached twice, by links, is
    read once.

    Args:
        path: of a file or folder, or a pattern such as `scans/*.pdf` if nothing has this name.
        left_out: called with each file or folder that is left out.
        excluded: folders that are not read, such as the one for the results.

    Yields:
        the name of the scan, which tells the folders between `path` and the file, and the file. A folder that cannot
        be listed counts as a file, so that it is not left out silently.

    Raises InvalidRequest if the folder itself is one of those that are not read.
    """
    if path.is_dir():
        seen = {os.path.realpath(folder) for folder in excluded}
        if os.path.realpath(path) in seen:
            raise InvalidRequest(
                "The results cannot be written into the folder of the scans. Choose another one, such as a new folder "
                "in it."
            )
        yield from _in_folder(path, "", left_out, seen)
    elif has_magic(str(path)) and not path.exists() and (found := glob(str(path), recursive=True)):  # noqa: PTH207
        for one in sorted(map(Path, found), key=_natural):
            yield from files_at(one, left_out, excluded)
    else:
        yield path.name, path


def _in_folder(folder: Path, prefix: str, left_out: LeftOut, seen: set[str]) -> Iterator[tuple[str, Path]]:
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        paths = sorted(folder.iterdir(), key=_natural)
    except OSError:
        yield prefix.removesuffix("-") or folder.name, folder  # reading it gives the reason
        return
    results = (*FOLDERS, *RESULTS) if folder / DEFINITION in paths else ()
    for path in paths:
        if path.name.startswith(".") or path.name in results:
            left_out(path)
        elif path.is_dir():
            yield from _in_folder(path, f"{prefix}{path.name}-", left_out, seen)
        elif _is_wanted(path):
            yield prefix + path.name, path
        else:
            left_out(path)


def _natural(path: Path) -> list[tuple[int, str]]:
    """A key by which numbers in names count as numbers."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _is_wanted(path: Path) -> bool:
    """Whether a file is an image or a document, or is called so: one that is damaged has to be told."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        head = LocalRange(str(path)).read(0, _HEAD_BYTES)
    except OSError:
        return False
    return _MARK in head or any(codec.signature.match(head) for codec in CODECS.values())
