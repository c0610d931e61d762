"""Corrections of a stored recognition: corrected values, and texts that people typed for clips of handwriting."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import post_dump, post_load

from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.sheet import Corrected
from omrclip.schemas.fields import Expected, SomeText, Text, WholeNumber
from omrclip.schemas.recognition_options import ObjectOf
from omrclip.schemas.wire import ListOf, WireSchema, load_strictly

MOST_SCANS = 999_999
MOST_MOMENT = 10**11
"""The latest time that is taken, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction of an element's value by a person, or that one was undone. The value that was read is stored too.

    Attributes:
        scan: the number of the scan in its recognition, from 1; in a batch, the name of the sheet.
        name: the name of the element, which may be a ClipArea. For a child of a Grid, the name of the Grid.
        value: the value, or the text of the clip. None undoes the corrections before.
        path: the JSON path of the element, as in the answer; "" if the name is unique.
        by: the name of the user or client who made it, or None if the server has no log-in.
        at: when it was made, in seconds since 1970, or None if that was not recorded.
    """

    scan: int | str
    name: str
    value: str | None
    path: str = ""
    by: str | None = None
    at: float | None = None

    @property
    def target(self) -> tuple[int | str, str]:
        """What it corrects: the scan, and the element by its path, or by its name if it has no path."""
        return self.scan, self.path or self.name


class Moment(Expected):
    """A time in seconds since 1970."""

    def __init__(self) -> None:
        super().__init__("a number of seconds since 1970", load_default=None)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_MOMENT:
            raise self.refusal(value)
        return value

    def rule(self) -> dict[str, Any]:
        """A number that is not negative."""
        return {"type": "number", "minimum": 0, "maximum": MOST_MOMENT}


class _CorrectionBase(WireSchema):
    """What corrections of recognitions and of batches have in common."""

    name = SomeText(required=True)
    path = Text(load_default="")
    by = Text(load_default=None)
    at = Moment()

    @post_dump
    def leave_out(self, written: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Omit an empty Path."""
        return {key: value for key, value in written.items() if (key, value) != ("Path", "")}


class CorrectionSchema(_CorrectionBase):
    """One correction. The server sets By and At; it ignores them in requests."""

    scan = WholeNumber(1, MOST_SCANS, required=True)
    value = Text(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Correction:
        """Load to Correction."""
        return Correction(**data)


class CorrectionsSchema(WireSchema):
    """All corrections of a stored recognition."""

    corrections = ListOf(ObjectOf(CorrectionSchema()), "a list of corrections", required=True)


class ChangeSchema(CorrectionSchema):
    """One entry of the history of corrections. Its Value is null where a correction was undone."""

    value = Text(load_default=None)


class ChangesSchema(WireSchema):
    """All corrections of a stored recognition that were ever made, in the order of time."""

    corrections = ListOf(ObjectOf(ChangeSchema()), required=True)


class SheetChangeSchema(_CorrectionBase):
    """One correction of a sheet of a batch. A Value of null undoes it. The server sets By and At."""

    scan = SomeText(required=True, data_key="Sheet")
    value = Text(load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Correction:
        """Load to Correction."""
        return Correction(**data)


class SheetChangesSchema(WireSchema):
    """Corrections of the sheets of a batch."""

    corrections = ListOf(ObjectOf(SheetChangeSchema()), "a list of corrections", required=True)


_CORRECTIONS, _CHANGES, _SHEET_CHANGES = CorrectionsSchema(), ChangesSchema(), SheetChangesSchema()


def current(changes: Iterable[Correction]) -> list[Correction]:
    """The corrections that hold after all changes: the last one of each element, unless it undoes those before."""
    last = {change.target: change for change in changes}
    return [change for change in last.values() if change.value is not None]


def changes_to(
    before: Sequence[Correction], wanted: Iterable[Correction], by: str | None, at: float
) -> list[Correction]:
    """The changes that lead from the current corrections to those wanted.

    Args:
        before: the current corrections.
        wanted: the corrections that shall hold. Their `by` and `at` do not matter.
        by: the name of the account that wants them.
        at: the time, in seconds since 1970.
    """
    old, new = ({one.target: one for one in each} for each in (before, wanted))
    undone = [replace(one, value=None) for target, one in old.items() if target not in new]
    made = [one for target, one in new.items() if target not in old or old[target].value != one.value]
    return [replace(change, by=by, at=at) for change in (*undone, *made)]


def corrected(recognition: Recognition, corrections: Iterable[Correction]) -> dict[str, Corrected]:
    """The corrections of one scan by the titles of its elements and clips. Those of other elements are left out."""
    titles = {element.path: element.title for element in recognition.elements}
    titles |= {clip.path: clip.title for clip in recognition.clips}
    known = {*(element.title for element in recognition.elements), *(clip.title for clip in recognition.clips)}
    found = {}
    for correction in corrections:
        title = titles.get(correction.path, "") if correction.path else correction.name
        if title in known and correction.value is not None:
            found[title] = Corrected(correction.value, correction.by or "")
    return found


def load_corrections(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Correction, ...]:
    """Read a document of corrections. Raises InvalidRequest with all wrong keys."""
    return tuple(load_strictly(_CORRECTIONS, data, "$", limits)["corrections"])


def dump_corrections(corrections: Sequence[Correction]) -> bytes:
    """The document of corrections, UTF-8 JSON."""
    return _dumped(_CORRECTIONS, corrections)


def load_changes(data: bytes) -> list[Correction]:
    """Read the changes that omrclip wrote. A document of an older version has corrections without By and At.

    Raises:
        ValueError, TypeError, LookupError: the document is damaged.
    """
    return [
        Correction(one["Scan"], one["Name"], one["Value"], one.get("Path", ""), one.get("By"), one.get("At"))
        for one in json.loads(data)["Corrections"]
    ]


def dump_changes(changes: Sequence[Correction]) -> bytes:
    """The document of all changes, UTF-8 JSON."""
    return _dumped(_CHANGES, changes)


def load_sheet_changes(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Correction, ...]:
    """Read a document of corrections of a batch. Raises InvalidRequest with all wrong keys."""
    return tuple(load_strictly(_SHEET_CHANGES, data, "$", limits)["corrections"])


def dump_sheet_changes(changes: Sequence[Correction]) -> bytes:
    """The document of corrections of a batch, UTF-8 JSON."""
    return _dumped(_SHEET_CHANGES, changes)


def _dumped(schema: WireSchema, corrections: Sequence[Correction]) -> bytes:
    return json.dumps(schema.dump({"corrections": corrections}), ensure_ascii=False, indent=1).encode()
