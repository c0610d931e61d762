"""Fields with a description, a loader, and a JSON Schema.

Every problem has the form "EXPECTED, not ACTUAL". Null is accepted instead of a default value, because generators write
null for values that are not set.
"""

import math
import re
from collections.abc import Collection
from typing import Any

from marshmallow import ValidationError, fields, missing

from omrclip.imaging.geometry import round_pixel
from omrclip.omr.template import decode_base64
from omrclip.schemas.documents import shown

MOST_PIXELS = 1_000_000
MOST_NAME_LENGTH = 2000
_NUMBER = r"-?[0-9]{1,20}(\.[0-9]{1,20})?"
_NOT_NEGATIVE = r"[0-9]{1,20}(\.[0-9]{1,20})?"
_POSITIVE = r"0{0,9}[1-9][0-9]{0,9}(\.[0-9]{1,20})?|0{1,10}\.0{0,9}[1-9][0-9]{0,9}"
_WHOLE_NUMBER = r"[0-9]{1,20}(\.0{1,20})?"
_BOOLEANS = {"true": True, "false": False}
# They end a line of the results.
_BREAKS_A_LINE = r"\x00-\x1f\x7f-\x9f\u2028\u2029"


class Expected(fields.Field[Any]):
    """A field that reports missing, null and wrong values with the text `expected`."""

    def __init__(self, expected: str, **settings: Any) -> None:
        messages: dict[str, Any] = {"required": f"{expected}; it is missing", "null": f"{expected}, not null"}
        # an optional value may also be null
        super().__init__(allow_none=not settings.get("required"), error_messages=messages, **settings)
        self.expected = expected

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Load a value. Null becomes the default.

        This replaces marshmallow's method, whose hooks these fields do not use. It halves the time, and a template has
        thousands of values.
        """
        if value is None or value is missing:
            self._validate_missing(value)
            return self.load_default() if callable(self.load_default) else self.load_default
        loaded = self._deserialize(value, attr, data, **kwargs)
        if self.validators:
            self._validate(loaded)
        return loaded

    def refusal(self, value: object) -> ValidationError:
        """The error with the expected and the actual value."""
        return ValidationError(f"{self.expected}, not {shown(value)}")

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of the field: `rule`, null if that is the default, and the default."""
        if not self.allow_none:
            return self.rule()
        rule = {"anyOf": [self.rule(), {"type": "null"}]}
        return rule if self.load_default is None else {**rule, "default": self.default_as_json()}

    def rule(self) -> dict[str, Any]:
        """The JSON Schema of the values that the field accepts, without null."""
        raise NotImplementedError

    def default_as_json(self) -> Any:
        """The default as it is written in a document."""
        return self.load_default


class Number(Expected):
    """An integer or float, which may also be written as a string. Loads to int or float."""

    def __init__(
        self, *, above: float | None = None, least: float | None = None, most: float = MOST_PIXELS, **settings: Any
    ) -> None:
        bound = "" if above is None else f" above {above}"
        if least is not None:
            bound = f" from {least} on" if most == MOST_PIXELS else f" from {least} to {most}"
        super().__init__(f"a number{bound}", **settings)
        self.above, self.least, self.most = above, least, most

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        number = as_number(value)
        if number is None or not self._is_in_range(number):
            raise self.refusal(value)
        if abs(number) > MOST_PIXELS:
            raise ValidationError(f"{self.expected}, no further than {MOST_PIXELS} from 0, not {shown(value)}")
        return number

    def _is_in_range(self, number: float) -> bool:
        if (self.above is not None and number <= self.above) or (self.least is not None and number < self.least):
            return False
        return self.most == MOST_PIXELS or number <= self.most

    def rule(self) -> dict[str, Any]:
        """A number in range, or a string that is one."""
        lowest: dict[str, float] = {"minimum": -MOST_PIXELS}
        written = _NUMBER  # all bounds are 0
        if self.above is not None:
            lowest, written = {"exclusiveMinimum": self.above}, _POSITIVE
        elif self.least is not None:
            lowest, written = {"minimum": self.least}, _NOT_NEGATIVE
        number = {"type": "number", **lowest, "maximum": self.most}
        return {"anyOf": [number, {"type": "string", "pattern": f"^({written})$"}]}


class RoundedNumber(Number):
    """A number that is rounded to a whole one; loads to int."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        return round_pixel(super()._deserialize(value))


class WholeNumber(Expected):
    """A whole number within limits, which may also be written as 85.0 or "85". Loads to int."""

    def __init__(self, least: int, most: int, **settings: Any) -> None:
        super().__init__(f"a whole number from {least} to {most}", **settings)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        number = as_number(value)
        if number is None or number != int(number) or not self.least <= number <= self.most:
            raise self.refusal(value)
        return int(number)

    def rule(self) -> dict[str, Any]:
        """An integer in range, or a string that is one."""
        integer = {"type": "integer", "minimum": self.least, "maximum": self.most}
        return {"anyOf": [integer, {"type": "string", "pattern": f"^{_WHOLE_NUMBER}$"}]}


class TrueOrFalse(Expected):
    """A JSON boolean, also written as a string in any letter case."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("true or false", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        found = _BOOLEANS.get(value.casefold()) if isinstance(value, str) else value
        if not isinstance(found, bool):
            raise self.refusal(value)
        return found

    def rule(self) -> dict[str, Any]:
        """A boolean, or a string that is one."""
        return {
            "anyOf": [{"type": "boolean"}, {"type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"}]
        }


