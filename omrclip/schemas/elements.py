"""The marshmallow schemas of the `.omr` format. Each loads one kind of object to its class in `omr.template`.

The order of the fields is the order in which they are written for an object that was created in code.
"""

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, missing

from omrclip.omr import template as omr
from omrclip.schemas.enough import load_in_chunks
from omrclip.schemas.fields import (
    AnyCaseChoice,
    Base64,
    BubbleValue,
    ElementName,
    Expected,
    Number,
    NumberOrText,
    RoundedNumber,
    SomeText,
    Text,
    TrueOrFalse,
    TypeName,
    plain_type,
)
from omrclip.schemas.model_schema import ListOf, ListsOf, ModelSchema, not_an_object

SOME_BUBBLES = "a list of at least one bubble"
ORIENTATIONS = ("Horizontal", "Vertical")
REFERENCE_POINT_TYPES = ("ReferencePoint", "ReferencePointElement")


class Elements(Expected):
    """A list of elements, each loaded by the schema of its Type. Elements of an unknown Type are preserved unchanged.

    On a page, elements with an answer must have names; in a grid the names are optional. A ClipArea can only be on a
    page, so that its name and its position in the results are clear.
    """

    def __init__(self, *, in_grid: bool = False, **settings: Any) -> None:
        super().__init__("a list of at least one element" if in_grid else "a list of elements", **settings)
        self.in_grid = in_grid

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[omr.Element, ...]:
        if not isinstance(value, list):
            raise self.refusal(value)
        if self.in_grid and not value:
            raise ValidationError(f"{self.expected}, not an empty list")
        return tuple(load_in_chunks(value, self._load))

    def _load(self, items: Sequence[Any]) -> list[omr.Element]:
        misfits = {index: problem for index, item in enumerate(items) if (problem := self._misfit(item))}
        loaded, errors = _load_by_type(items)
        if misfits or errors:
            wrong = sorted(misfits.keys() | errors.keys())
            raise ValidationError({index: {**errors.get(index, {}), **misfits.get(index, {})} for index in wrong})
        return [loaded[index] for index in range(len(items))]

    def _misfit(self, item: object) -> dict[str, list[str]]:
        """A problem of an element that its own schema cannot detect, or None."""
        if not isinstance(item, dict):
            return not_an_object(item)
        if problem := _problem_of(TYPE, item, "Type"):
            return problem
        if self.in_grid:
            misplaced = kind_of(item["Type"]) == "ClipArea"
            return {"Type": ["another element than a ClipArea, which belongs on a page"]} if misplaced else {}
        return _problem_of(NAME, item, "Name") if kind_of(item["Type"]) in NAMED_TYPES else {}

    def _serialize(self, value: Any, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return [dump_element(element) for element in value]

    def default_as_json(self) -> list[Any]:
        """No elements."""
        return []

    def rule(self) -> dict[str, Any]:
        """A list, its items defined elsewhere."""
        items = {"$ref": f"#/$defs/{'GridElement' if self.in_grid else 'PageElement'}"}
        return {"type": "array", "minItems": 1 if self.in_grid else 0, "items": items}


class BubbleSchema(ModelSchema):
    """A bubble. It has no Type, and its width and height are those of its box."""

    model = omr.Bubble

    value = BubbleValue()
    top = Number(required=True)
    left = Number(required=True)
    is_valid = TrueOrFalse(load_default=True)


def _type(*names: str, **settings: Any) -> TypeName:
    return TypeName(names, required=True, **settings)


def _place(**bound: float) -> tuple[Number, Number, Number, Number]:
    """Width, height, top and left: the order in which they are written."""
    width, height = (Number(**bound or {"above": 0}, required=True) for _ in range(2))
    return width, height, Number(required=True), Number(required=True)


class ChoiceBoxSchema(ModelSchema):
    """A ChoiceBox; its Name may be absent in a Grid."""

    model = omr.ChoiceBox

    type = _type("ChoiceBox", dump_only=True)
    name = ElementName(load_default=None)
    orientation = AnyCaseChoice(ORIENTATIONS, load_default=None)
    multiselect = TrueOrFalse(load_default=False)
    aligned_horizontally = TrueOrFalse(load_default=None)
    aligned_vertically = TrueOrFalse(load_default=None)
    bubble_width = Number(above=0, required=True)
    bubble_height = Number(above=0, required=True)
    bubbles = ListOf(BubbleSchema(), SOME_BUBBLES)
    threshold = Number(least=0, most=100, load_default=None)
    width, height, top, left = _place(least=0)


class CheckBoxSchema(ChoiceBoxSchema):
    """A CheckBox; several of its bubbles may be marked."""

    model = omr.CheckBox

    type = _type("CheckBox", dump_only=True)
    multiselect = TrueOrFalse(load_default=True)


class ReplaceTriggerSchema(ChoiceBoxSchema):
    """A ReplaceTrigger: if it is marked, the element named Target has this Value."""

    model = omr.ReplaceTrigger

    type = _type("ReplaceTrigger", dump_only=True)
    target = Text(load_default=None)
    value = Text(load_default=None)


class GridSchema(ModelSchema):
    """A Grid; its Name may be absent in another Grid."""

    model = omr.Grid

    type = _type("Grid", dump_only=True)
    name = ElementName(load_default=None)
    orientation = AnyCaseChoice(ORIENTATIONS, load_default=None)
    aligned_horizontally = TrueOrFalse(load_default=None)
    aligned_vertically = TrueOrFalse(load_default=None)
    elements = Elements(in_grid=True, required=True)
    width, height, top, left = _place(least=0)


class CompositeGridSchema(ModelSchema):
    """A CompositeGrid; its Bubbles are a list for each symbol."""

    model = omr.CompositeGrid

    type = _type("CompositeGrid", dump_only=True)
    name = ElementName(load_default=None)
    bubble_width = Number(above=0, required=True)
    bubble_height = Number(above=0, required=True)
    bubbles = ListsOf(
        BubbleSchema(), "a list with a list of bubbles for each symbol", SOME_BUBBLES, attribute="symbols"
    )
    width, height, top, left = _place(least=0)

    def make(self, values: dict[str, Any]) -> Any:
        """Make a ChoiceBox for each symbol. Its place is that of its bubbles."""
        wide, high = values.pop("bubble_width"), values.pop("bubble_height")
        elements = tuple(
            omr.ChoiceBox(left=0, top=0, width=0, height=0, bubble_width=wide, bubble_height=high, bubbles=bubbles)
            for bubbles in values.pop("symbols")
        )
        return super().make({**values, "elements": elements})


class ScoreBubbleSchema(BubbleSchema):
    """A bubble of a ScoreAnswer."""

    model = omr.ScoreBubble

    is_positive = TrueOrFalse(load_default=True)
    score = Number(load_default=1)


class ScoreAnswerSchema(ModelSchema):
    """A criterion of a ScoreQuestion; it has no Type."""

    model = omr.ScoreAnswer

    name = ElementName(load_default=None)
    bubble_width = Number(above=0, required=True)
    bubble_height = Number(above=0, required=True)
    bubbles = ListOf(ScoreBubbleSchema(), SOME_BUBBLES)
    width, height, top, left = _place(least=0)


class ScoreQuestionSchema(ModelSchema):
    """A question of a ScoreGroup; it has no Type."""

    model = omr.ScoreQuestion

    name = ElementName(load_default=None)
    score_answers = ListOf(ScoreAnswerSchema(), "a list of at least one answer", attribute="elements")
    width, height, top, left = _place(least=0)


class ScoreGroupSchema(ModelSchema):
    """A ScoreGroup: questions whose marks are added up."""

    model = omr.ScoreGroup

    type = _type("ScoreGroup", dump_only=True)
    name = ElementName(load_default=None)
    questions = ListOf(ScoreQuestionSchema(), "a list of at least one question", attribute="elements")
    width, height, top, left = _place(least=0)


class BarcodeSchema(ModelSchema):
    """A Barcode; its Name may be absent in a Grid."""

    model = omr.Barcode

    type = _type("Barcode", dump_only=True)
    name = ElementName(load_default=None)
    barcode_type = SomeText("the name of a bar code type", required=True)
    qr_version = NumberOrText(load_default=None)
    width, height, top, left = _place()


class BarcodeDownloadableSchema(BarcodeSchema):
    """A Barcode under the name that newer generators give it."""

    model = omr.BarcodeDownloadable

    type = _type("BarcodeDownloadable", dump_only=True)


class ClipAreaSchema(ModelSchema):
    """A ClipArea; it always has a Name."""

    model = omr.ClipArea

    type = _type("ClipArea", dump_only=True)
    name = ElementName(required=True)
    jpeg_quality = RoundedNumber(least=0, most=100, load_default=omr.DEFAULT_JPEG_QUALITY)
    required = TrueOrFalse(load_default=None)
    width, height, top, left = _place()


class ReferencePointSchema(ModelSchema):
    """A reference point, of either Type. Its Name is any string and has no meaning."""

    model = omr.ReferencePoint

    type = _type(*REFERENCE_POINT_TYPES)
    name = Text(load_default=None)
    reference_type = Text(load_default=None)
    width, height, top, left = _place()


class PageSchema(ModelSchema):
    """A page; it may be without elements."""

    model = omr.Page

    height = Number(above=0, required=True)
    width = Number(above=0, required=True)
    image_name = Text(load_default=None)
    image_format = Text(load_default=None)
    image_data = Base64(load_default=None)
    elements = Elements(load_default=())


class TemplateSchema(ModelSchema):
    """The document; only Pages has to be there."""

    model = omr.Template

    version = NumberOrText(load_default=None)
    name = Text(load_default="")
    template_id = Text(load_default=None)
    finalization_complete = TrueOrFalse(load_default=None)
    is_generated = TrueOrFalse(load_default=None)
    booklet_by = Text(load_default=None)
    pages = ListOf(PageSchema(), "a list of at least one page")


ELEMENT_SCHEMAS: dict[str, ModelSchema] = {
    "ChoiceBox": ChoiceBoxSchema(),
    "CheckBox": CheckBoxSchema(),
    "ReplaceTrigger": ReplaceTriggerSchema(),
    "Grid": GridSchema(),
    "CompositeGrid": CompositeGridSchema(),
    "ScoreGroup": ScoreGroupSchema(),
    "Barcode": BarcodeSchema(),
    "BarcodeDownloadable": BarcodeDownloadableSchema(),
    "ClipArea": ClipAreaSchema(),
    **dict.fromkeys(REFERENCE_POINT_TYPES, ReferencePointSchema()),
}
TEMPLATE = TemplateSchema()
TYPE = SomeText("the name of an element type", required=True)
NAME = ElementName(required=True)
NAMED_TYPES = frozenset(
    name for name, schema in ELEMENT_SCHEMAS.items() if isinstance(schema.fields["name"], ElementName)
)


_KINDS = {name.casefold(): name for name in ELEMENT_SCHEMAS}


def kind_of(type_name: str) -> str:
    """The type as which an element is loaded. Its letter case does not matter. Unknown types are returned unchanged."""
    return _KINDS.get(plain_type(type_name).casefold(), type_name)


def dump_element(element: omr.Element) -> dict[str, Any]:
    """An element as JSON, with its Type first."""
    if isinstance(element, omr.UnknownElement):
        return {"Type": element.type, **copy.deepcopy(_without_type(element.source))}
    written: dict[str, Any] = ELEMENT_SCHEMAS[element.type].dump(element)
    return written


def _load_by_type(items: Sequence[Any]) -> tuple[dict[int, omr.Element], dict[int, Any]]:
    """The elements that could be loaded, and the problems of the others, by index.

    All elements of a type are loaded by one call, because a call of marshmallow is slower than an element.
    """
    indexes_of = defaultdict(list)
    for index, item in enumerate(items):
        if isinstance(item, dict) and isinstance(item.get("Type"), str):
            indexes_of[kind_of(item["Type"])].append(index)
    loaded: dict[int, omr.Element] = {}
    errors: dict[int, Any] = {}
    for type_name, indexes in indexes_of.items():
        try:
            loaded.update(zip(indexes, _load(type_name, [items[index] for index in indexes]), strict=True))
        except ValidationError as error:
            errors.update((indexes[int(position)], problem) for position, problem in error.messages_dict.items())
    return loaded, errors


def _load(type_name: str, items: list[dict[str, Any]]) -> list[omr.Element]:
    if type_name not in ELEMENT_SCHEMAS:
        return [omr.UnknownElement(type=item["Type"], source=_without_type(item)) for item in items]
    loaded: list[omr.Element] = ELEMENT_SCHEMAS[type_name].load(items, many=True)
    return loaded


def _without_type(members: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in members.items() if key != "Type"}


def _problem_of(field: Expected, item: dict[str, Any], key: str) -> dict[str, list[str]]:
    try:
        field.deserialize(item.get(key, missing))
    except ValidationError as error:
        return {key: list(error.messages)}
    return {}
