import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iiif_prezi3 import Manifest, SpecificResource

from omrclip.iiif.presentation import CONTEXT, ManifestInput, Style
from omrclip.iiif.request import PixelRegion
from omrclip.iiif.segments import find_segments
from omrclip.imaging.geometry import Box
from tests.iiif.presentation_making import (
    CLIPS_URI,
    ONE_PAGE,
    PAGES_URI,
    TWO_PAGES,
    body_of,
    clip,
    clips_of,
    defined_ids,
    objects,
    page,
    pages_of,
)

DOCUMENTS = [pytest.param(pages_of(of), id="pages") for of in (ONE_PAGE, TWO_PAGES)]
DOCUMENTS += [pytest.param(clips_of(of, style), id=style) for of in (ONE_PAGE, TWO_PAGES) for style in Style]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_follow_the_published_model(document: dict[str, Any]) -> None:
    read = Manifest.model_validate(json.loads(json.dumps(document)))
    assert read.type == "Manifest"
    assert next(iter(document)) == "@context"
    assert document["@context"] == CONTEXT


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_model_knows_every_key(document: dict[str, Any]) -> None:
    # it drops what it does not know, without a word
    read = json.loads(Manifest.model_validate(document).json())
    assert set(read) == set(document)
    for written, back in zip(document["items"], read["items"], strict=True):
        assert set(back) == set(written)


def test_the_model_knows_the_selector() -> None:
    # as the body of an annotation it takes every object with an id and a type for an image
    body = body_of(Style.SELECTOR)
    read = json.loads(SpecificResource.model_validate(body).json())
    assert set(read) >= set(body)
    assert read["selector"]["region"] == "120,200,900,140"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_ids_are_unique_and_below_the_document(document: dict[str, Any]) -> None:
    ids = defined_ids(document)
    assert len(set(ids)) == len(ids)
    assert all(one == document["id"] or one.startswith(document["id"] + "/") for one in ids)
    assert all("#" not in one for one in ids)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_annotations_target_canvases_of_the_document(document: dict[str, Any]) -> None:
    canvases = {canvas["id"] for canvas in document["items"]}
    annotations = [o for o in objects(document) if o.get("type") == "Annotation"]
    assert {annotation["target"].partition("#")[0] for annotation in annotations} == canvases


def test_two_styles_share_no_id() -> None:
    documents = [clips_of(TWO_PAGES, style, f"?style={style}") for style in Style]
    ids = [one for document in documents for one in defined_ids(document)]
    assert len(set(ids)) == len(ids)
    assert documents[1]["items"][0]["id"] == f"{CLIPS_URI}/canvas/p1/clip/Name?style=selector"


boxes = st.builds(Box, st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 1480), st.integers(1, 2508))
labels = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
manifests = st.lists(st.lists(st.builds(clip, labels, boxes), max_size=4), min_size=1, max_size=3).map(
    lambda pages: ManifestInput(PAGES_URI, "Exam", tuple(page(n, *clips) for n, clips in enumerate(pages, 1)))
)


@given(manifests)
def test_every_area_is_told_exactly_and_uniquely(manifest: ManifestInput) -> None:
    document = pages_of(manifest)
    ids = defined_ids(document)
    assert len(set(ids)) == len(ids)
    told = [
        (a["body"]["value"], a["target"].partition("#xywh=")[2])
        for o in objects(document)
        if o.get("type") == "AnnotationPage"
        for a in o["items"]
        if a["motivation"] == "commenting"
    ]
    clips = [one for of in manifest.pages for one in of.clips]
    assert told == [(c.label, f"{c.box.left},{c.box.top},{c.box.width},{c.box.height}") for c in clips]


@given(manifests, st.sampled_from([Style.SELECTOR, Style.FRAGMENT]))
def test_what_is_written_is_read_back(manifest: ManifestInput, style: Style) -> None:
    clips = [(of, one) for of in manifest.pages for one in of.clips]
    if not clips:
        return
    document = clips_of(manifest, style)
    ids = defined_ids(document)
    assert len(set(ids)) == len(ids)
    read = find_segments(document)
    assert [(s.service, s.request.region) for s in read] == [
        (of.service3, PixelRegion(c.box.left, c.box.top, c.box.width, c.box.height)) for of, c in clips
    ]


@given(labels)
def test_a_segment_tells_its_label(label: str) -> None:
    (canvas,) = clips_of(ManifestInput("", "Exam", (page(1, clip(label)),)))["items"]
    segment = canvas["id"].removeprefix(f"{CLIPS_URI}/canvas/p1/clip/")
    assert unquote(segment.partition(";")[0]) == label
