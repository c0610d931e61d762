"""Recognize one scan: registration, results of elements and clips, or the error."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from omrclip.admission import Admission, Holding
from omrclip.errors import CorruptImage, Failure, ImageError, InvalidRequest, LimitExceeded, ServerBusy, Stopped
from omrclip.imaging.codec import decode, read_profile
from omrclip.imaging.density import Density
from omrclip.imaging.probe import ImageInfo, check_pixels, probe
from omrclip.imaging.source import DecodedImage
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.blank_images import blank_images
from omrclip.omr.blank_page import TOLD as BLANK_PAGE_TOLD
from omrclip.omr.blank_page import is_blank_page
from omrclip.omr.clips import Clip, cut_clip, unconfirmed, unconfirmed_page
from omrclip.omr.labels import element_path, page_labels
from omrclip.omr.memory import cutting_bytes, recognition_bytes
from omrclip.omr.options import Orientation, RecognitionOptions
from omrclip.omr.page_choice import Fit, only_fitting
from omrclip.omr.reading.elements import read_elements
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration.find import FoundPage, ImagePyramid, KnownPage, Registration
from omrclip.omr.registration.strategies.scale import same_shape
from omrclip.omr.report.file_names import check_readable, shown_name, stem
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import (
    DEFAULT_JPEG_QUALITY,
    ClipArea,
    Element,
    Grid,
    Page,
    Template,
    UnknownElement,
    unread_type,
)
from omrclip.wording import ABOUT, Wording, joined
from omrclip.work import ENDLESS, Work

TOLD_EXTENTS = 0.15
"""Part by which the size of printed bubbles may differ from the template's without a message: the bubbles of templates
are often drawn a little too large."""

CLIP_COPIES = 4
"""How often clips are in memory that come from another process: the clips and the message, in both processes."""

MOST_UNREAD_TOLD = 20
"""Elements of unknown types that the messages of a scan name. More would hide the other messages."""

OTHER_SIZE = Wording(
    "other_size", "The bubbles are printed {times} times as large as the template says: correct the template."
)
MORE_UNREAD = Wording(
    "more_unread",
    "{n} more element is of a type that is not read.|{n} more elements are of types that are not read.",
)


@dataclass(frozen=True, slots=True)
class Scan:
    """An image of a filled page: its file name, and the bytes of the file."""

    name: str
    data: bytes = field(repr=False)

    @property
    def stem(self) -> str:
        """The name without its extension."""
        return stem(self.name)


@dataclass(frozen=True, slots=True)
class Recognition:
    """The result of one scan.

    Attributes:
        scan: the name of the scan, with escapes for characters that cannot be shown.
        page: the number of the template page that it shows, from 1; None if it was not found.
        registration: the map from the page to the scan; None if it was not found.
        elements: the results of the elements, in template order.
        clips: the clips of the clip areas, in template order.
        error: why the scan failed; None if it passed.
        messages: for people, the message of the error first.
        density: the density of the page in template pixels; None if the scan's file has none.
        seconds: the time that recognition took.
        template: the name of the template of the page, if the scans may show pages of several templates.
    """

    scan: str
    page: int | None = None
    registration: Registration | None = None
    elements: tuple[ElementResult, ...] = ()
    clips: tuple[Clip, ...] = ()
    error: Failure | None = None
    messages: tuple[str, ...] = ()
    density: Density | None = None
    seconds: float = 0.0
    template: str = ""

    @property
    def passed(self) -> bool:
        """Whether there is a result."""
        return self.error is None

    @property
    def clip_bytes(self) -> int:
        """The bytes of all clips together."""
        return sum(len(clip.data) for clip in self.clips)


def known_pages(
    template: Template,
    template_image: bytes | None = None,
    limits: Limits = DEFAULT_LIMITS,
    admission: Admission | None = None,
) -> tuple[KnownPage, ...]:
    """Return the pages of a template with the images of the blank pages.

    Args:
        template: the template. Its pages may contain images.
        template_image: a file with images that replace those of the first pages, see `blank_images`, or None.
        limits: the limits of the images.
        admission: admits the memory for reading them; None if it is not limited.

    Raises:
        ImageError, LimitExceeded, InvalidRequest, ServerBusy: see `blank_images`.
    """
    given = () if template_image is None else blank_images(template_image, len(template.pages), limits, admission)
    images = (*given, *(page.image_bytes() for page in template.pages[len(given) :]))
    return tuple(
        KnownPage(page, number, image, is_generated=bool(template.is_generated))
        for number, (page, image) in enumerate(zip(template.pages, images, strict=True), start=1)
    )


def _nothing(_size: int) -> None:
    """Count nothing."""


def recognize(
    pages: Sequence[KnownPage],
    scan: Scan,
    options: RecognitionOptions,
    limits: Limits,
    work: Work = ENDLESS,
    count_clip: Callable[[int], None] = _nothing,
    fit: Fit = only_fitting,
) -> Recognition:
    """Recognize one scan. If the scan fails, the Recognition has the error; it is not raised.

    Args:
        pages: the pages that the scan may show.
        scan: the image.
        options: the options of the request.
        limits: the limits of the request.
        work: the time that it may take.
        count_clip: called with the number of bytes of each clip. If it raises an exception, the scan fails.
        fit: chooses the page that the scan shows.

    Raises:
        DeadlineExceeded, Abandoned: the work ended before the scan was done.
    """
    started = perf_counter()
    try:
        check_readable(scan.name)
        found = _recognize(pages, scan, options, limits, work, count_clip, fit)
    except Stopped:
        raise
    except Exception as error:
        found = failed(scan.name, error)
    return replace(found, seconds=perf_counter() - started)


def recognize_admitted(
    admission: Admission,
    pages: Sequence[KnownPage],
    scan: Scan,
    options: RecognitionOptions,
    limits: Limits,
    work: Work = ENDLESS,
    answer: Holding | None = None,
    count_clip: Callable[[int], None] = _nothing,
    fit: Fit = only_fitting,
) -> Recognition:
    """Recognize one scan as soon as there is memory for it. A scan that needs more than all memory fails.

    Args:
        admission: admits the memory.
        pages: the pages that the scan may show.
        scan: the image.
        options: the options of the request.
        limits: the limits of the request.
        work: the time that it may take.
        answer: holds the memory of the answer. It gets the memory that is free after the page was found.
        count_clip: see `recognize`.
        fit: see `recognize`.

    Raises:
        DeadlineExceeded, Abandoned: the work ended before the scan was done.
    """
    try:
        needed, spare = _memory(pages, scan, options)
        with admission.admitted(needed, patient=True, work=work, answer=answer, spare=spare):
            return recognize(pages, scan, options, limits, work, count_clip, fit)
    except Stopped:
        raise
    except Exception as error:
        return failed(scan.name, error)


def recognize_at_once(
    admission: Admission,
    pages: Sequence[KnownPage],
    scan: Scan,
    options: RecognitionOptions,
    limits: Limits,
    work: Work,
    answer: Holding,
    count_clip: Callable[[int], None],
    elsewhere: Callable[[int], Recognition | None],
) -> Recognition | None:
    """Recognize one scan like `recognize_admitted`, if memory is free for it now.

    Args:
        admission: see `recognize_admitted`, as for all others.
        pages: the pages that the scan may show.
        scan: the image.
        options: the options of the request.
        limits: the limits of the request.
        work: the time that it may take.
        answer: holds the memory of the answer.
        count_clip: see `recognize`.
        elsewhere: recognizes the scan in another process, with clips of at most so many bytes together. It returns None
            if that is not possible. Then the scan is recognized here.

    Returns:
        None if no memory is free, or if others wait for it.
    """
    try:
        needed, spare = _memory(pages, scan, options)
        with admission.admitted(needed, at_once=True, work=work, answer=answer, spare=spare):
            recognition = elsewhere(spare // CLIP_COPIES)
            if recognition is None:
                return recognize(pages, scan, options, limits, work, count_clip)
            count_clip(recognition.clip_bytes)
            return recognition
    except Stopped:
        raise
    except ServerBusy:  # `recognize` raises no failure of a scan
        return None
    except Exception as error:
        return failed(scan.name, error)


def _memory(pages: Sequence[KnownPage], scan: Scan, options: RecognitionOptions) -> tuple[int, int]:
    """The memory for recognizing a scan, and the part of it that is free again when clips are cut, in bytes."""
    number = options.pages.get(scan.name)
    tried = pages if number is None else [pages[number - 1]]
    needed = recognition_bytes(tried, scan.data, options)
    return needed, max(0, needed - cutting_bytes(tried, scan.data, options))


def failed(name: str, error: Exception) -> Recognition:
    """Return the Recognition of a scan that failed with an exception; see `Failure.of`."""
    failure = Failure.of(error)
    return Recognition(shown_name(name), error=failure, messages=(failure.message,))


def check_scan(scan: Scan, limits: Limits) -> ImageInfo:
    """Read the header of a scan, and check that the scan may be decoded.

    Raises:
        UnsupportedImage, CorruptImage: the file is no image, or contains several images.
        LimitExceeded: the image has more pixels than allowed.
    """
    info = probe(scan.data)
    check_pixels(scan.name, info, limits)
    if info.frames > 1:
        raise CorruptImage(f"The file contains {info.frames} images. Save each page as a separate image.")
    return info


def check_options(pages: int, scans: Sequence[str], options: RecognitionOptions) -> None:
    """Check the option `Pages` against the template and the scans.

    Raises:
        InvalidRequest: an entry names no scan or no page.
    """
    for name, number in options.pages.items():
        path = f"$.Options.Pages[{name!r}]"
        if name not in scans:
            raise InvalidRequest(f"{path}: no image has this name", fields=[_field(path, "the name of an image")])
        if not 1 <= number <= pages:
            expected = f"a page number from 1 to {pages}, not {number}"
            raise InvalidRequest(f"{path}: {expected}", fields=[_field(path, expected)])


def check_pages(pages: Sequence[KnownPage], limits: Limits) -> None:
    """Check the sizes of pages and of the images of the blank pages.

    Raises:
        LimitExceeded: a page, or its image, has more pixels than allowed.
        ImageError: an image cannot be decoded.
        InvalidRequest: the width to height ratio of an image differs from that of its page.
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


