import numpy as np
import pytest

from omrclip.errors import RegistrationFailed
from omrclip.imaging import ops
from omrclip.imaging.geometry import Dimensions
from omrclip.omr.registration.find import ImagePyramid, KnownPage, Registration, register
from omrclip.omr.registration.paper.displacement_grid import NODES
from omrclip.omr.template import Page
from tests.grid import position_ramp

PAGE = KnownPage(Page(width=300, height=200), 1)


@pytest.mark.parametrize(
    ("width", "height", "strategy"),
    [(300, 200, "identity"), (600, 400, "scale"), (150, 100, "scale"), (603, 400, "scale"), (597, 400, "scale")],
)
def test_scans_of_the_pages_shape_are_registered(width: int, height: int, strategy: str) -> None:
    found = register(PAGE, ImagePyramid(position_ramp(width, height))).registration
    assert (found.strategy, found.page, found.scan) == (strategy, Dimensions(300, 200), Dimensions(width, height))
    corners = found.to_scan(ops.corners(0, 0, 300, 200))
    assert np.allclose(corners, ops.corners(0, 0, width, height))
    assert found.is_identity == (strategy == "identity")


@pytest.mark.parametrize(("width", "height"), [(200, 300), (607, 400), (300, 300), (1, 1), (300, 196)])
def test_other_shapes_are_refused_with_what_was_tried(width: int, height: int) -> None:
    with pytest.raises(
        RegistrationFailed, match=r"not found in the scan\. Its width to height ratio differs"
    ) as failed:
        register(PAGE, ImagePyramid(position_ramp(width, height)))
    (reason,) = failed.value.details["tried"]  # type: ignore[misc]
    assert "neither an image of the blank page nor enough bubbles" in reason


@pytest.mark.parametrize(("shift", "expected"), [(0.0, True), (0.5, True), (0.51, False), (-0.6, False)])
def test_identity_is_within_half_a_pixel(shift: float, expected: bool) -> None:
    moved = np.array([[1, 0, shift], [0, 1, 0], [0, 0, 1]])
    size = Dimensions(300, 200)
    assert Registration("test", size, size, moved).is_identity is expected


def test_a_bend_moves_points_of_the_page_before_the_map_does() -> None:
    bend = np.zeros((*NODES, 2), np.float32)
    bend[:, :, 0], bend[:, :, 1] = 3, -4
    size = Dimensions(300, 200)
    doubled = Registration("test", size, Dimensions(600, 400), np.diag([2.0, 2.0, 1.0]), bend)
    assert np.allclose(doubled.to_scan(np.array([[10.0, 20.0], [300.0, 0.0]])), [[26, 32], [606, -8]])
    assert not Registration("test", size, size, np.eye(3), 0 * bend).is_identity, "a bend is never the identity"
