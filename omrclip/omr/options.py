"""Options of a recognition request."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from omrclip.iiif.request import Format
from omrclip.omr.results import ElementStatus, MarkThresholds

CLIP_FORMATS = (Format.JPG, Format.PNG, Format.WEBP, Format.TIF)


class ClipScale(StrEnum):
    """The pixels of a clip: the template's (an area's Width × Height), or as many as the scan itself has there."""

    TEMPLATE = "template"
    NATIVE = "native"


class Orientation(StrEnum):
    """How the pages lie in their scans: any way, or all upright, turned by less than half a quarter."""

    ANY = "any"
    UPRIGHT = "upright"


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """Options of a recognition request.

    Attributes:
        clip_format: encoding and extension of the clips; None for JPEG bytes in files named `.png`.
        clip_scale: whether clips have template pixels, or as many as the scan has there.
        clip_margin: page pixels around each clip area that are shown too.
        thresholds: by which marks are judged.
        orientation: how the pages lie in their scans.
        grid_gap: what stands in a Grid's value for a column without a value, where another column has one.
        blank_is: the status of an element in which nothing is marked: `blank`, or `uncertain` so that a person looks.
            None is `blank`, but `uncertain` where the scan is the template's blank page.
        pages: for scans of a template with several pages, scan name → page number from 1. Scans without an entry are
            taken for the only page into which they fit.
        keep: whether the service keeps the recognition, its scans and files, so that they have URIs; `keep_seconds`
            is for how long, None for as long as the settings say.
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
        """The same for files that a person saves: JPEG clips are named `.jpg`."""
        return replace(self, clip_format=self.clip_format or Format.JPG)
