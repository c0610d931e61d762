"""Pictures of sheets by the thousand: a paper is filled in once and taken many times, in bytes instead of floats.

`sheet.make` is exact, and what the committed samples are made with; this is a few times faster, and differs from it in
what no one sees: light in steps of half a percent, noise and fibres cut out of one large field, paper without a soft
edge.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import Field, PageMap
from tests.sheets.corrections import Correction, doubtful, put_taken_back, taken_back
from tests.sheets.filling import Choice, Colour, Paper, Person, blank_sheet, choose, fibres, fill_in, left_out
from tests.sheets.layout import Form, scale_of
from tests.sheets.lens import ThroughLens
from tests.sheets.pens import PENS
from tests.sheets.printing import page_dimensions
from tests.sheets.scene import (
    EVEN,
    SHADE_STEP,
    Ground,
    Light3,
    Scene,
    coarse_light,
    ground_pixels,
    put_dust,
    relief,
    streak,
)
from tests.sheets.sheet import PAPER_DPI, Sheet, Shot, map_of

COARSE_STEP: Final = 32  # px between the points at which the inverse map is solved: 0.005 mm off in bent paper
FULL_LIGHT: Final = 128  # the byte that stands for light 1.0
NOISE_MEAN: Final = 128  # the byte that stands for no noise
NOISE_UNIT: Final = 24  # bytes that stand for a deviation of 1
NOISE_SIDE: Final = 1024  # px, of the noise that is repeated over an image
SHARPENED_OVER: Final = 1.5  # px, standard deviation
WHITE: Final = 250  # the grey of haze
WHITE_FROM: Final = 150  # greys from here on are white in a bilevel scan


@dataclass(frozen=True, slots=True)
class Picture:
    """A shot of a paper. Pictures of one person, `filling`, `correction` and `empty_columns` show one paper.

    `empty_columns` is the share (0 to 1) of the grids' columns that are left empty, `distortion` the lens's. `haze`
    (0 to 1) is how far a phone lifts black towards white, `sharpening` how much of what blur takes away it adds.
    """

    shot: Shot
    filling: int = 0
    correction: Correction = "none"
    bilevel: bool = False
    distortion: float = 0.0
    empty_columns: float = 0.0
    haze: float = 0.0
    sharpening: float = 0.0

    def map_of(self, form: Form) -> PageMap:
        """Where the form's points lie in the image."""
        straight = map_of(form, self.shot)
        return ThroughLens(straight, self.distortion, self.shot.dimensions) if self.distortion else straight


@dataclass(frozen=True, slots=True, eq=False)
class FilledPaper:
    """A filled sheet of paper: what is marked, in which fields that is doubtful, and its pixels at PAPER_DPI, at half
    and at a quarter of it.
    """

    choices: tuple[Choice, ...]
    doubtful: frozenset[str]
    levels: tuple[Colour, ...]


def make_quickly(form: Form, picture: Picture) -> Sheet:
    """As `sheet.make`."""
    shot = picture.shot
    filled = _filled_paper(form, shot.person, shot.paper, picture.correction, picture.empty_columns, picture.filling)
    page_map = picture.map_of(form)
    image = _processed(_taken(filled, form, page_map, shot, np.random.default_rng([shot.seed, 3])), picture)
    return Sheet(form, shot, filled.choices, image, _encoded(image, picture), page_map, filled.doubtful)


