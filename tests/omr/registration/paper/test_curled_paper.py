"""What a camera shows of paper that bends about parallel lines, and how that changes with every number of it."""

from dataclasses import replace

import numpy as np
import pytest

from omrclip.omr.registration.paper.curled_paper import CURVATURES, CurledPaper, place

DIAGONAL = float(np.hypot(1, 0.7))
FLAT = CurledPaper(DIAGONAL, 1.4, np.diag([1.2, 1.2, 1.0]), np.zeros(CURVATURES), 0.0)
CURLED = replace(FLAT, curvature=np.sin(np.arange(CURVATURES) / 2), ruling=0.4)
TILTED = replace(CURLED, homography=np.array([[1.1, 0.1, 0.02], [-0.1, 1.2, 0.05], [0.1, -0.2, 1.0]]))
PLACES = np.random.default_rng(1).uniform((-0.35, -0.5), (0.35, 0.5), (40, 2))
STEP = 1e-6


def test_flat_paper_is_seen_by_the_homography() -> None:
    assert np.allclose(FLAT.to_scan(PLACES), PLACES * 1.2)


def test_what_rises_to_the_camera_is_seen_larger() -> None:
    raised = place(FLAT, PLACES).image + 0.1 * FLAT.height
    assert (np.linalg.norm(raised[:, :2] / raised[:, 2:], axis=1) > np.linalg.norm(PLACES * 1.2, axis=1)).all()


@pytest.mark.parametrize("ruling", [0.0, 0.7, np.pi / 2, 2.5])
def test_paper_is_bent_and_not_stretched(ruling: float) -> None:
    paper = replace(FLAT, curvature=CURLED.curvature, ruling=ruling)
    along = np.array([-paper.across[1], paper.across[0]])
    image = place(paper, PLACES).image
    height = (image[:, 2] - 1) / paper.height[2]
    in_space = np.column_stack([(image[:, :2] - height[:, None] * paper.height[:2]) / 1.2, height])
    for direction in (paper.across, along):
        moved = place(paper, PLACES + STEP * direction).image
        above = (moved[:, 2] - 1) / paper.height[2]
        steps = np.column_stack([(moved[:, :2] - above[:, None] * paper.height[:2]) / 1.2, above]) - in_space
        # Slopes of up to a third: what is left out of the length lost is their fourth power.
        assert np.allclose(np.linalg.norm(steps / STEP, axis=1), 1, atol=0.02)
    assert np.ptp(height) > 0.01


@pytest.mark.parametrize("number", range(CURVATURES))
def test_a_curvature_raises_and_draws_together_as_is_said(number: int) -> None:
    more = TILTED.curvature + STEP * np.eye(CURVATURES)[number]
    changed = (place(replace(TILTED, curvature=more), PLACES).image - place(TILTED, PLACES).image) / STEP
    told = place(TILTED, PLACES)
    expected = told.height_by[:, [number]] * TILTED.height - told.lost_by[:, [number]] * (
        TILTED.homography[:, :2] @ TILTED.across
    )
    assert np.allclose(changed, expected, atol=1e-5)


def test_turning_lines_move_places_as_is_said() -> None:
    changed = (place(replace(TILTED, ruling=TILTED.ruling + STEP), PLACES).image - place(TILTED, PLACES).image) / STEP
    told = place(TILTED, PLACES).turning @ np.vstack([TILTED.homography[:, :2].T, TILTED.height])
    assert np.allclose(changed, told, atol=0.02)
