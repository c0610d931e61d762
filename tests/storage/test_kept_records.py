"""A kept page is the very page that clips were cut from: its registration comes back bit by bit."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from omrclip.storage.kept_records import KeptPage, kept_recognition, page_record, registration_mark
from tests.omr.recognized import bent, recognition


def again(**changes: Any) -> KeptPage:
    """The page of a recognition, written and read."""
    made = recognition(**changes)
    assert made.registration is not None
    page = page_record(2, made, made.registration, ["scanNäme.png"])
    record = json.loads(json.dumps({"created": 1.0, "expires": 2.0, "pages": [page], "files": []}))
    (kept,) = kept_recognition("0" * 24, record).pages
    return kept


def test_a_registration_comes_back_bit_by_bit() -> None:
    before, after = bent(by=1 / 3), again(registration=bent(by=1 / 3)).registration
    assert (after.strategy, after.page, after.scan) == (before.strategy, before.page, before.scan)
    assert (after.confidence, after.residual) == (before.confidence, before.residual)
    assert np.array_equal(after.page_to_scan, before.page_to_scan)
    for name in ("bend", "matches"):
        loaded = getattr(after, name)
        assert loaded.dtype == np.float32
        assert np.array_equal(loaded, getattr(before, name))


def test_a_flat_page_comes_back_flat() -> None:
    flat = replace(bent(), bend=None, matches=None, confidence=None, residual=None)
    after = again(registration=flat).registration
    assert (after.bend, after.matches, after.confidence, after.residual) == (None, None, None, None)


def test_a_bend_is_stored_compactly() -> None:
    smooth = np.random.default_rng(1).normal(size=(40, 30, 2)).astype(np.float32)
    made = recognition(registration=replace(bent(), bend=smooth))
    assert made.registration is not None
    record = page_record(1, made, made.registration, ["clip.png"])
    assert len(json.dumps(record["bend"])) < 1.5 * smooth.nbytes


def test_values_say_where_they_are_in_doubt() -> None:
    assert again().values == (
        ("Q1", "B"),
        ("Q2", ""),
        ("Q3", "AB (multiple)"),
        ("Q4", "(uncertain)"),
        ("Grid", "BA"),
        ("Code", "4006381333931"),
    )


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (bent(), True),
        (bent(by=10.001), False),
        (replace(bent(), bend=None), False),
        (replace(bent(), page_to_scan=np.diag([2.0, 2.0, 1.0])), False),
        (replace(bent(), confidence=0.1, matches=None), True),
    ],
)
def test_the_mark_depends_on_what_changes_pixels(changed: Any, same: bool) -> None:
    assert (registration_mark(changed) == registration_mark(bent())) == same
