"""What is true about a sheet, as far as recognition is measured by it; written beside the sheet as JSON."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tests.benchmarks.accuracy.limits import within_limits
from tests.sheets.layout import ChoiceBox, ClipArea, Form, Grid, scale_of
from tests.sheets.quick import Picture
from tests.sheets.sheet import Sheet
from tests.sheets.template import pixel_box

Points = npt.NDArray[np.float64]

CLIP_LATTICE: Final = (7, 4)  # points across and down at which a clip's place is compared


@dataclass(frozen=True, slots=True)
class FieldTruth:
    """What a careful person reads: the value, and whether several bubbles of a single choice are marked.

    `gap` says that some columns of a grid are empty, but not all: somebody has to look, whatever is read. `doubtful`
    says that a careful person could not be sure either.
    """

    value: str
    multiple: bool = False
    gap: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """Where a clip area lies. `box` is left, top, width, height in page px; `page` its lattice points (x, y) in
    page px, `scan` the same points in scan px, `across` and `down` the scan px from each to the page's next pixel.
    """

    name: str
    box: list[int]
    page: list[list[float]]
    scan: list[list[float]]
    across: list[list[float]]
    down: list[list[float]]

    def offsets(self, found: Points) -> Points:
        """How far each `found` point (n, 2) of the scan lies from its place, (n,) in page pixels."""
        return self._offsets(found, slice(None))

    def corner_offsets(self, found: Points) -> Points:
        """The same for the box's corners, (4, 2): top left, top right, bottom right, bottom left."""
        columns = CLIP_LATTICE[0]
        return self._offsets(found, [0, columns - 1, -1, -columns])

    def _offsets(self, found: Points, which: slice | list[int]) -> Points:
        steps = np.stack([np.array(self.across)[which], np.array(self.down)[which]], axis=-1)
        away = np.linalg.solve(steps, (found - np.array(self.scan)[which])[:, :, None])[:, :, 0]
        distances: Points = np.linalg.norm(away, axis=1)
        return distances


@dataclass(frozen=True, slots=True)
class Truth:
    """All of one sheet. `kind` is scan or photo; `within` tells whether it keeps the limits for input."""

    kind: str
    within: bool
    fields: dict[str, FieldTruth]
    clips: tuple[ClipTruth, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Truth":
        fields = {name: FieldTruth(**field) for name, field in values["fields"].items()}
        return cls(values["kind"], values["within"], fields, tuple(ClipTruth(**clip) for clip in values["clips"]))


def truth_of(sheet: Sheet, picture: Picture, template_dpi: float) -> Truth:
    """The truth about a sheet that is recognized with a template of that resolution."""
    clips = tuple(_clip_truth(sheet, area, template_dpi) for area in sheet.form.clip_areas())
    multiple = _several_marked(sheet.form, sheet.choices)
    grids = {element.name for element in sheet.form.elements if isinstance(element, Grid)}
    fields = {
        name: FieldTruth(value, name in multiple, name in grids and " " in value, name in sheet.doubtful)
        for name, value in sheet.answers.items()
    }
    return Truth(sheet.shot.kind, within_limits(sheet, picture), fields, clips)


def _several_marked(form: Form, choices: tuple[tuple[int, ...], ...]) -> set[str]:
    """The single choices, and the grids with such columns, in which more than one bubble is marked."""
    left = iter(choices)
    names = set()
    for element in form.elements:
        boxes = element.columns if isinstance(element, Grid) else (element,) if isinstance(element, ChoiceBox) else ()
        if any(len(next(left)) > 1 and not box.multiselect for box in boxes):
            names.add(element.name)
    return names


def _clip_truth(sheet: Sheet, area: ClipArea, template_dpi: float) -> ClipTruth:
    scale = scale_of(template_dpi)
    placed = pixel_box(area.area, scale)
    left, top, width, height = (placed[key] for key in ("Left", "Top", "Width", "Height"))
    xs, ys = np.linspace(left, left + width, CLIP_LATTICE[0]), np.linspace(top, top + height, CLIP_LATTICE[1])
    page = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    scan, right, below = (sheet.page_map.to_image((page + step) / scale) for step in ((0, 0), (1, 0), (0, 1)))
    lists = [np.round(points, 4).tolist() for points in (page, scan, right - scan, below - scan)]
    return ClipTruth(area.name, [left, top, width, height], *lists)
