"""Files that take long to decode or to encode: Python's global lock is released meanwhile, for other requests."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from omrclip.imaging.codec import decode
from omrclip.imaging.formats.base import ImageFormat
from omrclip.imaging.formats.writing import encode
from tests.imaging.samples import save

NOISE = np.random.default_rng(5).integers(0, 256, (700, 900, 3), np.uint8)
# With the lock held, another thread wakes up a few times at most: before and after the work.
LEAST_TICKS = 20


def decoding() -> Callable[[], object]:
    data = save(Image.fromarray(NOISE), "JPEG2000")
    return lambda: decode(data)


def encoding() -> Callable[[], object]:
    return lambda: encode(NOISE, ImageFormat.JP2)


def encoding_tiff() -> Callable[[], object]:
    large = np.tile(NOISE, (4, 3, 1))
    return lambda: encode(large, ImageFormat.TIFF)


@pytest.mark.parametrize("prepare", [decoding, encoding, encoding_tiff])
def test_other_threads_run_meanwhile(prepare: Callable[[], Callable[[], object]]) -> None:
    work, ticks, is_over = prepare(), 0, False

    def tick() -> None:
        nonlocal ticks
        while not is_over:
            time.sleep(0.0002)
            ticks += 1

    other = threading.Thread(target=tick)
    other.start()
    try:
        before = ticks
        work()
        counted = ticks - before
    finally:
        is_over = True
        other.join()
    assert counted >= LEAST_TICKS
