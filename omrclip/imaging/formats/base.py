"""The names of the formats, the kinds of samples, and the contents of an image header."""

from dataclasses import dataclass, field
from enum import StrEnum

from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Dimensions


class ImageFormat(StrEnum):
    """A format that is read."""

    JPEG = "jpeg"
    PNG = "png"
    TIFF = "tiff"
    WEBP = "webp"
    GIF = "gif"
    JP2 = "jp2"
    BMP = "bmp"

    @property
    def media_type(self) -> str:
        """The registered media type, `image/jpeg` and so on."""
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        """The usual file name extension without a dot, as in the IIIF Image API."""
        return {"jpeg": "jpg", "tiff": "tif"}.get(self.value, self.value)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of its file names, such as `.tif` and `.tiff`."""
        return tuple(f".{name}" for name in dict.fromkeys((self.extension, self.value)))


class ColourMode(StrEnum):
    """The meaning of the samples of a stored pixel."""

    BILEVEL = "bilevel"
    GREY = "grey"
    GREY_ALPHA = "grey with alpha"
    PALETTE = "palette"
    RGB = "rgb"
    RGB_ALPHA = "rgb with alpha"
    CMYK = "cmyk"

    @property
    def is_grey(self) -> bool:
        """Whether the samples are grayscale."""
        return self in (ColourMode.BILEVEL, ColourMode.GREY, ColourMode.GREY_ALPHA)


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """The contents of an image header.

    Attributes:
        stored: the dimensions of the pixels as they are stored.
        mode: the meaning of the samples.
        bit_depth: bits per sample.
        orientation: Exif's, 1 to 8; 1 if it is missing or invalid.
        dpi: the density along the stored rows and columns, or None.
        frames: the number of pages of a TIFF, or of frames of an animation.
        has_profile: whether the file contains an ICC profile, which may be damaged.
        decoding_bytes: the most memory that decoding needs beside the file, including the pixels. See `codec.cost`.
        fixed_bytes: the part of it that does not shrink when a JPEG is decoded at a reduction.
    """

    format: ImageFormat
    stored: Dimensions
    mode: ColourMode
    bit_depth: int = 8
    orientation: int = 1
    dpi: Density | None = None
    frames: int = 1
    has_profile: bool = False
    decoding_bytes: int = field(default=0, compare=False)
    fixed_bytes: int = field(default=0, compare=False)

    @property
    def density(self) -> Density | None:
        """The density of the upright image, or None."""
        return self.dpi[::-1] if self.dpi and self.orientation >= 5 else self.dpi

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the upright image, which are those of its decoded pixels."""
        return self.stored.transposed if self.orientation >= 5 else self.stored
