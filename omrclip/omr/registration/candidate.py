"""What a strategy gives before its map is refined and verified."""

from dataclasses import dataclass

from omrclip.imaging import ops
from omrclip.omr.registration.paper.displacement_grid import Bend


@dataclass(frozen=True, slots=True, eq=False)
class RoughMap:
    """A map page → scan that is to be refined.

    Attributes:
        strategy: the name of what found it.
        page_to_scan: (3, 3) float64.
        bend: None where the strategy knows of none.
        search: how far off places may still lie, in pixels of the fine reference; None for as far as is usual.
    """

    strategy: str
    page_to_scan: ops.Matrix
    bend: Bend | None = None
    search: int | None = None