def _recognize(
    pages: Sequence[KnownPage],
    scan: Scan,
    options: RecognitionOptions,
    limits: Limits,
    work: Work,
    count_clip: Callable[[int], None],
    fit: Fit,
) -> Recognition:
    work.check()
    info = check_scan(scan, limits)
    pixels = decode(scan.data, info)
    number = options.pages.get(scan.name)
    upright = options.orientation is Orientation.UPRIGHT
    levels = ImagePyramid(pixels)
    found = fit(pages if number is None else [pages[number - 1]], levels, upright, work)
    shows_blank_page = is_blank_page(found, levels, scan.data)
    del levels  # the scan's copies in grey take half its memory
    if shows_blank_page and options.blank_is is None:
        options = replace(options, blank_is=ElementStatus.UNCERTAIN)
    decoded = DecodedImage(pixels, read_profile(scan.data, info), info.mode, info.density)
    registered = RegisteredPage(decoded, found.registration)
    work.check()
    elements = read_elements(found, registered, options)
    of_all_clips = unconfirmed_page(found)
    clips = []
    for area in found.known.page.clip_areas:
        work.check()
        if found.known.is_generated and area.jpeg_quality == 0:
            area = replace(area, jpeg_quality=DEFAULT_JPEG_QUALITY)
        clip = cut_clip(area, registered, options, limits)
        count_clip(len(clip.data))
        clips.append(replace(clip, message=clip.message or of_all_clips or unconfirmed(clip, found)))
    elements, cut = _addressed(found.known, elements, clips)
    return Recognition(
        scan.name,
        page=found.known.number,
        template=found.known.template,
        registration=found.registration,
        elements=elements,
        clips=cut,
        density=registered.density,
        messages=(
            *([BLANK_PAGE_TOLD] if shows_blank_page else []),
            *([of_all_clips] if of_all_clips else []),
            *_messages(found.known.page, elements, [clip for clip in cut if clip.message != of_all_clips]),
            *_extents_told(found),
        ),
    )


