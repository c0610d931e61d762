"""Pages with clips, and the documents that are made of them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from omrclip.iiif.presentation import (
    ClipInput,
    ManifestInput,
    PageInput,
    SeeAlso,
    Style,
    clips_manifest,
    pages_manifest,
)
from omrclip.imaging.geometry import Box, Dimensions

PAGES_URI = "https://forms.example/api/recognitions/r1/manifest.json"
CLIPS_URI = "https://forms.example/api/recognitions/r1/clips/manifest.json"
SERVICE = "https://forms.example/iiif/3"
NAME = Box(120, 200, 900, 140)
SIGNATURE = Box(120, 3000, 250, 90)


def page(number: int, *clips: ClipInput, **settings: Any) -> PageInput:
    return PageInput(f"{SERVICE}/r1.{number}", Dimensions(2480, 3508), f"scan {number}", clips=clips, **settings)


def clip(label: str, box: Box = NAME) -> ClipInput:
    return ClipInput(f"{SERVICE}/r1.1.{box.left}-{box.top}", box, label)


ONE_PAGE = ManifestInput(PAGES_URI, "Exam", (page(1, clip("Name"), clip("Signature", SIGNATURE)),))
TWO_PAGES = ManifestInput(
    PAGES_URI,
    "Exam",
    (
        page(1, clip("Name"), clip("Signature", SIGNATURE), metadata=(("Q1", "B"), ("Q2", "<i>"))),
        page(2, clip("Name", SIGNATURE), service2="https://forms.example/iiif/2/r1.2", density=(300.0, 300.0)),
    ),
    metadata=(("Template", "exam"),),
    see_also=(
        SeeAlso("https://forms.example/api/recognitions/r1", "Recognition", "https://forms.example/openapi.json"),
    ),
    summary="2 pages of recognized forms.",
    provider=("https://forms.example/", "omrclip"),
)


def clips_of(manifest: ManifestInput, style: Style = Style.SERVICE, query: str = "") -> dict[str, Any]:
    of = replace(manifest, uri=CLIPS_URI + query)
    return dict(clips_manifest(of, style, pages_uri=PAGES_URI))


def pages_of(manifest: ManifestInput) -> dict[str, Any]:
    return dict(pages_manifest(manifest))


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for member in value.values():
            yield from objects(member)
    elif isinstance(value, list):
        for member in value:
            yield from objects(member)


def defined_ids(document: object) -> list[str]:
    """The ids of what a document itself defines: neither what it refers to, nor images and services."""
    defining = {"Manifest": "items", "Canvas": "items", "Range": "items", "AnnotationPage": "items"}
    defining |= {"Annotation": "target", "SpecificResource": "selector"}
    return [o["id"] for o in objects(document) if "id" in o and defining.get(o.get("type", ""), "-") in o]


def body_of(style: Style) -> Any:
    return clips_of(ONE_PAGE, style)["items"][0]["items"][0]["items"][0]["body"]
