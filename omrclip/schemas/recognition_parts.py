"""The parts of an answer about one scan: registration, elements and clips.

`Corners` are four points (x, y) in pixels of the uploaded scan, in any orientation of the scan. Their order is that of
the page: top left, top right, bottom right, bottom left.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from marshmallow import fields, post_load

from omrclip.imaging import ops
from omrclip.imaging.geometry import Box
from omrclip.omr.clips import Clip
from omrclip.omr.options import CLIP_FORMATS
from omrclip.omr.registration.find import Registration
from omrclip.omr.results import BubbleResult, Corners, ElementResult, ElementStatus
from omrclip.schemas.wire import WireSchema
from omrclip.wording import dump_said, load_message

# More decimals would be noise. A page pixel may cover several scan pixels, so offsets on the page have one more.
SCAN_DECIMALS, BEND_DECIMALS, SHARE_DECIMALS = 2, 3, 3

_NUMBERS = {"type": "array", "items": {"type": "number"}}
_POINTS = {"type": "array", "items": _NUMBERS}
SAID: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["Code", "Values", "Text"],
        "properties": {"Code": {"type": "string"}, "Values": {"type": "object"}, "Text": {"type": "string"}},
    },
    "description": "The sentences of the message, with codes and values by which it can be said in other languages. "
    "The code of a text that has none is empty",
}


class Points(fields.List[Any]):
    """Points (x, y) in scan pixels. They load to tuples."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(fields.List(fields.Float()), **settings)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return _rounded(value, SCAN_DECIMALS)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Corners:  # type: ignore[override]
        points: Any = super()._deserialize(value, *args, **kwargs)
        return tuple((x, y) for x, y in points)


class Share(fields.Float):
    """A number from 0 to 1."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(metadata={"minimum": 0, "maximum": 1}, **settings)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> float | None:
        return None if value is None else _share(value)


class DimensionsSchema(WireSchema):
    """Width and height in pixels."""

    width = fields.Integer()
    height = fields.Integer()


class BoxSchema(WireSchema):
    """A pixel rectangle."""

    left = fields.Integer()
    top = fields.Integer()
    width = fields.Integer()
    height = fields.Integer()


class RegistrationSchema(WireSchema):
    """The map from template page to scan: the page point p is at PageToScan · (p + Bend(p)) in the scan.

    `PageToScan` is a 3 × 3 matrix in row order for pixel points (x, y, 1). `Bend` is null for flat paper. Otherwise it
    contains rows of offsets (x, y) in page pixels on a regular grid from edge to edge, to be interpolated bilinearly.
    `Corners` are the corners of the page. `Confidence` is the share of the page that was found at the mapped place.
    `Residual` is its deviation in page pixels. Both are null if they could not be measured.
    """

    strategy = fields.String()
    page = fields.Nested(DimensionsSchema())
    scan = fields.Nested(DimensionsSchema())
    page_to_scan = fields.Function(
        lambda registration: registration.page_to_scan.tolist(), metadata={"type": "array", "items": _NUMBERS}
    )
    bend = fields.Function(
        lambda registration: None if registration.bend is None else _rounded(registration.bend, BEND_DECIMALS),
        metadata={"type": ["array", "null"], "items": _POINTS},
    )
    corners = fields.Function(lambda registration: _page_corners(registration), metadata=_POINTS)
    confidence = Share(allow_none=True)
    residual = fields.Float(allow_none=True)


class BubbleResultSchema(WireSchema):
    """One bubble: its fill, and whether it counts as marked."""

    value = fields.String()
    fill = Share()
    marked = fields.Boolean()
    corners = Points()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> BubbleResult:
        """Load to BubbleResult."""
        return BubbleResult(**data)


class ElementResultSchema(WireSchema):
    """The result of one ChoiceBox, Grid or Barcode. `Elements` are the children of a Grid.

    `Path` is its JSON path in the template. `Label` is unique among elements with the same name. Both are empty for
    children. `Score` is the sum of a ScoreGroup, of a question or of its answers; null for other elements. The `Value`
    of an `uncertain` element is the most likely one, and `Message` says why a person should check it.
    """

    name = fields.String()
    path = fields.String()
    label = fields.String()
    type = fields.String()
    status = fields.Enum(ElementStatus, by_value=True)
    value = fields.String()
    confidence = Share()
    message = fields.String()
    said = fields.Function(lambda element: dump_said(element.message), lambda said: said, metadata=SAID)
    corners = Points()
    bubbles = fields.List(fields.Nested(BubbleResultSchema()))
    children = fields.List(fields.Nested(lambda: ElementResultSchema()), data_key="Elements")
    score = fields.Float(allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ElementResult:
        """Load to ElementResult."""
        message = load_message(data["message"], data.pop("said", None))  # older versions wrote the text only
        children, bubbles = tuple(data["children"]), tuple(data["bubbles"])
        return ElementResult(**{**data, "message": message, "bubbles": bubbles, "children": children})


class Elements(fields.List[Any]):
    """The elements of a scan. They are written by `dump_elements`: a schema takes 1 ms more for those of a page."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(fields.Nested(ElementResultSchema()), **settings)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return dump_elements(value)


