"""Reduces pixels without moiré, by convolution with a Lanczos kernel as wide as the reduction requires.

A kernel of three lobes covers the source pixels of six output pixels. Details too fine for the output are averaged, and
do not come back as false patterns (Turkowski, "Filters for Common Resampling Tasks", Graphics Gems I, 1990).
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Box, Dimensions

try:
    import cykooz_resizer as fast
except ImportError:  # no wheel for this platform; Pillow has the same kernel and needs five times as long
    fast = None

LOBES = 3
# Source pixels that are convolved at once. The libraries' intermediate copies then need less than 50 MB.
_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle in an image. Its edges may lie inside pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Its width."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Its height."""
        return self.bottom - self.top

    def moved(self, across: float, down: float) -> "Place":
        """The same rectangle at another position."""
        return Place(self.left + across, self.top + down, self.right + across, self.bottom + down)

    @property
    def box(self) -> Box | None:
        """The rectangle as a Box, or None if an edge lies inside a pixel."""
        edges = (self.left, self.top, self.right, self.bottom)
        if not all(float(edge).is_integer() for edge in edges) or self.width < 1 or self.height < 1:
            return None
        left, top, right, bottom = map(int, edges)
        return Box(left, top, right - left, bottom - top)


def reach(shown: float, count: int) -> int:
    """The number of source pixels beyond each end that contribute to `shown` pixels that are scaled to `count`."""
    return math.ceil(LOBES * max(1.0, shown / count)) + 1


def lanczos(pixels: Pixels, place: Place, out: Dimensions) -> Pixels:
    """Scale a place of an image with a Lanczos kernel of three lobes.

    Pixels around the place contribute too, as far as the kernel and the image reach.

    Args:
        pixels: (height, width) or (height, width, 3) uint8, of any strides.
        place: the part that is shown, inside the image.
        out: the dimensions of the output.

    Returns:
        (out.height, out.width) or (out.height, out.width, 3) uint8.
    """
    height, width = pixels.shape[:2]
    scale = place.height / out.height
    rows = max(1, int(_AT_ONCE / width / scale))
    margin = reach(place.height, out.height)
    made = np.empty((out.height, out.width, *pixels.shape[2:]), np.uint8)
    for row in range(0, out.height, rows):
        count = min(rows, out.height - row)
        top, bottom = place.top + scale * row, place.top + scale * (row + count)
        first = max(0, math.floor(top) - margin)
        band = pixels[first : min(height, math.ceil(bottom) + margin)]
        shown = Place(place.left, top - first, min(place.right, width), min(bottom - first, band.shape[0]))
        made[row : row + count] = _convolve(band, shown, Dimensions(out.width, count))
    return made


def _convolve(pixels: Pixels, place: Place, out: Dimensions) -> Pixels:
    return _by_pillow(pixels, place, out) if fast is None else _by_fast_image_resize(pixels, place, out)


def _by_fast_image_resize(pixels: Pixels, place: Place, out: Dimensions) -> Pixels:
    kind = fast.PixelType.U8 if pixels.ndim == 2 else fast.PixelType.U8x3
    options = fast.ResizeOptions(
        resize_alg=fast.ResizeAlg.convolution(fast.FilterType.lanczos3),
        crop_box=fast.CropBox(place.left, place.top, place.width, place.height),
    )
    made = fast.ImageData(out.width, out.height, kind)
    fast.Resizer().resize(fast.ImageData(pixels.shape[1], pixels.shape[0], kind, pixels.tobytes()), made, options)
    return np.frombuffer(made.get_buffer(), np.uint8).reshape(out.height, out.width, *pixels.shape[2:])


def _by_pillow(pixels: Pixels, place: Place, out: Dimensions) -> Pixels:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    box = (place.left, place.top, place.right, place.bottom)
    return np.asarray(image.resize((out.width, out.height), Image.Resampling.LANCZOS, box=box))
