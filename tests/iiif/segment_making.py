"""Manifests that paint segments, in few words."""

from decimal import Decimal
from typing import Any

import pytest

from omrclip.errors import InvalidRequest
from omrclip.iiif.request import PercentRegion
from omrclip.iiif.segments import Segment, find_segments

SERVICE = "https://images.example/iiif/3/newspaper-p2"
IMAGE = f"{SERVICE}/full/max/0/default.jpg"
PHOTO = "https://images.example/photo.jpg"
SERVICE3 = {"id": SERVICE, "type": "ImageService3", "profile": "level1"}
SERVICE2 = {"@id": SERVICE, "@type": "ImageService2", "profile": "http://iiif.io/api/image/2/level1.json"}
SOURCE = {"id": IMAGE, "type": "Image", "service": [SERVICE3]}


def annotation(body: object, **members: object) -> dict[str, Any]:
    target = "https://example.org/canvas/p1"
    return {"type": "Annotation", "motivation": "painting", "body": body, "target": target, **members}


def manifest(*bodies: object, label: object = None) -> dict[str, Any]:
    page = {"type": "AnnotationPage", "items": [annotation(body) for body in bodies]}
    canvas = {"type": "Canvas", "width": 1000, "height": 1600, "label": label, "items": [page]}
    return {"@context": "http://iiif.io/api/presentation/3/context.json", "type": "Manifest", "items": [canvas]}


def image(uri: str, **members: object) -> dict[str, object]:
    return {"id": uri, "type": "Image", **members}


def specific(selector: object, source: object = SOURCE) -> dict[str, object]:
    return {"type": "SpecificResource", "source": source, "selector": selector}


def api(**parameters: object) -> dict[str, object]:
    return {"type": "ImageApiSelector", **parameters}


def fragment(value: object, **members: object) -> dict[str, object]:
    return {"type": "FragmentSelector", "value": value, **members}


def the_segment(body: object) -> Segment:
    (segment,) = find_segments(manifest(body))
    return segment


def pct(*numbers: str) -> PercentRegion:
    return PercentRegion(*map(Decimal, numbers))


def refused(document: Any, path: str, expected: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find_segments(document)
    assert caught.value.details["fields"][0]["path"] == path  # type: ignore[index]
    assert caught.value.message.startswith(f"{path}: expected ")
    assert expected in caught.value.message
