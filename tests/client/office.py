"""What lies on the desk of an office: an empty form, a stack of filled sheets, and what is really marked on them.

The form and the sheets come from the project's own generator and rehearsal. Some sheets are spoiled on purpose.
"""

import io
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from PIL import Image

import omrclip
from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels, Points
from omrclip.imaging.codec import encode
from omrclip.imaging.formats.base import ImageFormat
from omrclip.omr.authoring.generation.forms import generate
from omrclip.omr.authoring.rehearsal import rehearse
from omrclip.omr.template import Bubble, ChoiceBox, ClipArea, Page, Template

QUESTIONS: Final = 24
SHEETS: Final = 60
FOREIGN, BAD_PHOTO = 17, 42
"""The pages of the stack that show another form, and a photo in which the page is not found."""
TWICE_MARKED: Final = (5, 23, 38, 51)
"""Pages of the stack with a second mark in some questions: a person must look at them."""
TWICE_MARKED_QUESTIONS: Final = ("Q3", "Q12", "Q21")
CORRECTED_BY_HAND: Final = (9, 47)
"""Pages of the stack on which a letter beside the bubbles replaces what is marked: no program reads that."""
WATCHED: Final = "Q7"
"""The question in which that is so."""
LATER: Final = 5
_MARKUP: Final = f"""?text=Course evaluation
\tfont_size=20
\tfont_style=bold
?text=Fill one circle in each row with a dark pen.
\tfont_size=10
?container=Head
\tcolumns_proportions=50%-50%
?block=Name
\tcolumn=1
\tborder=square
\theight=230
\tis_clipped=true
?content=Name
\tfont_size=9
&block
?block=Comment
\tcolumn=2
\tborder=square
\theight=230
\tis_clipped=true
?content=What should we change?
\tfont_size=9
&block
&container
?empty_line=
\theight=40
?answer_sheet=Q
\telements_count={QUESTIONS}
\tcolumns_count=1
\tanswers_count=5
"""
_FOREIGN_MARKUP: Final = b"?text=Minutes of the meeting\n?text=Present were all members of the board.\n"
PHOTO: Final = (900, 1200)
"""Pixels of the bad photo."""
_PHOTO_CORNERS: Final = ((273, 120), (605, 144), (873, 1080), (27, 1116))
"""Where the corners of the scan lie in it: it was seen from far below."""


@dataclass(frozen=True, slots=True)
class Office:
    """The files, and the truth.

    Attributes:
        form: PDF file of the empty form.
        boxes: left, top, right and bottom of the clip areas and of the column of questions, as shares of the page.
        stack: PDF file with SHEETS pages.
        later: JPEG files by their names.
        trial: a filled sheet to try the template.
        truth: the values of the questions by the names of the sheets, as the batch calls them.
        corners: where the page lies in the bad photo, as shares of its width and height.
    """

    form: bytes = field(repr=False)
    boxes: dict[str, tuple[float, float, float, float]]
    stack: bytes = field(repr=False)
    later: dict[str, bytes] = field(repr=False)
    trial: bytes = field(repr=False)
    truth: dict[str, dict[str, str]] = field(repr=False)
    corners: tuple[tuple[float, float], ...]


def page_name(number: int) -> str:
    """The name of a page of the stack in a batch."""
    return f"stack-p{number:04}.pdf"


def make_office() -> Office:
    """Fill in all sheets. The same sheets each time."""
    form, foreign = generate(_MARKUP.encode(), "course"), generate(_FOREIGN_MARKUP, "minutes")
    page, (image,) = form.template.pages[0], form.page_images()
    blank = _decoded(image)
    stack, truth = [], {}
    corners: tuple[tuple[float, float], ...] = ()
    for number in range(1, SHEETS + 1):
        if number == FOREIGN:
            stack.append(_decoded(foreign.page_images()[0]))
            continue
        picture, values = _filled(page, blank, number)
        if number == BAD_PHOTO:
            picture, corners = _far_below(picture, _corners_of(form.template, image, picture))
        stack.append(picture)
        truth[page_name(number)] = values
    later = {}
    for number in range(1, LATER + 1):
        sheet = rehearse(page, blank, 2 * (SHEETS + number) + 1)  # photos
        later[f"late-{number}.jpg"] = sheet.data
        truth[f"late-{number}.jpg"] = sheet.values
    return Office(form.pdf, _boxes(page), _pdf(stack), later, rehearse(page, blank, 2).data, truth, corners)