def dump_elements(elements: Sequence[ElementResult]) -> list[dict[str, Any]]:
    """The JSON values of elements: what `ElementResultSchema` describes and loads. Results are rounded already."""
    return [_dump_element(element) for element in elements]


def _dump_element(element: ElementResult) -> dict[str, Any]:
    return {
        "Name": element.name,
        "Path": element.path,
        "Label": element.label,
        "Type": element.type,
        "Status": element.status.value,
        "Value": element.value,
        "Confidence": element.confidence,
        "Message": element.message,
        "Said": dump_said(element.message),
        "Corners": element.corners,
        "Bubbles": [
            {"Value": bubble.value, "Fill": bubble.fill, "Marked": bubble.marked, "Corners": bubble.corners}
            for bubble in element.bubbles
        ],
        "Elements": dump_elements(element.children),
        "Score": None if element.score is None else float(element.score),
    }


class ClipSchema(WireSchema):
    """One clip: `Box` on the template page, `Corners` in the scan. `Message` says what is uncertain about it.

    `Path` is the JSON path of its ClipArea, `Label` is unique among elements with the same name, and `File` is the name
    of its response file.
    """

    name = fields.String(attribute="clip.element")
    path = fields.String(attribute="clip.path")
    label = fields.String(attribute="clip.label")
    file = fields.String()
    uri = fields.String(allow_none=True)
    media_type = fields.String(attribute="clip.format.media_type")
    box = fields.Nested(BoxSchema(), attribute="clip.box")
    corners = Points(attribute="clip.corners")
    message = fields.String(attribute="clip.message")
    said = fields.Function(lambda named: dump_said(named.clip.message), metadata=SAID)


def load_clip(told: Mapping[str, Any]) -> Clip:
    """Load a clip of an answer. It contains no bytes."""
    box = told["Box"]
    return Clip(
        element=told["Name"],
        box=Box(box["Left"], box["Top"], box["Width"], box["Height"]),
        corners=tuple((x, y) for x, y in told["Corners"]),
        format=next(known for known in CLIP_FORMATS if known.media_type == told["MediaType"]),
        data=b"",
        message=load_message(told["Message"], told.get("Said")),
        path=told.get("Path", ""),  # missing if an older version stored the recognition
        label=told.get("Label", ""),
    )


def _share(value: float) -> float:
    return round(float(value), SHARE_DECIMALS)


def _rounded(numbers: object, decimals: int) -> Any:
    exact: npt.NDArray[np.float64] = np.asarray(numbers, dtype=np.float64)
    return exact.round(decimals).tolist()


def _page_corners(registration: Registration) -> Any:
    page = registration.page
    return _rounded(registration.to_scan(ops.corners(0, 0, page.width, page.height)), SCAN_DECIMALS)
