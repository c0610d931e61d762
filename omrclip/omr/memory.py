"""The maximum memory of a recognition, computed before it begins."""

from collections.abc import Sequence
from math import ceil, sqrt

from omrclip.errors import ImageError
from omrclip.imaging.codec import cost
from omrclip.imaging.probe import ImageInfo, probe
from omrclip.omr.options import ClipScale, RecognitionOptions
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.registration.reference import choice_boxes, preparing_bytes

REGISTERING_BYTES = 270_000_000
"""Memory for finding the page, in addition to the grey scan. Most of it is needed for the scale spaces of SIFT, which
have a fixed size and are used only if nothing else finds the page. Measured with white pages and with noise.
"""
BUBBLE_BYTES = 32_000
"""Memory for measuring a bubble: eight grids of 28 by 28 float32, and objects."""
WARPED_PIXEL_BYTES, CLIP_PIXEL_BYTES = 12, 14
"""Memory for a sampled pixel of the scan (its place and its colors), and for a pixel of the clip, including encoding.
"""


def recognition_bytes(pages: Sequence[KnownPage], data: bytes, options: RecognitionOptions) -> int:
    """The most memory in bytes that `recognition.recognize` needs for a scan of one of the pages, without its file.

    It needs the decoded scan while it decodes. After that it needs the pixels, also in grey, to prepare the page if
    necessary, to find it, to read it, and to cut its clips one after the other. The result is 0 for a file that is not
    an image, because it is refused before it is decoded.
    """
    try:
        info = probe(data)
        work = [_work_bytes(known, info, options) for known in pages]
    except ImageError:
        return 0
    return max(cost(info), _scan_bytes(info) + max(work, default=0))


def cutting_bytes(pages: Sequence[KnownPage], data: bytes, options: RecognitionOptions) -> int:
    """The part of `recognition_bytes` in use while clips are cut, without the clips: the scan, and the largest clip."""
    try:
        info = probe(data)
    except ImageError:
        return 0
    return _scan_bytes(info) + max((_clip_bytes(known, info, options) for known in pages), default=0)


def _scan_bytes(info: ImageInfo) -> int:
    """The pixels of a scan, in color and in grey at all scales."""
    return 3 * info.stored.pixels + info.stored.pixels * 3 // 2


def _work_bytes(known: KnownPage, scan: ImageInfo, options: RecognitionOptions) -> int:
    bubbles = sum(len(box.bubbles) for element in known.page.elements for box in choice_boxes(element))
    registering = REGISTERING_BYTES + BUBBLE_BYTES * bubbles
    return max(preparing_bytes(known.page, known.image), registering, _clip_bytes(known, scan, options))


def _clip_bytes(known: KnownPage, scan: ImageInfo, options: RecognitionOptions) -> int:
    """The memory for cutting the largest clip: samples at least as fine as the scan's pixels, reduced to the clip's."""
    margin, page = options.clip_margin, known.page.dimensions.pixels
    boxes = (area.box for area in known.page.clip_areas)
    largest = max(((box.width + 2 * margin) * (box.height + 2 * margin) for box in boxes), default=0)
    finer = max(1, ceil(sqrt(scan.stored.pixels / page)))
    out = largest * scan.stored.pixels / page if options.clip_scale is ClipScale.NATIVE else largest
    return int(WARPED_PIXEL_BYTES * largest * finer**2 + CLIP_PIXEL_BYTES * out)
