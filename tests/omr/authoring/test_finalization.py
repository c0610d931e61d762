from dataclasses import replace

import cv2
import numpy as np
import pytest

from omrclip.errors import CorruptImage
from omrclip.limits import Limits
from omrclip.omr.authoring import finalization
from omrclip.omr.authoring.finalization import finalize
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.results import ElementResult, ElementStatus
from tests.omr.drawn_form import Shape, draw, known

FORM = draw(Shape())
PAGE = replace(
    FORM.template.pages[0], elements=tuple(e for e in FORM.template.pages[0].elements if e.type != "Barcode")
)
TEMPLATE = replace(FORM.template, pages=(PAGE,))


def test_a_blank_page_reads_blank() -> None:
    done = finalize(known(FORM, template=TEMPLATE), RecognitionOptions(), Limits())
    assert (done.messages, done.is_blank) == ((), True)
    (recognition,) = done.recognitions
    assert [element.value for element in recognition.elements] == [""] * 5


@pytest.mark.parametrize(
    ("bubble", "told"),
    [
        (2, "ID: the bubbles C are dark on the blank page, so marks in them cannot be seen."),
        (14, "Question3: the bubbles E are dark on the blank page, so marks in them cannot be seen."),
    ],
)
@pytest.mark.parametrize("tone", [0, 110])
def test_a_bubble_that_is_mostly_printed_dark_is_told(bubble: int, told: str, tone: int) -> None:
    tones = FORM.tones.copy()
    x, y = FORM.centres[bubble]
    cv2.ellipse(tones, (round(x), round(y)), (17, 17), 0, 0, 250, tone, -1)
    done = finalize(known(FORM, tones, TEMPLATE), RecognitionOptions(), Limits())
    assert told in done.messages
    assert not done.is_blank


def test_pages_that_cannot_be_recognized_are_told() -> None:
    (page,) = known(FORM, template=TEMPLATE)
    white = known(FORM, np.full_like(FORM.tones, 255), TEMPLATE)[0].image
    done = finalize([replace(page, image=None), replace(page, number=2, image=white)], RecognitionOptions(), Limits())
    assert done.messages[0] == "Page 1 was not checked because it has no image of the blank page."
    assert len(done.messages) > 1
    assert len(done.recognitions) == 1


def test_a_damaged_page_image_is_refused() -> None:
    (page,) = known(FORM, template=TEMPLATE)
    with pytest.raises(CorruptImage):
        finalize([replace(page, image=(page.image or b"")[:3000])], RecognitionOptions(), Limits())


@pytest.mark.parametrize(
    ("element", "told"),
    [
        (ElementResult("Q", "ChoiceBox", ElementStatus.BLANK), None),
        (
            ElementResult("Q", "ChoiceBox", ElementStatus.MARKED, "AB"),
            "Q: the blank page reads as 'AB'. Expected an empty answer.",
        ),
        (ElementResult("Q", "Grid", ElementStatus.UNCERTAIN, "", message="A mark is faint."), "Q: A mark is faint."),
        (
            ElementResult("Q", "Grid", ElementStatus.UNCERTAIN),
            "Q: it is uncertain whether this answer is empty on the blank page.",
        ),
        (ElementResult("Code", "Barcode", ElementStatus.MARKED, "5901234123457"), None),
        (ElementResult("Code", "Barcode", ElementStatus.UNCERTAIN, message="No code."), "Code: No code."),
    ],
)
def test_what_is_not_empty_is_told(element: ElementResult, told: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finalization, "recognize", lambda *_: Recognition("page 1", elements=(element,)))
    done = finalize(known(FORM, np.full_like(FORM.tones, 255)), RecognitionOptions(), Limits())
    assert done.messages == (() if told is None else (told,))
