"""Real filled forms are read right or flagged, never silently wrong; what is none of them is rejected.

A part of what `python -m tests.benchmarks.accuracy.real_forms` goes through.
"""

from functools import cache

import pytest

from omrclip.errors import RegistrationFailed
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.results import ElementStatus
from tests.omr.real_forms import (
    FORMS,
    LEAST_CORRELATION,
    SURVEY,
    TEST,
    RealForm,
    available,
    clip_places,
    no_forms,
    spoilt,
)

pytestmark = pytest.mark.skipif(not available(), reason="the real forms are not there (../shared/forms)")

MOST_OFFSET, MOST_OFFSET_BY_BUBBLES = 2.0, 4.0  # px of the page
MOST_UNCERTAIN_BY_BUBBLES = 1  # a printed letter that differs much from its neighbours may be a faint mark
WITH_IMAGE = pytest.mark.parametrize("image", [True, False], ids=["page image", "bubbles only"])
STRANGERS = dict(no_forms())
SPOILT = (
    (TEST, "scan.jpg", "turned by 90°"),
    (TEST, "photo.jpg", "turned by 180°"),
    (SURVEY, "scan.jpg", "turned by 270°"),
    (TEST, "photo.jpg", "turned by +25°"),
    (SURVEY, "scan.jpg", "turned by -10°"),
    (SURVEY, "photo.jpg", "half size"),
    (TEST, "scan.jpg", "half size"),
    (SURVEY, "photo.jpg", "blur of 2 px"),
    (TEST, "photo.jpg", "shadow to 40%"),
    (TEST, "scan.jpg", "JPEG of quality 40"),
)


@cache
def pages(form: RealForm, image: bool) -> tuple[KnownPage, ...]:
    return form.pages(image=image)


def recognized(
    form: RealForm, data: bytes, image: bool = True, options: RecognitionOptions | None = None
) -> Recognition:
    return recognize(pages(form, image), Scan("image.jpg", data), options or RecognitionOptions(), Limits())


def values(recognition: Recognition) -> dict[str, str]:
    return {element.name: element.value for element in recognition.elements}


@pytest.mark.parametrize(
    ("form", "scan", "image"),
    [
        (TEST, "scan.jpg", True),
        (TEST, "photo.jpg", True),
        (SURVEY, "scan.jpg", True),
        (SURVEY, "photo.jpg", True),
        (TEST, "scan.jpg", False),
        (TEST, "photo.jpg", False),
        (SURVEY, "scan.jpg", False),
        (SURVEY, "photo.jpg", False),
    ],
    ids=lambda it: getattr(it, "name", {True: "page image", False: "bubbles only"}.get(it, it)),
)
def test_every_answer_is_right_and_every_clip_in_its_place(form: RealForm, scan: str, image: bool) -> None:
    found = recognized(form, form.read(scan), image)
    assert found.error is None
    assert values(found) == form.answers(scan)
    assert not [element.name for element in found.elements if element.status is ElementStatus.UNCERTAIN]
    for place in clip_places(form, found):
        assert place.offset <= (MOST_OFFSET if image else MOST_OFFSET_BY_BUBBLES), place
        assert place.correlation >= LEAST_CORRELATION, place


@pytest.mark.parametrize(("form", "scan", "variation"), SPOILT, ids=lambda it: getattr(it, "name", it))
def test_nothing_is_silently_wrong_when_it_is_spoilt(form: RealForm, scan: str, variation: str) -> None:
    found = recognized(form, spoilt(form.read(scan), variation))
    assert found.error is None
    certain = {element.name: element.value for element in found.elements if is_certain(element.status)}
    answers = form.answers(scan)
    assert certain == {name: answers[name] for name in certain}
    assert len(certain) >= 0.9 * len(answers)


def is_certain(status: ElementStatus) -> bool:
    """No question of these sheets has several marks."""
    return status not in (ElementStatus.UNCERTAIN, ElementStatus.MULTIPLE)


@WITH_IMAGE
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_blank_page_is_blank(form: RealForm, image: bool) -> None:
    found = recognized(form, form.read(form.page_image), image, RecognitionOptions(blank_is=ElementStatus.BLANK))
    assert found.error is None
    certain = {element.name: element.value for element in found.elements if is_certain(element.status)}
    blank = form.blank_answers()
    assert certain == {name: blank[name] for name in certain}
    assert len(certain) >= len(blank) - (0 if image else MOST_UNCERTAIN_BY_BUBBLES)


@WITH_IMAGE
@pytest.mark.parametrize(("form", "other"), [(TEST, SURVEY), (SURVEY, TEST)], ids=lambda form: form.name)
def test_another_form_is_rejected(form: RealForm, other: RealForm, image: bool) -> None:
    found = recognized(form, other.read("scan.jpg"), image)
    assert found.error
    assert found.error.code == RegistrationFailed.code
    assert not found.elements
    assert not found.clips


@WITH_IMAGE
@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_no_form_is_rejected(stranger: str, image: bool) -> None:
    error = recognized(SURVEY, STRANGERS[stranger](), image).error
    assert error
    assert error.code == RegistrationFailed.code
