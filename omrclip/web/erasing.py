"""Deletes what is stored, with everything that is cached of it, checks that nothing is left, and writes a receipt.

Each server process has caches of its own. A thread in each process reads the new receipts and removes what the caches
of its process hold of what was deleted.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from flask import Flask

from omrclip.errors import DamagedRecord, OmrclipError, StorageFull, StorageUnavailable
from omrclip.serving.page_images import owner_of_pages
from omrclip.storage.receipts import Deleted, Receipt, identifier_at, new_identifier
from omrclip.web import services as of_app
from omrclip.web.services import Services, account_name, services

LOOK_SECONDS: Final = 5.0
"""How often a process looks for receipts of other processes."""
LATE_SECONDS: Final = 120.0
"""How much later than its time a receipt may become visible, because a disk or a network is slow."""

_log = logging.getLogger(__name__)


def erase(kind: Deleted, target: str, delete: Callable[[], object]) -> Receipt | None:
    """Delete something stored for the account of the request, and everything cached of it.

    Args:
        kind: what it is.
        target: its identifier, name or path.
        delete: deletes it from the store. What it raises is raised, and nothing else is done.

    Returns:
        The receipt, or None if it could not be stored, for example on a full disk. The deletion is done even so.
    """
    own = services()
    name = _batch_name(own, target) if kind is Deleted.BATCH else ""
    files, size = _usage(own, kind, target)
    delete()
    now = time.time()
    receipt = Receipt(new_identifier(now), kind, target, name, account_name(), now, files, size)
    return _checked(own, receipt)


def reread(receipt: Receipt) -> Receipt:
    """A receipt as it is now. A batch that was running is removed by another process a little later.

    Images and templates are not checked again, because there may be others with their names meanwhile.
    """
    if receipt.left and receipt.kind in (Deleted.RECOGNITION, Deleted.BATCH):
        return _checked(services(), receipt) or receipt
    return receipt


def _checked(own: Services, receipt: Receipt) -> Receipt | None:
    try:
        forget(own, receipt.kind, receipt.target)
        found = replace(receipt, left=tuple(_left(own, receipt.kind, receipt.target)))
        own.receipts.write(found)
    except (StorageFull, StorageUnavailable) as problem:
        _log.warning("cannot write the receipt of a deletion: %s", problem.message)
        return None
    return found


def forget(own: Services, kind: Deleted, target: str) -> None:
    """Remove from the caches what they hold of something that was deleted. Raises StorageUnavailable."""
    if kind in (Deleted.RECOGNITION, Deleted.BATCH):
        own.sources.forget(f"{target}/")
        own.derivatives.forget(target)
    elif kind in (Deleted.IMAGE, Deleted.TEMPLATE):
        key = target if kind is Deleted.IMAGE else owner_of_pages(target)
        own.sources.forget(key)
        own.derivatives.forget(own.sources.owned(key))
        if own.folder is not None:
            own.folder.forget(own.sources.owned(key))


def _batch_name(own: Services, identifier: str) -> str:
    try:
        return own.batches.read(identifier).name
    except DamagedRecord:
        return ""


def _usage(own: Services, kind: Deleted, target: str) -> tuple[int, int]:
    """The number of files and bytes that there are of something."""
    match kind:
        case Deleted.RECOGNITION:
            return own.kept.usage(target)
        case Deleted.BATCH:
            return own.batches.usage(target)
        case Deleted.IMAGE:
            return own.images.usage(target)
        case Deleted.TEMPLATE:
            return own.templates.usage(target)
        case Deleted.FILE:
            return own.client_files.usage(target)


def _left(own: Services, kind: Deleted, target: str) -> Iterator[str]:
    """The places that still have something of what was deleted."""
    if _usage(own, kind, target)[0]:
        yield "files"
    if kind is Deleted.RECOGNITION and own.kept.is_scheduled(target):
        yield "schedule"
    if kind is Deleted.TEMPLATE and own.pages.file(target):
        yield "page image"
    if kind in (Deleted.BATCH, Deleted.FILE):  # no cache has something of them
        return
    key = {Deleted.RECOGNITION: f"{target}/", Deleted.IMAGE: target, Deleted.TEMPLATE: owner_of_pages(target)}[kind]
    owner = target if kind is Deleted.RECOGNITION else own.sources.owned(key)
    if own.sources.holds(key) or own.derivatives.holds(owner):
        yield "memory"
    if own.folder is not None and own.folder.holds(owner):
        yield "cache folder"


class Forgetting:
    """Removes from the caches of this process what other processes have deleted."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._seen: dict[str, set[str]] = {}

    def look(self) -> None:
        """Read the receipts that are new since the last call."""
        since = identifier_at(time.time() - LATE_SECONDS)
        for workspace, own in of_app.opened(self._app).items():
            seen = self._seen.get(workspace, set())
            recent = set(own.receipts.identifiers(since))
            for identifier in recent - seen:
                receipt = own.receipts.read(identifier)
                forget(own, receipt.kind, receipt.target)
            self._seen[workspace] = recent

    def start(self) -> None:
        """Look again and again, in a daemon thread."""
        threading.Thread(target=self._look_for_ever, name="forgetting", daemon=True).start()

    def _look_for_ever(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self.look()
            except OmrclipError as problem:  # it is tried again
                _log.warning("cannot read the receipts of deletions: %s", problem.message)
