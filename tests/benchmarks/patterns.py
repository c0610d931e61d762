"""Pictures that show what a reduction does wrong: fine text, a photo-like one, and all frequencies in one plate."""

import string

import cv2
import numpy as np

from omrclip.imaging.arrays import Pixels

SEED = 11


def zone_plate(side: int) -> Pixels:
    """(side, side, 3) uint8: rings that grow finer from the middle up to one pixel at the middles of the edges."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    tones = 127.5 + 127.5 * np.cos(np.pi * (x * x + y * y) / side)
    return np.repeat(np.round(tones).astype(np.uint8)[:, :, None], 3, axis=2)


def text(width: int, height: int) -> Pixels:
    """(height, width, 3) uint8: lines of random letters in several sizes, black on white."""
    chance = np.random.default_rng(SEED)
    page = np.full((2 * height, 2 * width), 255, np.uint8)
    letters = np.array(list(string.ascii_lowercase + "    "))
    line = 40
    while line < page.shape[0]:
        size = float(chance.integers(3, 9)) / 5
        words = "".join(chance.choice(letters, 2 * width // 10))
        font = cv2.FONT_HERSHEY_COMPLEX if chance.random() < 0.5 else cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(page, words, (20, line), font, size, 0, max(1, int(2 * size)), cv2.LINE_AA)
        line += int(36 * size) + 6
    return np.repeat(cv2.resize(page, (width, height), interpolation=cv2.INTER_AREA)[:, :, None], 3, axis=2)


def photo(width: int, height: int) -> Pixels:
    """(height, width, 3) uint8: noise whose amplitude falls with the frequency, as that of photos does."""
    chance = np.random.default_rng(SEED)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    frequency[0, 0] = 1
    channels = []
    for _ in range(3):
        shape = np.fft.ifft2(np.fft.fft2(chance.standard_normal((height, width))) / frequency**1.1).real
        channels.append((shape - shape.mean()) / shape.std() * 45 + 128)
    return np.clip(np.dstack(channels), 0, 255).astype(np.uint8)
