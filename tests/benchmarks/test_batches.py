"""The parts of the benchmark of batches that make its input and its forecast."""

from pathlib import Path

import numpy as np
import pytest

from omrclip.jobs.sources import scans_in
from omrclip.limits import Limits
from tests.benchmarks.batches import write_pdf
from tests.benchmarks.scheduling import SCANS_IN_TASK, Costs, simulated
from tests.benchmarks.sheet import DIMENSIONS
from tests.web.making import encoded

PAGES = 100 * SCANS_IN_TASK


def test_each_page_of_the_pdf_shows_its_jpeg_as_it_is(tmp_path: Path) -> None:
    shape = (DIMENSIONS.height, DIMENSIONS.width)
    images = [encoded(np.full(shape, tone, np.uint8), ".jpg") for tone in (50, 200)]
    write_pdf(tmp_path / "stack.pdf", images, 5)
    scans = scans_in([tmp_path / "stack.pdf"], Limits().max_image_pixels)
    assert [scan.read().data for scan in scans] == [images[page % 2] for page in range(5)]


@pytest.mark.parametrize(
    ("task", "workers", "seconds"),
    [(0.0, 1, 1600.0), (0.0, 4, 400.0), (16.0, 4, 1616.0)],  # in the last one the command is what all wait for
)
def test_the_forecast_of_even_tasks(task: float, workers: int, seconds: float) -> None:
    total, busy = simulated(Costs(1.0, 0.0, task, 0.0, 0.0), workers, PAGES)
    assert total == pytest.approx(seconds)
    assert busy == pytest.approx(1600 / (workers * seconds))
