"""From a source to a form: a template, a PDF and the images of its pages."""

import base64
import codecs
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from omrclip.errors import ImageError, InvalidMarkup, InvalidRequest, LimitExceeded, Problem
from omrclip.imaging.codec import decode
from omrclip.imaging.formats.base import ImageFormat
from omrclip.imaging.formats.writing import encode
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import check_pixels, probe
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.authoring.generation.checking import check
from omrclip.omr.authoring.generation.drawing import pdf_of
from omrclip.omr.authoring.generation.json_markup import is_json, parse_json
from omrclip.omr.authoring.generation.layout import FormLayout, lay_out
from omrclip.omr.authoring.generation.markdown import parse_markdown
from omrclip.omr.authoring.generation.nodes import SHOWN, At, Mistake, Parsed
from omrclip.omr.authoring.generation.placeholders import placeholders
from omrclip.omr.authoring.generation.shapes import DPI, PageLayout
from omrclip.omr.authoring.generation.sheet import Settings, SharedParts
from omrclip.omr.authoring.generation.text_markup import parse_text
from omrclip.omr.authoring.generation.vocabulary import Element
from omrclip.omr.template import Page, Template

MOST_SOURCE_BYTES = 1024 * 1024
"""The largest source. A form of 100 pages with 100 questions each has a tenth of it."""


MOST_PAGES = 50
"""Pages of a form. It bounds the time and memory of a layout."""
_SHOWN_AS_STORED = (ImageFormat.JPEG, ImageFormat.PNG)
"""Formats that reportlab reads as this project does. Others become PNG, as do images that are turned upright."""
GENERATION_BYTES = 256 << 20
"""Memory for the layout of a form, and for rendering one page of the largest paper."""


@dataclass(frozen=True, slots=True)
class GeneratedForm:
    """A form that was made from a source.

    Attributes:
        template: its pages name their images `<name>.png`, or `<name>Page1.png` and so on if there are several.
        pdf: all pages, with vectors.
        warnings: what has no effect, or may not be read well.
    """

    template: Template
    pdf: bytes = field(repr=False)
    warnings: tuple[Mistake, ...] = ()

    def page_images(self, limits: Limits = DEFAULT_LIMITS) -> list[bytes]:
        """The pages as PNG files of 300 dpi, rendered from the PDF."""
        from omrclip.imaging.pdf_pages import PdfPages  # 60 ms that a form without images does not need

        with closing(PdfPages(BytesReader(self.pdf), limits.max_image_pixels)) as pages:
            return [pages.render_page(number, DPI) for number in range(1, pages.count + 1)]

    def template_with(self, images: Sequence[bytes]) -> Template:
        """The template with the images of its pages in it.

        Programs of cloud clients send only the template. Without the blank page, more answers are doubtful.
        """
        embedded = [
            replace(page, image_data=base64.b64encode(image).decode("ascii"))
            for page, image in zip(self.template.pages, images, strict=True)
        ]
        return replace(self.template, pages=tuple(embedded))


@dataclass(frozen=True, slots=True)
class Source:
    """A source whose elements are known to be right."""

    elements: tuple[Element, ...]
    warnings: tuple[Mistake, ...] = ()


