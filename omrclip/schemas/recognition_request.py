"""What a recognition request may hold."""

from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError, fields, post_load

from omrclip.iiif.request import Format
from omrclip.omr.recognition import CLIP_FORMATS, RecognitionOptions, Scan
from omrclip.schemas.fields import Choice, Expected, SomeText
from omrclip.schemas.wire import EncodedBytes, WireSchema, load_strictly


class PageNumbers(Expected):
    """Page numbers from 1, by scan name."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("an object of page numbers by image name", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, int]:
        if not isinstance(value, dict):
            raise self.refusal(value)
        for number in value.values():
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise self.refusal(number)
        return value

    def default_as_json(self) -> dict[str, int]:
        """No page numbers."""
        return {}

    def rule(self) -> dict[str, Any]:
        """An object of integers."""
        return {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}


class KeepTime(Expected):
    """Whether to keep a recognition: true for as long as the settings say, or for how many seconds."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("true, false, or a whole number of seconds above 0", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool | int:
        if isinstance(value, bool) or (isinstance(value, int) and value > 0):
            return value
        raise self.refusal(value)

    def rule(self) -> dict[str, Any]:
        """A boolean or an integer."""
        return {"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1}]}


class TemplateSource(Expected):
    """A template as an object, as base64 of its file, or as the name of a stored one; told apart later."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("a template object, its file in base64, or the name of a stored template", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any] | str:
        if not isinstance(value, dict | str) or not value:
            raise self.refusal(value)
        return value

    def rule(self) -> dict[str, Any]:
        """An object or a string."""
        return {"anyOf": [{"$ref": "#/components/schemas/Template"}, {"type": "string", "minLength": 1}]}


class OptionsSchema(WireSchema):
    """The options of a recognition."""

    clip_format = Choice([str(f) for f in CLIP_FORMATS], load_default=None)
    pages = PageNumbers(load_default={})
    keep = KeepTime(load_default=False)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> RecognitionOptions:
        """Load to RecognitionOptions."""
        chosen = data["clip_format"]
        keep = data["keep"]
        seconds = None if isinstance(keep, bool) else keep
        return RecognitionOptions(
            clip_format=Format(chosen) if chosen else None,
            pages=data["pages"],
            keep=keep is not False,
            keep_seconds=seconds,
        )


class ImageSchema(WireSchema):
    """One scan: its file name and its bytes."""

    name = SomeText(required=True)
    data = EncodedBytes(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Scan:
        """Load to Scan."""
        return Scan(**data)


@dataclass(frozen=True, slots=True)
class RecognitionRequest:
    """A JSON request as it came: `template` is an object, base64 or a name."""

    template: dict[str, Any] | str
    images: list[Scan]
    template_image: bytes | None = None
    options: RecognitionOptions = field(default_factory=RecognitionOptions)


class ObjectOf(fields.Nested):
    """An object of another schema; what is wrong with its type is told as in the other fields."""

    default_error_messages = {
        "type": "an object",
        "required": "an object; it is missing",
        "null": "an object, not null",
    }


class ImageList(fields.List[Scan]):
    """At least one image."""

    default_error_messages = {
        "invalid": "a list of images",
        "required": "a list of images; it is missing",
        "null": "a list of images, not null",
    }

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if value == []:
            raise ValidationError("a list of at least one image, not an empty list")
        return super()._deserialize(value, *args, **kwargs) or []


class RecognitionRequestSchema(WireSchema):
    """The body of `POST /api/recognitions` as JSON."""

    template = TemplateSource(required=True)
    template_image = EncodedBytes(load_default=None)
    images = ImageList(ObjectOf(ImageSchema()), required=True)
    options = ObjectOf(OptionsSchema(), allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> RecognitionRequest:
        """Load to RecognitionRequest; null is as good as absent."""
        return RecognitionRequest(**{key: value for key, value in data.items() if value is not None})


_REQUEST = RecognitionRequestSchema()
_OPTIONS = OptionsSchema()


def load_request(body: bytes) -> RecognitionRequest:
    """Read a JSON request.

    Raises:
        InvalidRequest: naming every key that is wrong.
    """
    request: RecognitionRequest = load_strictly(_REQUEST, body, "$")
    return request


def load_options(text: str | bytes | dict[str, object]) -> RecognitionOptions:
    """Read the options alone, as multipart requests and the command line give them.

    Raises:
        InvalidRequest: naming every option that is wrong.
    """
    options: RecognitionOptions = load_strictly(_OPTIONS, text, "$.Options")
    return options
