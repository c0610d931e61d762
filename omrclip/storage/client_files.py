"""The files that clients of the OMR cloud protocol store, and the templates that they have corrected.

Each workspace has its own. They are among its results, in folders whose names no stored recognition has:

    cloud-files/{path}                    the files, under the paths that the client gives
    cloud-templates/{id}/page             the image of the blank page
    cloud-templates/{id}/template.omr     the corrected template, written last: without it the others do not count
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final
from uuid import uuid4

from omrclip.config import Config
from omrclip.errors import InvalidRequest, NotFound, StorageFull
from omrclip.omr.template import Template
from omrclip.schemas.template import remembered_template
from omrclip.storage.blobs import Blob, BlobStore, check_name

FILES_FOLDER: Final = "cloud-files"
TEMPLATES_FOLDER: Final = "cloud-templates"
_TEMPLATE, _PAGE = "template.omr", "page"
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Kind(StrEnum):
    """What a path leads to."""

    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder in a folder. `modified` is in seconds since 1970; 0 for a folder, which has no time."""

    path: str
    kind: Kind
    size: int = 0
    modified: float = 0.0

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class CorrectedTemplate:
    """A template that a client has corrected, its file, and the image of its blank page."""

    identifier: str
    data: bytes
    template: Template
    page_image: bytes


def clean_path(path: str) -> str:
    """A path as it is stored: composed (NFC), and without slashes at its ends and double slashes. "" is the root.

    Raises:
        InvalidRequest: a part is hidden, relative or too long, or has a character that no name may have.
    """
    parts = [part for part in unicodedata.normalize("NFC", path).split("/") if part]
    return check_name("/".join(parts)) if parts else ""


