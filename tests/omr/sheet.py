"""A small form drawn for tests, and pictures of it through known maps.

Its bubbles, reference points and print lie exactly where its template says; 600 × 800 page pixels, so that it is quick.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.template import Bubble, ChoiceBox, ClipArea, Element, Grid, Page, ReferencePoint

Tones = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

WIDTH, HEIGHT = 600, 800
PAGE = Dimensions(WIDTH, HEIGHT)
BUBBLE = 20
FINER = 4
WORDS = ("Name", "Date", "form", "please", "answer", "with", "one", "mark", "black", "pen", "total", "of", "Signed")


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A form: (height, width) uint8 tones of its blank page, and the elements of its template."""

    blank: Tones
    elements: tuple[Element, ...]

    @property
    def page(self) -> Page:
        return Page(width=self.blank.shape[1], height=self.blank.shape[0], elements=self.elements)

    def known(self, *, image: bool = True, number: int = 1) -> KnownPage:
        """What a service knows of it: the template, with the image of the blank page or without."""
        return KnownPage(self.page, number, png(self.blank) if image else None)

    def only(self, *kinds: type) -> "Sheet":
        """The same print, with elements of some kinds alone in the template."""
        return replace(self, elements=tuple(element for element in self.elements if isinstance(element, kinds)))

    def boxes(self) -> dict[str, ChoiceBox]:
        """Its choice boxes by name, those of grids by the grid's name and their number from 1."""
        found: dict[str, ChoiceBox] = {}
        for element in self.elements:
            if isinstance(element, ChoiceBox):
                found[element.name or ""] = element
            elif isinstance(element, Grid):
                parts = (part for part in element.elements if isinstance(part, ChoiceBox))
                found |= {f"{element.name}{number}": part for number, part in enumerate(parts, start=1)}
        return found

    def bubble(self, name: str, value: str) -> tuple[float, float]:
        """The centre of a bubble."""
        box = self.boxes()[name]
        bubble = next(bubble for bubble in box.bubbles if bubble.value == value)
        return bubble.left + box.bubble_width / 2, bubble.top + box.bubble_height / 2

    def marked(self, answers: Mapping[str, str], pen: "Pen | None" = None) -> Tones:
        """The page with bubbles marked: box name → values of one character each."""
        tones = self.blank.copy()
        for name, values in answers.items():
            for value in values:
                (pen or fill)(tones, *self.bubble(name, value))
        return tones


Pen = Callable[[Tones, float, float], None]


def fill(tones: Tones, x: float, y: float, tone: int = 40, radius: float = 8.0) -> None:
    """A bubble filled with ink."""
    over = np.full_like(tones, 255)
    cv2.circle(over, (round(x * 16 - 8), round(y * 16 - 8)), round(radius * 16), tone, -1, cv2.LINE_AA, 4)
    np.minimum(tones, over, out=tones)


def strokes(*lines: Sequence[tuple[float, float]], tone: int = 40, thickness: int = 2) -> Pen:
    """A pen that draws lines, their points told from the bubble's centre, in radii."""

    def draw(tones: Tones, x: float, y: float) -> None:
        for line in lines:
            points = [[(x + across * BUBBLE / 2) * 16 - 8, (y + down * BUBBLE / 2) * 16 - 8] for across, down in line]
            drawn = np.full_like(tones, 255)
            cv2.polylines(drawn, [np.rint(points).astype(np.int32)], False, tone, thickness, cv2.LINE_AA, 4)
            np.minimum(tones, drawn, out=tones)

    return draw


def question(name: str, left: float, top: float, values: str, *, down: bool = False, pitch: float = 32) -> ChoiceBox:
    """A question whose bubbles stand beside each other, or below."""
    steps = [(0, pitch * n) if down else (pitch * n, 0) for n in range(len(values))]
    across, below = steps[-1]
    return ChoiceBox(
        name=name,
        left=left - 6,
        top=top - 6,
        width=across + BUBBLE + 12,
        height=below + BUBBLE + 12,
        bubble_width=BUBBLE,
        bubble_height=BUBBLE,
        bubbles=tuple(
            Bubble(value=value, left=left + x, top=top + y) for value, (x, y) in zip(values, steps, strict=True)
        ),
        orientation="Vertical" if down else "Horizontal",
    )


def _digits(left: float, top: float, count: int) -> Grid:
    columns = tuple(question("", left + 32 * n, top, "0123456789", down=True, pitch=26) for n in range(count))
    return Grid(
        name="Id", left=left - 8, top=top - 8, width=32 * count + 8, height=280, orientation="Horizontal",
        elements=columns,
    )  # fmt: skip


def _letters(left: float, top: float) -> Grid:
    rows = tuple(question("", left, top + 30 * n, "XYZ") for n in range(2))
    return Grid(
        name="Code", left=left - 8, top=top - 8, width=112, height=70, orientation="Vertical", elements=rows
    )  # fmt: skip


MARKS = ((30, 30), (548, 30), (30, 748), (548, 748), (548, 120))


@cache
def form(*, letters: bool = True, seed: int = 1) -> Sheet:
    """Twelve questions, two grids, five reference points, a signature area, and words that differ with the seed."""
    elements: list[Element] = [question(f"Q{n + 1}", 90, 110 + 32 * n, "ABCDE") for n in range(12)]
    elements += [_digits(340, 150, 4), _letters(360, 470)]
    elements += [ReferencePoint(left=x, top=y, width=22, height=22) for x, y in MARKS]
    elements.append(ClipArea(name="Signature", left=90, top=600, width=300, height=90))
    return printed(elements, PAGE, letters=letters, seed=seed)


