"""The memory that detection needs."""

from omrclip.imaging.codec import cost
from omrclip.imaging.probe import ImageInfo

WORKING_BYTES = 150_000_000
"""For the working page, its masks and the tables of its shapes. With PIXEL_BYTES, detection needed at most 16 MB for a
form of 380 bubbles on A4 at 300 dpi, and 142 MB for 4,000 circles, the most shapes that are examined."""
PIXEL_BYTES = 10
"""For each pixel: the image, its turned copy, the one between, and its grey copy."""


def detecting_bytes(info: ImageInfo) -> int:
    """The most memory in bytes that `detect` needs for an image, with its decoding."""
    return cost(info) + WORKING_BYTES + PIXEL_BYTES * info.stored.pixels