def read_source(data: bytes, *, is_markdown: bool = False) -> Source:
    """Parse and check the text or JSON form of the markup, or Markdown.

    Raises:
        InvalidMarkup: with all mistakes.
        LimitExceeded: the source is too long.
    """
    if len(data) > MOST_SOURCE_BYTES:
        raise LimitExceeded(
            f"The source has more than the {MOST_SOURCE_BYTES:,} bytes allowed.",
            limit="markup_bytes",
            maximum=MOST_SOURCE_BYTES,
        )
    checked = check(_parsed(data, is_markdown=is_markdown))
    _refuse_if(checked.mistakes)
    if len(checked.elements) > MOST_PAGES and checked.elements[0].kind == "page":
        told = f"Page {MOST_PAGES + 1} begins here. A form has at most {MOST_PAGES}. Write the rest as another form."
        _refuse_if([Mistake(checked.elements[MOST_PAGES].at, told)])
    return Source(checked.elements, checked.warnings)


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8, or else in the code page of Windows for Western languages.

    A byte order mark of UTF-16 counts. Notepad and Excel write it in what they call Unicode text. Letters and their
    accents become one character each, because fonts have those. Byte order marks between parts that were put together
    are left out.
    """
    return unicodedata.normalize("NFC", _decoded(data)).replace("\ufeff", "")


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Windows editors save it so. It has a letter for nearly every byte.
        return data.decode("cp1252", errors="replace")


def _parsed(data: bytes, *, is_markdown: bool) -> Parsed:
    text = decoded(data)
    zero = text.find("\0")
    if zero >= 0:
        at = At(text.count("\n", 0, zero) + 1, zero - text.rfind("\n", 0, zero))
        return Parsed((), (Mistake(at, "The source is not text. Save it as text in UTF-8."),))
    if is_markdown:
        return parse_markdown(text)
    return parse_json(text) if is_json(text) else parse_text(text)


def generate(
    data: bytes,
    name: str,
    images: Mapping[str, bytes] | None = None,
    settings: Settings | None = None,
    limits: Limits = DEFAULT_LIMITS,
    *,
    is_markdown: bool = False,
) -> GeneratedForm:
    """Make a form.

    Args:
        data: the source, in UTF-8.
        name: of the form and of its page images.
        images: files by the names that the source uses.
        settings: for what the source does not say.
        limits: how large an image may be.
        is_markdown: whether the source is Markdown. The text and JSON forms are told apart by their contents.

    Raises:
        InvalidMarkup: with all mistakes of the source.
        InvalidRequest: an image that the source does not show cannot be used.
        LimitExceeded: the source or an image is too large.
    """
    images, settings = images or {}, settings or Settings()
    source = read_source(data, is_markdown=is_markdown)
    images, dimensions = usable_images(images, source.elements, limits)
    layout = laid_out(source.elements, name, settings, dimensions)
    template = template_of(layout.pages, name)
    warnings = (*source.warnings, *_not_filled_in(source.elements), *layout.warnings)
    return GeneratedForm(template, pdf_of(layout.pages, images, name), warnings)


def image_places(elements: Sequence[Element]) -> dict[str, At]:
    """The names of the images that elements show, and where each is shown first."""
    found: dict[str, At] = {}
    for element in elements:
        own = {element.name: element.at} if element.kind == "image" else {}
        found = {**own, **image_places(element.children), **found}
    return found


def laid_out(
    elements: Sequence[Element],
    name: str,
    settings: Settings,
    images: Mapping[str, Dimensions],
    shared: SharedParts | None = None,
) -> FormLayout:
    """Lay out elements. Raises InvalidMarkup if they do not fit."""
    layout = lay_out(name, elements, settings, images, shared)
    _refuse_if(layout.mistakes)
    return layout


def usable_images(
    images: Mapping[str, bytes], elements: Sequence[Element] = (), limits: Limits = DEFAULT_LIMITS
) -> tuple[dict[str, bytes], dict[str, Dimensions]]:
    """The files that a PDF can show, and their dimensions. Each image is decoded, to find damaged ones.

    Raises InvalidMarkup if images that the elements show cannot be used, and InvalidRequest for another.
    """
    usable, dimensions, mistakes = {}, {}, []
    places = image_places(elements)
    for name, data in images.items():
        try:
            info = probe(data)
            check_pixels(name, info, limits)
            pixels = decode(data, info)
        except (ImageError, LimitExceeded) as error:
            told = f'The image "{name[:SHOWN]}" cannot be used. {error.message}'
            if name not in places:
                raise InvalidRequest(told) from error
            mistakes.append(Mistake(places[name], told))
            continue
        is_as_stored = info.format in _SHOWN_AS_STORED and info.orientation == 1
        usable[name] = data if is_as_stored else encode(pixels, ImageFormat.PNG)
        dimensions[name] = info.dimensions
    _refuse_if(sorted(mistakes, key=lambda one: one.at.line))
    return usable, dimensions


def template_of(pages: Sequence[PageLayout], name: str, booklet_by: str | None = None) -> Template:
    """The template of pages that are laid out."""
    several = len(pages) > 1
    made = [
        Page(
            width=page.dimensions.width,
            height=page.dimensions.height,
            elements=tuple(page.elements),
            image_name=f"{name}Page{number}.png" if several else f"{name}.png",
            image_format=".png",
        )
        for number, page in enumerate(pages, start=1)
    ]
    return Template(pages=tuple(made), version="1.0", name=name, is_generated=True, booklet_by=booklet_by)


def _not_filled_in(elements: Sequence[Element]) -> list[Mistake]:
    return [
        Mistake(element.at, f"${{{key[:SHOWN]}}} is printed as it is. Only a table of people fills it in.")
        for element, key in placeholders(elements)
    ]


def _refuse_if(mistakes: Sequence[Mistake]) -> None:
    if mistakes:
        raise InvalidMarkup([Problem(str(one.at), one.told) for one in mistakes])
