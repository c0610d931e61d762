"""Schemas of the answer to a recognition request."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from omrclip.errors import Failure, NotFound
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.registration.find import Registration
from omrclip.omr.report.answer import Answer
from omrclip.omr.report.result_files import FileNames
from omrclip.schemas.recognition_parts import (
    SAID,
    ClipSchema,
    ElementResultSchema,
    Elements,
    RegistrationSchema,
    load_clip,
)
from omrclip.schemas.wire import EncodedBytes, WireSchema
from omrclip.wording import dump_said, is_about_part

RESPONSE_VERSION = "1.0"


class ResponseFileSchema(WireSchema):
    """A response file. `Size` is its length in bytes before base64.

    If the recognition is stored, `Uri` is the URI of the file, or of the IIIF image for a clip. Otherwise it is null.
    """

    name = fields.String(attribute="file.name")
    size = fields.Function(lambda named: len(named.file.data), metadata={"type": "integer"})
    media_type = fields.String(attribute="file.media_type")
    uri = fields.String(allow_none=True)
    data = EncodedBytes(required=True, attribute="file.data")


class StatisticsSchema(WireSchema):
    """The result of one scan, in the terms of the cloud protocol."""

    name = fields.String(attribute="scan")
    task_messages = fields.List(fields.String(), attribute="messages")
    task_result = fields.Function(
        lambda recognition: "Pass" if recognition.passed else "Fail",
        metadata={"type": "string", "enum": ["Pass", "Fail"]},
    )
    run_seconds = fields.Function(lambda recognition: round(recognition.seconds, 3), metadata={"type": "number"})


class DetailsSchema(WireSchema):
    """One entry for each scan."""

    recognition_statistics = fields.List(fields.Nested(StatisticsSchema()), attribute="recognitions")


class InfoSchema(WireSchema):
    """A summary of the request."""

    response_version = fields.Constant(RESPONSE_VERSION, metadata={"type": "string"})
    processed_tasks_count = fields.Function(lambda answer: len(answer.recognitions), metadata={"type": "integer"})
    successful_tasks_count = fields.Function(
        lambda answer: sum(recognition.passed for recognition in answer.recognitions), metadata={"type": "integer"}
    )
    details = fields.Nested(DetailsSchema())


class ScanErrorSchema(WireSchema):
    """Why a scan failed, or could not be stored."""

    code = fields.String(data_key="code")
    message = fields.String(data_key="message")
    details = fields.Dict(data_key="details")


class RecognitionSchema(WireSchema):
    """The result of one scan without its files.

    If the recognition is stored, `Uri` is the URI of the registered page as an IIIF image, and `Overlay` is the URI of
    a picture with the recognized elements and answers.
    """

    name = fields.String(attribute="recognition.scan")
    page = fields.Integer(attribute="recognition.page", allow_none=True)
    uri = fields.String(allow_none=True)
    overlay = fields.String(allow_none=True)
    error = fields.Nested(ScanErrorSchema(), attribute="recognition.error", allow_none=True)
    registration = fields.Nested(RegistrationSchema(), attribute="recognition.registration", allow_none=True)
    elements = Elements(attribute="recognition.elements")
    clips = fields.List(fields.Nested(ClipSchema()))
    remarks = fields.Function(
        lambda described: [dump_said(one) for one in described.recognition.messages if not is_about_part(one)],
        metadata={"type": "array", "items": SAID, "description": "Messages about the sheet as a whole"},
    )


class WarningSchema(WireSchema):
    """A warning about the template, which does not prevent the recognition."""

    path = fields.String(data_key="path")
    expected = fields.String(data_key="expected")


class RecognitionResponseSchema(WireSchema):
    """The answer. It lists the results files first, then all clips of all scans.

    `Uri` is the URI of the stored recognition, or null, and `Identifier` is its last part. `KeepingError` says why the
    recognition could not be stored although the request asked for it. Then the URIs of its parts are null too. URIs in
    lines that were sent before do not work.
    """

    uri = fields.String(allow_none=True)
    identifier = fields.String(allow_none=True)
    keeping_error = fields.Nested(ScanErrorSchema(), allow_none=True)
    response_files = fields.List(fields.Nested(ResponseFileSchema()))
    info = fields.Nested(InfoSchema())
    recognitions = fields.List(fields.Nested(RecognitionSchema()), attribute="described")
    warnings = fields.List(fields.Nested(WarningSchema()))


_ELEMENTS = ElementResultSchema(many=True)
_FULL = RecognitionResponseSchema()
_WITHOUT_DATA = RecognitionResponseSchema(exclude=("response_files.data",))
_WITHOUT_FILES = RecognitionResponseSchema(exclude=("response_files",))
_RECORD = RecognitionSchema(exclude=("uri", "overlay", "clips.uri"))


def dump_answer(answer: Answer, *, with_files: bool = True) -> dict[str, Any]:
    """The answer as JSON values, without `ResponseFiles` if the files are sent separately."""
    written: dict[str, Any] = (_FULL if with_files else _WITHOUT_FILES).dump(answer)
    return written


def dump_kept(answer: Answer) -> dict[str, Any]:
    """The answer for storage. It lists the files without data, because they are stored separately."""
    written: dict[str, Any] = _WITHOUT_DATA.dump(answer)
    return written


def load_kept(answer: Mapping[str, Any], number: int, registration: Registration | None) -> Recognition:
    """The Recognition of a stored answer. Its clips hold no bytes.

    Args:
        answer: the result of `dump_kept`.
        number: the scan's number in its request, from 1.
        registration: the stored registration of this scan. That in the answer is rounded.

    Raises:
        NotFound: the request had fewer scans.
    """
    if not 1 <= number <= len(answer["Recognitions"]):
        raise NotFound(f"The recognition has no scan {number}.")
    told = answer["Recognitions"][number - 1]
    error = Failure(**told["Error"]) if told["Error"] else None
    return Recognition(
        told["Name"],
        page=told["Page"],
        registration=registration,
        elements=tuple(_ELEMENTS.load(told["Elements"])),
        clips=tuple(map(load_clip, told["Clips"])),
        error=error,
        messages=tuple(answer["Info"]["Details"]["RecognitionStatistics"][number - 1]["TaskMessages"]),
    )


def dump_record(recognition: Recognition, options: RecognitionOptions, names: FileNames) -> dict[str, Any]:
    """One scan of a batch as JSON values: its entry in an answer, with `Template` and `Messages`, and without URIs."""
    told: dict[str, Any] = _RECORD.dump(Answer([recognition], options, names).described[0])
    return {**told, "Template": recognition.template, "Messages": list(recognition.messages)}
