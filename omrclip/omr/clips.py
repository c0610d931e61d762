"""Cutting a ClipArea: an IIIF region of the registered page, planned and rendered by the code that serves URIs."""

from dataclasses import dataclass, field

from omrclip.config import Limits
from omrclip.iiif.plan import plan
from omrclip.iiif.render import render
from omrclip.iiif.request import Format, ImageRequest, PixelRegion
from omrclip.imaging import ops
from omrclip.imaging.geometry import Box
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.template import ClipArea


@dataclass(frozen=True, slots=True)
class Clip:
    """The encoded pixels of one ClipArea of one scan.

    Attributes:
        element: the ClipArea's name.
        box: its pixels on the template page.
        corners: where the box's corners lie in the scan, in scan pixels (x, y): top left, top right, bottom right,
            bottom left as on the page.
        format: what `data` is encoded as.
        data: the bytes of the image file.
    """

    element: str
    box: Box
    corners: tuple[tuple[float, float], ...]
    format: Format
    data: bytes = field(repr=False)


def cut_clip(area: ClipArea, page: RegisteredPage, image_format: Format, limits: Limits) -> Clip:
    """Cut one area; JPEG and WebP at its JpegQuality, the others without loss.

    Raises:
        LimitExceeded: the area has more pixels than a delivered image may have.
    """
    box = area.box
    region = PixelRegion(box.left, box.top, box.width, box.height)
    planned = plan(ImageRequest(region=region, format=image_format), page.dimensions, limits)
    data = render(planned, page, jpeg_quality=area.jpeg_quality)
    shown = planned.box
    corners = page.registration.to_scan(ops.corners(shown.left, shown.top, shown.width, shown.height))
    return Clip(
        element=area.name or "",
        box=shown,
        corners=tuple((round(float(x), 2), round(float(y), 2)) for x, y in corners),
        format=image_format,
        data=data,
    )
