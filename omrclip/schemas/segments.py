"""Schemas of a request for segments and of its answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import fields, post_load

from omrclip.iiif.capabilities import FORMATS
from omrclip.iiif.request import Format
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.recognition import Scan
from omrclip.omr.report.result_files import ResponseFile
from omrclip.schemas.answer_parts import Part, file_parts
from omrclip.schemas.fields import Choice, Expected
from omrclip.schemas.recognition_options import ObjectOf
from omrclip.schemas.recognition_request import ImageSchema
from omrclip.schemas.wire import EncodedBytes, ListOf, WireSchema, load_strictly


class ManifestField(Expected):
    """A manifest, canvas or annotation of the IIIF Presentation API. `iiif.segments` checks its contents."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("a IIIF manifest, as an object", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.refusal(value)
        return value

    def rule(self) -> dict[str, Any]:
        """Any JSON object."""
        return {"type": "object", "anyOf": [{"required": ["type"]}, {"required": ["@type"]}]}


@dataclass(frozen=True, slots=True)
class SegmentRequest:
    """A request for segments: the manifest, additional images, and the format of the files."""

    manifest: dict[str, Any]
    images: Sequence[Scan] = ()
    format: Format | None = None


class SegmentRequestSchema(WireSchema):
    """The body of `POST /api/segments`."""

    manifest = ManifestField(required=True)
    images = ListOf(ObjectOf(ImageSchema()), "a list of images")
    format = Choice([str(image_format) for image_format in FORMATS], load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> SegmentRequest:
        """Load to SegmentRequest."""
        chosen = data.pop("format")
        return SegmentRequest(**data, format=Format(chosen) if chosen else None)


class SegmentFileSchema(WireSchema):
    """A file: `Size` is its length in bytes before base64."""

    name = fields.String()
    size = fields.Function(lambda file: len(file.data), metadata={"type": "integer"})
    media_type = fields.String()
    data = EncodedBytes(required=True)


class SegmentResponseSchema(WireSchema):
    """The answer: one file for each segment, in the order of the manifest."""

    response_files = fields.List(fields.Nested(SegmentFileSchema()))


_REQUEST = SegmentRequestSchema()
_WITHOUT_DATA = SegmentResponseSchema(exclude=("response_files.data",))


def load_segment_request(body: bytes, limits: Limits = DEFAULT_LIMITS) -> SegmentRequest:
    """Read a request. Raises InvalidRequest with all wrong keys."""
    request: SegmentRequest = load_strictly(_REQUEST, body, "$", limits)
    return request


def segment_parts(files: Sequence[ResponseFile]) -> Iterator[Part]:
    """The JSON of the answer, part by part."""
    written: dict[str, Any] = _WITHOUT_DATA.dump({"response_files": files})
    for key, entries in written.items():  # there is one
        yield f'{{"{key}":'.encode()
        yield from file_parts(files, entries)
    yield b"}"
