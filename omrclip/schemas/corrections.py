"""What people say of a kept recognition: values put right, and what clips of handwriting say."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import post_dump, post_load

from omrclip.config import DEFAULT_LIMITS, Limits
from omrclip.schemas.fields import SomeText, Text, WholeNumber
from omrclip.schemas.recognition_options import ObjectOf
from omrclip.schemas.wire import ListOf, WireSchema, load_strictly

MOST_SCANS = 999_999


@dataclass(frozen=True, slots=True)
class Correction:
    """The correction of an element's value by a person. The value that was read stays beside it.

    Attributes:
        scan: the number of the scan in its recognition, from 1.
        name: the element, a ClipArea among them; a Grid's child by its Grid's name.
        value: the value, or the text of the clip.
        path: the element's JSON path, as in the answer, which tells elements of one name apart; "" where the name does.
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
        """No Path where the name tells."""
        return {key: value for key, value in written.items() if (key, value) != ("Path", "")}


class CorrectionsSchema(WireSchema):
    """All corrections of a kept recognition."""

    corrections = ListOf(
        ObjectOf(CorrectionSchema()), required=True, error_messages={"invalid": "a list of corrections"}
    )


_CORRECTIONS = CorrectionsSchema()


def load_corrections(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Correction, ...]:
    """Read a document of corrections. Raises InvalidRequest naming every key that is wrong."""
    return tuple(load_strictly(_CORRECTIONS, data, "$", limits)["corrections"])


def dump_corrections(corrections: Sequence[Correction]) -> bytes:
    """The document, UTF-8 JSON."""
    document = _CORRECTIONS.dump({"corrections": corrections})
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
