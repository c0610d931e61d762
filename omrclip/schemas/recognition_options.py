"""The schema of the options of a recognition."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from omrclip.iiif.request import Format
from omrclip.omr.options import CLIP_FORMATS, ClipScale, Orientation, RecognitionOptions
from omrclip.omr.results import ElementStatus, MarkThresholds
from omrclip.schemas.fields import AnswerText, Choice, Expected, WholeNumber, as_number
from omrclip.schemas.wire import WireSchema, load_strictly

MOST_CLIP_MARGIN = 500
"""In page pixels. At 300 dpi this is 1.7 inches, more than any caption around a clip area needs."""
MOST_GAP = 8
"""In characters. This is enough for an escape such as `&nbsp;` or a word such as `(empty)`."""
BLANK_IS = (ElementStatus.BLANK, ElementStatus.UNCERTAIN)


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
    """Whether to store a recognition: true for the time in the settings, or the number of seconds."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("true, false, or a whole number of seconds above 0", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool | int:
        if isinstance(value, bool) or (isinstance(value, int) and value > 0):
            return value
        raise self.refusal(value)

    def rule(self) -> dict[str, Any]:
        """A boolean or an integer."""
        return {"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1}]}


class Fill(Expected):
    """The share of a bubble that is covered, 0 to 1."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("a number from 0 to 1", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if isinstance(value, str) or (number := as_number(value)) is None or not 0 <= number <= 1:
            raise self.refusal(value)
        return float(number)

    def rule(self) -> dict[str, Any]:
        """A number in range."""
        return {"type": "number", "minimum": 0, "maximum": 1}


class GapText(AnswerText):
    """The text for an empty column of a Grid: at most MOST_GAP characters."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.expected = f"a string of at most {MOST_GAP} characters, without control characters and line breaks"

    def accepts(self, text: str) -> bool:
        """Whether it is short and stays within its line."""
        return len(text) <= MOST_GAP and super().accepts(text)

    def rule(self) -> dict[str, Any]:
        """A short string without characters that end a line."""
        return {**super().rule(), "maxLength": MOST_GAP}


class ObjectOf(fields.Nested):
    """An object of another schema. Wrong types are reported as by the other fields."""

    default_error_messages = {
        "type": "an object",
        "required": "an object; it is missing",
        "null": "an object, not null",
    }


class MarkThresholdsSchema(WireSchema):
    """The fill from which a bubble is marked, and the fill up to which it is blank. In between it is uncertain."""

    marked = Fill(load_default=MarkThresholds().marked)
    blank = Fill(load_default=MarkThresholds().blank)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> MarkThresholds:
        """Load to MarkThresholds."""
        thresholds = MarkThresholds(**data)
        if thresholds.blank >= thresholds.marked:
            expected = f"a number below Marked, {thresholds.marked}, not {thresholds.blank}"
            raise ValidationError(expected, field_name="Blank")
        return thresholds


class OptionsSchema(WireSchema):
    """The options of a recognition."""

    clip_format = Choice([str(f) for f in CLIP_FORMATS], load_default=None)
    clip_scale = Choice([str(scale) for scale in ClipScale], load_default=str(ClipScale.TEMPLATE))
    clip_margin = WholeNumber(0, MOST_CLIP_MARGIN, load_default=0)
    mark_thresholds = ObjectOf(MarkThresholdsSchema(), load_default=None, allow_none=True)
    orientation = Choice([str(way) for way in Orientation], load_default=str(Orientation.ANY))
    grid_gap = GapText(load_default=RecognitionOptions().grid_gap)
    blank_is = Choice([str(status) for status in BLANK_IS], load_default=None)
    pages = PageNumbers(load_default={})
    keep = KeepTime(load_default=False)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> RecognitionOptions:
        """Load to RecognitionOptions."""
        chosen = data["clip_format"]
        keep = data["keep"]
        return RecognitionOptions(
            clip_format=Format(chosen) if chosen else None,
            clip_scale=ClipScale(data["clip_scale"]),
            clip_margin=data["clip_margin"],
            thresholds=data["mark_thresholds"] or MarkThresholds(),
            orientation=Orientation(data["orientation"]),
            grid_gap=data["grid_gap"],
            blank_is=ElementStatus(data["blank_is"]) if data["blank_is"] else None,
            pages=data["pages"],
            keep=keep is not False,
            keep_seconds=None if isinstance(keep, bool) else keep,
        )


_OPTIONS = OptionsSchema()


def load_options(text: str | bytes | dict[str, object]) -> RecognitionOptions:
    """Read the options of a multipart request or of the command line.

    Raises:
        InvalidRequest: with all wrong options.
    """
    options: RecognitionOptions = load_strictly(_OPTIONS, text, "$.Options")
    return options


def dump_options(options: RecognitionOptions) -> dict[str, Any]:
    """The options that change what is read and cut, as JSON values that `load_options` takes."""
    thresholds = options.thresholds
    return {
        "ClipFormat": options.clip_format and str(options.clip_format),
        "ClipScale": str(options.clip_scale),
        "ClipMargin": options.clip_margin,
        "MarkThresholds": {"Marked": thresholds.marked, "Blank": thresholds.blank},
        "Orientation": str(options.orientation),
        "GridGap": options.grid_gap,
        "BlankIs": options.blank_is and str(options.blank_is),
        "Pages": dict(options.pages),
    }
