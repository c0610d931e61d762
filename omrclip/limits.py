"""The limits of one request, and the checks of dimensions against them.

`omrclip.config` reads them with the other settings. They are apart because every document is checked against them,
also by commands that read no settings.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MEBIBYTE = 1024 * 1024
DEFAULT_OUTPUT_PIXELS = 120_000_000


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers in this range."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def switch(text: str) -> bool:
    """Parse a setting that is on or off. Raises ValueError with what is allowed."""
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
    except KeyError:
        raise ValueError("one of 1, true, yes, 0, false, no") from None


def as_setting(default: Any, parse: Callable[[str], Any], meaning: str) -> Any:
    """A field with what its environment variable needs: a parser, and the meaning for the documentation."""
    return field(default=default, metadata={"parse": parse, "meaning": meaning})


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one request. Each is checked before the work that it bounds."""

    max_body_bytes: int = as_setting(
        256 * MEBIBYTE,
        whole_number(1024, 2**40),
        "Maximum size of a request body in bytes. It is never more than a twenty-fourth of `OMRCLIP_MEMORY_BYTES`.",
    )
    max_images: int = as_setting(
        1000, whole_number(1, 100_000), "Maximum number of images, and pages of documents, in one recognition request."
    )
    max_image_pixels: int = as_setting(
        120_000_000,
        whole_number(1, 2**31),
        "Maximum number of pixels of one image. It is read from the header, before the image is decoded.",
    )
    max_output_pixels: int = as_setting(
        DEFAULT_OUTPUT_PIXELS,
        whole_number(1, 2**31),
        "Maximum number of pixels of one delivered image, and of a template page.",
    )
    max_output_side: int | None = as_setting(
        None, whole_number(1, 2**31), "Maximum width and height of one delivered image in pixels. No limit if not set."
    )
    max_json_values: int = as_setting(
        250_000,
        whole_number(1000, 2**31),
        "Maximum number of values in one JSON document. They are counted before it is read.",
    )
    max_elements: int = as_setting(
        25_000,
        whole_number(1, 2**31),
        "Maximum number of elements of one template, including bubbles and the elements of grids.",
    )
    max_clips: int = as_setting(20_000, whole_number(1, 2**31), "Maximum number of clips, or segments, of one request.")
    max_clip_pixels: int = as_setting(
        2_000_000_000, whole_number(1, 2**60), "Maximum number of pixels of all clips, or segments, of one request."
    )
    max_clip_bytes: int = as_setting(
        512 * MEBIBYTE,
        whole_number(1, 2**60),
        "Maximum size of all clips, or segments, of one request in bytes. Scans whose clips exceed it fail.",
    )
    refuse_large_best_fit: bool = as_setting(
        False,
        switch,
        "Whether IIIF 3.0 refuses `!w,h` larger than the region, as the published validator expects. If not, "
        "it answers with the largest image that fits, as the specification says.",
    )

    @property
    def declares_area(self) -> bool:
        """Whether the limit on pixels was set. Then info.json announces it, and `^max` fills it."""
        return self.max_output_pixels != DEFAULT_OUTPUT_PIXELS

    def exceeded_by(self, width: int, height: int) -> tuple[str, int] | None:
        """The limit on delivered images that these dimensions exceed, and its maximum; None if they exceed none."""
        if width * height > self.max_output_pixels:
            return "max_output_pixels", self.max_output_pixels
        if self.max_output_side and max(width, height) > self.max_output_side:
            return "max_output_side", self.max_output_side
        return None


DEFAULT_LIMITS = Limits()
