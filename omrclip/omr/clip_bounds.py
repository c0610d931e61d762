"""Limits the clips of one request in number, pixels and bytes."""

from collections.abc import Sequence
from typing import Final

from omrclip.errors import ImageError, LimitExceeded
from omrclip.imaging.probe import probe
from omrclip.limits import Limits
from omrclip.omr.options import ClipScale, RecognitionOptions
from omrclip.omr.template import Page

_ADVICE: Final = "Send fewer images in one request."


def check_clips(
    pages: Sequence[Page], scans: Sequence[tuple[str, bytes | None]], options: RecognitionOptions, limits: Limits
) -> int:
    """Check before the work how many clips the scans give and how many pixels these have. Return the pixels.

    A scan without an entry in the option `Pages` counts as the page with the most pixels. Clips in the scan's own scale
    count as if the page filled the scan. The clips of a scan that is not read yet have no pixels: see `clip_pixels`.

    Args:
        pages: the pages of the template.
        scans: the name and the bytes of each scan; None instead of the bytes if it is not read yet.
        options: the options of the request.
        limits: the limits of the request.

    Raises:
        LimitExceeded: there are too many clips, or they are too large together.
    """
    counts = [len(page.clip_areas) for page in pages]
    sizes = [_pixels(page, options.clip_margin) for page in pages]
    clips, pixels = 0, 0.0
    for name, data in scans:
        number = options.pages.get(name)
        chosen = range(len(pages)) if number is None else (number - 1,)
        clips += max((counts[index] for index in chosen), default=0)
        pixels += max((sizes[index] * _scale(pages[index], data, options) for index in chosen), default=0)
    check_total(clips, round(pixels), limits)
    return round(pixels)


def clip_pixels(pages: Sequence[Page], data: bytes, options: RecognitionOptions) -> int:
    """The most pixels that the clips of a scan can have, if it shows one of the pages."""
    sizes = (_pixels(page, options.clip_margin) * _scale(page, data, options) for page in pages)
    return round(max(sizes, default=0))


def check_total(clips: int, pixels: int, limits: Limits) -> None:
    """Raise LimitExceeded if there are more clips or pixels than a request may have."""
    if clips > limits.max_clips:
        raise LimitExceeded(
            f"The request asks for {clips:,} clips, more than the {limits.max_clips:,} allowed. {_ADVICE}",
            limit="max_clips",
            maximum=limits.max_clips,
        )
    if pixels > limits.max_clip_pixels:
        raise LimitExceeded(
            f"The request's clips have {pixels:,} pixels, more than the {limits.max_clip_pixels:,} allowed. {_ADVICE}",
            limit="max_clip_pixels",
            maximum=limits.max_clip_pixels,
        )


def check_bytes(size: int, limits: Limits) -> None:
    """Raise LimitExceeded if clips of `size` bytes are more than a request may have."""
    if size > limits.max_clip_bytes:
        raise LimitExceeded(
            f"The clips of the request are larger than the {limits.max_clip_bytes:,} bytes allowed. {_ADVICE}",
            limit="max_clip_bytes",
            maximum=limits.max_clip_bytes,
        )


def _pixels(page: Page, margin: int) -> int:
    """The number of page pixels of all clips of a page, including their margins."""
    width, height = page.dimensions.width, page.dimensions.height
    boxes = (area.box for area in page.clip_areas)
    return sum(min(width, box.width + 2 * margin) * min(height, box.height + 2 * margin) for box in boxes)


def _scale(page: Page, data: bytes | None, options: RecognitionOptions) -> float:
    """The number of pixels of a clip for each pixel of the page."""
    if options.clip_scale is not ClipScale.NATIVE:
        return 1.0
    try:
        return 0.0 if data is None else max(1.0, probe(data).dimensions.pixels / page.dimensions.pixels)
    except ImageError:  # this scan fails later, and has no clips
        return 0.0
