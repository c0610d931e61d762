"""Images of blank pages, which are stored beside their template and served under `/iiif/`.

Page n of the template NAME has the identifier `NAME.omr.n`. The image of the first page is the file beside the template
with the same stem. If this file is missing, and for all other pages, the image is the ImageData of the page.
"""

import base64
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from omrclip.admission import Admission
from omrclip.errors import NotFound, StorageUnavailable
from omrclip.imaging.probe import ImageInfo, probe
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.limits import Limits
from omrclip.omr.authoring.detection.new_template import elements_in_file
from omrclip.omr.blank_images import BlankPage, blank_images, blank_pages
from omrclip.omr.recognition import check_pages
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration.find import KnownPage, Registration
from omrclip.omr.template import Page, Template
from omrclip.schemas.template import template_to_bytes
from omrclip.serving.sources import OpenFile, SourceCache
from omrclip.storage.blobs import UNCONDITIONAL, Blob, BlobStore, Precondition
from omrclip.storage.templates import IMAGE_SUFFIXES, SUFFIX, StoredTemplate, TemplateStore

MOST_TEMPLATE_PAGES = 100
"""Maximum number of pages of a new template. Forms have a few; each page is read, and stored in the template."""
_IDENTIFIER = re.compile(r"([^/]+)\.omr\.([1-9][0-9]{0,3})")


def page_identifier(name: str, number: int) -> str:
    """The identifier of a page of a template under `/iiif/`. Numbers begin at 1."""
    return f"{name}{SUFFIX}.{number}"


def owner_of_pages(name: str) -> str:
    """The owner of what is cached of a template's page images, see `OpenImage`."""
    return f"templates/{name}"


