"""The `.omr` template: a document with pages, and pages with elements at their places.

    Template → Page → Element = ChoiceBox | Grid | Barcode | ClipArea | ReferencePoint | UnknownElement
    ChoiceBox → Bubble,  Grid → Element

A CheckBox and a ReplaceTrigger are ChoiceBoxes, and a CompositeGrid is a Grid of ChoiceBoxes. A ScoreGroup is a Grid of
ScoreQuestions, which are Grids of ScoreAnswers, which are ChoiceBoxes. So all bubbles are found and read in the same
way.

All coordinates are pixels of the template page, absolute (also inside a Grid), with the origin at the top left. They
may be fractional, and are stored as written. Objects are created with keyword arguments and changed with
`dataclasses.replace`.

`source` is the JSON object from which a value was read. It preserves what the model does not contain (other keys, their
order, null instead of a missing key), so that a document can be written back unchanged. It is not compared. A value
created in code has an empty one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pybase64

from omrclip.imaging.geometry import Box, Dimensions, round_pixel
from omrclip.omr.report.file_names import shown_name
from omrclip.wording import Wording, joined

DEFAULT_JPEG_QUALITY = 85
PAGE_CODE = "PageCode"
"""The name of the QR code that tells the pages of a generated form apart. Each page may have one."""
Place = tuple[float, float, float, float]


def pixel_box(left: float, top: float, width: float, height: float) -> Box:
    """The whole pixels of a place on the page, rounded by `round_pixel`. Width and height are at least 1."""
    return Box(
        round_pixel(left),
        round_pixel(top),
        max(1, round_pixel(width)),
        max(1, round_pixel(height)),
    )


def around(places: Iterable[Place]) -> Place:
    """The smallest place that covers all of these, or an empty place at the corner of the page if there are none."""
    places = list(places)
    left, top = (min((place[axis] for place in places), default=0) for axis in (0, 1))
    right, bottom = (max((place[axis] + place[axis + 2] for place in places), default=0) for axis in (0, 1))
    return left, top, right - left, bottom - top


def decode_base64(text: str) -> bytes:
    """Decode base64 with or without line breaks. Raises ValueError for other text (RFC 4648, section 4)."""
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        return pybase64.b64decode("".join(text.split()), validate=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """A bubble of a ChoiceBox, which has its size. `is_valid` is False if correction did not find it."""

    value: str
    left: float
    top: float
    is_valid: bool = True
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedElement:
    """The properties of all elements of known types. `name` may be None or empty in grids and for reference points."""

    name: str | None = None
    left: float
    top: float
    width: float
    height: float
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def place(self) -> Place:
        """Left, top, width and height on its page."""
        return self.left, self.top, self.width, self.height

    @property
    def box(self) -> Box:
        """The pixels of the element on its page: exactly Width × Height if these are whole numbers."""
        return pixel_box(*self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceBox(PlacedElement):
    """A question with bubbles. `orientation` is "Horizontal", "Vertical" or None. `aligned_*` are None if not computed.

    `threshold` is the percentage of a bubble from which it counts as marked. With None or 0 the page decides.
    """

    type: ClassVar[str] = "ChoiceBox"

    bubble_width: float
    bubble_height: float
    bubbles: tuple[Bubble, ...]
    multiselect: bool = False
    orientation: str | None = None
    aligned_horizontally: bool | None = None
    aligned_vertically: bool | None = None
    threshold: float | None = None

    @property
    def place(self) -> Place:
        """Left, top, width and height on its page. If its width or height is 0, those of its bubbles."""
        if self.width and self.height:
            return self.left, self.top, self.width, self.height
        return around([(bubble.left, bubble.top, self.bubble_width, self.bubble_height) for bubble in self.bubbles])


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckBox(ChoiceBox):
    """A ChoiceBox in which several bubbles may be marked. Generators write 0 for its width and height."""

    type: ClassVar[str] = "CheckBox"

    multiselect: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTrigger(ChoiceBox):
    """A bubble that, if it is marked, replaces the value of the element named `target` by `value`."""

    type: ClassVar[str] = "ReplaceTrigger"

    target: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(PlacedElement):
    """ChoiceBoxes whose values are joined in order. Their places are absolute, and they often have no names."""

    type: ClassVar[str] = "Grid"
    members: ClassVar[str] = "Elements"
    """The key of its elements in a document."""

    elements: tuple["Element", ...]
    orientation: str | None = None
    aligned_horizontally: bool | None = None
    aligned_vertically: bool | None = None

    @property
    def place(self) -> Place:
        """Left, top, width and height on its page. If its width or height is 0, those of its elements."""
        if self.width and self.height:
            return self.left, self.top, self.width, self.height
        return around([child.place for child in self.elements if isinstance(child, PlacedElement)])


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeGrid(Grid):
    """A Grid of unnamed ChoiceBoxes with bubbles of one size, one for each symbol. A document has only the bubbles."""

    type: ClassVar[str] = "CompositeGrid"
    members: ClassVar[str] = "Bubbles"

    @property
    def bubble_width(self) -> float:
        """The width of all bubbles."""
        return self._first.bubble_width

    @property
    def bubble_height(self) -> float:
        """The height of all bubbles."""
        return self._first.bubble_height

    @property
    def symbols(self) -> tuple[tuple[Bubble, ...], ...]:
        """The bubbles of each symbol."""
        return tuple(element.bubbles for element in self.elements if isinstance(element, ChoiceBox))

    @property
    def _first(self) -> ChoiceBox:
        return next(element for element in self.elements if isinstance(element, ChoiceBox))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreBubble(Bubble):
    """A bubble with a `score`, which counts if it is marked. A bubble that is not positive adds no points."""

    is_positive: bool = True
    score: float = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreAnswer(ChoiceBox):
    """One criterion of a ScoreQuestion; its bubbles are ScoreBubbles."""

    type: ClassVar[str] = "ScoreAnswer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreQuestion(Grid):
    """A part of a ScoreGroup; its elements are ScoreAnswers."""

    type: ClassVar[str] = "ScoreQuestion"
    members: ClassVar[str] = "ScoreAnswers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreGroup(Grid):
    """Questions whose scores are added up. Its elements are ScoreQuestions."""

    type: ClassVar[str] = "ScoreGroup"
    members: ClassVar[str] = "Questions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode(PlacedElement):
    """A barcode. `barcode_type` is as written ("ean13", "qr", …; letter case is ignored), `qr_version` 1 or "1"."""

    type: ClassVar[str] = "Barcode"

    barcode_type: str
    qr_version: float | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BarcodeDownloadable(Barcode):
    """A barcode with the type name of newer generators."""

    type: ClassVar[str] = "BarcodeDownloadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipArea(PlacedElement):
    """A part of the page that is cut out as an image. `jpeg_quality` is 0 to 100, by default 85.

    It is cut out whether it is `required` or not.
    """

    type: ClassVar[str] = "ClipArea"

    name: str
    jpeg_quality: int = DEFAULT_JPEG_QUALITY
    required: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePoint(PlacedElement):
    """A printed mark for finding the page. `type` is "ReferencePoint" or "ReferencePointElement"."""

    type: str = "ReferencePoint"
    reference_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownElement:
    """An element of an unknown type. `source` has all its keys except Type, and is written back unchanged."""

    type: str
    source: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str | None:
        """The element's Name, or None."""
        name = self.source.get("Name")
        return name if isinstance(name, str) else None