@lru_cache(maxsize=4)
def _filled_paper(
    form: Form, person: Person, paper: Paper, correction: Correction, empty_columns: float, seed: int
) -> FilledPaper:
    choosing, writing, papering, correcting, leaving = (np.random.default_rng([seed, step]) for step in range(5))
    choices = left_out(form, choose(form, person.habits, choosing), empty_columns, leaving)
    sheet = blank_sheet(form, PAPER_DPI, paper, _structure(page_dimensions(form, PAPER_DPI), papering))
    places = taken_back(form, choices, correcting) if correction != "none" else []
    if places:
        put_taken_back(sheet, places, correction, PENS[person.pen], scale_of(PAPER_DPI), correcting)
    fill_in(sheet, form, choices, person, PAPER_DPI, writing)
    half = cv2.resize(sheet, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    quarter = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    levels = sheet, np.asarray(half, np.uint8), np.asarray(quarter, np.uint8)
    return FilledPaper(choices, doubtful(places, correction), levels)


def _taken(filled: FilledPaper, form: Form, page_map: PageMap, shot: Shot, rng: np.random.Generator) -> Colour:
    """The image, (height, width, 3) uint8, before it is encoded."""
    dimensions, sensor = shot.dimensions, shot.scene.sensor
    x, y = page_map.fields(dimensions, COARSE_STEP)
    image = _shaded(_ground(shot.scene.ground, dimensions), _beside(form, x, y, shot.scene))
    _lay(image, filled, x, y)
    image = _shaded(image, coarse_light(dimensions, shot.scene.light) * _on_paper(x, y, shot))
    if sensor.motion >= 1.0:
        cv2.filter2D(image, -1, streak(sensor.motion, sensor.motion_angle), image)
    if sensor.blur > 0.0:
        cv2.GaussianBlur(image, (0, 0), sensor.blur, image)
    put_dust(image, sensor.dust, rng)
    left, top = (int(v) for v in rng.integers(NOISE_SIDE, size=2))
    down, across = (-(-extent // NOISE_SIDE) + 1 for extent in (dimensions.height, dimensions.width))
    noise = _noise(down, across)[top : top + dimensions.height, left : left + dimensions.width]
    amount = sensor.noise / NOISE_UNIT
    return np.asarray(cv2.addWeighted(image, 1.0, noise, amount, -NOISE_MEAN * amount, image), np.uint8)


def _processed(image: Colour, picture: Picture) -> Colour:
    """What the software of a phone makes of its sensor's image: sharper, and with less contrast."""
    if picture.sharpening:
        soft = cv2.GaussianBlur(image, (0, 0), SHARPENED_OVER)
        image = np.asarray(cv2.addWeighted(image, 1 + picture.sharpening, soft, -picture.sharpening, 0.0), np.uint8)
    if picture.haze:
        image = np.asarray(cv2.convertScaleAbs(image, alpha=1 - picture.haze, beta=WHITE * picture.haze), np.uint8)
    return image


def _encoded(image: Colour, picture: Picture) -> bytes:
    """The JPEG file; of a bilevel scan a PNG file with one bit a pixel."""
    sensor = picture.shot.scene.sensor
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if sensor.grey or picture.bilevel else image
    if picture.bilevel:
        _, black_or_white = cv2.threshold(grey, WHITE_FROM, 255, cv2.THRESH_BINARY)
        return bytes(cv2.imencode(".png", black_or_white, [cv2.IMWRITE_PNG_BILEVEL, 1])[1])
    return bytes(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, sensor.quality])[1])


def _lay(image: Colour, filled: FilledPaper, x: Field, y: Field) -> None:
    """Puts the paper into the image; `x` and `y` are in mm."""
    apart = float(np.hypot(x[0, -1] - x[0, 0], y[0, -1] - y[0, 0])) / (x.shape[1] - 1) * scale_of(PAPER_DPI)
    level = 0 if apart < 1.9 else 1 if apart < 3.8 else 2
    paper, apart, scale = filled.levels[level], apart / 2**level, scale_of(PAPER_DPI) / 2**level
    if apart > 1.05:  # as in the exact way: what lies between two samples is averaged first
        paper = np.asarray(cv2.GaussianBlur(paper, (0, 0), 0.42 * apart), np.uint8)
    columns, rows = (v * np.float32(scale) - np.float32(0.5) for v in (x, y))
    cv2.remap(paper, columns, rows, cv2.INTER_LINEAR, dst=image, borderMode=cv2.BORDER_TRANSPARENT)


def _structure(dimensions: Dimensions, rng: np.random.Generator) -> Field:
    """The paper's structure; every paper has another piece of one large field."""
    across, down = (int(v) for v in rng.integers([dimensions.width, dimensions.height]))
    return np.roll(_fibres(dimensions), (down, across), (0, 1))


@lru_cache(maxsize=2)
def _fibres(dimensions: Dimensions) -> Field:
    return fibres(dimensions, np.random.default_rng(dimensions.width))


@lru_cache(maxsize=12)
def _ground(ground: Ground, dimensions: Dimensions) -> Colour:
    if ground in EVEN:
        return np.full((dimensions.height, dimensions.width, 3), round(EVEN[ground]), np.uint8)
    pixels = ground_pixels(ground, dimensions, np.random.default_rng(dimensions.width))
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _noise(down: int, across: int) -> Colour:
    """Noise, so many times NOISE_SIDE high and wide; half of it is shared by the channels."""
    rng = np.random.default_rng(NOISE_SIDE)
    grain = cv2.GaussianBlur(rng.standard_normal((NOISE_SIDE, NOISE_SIDE, 3), dtype=np.float32), (0, 0), 0.7) * 2.5
    both = grain.mean(axis=2, keepdims=True) + 0.5 * grain
    field = np.clip(np.rint(both * NOISE_UNIT + NOISE_MEAN), 0, 255).astype(np.uint8)
    return np.tile(field, (down, across, 1))


def _shaded(image: Colour, light: Light3) -> Colour:
    """The image in a light (rows, columns, channels) that is known coarsely; 1.0 leaves it as it is."""
    levels = np.clip(np.rint(light * FULL_LIGHT), 0, 255).astype(np.uint8)
    full = cv2.resize(levels, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(image, full, scale=1 / FULL_LIGHT), np.uint8)


def _beside(form: Form, x: Field, y: Field, scene: Scene) -> Light3:
    """The light that the paper leaves its ground; wide shadows on a desk, none on a scanner's glass."""
    if scene.ground in ("lid", "black"):
        return np.ones((1, 1, 3), np.float32)
    x, y = _coarse(x), _coarse(y)
    paper = ((x >= 0) & (x <= form.width) & (y >= 0) & (y <= form.height)).astype(np.float32)
    paper = np.roll(paper, (1, 1), (0, 1))
    near, far = (cv2.GaussianBlur(paper, (0, 0), sigma / SHADE_STEP) for sigma in (12.0, 36.0))
    return np.repeat((1.0 - 0.35 * near - 0.3 * far)[:, :, None], 3, axis=2).astype(np.float32)


def _on_paper(x: Field, y: Field, shot: Shot) -> Light3:
    """The shading of bent paper."""
    return relief(_coarse(x), _coarse(y), shot.curl, shot.scene.light)[:, :, None]


def _coarse(field: Field) -> Field:
    """A value for every SHADE_STEP pixels, as many as of the light."""
    size = -(-field.shape[1] // SHADE_STEP), -(-field.shape[0] // SHADE_STEP)
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), np.float32)