class PageImages:
    """The page images of one template store. `url` is the URL of the store `templates`."""

    def __init__(self, url: str, templates: TemplateStore, limits: Limits) -> None:
        self._blobs = BlobStore(url)
        self._templates = templates
        self._limits = limits

    def open(self, identifier: str, cache: SourceCache) -> OpenFile | None:
        """The image of the blank page with this identifier, or None if it is not the identifier of a page.

        Raises:
            NotFound: the template or page does not exist, or has no image.
            UnsupportedImage, CorruptImage, LimitExceeded: the image cannot be served.
        """
        found = _IDENTIFIER.fullmatch(identifier)
        if not found:
            return None
        name, number = found[1], int(found[2])
        file = self.file(name) if number == 1 else None
        if file is not None:
            state = self._blobs.state(file)
            return cache.open(
                f"templates/{file}",
                state,
                lambda: self._blobs.ranges(file, state),
                owner=owner_of_pages(name),
                on_disk=True,
            )
        state = self._blobs.state(name + SUFFIX)
        page = self.page(self._templates.read(name), number)
        if page.image_data is None:
            raise NotFound(f"Page {number} of the template {name!r} has no image.")
        return cache.open(
            f"templates/{identifier}",
            state,
            lambda: BytesReader(page.image_bytes() or b""),
            owner=owner_of_pages(name),
        )

    def registered(self, name: str, number: int, cache: SourceCache) -> RegisteredPage:
        """A blank page in template pixels, as if its image were a scan that the page fills. Raises as `open` does."""
        page = self.page(self._templates.read(name), number).dimensions
        image = self.open(page_identifier(name.removesuffix(SUFFIX), number), cache)
        if image is None:
            raise NotFound(f"The template {name!r} has no page image.")
        scan = image.dimensions
        to_scan = np.diag([scan.width / page.width, scan.height / page.height, 1.0])
        return RegisteredPage(image.source, Registration("page image", page, scan, to_scan))

    def page(self, stored: StoredTemplate, number: int) -> Page:
        """A page by its number, from 1. Raises NotFound."""
        pages = stored.template.pages
        if not 1 <= number <= len(pages):
            raise NotFound(f"The template {stored.name!r} has no page {number}.")
        return pages[number - 1]

    def states(self, stored: StoredTemplate) -> Sequence[str | None]:
        """For each page the state of its image, or None for a page without an image."""
        file = self.file(stored.name)
        own = [stored.blob.etag if page.image_data else None for page in stored.template.pages]
        return [self._blobs.state(file).mark, *own[1:]] if file else own

    def read(self, name: str) -> tuple[Blob, ImageInfo]:
        """The file with the image of the first page. Raises NotFound."""
        file = self.file(name)
        if file is not None:
            blob = self._blobs.read(file)
            return blob, probe(blob.data)
        data = self.page(self._templates.read(name), 1).image_bytes()
        if data is None:
            raise NotFound(f"The template {name!r} has no page image.")
        return Blob(name, data), probe(data)

    def write(
        self, name: str, data: bytes, admission: Admission, precondition: Precondition = UNCONDITIONAL
    ) -> tuple[Blob, ImageInfo, bool]:
        """Store an image beside a template. The last value says whether the template had no image there.

        Of a document, the image of the first page is stored so. Those of the other pages become part of the template.

        Raises:
            NotFound: the template does not exist.
            InvalidRequest: the image has a different aspect ratio than the page, or the document has too many pages.
            UnsupportedImage, CorruptImage, LimitExceeded: the bytes cannot be used as an image.
            ServerBusy: no memory is free for reading the document.
            PreconditionFailed, PreconditionRequired: see Precondition.
        """
        template = self._templates.read(name).template
        images = blank_images(data, len(template.pages), self._limits, admission)
        check_pages(_with_images(template, images), self._limits)
        outcome = self._write_first(name, images[0], precondition)
        if len(images) > 1:
            self._templates.change(name, lambda current: _embedded(current, images), UNCONDITIONAL)
        return outcome

    def _write_first(self, name: str, data: bytes, precondition: Precondition) -> tuple[Blob, ImageInfo, bool]:
        info = probe(data)
        with self._blobs.locked():
            stored = self._templates.read(name)
            check_pages(_with_images(stored.template, [data]), self._limits)
            old = self.file(stored.name)
            precondition.check(stored.name, self._blobs.read(old) if old else None)
            new = f"{stored.name}.{info.format.extension}"
            blob, _ = self._blobs.write(new, data)
            if old not in (None, new):
                self._blobs.delete(old or "")
        return blob, info, old is None

    def delete(self, name: str, precondition: Precondition = UNCONDITIONAL) -> None:
        """Delete the image beside a template. Raises NotFound and PreconditionFailed."""
        file = self.file(name)
        if file is None:
            raise NotFound(f"The template {name!r} has no image file beside it.")
        self._blobs.delete(file, precondition)

    def new_template(self, name: str, data: bytes, admission: Admission) -> StoredTemplate:
        """Store an image, and a template with one page of the same dimensions; or the pages of a document.

        The pages are empty but for the fields of a PDF form.

        Raises:
            PreconditionFailed: a template with this name exists.
            InvalidRequest, UnsupportedImage, CorruptImage, LimitExceeded: the name or the image cannot be used.
            ServerBusy: no memory is free for reading the document.
            StorageUnavailable, StorageFull: nothing is stored.
        """
        stem = name.removesuffix(SUFFIX)
        pages = blank_pages(data, MOST_TEMPLATE_PAGES, self._limits, admission)
        images = tuple(page.image for page in pages)
        made = tuple(_page_of(stem, page, number) for number, page in enumerate(pages, start=1))
        template = Template(version="1.0", name=stem, pages=made)
        template = _embedded(template, images)
        check_pages(_with_images(template, images), self._limits)
        stored, _ = self._templates.write(stem, template_to_bytes(template), Precondition(absent=True))
        try:
            with suppress(NotFound):  # an image that a deleted template left
                self.delete(stem)
            self._write_first(stem, images[0], UNCONDITIONAL)
        except StorageUnavailable:
            with suppress(NotFound, StorageUnavailable):
                self._templates.delete(stem)  # so that the client can repeat the request
            raise
        return stored

    def file(self, name: str) -> str | None:
        """The name of the image file beside a template, or None if there is no such file."""
        stem = name.removesuffix(SUFFIX)
        return next((stem + suffix for suffix in IMAGE_SUFFIXES if self._blobs.has(stem + suffix)), None)


def _page_of(stem: str, blank: BlankPage, number: int) -> Page:
    """A page with the dimensions of an image, and the elements that its file names."""
    info = probe(blank.image)
    extents, extension = info.dimensions, info.format.extension
    return Page(
        width=extents.width,
        height=extents.height,
        elements=elements_in_file(blank, number),
        image_name=f"{stem}.{extension}",
        image_format=f".{extension}",
    )


def _with_images(template: Template, images: Sequence[bytes]) -> list[KnownPage]:
    """The first pages of a template, with images of them."""
    pages = template.pages[: len(images)]
    return [KnownPage(page, number, image) for number, (page, image) in enumerate(zip(pages, images, strict=True), 1)]


def _embedded(template: Template, images: Sequence[bytes]) -> Template:
    """The template with images of its pages from the second on."""
    pages = list(template.pages)
    for index, image in enumerate(images[1 : len(pages)], start=1):
        pages[index] = replace(pages[index], image_data=base64.b64encode(image).decode("ascii"))
    return replace(template, pages=tuple(pages))
