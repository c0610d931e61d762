"""The scan seen through its registration: an ImageSource in template pixels."""

from dataclasses import dataclass

import numpy as np

from omrclip.imaging import ops
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.pixels import Pixels
from omrclip.imaging.source import DecodedImage
from omrclip.omr.registration import Registration


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredPage:
    """Template pixels, each taken from the scan's own when it is asked for; no whole page is ever warped for a clip."""

    scan: DecodedImage
    registration: Registration

    @property
    def dimensions(self) -> Dimensions:
        """The template page's Dimensions."""
        return self.registration.page

    def read(self, box: Box, out: Dimensions) -> Pixels:
        """See `ImageSource.read`: exact scan pixels where scan and template coincide, one resampling elsewhere."""
        if self.registration.is_identity:
            return self.scan.read(box, out)
        out_to_page = np.array(
            [[box.width / out.width, 0, box.left], [0, box.height / out.height, box.top], [0, 0, 1]], dtype=np.float64
        )
        return ops.warp(self.scan.pixels, self.registration.page_to_scan @ out_to_page, out)
