"""Schemas of a recognition request."""

from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError, post_load

from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan
from omrclip.schemas.fields import Expected, SomeText
from omrclip.schemas.recognition_options import ObjectOf, OptionsSchema
from omrclip.schemas.wire import EncodedBytes, ListOf, WireSchema, load_strictly


class TemplateSource(Expected):
    """A template as an object, as base64 of its file, or as the name of a stored template."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("a template object, its file in base64, or the name of a stored template", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any] | str:
        if not isinstance(value, dict | str) or not value:
            raise self.refusal(value)
        return value

    def rule(self) -> dict[str, Any]:
        """An object or a string."""
        return {"anyOf": [{"$ref": "#/components/schemas/Template"}, {"type": "string", "minLength": 1}]}


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
    """A parsed JSON request. `template` is an object, base64 or a name."""

    template: dict[str, Any] | str
    images: list[Scan]
    template_image: bytes | None = None
    options: RecognitionOptions = field(default_factory=RecognitionOptions)


class ImageList(ListOf):
    """At least one image."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if value == []:
            raise ValidationError("a list of at least one image, not an empty list")
        return super()._deserialize(value, *args, **kwargs)


class RecognitionRequestSchema(WireSchema):
    """The body of `POST /api/recognitions` as JSON."""

    template = TemplateSource(required=True)
    template_image = EncodedBytes(load_default=None)
    images = ImageList(ObjectOf(ImageSchema()), "a list of images", required=True, metadata={"minItems": 1})
    options = ObjectOf(OptionsSchema(), allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> RecognitionRequest:
        """Load to RecognitionRequest. Null values are treated like missing keys."""
        return RecognitionRequest(**{key: value for key, value in data.items() if value is not None})


_REQUEST = RecognitionRequestSchema()


def load_request(body: bytes, limits: Limits = DEFAULT_LIMITS) -> RecognitionRequest:
    """Read a JSON request.

    Raises:
        InvalidRequest: with all wrong keys.
    """
    request: RecognitionRequest = load_strictly(_REQUEST, body, "$", limits)
    return request
