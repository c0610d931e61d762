"""Where each point of the paper comes to lie in an image: flatbed scanners, cameras, and paper that is not flat.

Points on the paper are in mm from its upper left corner. Points in an image are in px from the outer corner of its
upper left pixel: the pixel in column i covers i to i + 1, and its centre is at i + 0.5. A template's boxes count alike.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.geometry import Dimensions
from tests.sheets.layout import Form, scale_of

Points = npt.NDArray[np.float64]
Field = npt.NDArray[np.float32]

NODE_STEP: Final = 8  # px between the points at which the inverse map is solved
SOLVING_ROUNDS: Final = 8


@dataclass(frozen=True, slots=True)
class Glass:
    """A flatbed scanner. `skew` in degrees clockwise about the page's centre, `shift_x`, `shift_y` in mm."""

    dpi: float = 200.0
    skew: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0


@dataclass(frozen=True, slots=True)
class Pose:
    """A camera that looks at the page. Angles in degrees: `pitch` tips the page's top away, `yaw` its right side,
    `roll` turns it clockwise. `reach` is the part of the image's height that the page's height takes when seen
    straight on; `shift_x`, `shift_y` move the page in the image, in parts of the image's extents; `view` is the angle
    of view along the image's height.
    """

    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    reach: float = 0.9
    shift_x: float = 0.0
    shift_y: float = 0.0
    view: float = 58.0


@dataclass(frozen=True, slots=True)
class Curl:
    """Paper bent into waves, as a developable surface. `height` is a wave's crest in mm, `length` a whole wave in mm,
    `angle` the direction in which the waves follow one another (degrees from the page's x axis), `phase` in degrees.
    """

    height: float = 0.0
    length: float = 420.0
    angle: float = 0.0
    phase: float = 0.0


class PageMap:
    """The map from paper to image, both ways. `matrix` (3, 4) projects points in space (mm, z towards the camera)."""

    def __init__(self, matrix: Points, curl: Curl) -> None:
        self._matrix = matrix
        self.curl = curl
        self._from_flat = np.linalg.inv(matrix[:, [0, 1, 3]])

    def to_image(self, points: Points) -> Points:
        """Paper (n, 2) mm → image (n, 2) px, exact."""
        return _divided(np.column_stack([in_space(points, self.curl), np.ones(len(points))]) @ self._matrix.T)

    def to_paper(self, points: Points) -> Points:
        """Image (n, 2) px → paper (n, 2) mm; where the paper is bent, solved to about 0.001 mm."""
        target = self._flat(points)
        paper = target.copy()
        for _ in range(SOLVING_ROUNDS if self.curl.height else 0):
            paper += target - self._flat(self.to_image(paper))
        return paper

    def _flat(self, points: Points) -> Points:
        """Where an image's points would lie if the paper were flat, in mm."""
        return _divided(np.column_stack([points, np.ones(len(points))]) @ self._from_flat.T)

    def fields(self, dimensions: Dimensions, step: int = NODE_STEP) -> tuple[Field, Field]:
        """The paper's x and y (mm) at the centre of every pixel of an image, each (height, width) float32; computed
        every `step` px, linear in between.
        """
        columns = np.arange(0, dimensions.width + step, step) + 0.5
        rows = np.arange(0, dimensions.height + step, step) + 0.5
        nodes = np.stack(np.meshgrid(columns, rows), axis=-1)
        paper = self.to_paper(nodes.reshape(-1, 2)).reshape(nodes.shape).astype(np.float32)
        return _between(paper[:, :, 0], dimensions, step), _between(paper[:, :, 1], dimensions, step)


def scanned(form: Form, glass: Glass, curl: Curl | None = None) -> PageMap:
    """The map of a flatbed scan; without skew and shift it is the template's own, times the resolution."""
    scale, angle = scale_of(glass.dpi), np.deg2rad(glass.skew)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    x, y = form.width / 2, form.height / 2
    centre_x, centre_y = (x + glass.shift_x) * scale, (y + glass.shift_y) * scale
    matrix = np.array(
        [
            [cos, -sin, 0.0, centre_x - cos * x + sin * y],
            [sin, cos, 0.0, centre_y - sin * x - cos * y],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )
    return PageMap(matrix, curl or Curl())


def photographed(form: Form, pose: Pose, dimensions: Dimensions, curl: Curl | None = None) -> PageMap:
    """The map of a photograph by a pinhole camera without lens errors."""
    focal = dimensions.height / 2 / np.tan(np.deg2rad(pose.view) / 2)
    distance = focal * form.height / (pose.reach * dimensions.height)
    lens = np.array(
        [
            [focal, 0.0, dimensions.width * (0.5 + pose.shift_x)],
            [0.0, focal, dimensions.height * (0.5 + pose.shift_y)],
            [0.0, 0.0, 1.0],
        ]
    )
    # Towards the camera is positive on the paper, away from it in the camera's own axes.
    centred = np.array([[1.0, 0.0, 0.0, -form.width / 2], [0.0, 1.0, 0.0, -form.height / 2], [0.0, 0.0, -1.0, 0.0]])
    placed = _turning(pose) @ centred
    placed[2, 3] += distance
    return PageMap(lens @ placed, curl or Curl())


def _turning(pose: Pose) -> Points:
    pitch, yaw, roll = np.deg2rad([pose.pitch, pose.yaw, pose.roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    turning: Points = about_x @ about_y @ about_z
    return turning


def in_space(points: Points, curl: Curl) -> Points:
    """Paper (n, 2) mm → space (n, 3) mm. Along the waves nothing is stretched: a crest costs length on the ground."""
    if not curl.height:
        return np.column_stack([points, np.zeros(len(points))])
    along = np.array([np.cos(np.deg2rad(curl.angle)), np.sin(np.deg2rad(curl.angle))])
    wave, phase = 2 * np.pi / curl.length, np.deg2rad(curl.phase)
    angle = wave * (points @ along) + phase
    # The length lost up to s is about half the integral of the squared slope, (height · wave · cos)².
    lost = (
        (curl.height * wave) ** 2 / 4 * ((angle - phase) / wave + (np.sin(2 * angle) - np.sin(2 * phase)) / (2 * wave))
    )
    return np.column_stack([points - lost[:, None] * along, curl.height * np.sin(angle)])


def slope(x: Field, y: Field, curl: Curl) -> Field:
    """How steeply the paper rises along its waves at paper points (mm), for its shading."""
    angle = np.deg2rad(curl.angle)
    wave = 2 * np.pi / curl.length
    along = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    steep: Field = np.float32(curl.height * wave) * np.cos(
        np.float32(wave) * along + np.float32(np.deg2rad(curl.phase))
    )
    return steep


def _divided(points: Points) -> Points:
    divided: Points = points[:, :2] / points[:, 2:]
    return divided


def _between(nodes: Field, dimensions: Dimensions, step: int) -> Field:
    """Node values, linearly filled in to every pixel."""
    size = dimensions.width, dimensions.height
    to_nodes = np.array([[1 / step, 0, 0], [0, 1 / step, 0]])
    return np.asarray(cv2.warpAffine(nodes, to_nodes, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), np.float32)
