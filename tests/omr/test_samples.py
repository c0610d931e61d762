"""The committed samples, read with the templates beside them: every answer right or asked of, every place known.

`samples/truth.json` tells the answers, and where places of the page are in each image.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, known_pages, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.results import ElementStatus
from omrclip.schemas.template import load_template

ROOT = Path(__file__).parents[2]
SAMPLES, TEMPLATES = ROOT / "samples", ROOT / "templates_omr"
TRUTH: dict[str, dict[str, Any]] = json.loads((SAMPLES / "truth.json").read_bytes())


@cache
def pages(template: str, image: bool) -> tuple[KnownPage, ...]:
    found = load_template((TEMPLATES / template).read_bytes())
    return known_pages(found, (TEMPLATES / template).with_suffix(".png").read_bytes() if image else None)


@cache
def recognized(name: str, image: bool) -> Recognition:
    scan = Scan(name, (SAMPLES / name).read_bytes())
    return recognize(pages(TRUTH[name]["template"], image), scan, RecognitionOptions(), Limits())


WITH_IMAGE = [(name, True) for name in TRUTH]
BY_BUBBLES = [(name, False) for name in ("exam-scan-3.jpg", "survey-scan-2.jpg", "exam-photo-1.jpg")]


@pytest.mark.parametrize(("name", "image"), WITH_IMAGE + BY_BUBBLES)
def test_every_answer_is_right_or_asked_of(name: str, image: bool) -> None:
    found, answers = recognized(name, image), TRUTH[name]["answers"]
    assert found.error is None
    assert {element.name for element in found.elements} == set(answers)
    certain = {
        element.name: element.value for element in found.elements if element.status is not ElementStatus.UNCERTAIN
    }
    assert certain == {element: answers[element] for element in certain}
    assert len(certain) >= 0.9 * len(answers)
    several = {name for name, value in answers.items() if name[0] == "Q" and len(value) > 1}
    flagged = {element.name for element in found.elements if element.status is not ElementStatus.MARKED}
    assert several <= flagged, "two marks where one is allowed are never taken for an answer"


@pytest.mark.parametrize(("name", "image"), WITH_IMAGE + BY_BUBBLES[:2])
def test_places_are_known_to_two_pixels(name: str, image: bool) -> None:
    registration, truth = recognized(name, image).registration, TRUTH[name]
    assert registration is not None
    lattice = truth["lattice"]
    places, expected = np.array(lattice["template"], np.float64), np.array(lattice["image"], np.float64)
    inner = np.ones((lattice["rows"], lattice["columns"]), bool)
    if truth["kind"] == "photo" or not image:
        inner[[0, -1]] = inner[:, [0, -1]] = False  # nothing is printed at the very edges of the paper
    per_pixel = np.linalg.norm(expected[1] - expected[0]) / np.linalg.norm(places[1] - places[0])
    misses = np.linalg.norm(registration.to_scan(places) - expected, axis=1)[inner.ravel()]
    assert misses.max() < 2 * max(1, per_pixel)


@pytest.mark.parametrize("name", TRUTH)
def test_every_clip_area_is_cut(name: str) -> None:
    found = recognized(name, True)
    areas = pages(TRUTH[name]["template"], True)[0].page.clip_areas
    assert [clip.element for clip in found.clips] == [area.name for area in areas]
    assert not [clip.message for clip in found.clips if clip.message]


def test_a_sample_of_the_other_form_is_rejected() -> None:
    scan = Scan("survey-scan-1.jpg", (SAMPLES / "survey-scan-1.jpg").read_bytes())
    found = recognize(pages("exam.omr", True), scan, RecognitionOptions(), Limits())
    assert found.error is not None
    assert found.error.code == "registration_failed"
