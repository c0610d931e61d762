"""That the benchmark of partial templates draws, cuts and judges as it says; and a few readings of it."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from omrclip.errors import Failure, RegistrationFailed
from omrclip.omr.recognition import Recognition
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import ChoiceBox, ReferencePoint
from tests.benchmarks.accuracy.cuts import PARTS, columns_of, readable
from tests.benchmarks.accuracy.forms import BLOCKS
from tests.benchmarks.accuracy.partial import (
    TURNS,
    Reading,
    judged,
    part_of,
    read,
    readings,
    table,
    template_of,
    turned,
)
from tests.benchmarks.accuracy.truth import FieldTruth

EXAM = Reading("exam", "scale 150 dpi, scan", "whole", marks=False, extent=1.0, degrees=0, seed=7)


def test_the_same_seed_draws_the_same_readings() -> None:
    assert readings(20, 3) == readings(40, 3)[:20]
    assert readings(20, 3) != readings(20, 4)
    assert {reading.extent for reading in readings(20, 3)} == {1.0}
    assert len({reading.extent for reading in readings(40, 3, extents=True)}) > 4
    assert len({(reading.source, reading.level, reading.seed) for reading in readings(40, 3)}) == 5


@pytest.mark.parametrize("part", [*PARTS, "column 1"])
def test_a_part_has_some_of_the_elements_as_they_are(part: str) -> None:
    whole = template_of("answers")
    cut = part_of(whole, part, marks=True, extent=1.0)
    assert 0 < len(readable(cut)) < len(readable(whole))
    assert all(element in readable(whole) for element in readable(cut))
    assert sum(isinstance(element, ReferencePoint) for element in cut.pages[0].elements) == 4


def test_forms_with_one_block_are_drawn_alike_often_with_all_their_elements() -> None:
    drawn = readings(80, 3, blocks=True)
    assert Counter(reading.source for reading in drawn) == dict.fromkeys(BLOCKS, 8)
    assert Counter(reading.degrees for reading in drawn) == dict.fromkeys(TURNS, 20)
    coded = template_of("block-qr")
    assert part_of(coded, "whole", marks=True, extent=1.0).pages[0].elements == coded.pages[0].elements


def test_columns_stand_beside_each_other() -> None:
    columns = columns_of(template_of("exam"))
    assert sum(map(len, columns)) == len(readable(template_of("exam")))
    for left, right in pairwise(columns):
        assert max(e.left + e.width for e in left) <= min(e.left for e in right)


def test_bubbles_grow_about_their_middles() -> None:
    whole = template_of("exam")
    grown = part_of(whole, "whole", marks=False, extent=1.3)
    for box, larger in zip(readable(whole), readable(grown), strict=True):
        if isinstance(box, ChoiceBox) and isinstance(larger, ChoiceBox):
            assert larger.bubble_width == pytest.approx(1.3 * box.bubble_width)
            assert larger.bubbles[0].left + larger.bubble_width / 2 == pytest.approx(
                box.bubbles[0].left + box.bubble_width / 2
            )


def test_scans_are_turned_clockwise() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[:10, :10] = 255
    data = cv2.imencode(".png", image)[1].tobytes()
    for degrees, corner in ((90, (slice(0, 10), slice(-10, None))), (180, (slice(-10, None), slice(-10, None)))):
        after = cv2.imdecode(np.frombuffer(turned(data, degrees), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert after is not None
        assert after[corner].mean() > 200
        assert after.mean() < 50
    assert turned(data, 0) is data


def _read(*values: str, status: ElementStatus = ElementStatus.MARKED) -> Recognition:
    names = [element.name or "" for element in readable(template_of("exam"))]
    return Recognition(
        "scan.jpg",
        elements=tuple(ElementResult(n, "ChoiceBox", status, v) for n, v in zip(names, values, strict=False)),
    )


@pytest.mark.parametrize(
    ("found", "how"),
    [
        (_read("A", "B"), "right"),
        (_read("A", "C"), "wrong"),
        (_read("C", "B", status=ElementStatus.UNCERTAIN), "flagged"),
        (Recognition("scan.jpg", error=Failure.of(RegistrationFailed("no", tried=[]))), "refused"),
    ],
)
def test_a_reading_is_as_good_as_its_worst_field(found: Recognition, how: str) -> None:
    names = [element.name or "" for element in readable(template_of("exam"))][:2]
    truth = dict(zip(names, (FieldTruth("A"), FieldTruth("B")), strict=True))
    outcome = judged(EXAM, template_of("exam"), truth, found)
    assert outcome.judged == how
    assert outcome.fields == 2
    assert table("all", lambda _: "all", [outcome])[1].split()[1:].count("1") == 1


@pytest.mark.parametrize("part", ["whole", "first half", "last half", "column 2"])
@pytest.mark.parametrize("degrees", [0, 180])
def test_no_part_of_a_form_is_read_wrong(part: str, degrees: int) -> None:
    assert read(None, replace(EXAM, part=part, degrees=degrees)).judged != "wrong"


@pytest.mark.parametrize("extent", [0.8, 1.3])
def test_extents_that_are_wrong_are_measured(extent: float) -> None:
    assert read(None, replace(EXAM, extent=extent, degrees=90)).judged in ("right", "flagged")
