"""Sheets for tables and reports, from recognitions that were written as JSON.

The values are not checked by schemas, because tables are written from hundreds of thousands of records.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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
    recognition = Recognition(
        told["Name"],
        page=told["Page"],
        registration=_registration(told["Registration"]) if told["Registration"] else None,
        elements=tuple(map(_element, told["Elements"])),
        clips=tuple(map(load_clip, told["Clips"])),
        error=Failure(**told["Error"]) if told["Error"] else None,
        messages=tuple(statistics["TaskMessages"]),
        seconds=statistics.get("RunSeconds", 0.0),
        template=told.get("Template", ""),
    )
    return Sheet(recognition, [clip["File"] for clip in told["Clips"]], corrections or {})


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


def _element(told: Mapping[str, Any]) -> ElementResult:
    return ElementResult(
        told["Name"],
        told["Type"],
        ElementStatus(told["Status"]),
        told["Value"],
        told["Confidence"],
        tuple(BubbleResult(bubble["Value"], bubble["Fill"], bubble["Marked"]) for bubble in told["Bubbles"]),
        tuple(map(_element, told["Elements"])),
        message=load_message(told["Message"], told.get("Said")),
        path=told.get("Path", ""),  # missing if an older version wrote the answer
        label=told.get("Label", ""),
        score=told.get("Score"),
    )


def _registration(told: Mapping[str, Any]) -> Registration:
    return Registration(
        told["Strategy"],
        Dimensions(told["Page"]["Width"], told["Page"]["Height"]),
        Dimensions(told["Scan"]["Width"], told["Scan"]["Height"]),
        np.array(told["PageToScan"], dtype=np.float64).reshape(3, 3),
        confidence=told["Confidence"],
        residual=told["Residual"],
    )