Element = ChoiceBox | Grid | Barcode | ClipArea | ReferencePoint | UnknownElement
BARCODE_TYPES = (Barcode.type, BarcodeDownloadable.type)


def is_target(element: Element) -> bool:
    """Whether a trigger may replace the value of an element."""
    return isinstance(element, ChoiceBox | Grid | Barcode) and not isinstance(element, ReplaceTrigger)


NEAR_A_CLIP_AREA = (
    *("cliparea", "clippingarea", "croparea", "areaofinterest", "regionofinterest"),
    *("clip", "crop", "roi", "aoi", "imagearea", "writein"),
)
LIKE_A_CLIP_AREA = 0.8
"""The similarity by difflib, 0 to 1, from which an unknown type may be a misspelling of one of these names."""

UNREAD_TYPE = Wording("unread_type", 'omrclip does not read elements of the type "{type}".')
USE_CLIP_AREA = Wording("use_clip_area", 'Use the type "ClipArea" for a region to cut out.')()


def unread_type(type_name: str) -> str:
    """The message for an element of an unknown type, with the suggestion ClipArea if the name is similar."""
    from difflib import get_close_matches  # hardly any template needs it

    plain = "".join(filter(str.isalnum, type_name[:40])).casefold()
    near = get_close_matches(plain, NEAR_A_CLIP_AREA, n=1, cutoff=LIKE_A_CLIP_AREA)
    return joined(UNREAD_TYPE(type=shown_name(type_name[:40])), USE_CLIP_AREA if near else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page: its dimensions in pixels, its elements in template order, and its embedded blank image or None."""

    width: float
    height: float
    elements: tuple[Element, ...] = ()
    image_name: str | None = None
    image_format: str | None = None
    image_data: str | None = field(default=None, repr=False)
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def dimensions(self) -> Dimensions:
        """The page's dimensions in whole pixels."""
        return pixel_box(0, 0, self.width, self.height).dimensions

    @property
    def clip_areas(self) -> tuple[ClipArea, ...]:
        """The page's clip areas, in template order."""
        return tuple(element for element in self.elements if isinstance(element, ClipArea))

    def image_bytes(self) -> bytes | None:
        """The encoded blank image, or None. Raises ValueError if `image_data` is not base64."""
        return decode_base64(self.image_data) if self.image_data else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """An `.omr` document. `version` is stored as written: "1.0", 1.0, or None if it is missing.

    `booklet_by` names the element whose value is the same on all pages of one respondent, and differs between
    respondents: a bar code, or a field for a number. It is None if there is none.
    """

    pages: tuple[Page, ...]
    version: float | str | None = None
    name: str = ""
    template_id: str | None = None
    finalization_complete: bool | None = None
    is_generated: bool | None = None
    booklet_by: str | None = None
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def clip_areas(self) -> tuple[ClipArea, ...]:
        """The clip areas of all pages, in template order."""
        return tuple(area for page in self.pages for area in page.clip_areas)
