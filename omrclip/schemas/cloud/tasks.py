"""The request and the answer of `runOmrTask`, the call of versions 1.1 and 3.0 of the OMR cloud protocol.

Clients write keys in PascalCase or in camelCase, and read only the case that they write. So an answer has the case of
its request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pybase64
from marshmallow import post_load

from omrclip.errors import InvalidRequest, Problem
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.recognition import Recognition, Scan
from omrclip.omr.report.result_files import ResponseFile
from omrclip.schemas.cloud.wire import CloudSchema
from omrclip.schemas.documents import read_document
from omrclip.schemas.fields import SomeText
from omrclip.schemas.recognition_options import ObjectOf
from omrclip.schemas.wire import EncodedBytes, ListOf, invalid_request, load_strictly

PASSED, FAILED = "Pass", "Fail"
_PARAMETER: Final = "FunctionParam"
_VERSION: Final = "1.0"


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """The body of a task. `parameter` is FunctionParam, and `in_camel_case` the case of its key."""

    parameter: str = field(repr=False)
    in_camel_case: bool


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What an action has made.

    Attributes:
        files: the files of the answer.
        template_id: the identifier of the template, or None.
        messages: for people.
        recognitions: the recognition of each scan, without bytes of clips; None for actions without scans.
        error: why the task failed, or None.
    """

    files: Sequence[ResponseFile] = ()
    template_id: str | None = None
    messages: Sequence[str] = ()
    recognitions: Sequence[Recognition] | None = None
    error: str | None = None


class TemplateFileSchema(CloudSchema):
    """A file of a request. Its size is not read: some clients send the length of the base64 text."""

    name = SomeText(required=True, data_key="Name")
    data = EncodedBytes(required=True, data_key="Data")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Scan:
        """Load to a named file."""
        return Scan(**data)


class TemplateFilesSchema(CloudSchema):
    """The FunctionParam of CorrectTemplate."""

    files = ListOf(ObjectOf(TemplateFileSchema()), "a list of files", required=True, data_key="Files")


_FILES = TemplateFilesSchema()


def is_camel_case(body: bytes) -> bool:
    """Whether a body has keys in camelCase. It need not be valid."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n{").startswith((b'"functionParam"', b'"additionalParam"'))


def load_task(body: bytes, limits: Limits = DEFAULT_LIMITS) -> TaskRequest:
    """Read the body of a task. Without a body, FunctionParam is empty.

    Raises:
        InvalidRequest: it is not a JSON object, or FunctionParam is not a string.
        LimitExceeded: it has too many values.
    """
    document, problems = read_document(body, limits) if body.strip() else ({}, [])
    if problems:
        raise invalid_request(problems)
    if not isinstance(document, dict):
        raise invalid_request([Problem("$", "a JSON object")])
    parameter = next((value for key, value in document.items() if key.lower() == _PARAMETER.lower()), None)
    if not isinstance(parameter, str | None):
        raise invalid_request([Problem(_PARAMETER, "a string, in which JSON is written as text")])
    return TaskRequest(parameter or "", is_camel_case(body))


def load_template_file(parameter: str, limits: Limits = DEFAULT_LIMITS) -> tuple[str, bytes]:
    """The name and the bytes of the template in a FunctionParam: the first file whose name ends in `.omr`.

    Raises:
        InvalidRequest: there is none.
        LimitExceeded: the JSON has too many values.
    """
    files: list[Scan] = load_strictly(_FILES, parameter, _PARAMETER, limits)["files"]
    for file in files:
        if file.name.lower().endswith(".omr"):
            return file.name, file.data
    raise InvalidRequest.at(f"{_PARAMETER}.Files", "a file whose name ends in .omr")


def template_id_in(parameter: str) -> str:
    """The TemplateId in a FunctionParam. Quotes around it are left out. Raises InvalidRequest if there is none."""
    found = parameter.strip().strip('"').strip("{}")
    if not found:
        raise InvalidRequest.at(_PARAMETER, "the TemplateId that CorrectTemplate answered")
    return found


def dump_answer(outcome: TaskOutcome, seconds: float, reading_seconds: float, error_code: int = 0) -> dict[str, Any]:
    """The answer of a task that was run, in PascalCase.

    Args:
        outcome: what it has made.
        seconds: the time that it took, without `reading_seconds`.
        reading_seconds: the time for reading the file from the storage.
        error_code: the code if it failed.
    """
    passed = outcome.error is None
    if outcome.recognitions is None:
        processed, successful = 1, int(passed)
        details: dict[str, Any] = {
            "TaskMessages": list(outcome.messages),
            "TaskResult": PASSED if passed else FAILED,
        }
    else:
        processed = len(outcome.recognitions)
        successful = sum(one.passed for one in outcome.recognitions)
        details = {"RecognitionStatistics": [_statistics(one) for one in outcome.recognitions]}
    result = {
        "TemplateId": outcome.template_id,
        "ExecutionTime": round(seconds, 3),
        "ResponseFiles": [_dump_file(file) for file in outcome.files],
        "Info": {
            "ResponseVersion": _VERSION,
            "ProcessedTasksCount": processed,
            "SuccessfulTasksCount": successful,
            "Details": details,
        },
    }
    return {
        "ErrorCode": error_code,
        "ErrorText": outcome.error or "",
        "Payload": {"Result": result},
        "ServerStat": _server_times(seconds, reading_seconds),
    }


def dump_refusal(error_code: int, error_text: str) -> dict[str, Any]:
    """The answer of a task that could not be run, in PascalCase. Clients cannot read an empty Payload, but null."""
    return {"ErrorCode": error_code, "ErrorText": error_text, "Payload": None, "ServerStat": _server_times(0, 0)}


def in_camel_case(value: Any) -> Any:
    """A JSON value with all keys in camelCase."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: in_camel_case(inner) for key, inner in value.items()}
    return [in_camel_case(inner) for inner in value] if isinstance(value, list) else value


def _statistics(recognition: Recognition) -> dict[str, Any]:
    return {
        "Name": recognition.scan,
        "TaskMessages": list(recognition.messages),
        "TaskResult": PASSED if recognition.passed else FAILED,
        "RunSeconds": round(recognition.seconds, 3),
    }


def _dump_file(file: ResponseFile) -> dict[str, Any]:
    return {"Name": file.name, "Size": len(file.data), "Data": pybase64.b64encode_as_string(file.data)}


def _server_times(seconds: float, reading_seconds: float) -> dict[str, str]:
    return {"StorageDownloadTime": _time_span(reading_seconds), "OmrFunctionCallTime": _time_span(seconds)}


def _time_span(seconds: float) -> str:
    """A time as .NET writes it: `00:00:01.70`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02d}:{minutes:02d}:{rest:05.2f}"
