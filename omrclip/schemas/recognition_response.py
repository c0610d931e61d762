"""What the answer to a recognition request holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import fields

from omrclip.errors import Problem
from omrclip.omr.clips import Clip
from omrclip.omr.recognition import Recognition, RecognitionOptions
from omrclip.omr.result_files import ResponseFile, clip_name, recognition_files
from omrclip.schemas.wire import EncodedBytes, WireSchema

RESPONSE_VERSION = "1.0"


class ResponseFileSchema(WireSchema):
    """A file: `Size` is its length in bytes before base64, `MediaType` what its bytes are."""

    name = fields.String()
    size = fields.Function(lambda file: len(file.data), metadata={"type": "integer"})
    media_type = fields.String()
    data = EncodedBytes(required=True)


class StatisticsSchema(WireSchema):
    """The outcome of one scan, in the cloud protocol's words."""

    name = fields.String(attribute="scan")
    task_messages = fields.List(fields.String(), attribute="messages")
    task_result = fields.Function(
        lambda recognition: "Pass" if recognition.passed else "Fail",
        metadata={"type": "string", "enum": ["Pass", "Fail"]},
    )
    run_seconds = fields.Function(lambda recognition: round(recognition.seconds, 3), metadata={"type": "number"})


class DetailsSchema(WireSchema):
    """One entry a scan."""

    recognition_statistics = fields.List(fields.Nested(StatisticsSchema()), attribute="recognitions")


class InfoSchema(WireSchema):
    """How the request went."""

    response_version = fields.Constant(RESPONSE_VERSION, metadata={"type": "string"})
    processed_tasks_count = fields.Function(lambda answer: len(answer.recognitions), metadata={"type": "integer"})
    successful_tasks_count = fields.Function(
        lambda answer: sum(recognition.passed for recognition in answer.recognitions), metadata={"type": "integer"}
    )
    details = fields.Nested(DetailsSchema())


class ScanErrorSchema(WireSchema):
    """Why a scan failed."""

    code = fields.String(data_key="code")
    message = fields.String(data_key="message")
    details = fields.Dict(data_key="details")


class DimensionsSchema(WireSchema):
    """Pixel extents."""

    width = fields.Integer()
    height = fields.Integer()


class BoxSchema(WireSchema):
    """A pixel rectangle."""

    left = fields.Integer()
    top = fields.Integer()
    width = fields.Integer()
    height = fields.Integer()


class RegistrationSchema(WireSchema):
    """The map from template page to scan: `PageToScan` is its 3 × 3 matrix, row by row, for pixel points (x, y, 1)."""

    strategy = fields.String()
    page = fields.Nested(DimensionsSchema())
    scan = fields.Nested(DimensionsSchema())
    page_to_scan = fields.Function(
        lambda registration: registration.page_to_scan.tolist(),
        metadata={"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    )
    residual = fields.Float(allow_none=True)


class ElementResultSchema(WireSchema):
    """What was read of one element; `Value` is null where nothing was."""

    name = fields.String()
    type = fields.String()
    status = fields.String()
    value = fields.String(allow_none=True)


class ClipSchema(WireSchema):
    """One clip: `Box` on the template page, `Corners` in the scan (x, y from the page's top left, clockwise)."""

    name = fields.String(attribute="clip.element")
    file = fields.String()
    media_type = fields.String(attribute="clip.format.media_type")
    box = fields.Nested(BoxSchema(), attribute="clip.box")
    corners = fields.List(fields.List(fields.Float()), attribute="clip.corners")


class RecognitionSchema(WireSchema):
    """All that came out of one scan but the files themselves."""

    name = fields.String(attribute="recognition.scan")
    page = fields.Integer(attribute="recognition.page", allow_none=True)
    error = fields.Nested(ScanErrorSchema(), attribute="recognition.error", allow_none=True)
    registration = fields.Nested(RegistrationSchema(), attribute="recognition.registration", allow_none=True)
    elements = fields.List(fields.Nested(ElementResultSchema()), attribute="recognition.elements")
    clips = fields.List(fields.Nested(ClipSchema()))


class WarningSchema(WireSchema):
    """Something of the template that works, but should be looked at."""

    path = fields.String(data_key="path")
    expected = fields.String(data_key="expected")


class RecognitionResponseSchema(WireSchema):
    """The answer: results files first, then every clip of every scan."""

    response_files = fields.List(fields.Nested(ResponseFileSchema()))
    info = fields.Nested(InfoSchema())
    recognitions = fields.List(fields.Nested(RecognitionSchema()), attribute="described")
    warnings = fields.List(fields.Nested(WarningSchema()))


@dataclass(frozen=True, slots=True)
class _NamedClip:
    clip: Clip
    file: str


@dataclass(frozen=True, slots=True)
class _Described:
    recognition: Recognition
    clips: list[_NamedClip]


@dataclass(frozen=True, slots=True)
class Answer:
    """Recognitions of one request, with what naming their files takes.

    Attributes:
        alone: whether the request had one scan, whose results file then bears no scan's name.
        warnings: what is questionable in the template.
    """

    recognitions: Sequence[Recognition]
    options: RecognitionOptions
    alone: bool
    warnings: Sequence[Problem] = field(default=())

    @property
    def info(self) -> "Answer":
        """Info is a summary of the same answer, and so are its Details."""
        return self

    details = info

    @property
    def response_files(self) -> list[ResponseFile]:
        """The results of all scans, then the clips of all scans."""
        files = [recognition_files(r, self.options, alone=self.alone) for r in self.recognitions]
        return [file for of_scan in files for file in of_scan[:1]] + [file for of_scan in files for file in of_scan[1:]]

    @property
    def described(self) -> list[_Described]:
        """The recognitions with the names of their clips' files."""
        return [_Described(r, [self._named(r, clip) for clip in r.clips]) for r in self.recognitions]

    def _named(self, recognition: Recognition, clip: Clip) -> _NamedClip:
        return _NamedClip(clip, clip_name(recognition.scan, clip.element, self.options.clip_format))


_FULL = RecognitionResponseSchema()
_WITHOUT_FILES = RecognitionResponseSchema(exclude=("response_files",))


def dump_answer(answer: Answer, *, with_files: bool = True) -> dict[str, Any]:
    """The answer as JSON values; without `ResponseFiles` where the files go their own way."""
    written: dict[str, Any] = (_FULL if with_files else _WITHOUT_FILES).dump(answer)
    return written
