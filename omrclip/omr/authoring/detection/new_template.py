"""A new template from images of blank pages, with the elements that are detected on them."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from omrclip.imaging.codec import decode, encode
from omrclip.imaging.formats.base import ImageFormat
from omrclip.imaging.ocr import OcrFailure, TextReader
from omrclip.imaging.probe import probe
from omrclip.limits import Limits
from omrclip.omr.authoring.detection.form_fields import IN_FILE, form_elements, on_page, placed, with_form
from omrclip.omr.authoring.detection.naming import Word
from omrclip.omr.authoring.detection.page import Detection, Proposal, detect
from omrclip.omr.authoring.detection.printed_text import in_pixels, printed_words
from omrclip.omr.blank_images import BlankPage
from omrclip.omr.recognition import check_pages
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.template import Element, Page, Template, UnknownElement


@dataclass(frozen=True, slots=True, eq=False)
class NewTemplate:
    """A template that was made from blank pages.

    Attributes:
        template: it.
        detections: what was detected on each page, in the order of its elements.
        images: the image file of each page.
        failure: why the print on a page was not read; None if it was read or did not have to be.
    """

    template: Template
    detections: tuple[Detection, ...]
    images: tuple[bytes, ...]
    failure: OcrFailure | None = None


def _not_told(_number: int, _detection: Detection) -> None:
    """Nobody waits for each page."""


def new_template(
    blank: Sequence[BlankPage],
    name: str,
    limits: Limits,
    reader: TextReader | None = None,
    first: int = 1,
    on_page: Callable[[int, Detection], object] = _not_told,
) -> NewTemplate:
    """Detect the elements of blank pages.

    A page that is skewed or photographed is made upright, and its upright image becomes the page of the template. All
    images are embedded in the template. The names of elements on page 2 begin with "P2_", so that all differ.

    Args:
        blank: an image file for each page, with the words and fields of a PDF.
        name: of the template.
        limits: maximum number of pixels of an image.
        reader: reads the print on pages whose words are not in the file; None if it is not read.
        first: the number of the first of these pages in the form.
        on_page: called with the number and the detection of each page when it is done. If it raises, no more are done.

    Raises:
        ImageError, LimitExceeded: an image cannot be decoded.
    """
    _check([page.image for page in blank], limits)
    detections = []
    files = []
    pages = []
    failure = None
    for number, page in enumerate(blank, first):
        detection, not_read = _detection(page, reader)
        failure = failure or not_read
        detection = replace(detection, proposals=tuple(_named(one, number) for one in detection.proposals))
        is_unchanged = np.array_equal(detection.page.matrix, np.eye(3))
        file = page.image if is_unchanged else encode(detection.page.pixels, ImageFormat.PNG)
        detections.append(detection)
        files.append(file)
        pages.append(_page(detection, file, f"{name}-{number}" if number > 1 else name))
        on_page(number, detection)
    template = Template(version="1.0", name=name, pages=tuple(pages))
    return NewTemplate(template, tuple(detections), tuple(files), failure)


def elements_in_file(page: BlankPage, number: int) -> tuple[Element, ...]:
    """The elements of the fields of a PDF form on its page of a number, in pixels of its image."""
    size = probe(page.image).dimensions
    fields = placed(page.contents.fields, (size.width, size.height), np.eye(3))
    return tuple(_named(Proposal(element, IN_FILE), number).element for element in form_elements(fields))


def _detection(page: BlankPage, reader: TextReader | None) -> tuple[Detection, OcrFailure | None]:
    """What was detected on a page, with the names and fields that its file has, else with names by its print."""
    pixels = decode(page.image)
    detection = detect(pixels)
    size, to_page = (pixels.shape[1], pixels.shape[0]), detection.page.matrix
    elements = form_elements(placed(page.contents.fields, size, to_page))
    if page.contents.words:
        places = [(text, on_page(sides, size, to_page)) for text, *sides in page.contents.words]
        words = [Word(text, left, top, left + width, top + height) for text, (left, top, width, height) in places]
        return with_form(detection, elements, words), None
    read = printed_words(detection, reader)
    return with_form(detection, elements, in_pixels(read.words, detection)), read.failure


def _check(images: Sequence[bytes], limits: Limits) -> None:
    """Refuse images that are too large or unknown, before one is decoded."""
    known = []
    for number, image in enumerate(images, 1):
        extents = probe(image).dimensions
        known.append(KnownPage(Page(width=extents.width, height=extents.height), number, image))
    check_pages(known, limits)


def _named(proposal: Proposal, number: int) -> Proposal:
    """Put the number of a page before the name, from the second page on."""
    element = proposal.element
    if number == 1 or isinstance(element, UnknownElement):
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
