"""Sheets for tables and reports, from recognitions that were written as JSON.

msgspec decodes and checks them, not marshmallow, because tables are written from hundreds of thousands of records.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from omrclip.errors import Failure
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.recognition import Recognition
from omrclip.omr.registration.find import Registration
from omrclip.omr.report.sheet import Corrected, Sheet
from omrclip.omr.results import BubbleResult, ElementResult, ElementStatus
from omrclip.schemas.recognition_parts import ElementResultSchema, load_clip
from omrclip.wording import load_message

_ELEMENTS = ElementResultSchema(many=True)


_bubble = lru_cache(maxsize=4096)(BubbleResult)
"""A bubble without its position. Most bubbles of many sheets are equal to others: they have no ink."""


class _Bubble(msgspec.Struct, rename="pascal", gc=False):
    value: str
    fill: float
    marked: bool


class _Element(msgspec.Struct, rename="pascal", gc=False):
    name: str
    type: str
    status: ElementStatus
    value: str
    confidence: float
    bubbles: tuple[_Bubble, ...]
    elements: tuple["_Element", ...]
    message: str
    said: list[dict[str, Any]] | None = None  # missing, as the next three, if an older version wrote the answer
    path: str = ""
    label: str = ""
    score: float | None = None

    def loaded(self) -> ElementResult:
        """The result without positions."""
        return ElementResult(
            self.name,
            self.type,
            self.status,
            self.value,
            self.confidence,
            tuple([_bubble(bubble.value, bubble.fill, bubble.marked) for bubble in self.bubbles]),
            tuple([element.loaded() for element in self.elements]),
            message=load_message(self.message, self.said),
            path=self.path,
            label=self.label,
            score=self.score,
        )


class _Size(msgspec.Struct, rename="pascal", gc=False):
    width: int
    height: int


class _Registration(msgspec.Struct, rename="pascal", gc=False):
    strategy: str
    page: _Size
    scan: _Size
    page_to_scan: list[list[float]]
    confidence: float | None
    residual: float | None

    def loaded(self) -> Registration:
        """The registration without the bend of the paper."""
        return Registration(
            self.strategy,
            Dimensions(self.page.width, self.page.height),
            Dimensions(self.scan.width, self.scan.height),
            np.array(self.page_to_scan, dtype=np.float64).reshape(3, 3),
            confidence=self.confidence,
            residual=self.residual,
        )


class _Entry(msgspec.Struct, rename="pascal", gc=False):
    """What tables and reports need of an entry. Most of its bytes are positions, which are left out while decoding."""

    name: str
    page: int | None
    registration: _Registration | None
    elements: tuple[_Element, ...]
    clips: list[dict[str, Any]]
    error: dict[str, Any] | None
    messages: tuple[str, ...] = ()
    template: str = ""

    def sheet(
        self, messages: tuple[str, ...], seconds: float = 0.0, corrections: Mapping[str, Corrected] | None = None
    ) -> Sheet:
        recognition = Recognition(
            self.name,
            page=self.page,
            registration=self.registration.loaded() if self.registration else None,
            elements=tuple([element.loaded() for element in self.elements]),
            clips=tuple(map(load_clip, self.clips)),
            error=Failure(**self.error) if self.error else None,
            messages=messages,
            seconds=seconds,
            template=self.template,
        )
        return Sheet(recognition, [clip["File"] for clip in self.clips], corrections or {})


_RECORDS = msgspec.json.Decoder(_Entry)


def load_sheet(
    told: Mapping[str, Any], statistics: Mapping[str, Any], corrections: Mapping[str, Corrected] | None = None
) -> Sheet:
    """The sheet of one entry of an answer that omrclip wrote. It has no positions in the scan.

    Args:
        told: an entry of `Recognitions`.
        statistics: the entry of `Info.Details.RecognitionStatistics` with the same index.
        corrections: the title of an element or clip → its correction.

    Raises:
        ValueError, TypeError, LookupError: the entry is damaged.
    """
    with _damage_as_value_error():
        entry = msgspec.convert(told, _Entry)
    return entry.sheet(tuple(statistics["TaskMessages"]), statistics.get("RunSeconds", 0.0), corrections)


def load_record(line: bytes) -> Sheet:
    """The sheet of a record of a batch, which is a line of JSON. It has no positions in the scan.

    Raises:
        ValueError, TypeError, LookupError: the record is damaged.
    """
    with _damage_as_value_error():
        entry = _RECORDS.decode(line)
    return entry.sheet(entry.messages)


def load_drawn(told: Mapping[str, Any]) -> Recognition:
    """The Recognition of a record of a batch, with positions in the scan, for drawing. Its clips hold no bytes.

    Raises:
        ValueError, TypeError, LookupError, ValidationError: the record is damaged.
    """
    recognition = load_sheet(told, {"TaskMessages": told["Messages"]}).recognition
    registration = recognition.registration
    if registration is not None and told["Registration"]["Bend"] is not None:
        registration = replace(registration, bend=np.array(told["Registration"]["Bend"], np.float32))
    return replace(recognition, registration=registration, elements=tuple(_ELEMENTS.load(told["Elements"])))


@contextmanager
def _damage_as_value_error() -> Iterator[None]:
    try:
        yield
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
