"""One filled sheet in one image, from a seed, together with everything that is true about it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import Curl, Glass, PageMap, Points, Pose, photographed, scanned
from tests.sheets.filling import Choice, Colour, Paper, Person, answers, blank_sheet, choose, fibres, fill_in
from tests.sheets.layout import Form, scale_of
from tests.sheets.printing import page_dimensions
from tests.sheets.scene import Scene, encode, take

PAPER_DPI = 300.0
LATTICE = (5, 7)  # points across and down


@dataclass(frozen=True, slots=True)
class Shot:
    """Everything that makes an image, but for the form. `view` tells a scan from a photo."""

    seed: int
    dimensions: Dimensions
    view: Glass | Pose
    person: Person = field(default_factory=Person)
    paper: Paper = field(default_factory=Paper)
    curl: Curl = field(default_factory=Curl)
    scene: Scene = field(default_factory=Scene)

    @property
    def kind(self) -> Literal["scan", "photo"]:
        return "scan" if isinstance(self.view, Glass) else "photo"

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as JSON values."""
        return {name: value for name, value in asdict(self).items() if name not in ("seed", "dimensions")}


@dataclass(frozen=True, slots=True)
class Sheet:
    """An image (height, width, 3) uint8 blue green red before JPEG, its JPEG file, and the truth about it.

    `doubtful` has the names of the fields in which a careful person could not be sure of what was meant.
    """

    form: Form
    shot: Shot
    choices: tuple[Choice, ...]
    image: Colour
    jpeg: bytes
    page_map: PageMap
    doubtful: frozenset[str] = frozenset()

    @property
    def answers(self) -> dict[str, str]:
        return answers(self.form, self.choices)


def make(form: Form, shot: Shot) -> Sheet:
    """Prints, fills in and photographs a sheet. Each step has its own random numbers, so that a change of the light,
    say, leaves the handwriting as it was.
    """
    choosing, writing, papering, seeing = (np.random.default_rng([shot.seed, step]) for step in range(4))
    choices = choose(form, shot.person.habits, choosing)
    structure = fibres(page_dimensions(form, PAPER_DPI), papering)
    sheet = blank_sheet(form, PAPER_DPI, shot.paper, structure)
    fill_in(sheet, form, choices, shot.person, PAPER_DPI, writing)
    page_map = map_of(form, shot)
    image = take(sheet, scale_of(PAPER_DPI), page_map, shot.dimensions, shot.scene, seeing)
    return Sheet(form, shot, choices, image, encode(image, shot.scene.sensor), page_map)


def map_of(form: Form, shot: Shot) -> PageMap:
    """Where the sheet's points lie in the image."""
    if isinstance(shot.view, Glass):
        return scanned(form, shot.view, shot.curl)
    return photographed(form, shot.view, shot.dimensions, shot.curl)


def template_to_image(page_map: PageMap, points: Points, template_dpi: float) -> Points:
    """Template px (n, 2) → image px (n, 2)."""
    return page_map.to_image(points / scale_of(template_dpi))


def template_lattice(form: Form, template_dpi: float) -> Points:
    """Evenly spaced points over the template page, row by row, its four corners among them; (n, 2) px."""
    page = page_dimensions(form, template_dpi)
    across, down = np.linspace(0, page.width, LATTICE[0]), np.linspace(0, page.height, LATTICE[1])
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)


def template_corners(form: Form, template_dpi: float) -> Points:
    """The template page's corners, top left, top right, bottom right, bottom left; (4, 2) px."""
    page = page_dimensions(form, template_dpi)
    return np.array([[0, 0], [page.width, 0], [page.width, page.height], [0, page.height]], np.float64)
