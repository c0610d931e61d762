"""A scan that is the very picture known as the blank page, in any file, and sheets that only look like it."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from omrclip.limits import Limits
from omrclip.omr.authoring.finalization import finalize
from omrclip.omr.blank_page import TOLD
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import Barcode
from tests.omr.sheet import Tones, fill, form, png, turned

FORM = form()
ANSWERS = {"Q1": "B", "Q2": "E", "Id1": "4", "Id2": "0", "Id3": "7", "Id4": "1"}
FILLED = FORM.marked(ANSWERS)


def known_as(tones: Tones) -> KnownPage:
    """The form, with this as the image beside its template."""
    return replace(FORM.known(), image=png(tones))


def recognized(data: bytes, known: KnownPage, options: RecognitionOptions | None = None) -> Recognition:
    return recognize([known], Scan("scan.png", data), options or RecognitionOptions(), Limits())


def statuses(found: Recognition) -> set[ElementStatus]:
    """Those of its answers; bar codes are read as ever."""
    return {element.status for element in found.elements if element.type != Barcode.type}


def saved(kind: str, mode: str = "RGB", **options: object) -> Callable[[Tones], bytes]:
    def save(tones: Tones) -> bytes:
        file = BytesIO()
        Image.fromarray(tones).convert(mode).save(file, kind, **options)
        return file.getvalue()

    return save


def tinted(tones: Tones) -> bytes:
    """Every pixel a little darker, as by another profile."""
    return png((tones * (248 / 255)).astype(np.uint8))


SAME = {
    "the file": png,
    "PNG in colour": saved("PNG", "RGB", compress_level=1),
    "JPEG": saved("JPEG", quality=85),
    "poor JPEG": saved("JPEG", quality=25),
    "grey JPEG": saved("JPEG", "L", quality=60),
    "TIFF": saved("TIFF", compression="tiff_lzw"),
    "WebP": saved("WEBP", quality=70),
    "BMP": saved("BMP"),
    "in other tones": tinted,
}


@pytest.mark.parametrize("kind", SAME)
@pytest.mark.parametrize("tones", [FORM.blank, FILLED], ids=["empty", "filled"])
def test_the_same_picture_is_told_whatever_its_file(kind: str, tones: Tones) -> None:
    found = recognized(SAME[kind](tones), known_as(tones))
    assert found.passed
    assert found.messages[0] == TOLD
    assert statuses(found) == {ElementStatus.UNCERTAIN}


def pale(tones: Tones) -> Tones:
    """With one bubble filled to a part, in light grey."""
    marked = tones.copy()
    fill(marked, *FORM.bubble("Q1", "C"), tone=200, radius=5)
    return marked


def moved(by: float, sigma: float = 0.0) -> Tones:
    """The blank page scanned anew: moved by a part of a pixel, with noise."""
    shift = np.array([[1, 0, by], [0, 1, by / 2]])
    seen = cv2.warpAffine(FORM.blank, shift, FORM.blank.shape[::-1], borderValue=255, flags=cv2.INTER_CUBIC)
    noise = np.random.default_rng(1).normal(0, sigma, seen.shape)
    return np.clip(seen + noise, 0, 255).astype(np.uint8)


ANOTHER = {
    "scanned a little aslant": turned(0.3).of(FORM.blank),
    "scanned upside down": turned(180).of(FORM.blank),
    "moved by half a pixel": moved(0.5, 2),
    "moved by three pixels": moved(3, 2),
    "blurred": cv2.GaussianBlur(FORM.blank, (0, 0), 1.0),
    "a pale mark": pale(FORM.blank),
    "a thin stroke": FORM.marked({"Q1": "B"}, lambda tones, x, y: fill(tones, x, y, tone=60, radius=2)),
    "filled in": FILLED,
}


@pytest.mark.parametrize("name", ANOTHER)
def test_a_sheet_is_no_picture_of_the_blank_page(name: str) -> None:
    """Blank ones, such as the empty form scanned anew, stay surely blank."""
    found = recognized(png(ANOTHER[name]), known_as(FORM.blank))
    assert found.passed
    assert TOLD not in found.messages
    if name.startswith(("scanned", "moved")):
        assert statuses(found) == {ElementStatus.BLANK}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (None, ElementStatus.UNCERTAIN),
        (ElementStatus.BLANK, ElementStatus.BLANK),
        (ElementStatus.UNCERTAIN, ElementStatus.UNCERTAIN),
    ],
)
def test_the_option_blank_is_goes_before(asked: ElementStatus | None, status: ElementStatus) -> None:
    options = RecognitionOptions(blank_is=asked)
    found = recognized(SAME["JPEG"](FORM.blank), known_as(FORM.blank), options)
    assert found.messages[0] == TOLD
    assert statuses(found) == {status}


def test_without_an_image_of_the_blank_page_nothing_is_told() -> None:
    found = recognized(png(FORM.blank), FORM.known(image=False))
    assert found.passed
    assert TOLD not in found.messages


@pytest.mark.parametrize("asked", [None, ElementStatus.UNCERTAIN])
def test_finalization_reads_the_blank_page_on_purpose(asked: ElementStatus | None) -> None:
    codeless = FORM.only(*{type(element) for element in FORM.elements} - {Barcode})
    done = finalize([codeless.known()], RecognitionOptions(blank_is=asked), Limits())
    assert done.messages == ()
    assert done.recognitions[0].messages == (TOLD,)
    assert statuses(done.recognitions[0]) == {ElementStatus.BLANK}
