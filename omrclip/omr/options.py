"""Options of a recognition request."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from omrclip.iiif.request import Format
from omrclip.omr.results import ElementStatus, MarkThresholds

CLIP_FORMATS = (Format.JPG, Format.PNG, Format.WEBP, Format.TIF)


class ClipScale(StrEnum):
    """The number of pixels of a clip: the template's (an area's Width × Height), or as many as the scan has there."""

    TEMPLATE = "template"
    NATIVE = "native"


class Orientation(StrEnum):
    """How the pages lie in their scans: in any direction, or all upright (turned by less than 45°)."""

    ANY = "any"
    UPRIGHT = "upright"


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """Options of a recognition request.

    Attributes:
        clip_format: format and extension of the clips. None for JPEG bytes in files named `.png`.
        clip_scale: whether clips have template pixels, or as many as the scan has there.
        clip_margin: the margin around each clip area in pixels of the page.
        thresholds: the thresholds for marks.
        orientation: how the pages lie in their scans.
        grid_gap: the text for a column without a value in the value of a Grid, if another column has one.
        blank_is: the status of an element without a mark: `blank`, or `uncertain` so that a person checks it. None is
            `blank`, but `uncertain` if the scan is the template's blank page.
        pages: scan name → page number from 1, for templates with several pages. A scan without an entry must fit
            exactly one page.
        keep: whether the service stores the recognition, its scans and files, so that they have URIs.
        keep_seconds: for how long. None is the time in the settings.
    """

    clip_format: Format | None = None
    clip_scale: ClipScale = ClipScale.TEMPLATE
    clip_margin: int = 0
    thresholds: MarkThresholds = field(default_factory=MarkThresholds)
    orientation: Orientation = Orientation.ANY
    grid_gap: str = " "
    blank_is: ElementStatus | None = None
    pages: Mapping[str, int] = field(default_factory=dict)
    keep: bool = False
    keep_seconds: int | None = None

    @property
    def as_saved(self) -> "RecognitionOptions":
        """The options for files that people save: JPEG clips are named `.jpg`."""
        return replace(self, clip_format=self.clip_format or Format.JPG)
