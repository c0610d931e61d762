"""The options of a recognition: what they load to, and what is said of what is wrong."""

from typing import Any

import pytest

from omrclip.errors import InvalidRequest
from omrclip.omr.options import ClipScale, Orientation, RecognitionOptions
from omrclip.omr.results import ElementStatus, MarkThresholds
from omrclip.schemas.recognition_options import MOST_CLIP_MARGIN, load_options


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"ClipScale": None, "ClipMargin": None, "MarkThresholds": None},
        {"ClipScale": "template", "ClipMargin": 0, "MarkThresholds": {}, "Orientation": "any"},
        {"MarkThresholds": {"Marked": None, "Blank": None}},
    ],
)
def test_what_is_not_said_is_the_default(given: dict[str, Any]) -> None:
    assert load_options(given) == RecognitionOptions()


def test_clips_can_have_the_scans_own_pixels_and_a_margin() -> None:
    options = load_options({"ClipScale": "native", "ClipMargin": MOST_CLIP_MARGIN})
    assert (options.clip_scale, options.clip_margin) == (ClipScale.NATIVE, MOST_CLIP_MARGIN)


def test_pages_can_be_said_to_lie_upright() -> None:
    assert load_options({"Orientation": "upright"}).orientation is Orientation.UPRIGHT


def test_grid_gaps_and_blanks_are_the_callers() -> None:
    options = load_options({"GridGap": "", "BlankIs": "uncertain"})
    assert (options.grid_gap, options.blank_is) == ("", ElementStatus.UNCERTAIN)


@pytest.mark.parametrize(
    ("given", "thresholds"),
    [
        ({"Marked": 0.5}, MarkThresholds(marked=0.5)),
        ({"Blank": 0}, MarkThresholds(blank=0.0)),
        ({"Marked": 1, "Blank": 0.99}, MarkThresholds(1.0, 0.99)),
    ],
)
def test_either_threshold_can_be_set(given: dict[str, Any], thresholds: MarkThresholds) -> None:
    assert load_options({"MarkThresholds": given}).thresholds == thresholds


WRONG = [
    ({"ClipScale": "Native"}, "$.Options.ClipScale", '"native"'),
    ({"ClipScale": 2}, "$.Options.ClipScale", "2"),
    ({"Orientation": "Upright"}, "$.Options.Orientation", '"upright"'),
    ({"GridGap": "123456789"}, "$.Options.GridGap", "at most 8 characters"),
    ({"GridGap": "\n"}, "$.Options.GridGap", "line breaks"),
    ({"BlankIs": "marked"}, "$.Options.BlankIs", '"uncertain"'),
    ({"ClipMargin": -1}, "$.Options.ClipMargin", "from 0 to 500"),
    ({"ClipMargin": 501}, "$.Options.ClipMargin", "from 0 to 500"),
    ({"ClipMargin": 1.5}, "$.Options.ClipMargin", "whole number"),
    ({"ClipMargin": True}, "$.Options.ClipMargin", "whole number"),
    ({"MarkThresholds": 0.5}, "$.Options.MarkThresholds", "an object"),
    ({"MarkThresholds": {"marked": 0.5}}, "$.Options.MarkThresholds.marked", "no such key"),
    ({"MarkThresholds": {"Marked": 1.01}}, "$.Options.MarkThresholds.Marked", "from 0 to 1"),
    ({"MarkThresholds": {"Marked": "0.5"}}, "$.Options.MarkThresholds.Marked", "from 0 to 1"),
    ({"MarkThresholds": {"Blank": -0.1}}, "$.Options.MarkThresholds.Blank", "from 0 to 1"),
    ({"MarkThresholds": {"Blank": False}}, "$.Options.MarkThresholds.Blank", "from 0 to 1"),
    ({"MarkThresholds": {"Marked": 0.4, "Blank": 0.4}}, "$.Options.MarkThresholds.Blank", "below Marked, 0.4"),
    ({"MarkThresholds": {"Blank": 0.6}}, "$.Options.MarkThresholds.Blank", f"below Marked, {MarkThresholds().marked}"),
]


@pytest.mark.parametrize(("given", "path", "word"), WRONG)
def test_what_is_wrong_is_named(given: dict[str, Any], path: str, word: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        load_options(given)
    (field,) = caught.value.details["fields"]
    assert field["path"] == path
    assert word in field["expected"]
