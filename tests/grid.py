"""Pictures whose every square says where it is, so that tests prove which pixels came back."""

import numpy as np

from omrclip.imaging.arrays import Pixels


def coloured_grid(width: int, height: int, square: int = 10) -> Pixels:
    """(height, width, 3) uint8 BGR: blue tells the column of the square, green its row, red is noise of one seed."""
    columns = np.arange(width) // square * 23 % 256
    rows = np.arange(height) // square * 37 % 256
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:, :, 0] = columns[np.newaxis, :]
    pixels[:, :, 1] = rows[:, np.newaxis]
    pixels[:, :, 2] = np.random.default_rng(7).integers(0, 256, (height, width), dtype=np.uint8)
    return pixels


def position_ramp(width: int, height: int) -> Pixels:
    """(height, width, 3) uint8 BGR, smooth: blue grows by 255 from left to right, green from top to bottom."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, :, 0] = np.linspace(0, 255, width)[np.newaxis, :]
    pixels[:, :, 1] = np.linspace(0, 255, height)[:, np.newaxis]
    return pixels
