"""The `.omr` template: a document of pages, a page of elements, each at its place in page pixels.

    Template → Page → Element = ChoiceBox | Grid | Barcode | ClipArea | ReferencePoint | UnknownElement
                                ChoiceBox → Bubble,  Grid → Element

All coordinates are pixels of the template page, absolute (also inside a Grid), origin top left; whole or fractional,
kept as they were written. Objects are made by keyword and changed with `dataclasses.replace`.

`source` is the JSON object that a value was read from. It carries what the model does not know (other keys, their
order, null as against absent), so that a document can be written back as it came; it says nothing about the known
values and is no part of equality. A value made in code has an empty one.
"""

import binascii
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from omrclip.imaging.geometry import Box, Dimensions, round_pixel

DEFAULT_JPEG_QUALITY = 85


def pixel_box(left: float, top: float, width: float, height: float) -> Box:
    """The whole pixels of a place on the page: each number rounded by the one rule, extents at least 1."""
    return Box(
        round_pixel(left),
        round_pixel(top),
        max(1, round_pixel(width)),
        max(1, round_pixel(height)),
    )


def decode_image_data(text: str) -> bytes:
    """The bytes of an `ImageData`, line breaks allowed; ValueError where it is not base64."""
    return binascii.a2b_base64("".join(text.split()), strict_mode=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One mark of a ChoiceBox. Its extents are the box's; `is_valid` is False where correction did not find it."""

    value: str
    left: float
    top: float
    is_valid: bool = True
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedElement:
    """What every element of a known type has. `name` is None or "" where it may be: in grids, on reference points."""

    name: str | None = None
    left: float
    top: float
    width: float
    height: float
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def box(self) -> Box:
        """The element's pixels on its page; exactly Width × Height where these are whole."""
        return pixel_box(self.left, self.top, self.width, self.height)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceBox(PlacedElement):
    """A question with bubbles. `orientation` is "Horizontal", "Vertical" or None; None for `aligned_*` not computed."""

    type: ClassVar[str] = "ChoiceBox"

    bubble_width: float
    bubble_height: float
    bubbles: tuple[Bubble, ...]
    multiselect: bool = False
    orientation: str | None = None
    aligned_horizontally: bool | None = None
    aligned_vertically: bool | None = None

    def bubble_box(self, bubble: Bubble) -> Box:
        """The pixels of one of the bubbles on the page."""
        return pixel_box(bubble.left, bubble.top, self.bubble_width, self.bubble_height)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(PlacedElement):
    """ChoiceBoxes whose values are read as one, in order; the children lie at absolute places and are often unnamed."""

    type: ClassVar[str] = "Grid"

    elements: tuple["Element", ...]
    orientation: str | None = None
    aligned_horizontally: bool | None = None
    aligned_vertically: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode(PlacedElement):
    """A bar code. `barcode_type` as written ("ean13", "qr", …; compare without letter case), `qr_version` 1 or "1"."""

    type: ClassVar[str] = "Barcode"

    barcode_type: str
    qr_version: float | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipArea(PlacedElement):
    """A part of the page to be cut out as an image. `jpeg_quality` is 0 to 100, default 85."""

    type: ClassVar[str] = "ClipArea"

    name: str
    jpeg_quality: int = DEFAULT_JPEG_QUALITY


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePoint(PlacedElement):
    """A printed mark to find the page by; `type` is "ReferencePoint" or "ReferencePointElement"."""

    type: str = "ReferencePoint"
    reference_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownElement:
    """An element of a type that is not read here: `source` is all but its Type, and is written back as it came."""

    type: str
    source: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str | None:
        """The element's Name, None where it has none."""
        name = self.source.get("Name")
        return name if isinstance(name, str) else None


Element = ChoiceBox | Grid | Barcode | ClipArea | ReferencePoint | UnknownElement


NEAR_A_CLIP_AREA = ("cliparea", "croparea", "areaofinterest", "regionofinterest", "clippingarea")
LIKE_A_CLIP_AREA = 0.8
"""The likeness by difflib, 0 to 1, from which on an unknown type may be one of these names, misspelt."""


def unread_type(type_name: str) -> str:
    """The message for an element of an unknown type, with the suggestion ClipArea if the name is similar."""
    near = difflib.get_close_matches(type_name.casefold(), NEAR_A_CLIP_AREA, n=1, cutoff=LIKE_A_CLIP_AREA)
    suggestion = ' Use the type "ClipArea" for a region to cut out.' if near else ""
    return f'omrclip does not read elements of the type "{type_name[:40]}".{suggestion}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: extents in pixels, elements in template order, and its blank image where the document carries it."""

    width: float
    height: float
    elements: tuple[Element, ...] = ()
    image_name: str | None = None
    image_format: str | None = None
    image_data: str | None = field(default=None, repr=False)
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def dimensions(self) -> Dimensions:
        """The page's extents in whole pixels."""
        return pixel_box(0, 0, self.width, self.height).dimensions

    @property
    def clip_areas(self) -> tuple[ClipArea, ...]:
        """The page's clip areas, in template order."""
        return tuple(element for element in self.elements if isinstance(element, ClipArea))

    def image_bytes(self) -> bytes | None:
        """The encoded blank image, None where the document has none; ValueError where `image_data` is not base64."""
        return decode_image_data(self.image_data) if self.image_data else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """An `.omr` document. `version` is kept as written: "1.0", 1.0 or None where it is absent."""

    pages: tuple[Page, ...]
    version: float | str | None = None
    name: str = ""
    template_id: str | None = None
    finalization_complete: bool | None = None
    is_generated: bool | None = None
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def clip_areas(self) -> tuple[ClipArea, ...]:
        """The clip areas of all pages, in template order."""
        return tuple(area for page in self.pages for area in page.clip_areas)
