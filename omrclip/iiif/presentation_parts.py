"""The parts of IIIF Presentation API 3.0 documents: their input data, and the small JSON objects in them.

Source: https://iiif.io/api/presentation/3.0/. Docstrings name its sections.
"""

from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

from omrclip.iiif.capabilities import LEVEL_3, PROFILE_2
from omrclip.iiif.request import Format
from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Box, Dimensions

Json: TypeAlias = dict[str, object]
Pairs: TypeAlias = tuple[tuple[str, str], ...]

THUMBNAIL_SIDE = 300


@dataclass(frozen=True, slots=True)
class ClipInput:
    """A ClipArea of a page, and the image of its clip.

    Attributes:
        service3: URI of the clip's own image service, without a trailing slash.
        box: the area in pixels of the registered page.
        label: the area's name. Clips of one page may have the same name.
        service2: URI of the same image in the Image API 2.1, or None if it is not offered.
        probe: the probe service of the image, if only people who are logged in can see it.
    """

    service3: str
    box: Box
    label: str
    service2: str | None = None
    probe: Json | None = None

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the clip's image."""
        return self.box.dimensions


@dataclass(frozen=True, slots=True)
class PageInput:
    """A registered page.

    Attributes:
        service3: URI of its image service, without a trailing slash.
        dimensions: its dimensions.
        label: its name in viewers.
        metadata: names and values that are shown beside it, such as the answers.
        clips: its clip areas in display order. Each must lie inside the page.
        service2: URI of the same image in the Image API 2.1, or None if it is not offered.
        density: the density of its image and of the images of its clips, or None.
        probe: the probe service of the image, if only people who are logged in can see it.
    """

    service3: str
    dimensions: Dimensions
    label: str
    metadata: Pairs = ()
    clips: tuple[ClipInput, ...] = ()
    service2: str | None = None
    density: Density | None = None
    probe: Json | None = None

    def __post_init__(self) -> None:
        # Section 5.3: content outside the canvas is not allowed.
        for clip in self.clips:
            if not clip.box.inside(self.dimensions):
                raise ValueError(f"the clip area {clip.label!r} reaches beyond the page of {self.dimensions}")


@dataclass(frozen=True, slots=True)
class SeeAlso:
    """A JSON document: its URI, its name in viewers, and the URI of a description of its format."""

    uri: str
    label: str
    profile: str


@dataclass(frozen=True, slots=True)
class ManifestInput:
    """The data for a manifest of pages or of clips.

    Attributes:
        uri: the URI of the document. Its parts have URIs below it.
        label: its name in viewers.
        pages: the registered pages in display order.
        metadata: names and values that are shown for the whole.
        see_also: JSON documents with the same data for programs, such as the recognition.
        summary: a sentence that describes it, or an empty string.
        provider: URI and name of the service that made the document.
    """

    uri: str
    label: str
    pages: tuple[PageInput, ...]
    metadata: Pairs = ()
    see_also: tuple[SeeAlso, ...] = ()
    summary: str = ""
    provider: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PartUris:
    """URIs of a document's parts. They are below its path and contain its query, so they are unique."""

    document: str

    def at(self, *segments: str) -> str:
        """The URI of one part. The segments must be percent-encoded."""
        path, mark, query = self.document.partition("?")
        return f"{path.rstrip('/')}/{'/'.join(segments)}{mark}{query}"

    def canvas(self, page_number: int, *segments: str) -> str:
        """The URI of the canvas of a page, numbered from 1, or of something below it."""
        return self.at("canvas", f"p{page_number}", *segments)


def named_clips(page: PageInput) -> list[tuple[str, ClipInput]]:
    """The clips of a page, each with its own URI segment: its label, percent-encoded.

    A semicolon and a number are added to a label that is not the first of its kind, or cannot be a segment because URI
    software removes it (`.` and `..`). Semicolons in labels are encoded, so there are no collisions.
    """
    counts: Counter[str] = Counter()
    named = []
    for clip in page.clips:
        counts[clip.label] += 1
        encoded, number = quote(clip.label, safe=""), counts[clip.label]
        plain = number == 1 and encoded.strip(".") != ""
        named.append((encoded if plain else f"{encoded};{number}", clip))
    return named


def text(value: str) -> Json:
    """A text without a language (section 4.4)."""
    return {"none": [value]}


def metadata(pairs: Pairs) -> list[Json]:
    """Names and values as plain text, whatever they contain (sections 3.1 and 4.5)."""
    return [{"label": text(name), "value": text(_not_html(value))} for name, value in pairs]


def see_also(document: SeeAlso) -> Json:
    """A document for programs (section 3.3.1, `seeAlso`)."""
    return {
        "id": document.uri,
        "type": "Dataset",
        "label": text(document.label),
        "format": "application/json",
        "profile": document.profile,
    }


def provider(uri: str, name: str) -> Json:
    """The `provider` of the document (section 3.1): an agent with a page for people."""
    homepage = {"id": uri, "type": "Text", "label": text(name), "format": "text/html"}
    return {"id": uri, "type": "Agent", "label": text(name), "homepage": [homepage]}


def image(of: PageInput | ClipInput) -> Json:
    """The whole image, with its services (section 5.7)."""
    return {
        "id": f"{of.service3}/full/max/0/default.jpg",
        "type": "Image",
        "format": Format.JPG.media_type,
        "width": of.dimensions.width,
        "height": of.dimensions.height,
        "service": services(of),
    }


def services(of: PageInput | ClipInput) -> list[Json]:
    """The image services, 3.0 first, because viewers use the first one that they know (section 3.2, `service`)."""
    controlled: Json = {} if of.probe is None else {"service": [of.probe]}
    listed: list[Json] = [{"id": of.service3, "type": "ImageService3", "profile": LEVEL_3, **controlled}]
    if of.service2 is not None:
        listed.append({"@id": of.service2, "@type": "ImageService2", "profile": PROFILE_2})
    return listed


def thumbnail(page: PageInput, box: Box | None = None) -> list[Json]:
    """A small image of the page, or of a box in it, by a region URI (section 3.1, `thumbnail`).

    It has no service, because viewers would then request the whole image instead of this URI.
    """
    region = page.dimensions if box is None else box.dimensions
    shown = _fitted(region)
    size = "max" if shown == region else f"{shown.width},{shown.height}"
    return [
        {
            "id": f"{page.service3}/{'full' if box is None else xywh(box)}/{size}/0/default.jpg",
            "type": "Image",
            "format": Format.JPG.media_type,
            "width": shown.width,
            "height": shown.height,
        }
    ]


def xywh(box: Box) -> str:
    """A box in the notation of the Image API and of Media Fragments."""
    return f"{box.left},{box.top},{box.width},{box.height}"


def _fitted(region: Dimensions) -> Dimensions:
    longest = max(region.width, region.height)
    if longest <= THUMBNAIL_SIDE:
        return region
    return Dimensions(_shrunk(region.width, longest), _shrunk(region.height, longest))


def _shrunk(side: int, longest: int) -> int:
    return max(1, (2 * side * THUMBNAIL_SIDE + longest) // (2 * longest))


def _not_html(value: str) -> str:
    # Section 4.5: clients treat a value between < and > as HTML. A space at its end prevents that.
    return f"{value} " if value.startswith("<") and value.endswith(">") else value
