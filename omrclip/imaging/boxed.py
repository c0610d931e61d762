"""A part of an image as an image of its own; no pixels are copied."""

from dataclasses import dataclass

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.density import Density
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import ImageSource


@dataclass(frozen=True, slots=True)
class BoxedImage:
    """An ImageSource that shows another through a box, which lies inside it."""

    whole: ImageSource
    box: Box

    @property
    def dimensions(self) -> Dimensions:
        """The box's."""
        return self.box.dimensions

    @property
    def density(self) -> Density | None:
        """That of the whole."""
        return self.whole.density

    @property
    def is_grey(self) -> bool:
        """As the whole."""
        return self.whole.is_grey

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`."""
        return self.whole.read(Box(self.box.left + box.left, self.box.top + box.top, box.width, box.height), out)
