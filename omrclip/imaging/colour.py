"""Converts colors by their ICC profiles (ICC.1): everything that is delivered is in sRGB.

littlecms converts them with the perceptual intent. Pixels stay unchanged if the profile is damaged, larger than
`MOST_PROFILE_BYTES`, for another kind of samples than the image has, or sRGB itself. A profile counts as sRGB if it
changes no color by more than `SAME_COLOUR`.
"""

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageCms

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.formats.base import ColourMode

MOST_PROFILE_BYTES = 4 << 20
"""The largest profiles in use are those of printing presses, with up to 3 MB."""
SAME_COLOUR = 2
"""In levels of 255. Profiles that describe sRGB in other numbers differ by 1 because of rounding, Display P3 by 30 or
more.
"""

_SPACES = {
    ColourMode.GREY: "GRAY",
    ColourMode.GREY_ALPHA: "GRAY",
    ColourMode.BILEVEL: "GRAY",
    ColourMode.PALETTE: "RGB",
    ColourMode.RGB: "RGB",
    ColourMode.RGB_ALPHA: "RGB",
    ColourMode.CMYK: "CMYK",
}
_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}
_BAND_PIXELS = 1 << 16  # intermediate copies of a band fit into the processor's caches


def to_srgb(pixels: Pixels, profile: bytes, mode: ColourMode) -> Pixels:
    """Convert pixels from the color space of a profile to sRGB.

    Args:
        pixels: (height, width, 3) uint8 BGR. A grey image has three equal channels.
        profile: the image's ICC profile, or empty bytes.
        mode: the meaning of the samples in the file. The pixels of a CMYK image must have been converted already.

    Returns:
        The same array if nothing has to be converted, else a new one.
    """
    if not profile or mode is ColourMode.CMYK:
        return pixels
    if _SPACES[mode] == "GRAY":
        tones = _tones(profile)
        return pixels if tones is None else np.asarray(cv2.LUT(pixels, tones), np.uint8)
    transform = _transform(profile, "RGB")
    if transform is None:
        return pixels
    converted = np.empty_like(pixels, order="C")
    for band in _bands(pixels):
        rgb = Image.fromarray(np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[band]), cv2.COLOR_BGR2RGB)))
        converted[band] = np.asarray(transform.apply(rgb))[:, :, ::-1]
    return converted


def changes_colours(profile: bytes, mode: ColourMode) -> bool:
    """Whether `to_srgb` changes anything."""
    if not profile or mode is ColourMode.CMYK:
        return False
    return (_tones(profile) if _SPACES[mode] == "GRAY" else _transform(profile, "RGB")) is not None


def inks_to_bgr(inks: Pixels, profile: bytes) -> Pixels:
    """(height, width, 4) uint8 CMYK, 255 for full ink, as (height, width, 3) uint8 BGR in sRGB.

    Without a profile that can be used: red = (1 - cyan) (1 - black), and so on.
    """
    transform = _transform(profile, "CMYK") if profile else None
    converted = np.empty((*inks.shape[:2], 3), np.uint8)
    for band in _bands(inks):
        image = Image.fromarray(np.ascontiguousarray(inks[band]), "CMYK")
        rgb = image.convert("RGB") if transform is None else transform.apply(image)
        converted[band] = np.asarray(rgb)[:, :, ::-1]
    return converted


def _bands(pixels: Pixels) -> Iterator[slice]:
    height, width = pixels.shape[:2]
    rows = max(1, _BAND_PIXELS // width)
    return (slice(top, top + rows) for top in range(0, height, rows))


@lru_cache(maxsize=4)
def _transform(profile: bytes, space: str) -> ImageCms.ImageCmsTransform | None:
    """The transform from a profile to sRGB, or None if the profile cannot be used or changes nothing."""
    if len(profile) > MOST_PROFILE_BYTES:
        return None
    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(profile))
        if opened.profile.xcolor_space.strip() != space:
            return None
        transform = ImageCms.buildTransform(
            opened, ImageCms.createProfile("sRGB"), _MODES[space], "RGB", ImageCms.Intent.PERCEPTUAL
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return None if space == "RGB" and _is_srgb(transform) else transform


def _is_srgb(transform: ImageCms.ImageCmsTransform) -> bool:
    steps = np.linspace(0, 255, 16).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(16, -1, 3)
    changed = np.asarray(transform.apply(Image.fromarray(cube)))
    return int(np.abs(changed.astype(int) - cube).max()) <= SAME_COLOUR


@lru_cache(maxsize=4)
def _tones(profile: bytes) -> Pixels | None:
    """(256,) uint8: the sRGB level of each grey level of a profile, or None if it cannot be used or changes nothing."""
    transform = _transform(profile, "GRAY")
    if transform is None:
        return None
    levels = np.arange(256, dtype=np.uint8)
    tones = np.asarray(transform.apply(Image.fromarray(levels[np.newaxis])))[0, :, 1].copy()
    return None if int(np.abs(tones.astype(int) - levels).max()) <= SAME_COLOUR else tones
