"""Real filled forms with known answers, turned, scaled and spoilt in known ways, and images that are no such form.

The forms are not part of the project: they are looked for in `../shared/forms` beside it. `available()` tells.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.geometry import Dimensions
from omrclip.omr.recognition import Recognition, known_pages
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.template import Barcode, ClipArea
from omrclip.schemas.template import load_template
from tests.sheets.scene import Light, Scene, Sensor, bare_ground

Image = npt.NDArray[np.uint8]

FOLDER: Final = Path(__file__).parents[3] / "shared" / "forms"
QUALITY: Final = 92  # of the JPEG files that are made here
GREY: Final = (128, 128, 128)
DARKEST: Final = 0.4  # of the light that is left where the shadow is deepest

SEARCH: Final = 60  # page px to each side in which a clip's content is looked for
LEAST_CORRELATION: Final = 0.5


@dataclass(frozen=True, slots=True)
class RealForm:
    """A template's file, its blank page's image, and its scans with the files that hold their answers."""

    name: str
    template: str
    page_image: str
    scans: Mapping[str, str] = field(hash=False)

    def read(self, file: str) -> bytes:
        return (FOLDER / self.name / file).read_bytes()

    def pages(self, *, image: bool) -> tuple[KnownPage, ...]:
        """What is known of the form: its template, with the page's image or without."""
        return known_pages(load_template(self.read(self.template)), self.read(self.page_image) if image else None)

    def answers(self, scan: str) -> dict[str, str]:
        lines = self.read(self.scans[scan]).decode("utf-8").splitlines()
        split = (line.rpartition(":") for line in lines if line)
        return {name: value for name, _, value in split}

    def blank_answers(self) -> dict[str, str]:
        """What the blank page says: its bar codes, and nothing else."""
        codes = {element.name for element in self.pages(image=False)[0].page.elements if isinstance(element, Barcode)}
        return {name: value if name in codes else "" for name, value in self.answers("scan.jpg").items()}


TEST: Final = RealForm(
    "aspose_test",
    "Aspose_test.clips.omr",
    "Aspose_test.png",
    {"scan.jpg": "scan.dat", "photo.jpg": "photo.dat"},
)
SURVEY: Final = RealForm(
    "aspose_survey",
    "AsposeTest.clips.omr",
    "AsposeTest.png",
    {"scan.jpg": "expected.dat", "photo.jpg": "expected.dat"},
)
FORMS: Final = (TEST, SURVEY)


def available() -> bool:
    """Whether the forms are there."""
    return FOLDER.is_dir()


def turned(image: Image, degrees: float) -> Image:
    """The image turned clockwise, whole, on grey ground."""
    height, width = image.shape[:2]
    radians = np.deg2rad(degrees)
    cos, sin = abs(np.cos(radians)), abs(np.sin(radians))
    across, down = int(np.ceil(width * cos + height * sin)), int(np.ceil(width * sin + height * cos))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    matrix[:, 2] += (across - width) / 2, (down - height) / 2
    size = across, down
    whole = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=GREY)
    return np.asarray(whole, np.uint8)


def scaled(image: Image, factor: float) -> Image:
    """The image larger or smaller."""
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=way), np.uint8)


def blurred(image: Image, sigma: float) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def shadowed(image: Image, darkest: float) -> Image:
    """Full light in the upper left corner, falling evenly to `darkest` of it in the lower right."""
    height, width = image.shape[:2]
    along = np.linspace(0, 0.5, width, dtype=np.float32)[None] + np.linspace(0, 0.5, height, dtype=np.float32)[:, None]
    light = 1 - (1 - np.float32(darkest)) * along
    return np.asarray(np.rint(image * light[:, :, None]), np.uint8)


Spoiling = Callable[[Image], Image]

VARIATIONS: Final[dict[str, Spoiling]] = {
    "turned by 90°": lambda image: np.ascontiguousarray(np.rot90(image, -1)),
    "turned by 180°": lambda image: np.ascontiguousarray(np.rot90(image, 2)),
    "turned by 270°": lambda image: np.ascontiguousarray(np.rot90(image, 1)),
    **{
        f"turned by {degrees:+d}°": lambda image, degrees=degrees: turned(image, degrees)  # type: ignore[misc]
        for degrees in (3, -3, 10, -10, 25, -25)
    },
    "half size": lambda image: scaled(image, 0.5),
    "double size": lambda image: scaled(image, 2.0),
    "blur of 2 px": lambda image: blurred(image, 2.0),
    f"shadow to {DARKEST:.0%}": lambda image: shadowed(image, DARKEST),
}
UNTOUCHED: Final = "as it is"
LOW_QUALITY: Final = "JPEG of quality 40"
EVERY: Final = (UNTOUCHED, *VARIATIONS, LOW_QUALITY)


def spoilt(data: bytes, variation: str) -> bytes:
    """The JPEG file of an image after one of EVERY variation."""
    if variation == UNTOUCHED:
        return data
    image = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    if variation == LOW_QUALITY:
        return as_jpeg(image, 40)
    return as_jpeg(VARIATIONS[variation](image))


def as_jpeg(image: Image, quality: int = QUALITY) -> bytes:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def no_forms() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Images that show no form, each by its name, made when it is called for."""
    extents = Dimensions(2480, 3508)
    shape = extents.height, extents.width, 3
    yield "white page", lambda: as_jpeg(np.full(shape, 255, np.uint8))
    yield "black page", lambda: as_jpeg(np.zeros(shape, np.uint8))
    yield "noise", lambda: as_jpeg(np.random.default_rng(1).integers(0, 256, shape, np.uint8))
    desk = Scene("oak", Light(1.0, 0.3, 40.0, 0.3, 120.0), Sensor(0.8, noise=2.0))
    yield "photo of a desk", lambda: as_jpeg(bare_ground(desk, Dimensions(3024, 4032), np.random.default_rng(2)))


@dataclass(frozen=True, slots=True)
class ClipPlace:
    """Where a clip's content was found: page px off its place, and how well it correlates with the blank page there."""

    name: str
    offset: float
    correlation: float


def clip_places(form: RealForm, recognition: Recognition) -> list[ClipPlace]:
    """Finds each clip again in the image of the blank page; both a little blurred, since pen and print differ."""
    padded, areas = _padded_page(form.name), form.pages(image=False)[0].page.elements
    clips = {clip.element: clip.data for clip in recognition.clips}
    return [_place(padded, area, clips[area.name]) for area in areas if isinstance(area, ClipArea)]


@cache
def _padded_page(name: str) -> Image:
    form = next(form for form in FORMS if form.name == name)
    page = cv2.imdecode(np.frombuffer(form.read(form.page_image), np.uint8), cv2.IMREAD_GRAYSCALE)
    padded = cv2.copyMakeBorder(np.asarray(page), SEARCH, SEARCH, SEARCH, SEARCH, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8)


def _place(padded: Image, area: ClipArea, data: bytes) -> ClipPlace:
    box = area.box
    clip = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    clip = cv2.resize(np.asarray(clip), (box.width, box.height), interpolation=cv2.INTER_AREA)
    window = padded[box.top : box.top + box.height + 2 * SEARCH, box.left : box.left + box.width + 2 * SEARCH]
    match = cv2.matchTemplate(blurred(window, 2), blurred(np.asarray(clip, np.uint8), 2), cv2.TM_CCOEFF_NORMED)
    _, correlation, _, (x, y) = cv2.minMaxLoc(match)
    return ClipPlace(area.name, float(np.hypot(x - SEARCH, y - SEARCH)), correlation)
