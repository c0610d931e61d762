"""What a batch recognizes its scans with. It is stored with the results, where worker processes read it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from omrclip.errors import DamagedRecord, FolderInUse, NotFound
from omrclip.jobs.batches.folder import DEFINITION, FOLDERS, RESULTS, TEMPLATES
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import check_pages, known_pages
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.report.booklets import check_identifiers
from omrclip.omr.template import Template
from omrclip.schemas.recognition_options import dump_options, load_options
from omrclip.schemas.template import load_template
from omrclip.storage.blobs import BlobStore

VERSION = 1


@dataclass(frozen=True, slots=True)
class BatchTemplate:
    """A template of a batch.

    Attributes:
        name: the name of its file without the extension.
        document: the bytes of the `.omr` file.
        image: the file of the blank page or pages, or None.
    """

    name: str
    document: bytes = field(repr=False)
    image: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """The templates of a batch, and the options of recognition.

    Each scan is taken for the only page of all templates into which it fits.

    Attributes:
        templates: the templates, with different names.
        options: of the recognition.
        booklet_by: the element that identifies booklets, see `check_identifiers`; None if the templates say it.
    """

    templates: tuple[BatchTemplate, ...]
    options: RecognitionOptions
    booklet_by: str | None = None

    @property
    def fingerprint(self) -> str:
        """A hash that changes with whatever changes the results."""
        return _digest(json.dumps(self.described(), sort_keys=True).encode())

    def described(self) -> dict[str, Any]:
        """The contents of `batch.json`."""
        return {
            "Version": VERSION,
            "Templates": [
                {
                    "Name": template.name,
                    "Digest": _digest(template.document),
                    "BlankPageDigest": None if template.image is None else _digest(template.image),
                }
                for template in self.templates
            ],
            "Options": dump_options(self.options),
            **({} if self.booklet_by is None else {"BookletBy": self.booklet_by}),
        }

    def load(self, limits: Limits) -> tuple[tuple[Template, ...], tuple[KnownPage, ...]]:
        """The templates, and the pages of all.

        Raises:
            InvalidTemplate, ImageError, LimitExceeded, InvalidRequest: a template or a blank page is wrong, or a
                template does not have the element that identifies booklets.
        """
        templates = {given.name: load_template(given.document, limits) for given in self.templates}
        identifiers = check_identifiers(templates, self.booklet_by)
        pages: list[KnownPage] = []
        for given in self.templates:
            own = known_pages(templates[given.name], given.image, limits)
            check_pages(own, limits)
            by = identifiers.get(given.name, "")
            pages += (replace(known, template=given.name, individual=by) for known in own)
        return tuple(templates.values()), tuple(pages)

    def named(self, templates: Sequence[Template]) -> dict[str, Template]:
        """The loaded templates by their names in the batch."""
        return {given.name: template for given, template in zip(self.templates, templates, strict=True)}


def begin(store: BlobStore, batch: Batch, *, restart: bool = False) -> None:
    """Store a batch in its folder, or check that the folder holds the same batch.

    Args:
        store: the folder of the batch.
        batch: what its scans are recognized with.
        restart: whether to delete the results of an earlier batch.

    Raises:
        FolderInUse: the folder holds another batch, or other results.
        StorageUnavailable: it cannot be read or written.
    """
    before = _read(store)
    if before is None:
        taken = sorted(set(RESULTS) & set(store.children()))
        if taken:
            raise FolderInUse(
                f"The folder already holds results, such as {taken[0]!r}, but not of a batch. Choose another folder.",
                name=taken[0],
            )
    elif restart:
        _clear(store)
    else:
        changes = list(_changes(before, batch.described()))
        if changes:
            raise FolderInUse(
                f"The folder holds a batch with other templates or options: {'; '.join(changes)}. Choose another "
                "folder, or delete the results in this one and begin anew with --restart.",
                name=DEFINITION,
            )
        return
    for number, template in enumerate(batch.templates, start=1):
        store.put(f"{TEMPLATES}/{number}.omr", template.document)
        if template.image is not None:
            store.put(f"{TEMPLATES}/{number}.image", template.image)
    store.put(DEFINITION, (json.dumps(batch.described(), indent=1) + "\n").encode())
    store.flush([DEFINITION])


def stored_batch(store: BlobStore) -> Batch:
    """Read the batch of a folder. Raises NotFound, DamagedRecord and StorageUnavailable."""
    told = _read(store)
    if told is None:
        raise NotFound("The folder of the batch has no batch.json.")
    templates = [_stored_template(store, *numbered) for numbered in enumerate(told["Templates"], start=1)]
    return Batch(tuple(templates), load_options(told["Options"]), told.get("BookletBy"))


def _stored_template(store: BlobStore, number: int, told: dict[str, Any]) -> BatchTemplate:
    document = store.read(f"{TEMPLATES}/{number}.omr").data
    has_image = told["BlankPageDigest"] is not None
    return BatchTemplate(told["Name"], document, store.read(f"{TEMPLATES}/{number}.image").data if has_image else None)


def _read(store: BlobStore) -> dict[str, Any] | None:
    try:
        told = json.loads(store.read(DEFINITION).data)
    except NotFound:
        return None
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("Version") != VERSION:
        raise DamagedRecord(
            f"{DEFINITION} in the folder of the batch is damaged, or of another version of omrclip. Choose another "
            "folder."
        )
    return told


def _clear(store: BlobStore) -> None:
    """Delete a batch."""
    for folder in FOLDERS:
        store.remove_folder(folder)
    for name in (*RESULTS, DEFINITION):
        store.discard(name)


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """What differs between two descriptions of a batch, in words."""
    old, new = ({template["Name"]: template for template in told["Templates"]} for told in (before, now))
    old_by, new_by = before.get("BookletBy"), now.get("BookletBy")
    for name in old.keys() - new.keys():
        yield f"the template {name!r} is missing"
    for name in new.keys() - old.keys():
        yield f"the template {name!r} is new"
    for name in old.keys() & new.keys():
        if old[name]["Digest"] != new[name]["Digest"]:
            yield f"the template {name!r} has changed"
        if old[name]["BlankPageDigest"] != new[name]["BlankPageDigest"]:
            yield f"the image of the blank page of {name!r} has changed"
    if old_by != new_by:
        yield f"booklets were identified by {_told(old_by)}, and are by {_told(new_by)}"
    for option, value in now["Options"].items():
        if before["Options"].get(option) != value:
            yield f"the option {option} was {json.dumps(before['Options'].get(option))} and is {json.dumps(value)}"


def _told(booklet_by: str | None) -> str:
    return "what the templates say" if booklet_by is None else repr(booklet_by)


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
