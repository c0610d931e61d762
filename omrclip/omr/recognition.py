"""All that comes out of one scan: registration, element results and clips, or the reason why there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import perf_counter

from omrclip.config import Limits
from omrclip.errors import CorruptImage, ImageError, InvalidRequest, LimitExceeded, OmrclipError, RegistrationFailed
from omrclip.iiif.request import Format
from omrclip.imaging.codec import decode
from omrclip.imaging.probe import ImageInfo, probe
from omrclip.imaging.source import DecodedImage
from omrclip.omr.clips import Clip, cut_clip
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration import KnownPage, Registration, register
from omrclip.omr.registration.scale import same_shape
from omrclip.omr.results import ElementResult, ElementStatus, MarkThresholds
from omrclip.omr.template import Barcode, ChoiceBox, Grid, Page, Template

CLIP_FORMATS = (Format.JPG, Format.PNG, Format.WEBP, Format.TIF)


@dataclass(frozen=True, slots=True)
class Scan:
    """An image of a filled page, as it came: its file name, and its bytes."""

    name: str
    data: bytes = field(repr=False)

    @property
    def stem(self) -> str:
        """The name without its extension."""
        return stem(self.name)


def stem(name: str) -> str:
    """A file name without its extension; a dot that begins the name begins no extension."""
    before, dot, _ = name.rpartition(".")
    return before if dot and before else name


class ClipScale(StrEnum):
    """The pixels of a clip: the template's (an area's Width × Height), or as many as the scan itself has there."""

    TEMPLATE = "template"
    NATIVE = "native"


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """What a request may ask for.

    Attributes:
        clip_format: encoding and extension of the clips; None for JPEG bytes in files named `.png`.
        clip_scale: whether clips have template pixels, or as many as the scan has there.
        clip_margin: page pixels around each clip area that are shown too.
        thresholds: by which marks are judged.
        pages: for scans of a template with several pages, scan name → page number from 1. Scans without an entry are
            taken for the only page into which they fit.
        keep: whether the service keeps the recognition, its scans and files, so that they have URIs; `keep_seconds`
            is for how long, None for as long as the settings say.
    """

    clip_format: Format | None = None
    clip_scale: ClipScale = ClipScale.TEMPLATE
    clip_margin: int = 0
    thresholds: MarkThresholds = field(default_factory=MarkThresholds)
    pages: Mapping[str, int] = field(default_factory=dict)
    keep: bool = False
    keep_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """The outcome of one scan; `error` is None when it passed.

    Attributes:
        scan: the scan's name.
        page: the template page that it shows, from 1; None where that was not found out.
        messages: what a person should know, the error's message first.
        seconds: the time that it took.
    """

    scan: str
    page: int | None = None
    registration: Registration | None = None
    elements: tuple[ElementResult, ...] = ()
    clips: tuple[Clip, ...] = ()
    error: OmrclipError | None = None
    messages: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether there is a result."""
        return self.error is None


def known_pages(template: Template, template_image: bytes | None = None) -> tuple[KnownPage, ...]:
    """The pages of a template with their blank images; `template_image` goes before the first page's own."""
    return tuple(
        KnownPage(page, number, (template_image if number == 1 else None) or page.image_bytes())
        for number, page in enumerate(template.pages, start=1)
    )


def recognize(pages: Sequence[KnownPage], scan: Scan, options: RecognitionOptions, limits: Limits) -> Recognition:
    """Recognise one scan. What is wrong with the scan is told in the Recognition, not raised."""
    started = perf_counter()
    try:
        found = _recognize(pages, scan, options, limits)
    except OmrclipError as error:
        found = Recognition(scan.name, error=error, messages=(error.message,))
    return replace(found, seconds=perf_counter() - started)


def check_scan(scan: Scan, limits: Limits) -> ImageInfo:
    """What the scan's header says, provided that the scan may be decoded.

    Raises:
        UnsupportedImage, CorruptImage: it is no image, or holds several.
        LimitExceeded: it has more pixels than allowed.
    """
    info = probe(scan.data)
    check_pixels(scan.name, info, limits)
    if info.frames > 1:
        raise CorruptImage(f"The file holds {info.frames} images. Give each page as an image of its own.")
    return info


