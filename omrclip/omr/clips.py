"""Cuts clip areas as IIIF regions of the registered page, with the code that serves IIIF URIs."""

from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.iiif.plan import plan
from omrclip.iiif.render import render
from omrclip.iiif.request import ExactSize, Format, ImageRequest, PixelRegion
from omrclip.imaging import ops
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.limits import Limits
from omrclip.omr.options import ClipScale, RecognitionOptions
from omrclip.omr.registered_page import RegisteredPage, is_seen_straight
from omrclip.omr.registration.find import FoundPage, Registration
from omrclip.omr.registration.placed import STRATEGY as PLACED
from omrclip.omr.registration.strategies.reference_points import STRATEGY as BY_MARKS
from omrclip.omr.template import ClipArea
from omrclip.wording import Wording, joined

NEAR: Final = 0.3
"""Distance around a clip area in which print confirms its place, as a part of its shorter side."""
LEAST_AROUND, LEAST_FOUND = 2, 0.5
FAR: Final = 0.35
"""Distance of a clip from all matched bubbles and marks up to which it counts as confirmed on flat paper, as a part of
the page's longer side.
"""
BENT_AWAY: Final = 0.004
"""Largest product of this distance and the deviation of the paper from a flat sheet there, both as parts of the page's
longer side. On photos of paper bent by 2 to 12 mm it was 0.011 or more if clips were 5 pixels off or more, and at most
0.003 if they were not.
"""

_NOTHING = Wording("page_fills", "Nothing on this page tells where the clips lie: it was taken to fill the picture.")()
_ONLY_MARKS = Wording(
    "only_marks", "This page was found by its reference points alone, and is seen askew: where it bends, clips lie off."
)()
_BY_HAND = Wording(
    "clips_by_hand", "The print of the page was not found where it was placed, so nothing confirms where the clips lie."
)()
_LOOK = Wording("look_at_clips", "Look whether they show the right places.")()
_GIVE_IMAGE = Wording("give_image", "With an image of the blank page they are found for sure.")()
_POOR_IMAGE = Wording("poor_image", "The image of the blank page shows too little to find them by.")()
_UNCONFIRMED = Wording(
    "clip_unconfirmed", "The print around this clip area was not found in the scan. The clip may show a wrong place."
)()
_FAR = Wording(
    "clip_far",
    "No bubble or mark near this clip area was found, and the paper may be bent. The clip may be shifted by some "
    "pixels.",
)()
_OUTSIDE = Wording("clip_outside", "Part of the clip area lies outside the scan. That part is white.")()


@dataclass(frozen=True, slots=True)
class Clip:
    """The encoded pixels of a ClipArea in a scan.

    Attributes:
        element: the name of the ClipArea.
        box: its pixels on the template page.
        corners: the corners of the box in pixels of the scan (x, y): top left, top right, bottom right, bottom left of
            the page.
        format: the format of `data`.
        data: the bytes of the image file.
        message: a message for people, or an empty string.
        path: the JSON path of the ClipArea in the template.
        label: distinguishes clips and elements with the same name (`Gender (2)`).
    """

    element: str
    box: Box
    corners: tuple[tuple[float, float], ...]
    format: Format
    data: bytes = field(repr=False)
    message: str = ""
    path: str = ""
    label: str = ""

    @property
    def title(self) -> str:
        """The label, or the name if there is no label."""
        return self.label or self.element