def _addressed(
    known: KnownPage, elements: Sequence[ElementResult], clips: Sequence[Clip]
) -> tuple[tuple[ElementResult, ...], tuple[Clip, ...]]:
    """Return the results and clips with the paths and labels of their elements. All are in template order."""
    labels = page_labels(known.page)
    cut = [index for index, element in enumerate(known.page.elements) if isinstance(element, ClipArea)]
    read = sorted(labels.keys() - cut)[: len(elements)]  # nothing is read where no image of the page could be made
    return (
        tuple(
            replace(element, path=element_path(known.number, index), label=labels[index])
            for index, element in zip(read, elements, strict=True)
        ),
        tuple(
            replace(clip, path=element_path(known.number, index), label=labels[index])
            for index, clip in zip(cut, clips, strict=True)
        ),
    )


def _extents_told(found: FoundPage) -> list[str]:
    """Return the message if the template's bubbles are much larger or smaller than the printed ones."""
    extents = found.reference.extents
    if abs(extents - 1) < TOLD_EXTENTS:
        return []
    return [OTHER_SIZE(times=float(f"{extents:.2g}"))]


def _unread(elements: Sequence[Element], grid: str = "") -> Iterator[tuple[str, str]]:
    """Yield a description and the type of each element of an unknown type, also in Grids."""
    for number, element in enumerate(elements, start=1):
        here = shown_name(element.name) if element.name else f"Element {number}" if grid else "An element"
        here = f"{grid}, {here}" if grid else here
        if isinstance(element, UnknownElement):
            yield here, element.type
        elif isinstance(element, Grid):
            yield from _unread(element.elements, here)


def _messages(page: Page, elements: Sequence[ElementResult], clips: Sequence[Clip]) -> tuple[str, ...]:
    """Return messages about elements that are not read or uncertain, and about clips."""
    unread = list(_unread(page.elements))
    told = [joined(ABOUT(name=name), unread_type(type_name)) for name, type_name in unread[:MOST_UNREAD_TOLD]]
    if len(unread) > MOST_UNREAD_TOLD:
        told.append(MORE_UNREAD(n=len(unread) - MOST_UNREAD_TOLD))
    told += [joined(ABOUT(name=element.title), element.message) for element in elements if element.message]
    return (*told, *(joined(ABOUT(name=clip.title), clip.message) for clip in clips if clip.message))
