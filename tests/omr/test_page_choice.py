"""Which page of several a scan shows: PageChoice answers as if all pages were tried, with fewer registrations."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from omrclip.errors import RegistrationFailed
from omrclip.omr import page_choice
from omrclip.omr.page_choice import PageChoice, only_fitting
from omrclip.omr.registration.find import Fits, ImagePyramid, KnownPage
from omrclip.omr.template import Barcode
from omrclip.work import ENDLESS
from tests.omr.sheet import PAGE, Sheet, Tones, coloured, form, printed, question, turned

FORM = form()
NEXT_VERSION = printed([*FORM.elements, question("Q13", 90, 110 + 32 * 12, "ABCDE")], PAGE)
OTHER_WORDS = printed(FORM.elements, PAGE, seed=5)
WIDE = printed([question(f"W{n}", 120, 130 + 40 * n, "ABCDEFGHIJ", pitch=42) for n in range(10)], PAGE, seed=2)
DOWN = printed([question(f"D{n}", 80 + 60 * n, 120, "0123456789", down=True, pitch=40) for n in range(6)], PAGE, seed=3)
FEW = printed([question(f"F{n}", 330, 140 + 90 * n, "AB", pitch=70) for n in range(6)], PAGE, seed=4)
FORMS = (FORM, WIDE, DOWN, FEW)
CODE = Barcode(name="Sheet", left=440, top=20, width=90, height=90, barcode_type="qr")


def coded(sheet: Sheet, text: str) -> Sheet:
    """The sheet with a QR code."""
    modules = cv2.QRCodeEncoder.create().encode(text)
    blank = sheet.blank.copy()
    blank[20:110, 440:530] = cv2.resize(modules, (90, 90), interpolation=cv2.INTER_NEAREST)
    return Sheet(blank, (*sheet.elements, CODE))


def pages(sheets: Sequence[Sheet], *, image: bool = True) -> tuple[KnownPage, ...]:
    """The pages of as many templates, which are called 1, 2, …"""
    return tuple(replace(sheet.known(image=image), template=f"{n}") for n, sheet in enumerate(sheets, start=1))


def filled(sheet: Sheet, seed: int = 0) -> Tones:
    """The sheet with one mark for each question."""
    rng = np.random.default_rng(seed)
    return sheet.marked(
        {name: str(rng.choice([bubble.value for bubble in box.bubbles])) for name, box in sheet.boxes().items()}
    )


def answer(known: Sequence[KnownPage], tones: Tones, choice: PageChoice | None = None) -> str:
    """The template that is taken, or the message."""
    fit = only_fitting if choice is None else choice.fit
    try:
        return fit(known, ImagePyramid(coloured(tones)), False, ENDLESS).known.template
    except RegistrationFailed as failure:
        return failure.message


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates whose pages were registered."""
    names: list[str] = []
    register = page_choice.register

    def noted(known: KnownPage, pyramid: ImagePyramid, *, upright: bool = False) -> object:
        names.append(known.template)
        return register(known, pyramid, upright=upright)

    monkeypatch.setattr(page_choice, "register", noted)
    return names


@pytest.mark.parametrize("sheet", FORMS)
def test_a_page_unlike_all_others_is_the_only_one_that_is_tried(sheet: Sheet, tried: list[str]) -> None:
    known = pages(FORMS)
    tones = turned(91).of(filled(sheet))
    assert answer(known, tones, PageChoice(known)) == str(FORMS.index(sheet) + 1)
    assert tried == [str(FORMS.index(sheet) + 1)]


def test_pages_without_images_give_the_same_answer(tried: list[str]) -> None:
    known = pages(FORMS, image=False)
    assert answer(known, filled(WIDE), PageChoice(known)) == "2"
    assert tried[0] == "2"


def test_a_wrong_order_takes_longer_and_changes_nothing(monkeypatch: pytest.MonkeyPatch, tried: list[str]) -> None:
    known = pages(FORMS)
    likeness = page_choice._likeness
    monkeypatch.setattr(page_choice, "_likeness", lambda *args: 1 - likeness(*args))
    assert answer(known, filled(FORM), PageChoice(known)) == "1"
    assert len(tried) > 1
    assert tried[-1] == "1"


