"""The record of a stored recognition, and its form as JSON."""

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from omrclip.imaging.density import Density, density_of
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.omr.recognition import Recognition
from omrclip.omr.registration.find import Registration
from omrclip.omr.results import ElementResult, ElementStatus


@dataclass(frozen=True, slots=True)
class KeptClip:
    """One clip: its label, its pixels on the page, and its file."""

    label: str
    box: Box
    file: str


@dataclass(frozen=True, slots=True)
class KeptPage:
    """One scan that passed: its number among the scans from 1, its name, registration, values and clips.

    `density` is that of the page in template pixels, None where it is not known, or the record is older.
    """

    number: int
    scan: str
    registration: Registration
    values: tuple[tuple[str, str], ...]
    clips: tuple[KeptClip, ...]
    density: Density | None = None


@dataclass(frozen=True, slots=True)
class KeptRecognition:
    """The record of one stored recognition. Times are in seconds since 1970.

    `held` is the memory that it takes, in bytes.
    """

    identifier: str
    created: float
    expires: float
    pages: tuple[KeptPage, ...]
    files: tuple[tuple[str, str], ...]
    held: int = 0


def page_record(
    number: int, recognition: Recognition, registration: Registration, clip_files: Sequence[str]
) -> dict[str, Any]:
    """A KeptPage as JSON values; `clip_files` are the names of its clips' files."""
    return {
        "number": number,
        "scan": recognition.scan,
        "strategy": registration.strategy,
        "page": [registration.page.width, registration.page.height],
        "dimensions": [registration.scan.width, registration.scan.height],
        "page_to_scan": registration.page_to_scan.tolist(),
        "bend": _packed(registration.bend),
        "matches": _packed(registration.matches),
        "confidence": registration.confidence,
        "residual": registration.residual,
        "density": recognition.density,
        "values": [[element.title, _value(element)] for element in recognition.elements],
        "clips": [
            [clip.title, [clip.box.left, clip.box.top, clip.box.width, clip.box.height], name]
            for clip, name in zip(recognition.clips, clip_files, strict=True)
        ],
    }


def kept_recognition(identifier: str, record: Mapping[str, Any], held: int = 0) -> KeptRecognition:
    """Load a record. `held` is the memory that it needs.

    Raises:
        ValueError, TypeError, LookupError, zlib.error: it is damaged.
    """
    return KeptRecognition(
        identifier,
        seconds_since_1970(record["created"]),
        seconds_since_1970(record["expires"]),
        tuple(map(_kept_page, record["pages"])),
        tuple((_text(name), _text(media_type)) for name, media_type in record["files"]),
        held=held,
    )


def seconds_since_1970(value: object) -> float:
    """A time of a record. Raises TypeError or ValueError if it is not valid."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    if not 0 <= value < MOST_SECONDS:
        raise ValueError("not a time")
    return value


MOST_SECONDS = 2**53


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _whole(values: Sequence[object]) -> list[int]:
    if not all(type(value) is int for value in values):
        raise TypeError("not whole numbers")
    return [value for value in values if isinstance(value, int)]


def etag_of(marks: Sequence[object]) -> str:
    """An entity tag, equal for equal marks."""
    return sha256(repr(marks).encode()).hexdigest()[:32]


def registration_mark(registration: Registration) -> str:
    """A mark, equal for registrations that show the same pixels of a scan."""
    bend = None if registration.bend is None else (registration.bend.shape, registration.bend.tobytes())
    return repr((str(registration.page), registration.page_to_scan.tolist(), bend))


def _kept_page(record: Mapping[str, Any]) -> KeptPage:
    registration = Registration(
        _text(record["strategy"]),
        Dimensions(*_whole(record["page"])),
        Dimensions(*_whole(record["dimensions"])),
        np.array(record["page_to_scan"], dtype=np.float64).reshape(3, 3),
        bend=_unpacked(record["bend"]),
        matches=_unpacked(record["matches"]),
        confidence=record["confidence"],
        residual=record["residual"],
    )
    clips = tuple(KeptClip(_text(label), Box(*_whole(box)), _text(file)) for label, box, file in record["clips"])
    values = tuple((_text(name), _text(value)) for name, value in record["values"])
    (number,) = _whole([record["number"]])
    across, down = record.get("density") or (0, 0)
    return KeptPage(number, _text(record["scan"]), registration, values, clips, density_of(across, down))


def _value(element: ElementResult) -> str:
    """The value, with a message if it should be checked."""
    doubtful = element.status in (ElementStatus.UNCERTAIN, ElementStatus.MULTIPLE)
    return f"{element.value} ({element.status})".lstrip() if doubtful else element.value


def _packed(array: npt.NDArray[np.float32] | None) -> dict[str, Any] | None:
    """The exact bytes of an array. Decimal digits would need three times the space and give other pixels."""
    if array is None:
        return None
    data = zlib.compress(array.astype("<f4").tobytes())
    return {"shape": array.shape, "data": base64.b64encode(data).decode("ascii")}


def _unpacked(packed: Mapping[str, Any] | None) -> npt.NDArray[np.float32] | None:
    if packed is None:
        return None
    numbers = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), "<f4")
    return numbers.astype(np.float32).reshape(packed["shape"])
