"""Make the README's picture, a filled sheet and the clips cut out of it: `python -m tests.docs.picture`."""

from pathlib import Path

import cv2
import numpy as np

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode, encode
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.ops import extents, resample
from omrclip.imaging.probe import ImageFormat
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, known_pages, recognize
from omrclip.schemas.template import load_template

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "sheet-and-clips.jpg"
SHEET = "survey-scan-1.jpg"
BACKGROUND = 226
MARGIN = 24
INK = (190, 80, 30)


def picture() -> Pixels:
    """(height, width, 3) uint8 BGR: the scan with its clip areas outlined, and each clip beside it."""
    data = (ROOT / "samples" / SHEET).read_bytes()
    template = load_template((ROOT / "templates_omr" / "survey.omr").read_bytes())
    recognition = recognize(known_pages(template), Scan(SHEET, data), RecognitionOptions(), Limits())
    sheet = decode(data).copy()
    for clip in recognition.clips:
        cv2.polylines(sheet, [np.array(clip.corners, np.int32)], True, INK, 8)
    sheet = _scaled(sheet, 0.36)
    clips = [_scaled(decode(clip.data), 0.48) for clip in recognition.clips]
    width = sheet.shape[1] + max(clip.shape[1] for clip in clips) + 3 * MARGIN
    canvas = np.full((sheet.shape[0] + 2 * MARGIN, width, 3), BACKGROUND, np.uint8)
    _put(canvas, sheet, MARGIN, MARGIN)
    top = MARGIN
    for clip in clips:
        _put(canvas, clip, 2 * MARGIN + sheet.shape[1], top)
        top += clip.shape[0] + MARGIN
    return canvas


def _scaled(pixels: Pixels, factor: float) -> Pixels:
    full = extents(pixels)
    return resample(pixels, Dimensions(round(full.width * factor), round(full.height * factor)))


def _put(canvas: Pixels, part: Pixels, left: int, top: int) -> None:
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part


if __name__ == "__main__":
    PICTURE.write_bytes(encode(picture(), ImageFormat.JPEG, quality=85))
