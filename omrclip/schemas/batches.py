"""Schemas of requests about batches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from omrclip.errors import Failure
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.report.file_names import file_key
from omrclip.schemas.fields import MOST_PIXELS, Expected, SomeText, Text, WholeNumber
from omrclip.schemas.recognition_options import ObjectOf, OptionsSchema
from omrclip.schemas.wire import ListOf, WireSchema, load_strictly

MOST_SECONDS = 10**9
LONGEST_NAME = 200
FOR_GOOD = 0
"""The seconds of a batch that does not expire."""


class BatchName(Text):
    """The name of a batch, for people: one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(f"a string of 1 to {LONGEST_NAME} printable characters", **settings)

    def accepts(self, text: str) -> bool:
        """Whether it is one short line that is not blank."""
        return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text.strip() != ""

    def rule(self) -> dict[str, Any]:
        """A short string without control characters, with at least one letter, digit or sign."""
        return {"type": "string", "maxLength": LONGEST_NAME, "pattern": r"^[!-~ ]*[!-~][!-~ ]*$"}


class KeepSeconds(Expected):
    """How long a batch is stored, or null for good."""

    def __init__(self) -> None:
        super().__init__(f"a whole number of seconds from 1 to {MOST_SECONDS}, or null for good", load_default=None)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Load a value. Null is not the same as a missing key here."""
        return FOR_GOOD if value is None else super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())  # 60.0 is one in JSON
        if isinstance(value, bool) or not is_whole or not 1 <= value <= MOST_SECONDS:
            raise self.refusal(value)
        return int(value)

    def rule(self) -> dict[str, Any]:
        """An integer in range."""
        return {"type": "integer", "minimum": 1, "maximum": MOST_SECONDS}


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A batch to create.

    `booklet_by` is None if the templates say it. `keep_seconds` may be FOR_GOOD, and is None if the request does
    not say how long.
    """

    name: str
    templates: tuple[str, ...]
    options: RecognitionOptions = field(default_factory=RecognitionOptions)
    keep_seconds: int | None = None
    booklet_by: str | None = None


@dataclass(frozen=True, slots=True)
class BatchChange:
    """A change of a batch. What is None stays. `keep_seconds` may be FOR_GOOD."""

    name: str | None = None
    keep_seconds: int | None = None


_STORED = "the name of a stored template"
MOST_TEMPLATES = 100
MOST_PAGE_NUMBER = 9999


class BatchRequestSchema(WireSchema):
    """The body of `POST /api/batches`."""

    name = BatchName(required=True)
    template = Text(_STORED, load_default=None)
    templates = ListOf(Text(_STORED, required=True), "a list of names of stored templates", load_default=None)
    booklet_by = SomeText("the name or the path of an element", load_default=None)
    options = ObjectOf(OptionsSchema(), allow_none=True)
    keep_seconds = KeepSeconds()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> BatchRequest:
        """Load to BatchRequest."""
        return BatchRequest(
            data["name"],
            _templates(data),
            data.get("options") or RecognitionOptions(),
            data.get("keep_seconds"),
            data.get("booklet_by"),
        )


