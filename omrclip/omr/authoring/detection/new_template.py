"""A new template from images of blank pages, with the elements that are detected on them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from omrclip.config import Limits
from omrclip.imaging.codec import decode, encode
from omrclip.imaging.formats.base import ImageFormat
from omrclip.imaging.probe import probe
from omrclip.omr.authoring.detection.naming import Word, with_names
from omrclip.omr.authoring.detection.page import Detection, Proposal, detect
from omrclip.omr.recognition import check_pages
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.template import Element, Page, Template, UnknownElement

PageWords = Sequence[tuple[str, float, float, float, float]]
"""The words of a page: text, left, top, right and bottom."""


@dataclass(frozen=True, slots=True, eq=False)
class NewTemplate:
    """A template, and for each of its pages what was detected, in the order of its elements, and its image file."""

    template: Template
    detections: tuple[Detection, ...]
    images: tuple[bytes, ...]


def new_template(images: Sequence[bytes], name: str, limits: Limits, words: Sequence[PageWords] = ()) -> NewTemplate:
    """Detect the elements of blank pages.

    A page that is skewed or photographed is made upright, and its upright image becomes the page of the template. All
    images are embedded in the template. The names of elements on page 2 begin with "P2_", so that all differ.

    Args:
        images: an image file for each page.
        name: of the template.
        limits: maximum number of pixels of an image.
        words: for each page its words, with their sides as parts of its width and height; empty if they are unknown.

    Raises:
        ImageError, LimitExceeded: an image cannot be decoded.
    """
    _check(images, limits)
    detections = []
    files = []
    pages = []
    for number, image in enumerate(images, 1):
        detection = detect(decode(image))
        if len(words) >= number:
            detection = with_names(detection, _in_pixels(words[number - 1], detection))
        if number > 1:
            detection = replace(detection, proposals=tuple(_named(one, number) for one in detection.proposals))
        is_unchanged = np.array_equal(detection.page.matrix, np.eye(3))
        file = image if is_unchanged else encode(detection.page.pixels, ImageFormat.PNG)
        detections.append(detection)
        files.append(file)
        pages.append(_page(detection, file, f"{name}-{number}" if number > 1 else name))
    template = Template(version="1.0", name=name, pages=tuple(pages))
    return NewTemplate(template, tuple(detections), tuple(files))


def _in_pixels(words: PageWords, detection: Detection) -> list[Word]:
    """The words in pixels of an upright page; none if it was turned, because they were not."""
    if not np.array_equal(detection.page.matrix, np.eye(3)):
        return []
    height, width = detection.page.pixels.shape[:2]
    return [
        Word(text, left * width, top * height, right * width, bottom * height)
        for text, left, top, right, bottom in words
    ]


def _check(images: Sequence[bytes], limits: Limits) -> None:
    """Refuse images that are too large or unknown, before one is decoded."""
    known = []
    for number, image in enumerate(images, 1):
        extents = probe(image).dimensions
        known.append(KnownPage(Page(width=extents.width, height=extents.height), number, image))
    check_pages(known, limits)


def _named(proposal: Proposal, number: int) -> Proposal:
    element = proposal.element
    if isinstance(element, UnknownElement):
        return proposal
    renamed: Element = replace(element, name=f"P{number}_{element.name}")
    return replace(proposal, element=renamed)


def _page(detection: Detection, file: bytes, stem: str) -> Page:
    height, width = detection.page.pixels.shape[:2]
    extension = probe(file).format.extension
    return Page(
        width=width,
        height=height,
        elements=tuple(proposal.element for proposal in detection.proposals),
        image_name=f"{stem}.{extension}",
        image_format=f".{extension}",
        image_data=base64.b64encode(file).decode("ascii"),
    )
