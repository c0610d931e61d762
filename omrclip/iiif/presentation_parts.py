"""What IIIF Presentation API 3.0 documents are made of: what they are made from, and the small JSON objects in them.

Source: https://iiif.io/api/presentation/3.0/, by its section numbers.
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
    """One ClipArea of a page, and the image that its clip is.

    Attributes:
        service3: URI of the clip's own image service, without a trailing slash.
        box: the area in pixels of the registered page.
        label: the area's name; clips of one page may share it.
        service2: URI of the same image in the Image API 2.1, where it is to be offered as well.
    """

    service3: str
    box: Box
    label: str
    service2: str | None = None

    @property
    def dimensions(self) -> Dimensions:
        """The extents of the clip's image."""
        return self.box.dimensions


@dataclass(frozen=True, slots=True)
class PageInput:
    """One registered page.

    Attributes:
        service3: URI of its image service, without a trailing slash.
        dimensions: its extents.
        label: what viewers call it.
        metadata: names and values shown beside it, the answers read from it.
        clips: its clip areas, in the order in which they are to be listed; each inside the page.
        service2: URI of the same image in the Image API 2.1, where it is to be offered as well.
        density: that of its image, and of those of its clips, where it is known.
    """

    service3: str
    dimensions: Dimensions
    label: str
    metadata: Pairs = ()
    clips: tuple[ClipInput, ...] = ()
    service2: str | None = None
    density: Density | None = None

    def __post_init__(self) -> None:
        # Section 5.3: nothing may be associated with places outside the canvas.
        for clip in self.clips:
            if not clip.box.inside(self.dimensions):
                raise ValueError(f"the clip area {clip.label!r} reaches beyond the page of {self.dimensions}")


@dataclass(frozen=True, slots=True)
class SeeAlso:
    """A JSON document: its URI, what viewers call it, and the URI of a description of its form."""

    uri: str
    label: str
    profile: str


@dataclass(frozen=True, slots=True)
class ManifestInput:
    """The data for a manifest of pages or of clips.

    Attributes:
        uri: where the document itself is served; its parts have URIs below it.
        label: what viewers call the whole.
        pages: the registered pages, in their order.
        metadata: names and values shown for the whole.
        see_also: JSON documents that tell the same for programs, such as the recognition.
        summary: a sentence on what is shown; none where it is empty.
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
    """URIs of a document's parts: below its own path, its query kept, so that no two documents share one."""

    document: str

    def at(self, *segments: str) -> str:
        """The URI of one part; the segments are percent-encoded already."""
        path, mark, query = self.document.partition("?")
        return f"{path.rstrip('/')}/{'/'.join(segments)}{mark}{query}"

    def canvas(self, page_number: int, *segments: str) -> str:
        """The URI of the canvas of a page, counted from 1, or of something below it."""
        return self.at("canvas", f"p{page_number}", *segments)


def named_clips(page: PageInput) -> list[tuple[str, ClipInput]]:
    """The clips of a page, each with a URI segment of its own: its label, percent-encoded.

    A semicolon and a number follow where the label is no segment by itself, or not the first of its kind; in a label
    the semicolon is encoded, so none looks like this. URI software removes the segments `.` and `..`.
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
    """A text in no known language (section 4.4)."""
    return {"none": [value]}


def metadata(pairs: Pairs) -> list[Json]:
    """Names and values, as plain text whatever is in them (sections 3.1 and 4.5)."""
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
    """The image services, 3.0 first: viewers take the first that they know (section 3.2, `service`)."""
    listed: list[Json] = [{"id": of.service3, "type": "ImageService3", "profile": LEVEL_3}]
    if of.service2 is not None:
        listed.append({"@id": of.service2, "@type": "ImageService2", "profile": PROFILE_2})
    return listed


def thumbnail(page: PageInput, box: Box | None = None) -> list[Json]:
    """A small image of the page, or of a box on it, by a plain region URI (section 3.1, `thumbnail`).

    It names no service: viewers would ask it for the whole image instead of taking the URI as it is.
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
    """A box as the Image API and Media Fragments write it."""
    return f"{box.left},{box.top},{box.width},{box.height}"


def _fitted(region: Dimensions) -> Dimensions:
    longest = max(region.width, region.height)
    if longest <= THUMBNAIL_SIDE:
        return region
    return Dimensions(_shrunk(region.width, longest), _shrunk(region.height, longest))


def _shrunk(side: int, longest: int) -> int:
    return max(1, (2 * side * THUMBNAIL_SIDE + longest) // (2 * longest))


def _not_html(value: str) -> str:
    # Section 4.5: clients take a value between < and > for HTML; a space at its end keeps a plain text from being one.
    return f"{value} " if value.startswith("<") and value.endswith(">") else value