def check_pixels(name: str, info: ImageInfo, limits: Limits) -> None:
    """Raise LimitExceeded where an image has more pixels than allowed."""
    if info.dimensions.pixels > limits.max_image_pixels:
        raise LimitExceeded(
            f"{name} has {info.dimensions} pixels, more than the {limits.max_image_pixels:,} allowed.",
            limit="max_image_pixels",
            maximum=limits.max_image_pixels,
            image=name,
        )


def check_options(pages: int, scans: Sequence[str], options: RecognitionOptions) -> None:
    """Check the option `Pages` against the template and the scans.

    Raises:
        InvalidRequest: naming the entry that is wrong.
    """
    for name, number in options.pages.items():
        path = f"$.Options.Pages[{name!r}]"
        if name not in scans:
            raise InvalidRequest(f"{path}: no image has this name", fields=[_field(path, "the name of an image")])
        if not 1 <= number <= pages:
            expected = f"a page number from 1 to {pages}, not {number}"
            raise InvalidRequest(f"{path}: {expected}", fields=[_field(path, expected)])


def check_pages(pages: Sequence[KnownPage], limits: Limits) -> None:
    """Check the pages' extents, and the blank images that are known of them.

    Raises:
        LimitExceeded: a page, or its image, has more pixels than allowed.
        ImageError: an image cannot be decoded.
        InvalidRequest: an image has another shape than its page.
    """
    for known in pages:
        if known.page.dimensions.pixels > limits.max_output_pixels:
            raise LimitExceeded(
                f"Page {known.number} of the template has {known.page.dimensions} pixels, more than the "
                f"{limits.max_output_pixels:,} allowed.",
                limit="max_output_pixels",
                maximum=limits.max_output_pixels,
            )
        if known.image is None:
            continue
        name = f"The blank image of page {known.number}"
        try:
            info = probe(known.image)
        except ImageError as error:
            raise type(error)(f"{name}: {error.message}", **error.details) from None
        check_pixels(name, info, limits)
        page = known.page.dimensions
        if not same_shape(page, info.dimensions):
            expected = f"an image of the page's shape, {page}, not {info.dimensions} pixels"
            raise InvalidRequest(f"{name}: expected {expected}", fields=[_field("$.TemplateImage", expected)])


def _field(path: str, expected: str) -> dict[str, str]:
    return {"path": path, "expected": expected}


def _recognize(pages: Sequence[KnownPage], scan: Scan, options: RecognitionOptions, limits: Limits) -> Recognition:
    source = DecodedImage(decode(scan.data, check_scan(scan, limits)))
    number = options.pages.get(scan.name)
    candidates = pages if number is None else [pages[number - 1]]
    known, registration = _fitting_page(candidates, source)
    registered = RegisteredPage(source, registration)
    image_format = options.clip_format or Format.JPG
    elements = read_elements(known.page)
    return Recognition(
        scan.name,
        page=known.number,
        registration=registration,
        elements=elements,
        clips=tuple(cut_clip(area, registered, image_format, limits) for area in known.page.clip_areas),
        messages=_messages(elements),
    )


def _fitting_page(pages: Sequence[KnownPage], scan: DecodedImage) -> tuple[KnownPage, Registration]:
    """The only page that registers: with several, a guess could cut the right place of the wrong page."""
    found: list[tuple[KnownPage, Registration]] = []
    failures: list[RegistrationFailed] = []
    for known in pages:
        try:
            found.append((known, register(known, scan)))
        except RegistrationFailed as failure:
            failures.append(failure)
    if not found:
        raise failures[0]
    if len(found) > 1:
        numbers = " and ".join(str(known.number) for known, _ in found)
        raise RegistrationFailed(
            f"The scan fits pages {numbers} of the template alike: name its page in the option Pages.", tried=[]
        )
    return found[0]


def read_elements(page: Page) -> tuple[ElementResult, ...]:
    """What is read of the page's choice boxes, grids and barcodes, in template order."""
    return tuple(
        ElementResult(element.name or "", element.type, ElementStatus.UNCERTAIN, message="It was not read.")
        for element in page.elements
        if isinstance(element, ChoiceBox | Grid | Barcode)
    )


def _messages(elements: Sequence[ElementResult]) -> tuple[str, ...]:
    """What a person should look at: the elements that are not certain."""
    return tuple(f"{element.name}: {element.message}" for element in elements if element.message)