def cut_clip(area: ClipArea, page: RegisteredPage, options: RecognitionOptions, limits: Limits) -> Clip:
    """Cut an area in the format and scale and with the margin of the options.

    JPEG and WebP are encoded at the area's JpegQuality, other formats without loss. Parts outside the scan are white.

    Raises:
        LimitExceeded: the clip has more pixels than a delivered image may have.
    """
    image_format = options.clip_format or Format.JPG
    box, margin = area.box, options.clip_margin
    left, top = max(0, box.left - margin), max(0, box.top - margin)
    region = PixelRegion(left, top, box.right + margin - left, box.bottom + margin - top)
    planned = plan(ImageRequest(region=region, format=image_format), page.dimensions, limits)
    shown = planned.box
    if options.clip_scale is ClipScale.NATIVE:
        size = ExactSize(*_native(shown, page))
        planned = plan(ImageRequest(region=region, size=size, format=image_format), page.dimensions, limits)
    corners = page.registration.to_scan(ops.corners(shown.left, shown.top, shown.width, shown.height))
    return Clip(
        element=area.name or "",
        box=shown,
        corners=tuple((round(float(x), 2), round(float(y), 2)) for x, y in corners),
        format=image_format,
        data=render(planned, page, jpeg_quality=area.jpeg_quality),
        message=_outside(corners, page.registration.scan),
    )


def unconfirmed(clip: Clip, found: FoundPage) -> str:
    """The message for a clip if nothing near it confirms its place, else an empty string."""
    matches = found.registration.matches
    if matches is None:
        return ""
    if not found.reference.printed:
        return _far_from(matches, clip, found.registration)
    level = found.reference.fine
    printed, seen = (_around(clip.box, points) for points in (level.patches.centres / level.scale, matches[:, :2]))
    if printed < LEAST_AROUND or seen >= LEAST_FOUND * printed:
        return ""
    return _UNCONFIRMED


def unconfirmed_page(found: FoundPage) -> str:
    """The message for the clips of a page on which nothing was matched, else an empty string.

    `Registration` in the answer tells how the page was found.
    """
    registration = found.registration
    if registration.matches is not None or not found.known.page.clip_areas:
        return ""
    if registration.strategy == BY_MARKS:
        return "" if is_seen_straight(registration) else joined(_ONLY_MARKS, _LOOK)
    if registration.strategy == PLACED:
        return joined(_BY_HAND, _LOOK)
    if found.known.image is None:
        return joined(_NOTHING, _LOOK, _GIVE_IMAGE)
    return joined(_NOTHING, _LOOK, _POOR_IMAGE)


def _far_from(matches: npt.NDArray[np.float32], clip: Clip, registration: Registration) -> str:
    """The message for a clip far from all bubbles and marks that were found. Bent paper shortens this distance."""
    corners = ops.corners(clip.box.left, clip.box.top, clip.box.width, clip.box.height)
    longer = max(registration.page.width, registration.page.height)
    away = np.linalg.norm(corners[:, None] - matches[None, :, :2], axis=2).min(axis=1).max() / longer
    flat, _ = cv2.findHomography(matches[:, :2], matches[:, 2:], 0)
    on_flat = ops.transform(ops.inverse(np.asarray(flat, np.float64)), registration.to_scan(corners))
    bent = np.linalg.norm(on_flat - corners, axis=1).max() / longer
    if away <= FAR and away * bent <= BENT_AWAY:
        return ""
    return _FAR


def _around(box: Box, points: npt.NDArray[np.floating[Any]]) -> int:
    """The number of points in a box or near it."""
    near = np.array([NEAR * min(box.width, box.height)] * 2)
    low, high = np.array([box.left, box.top]) - near, np.array([box.right, box.bottom]) + near
    return int(((points >= low) & (points <= high)).all(axis=1).sum())


def _native(box: Box, page: RegisteredPage) -> tuple[int, int]:
    """The width and height of the box in the scan, measured along the lines through its center."""
    middle_x, middle_y = box.left + box.width / 2, box.top + box.height / 2
    ends = np.array([[box.left, middle_y], [box.right, middle_y], [middle_x, box.top], [middle_x, box.bottom]])
    left, right, top, bottom = page.registration.to_scan(ends)
    return max(1, round(float(np.hypot(*(right - left))))), max(1, round(float(np.hypot(*(bottom - top)))))


def _outside(corners: npt.NDArray[np.float64], scan: Dimensions) -> str:
    """The message for a clip if more than a pixel of it is outside the scan, else an empty string."""
    beyond = np.maximum(-corners, corners - [scan.width, scan.height]).max()
    return _OUTSIDE if beyond > 1 else ""