class Text(Expected):
    """A string."""

    def __init__(self, expected: str = "a string", **settings: Any) -> None:
        super().__init__(expected, **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not self.accepts(value):
            raise self.refusal(value)
        return value

    def accepts(self, _text: str) -> bool:
        """Whether the field accepts a string."""
        return True

    def rule(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string"}


class SomeText(Text):
    """A string of one character or more."""

    def __init__(self, expected: str = "a string that is not empty", **settings: Any) -> None:
        super().__init__(expected, **settings)

    def accepts(self, text: str) -> bool:
        """Whether it is not empty."""
        return text != ""

    def rule(self) -> dict[str, Any]:
        """A string that is not empty."""
        return {"type": "string", "minLength": 1}


class Choice(Text):
    """One of a few strings, letter case included."""

    def __init__(self, choices: Collection[str], **settings: Any) -> None:
        super().__init__(" or ".join(f'"{choice}"' for choice in choices), **settings)
        self.choices = choices

    def accepts(self, text: str) -> bool:
        """Whether it is one of the choices."""
        return text in self.choices

    def rule(self) -> dict[str, Any]:
        """The choices."""
        return {"enum": list(self.choices)}


class AnyCaseChoice(Choice):
    """One of a few strings in any letter case. Loads to the choice in its original letter case."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        folded = value.casefold() if isinstance(value, str) else None
        choice = next((choice for choice in self.choices if choice.casefold() == folded), None)
        if choice is None:
            raise self.refusal(value)
        return choice

    def rule(self) -> dict[str, Any]:
        """A string. A pattern with all letter cases of the choices would be unreadable."""
        return {"type": "string", "examples": list(self.choices)}


class TypeName(AnyCaseChoice):
    """The type of an element whose schema was chosen by it."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        return super()._deserialize(plain_type(value) if isinstance(value, str) else value)

    def rule(self) -> dict[str, Any]:
        """The types. JSON Schema cannot express the other spellings that the loader accepts."""
        return {"enum": list(self.choices)}


class AnswerText(Text):
    """A string that fits into one line of a result file."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("a string without control characters and line breaks", **settings)

    def accepts(self, text: str) -> bool:
        """Whether it stays within its line."""
        return re.search(f"[{_BREAKS_A_LINE}]", text) is None

    def rule(self) -> dict[str, Any]:
        """A string without characters that end a line."""
        return {"type": "string", "pattern": f"^[^{_BREAKS_A_LINE}]*$"}


class BubbleValue(AnswerText):
    """The value of a bubble. Null is an empty text. A missing Value is an error, because the key may be misspelled."""

    def __init__(self) -> None:
        super().__init__(required=True)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Load a value."""
        return "" if value is None else super().deserialize(value, attr, data, **kwargs)

    def rule(self) -> dict[str, Any]:
        """The rule of AnswerText, or null."""
        return {"anyOf": [super().rule(), {"type": "null"}]}


class ElementName(Text):
    """A name: any text, which may contain separators and control characters. An optional name may be null or "".

    `omr.report.file_names` converts it to a part of a file name, and `omr.labels` to a single line.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(f"a name of at most {MOST_NAME_LENGTH:,} characters", **settings)

    def accepts(self, text: str) -> bool:
        """Whether it is a name."""
        return len(text) <= MOST_NAME_LENGTH and (text != "" or not self.required)

    def rule(self) -> dict[str, Any]:
        """A string that is not too long."""
        return {"type": "string", "minLength": 1 if self.required else 0, "maxLength": MOST_NAME_LENGTH}


class Base64(Text):
    """Base64, which may contain line breaks. It stays a string."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("base64", **settings)

    def accepts(self, text: str) -> bool:
        """Whether it decodes."""
        try:
            decode_base64(text)
        except ValueError:
            return False
        return True

    def rule(self) -> dict[str, Any]:
        """A string. JSON Schema cannot check that it decodes."""
        return {"type": "string", "contentEncoding": "base64"}


class NumberOrText(Expected):
    """A number or a string, which is not converted. Generators write these values in both ways."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("a number or a string", **settings)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float | str:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self.refusal(value)
        return value

    def rule(self) -> dict[str, Any]:
        """A number or a string."""
        return {"type": ["number", "string"]}


def plain_type(text: str) -> str:
    """A type name without the additions of serializers: `CompositeGridOmr:#Some.Namespace` is `CompositeGrid`."""
    return text.partition(":#")[0].removesuffix("Omr")


def as_number(value: object) -> float | None:
    """A JSON number, or a string with a number, as int or float. None for anything else."""
    if isinstance(value, int | float):
        return None if isinstance(value, bool) or not -math.inf < value < math.inf else value
    if not isinstance(value, str) or not re.fullmatch(_NUMBER, value):
        return None
    return float(value) if "." in value else int(value)
