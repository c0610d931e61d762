"""The forms in the manner of many makers are drawn where they say, and alike from one seed."""

import numpy as np
import pytest

from tests.omr.authoring.detection.maker_forms import STYLES, maker_form
from tests.omr.authoring.detection.scoring import render


@pytest.mark.parametrize("style", STYLES)
def test_a_form_has_ink_around_each_of_its_bubbles(style: str) -> None:
    form = maker_form(7, style)
    grey = render(form.pdf, 150).mean(axis=2)
    scale = 150 / 25.4
    bubbles = [place for box in form.boxes for place in box.bubbles]
    assert bubbles
    for left, top, width, height in bubbles:
        assert 0 < left < left + width < form.width
        assert 0 < top < top + height < form.height
        around = grey[round(top * scale) : round((top + height) * scale), :]
        outline = around[:, round(left * scale) : round((left + width) * scale)]
        assert outline.max() - outline.min() > 30


@pytest.mark.parametrize("style", STYLES)
def test_bubbles_of_a_form_lie_apart(style: str) -> None:
    for seed in range(3):
        form = maker_form(seed, style)
        bubbles = np.array([place for box in form.boxes for place in box.bubbles])
        middle, half = bubbles[:, :2] + bubbles[:, 2:] / 2, bubbles[:, 2:] / 2
        apart = np.abs(middle[:, None] - middle[None]) - (half[:, None] + half[None])
        np.fill_diagonal(apart[:, :, 0], 1)
        assert (apart.max(axis=2) > 0).all()


def test_a_form_depends_on_its_seed_only() -> None:
    assert maker_form(3, "scale").boxes == maker_form(3, "scale").boxes
    assert maker_form(3, "scale").boxes != maker_form(4, "scale").boxes
