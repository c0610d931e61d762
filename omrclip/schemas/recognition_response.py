"""What the answer to a recognition request holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from marshmallow import fields

from omrclip.errors import Problem
from omrclip.omr.clips import Clip
from omrclip.omr.recognition import Recognition, RecognitionOptions
from omrclip.omr.result_files import ResponseFile, clip_name, recognition_files
from omrclip.schemas.wire import EncodedBytes, WireSchema

RESPONSE_VERSION = "1.0"


class ResponseFileSchema(WireSchema):
    """A file: `Size` is its length in bytes before base64, `MediaType` what its bytes are.

    `Uri` is where it is found again where the recognition is kept, a clip as an IIIF image; else null.
    """

    name = fields.String(attribute="file.name")
    size = fields.Function(lambda named: len(named.file.data), metadata={"type": "integer"})
    media_type = fields.String(attribute="file.media_type")
    uri = fields.String(allow_none=True)
    data = EncodedBytes(required=True, attribute="file.data")


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
    uri = fields.String(allow_none=True)
    media_type = fields.String(attribute="clip.format.media_type")
    box = fields.Nested(BoxSchema(), attribute="clip.box")
    corners = fields.List(fields.List(fields.Float()), attribute="clip.corners")


class RecognitionSchema(WireSchema):
    """All that came out of one scan but the files themselves."""

    name = fields.String(attribute="recognition.scan")
    page = fields.Integer(attribute="recognition.page", allow_none=True)
    uri = fields.String(allow_none=True)
    error = fields.Nested(ScanErrorSchema(), attribute="recognition.error", allow_none=True)
    registration = fields.Nested(RegistrationSchema(), attribute="recognition.registration", allow_none=True)
    elements = fields.List(fields.Nested(ElementResultSchema()), attribute="recognition.elements")
    clips = fields.List(fields.Nested(ClipSchema()))


class WarningSchema(WireSchema):
    """Something of the template that works, but should be looked at."""

    path = fields.String(data_key="path")
    expected = fields.String(data_key="expected")


class RecognitionResponseSchema(WireSchema):
    """The answer: results files first, then every clip of every scan. `Uri` is where it is kept, else null."""

    uri = fields.String(allow_none=True)
    response_files = fields.List(fields.Nested(ResponseFileSchema()))
    info = fields.Nested(InfoSchema())
    recognitions = fields.List(fields.Nested(RecognitionSchema()), attribute="described")
    warnings = fields.List(fields.Nested(WarningSchema()))


@dataclass(frozen=True, slots=True)
class KeptUris:
    """Where a kept recognition and its parts are found: the service's base URL, and the recognition's identifier."""

    base_url: str
    identifier: str

    def recognition(self) -> str:
        """The answer again."""
        return f"{self.base_url}/api/recognitions/{self.identifier}"

    def file(self, name: str) -> str:
        """A response file."""
        return f"{self.recognition()}/files/{quote(name, safe='')}"

    def image(self, scan: int, clip: int | None = None, *, version: int = 3) -> str:
        """The image service of a scan's registered page, or of one of its clips; all are counted from 1."""
        part = f"{self.identifier}.{scan}" + ("" if clip is None else f".{clip}")
        return f"{self.base_url}/iiif/{version}/{part}"


@dataclass(frozen=True, slots=True)
class _NamedClip:
    clip: Clip
    file: str
    uri: str | None


@dataclass(frozen=True, slots=True)
class _NamedFile:
    file: ResponseFile
    uri: str | None


@dataclass(frozen=True, slots=True)
class _Described:
    recognition: Recognition
    clips: list[_NamedClip]
    uri: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Recognitions of one request, with what naming their files takes.

    Attributes:
        alone: whether the request had one scan, whose results file then bears no scan's name.
        warnings: what is questionable in the template.
        first: the number of the first of these recognitions in its request, from 1.
        kept: where it is kept, None where it is not.
    """

    recognitions: Sequence[Recognition]
    options: RecognitionOptions
    alone: bool
    warnings: Sequence[Problem] = field(default=())
    first: int = 1
    kept: KeptUris | None = None

    @property
    def uri(self) -> str | None:
        """Where the whole is kept."""
        return self.kept.recognition() if self.kept else None

    @property
    def info(self) -> "Answer":
        """Info is a summary of the same answer, and so are its Details."""
        return self

    details = info

    @property
    def response_files(self) -> list[_NamedFile]:
        """The results of all scans, then the clips of all scans."""
        results: list[_NamedFile] = []
        clips: list[_NamedFile] = []
        for number, recognition in self._numbered():
            for position, file in enumerate(recognition_files(recognition, self.options, alone=self.alone)):
                uri = None
                if self.kept:
                    uri = self.kept.image(number, position) if position else self.kept.file(file.name)
                (clips if position else results).append(_NamedFile(file, uri))
        return results + clips

    @property
    def described(self) -> list[_Described]:
        """The recognitions with the names of their clips' files."""
        return [
            _Described(
                recognition,
                [self._named(number, position, recognition) for position in range(len(recognition.clips))],
                self.kept.image(number) if self.kept and recognition.passed else None,
            )
            for number, recognition in self._numbered()
        ]

    def _numbered(self) -> Iterator[tuple[int, Recognition]]:
        return enumerate(self.recognitions, start=self.first)

    def _named(self, number: int, position: int, recognition: Recognition) -> _NamedClip:
        clip = recognition.clips[position]
        name = clip_name(recognition.scan, clip.element, self.options.clip_format)
        return _NamedClip(clip, name, self.kept.image(number, position + 1) if self.kept else None)


_FULL = RecognitionResponseSchema()
_WITHOUT_DATA = RecognitionResponseSchema(exclude=("response_files.data",))
_WITHOUT_FILES = RecognitionResponseSchema(exclude=("response_files",))


def dump_answer(answer: Answer, *, with_files: bool = True) -> dict[str, Any]:
    """The answer as JSON values; without `ResponseFiles` where the files go their own way."""
    written: dict[str, Any] = (_FULL if with_files else _WITHOUT_FILES).dump(answer)
    return written


def dump_kept(answer: Answer) -> dict[str, Any]:
    """The answer as it is kept: its files are kept beside it, and are told without their data."""
    written: dict[str, Any] = _WITHOUT_DATA.dump(answer)
    return written