def printed(
    elements: Iterable[Element], page: Dimensions, *, letters: bool = True, seed: int | None = 1, squares: bool = False
) -> Sheet:
    """What a template says, on paper: outlines of bubbles with their letters, reference points, words between."""
    elements = tuple(elements)
    fine = np.full((page.height * FINER, page.width * FINER), 255, np.uint8)
    sheet = Sheet(fine, elements)
    for box in sheet.boxes().values():
        for bubble in box.bubbles:
            _outline(fine, box, bubble, letters=letters, square=squares)
    for mark in elements:
        if isinstance(mark, ReferencePoint):
            left, top = round(mark.left * FINER), round(mark.top * FINER)
            fine[top : top + round(mark.height * FINER), left : left + round(mark.width * FINER)] = 0
    if seed is not None:
        _words(fine, np.random.default_rng(seed))
    blank = cv2.resize(fine, (page.width, page.height), interpolation=cv2.INTER_AREA)
    return replace(sheet, blank=np.asarray(blank, np.uint8))


def _outline(fine: Tones, box: ChoiceBox, bubble: Bubble, *, letters: bool, square: bool) -> None:
    x, y = bubble.left + box.bubble_width / 2, bubble.top + box.bubble_height / 2
    centre = round(x * FINER), round(y * FINER)
    axes = round((box.bubble_width - 1.5) / 2 * FINER), round((box.bubble_height - 1.5) / 2 * FINER)
    if square:
        corners = [(centre[0] + sign * axes[0], centre[1] + sign * axes[1]) for sign in (-1, 1)]
        cv2.rectangle(fine, *corners, 60, round(1.5 * FINER))
    else:
        cv2.ellipse(fine, centre, axes, 0, 0, 360, 60, round(1.5 * FINER), cv2.LINE_AA)
    if letters:
        corner = round((x - 4) * FINER), round((y + 4) * FINER)
        cv2.putText(fine, bubble.value[:1], corner, cv2.FONT_HERSHEY_SIMPLEX, 0.38 * FINER, 110, FINER, cv2.LINE_AA)


def _words(fine: Tones, rng: np.random.Generator) -> None:
    height, width = fine.shape
    for line in (*range(42, 94, 22), *range(560, 600, 20), *range(706, 780, 20)):
        if line * FINER < height:
            text = " ".join(rng.choice(WORDS, 6))
            left = int(rng.integers(70, 110)) * FINER
            cv2.putText(fine, text, (left, line * FINER), cv2.FONT_HERSHEY_SIMPLEX, 0.5 * FINER, 30, FINER, cv2.LINE_AA)
    for n in range(12):  # numbers of the questions
        if (128 + 32 * n) * FINER < height and width > 90 * FINER:
            at = 58 * FINER, (126 + 32 * n) * FINER
            cv2.putText(fine, f"{n + 1}.", at, cv2.FONT_HERSHEY_SIMPLEX, 0.45 * FINER, 30, FINER, cv2.LINE_AA)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """How a scan shows the page: (3, 3) page → scan, after `bend` has moved page points."""

    page_to_scan: ops.Matrix
    scan: Dimensions
    bend: Callable[[Points], Points] | None = field(default=None)

    def to_scan(self, points: Points) -> Points:
        moved = points if self.bend is None else points + self.bend(points)
        return ops.transform(self.page_to_scan, moved)

    def of(self, tones: Tones, ground: int = 255) -> Tones:
        """The picture, (height, width) uint8, a ground around the paper."""
        scan = self.scan
        if self.bend is None:
            matrix = ops.FROM_CENTRES @ self.page_to_scan @ ops.TO_CENTRES
            flat = cv2.warpPerspective(
                tones, matrix, (scan.width, scan.height), flags=cv2.INTER_CUBIC, borderValue=ground
            )
            return np.asarray(flat, np.uint8)
        x, y = np.meshgrid(np.arange(scan.width) + 0.5, np.arange(scan.height) + 0.5)
        moved = ops.transform(ops.inverse(self.page_to_scan), np.column_stack([x.ravel(), y.ravel()]))
        points = moved
        for _ in range(5):
            points = moved - self.bend(points)
        at = (points - 0.5).astype(np.float32).reshape(scan.height, scan.width, 2)
        taken = cv2.remap(
            tones, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=ground
        )
        return np.asarray(taken, np.uint8)


def turned(degrees: float, page: Dimensions = PAGE, scale: float = 1.0) -> View:
    """The page turned clockwise about its middle, whole in the picture."""
    cosine, sine = np.cos(np.radians(degrees)) * scale, np.sin(np.radians(degrees)) * scale
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    around = ops.transform(turn, ops.corners(0, 0, page.width, page.height))
    low, high = around.min(axis=0), around.max(axis=0)
    width, height = np.ceil(high - low - 1e-6).astype(int)
    shift = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
    return View(shift @ turn, Dimensions(int(width), int(height)))


def onto(corners: Sequence[tuple[float, float]], scan: Dimensions, page: Dimensions = PAGE) -> View:
    """The page's corners, from the top left clockwise, at these points of the scan."""
    whole = ops.corners(0, 0, page.width, page.height).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(whole, np.array(corners, np.float32))
    return View(np.asarray(matrix, np.float64), scan)


def coloured(tones: Tones) -> Tones:
    """(height, width, 3) uint8 as a scan is decoded."""
    return np.ascontiguousarray(np.dstack([tones] * 3))


def png(tones: Tones) -> bytes:
    return bytes(cv2.imencode(".png", tones)[1])


def lattice(page: Dimensions = PAGE, margin: float = 0.04, count: int = 9) -> Points:
    """(count², 2) places all over the page."""
    x, y = np.meshgrid(*(np.linspace(margin * side, (1 - margin) * side, count) for side in (page.width, page.height)))
    return np.column_stack([x.ravel(), y.ravel()])
