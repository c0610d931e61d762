"""A scan that fails, for whatever reason, fails alone, says why, and leaves none of its pixels in memory."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ReferenceType, ref

import cv2
import numpy as np
import pytest

from omrclip.errors import LimitExceeded, RegistrationFailed
from omrclip.imaging.arrays import Pixels
from omrclip.limits import Limits
from omrclip.omr import page_choice, recognition
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, recognize
from omrclip.omr.registration.find import ImagePyramid
from tests.omr.sheet import form, png

FORM = form()
WHITE = Scan("scan.png", png(np.full((800, 600), 255, np.uint8)))
FILLED = Scan("scan.png", png(FORM.blank))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[ReferenceType[Pixels]]:
    """Weak references to all pixels that are decoded, and to what is made grey of them."""
    references: list[ReferenceType[Pixels]] = []
    decode, level = recognition.decode, ImagePyramid.level

    def decoding(*args: Any) -> Pixels:
        pixels = decode(*args)
        references.append(ref(pixels))
        return pixels

    def levelling(levels: ImagePyramid, number: int) -> Pixels:
        grey = level(levels, number)
        references.append(ref(grey))
        return grey

    monkeypatch.setattr(recognition, "decode", decoding)
    monkeypatch.setattr(ImagePyramid, "level", levelling)
    return references


@contextmanager
def without_collector() -> Iterator[None]:
    """So that what holds itself in a cycle stays."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def failing_with(error: BaseException) -> Any:
    def fail(*_args: Any, **_options: Any) -> Any:
        raise error

    return fail


def fail(scan: Scan, limits: Limits | None = None) -> Recognition:
    pages = FORM.known(number=1), FORM.known(number=2)
    return recognize(
        pages, scan, RecognitionOptions(pages={} if scan is WHITE else {"scan.png": 1}), limits or Limits()
    )


def test_a_page_that_is_not_found_leaves_no_pixels(decoded: list[ReferenceType[Pixels]]) -> None:
    with without_collector():
        failed = fail(WHITE)
        assert decoded
        assert not [pixels for pixels in decoded if pixels() is not None]
    assert failed.error
    assert failed.error.code == RegistrationFailed.code
    assert failed.error.details["tried"]


def test_a_clip_beyond_the_limits_leaves_no_pixels(decoded: list[ReferenceType[Pixels]]) -> None:
    with without_collector():
        failed = fail(FILLED, Limits(max_output_pixels=100))
        assert decoded
        assert not [pixels for pixels in decoded if pixels() is not None]
    assert failed.error
    assert failed.error.code == LimitExceeded.code


UNEXPECTED = [
    ZeroDivisionError("secret"),
    MemoryError("secret"),
    RecursionError("secret"),
    OSError(2, "secret", "secret"),
    KeyError("secret"),
    cv2.error("secret"),
]


@pytest.mark.parametrize("where", ["decode", "register", "read_elements", "cut_clip"])
@pytest.mark.parametrize("error", UNEXPECTED, ids=lambda error: type(error).__name__)
def test_an_unexpected_error_is_told_under_a_reference_and_leaves_no_pixels(
    decoded: list[ReferenceType[Pixels]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    where: str,
    error: Exception,
) -> None:
    module = page_choice if where == "register" else recognition
    monkeypatch.setattr(module, where, failing_with(error))
    with without_collector():
        failed = fail(FILLED)
        error.__traceback__ = None  # which this test holds
        assert not [pixels for pixels in decoded if pixels() is not None]
    assert failed.error
    assert failed.error.code == "internal_error"
    assert failed.messages == (failed.error.message,)
    reference = str(failed.error.details["reference"])
    (record,) = caplog.records
    assert reference in failed.error.message
    assert reference in record.getMessage()
    assert type(error).__name__ in record.getMessage()
    assert "in _recognize" in record.getMessage(), "the stack"
    assert "secret" not in caplog.text + failed.error.message
    assert fail(FILLED).error != failed.error, "each has a reference of its own"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()], ids=lambda e: type(e).__name__)
def test_what_ends_the_program_is_not_caught(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    monkeypatch.setattr(page_choice, "register", failing_with(error))
    with pytest.raises(type(error)):
        fail(FILLED)
