"""Whether two servers give the same picture, in the same kind of JPEG."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin

from tests.benchmarks.iiif.load import ask_in_turn

LOOKED_AT: Final = 5
# Servers reduce an image by different filters, which shows in its finest detail: that is blurred away first. Pages of
# text that lie one pixel apart then still differ by more than so many grey levels.
MOST_DIFFERENCE: Final = 2.0
BLUR: Final = 1.5


@dataclass(frozen=True, slots=True)
class Likeness:
    """The largest mean difference, in grey levels, and whether all JPEG files had the same tables and subsampling."""

    difference: float
    same_quality: bool


def likeness(images: Sequence[str], requests: Sequence[str]) -> Likeness:
    """Compare what several servers answer with the last one's answers.

    Args:
        images: the image's URI on each server, or of each of its files.
        requests: the first of these are asked.

    Raises:
        RuntimeError: they do not show the same.
    """
    answers = [[answer.data for answer in ask_in_turn(image, requests[:LOOKED_AT])] for image in images]
    kinds = {_encoding(data) for data in np.ravel(np.array(answers, dtype=object))}
    difference = max(
        _difference(data, reference, request)
        for of_image in answers[:-1]
        for data, reference, request in zip(of_image, answers[-1], requests[:LOOKED_AT], strict=True)
    )
    return Likeness(difference, len(kinds) == 1)


def _encoding(jpeg: bytes) -> tuple[object, ...]:
    with Image.open(io.BytesIO(jpeg)) as opened:
        if not isinstance(opened, JpegImagePlugin.JpegImageFile):
            raise TypeError(f"expected a JPEG file, not {opened.format}")
        tables = tuple(tuple(opened.quantization[key]) for key in sorted(opened.quantization))
        return JpegImagePlugin.get_sampling(opened), tables


def _difference(data: bytes, reference: bytes, request: str) -> float:
    ours, theirs = (cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in (data, reference))
    if ours is None or theirs is None or ours.shape != theirs.shape:
        raise RuntimeError(f"the servers give {request} in different dimensions")
    blurred, reference_blurred = (
        cv2.GaussianBlur(picture, (0, 0), BLUR).astype(np.int16) for picture in (ours, theirs)
    )
    difference = float(np.abs(blurred - reference_blurred).mean())
    if difference > MOST_DIFFERENCE:
        raise RuntimeError(f"the servers' pictures of {request} differ by {difference:.1f} grey levels")
    return difference
