"""What an image shows besides the paper: the desk, the light, and what the sensor makes of it all."""

from dataclasses import dataclass, field
from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.geometry import Dimensions, round_pixel
from tests.sheets.camera import Curl, Field, PageMap, slope

Colour = npt.NDArray[np.uint8]
Light3 = npt.NDArray[np.float32]  # (height, width, 3), blue green red, 0 to 255

SHADE_STEP: Final = 8  # the light changes slowly: it is computed for every so many pixels

Ground = Literal["lid", "oak", "walnut", "grey", "white", "black"]


@dataclass(frozen=True, slots=True)
class Light:
    """`exposure` multiplies everything. `gradient` is how much darker the far side is than the near one (0 to 1), in
    the direction `gradient_angle` (degrees, 0: darker to the right). `shadow` is how much light a soft shadow takes
    (0 to 1) that falls over one edge, `shadow_angle` as before, covering `shadow_part` of the image and `shadow_soft`
    (in parts of the image) wide at its edge. `vignette` is the loss in the corners (0 to 1). `warmth` above 0 is
    lamp light, below 0 daylight. `relief` is how strongly bent paper is shaded.
    """

    exposure: float = 1.0
    gradient: float = 0.0
    gradient_angle: float = 0.0
    shadow: float = 0.0
    shadow_angle: float = 0.0
    shadow_part: float = 0.3
    shadow_soft: float = 0.12
    vignette: float = 0.0
    warmth: float = 0.0
    relief: float = 0.5


@dataclass(frozen=True, slots=True)
class Sensor:
    """`blur` and `motion` in px (standard deviation, length), `noise` in grey levels (standard deviation),
    `dust` specks on the whole image, `quality` of the JPEG, `grey` for a scan without colour.
    """

    blur: float = 0.6
    motion: float = 0.0
    motion_angle: float = 0.0
    noise: float = 1.5
    dust: int = 0
    quality: int = 80
    grey: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What is around the paper, and what looks at it. A `lid` is the scanner's, `black` a scanner without
    one; the others are desks.
    """

    ground: Ground = "lid"
    light: Light = field(default_factory=Light)
    sensor: Sensor = field(default_factory=Sensor)


def take(
    sheet: Colour, scale: float, page_map: PageMap, dimensions: Dimensions, scene: Scene, rng: np.random.Generator
) -> Colour:
    """The image, (height, width, 3) uint8, before JPEG. `scale` is the sheet's pixels per mm."""
    x, y = page_map.fields(dimensions)
    paper, cover = _seen(sheet, scale, x, y)
    image = ground_pixels(scene.ground, dimensions, rng)
    image *= cast_shadow(cover, scene.ground)[:, :, None]
    image += (paper * relief(x, y, page_map.curl, scene.light)[:, :, None] - image) * cover[:, :, None]
    image *= _illumination(dimensions, scene.light)
    return _sensed(image, scene.sensor, rng)


def bare_ground(scene: Scene, dimensions: Dimensions, rng: np.random.Generator) -> Colour:
    """The same without any paper, (height, width, 3) uint8."""
    return _sensed(
        ground_pixels(scene.ground, dimensions, rng) * _illumination(dimensions, scene.light), scene.sensor, rng
    )


def encode(image: Colour, sensor: Sensor) -> bytes:
    """The JPEG file."""
    pixels = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if sensor.grey else image
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, sensor.quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    return data.tobytes()