class ClientFiles:
    """The files and corrected templates of a workspace.

    Letter case matters in paths. Methods that take a path raise InvalidRequest for a path that cannot be stored. Every
    method raises StorageUnavailable if the store cannot be used.
    """

    def __init__(self, config: Config) -> None:
        self._files = BlobStore(f"{config.results}/{FILES_FOLDER}")
        self._templates = BlobStore(f"{config.results}/{TEMPLATES_FOLDER}")
        self._most_bytes = config.cloud_file_bytes
        self._limits = config.limits

    def kind(self, path: str) -> Kind | None:
        """What the path leads to, or None. The root is a folder."""
        path = clean_path(path)
        if not path or self._files.is_folder(path):
            return Kind.FOLDER
        return Kind.FILE if self._files.has(path) else None

    def read(self, path: str) -> Blob:
        """Read a file. Raises NotFound."""
        path = clean_path(path)
        try:
            return self._files.read(path)
        except NotFound:
            raise NotFound(f"There is no file {path!r} in the storage.", path=path) from None

    def write(self, path: str, data: bytes) -> None:
        """Store a file, and replace the one of this path.

        Raises:
            InvalidRequest: the path is that of a folder, or leads through a file.
            StorageFull: the files of the workspace would be larger than they may be.
        """
        path = _some(path)
        with self._files.locked():
            self._check_new_file(path)
            replaced = self._files.state(path).size if self._files.has(path) else 0
            self._check_room(len(data) - replaced)
            self._files.write(path, data)

    def delete(self, path: str) -> None:
        """Delete a file. Raises NotFound."""
        path = clean_path(path)
        with self._files.locked():
            self.read(path)
            self._files.delete(path)

    def copy(self, path: str, new_path: str) -> None:
        """Copy a file or a folder. A file at the new path is replaced.

        Raises:
            NotFound: there is no such file or folder.
            InvalidRequest: the new path is that of a folder, lies in the folder, or leads through a file.
            StorageFull: see `write`.
        """
        path, new_path = _some(path), _some(new_path)
        with self._files.locked():
            if self.kind(path) is not Kind.FOLDER:
                self.write(new_path, self.read(path).data)
                return
            self._check_new_folder(path, new_path)
            self._check_room(self._files.size(path))
            self._files.make_folder(new_path)
            for entry in list(self._below(path)):
                copied = new_path + entry.path.removeprefix(path)
                if entry.kind is Kind.FOLDER:
                    self._files.make_folder(copied)
                else:
                    self._files.write(copied, self._files.read(entry.path).data)

    def move(self, path: str, new_path: str) -> None:
        """Move a file or a folder. Raises as `copy` does."""
        path, new_path = _some(path), _some(new_path)
        with self._files.locked():
            if self.kind(path) is Kind.FOLDER:
                self._check_new_folder(path, new_path)
            elif path != new_path:
                self.read(path)
                self._check_new_file(new_path)
            if path != new_path:
                self._files.move(path, new_path)
                self._files.sync(*{str(PurePosixPath(one).parent) for one in (path, new_path) if "/" in one})

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it, if they are missing. Raises InvalidRequest if a file is in the way."""
        path = _some(path)
        with self._files.locked():
            self._check_parents(path)
            if self._files.has(path):
                raise _in_the_way(path, "a file")
            self._files.make_folder(path)

    def delete_folder(self, path: str, *, recursive: bool) -> None:
        """Delete a folder.

        Raises:
            NotFound: there is no such folder.
            InvalidRequest: something is in it, and `recursive` is False.
        """
        path = _some(path)
        with self._files.locked():
            entries = self.entries(path)
            if entries and not recursive:
                raise InvalidRequest(
                    f"The folder {path!r} is not empty. Delete its files first, or send recursive=true.",
                    fields=[{"path": "recursive", "expected": "true, to delete a folder that is not empty"}],
                )
            self._files.remove_folder(path)

    def entries(self, path: str) -> list[Entry]:
        """The files and folders directly in a folder, by name. Raises NotFound."""
        path = clean_path(path)
        if self.kind(path) is not Kind.FOLDER:
            raise NotFound(f"There is no folder {path!r} in the storage.", path=path)
        return list(self._entries(path))

    def usage(self, path: str) -> tuple[int, int]:
        """The number of files under a path, and their bytes."""
        return self._files.usage(_some(path))

    def used_bytes(self) -> int:
        """The size of all files and corrected templates."""
        return self._files.size("") + self._templates.size("")

    @property
    def most_bytes(self) -> int:
        """The size that they may have."""
        return self._most_bytes

    def new_identifier(self) -> str:
        """An identifier for a corrected template: a random GUID."""
        return str(uuid4())

    def add_template(self, identifier: str, data: bytes, page_image: bytes) -> None:
        """Store a corrected template. Raises StorageFull."""
        with self._files.locked():
            self._check_room(len(data) + len(page_image))
            self._templates.write(f"{identifier}/{_PAGE}", page_image)
            self._templates.write(f"{identifier}/{_TEMPLATE}", data)

    def replace_template(self, identifier: str, data: bytes) -> None:
        """Replace the file of a corrected template. Raises NotFound and StorageFull."""
        with self._files.locked():
            self._check_room(len(data) - len(self.template(identifier).data))
            self._templates.write(f"{_checked(identifier)}/{_TEMPLATE}", data)

    def template(self, identifier: str) -> CorrectedTemplate:
        """A corrected template. Raises NotFound."""
        known = _checked(identifier)
        try:
            data, page = (self._templates.read(f"{known}/{name}").data for name in (_TEMPLATE, _PAGE))
        except NotFound:
            raise _no_template(identifier) from None
        return CorrectedTemplate(known, data, remembered_template(data, self._limits), page)

    def _check_room(self, more: int) -> None:
        if more > 0 and self.used_bytes() + more > self._most_bytes:
            raise StorageFull(
                f"The stored files would exceed the {self._most_bytes:,} bytes that OMRCLIP_CLOUD_FILE_BYTES allows. "
                "Delete files that are no longer needed, and try again.",
                reason="OMRCLIP_CLOUD_FILE_BYTES",
            )

    def _check_new_folder(self, path: str, new_path: str) -> None:
        if f"{new_path}/".startswith(f"{path}/"):
            raise InvalidRequest.at("destPath", "a path outside the folder")
        self._check_parents(new_path)
        if (kind := self.kind(new_path)) is not None:
            raise _in_the_way(new_path, f"a {kind}")

    def _check_new_file(self, path: str) -> None:
        self._check_parents(path)
        if self._files.is_folder(path):
            raise _in_the_way(path, "a folder")

    def _check_parents(self, path: str) -> None:
        for parent in PurePosixPath(path).parents:
            if self._files.has(str(parent)):
                raise _in_the_way(str(parent), "a file")

    def _entries(self, folder: str) -> Iterator[Entry]:
        for name in self._files.entries(folder):
            path = f"{folder}/{name}".strip("/")
            if name.endswith("/"):
                yield Entry(path, Kind.FOLDER)
            else:
                state = self._files.state(path)
                yield Entry(path, Kind.FILE, state.size, state.modified)

    def _below(self, folder: str) -> Iterator[Entry]:
        for entry in self._entries(folder):
            yield entry
            if entry.kind is Kind.FOLDER:
                yield from self._below(entry.path)


def _some(path: str) -> str:
    """The path as it is stored. Raises InvalidRequest for the root."""
    cleaned = clean_path(path)
    if not cleaned:
        raise InvalidRequest.at("path", "the path of a file or folder; it is empty")
    return cleaned


def _in_the_way(path: str, found: str) -> InvalidRequest:
    expected = f"another path, because {path!r} is {found}"
    return InvalidRequest(f"path: expected {expected}", fields=[{"path": "path", "expected": expected}])


def _checked(identifier: str) -> str:
    known = identifier.strip().lower()
    if not _IDENTIFIER.fullmatch(known):
        raise _no_template(identifier)
    return known


def _no_template(identifier: str) -> NotFound:
    message = (
        f"There is no template with the TemplateId {identifier[:60]!r}. Send the TemplateId that CorrectTemplate told."
    )
    return NotFound(message)
