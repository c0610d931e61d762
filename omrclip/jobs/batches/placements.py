"""Pages of a batch that a person has placed in their scans, because they were not found."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from omrclip.errors import NotFound
from omrclip.omr.page_choice import Fit
from omrclip.omr.recognition import Recognition
from omrclip.omr.registration.find import FoundPage, ImagePyramid, KnownPage
from omrclip.omr.registration.placed import register_placed
from omrclip.omr.results import Corners, ElementStatus
from omrclip.storage.blobs import BlobStore
from omrclip.wording import Wording, joined
from omrclip.work import Work

FILE: Final = "placements.json"
TOLD: Final = Wording("placed_by_hand", "The page was placed by hand.")()
UNCONFIRMED: Final = joined(
    TOLD,
    Wording("answer_by_hand", "Its print was not found there, so nothing confirms the place of this answer.")(),
)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a page lies in a scan.

    Attributes:
        template: the name of the template in the batch.
        page: the number of its page, from 1.
        corners: of the page in scan pixels: top left, top right, bottom right, bottom left.
        by: the name of the account that placed it, or None.
        at: when, in seconds since 1970.
        is_done: whether the sheet was recognized with this placement.
    """

    template: str
    page: int
    corners: Corners
    by: str | None = None
    at: float = 0.0
    is_done: bool = False

    def fit(self) -> Fit:
        """Registers the scan by this placement, whatever other pages there are."""

        def placed(pages: Sequence[KnownPage], pyramid: ImagePyramid, _upright: bool, _work: Work) -> FoundPage:
            known = next(page for page in pages if (page.template, page.number) == (self.template, self.page))
            return register_placed(known, pyramid, self.corners)

        return placed


def told_of(recognition: Recognition) -> Recognition:
    """A recognition of a placed page, which says so. If its print was not found, a person has to check each answer."""
    messages = (TOLD, *recognition.messages)
    registration = recognition.registration
    if registration is None or registration.matches is not None:
        return replace(recognition, messages=messages)
    elements = tuple(
        replace(element, status=ElementStatus.UNCERTAIN, message=element.message or UNCONFIRMED)
        for element in recognition.elements
    )
    return replace(recognition, messages=messages, elements=elements)


def read_placements(store: BlobStore) -> dict[str, Placement]:
    """The placements of a batch by the names of its sheets."""
    try:
        told = json.loads(store.read(FILE).data)
    except NotFound:
        return {}
    return {name: _loaded(one) for name, one in told.items()}


def place(store: BlobStore, sheet: str, placement: Placement) -> None:
    """Store the placement of a sheet in place of an earlier one."""
    with store.locked():
        _write(store, {**read_placements(store), sheet: placement})


def note_done(store: BlobStore, used: Mapping[str, Placement]) -> None:
    """Note that sheets were recognized with these placements, unless they were placed again meanwhile."""
    if all(placement.is_done for placement in used.values()):
        return
    with store.locked():
        now = read_placements(store)
        same = {name: placement for name, placement in used.items() if now.get(name) == placement}
        _write(store, {**now, **{name: replace(placement, is_done=True) for name, placement in same.items()}})


def _write(store: BlobStore, placements: Mapping[str, Placement]) -> None:
    store.put(FILE, json.dumps({name: _dumped(one) for name, one in placements.items()}).encode())
    store.flush([FILE])


def _dumped(placement: Placement) -> dict[str, Any]:
    return {
        "Template": placement.template,
        "Page": placement.page,
        "Corners": placement.corners,
        "By": placement.by,
        "At": placement.at,
        "Done": placement.is_done,
    }


def _loaded(told: Mapping[str, Any]) -> Placement:
    corners = tuple((x, y) for x, y in told["Corners"])
    return Placement(told["Template"], told["Page"], corners, told["By"], told["At"], told["Done"])
