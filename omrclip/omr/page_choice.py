"""Find out which page of which template a scan shows.

A scan is taken for a page if it is registered to it, and to no other page. `only_fitting` tries all pages, which is
right for a few scans. For a stack of them that takes long: a page that is not in the scan takes several times as long
as the right one, because every strategy is tried. `PageChoice` gets the same answer with one registration for most
scans.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.errors import Failure, RegistrationFailed
from omrclip.imaging import ops
from omrclip.imaging.arrays import Grey
from omrclip.imaging.codec import decode
from omrclip.omr.labels import element_path
from omrclip.omr.registration.blobs import blobs_of
from omrclip.omr.registration.code_boxes import texts_in
from omrclip.omr.registration.find import QUICK_STRATEGIES, Fits, FoundPage, ImagePyramid, KnownPage, fits_in, register
from omrclip.omr.registration.reference import reference_for
from omrclip.omr.registration.scene import LEAST_SEEN, SAME_BUBBLE
from omrclip.omr.registration.strategies import features
from omrclip.omr.registration.strategies.bubbles import SEARCHED_SIDES
from omrclip.omr.registration.strategies.point_patterns import Nearest
from omrclip.omr.report.file_names import shown_name
from omrclip.omr.template import Barcode
from omrclip.wording import Wording
from omrclip.work import Work

Fit: TypeAlias = Callable[[Sequence[KnownPage], ImagePyramid, bool, Work], FoundPage]
"""Returns the page of several that a scan shows, see `only_fitting`."""
Thumbnail: TypeAlias = npt.NDArray[np.float32]

THUMBNAIL_SIDE, THUMBNAIL_FROM = 64, 512
"""Pixels of both sides of a thumbnail, and of the longer side of the image from which it is made. A line of answers
takes about two pixels: marks and handwriting hardly show, the layout does."""
THUMBNAIL_SHIFT = 4
"""Pixels of a thumbnail by which the page may be off: 6 % of the sheet, as feeders displace it."""
THUMBNAIL_PAPER, THUMBNAIL_BLUR = 8.0, 1.0
"""Standard deviations of the Gaussians that take away the shading of the paper, and make the print soft."""
CLEARLY_LIKE = 0.6
"""Correlation of two thumbnails from which features of the image are not compared. On scans of eight forms it was 0.74
to 0.95 for the right page and at most 0.56 for a form with another layout; on photos 0.19 and 0.34. There the part of
the features that is matched tells them apart: 0.22 or more and at most 0.12."""
CERTAIN = 0.8
"""Part of the print of a page that must be found in place before other pages are excluded without being tried. A page
is confirmed by half of its print (LEAST_AGREEING). So a page whose print is found up to this part in a scan of another
page would also be found in the blank page of that other one."""
SAME_PLACE = 0.5
"""Distance from a bubble of the page, in sizes of a bubble, within which a shape of the scan is that bubble."""

FITS_PAGES = Wording(
    "fits_pages",
    "The scan fits the pages {pages} of the template equally well. Choose its page with the option Pages.",
)
FITS_TEMPLATES = Wording(
    "fits_templates",
    "The scan fits several pages equally well: {pages}. Recognize it with one of these templates alone.",
)


def only_fitting(pages: Sequence[KnownPage], pyramid: ImagePyramid, upright: bool, work: Work) -> FoundPage:
    """Return the only page into which the scan fits, after all were tried.

    Args:
        pages: the pages that the scan may show.
        pyramid: the scan.
        upright: whether the page is known to lie upright in the scan.
        work: the time that it may take.

    Raises:
        RegistrationFailed: no page fits, or several fit alike. None is guessed, because it could be the wrong one.
        DeadlineExceeded, Abandoned: the work ended.
    """
    attempts = _Attempts(pages, pyramid, upright, work)
    for known in pages:
        attempts.register(known)
    return attempts.only()


class Resemblances(Protocol):
    """Where it is stored which pages are found in the blank pages of others, so that it is found out once."""

    def known(self, page: KnownPage, other: KnownPage) -> Fits | None:
        """In how many ways a page fits in the blank page of another one; None if it was not found out yet."""
        ...

    def note(self, page: KnownPage, other: KnownPage, fits: Fits) -> None:
        """Store in how many ways a page fits in the blank page of another one."""
        ...


class _NoResemblances:
    """Stores nothing."""

    def known(self, _page: KnownPage, _other: KnownPage) -> Fits | None:
        return None

    def note(self, _page: KnownPage, _other: KnownPage, _fits: Fits) -> None:
        """Forget it."""


class PageChoice:
    """Chooses among the pages of a batch. It prepares them once, so it pays for many scans.

    The pages are tried in the order of a cheap score, and the first one that is confirmed is taken. Another page is
    then tried only if it could be confirmed too:

    - The page found fits in the blank page of the other one. This is found out once for two pages.
    - The other one fits in the blank page of the page found. If both have images, it must fit in one way only: in a
      scan, a page that fits in several ways is refused.
    - Less than CERTAIN of the print of the page was found in the scan, so it may be the wrong page.
    - Only the bubbles of both pages are known, and the scan shows more bubbles than the page found has. The other page
      may describe those.
    - A page has neither an image nor enough bubbles to confirm anything.

    This is safe for the following reason. If the scan showed another page than the one found, then nearly all print of
    the page found would be print of that other page. So it would be found in its blank page, and the other one is
    tried. The score decides about the time alone: if it puts the right page last, all
    others are tried before.
    """

    def __init__(self, pages: Sequence[KnownPage], resemblances: Resemblances | None = None) -> None:
        """Prepare nothing yet.

        Args:
            pages: the pages that the scans may show.
            resemblances: where to store which pages resemble each other, for other processes too; None to find it out
                in this process.
        """
        self._pages = tuple(pages)
        self._stored = resemblances or _NoResemblances()
        self._prepared: dict[int, _Prepared] = {}
        self._fitting: dict[tuple[int, int], Fits] = {}

    def fit(self, pages: Sequence[KnownPage], pyramid: ImagePyramid, upright: bool, work: Work) -> FoundPage:
        """Return the only page into which the scan fits, see `only_fitting`. The pages must be those of the choice."""
        if len(pages) == 1:
            return register(pages[0], pyramid, upright=upright)
        attempts = _Attempts(pages, pyramid, upright, work)
        waiting = self._ranked(pages, pyramid)
        for known in waiting:
            found = attempts.register(known)
            if found is not None:
                for other in self._that_may_fit_too(found, [*waiting], pyramid):
                    attempts.register(other)
        return attempts.only()

    def _ranked(self, pages: Sequence[KnownPage], pyramid: ImagePyramid) -> Iterator[KnownPage]:
        """The pages, those first that look most like the scan."""
        views = _views(pyramid)
        likeness = [_likeness(self._of(known).thumbnail, views) for known in pages]
        if max(likeness) < CLEARLY_LIKE:
            # A photo: the page does not fill the image.
            for number, known in enumerate(pages):
                likeness[number] += features.matched_part(self._of(known).features, pyramid)
        order = sorted(range(len(pages)), key=lambda number: -likeness[number])
        return iter([pages[number] for number in order])

    def _that_may_fit_too(
        self, found: FoundPage, others: Sequence[KnownPage], pyramid: ImagePyramid
    ) -> list[KnownPage]:
        """Those of the other pages that might be confirmed too.

        They are looked at in random order. So processes that begin at the same time compare different pages.
        """
        shuffled = random.sample(others, len(others))
        return [other for other in shuffled if self._may_fit_too(found, other, pyramid)]

    def _may_fit_too(self, found: FoundPage, other: KnownPage, pyramid: ImagePyramid) -> bool:
        """Whether another page might be confirmed in a scan in which a page was found, see the class."""
        confidence = found.registration.confidence
        if confidence is None or confidence < CERTAIN:
            return True
        one, two = self._of(found.known), self._of(other)
        if not two.confirms or self._fits(found.known, other) != Fits.NOT:
            return True
        fits = self._fits(other, found.known)
        if one.printed and two.printed:
            return fits == Fits.ONCE
        return fits != Fits.NOT or (not one.printed and not two.printed and _shows_more_bubbles(found, other, pyramid))

    def _fits(self, page: KnownPage, other: KnownPage) -> Fits:
        """In how many ways a page fits in the blank page of another one."""
        key = id(page), id(other)
        if key not in self._fitting:
            fits = self._stored.known(page, other)
            if fits is None:
                fits = _fits_in_blank(page, other)
                self._stored.note(page, other, fits)
            self._fitting[key] = fits
        return self._fitting[key]

    def _of(self, known: KnownPage) -> "_Prepared":
        if id(known) not in self._prepared:
            reference = reference_for(known.page, known.image)
            self._prepared[id(known)] = _Prepared(
                _thumbnail(reference.coarse.pixels),
                features.described(reference) if reference.printed else None,
                reference.printed,
                reference.confirms,
            )
        return self._prepared[id(known)]


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """What is stored of a page for as long as the batch runs.

    Attributes:
        thumbnail: of the blank page.
        features: the descriptors of its features; None if there is no image of the blank page.
        printed, confirms: see `Reference`.
    """

    thumbnail: Thumbnail
    features: features.Descriptors | None
    printed: bool
    confirms: bool


class _Attempts:
    """The registrations of pages to one scan."""

    def __init__(self, pages: Sequence[KnownPage], pyramid: ImagePyramid, upright: bool, work: Work) -> None:
        self._pages, self._pyramid, self._upright, self._work = pages, pyramid, upright, work
        self._found: dict[int, FoundPage] = {}
        self._failures: dict[int, Failure] = {}

    def register(self, known: KnownPage) -> FoundPage | None:
        """Try a page. None if it is not found."""
        self._work.check()
        try:
            found = register(known, self._pyramid, upright=self._upright)
        except RegistrationFailed as failure:
            self._failures[id(known)] = Failure.of(failure)
            return None
        self._found[id(known)] = found
        return found

    def only(self) -> FoundPage:
        """The page that was found. Raises RegistrationFailed if there is none, or more than one."""
        found = [self._found[id(known)] for known in self._pages if id(known) in self._found]
        if not found:
            first = self._failures[id(self._pages[0])]
            raise RegistrationFailed(first.message, **first.details)
        if len(found) == 1:
            return found[0]
        told = _told_by_codes(found, self._pyramid)
        if told is None:
            raise RegistrationFailed(_fits_alike([page.known for page in found]), tried=[])
        return told


def _fits_alike(pages: Sequence[KnownPage]) -> str:
    """The message about a scan that fits several pages."""
    if len({known.template for known in pages}) == 1:
        return FITS_PAGES(pages=", ".join(str(known.number) for known in pages))
    told = ", ".join(f"{shown_name(known.template)!r} ({known.number})" for known in pages)
    return FITS_TEMPLATES(pages=told)


def _told_by_codes(found: Sequence[FoundPage], pyramid: ImagePyramid) -> FoundPage | None:
    """Return the page whose blank page has the codes that the scan shows, if all others have different ones.

    Codes that differ on every sheet, such as that of a candidate, decide nothing: they are those of no blank page.
    """
    agree = [page for page in found if _codes_agree(page, pyramid) is True]
    differ = [page for page in found if _codes_agree(page, pyramid) is False]
    return agree[0] if len(agree) == 1 and len(differ) == len(found) - 1 else None


def _codes_agree(found: FoundPage, pyramid: ImagePyramid) -> bool | None:
    """Return whether the codes of the scan are those of the blank page; None if there are none to compare."""
    known = found.known
    if known.image is None:
        return None
    codes = [
        element
        for index, element in enumerate(known.page.elements)
        if isinstance(element, Barcode) and known.individual not in (element.name, element_path(known.number, index))
    ]
    if not codes:
        return None
    blank = ImagePyramid(decode(known.image))
    page, image = known.page.dimensions, blank.dimensions
    to_blank = np.diag([image.width / page.width, image.height / page.height, 1.0])
    compared = []
    for code in codes:
        expected = texts_in(blank, code, lambda points: ops.transform(to_blank, points))
        seen = texts_in(pyramid, code, found.registration.to_scan)
        if len(expected) == 1 and len(seen) == 1:
            compared.append(expected == seen)
    return all(compared) if compared else None


def _fits_in_blank(page: KnownPage, other: KnownPage) -> Fits:
    """In how many ways a page fits in the blank page of another one, turned in any way."""
    blank = reference_for(other.page, other.image).fine.pixels
    return fits_in(page, ImagePyramid(blank), QUICK_STRATEGIES)


def _shows_more_bubbles(found: FoundPage, other: KnownPage, pyramid: ImagePyramid) -> bool:
    """Whether the scan shows shapes like bubbles of another page, beside those of the page found, that may be it.

    Sheets are compared that fill the same paper. So the size of a bubble in the scan follows from the page found.
    """
    page, reference = found.reference, reference_for(other.page, other.image)
    if not len(reference.bubbles):
        return True
    middle = np.array([[page.page.width / 2, page.page.height / 2]])
    here, right, below = (found.registration.to_scan(middle + step)[0] for step in ([0, 0], [1, 0], [0, 1]))
    scale = float(np.sqrt(abs(np.linalg.det(np.stack([right - here, below - here])))))
    own_size = scale * float(np.sqrt(np.median(page.bubbles[:, 2] * page.bubbles[:, 3])))
    enlarged = max(page.page.width, page.page.height) / max(reference.page.width, reference.page.height)
    size = scale * enlarged * float(np.sqrt(np.median(reference.bubbles[:, 2] * reference.bubbles[:, 3])))
    blobs, reduction = blobs_of(pyramid, SEARCHED_SIDES[0])
    sizes = blobs.sizes * reduction
    like = blobs.centres[(sizes > SAME_BUBBLE[0] * size) & (sizes < SAME_BUBBLE[1] * size)] * reduction
    if not len(like):
        return False
    _, distances = Nearest(found.registration.to_scan(page.centres), own_size).find(like)
    return int((distances > SAME_PLACE * own_size).sum()) >= LEAST_SEEN * len(reference.bubbles)


def _views(pyramid: ImagePyramid) -> list[Thumbnail]:
    """The thumbnails of a scan in its four turns."""
    upright = _thumbnail(pyramid.fitted(THUMBNAIL_FROM)[0])
    return [np.ascontiguousarray(np.rot90(upright, turn)) for turn in range(4)]


def _thumbnail(grey: Grey) -> Thumbnail:
    """The print of a page, dark on white, as a small picture (THUMBNAIL_SIDE, THUMBNAIL_SIDE)."""
    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    small = cv2.resize(255 - grey, side, interpolation=cv2.INTER_AREA).astype(np.float32)
    paper = cv2.GaussianBlur(small, (0, 0), THUMBNAIL_PAPER)
    return np.asarray(cv2.GaussianBlur(small - paper, (0, 0), THUMBNAIL_BLUR), np.float32)


def _likeness(page: Thumbnail, views: Sequence[Thumbnail]) -> float:
    """The correlation, -1 to 1, of a page with the turn of a scan and the shift that fit best."""
    shift = THUMBNAIL_SHIFT
    inner = np.ascontiguousarray(page[shift:-shift, shift:-shift])
    return max(float(np.nan_to_num(cv2.matchTemplate(view, inner, cv2.TM_CCOEFF_NORMED)).max()) for view in views)
