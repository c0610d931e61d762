"""The blank page of a form, made from filled sheets: what is the same on all is print, and what differs is ink."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.errors import InvalidRequest, OmrclipError
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode, encode
from omrclip.imaging.documents import open_document
from omrclip.imaging.formats.base import ImageFormat
from omrclip.imaging.probe import probe
from omrclip.imaging.source import DecodedImage
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.limits import Limits
from omrclip.omr.authoring.detection.straighten import cut_paper
from omrclip.omr.recognition import check_pages
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration.find import register
from omrclip.omr.registration.image_pyramid import ImagePyramid
from omrclip.omr.registration.registration import KnownPage, Registration
from omrclip.omr.template import Page

LEAST_SHEETS = 10
"""Sheets that are needed. If a bubble is marked on one sheet in five, chance marks it on as many of ten that its ink
looks like print for one bubble in 10,000; of a bubble that is marked on every second sheet, for one in 20."""
MOST_SHEETS = 20
"""Sheets that are used; their pixels are in memory together, 26 MB each for A4 at 300 dpi."""
MOST_SIDE_PX = 3508
"""Longer side of the blank page at most: A4 at 300 dpi."""
LIGHTNESS = 0.8
"""Which of the lightnesses that the sheets have at a place is that of the blank page, from the darkest, 0, to the
lightest, 1. Ink stays if it is on about this part of the sheets. The middle one, 0.5, left ink in 5 of 380 bubbles of
ten rehearsed exams. The lightest one makes lines thin where the sheets do not lie exactly on each other."""
PAPER = 243
"""Lightness from which paper that was made white has neither print nor ink, 0 to 255: detection sees what is
5 % darker."""
SPECK, FRINGE_PX = 0.012, 5
"""The longer side of a speck that is left of ink, as a part of that of the page, at most: 3.5 mm on A4; and pixels of
the square by which it is made larger, to reach its grey edges."""
MOST_TRIED = 3
"""Sheets that the others are laid on one after the other, if most do not fit the first: it may be another form."""
BAND_ROWS = 64
"""Rows of the page whose lightnesses are sorted at a time, so that the copy of them is small."""
SHADE_STEP = 8
"""Pixels of a page in one of the small page on which the light on the paper is measured."""
PRINT_PX, SMOOTHED_PX = 13, 25
"""Sides of two squares on this small page: print and ink are narrower than the first, which takes them away, and light
changes little within the second."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A filled sheet: a name for people, and its image file."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MadeBlank:
    """The blank page that was made.

    Attributes:
        image: a PNG file.
        used: how many sheets it was made from.
        unfit: the names of the sheets that do not show the same form, or could not be read.
    """

    image: bytes = field(repr=False)
    used: int
    unfit: tuple[str, ...]


def sheets_in(name: str, data: bytes, limits: Limits, pages: int = 1) -> list[Sheet]:
    """The sheets in a file: an image, or the pages of a document. Damaged ones are without bytes.

    Of a document, only the first MOST_SHEETS pages are read, for each page of the form.
    """
    try:
        document = open_document(BytesReader(data), limits.max_image_pixels)
    except OmrclipError:
        return [Sheet(name, b"")]
    if document is None:
        return [Sheet(name, data)]
    sheets = []
    with closing(document):
        for number in range(1, min(document.count, MOST_SHEETS * pages) + 1):
            try:
                image = document.read_page(number)
            except OmrclipError:
                image = b""
            sheets.append(Sheet(f"{name}, page {number}", image))
    return sheets


def blank_from_sheets(sheets: Sequence[Sheet], limits: Limits) -> MadeBlank:
    """Make the blank page of one page of a form from at least LEAST_SHEETS filled sheets.

    The sheets are laid on one of them by the registration that finds pages in scans. Sheets after the first MOST_SHEETS
    are not used.

    Raises:
        InvalidRequest: there are too few sheets, or too few of them show the same form.
    """
    if len(sheets) < LEAST_SHEETS:
        raise InvalidRequest(f"At least {LEAST_SHEETS} filled sheets are needed, not {len(sheets)}.")
    sheets = sheets[:MOST_SHEETS]
    best: dict[int, _Laid] = {}
    for page in _references(sheets, limits):
        laid = _laid_on(page, sheets, limits)
        if len(laid) > len(best):
            best = laid
        if len(best) > len(sheets) / 2:
            break
    unfit = tuple(sheet.name for index, sheet in enumerate(sheets) if index not in best)
    if len(best) < LEAST_SHEETS:
        raise InvalidRequest(
            f"At least {LEAST_SHEETS} sheets of one form are needed. These {len(unfit)} of {len(sheets)} could not be "
            f"read or do not fit the others: {', '.join(unfit)}."
        )
    blank = _print_of([laid.pixels for laid in best.values()])
    upright = np.rot90(blank, -_usual_turns(list(best.values())))
    return MadeBlank(encode(np.ascontiguousarray(upright), ImageFormat.PNG), len(best), unfit)


