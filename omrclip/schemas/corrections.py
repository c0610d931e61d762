"""Corrections of a stored recognition: corrected values, and texts that people typed for clips of handwriting."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import post_dump, post_load

from omrclip.config import DEFAULT_LIMITS, Limits
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.sheet import Corrected
from omrclip.schemas.fields import SomeText, Text, WholeNumber
from omrclip.schemas.recognition_options import ObjectOf
from omrclip.schemas.wire import ListOf, WireSchema, load_strictly

MOST_SCANS = 999_999


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction of an element's value by a person. The value that was read is stored too.

    Attributes:
        scan: the number of the scan in its recognition, from 1.
        name: the name of the element, which may be a ClipArea. For a child of a Grid, the name of the Grid.
        value: the value, or the text of the clip.
        path: the JSON path of the element, as in the answer; "" if the name is unique.
    """

    scan: int
    name: str
    value: str
    path: str = ""


class CorrectionSchema(WireSchema):
    """One correction."""

    scan = WholeNumber(1, MOST_SCANS, required=True)
    name = SomeText(required=True)
    value = Text(required=True)
    path = Text(load_default="")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Correction:
        """Load to Correction."""
        return Correction(**data)

    @post_dump
    def leave_out(self, written: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Omit an empty Path."""
        return {key: value for key, value in written.items() if (key, value) != ("Path", "")}


class CorrectionsSchema(WireSchema):
    """All corrections of a stored recognition."""

    corrections = ListOf(
        ObjectOf(CorrectionSchema()), required=True, error_messages={"invalid": "a list of corrections"}
    )


_CORRECTIONS = CorrectionsSchema()


def corrected(recognition: Recognition, corrections: Iterable[Correction]) -> dict[str, Corrected]:
    """The corrections of one scan by the titles of its elements and clips. Those of other elements are left out."""
    titles = {element.path: element.title for element in recognition.elements}
    titles |= {clip.path: clip.title for clip in recognition.clips}
    known = {*(element.title for element in recognition.elements), *(clip.title for clip in recognition.clips)}
    found = {}
    for correction in corrections:
        title = titles.get(correction.path, "") if correction.path else correction.name
        if title in known:
            found[title] = Corrected(correction.value)
    return found


def load_corrections(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Correction, ...]:
    """Read a document of corrections. Raises InvalidRequest with all wrong keys."""
    return tuple(load_strictly(_CORRECTIONS, data, "$", limits)["corrections"])


def dump_corrections(corrections: Sequence[Correction]) -> bytes:
    """The document, UTF-8 JSON."""
    document = _CORRECTIONS.dump({"corrections": corrections})
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