def _seen(sheet: Colour, scale: float, x: Field, y: Field) -> tuple[Light3, Field]:
    """The paper as it lies in the image, and how much of each pixel it covers (0 to 1)."""
    # Sampling points that lie far apart would let thin lines flicker: what lies between is averaged first.
    apart = float(np.hypot(x[0, -1] - x[0, 0], y[0, -1] - y[0, 0])) / max(x.shape[1] - 1, 1) * scale
    smooth = cv2.GaussianBlur(sheet, (0, 0), 0.42 * apart) if apart > 1.05 else sheet
    columns, rows = x * np.float32(scale) - np.float32(0.5), y * np.float32(scale) - np.float32(0.5)
    paper = cv2.remap(smooth, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    height, width = sheet.shape[:2]
    inside = np.minimum(np.minimum(columns, width - 1 - columns), np.minimum(rows, height - 1 - rows))
    cover = np.clip(inside / np.float32(max(apart, 0.5)) + np.float32(1.0), 0.0, 1.0)
    return paper.astype(np.float32), cover.astype(np.float32)


def relief(x: Field, y: Field, curl: Curl, light: Light) -> Field:
    """How bent paper is shaded at paper points (mm)."""
    if not curl.height:
        return np.ones_like(x)
    shade: Field = np.clip(1.0 - np.float32(light.relief) * slope(x, y, curl), 0.4, 1.12)
    return shade


def cast_shadow(cover: Field, ground: Ground) -> Field:
    """How much light the paper leaves its ground, close to its edges."""
    if ground == "lid":
        return (1.0 - 0.12 * cv2.GaussianBlur(cover, (0, 0), 2.5)).astype(np.float32)
    small = cv2.resize(cover, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    near = cv2.GaussianBlur(np.roll(small, (2, 2), (0, 1)), (0, 0), 3.0)
    far = cv2.GaussianBlur(np.roll(small, (4, 4), (0, 1)), (0, 0), 9.0)
    dark = cv2.resize(0.35 * near + 0.3 * far, cover.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return (1.0 - dark).astype(np.float32)


def ground_pixels(ground: Ground, dimensions: Dimensions, rng: np.random.Generator) -> Light3:
    """The ground in even light."""
    if ground in EVEN:
        return np.full((dimensions.height, dimensions.width, 3), EVEN[ground], np.float32)
    if ground == "grey":
        speckle = _rough(dimensions, 1.2, 1.2, rng)[:, :, None]
        return np.float32(92.0) + 7.0 * speckle + np.zeros(3, np.float32)
    return _wood(_WOODS[ground], dimensions, rng)


EVEN: Final[dict[Ground, float]] = {"lid": 236.0, "white": 228.0, "black": 14.0}
_WOODS: Final = {"oak": (112.0, 160.0, 196.0), "walnut": (52.0, 78.0, 112.0)}


def _wood(colour: tuple[float, float, float], dimensions: Dimensions, rng: np.random.Generator) -> Light3:
    """Planks that run from top to bottom, with grain."""
    width, height = dimensions.width, dimensions.height
    plank = max(8, width // 4)
    start = int(rng.integers(plank))
    number = (np.arange(width) + start) // plank
    shade = rng.normal(1.0, 0.05, int(number[-1]) + 1)[number].astype(np.float32)
    into = (np.arange(width) + start) % plank
    seam = np.where((into < 3) & (number > 0), np.float32(0.62), np.float32(1.0))
    grain = 0.035 * _rough(dimensions, 1.8, height / 9, rng) + 0.05 * _rough(dimensions, width / 90, height / 6, rng)
    tone = (1.0 + grain) * (shade * seam)[None, :]
    return (tone[:, :, None] * np.array(colour, np.float32)).astype(np.float32)


def _rough(dimensions: Dimensions, sigma_x: float, sigma_y: float, rng: np.random.Generator) -> Field:
    """Smooth noise of mean 0 and deviation 1; drawn on a coarse net where it is smooth anyway."""
    coarse_x, coarse_y = max(1, int(sigma_x / 2)), max(1, int(sigma_y / 2))
    shape = (dimensions.height // coarse_y + 2, dimensions.width // coarse_x + 2)
    noise = rng.standard_normal(shape, dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma_x / coarse_x, sigmaY=sigma_y / coarse_y)
    full = cv2.resize(smooth / smooth.std(), (dimensions.width, dimensions.height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(full, np.float32)


def _illumination(dimensions: Dimensions, light: Light) -> Light3:
    """The light that falls on each pixel, (height, width, 3)."""
    size = dimensions.width, dimensions.height
    return np.asarray(cv2.resize(coarse_light(dimensions, light), size, interpolation=cv2.INTER_LINEAR), np.float32)


def coarse_light(dimensions: Dimensions, light: Light) -> Light3:
    """The same for every SHADE_STEP pixels of an image."""
    rows = -(-dimensions.height // SHADE_STEP)
    columns = -(-dimensions.width // SHADE_STEP)
    v, u = np.meshgrid(np.linspace(-0.5, 0.5, rows), np.linspace(-0.5, 0.5, columns), indexing="ij")
    level = light.exposure * (1.0 - light.gradient * (0.5 + _towards(u, v, light.gradient_angle)))
    edge = (
        _towards(u, v, light.shadow_angle) - 0.5 + light.shadow_part + 0.04 * np.sin(9.0 * (u - v))
    ) / light.shadow_soft
    level *= 1.0 - light.shadow / (1.0 + np.exp(-4.0 * np.clip(edge, -10.0, 10.0)))
    level *= 1.0 - light.vignette * np.minimum(1.0, 2.0 * (u**2 + v**2)) ** 1.5
    tint = np.array([1.0 - 0.5 * light.warmth, 1.0, 1.0 + 0.3 * light.warmth])
    return np.asarray(level[:, :, None] * tint, np.float32)


def _towards(u: npt.NDArray[np.float64], v: npt.NDArray[np.float64], angle: float) -> npt.NDArray[np.float64]:
    """-0.5 to 0.5 (somewhat more on a diagonal) from the image's one side to the other."""
    radians = np.deg2rad(angle)
    far: npt.NDArray[np.float64] = u * np.cos(radians) + v * np.sin(radians)
    return far


def _sensed(image: Light3, sensor: Sensor, rng: np.random.Generator) -> Colour:
    """Blur, dust and noise. A camera's noise hangs together between neighbours, since it has been smoothed."""
    if sensor.motion >= 1.0:
        cv2.filter2D(image, -1, streak(sensor.motion, sensor.motion_angle), image)
    if sensor.blur > 0.0:
        cv2.GaussianBlur(image, (0, 0), sensor.blur, image)
    put_dust(image, sensor.dust, rng)
    grain = cv2.GaussianBlur(rng.standard_normal(image.shape, dtype=np.float32), (0, 0), 0.7) * np.float32(2.5)
    # Half of the noise is in the brightness and shared by the channels.
    shared = grain.mean(axis=2, keepdims=True)
    image += (shared + 0.5 * grain) * np.float32(sensor.noise)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def streak(length: float, angle: float) -> npt.NDArray[np.float32]:
    """The kernel of a straight motion of `length` px."""
    size = 2 * round_pixel(length / 2) + 3
    kernel: Field = np.zeros((size, size), np.float32)
    centre = size // 2
    steps = np.linspace(-length / 2, length / 2, 8 * size)
    across, down = steps * np.cos(np.deg2rad(angle)), steps * np.sin(np.deg2rad(angle))
    np.add.at(kernel, (np.rint(down).astype(int) + centre, np.rint(across).astype(int) + centre), 1.0)
    kernel /= kernel.sum()
    return kernel


def put_dust(image: Light3 | Colour, count: int, rng: np.random.Generator) -> None:
    """Draws specks, in place."""
    height, width = image.shape[:2]
    for _ in range(count):
        centre = int(rng.integers(width)), int(rng.integers(height))
        axes = int(rng.integers(1, 3)), int(rng.integers(1, 2))
        cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, (float(rng.uniform(110, 190)),) * 3, -1)
