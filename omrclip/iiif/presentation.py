"""Manifests of the IIIF Presentation API 3.0: one with a canvas for each page, and one with a canvas for each clip.

Source: https://iiif.io/api/presentation/3.0/. Docstrings name its sections. The results can be passed to `json.dumps`.

The two manifests are separate documents. A canvas of the clips manifest shows a "segment of an image": it has the
dimensions of the area and shows nothing outside it. `Style` is the form of the painting annotation.
"""

from enum import StrEnum

from omrclip.errors import NotFound
from omrclip.iiif import authorization
from omrclip.iiif import presentation_parts as parts
from omrclip.iiif.physical import physical_service
from omrclip.iiif.presentation_parts import ClipInput, Json, ManifestInput, PageInput, PartUris, SeeAlso
from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Dimensions

__all__ = ["CONTEXT", "MEDIA_TYPE", "ClipInput", "ManifestInput", "PageInput", "SeeAlso", "Style"]
__all__ += ["clips_manifest", "page_canvas", "pages_manifest"]

CONTEXT = "http://iiif.io/api/presentation/3/context.json"
MEDIA_TYPE = f'application/ld+json;profile="{CONTEXT}"'  # section 6.3
SELECTOR_CONTEXT = "http://iiif.io/api/annex/openannotation/context.json"

# `highlighting` would fit, but Mirador 4 shows only commenting and tagging (its setting `filteredMotivations`).
AREA_MOTIVATION = "commenting"


class Style(StrEnum):
    """How a clip is painted onto its canvas."""

    SERVICE = "service"
    """The clip is an image with its own service. Mirador, Universal Viewer and TIFY show it correctly."""
    SELECTOR = "selector"
    """A region of the page's image by an ImageApiSelector, as in the cookbook's recipe 0299."""
    FRAGMENT = "fragment"
    """The page's image with `#xywh=`, as in the cookbook's draft "Segment of an Image"."""


def pages_manifest(manifest: ManifestInput) -> Json:
    """A manifest with a canvas for each page. It shows the registered page, with clip areas as annotations and ranges.

    Raises:
        NotFound: there is no page. A manifest must have at least one canvas (section 3.4, `items`).
    """
    uris = PartUris(manifest.uri)
    canvases = [_page_canvas(uris, number, page) for number, page in _numbered(manifest)]
    return _manifest(manifest, canvases, _page_ranges(uris, manifest))


def page_canvas(manifest: ManifestInput, number: int) -> Json:
    """One canvas of the pages manifest, numbered from 1, as a separate document.

    Clips refer to it, and the target of a reference must exist under its URI (section 6.3).

    Raises:
        NotFound: there is no page with this number.
    """
    for found, page in _numbered(manifest):
        if found == number:
            canvas = _page_canvas(PartUris(manifest.uri), number, page)
            return {"@context": _context(manifest), **canvas, "partOf": [_reference(manifest.uri, "Manifest")]}
    raise NotFound(f"The recognition has no page {number}.")


def clips_manifest(manifest: ManifestInput, style: Style, *, pages_uri: str) -> Json:
    """A manifest with a canvas for each clip, which shows only this clip. Each is a part of its page's canvas.

    Args:
        manifest: its `uri` is that of this document. The URIs of the parts contain the same query (`?style=…`).
        style: how the clips are painted.
        pages_uri: the URI of the pages manifest of the same pages.

    Raises:
        NotFound: there is no clip. A manifest must have at least one canvas (section 3.4, `items`).
    """
    uris, pages = PartUris(manifest.uri), PartUris(pages_uri)
    canvases = []
    for number, page in _numbered(manifest):
        part_of = _page_reference(pages, number, page)
        for name, clip in parts.named_clips(page):
            label = _clip_label(manifest, page, clip)
            canvas = _clip_canvas(uris.canvas(number, "clip", name), label, page, clip, style)
            canvases.append({**canvas, "partOf": [part_of]})
    return _manifest(manifest, canvases, _clip_ranges(uris, manifest))


def _manifest(manifest: ManifestInput, canvases: list[Json], structures: list[Json]) -> Json:
    """Section 5.2."""
    if not canvases:
        raise NotFound("The recognition has no page that a manifest could show. All its scans failed.")
    document: Json = {
        "@context": _context(manifest),
        "id": manifest.uri,
        "type": "Manifest",
        "label": parts.text(manifest.label),
        "thumbnail": canvases[0]["thumbnail"],
    }
    if manifest.metadata:
        document["metadata"] = parts.metadata(manifest.metadata)
    if manifest.summary:
        document["summary"] = parts.text(manifest.summary)
    if manifest.provider:
        document["provider"] = [parts.provider(*manifest.provider)]
    if manifest.see_also:
        document["seeAlso"] = [parts.see_also(one) for one in manifest.see_also]
    document["items"] = canvases
    if structures:
        document["structures"] = structures
    return document


def _context(manifest: ManifestInput) -> str | list[str]:
    """Section 4.6. The contexts of extensions come first."""
    return [authorization.CONTEXT, CONTEXT] if any(page.probe for page in manifest.pages) else CONTEXT


def _page_canvas(uris: PartUris, number: int, page: PageInput) -> Json:
    uri = uris.canvas(number)
    canvas = _canvas(uri, page.label, page.dimensions, parts.thumbnail(page), page.density)
    if page.metadata:
        canvas["metadata"] = parts.metadata(page.metadata)
    canvas["items"] = [_painting(uri, parts.image(page))]
    if page.clips:
        canvas["annotations"] = [_areas(uris, number, page)]
    return canvas


