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
"""What finding the page takes beside the scan in grey. Most of it are the scale spaces of SIFT, of fixed extents, which
only a page takes that nothing else finds. Measured with white pages and with noise."""
BUBBLE_BYTES = 32_000
"""What measuring a bubble takes: eight grids of 28 by 28 float32, and objects."""
WARPED_PIXEL_BYTES, CLIP_PIXEL_BYTES = 12, 14
"""What a pixel takes that is sampled of the scan (its place in it, and its colours), and one of the clip, encoded."""


def recognition_bytes(pages: Sequence[KnownPage], data: bytes, options: RecognitionOptions) -> int:
    """Maximum bytes that `recognition.recognize` needs for a scan of one of the pages, without its file.

    The scan is decoded; then its pixels are there, in grey too, while the page is prepared if it is not yet, found,
    read, and its clips are cut one after the other. 0 for what is no image: it is refused before it is decoded.
    """
    try:
        info = probe(data)
        work = [_work_bytes(known, info, options) for known in pages]
    except ImageError:
        return 0
    return max(cost(info), _scan_bytes(info) + max(work, default=0))


def cutting_bytes(pages: Sequence[KnownPage], data: bytes, options: RecognitionOptions) -> int:
    """What of `recognition_bytes` is still in use while clips are cut, beside the clips: the scan, and the largest one.

    What finding the page took is free by then.
    """
    try:
        info = probe(data)
    except ImageError:
        return 0
    return _scan_bytes(info) + max((_clip_bytes(known, info, options) for known in pages), default=0)


def _scan_bytes(info: ImageInfo) -> int:
    """The pixels of a scan, in colours and in grey at all scales."""
    return 3 * info.stored.pixels + info.stored.pixels * 3 // 2


def _work_bytes(known: KnownPage, scan: ImageInfo, options: RecognitionOptions) -> int:
    bubbles = sum(len(box.bubbles) for element in known.page.elements for box in choice_boxes(element))
    registering = REGISTERING_BYTES + BUBBLE_BYTES * bubbles
    return max(preparing_bytes(known.page, known.image), registering, _clip_bytes(known, scan, options))


def _clip_bytes(known: KnownPage, scan: ImageInfo, options: RecognitionOptions) -> int:
    """What cutting the largest clip takes: samples at least as fine as the scan's pixels, reduced to the clip's."""
    margin, page = options.clip_margin, known.page.dimensions.pixels
    boxes = (area.box for area in known.page.clip_areas)
    largest = max(((box.width + 2 * margin) * (box.height + 2 * margin) for box in boxes), default=0)
    finer = max(1, ceil(sqrt(scan.stored.pixels / page)))
    out = largest * scan.stored.pixels / page if options.clip_scale is ClipScale.NATIVE else largest
    return int(WARPED_PIXEL_BYTES * largest * finer**2 + CLIP_PIXEL_BYTES * out)
