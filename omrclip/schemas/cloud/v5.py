"""Requests and answers of version 5.0 of the OMR cloud protocol."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import pybase64
from marshmallow import ValidationError, post_load

from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.authoring.generation.sheet import Settings
from omrclip.omr.authoring.generation.values import colour, one_of, style, whole
from omrclip.omr.authoring.generation.vocabulary import BUBBLE_SIZES, PAPER
from omrclip.omr.template import decode_base64
from omrclip.schemas.cloud.wire import CloudSchema, OneOf
from omrclip.schemas.fields import Expected, WholeNumber
from omrclip.schemas.wire import EncodedBytes, load_strictly

RESULT_FORMATS: Final = ("Csv", "Json", "Xml")
PAGE_FORMATS: Final = ("Png", "Pdf")


class Status(StrEnum):
    """The state of a task, as clients know it. PartiallyNotFound is never answered: results are lost together."""

    OK = "Ok"
    NOT_READY = "NotReady"
    ERROR = "Error"
    NO_RESULT = "NoAnyResultData"
    LOST = "ResultDataLost"
    NOT_FOUND = "TaskNotFound"


@dataclass(frozen=True, slots=True)
class RecognizeTask:
    """A request to recognize an image. `ignored` is the number of further images, which the protocol ignores."""

    image: bytes = field(repr=False)
    template: bytes = field(repr=False)
    output_format: str
    threshold: int | None
    ignored: int


@dataclass(frozen=True, slots=True)
class GenerateTask:
    """A request to generate a form from markup."""

    markup: bytes = field(repr=False)
    output_format: str
    settings: Settings
    images: Mapping[str, bytes] = field(repr=False)


class FirstImage(Expected):
    """A list of images in base64. Only the first is decoded. It may be empty: that is for the task to report."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("a list of images in base64", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[bytes, int]:
        if not isinstance(value, list) or not value or not isinstance(value[0], str):
            raise self.refusal(value[0] if isinstance(value, list) and value else value)
        try:
            return decode_base64(value[0]) if value[0] else b"", len(value) - 1
        except ValueError:
            raise self.refusal(value[0]) from None

    def rule(self) -> dict[str, Any]:
        """A list of strings. JSON Schema cannot check that they decode."""
        return {"type": "array", "items": {"type": "string", "contentEncoding": "base64"}, "minItems": 1}


class AnyObject(Expected):
    """An object of any kind."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("an object", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.refusal(value)
        return value

    def rule(self) -> dict[str, Any]:
        """An object."""
        return {"type": "object"}


class RecognizeTaskSchema(CloudSchema):
    """The body of `PostRecognizeTemplate`."""

    images = FirstImage(required=True)
    omr_file = EncodedBytes(required=True)
    output_format = OneOf(RESULT_FORMATS, load_default=RESULT_FORMATS[0])
    recognition_threshold = WholeNumber(0, 100, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> RecognizeTask:
        """Load to RecognizeTask."""
        image, ignored = data["images"]
        threshold = data["recognition_threshold"] or None
        return RecognizeTask(image, data["omr_file"], data["output_format"], threshold, ignored)


class GenerateTaskSchema(CloudSchema):
    """The body of `PostGenerateTemplate`."""

    markup_file = EncodedBytes(required=True)
    settings = AnyObject(load_default=None)
    images = AnyObject(load_default=None)
    output_format = OneOf(PAGE_FORMATS, load_default=PAGE_FORMATS[0])

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> GenerateTask:
        """Load to GenerateTask."""
        asked = {key.lower(): value for key, value in (data["settings"] or {}).items()}
        by_name = {name.lower(): name for name in PAGE_FORMATS}
        # The SDK's demo names the format in the settings only, and sends the default beside them.
        wanted = by_name.get(str(asked.get("outputformat")).lower(), data["output_format"])
        output_format = "Pdf" if "Pdf" in (wanted, data["output_format"]) else wanted
        return GenerateTask(
            data["markup_file"], output_format, _settings(data["settings"] or {}), _images(data["images"] or {})
        )


_SETTINGS: Final = {
    "papersize": ("paper_size", one_of(*PAPER)),
    "orientation": ("orientation", one_of("horizontal", "vertical")),
    "fontsize": ("font_size", whole(4, 200)),
    "fontstyle": ("font_style", style),
    "bubblesize": ("bubble_size", one_of(*BUBBLE_SIZES)),
    "bubblecolor": ("bubble_colour", colour),
    "pagemarginleft": ("left_margin", whole(0)),
}


def _settings(asked: Mapping[str, Any]) -> Settings:
    """The settings of a form. Others, such as the font, have no effect."""
    values: dict[str, Any] = {}
    for key, value in asked.items():
        if key.lower() in _SETTINGS and value is not None:
            name, read = _SETTINGS[key.lower()]
            try:
                values[name] = read(str(value))
            except ValueError as error:
                raise ValidationError({"settings": {key: [str(error)]}}) from None
    return Settings(**values)


def _images(asked: Mapping[str, Any]) -> dict[str, bytes]:
    try:
        return {name: decode_base64(data) for name, data in asked.items()}
    except (TypeError, ValueError, AttributeError):
        raise ValidationError({"images": ["images in base64, by their names"]}) from None


_RECOGNIZE = RecognizeTaskSchema()
_GENERATE = GenerateTaskSchema()


def load_recognize_task(body: bytes, limits: Limits = DEFAULT_LIMITS) -> RecognizeTask:
    """Read a request. Raises InvalidRequest with all wrong keys."""
    loaded: RecognizeTask = load_strictly(_RECOGNIZE, body, "$", limits)
    return loaded


def load_generate_task(body: bytes, limits: Limits = DEFAULT_LIMITS) -> GenerateTask:
    """Read a request. Raises InvalidRequest with all wrong keys."""
    loaded: GenerateTask = load_strictly(_GENERATE, body, "$", limits)
    return loaded


def task_answer(
    identifier: str,
    status: Status,
    results: Sequence[tuple[str, bytes]] | None = None,
    messages: Sequence[str] = (),
) -> bytes:
    """The answer of a task as JSON.

    Args:
        identifier: the task's.
        status: the state of the task.
        results: the type and the bytes of each result, or None.
        messages: why there are no results. With results, clients would take them for a failure and save nothing.
    """
    answer = {
        "id": identifier,
        "responseStatusCode": str(status),
        "results": None
        if results is None
        else [{"type": name, "data": pybase64.b64encode_as_string(data)} for name, data in results],
        "error": {"messages": list(messages), "warnings": []} if messages else None,
    }
    return json.dumps(answer).encode()