def _templates(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the templates. Raises ValidationError unless the request has one of the two keys."""
    one, several = data.get("template"), data.get("templates")
    if (one is None) == (several is None):
        raise ValidationError(f"{_STORED}, or the key Templates with several of them, and not both", "Template")
    names = (one,) if one is not None else tuple(several or ())
    if not 1 <= len(names) <= MOST_TEMPLATES or len({file_key(name) for name in names}) < len(names):
        raise ValidationError(f"a list of 1 to {MOST_TEMPLATES} different names of stored templates", "Templates")
    return names


class BatchChangeSchema(WireSchema):
    """The body of `PATCH /api/batches/{id}`."""

    name = BatchName(load_default=None)
    keep_seconds = KeepSeconds()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> BatchChange:
        """Load to BatchChange."""
        return BatchChange(data.get("name"), data.get("keep_seconds"))


class PagePoint(Expected):
    """A point (x, y) in pixels of a scan. It may lie outside the scan."""

    def __init__(self) -> None:
        super().__init__(
            f"two numbers from -{MOST_PIXELS} to {MOST_PIXELS}: x and y in pixels of the scan", required=True
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[float, float]:
        if not isinstance(value, list) or len(value) != 2 or not all(map(_is_place, value)):
            raise self.refusal(value)
        return float(value[0]), float(value[1])

    def rule(self) -> dict[str, Any]:
        """A list of two numbers."""
        number = {"type": "number", "minimum": -MOST_PIXELS, "maximum": MOST_PIXELS}
        return {"type": "array", "items": number, "minItems": 2, "maxItems": 2}


def _is_place(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST_PIXELS


@dataclass(frozen=True, slots=True)
class PlacementRequest:
    """The corners of a page in a scan: top left, top right, bottom right, bottom left."""

    template: str
    page: int
    corners: tuple[tuple[float, float], ...]


class PlacementSchema(WireSchema):
    """The body of `PUT /api/batches/{id}/sheets/{sheet}/placement`."""

    template = Text("the name of a template of the batch", required=True)
    page = WholeNumber(1, MOST_PAGE_NUMBER, required=True)
    corners = ListOf(
        PagePoint(),
        "a list of four points",
        required=True,
        validate=validate.Length(equal=4, error="four points: top left, top right, bottom right and bottom left"),
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> PlacementRequest:
        """Load to PlacementRequest."""
        return PlacementRequest(data["template"], data["page"], tuple(data["corners"]))


class BatchSchema(WireSchema):
    """A batch as it is answered."""

    identifier = fields.String(required=True)
    name = fields.String(required=True)
    uri = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["waiting", "running", "done", "failed"]})
    message = fields.String(required=True, metadata={"description": "Why the batch failed, or empty"})
    error = fields.Raw(
        required=True,
        metadata={
            "type": ["object", "null"],
            "description": "The same as code, message and details; null if an older version wrote the message",
        },
    )
    template = fields.String(required=True, metadata={"description": "The first template"})
    templates = fields.List(fields.String(), required=True)
    options = fields.Dict(required=True)
    created = fields.Float(required=True, metadata={"description": "Seconds since 1970"})
    expires = fields.Float(required=True, allow_none=True, metadata={"description": "Seconds since 1970, or null"})
    total = fields.Integer(required=True, metadata={"description": "Number of sheets"})
    done = fields.Integer(required=True)
    passed = fields.Integer(required=True)
    doubtful = fields.Integer(required=True, metadata={"description": "Sheets that passed with doubtful answers"})
    reviewed = fields.Integer(
        required=True,
        metadata={"description": "Doubtful sheets whose doubtful answers were all confirmed or corrected"},
    )
    failed = fields.Integer(required=True)
    sheets_per_hour = fields.Integer(required=True, allow_none=True)
    results = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Addresses of the results, by name. They answer 404 until they are written"},
    )


class TakenSchema(WireSchema):
    """A document that is in the batch, and the number of its sheets."""

    name = fields.String(required=True)
    sheets = fields.Integer(required=True)


class RefusedSchema(WireSchema):
    """A document that is not in the batch, and why."""

    name = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)
    details = fields.Dict(required=True)


class IntakeSchema(WireSchema):
    """What happened to the documents of a request."""

    taken = fields.List(fields.Nested(TakenSchema()), required=True)
    refused = fields.List(fields.Nested(RefusedSchema()), required=True)


class LaterSchema(BatchSchema, IntakeSchema):
    """The batch of a recognition that the client does not wait for, and what happened to its files."""


_REQUEST, _CHANGE, _PLACEMENT = BatchRequestSchema(), BatchChangeSchema(), PlacementSchema()


def dump_failure(failure: Failure | None) -> dict[str, object] | None:
    """Why a batch failed, as in answers about scans."""
    if failure is None:
        return None
    return {"code": failure.code, "message": failure.message, "details": dict(failure.details)}


def load_batch_request(body: bytes, limits: Limits = DEFAULT_LIMITS) -> BatchRequest:
    """Read a request for a batch. Raises InvalidRequest with all wrong keys."""
    loaded: BatchRequest = load_strictly(_REQUEST, body, "$", limits)
    return loaded


def load_batch_change(body: bytes, limits: Limits = DEFAULT_LIMITS) -> BatchChange:
    """Read a change of a batch. Raises InvalidRequest with all wrong keys."""
    loaded: BatchChange = load_strictly(_CHANGE, body, "$", limits)
    return loaded


def load_placement(body: bytes, limits: Limits = DEFAULT_LIMITS) -> PlacementRequest:
    """Read where a page lies in a scan. Raises InvalidRequest with all wrong keys."""
    loaded: PlacementRequest = load_strictly(_PLACEMENT, body, "$", limits)
    return loaded