def _filled(page: Page, blank: Pixels, number: int) -> tuple[Pixels, dict[str, str]]:
    """A scan of the stack, and what its person meant."""
    seed = 2 * number + 100
    if number not in (*TWICE_MARKED, *CORRECTED_BY_HAND):
        sheet = rehearse(page, blank, seed)
        return _decoded(sheet.data), sheet.values
    values = rehearse(page, blank, seed).values
    spoiled = blank.copy()
    boxes = {element.name: element for element in page.elements if isinstance(element, ChoiceBox)}
    if number in TWICE_MARKED:
        for name in TWICE_MARKED_QUESTIONS:
            assert values[name], "where nothing is marked, a second mark is the only one"
            _mark(spoiled, boxes[name], _other(boxes[name], values[name]))
    else:
        other = _other(boxes[WATCHED], values[WATCHED])
        _write_beside(spoiled, boxes[WATCHED], other)
        values = {**values, WATCHED: other.value}
    return _decoded(rehearse(page, spoiled, seed).data), values


def _other(box: ChoiceBox, value: str) -> Bubble:
    return next(bubble for bubble in box.bubbles if bubble.value != value)


def _mark(sheet: Pixels, box: ChoiceBox, bubble: Bubble) -> None:
    middle = round(bubble.left + box.bubble_width / 2), round(bubble.top + box.bubble_height / 2)
    cv2.circle(sheet, middle, round(0.4 * box.bubble_width), (60, 60, 60), -1, cv2.LINE_AA)


def _write_beside(sheet: Pixels, box: ChoiceBox, bubble: Bubble) -> None:
    size = round(box.bubble_width)
    right = max(round(one.left) for one in box.bubbles) + size
    place = right + size // 6, round(bubble.top) + size
    cv2.putText(sheet, bubble.value, place, cv2.FONT_HERSHEY_SIMPLEX, size / 32, (110, 50, 30), 5, cv2.LINE_AA)


def _corners_of(template: Template, blank: bytes, picture: Pixels) -> Points:
    """Where the corners of the page lie in a good scan."""
    scan = omrclip.Scan("scan.png", encode(picture, ImageFormat.PNG))
    (recognition,) = omrclip.recognize(template, [scan], blank_page=blank, workers=1)
    assert recognition.registration is not None
    width, height = recognition.registration.page.width, recognition.registration.page.height
    return recognition.registration.to_scan(ops.corners(0, 0, width, height))


def _far_below(sheet: Pixels, corners: Points) -> tuple[Pixels, tuple[tuple[float, float], ...]]:
    """A photo of a sheet that lies far away on a table, out of focus; where its corners lie, as shares of the photo."""
    height, width = sheet.shape[:2]
    sides = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    view = cv2.getPerspectiveTransform(sides, np.array(_PHOTO_CORNERS, np.float32))
    seen = cv2.warpPerspective(sheet, view, PHOTO, flags=cv2.INTER_AREA, borderValue=(70, 80, 85))
    photo = np.asarray(cv2.GaussianBlur(seen, (0, 0), 1.5) * 0.8, np.uint8)
    placed = cv2.perspectiveTransform(np.asarray(corners, np.float64)[None], view)[0] / PHOTO
    return photo, tuple((float(x), float(y)) for x, y in placed)


def _boxes(page: Page) -> dict[str, tuple[float, float, float, float]]:
    def around(*elements: ChoiceBox | ClipArea, by: float) -> tuple[float, float, float, float]:
        left, top = min(one.left for one in elements), min(one.top for one in elements)
        right, bottom = (
            max(one.left + one.width for one in elements),
            max(one.top + one.height for one in elements),
        )
        width, height = page.dimensions.width, page.dimensions.height
        return ((left - by) / width, (top - by) / height, (right + by) / width, (bottom + by) / height)

    clips = {str(one.name): around(one, by=0) for one in page.elements if isinstance(one, ClipArea)}
    questions = [one for one in page.elements if isinstance(one, ChoiceBox)]
    return {**clips, "Questions": around(*questions, by=30)}


def _pdf(pictures: list[Pixels]) -> bytes:
    images = [Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)) for picture in pictures]
    out = io.BytesIO()
    images[0].save(out, "PDF", save_all=True, append_images=images[1:], resolution=200, quality=85)
    return out.getvalue()


def _decoded(data: bytes) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)
