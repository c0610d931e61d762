"""What every format speaks of: its name, its kind of samples, and the facts of one image's header."""

from dataclasses import dataclass, field
from enum import StrEnum

from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Dimensions


class ImageFormat(StrEnum):
    """A format that is read and written."""

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
        """The customary file name extension, without a dot; the same words as the IIIF Image API's formats."""
        return {"jpeg": "jpg", "tiff": "tif"}.get(self.value, self.value)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of file names, `.tif` and `.tiff`."""
        return tuple(f".{name}" for name in dict.fromkeys((self.extension, self.value)))


class ColourMode(StrEnum):
    """What the samples of a stored pixel mean."""

    BILEVEL = "bilevel"
    GREY = "grey"
    GREY_ALPHA = "grey with alpha"
    PALETTE = "palette"
    RGB = "rgb"
    RGB_ALPHA = "rgb with alpha"
    CMYK = "cmyk"

    @property
    def is_grey(self) -> bool:
        """Whether such samples have no colour."""
        return self in (ColourMode.BILEVEL, ColourMode.GREY, ColourMode.GREY_ALPHA)


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What the header of one image says, before any pixel is decoded.

    `stored` are the extents as they are in the file; `orientation` is Exif's (1..8, and 1 where it is absent or
    nonsense); `bit_depth` is in bits a sample; `dpi` is the density along the stored rows and columns; `frames` counts
    the pages of a TIFF, or the frames of an animation; `has_profile` tells whether there is an ICC profile, which may
    be damaged.

    `decoding_bytes` is the most memory that decoding needs in addition to the file: the decoded pixels, and what the
    decoder needs meanwhile. `fixed_bytes` is the part of it that does not shrink when a JPEG is decoded at a reduction.
    See `codec.cost`.
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
        """The density of the image turned upright, where the file tells it."""
        return self.dpi[::-1] if self.dpi and self.orientation >= 5 else self.dpi

    @property
    def dimensions(self) -> Dimensions:
        """The extents of the image turned upright, which are those of its decoded pixels."""
        return self.stored.transposed if self.orientation >= 5 else self.stored