def _references(sheets: Sequence[Sheet], limits: Limits) -> list[Pixels]:
    """The first sheets on which the others may be laid: scans before photos, whose paper is cut out."""
    scans: list[Pixels] = []
    photos: list[Pixels] = []
    for sheet in sheets:
        pixels = _read(sheet, limits)
        if pixels is None:
            continue
        page = cut_paper(pixels)
        is_scan = np.array_equal(page.matrix, np.eye(3))
        alike = scans if is_scan else photos
        if len(alike) < MOST_TRIED:
            alike.append(_reduced(page.pixels))
        if len(scans) == MOST_TRIED:
            break
    return [*scans, *photos][:MOST_TRIED]


def _read(sheet: Sheet, limits: Limits) -> Pixels | None:
    """The pixels of a sheet; None if they cannot be read."""
    try:
        size = probe(sheet.data).dimensions
        check_pages([KnownPage(Page(width=size.width, height=size.height), 1, sheet.data)], limits)
        return decode(sheet.data)
    except OmrclipError:
        return None


def _reduced(pixels: Pixels) -> Pixels:
    scale = MOST_SIDE_PX / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """A sheet as it lies on a page, in even light, and by how many quarters of a turn its scan is turned clockwise."""

    pixels: Pixels
    turns: int


def _usual_turns(laid: Sequence[_Laid]) -> int:
    """The quarter turns of most sheets: the first sheet, on which they lie, may itself be upside down."""
    counts = Counter(one.turns for one in laid)
    return max(counts, key=lambda turns: (counts[turns], turns == 0))


def _turns(registration: Registration) -> int:
    """By how many quarters of a turn, clockwise, a page is turned in a scan."""
    width, height = registration.page.width, registration.page.height
    begin, end = registration.to_scan(np.array([[0.0, height / 2], [width, height / 2]]))
    angle = float(np.arctan2(end[1] - begin[1], end[0] - begin[0]))
    return round(angle / (np.pi / 2)) % 4


def _laid_on(page: Pixels, sheets: Sequence[Sheet], limits: Limits) -> dict[int, _Laid]:
    """The sheets that fit a page, by their places in the list, as they lie on it."""
    height, width = page.shape[:2]
    known = KnownPage(Page(width=width, height=height), 1, encode(page, ImageFormat.PNG))
    laid = {}
    for index, sheet in enumerate(sheets):
        pixels = _read(sheet, limits)
        if pixels is None:
            continue
        try:
            found = register(known, ImagePyramid(pixels))
        except OmrclipError:
            continue
        seen = RegisteredPage(DecodedImage(pixels), found.registration)
        pixels = _in_even_light(seen.read(seen.dimensions.box, seen.dimensions))
        laid[index] = _Laid(pixels, _turns(found.registration))
    return laid


def _in_even_light(pixels: Pixels) -> Pixels:
    """Make paper white everywhere, so that shadows are not taken for print."""
    small = cv2.resize(pixels, None, fx=1 / SHADE_STEP, fy=1 / SHADE_STEP, interpolation=cv2.INTER_AREA)
    small = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((PRINT_PX, PRINT_PX), np.uint8))
    small = cv2.blur(small, (SMOOTHED_PX, SMOOTHED_PX))
    paper = cv2.resize(small, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(pixels, paper, scale=float(np.iinfo(np.uint8).max)), np.uint8)


def _print_of(laid: Sequence[Pixels]) -> Pixels:
    """What is on nearly all of the pages that lie on each other."""
    chosen, lightest = round(LIGHTNESS * (len(laid) - 1)), len(laid) - 1
    blank: npt.NDArray[np.uint8] = np.empty_like(laid[0])
    everywhere = np.empty_like(blank)
    for top in range(0, len(blank), BAND_ROWS):
        rows = slice(top, top + BAND_ROWS)
        band = np.stack([pixels[rows] for pixels in laid])
        ordered = np.partition(band, (chosen, lightest), axis=0)
        blank[rows], everywhere[rows] = ordered[chosen], ordered[lightest]
    return _without_rests(blank, everywhere)


def _without_rests(blank: Pixels, everywhere: Pixels) -> Pixels:
    """Make white what is left of ink: specks of which no part is dark on all sheets, as some part of print is.

    Where all write into one box, their lines cross, and the crossings are dark on most sheets.
    """
    dark = cv2.cvtColor(blank, cv2.COLOR_BGR2GRAY) < PAPER
    sure = dark & (cv2.cvtColor(everywhere, cv2.COLOR_BGR2GRAY) < PAPER)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8))
    is_rest = np.ones(count, bool)
    is_rest[np.unique(labels[sure])] = False
    largest = SPECK * max(blank.shape[:2])
    is_rest &= np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) < largest
    is_rest[0] = False
    fringe = cv2.dilate(is_rest[labels].astype(np.uint8), np.ones((FRINGE_PX, FRINGE_PX), np.uint8))
    fringe[dark & ~is_rest[labels]] = 0
    blank[fringe > 0] = np.iinfo(np.uint8).max
    return blank