def _clip_canvas(uri: str, label: str, page: PageInput, clip: ClipInput, style: Style) -> Json:
    canvas = _canvas(uri, label, clip.dimensions, parts.thumbnail(page, clip.box), page.density)
    return {**canvas, "items": [_painting(uri, _clip_body(uri, page, clip, style))]}


def _clip_body(canvas_uri: str, page: PageInput, clip: ClipInput, style: Style) -> Json:
    match style:
        case Style.SERVICE:
            return parts.image(clip)
        case Style.SELECTOR:
            return {
                "id": PartUris(canvas_uri).at("painting", "body"),
                "type": "SpecificResource",
                "source": parts.image(page),
                "selector": {
                    "@context": SELECTOR_CONTEXT,
                    "type": "ImageApiSelector",
                    "region": parts.xywh(clip.box),
                },
            }
        case Style.FRAGMENT:
            whole = parts.image(page)
            return {**whole, "id": f"{whole['id']}#xywh={parts.xywh(clip.box)}"}


def _canvas(uri: str, label: str, dimensions: Dimensions, thumbnail: list[Json], density: Density | None) -> Json:
    """Section 5.3."""
    physical = physical_service(uri, density)
    return {
        "id": uri,
        "type": "Canvas",
        "label": parts.text(label),
        "width": dimensions.width,
        "height": dimensions.height,
        "thumbnail": thumbnail,
        **({"service": [physical]} if physical else {}),
    }


def _painting(canvas_uri: str, body: Json) -> Json:
    """An annotation page with one annotation, which paints the whole canvas (sections 5.5 and 5.6)."""
    uris = PartUris(canvas_uri)
    annotation = {
        "id": uris.at("painting", "1"),
        "type": "Annotation",
        "motivation": "painting",
        "body": body,
        "target": canvas_uri,
    }
    return {"id": uris.at("painting"), "type": "AnnotationPage", "items": [annotation]}


def _areas(uris: PartUris, number: int, page: PageInput) -> Json:
    """The clip areas as annotations with their places, which paint nothing (section 3.4, `annotations`)."""
    annotations = [
        {
            "id": uris.canvas(number, "areas", name),
            "type": "Annotation",
            "motivation": AREA_MOTIVATION,
            "body": {"type": "TextualBody", "value": clip.label, "format": "text/plain"},
            # A plain string, which all viewers that show areas can read. Some ignore a SpecificResource.
            "target": _area_uri(uris, number, clip),
        }
        for name, clip in parts.named_clips(page)
    ]
    return {"id": uris.canvas(number, "areas"), "type": "AnnotationPage", "items": annotations}


def _page_ranges(uris: PartUris, manifest: ManifestInput) -> list[Json]:
    """A range for each page with a range for each of its clip areas (section 5.4), or nothing if there are no areas."""
    if not any(page.clips for page in manifest.pages):
        return []
    of_pages = []
    for number, page in _numbered(manifest):
        areas = [
            _range(
                uris.at("range", f"p{number}", name),
                clip.label,
                # Section 5.3: a part of a canvas is also a Canvas. Viewers ignore a SpecificResource here.
                [_reference(_area_uri(uris, number, clip), "Canvas")],
            )
            for name, clip in parts.named_clips(page)
        ]
        canvas = _reference(uris.canvas(number), "Canvas")
        of_pages.append(_range(uris.at("range", f"p{number}"), page.label, [canvas, *areas]))
    return [_range(uris.at("range"), manifest.label, of_pages)]


def _clip_ranges(uris: PartUris, manifest: ManifestInput) -> list[Json]:
    """A range for each page with the canvases of its clips (section 5.4). A single page needs no range."""
    if len(manifest.pages) < 2:
        return []
    of_pages = []
    for number, page in _numbered(manifest):
        canvases = [_reference(uris.canvas(number, "clip", name), "Canvas") for name, _ in parts.named_clips(page)]
        if canvases:
            of_pages.append(_range(uris.at("range", f"p{number}"), page.label, canvases))
    return [_range(uris.at("range"), manifest.label, of_pages)]


def _range(uri: str, label: str, items: list[Json]) -> Json:
    return {"id": uri, "type": "Range", "label": parts.text(label), "items": items}


def _clip_label(manifest: ManifestInput, page: PageInput, clip: ClipInput) -> str:
    """The clip's name, and the page's name if there are several pages."""
    return clip.label if len(manifest.pages) < 2 else f"{clip.label} ({page.label})"


def _page_reference(pages: PartUris, number: int, page: PageInput) -> Json:
    """The page's canvas and its manifest (section 3.3.2, `partOf`)."""
    canvas = _reference(pages.canvas(number), "Canvas")
    return {**canvas, "label": parts.text(page.label), "partOf": [_reference(pages.document, "Manifest")]}


def _area_uri(uris: PartUris, number: int, clip: ClipInput) -> str:
    return f"{uris.canvas(number)}#xywh={parts.xywh(clip.box)}"


def _reference(uri: str, kind: str) -> Json:
    return {"id": uri, "type": kind}


def _numbered(manifest: ManifestInput) -> list[tuple[int, PageInput]]:
    return list(enumerate(manifest.pages, start=1))