@pytest.mark.parametrize("sheet", [FORM, NEXT_VERSION])
def test_versions_of_a_form_are_not_guessed(sheet: Sheet) -> None:
    known = pages([FORM, NEXT_VERSION, WIDE])
    told = "The scan fits several pages equally well: '1' (1), '2' (1). Recognize it with one of these templates alone."
    assert answer(known, filled(sheet), PageChoice(known)) == told


@pytest.mark.parametrize("image", [True, False])
def test_a_template_of_a_part_of_another_form_is_not_taken_for_it(image: bool) -> None:
    part = Sheet(FORM.blank, FORM.elements[:12])
    known = (replace(part.known(image=image), template="part"), replace(FORM.known(), template="all"))
    assert "'part'" in (told := answer(known, filled(FORM), PageChoice(known)))
    assert "'all'" in told


@pytest.mark.parametrize(("text", "expected"), [("A", "1"), ("B", "2"), ("C", "equally well")])
def test_codes_tell_pages_apart_that_look_alike(text: str, expected: str) -> None:
    known = pages([coded(FORM, "A"), coded(FORM, "B")])
    assert expected in answer(known, filled(coded(FORM, text)), PageChoice(known))


def test_codes_of_persons_tell_no_pages_apart() -> None:
    known = tuple(replace(page, individual="Sheet") for page in pages([coded(FORM, "A"), coded(FORM, "B")]))
    assert "equally well" in answer(known, filled(coded(FORM, "A")), PageChoice(known))


def test_if_no_page_fits_all_were_tried(tried: list[str]) -> None:
    known = pages([FORM, WIDE])
    assert answer(known, filled(DOWN), PageChoice(known)) == answer(known, filled(DOWN))
    assert sorted(tried) == ["1", "1", "2", "2"]


def test_pages_are_compared_once_for_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    known = pages(FORMS)
    compared: list[tuple[str, str]] = []
    found_out: dict[tuple[str, str], Fits] = {}
    fits_in_blank = page_choice._fits_in_blank

    def noted(page: KnownPage, other: KnownPage) -> Fits:
        compared.append((page.template, other.template))
        return fits_in_blank(page, other)

    class Stored:
        def known(self, page: KnownPage, other: KnownPage) -> Fits | None:
            return found_out.get((page.template, other.template))

        def note(self, page: KnownPage, other: KnownPage, fits: Fits) -> None:
            found_out[page.template, other.template] = fits

    monkeypatch.setattr(page_choice, "_fits_in_blank", noted)
    assert answer(known, filled(WIDE), PageChoice(known, Stored())) == "2"
    assert found_out == {pair: Fits.NOT for other in "134" for pair in (("2", other), (other, "2"))}
    assert len(compared) == 6
    assert answer(known, filled(WIDE), PageChoice(known, Stored())) == "2"
    assert len(compared) == 6


@pytest.mark.parametrize(
    ("own_in_other", "other_in_own", "image", "is_tried"),
    [
        (Fits.NOT, Fits.NOT, True, False),
        (Fits.ONCE, Fits.NOT, True, True),
        (Fits.SEVERAL, Fits.NOT, True, True),
        (Fits.NOT, Fits.ONCE, True, True),
        (Fits.NOT, Fits.SEVERAL, True, False),
        (Fits.NOT, Fits.SEVERAL, False, True),
    ],
)
def test_only_pages_that_may_be_confirmed_too_are_tried(
    own_in_other: Fits, other_in_own: Fits, image: bool, is_tried: bool, tried: list[str]
) -> None:
    known = pages([WIDE, DOWN], image=image)

    class Stored:
        def known(self, page: KnownPage, _other: KnownPage) -> Fits | None:
            return own_in_other if page.template == "1" else other_in_own

        def note(self, *_: object) -> None:
            raise AssertionError

    assert answer(known, filled(WIDE), PageChoice(known, Stored())) == "1"
    assert tried == (["1", "2"] if is_tried else ["1"])
