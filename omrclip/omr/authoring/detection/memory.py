"""The memory that detection needs."""

from omrclip.imaging.codec import cost
from omrclip.imaging.probe import ImageInfo

WORKING_BYTES = 150_000_000
"""For the working page, its masks and the tables of its shapes. 30 MB were measured for a form of 380 bubbles, and
80 MB for the 4,000 shapes that are examined at most."""
PIXEL_BYTES = 10
"""For each pixel: the image, its turned copy, the one between, and its grey copy."""


def detecting_bytes(info: ImageInfo) -> int:
    """The most memory in bytes that `detect` needs for an image, with its decoding."""
    return cost(info) + WORKING_BYTES + PIXEL_BYTES * info.stored.pixels
