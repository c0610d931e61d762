"""JSON values with their paths, and the two notations of a region in a manifest, for `segments`.

Each error names the JSON path and what was expected there.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar
from urllib.parse import unquote

from omrclip.errors import InvalidParameter, InvalidRequest
from omrclip.iiif.grammar import GRAMMAR_2, GRAMMAR_3, INTEGER, REAL, parse_quality_format, parse_region, parse_rotation
from omrclip.iiif.request import Format, ImageRequest, PercentRegion, PixelRegion, Quality, Region, Size

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PIXELS = re.compile("(?:pixel:)?" + ",".join([INTEGER] * 4))
_PERCENT = re.compile("percent:" + ",".join([REAL] * 4))
_FRAGMENT = "xywh=x,y,w,h in whole pixels, or xywh=percent:x,y,w,h, with a width and a height above 0"
_LONGEST_SHOWN = 60

_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value and its path. null counts as missing."""

    path: str
    value: object

    def __bool__(self) -> bool:
        return self.value is not None

    def __getitem__(self, names: str) -> "Node":
        """The member with the first existing of several names, separated by `|`: `id|@id`."""
        if not isinstance(self.value, Mapping):
            raise self.refusal("an object")
        keys = names.split("|")
        key = next((key for key in keys if self.value.get(key) is not None), keys[0])
        return _member(self.path, self.value, key)

    def members(self) -> "list[Node]":
        """All members of an object."""
        return [_member(self.path, self.value, key) for key in self.value] if isinstance(self.value, Mapping) else []

    @property
    def is_object(self) -> bool:
        """Whether it has members."""
        return isinstance(self.value, Mapping)

    @property
    def kind(self) -> str:
        """Its type without a prefix of 2.x: `Manifest` for `sc:Manifest`."""
        return self["type|@type"].text("a type").rpartition(":")[2]

    def listed(self) -> "list[Node]":
        """The elements of a list, or nothing if there is no value."""
        if not self:
            return []
        if not isinstance(self.value, list | tuple):
            raise self.refusal("a list")
        return [Node(f"{self.path}[{index}]", value) for index, value in enumerate(self.value)]

    def one_or_more(self) -> "list[Node]":
        """The elements of a list, or the value itself if it is not a list."""
        return self.listed() if isinstance(self.value, list | tuple) or not self else [self]

    def text(self, expected: str) -> str:
        """The string, which must not be empty."""
        if not isinstance(self.value, str) or not self.value:
            raise self.refusal(expected)
        return self.value

    def refusal(self, expected: str) -> InvalidRequest:
        """The error for an unexpected value."""
        return InvalidRequest.at(self.path, expected, found=_shown(self.value))


def fragment_region(fragment: str, node: Node) -> Region:
    """The region of a media fragment, `xywh=…` without the `#` (Media Fragments 1.0, section 4.2.2).

    If there are several `xywh`, the last one counts (section 5.1.1). Other names, such as `t`, do not apply to images.
    """
    values = [value for name, mark, value in map(_name_and_value, fragment.split("&")) if mark and name == "xywh"]
    if not values:
        raise node.refusal(_FRAGMENT)
    if found := _PIXELS.fullmatch(values[-1]):
        pixels = PixelRegion(*map(int, found.groups()))
        if pixels.width and pixels.height:
            return pixels
    if found := _PERCENT.fullmatch(values[-1]):
        percent = PercentRegion(*map(Decimal, found.groups()))
        if percent.width and percent.height:
            return percent
    raise node.refusal(_FRAGMENT)


def api_request(selector: Node) -> ImageRequest:
    """The request of an ImageApiSelector (IIIF annex "Open/Web Annotation Extensions", section 2.1).

    Missing parts have their defaults. Recipe 0299 was also published with its region as `xywh=x,y,w,h`, which is
    accepted.
    """
    default = ImageRequest()
    quality = _parameter(selector["quality"], _parse_quality, default.quality)
    file_format = _parameter(selector["format"], _parse_format, default.format)
    rotation = _parameter(selector["rotation"], parse_rotation, default.rotation)
    size = _parameter(selector["size"], _parse_size, default.size)
    node = selector["region"]
    if isinstance(node.value, str) and node.value.startswith("xywh="):
        region = fragment_region(node.value, node)
    else:
        region = _parameter(node, parse_region, default.region)
    return ImageRequest(region, size, rotation, quality, file_format)


def image_address(uri: str) -> tuple[str, ImageRequest] | None:
    """Parse a URI of the form `{service}/{region}/{size}/{rotation}/{quality}.{format}` (Image API, section 2.1)."""
    service, *encoded = uri.rsplit("/", 4)
    if len(encoded) < 4 or not service:
        return None
    region, size, rotation, quality_format = map(unquote, encoded)
    try:
        quality, file_format = parse_quality_format(quality_format)
        return service, ImageRequest(
            parse_region(region), _parse_size(size), parse_rotation(rotation), quality, file_format
        )
    except InvalidParameter:
        return None


def _member(path: str, members: Mapping[str, object], key: str) -> Node:
    told = f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(_shortened(key))}]"
    return Node(f"{path}{told}", members.get(key))


def _parse_size(text: str) -> Size:
    """Parse a size in the form of 3.0, or else of 2.x, because a manifest does not always tell the version."""
    try:
        return GRAMMAR_3.parse_size(text)
    except InvalidParameter:
        return GRAMMAR_2.parse_size(text)


def _parse_quality(text: str) -> Quality:
    return parse_quality_format(f"{text}.jpg")[0]


def _parse_format(text: str) -> Format:
    return parse_quality_format(f"default.{text}")[1]


def _parameter(node: Node, parse: Callable[[str], _Parsed], default: _Parsed) -> _Parsed:
    if not node:
        return default
    try:
        return parse(node.text("a string as in an Image API URI"))
    except InvalidParameter as error:
        raise node.refusal(str(error.details["expected"])) from None


def _name_and_value(pair: str) -> tuple[str, str, str]:
    name, mark, value = pair.partition("=")
    return unquote(name), mark, unquote(value)


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case str():
            return repr(_shortened(value))
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
        case bool():
            return str(value).lower()
        case _:
            return "a number"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
