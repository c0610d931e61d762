"""One scan from its bytes to elements and clips, the page that it shows, and what is refused before and while."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from omrclip.errors import (
    CorruptImage,
    InvalidRequest,
    LimitExceeded,
    OmrclipError,
    RegistrationFailed,
    UnsupportedImage,
)
from omrclip.iiif.request import Format
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, check_options, check_pages, check_scan, known_pages, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.report.file_names import stem
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import ClipArea, Page, Template, UnknownElement
from tests.omr.sheet import PAGE, Sheet, Tones, form, png, printed, question, turned

FORM = form()
SIGNED = ClipArea(name="Comment", left=60, top=640, width=200, height=80)
BACK = printed(
    [*(question(f"B{n}", 60 + n % 2 * 260, 90 + n // 2 * 46, "ABCD") for n in range(18)), SIGNED], PAGE, seed=7
)
ANSWERS = {"Q1": "B", "Q2": "E", "Id1": "4", "Id2": "0", "Id3": "7", "Id4": "1"}


def scanned(tones: Tones, name: str = "scan.png") -> Scan:
    return Scan(name, png(tones))


def recognized(
    scan: Scan, *pages: KnownPage, options: RecognitionOptions | None = None, limits: Limits | None = None
) -> Recognition:
    return recognize(pages or (FORM.known(),), scan, options or RecognitionOptions(), limits or Limits())


def failure_of(found: Recognition) -> str | None:
    """The code of its error."""
    return found.error.code if found.error else None


def test_all_that_comes_out_of_one_scan() -> None:
    signed = FORM.marked(ANSWERS)
    cv2.putText(signed, "Ada Lovelace", (110, 655), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.2, 60, 2)
    found = recognized(scanned(turned(8).of(signed, 120), "a.b.png"))
    assert found.passed
    assert (found.scan, found.page, found.error, found.messages) == ("a.b.png", 1, None, ())
    assert found.seconds > 0
    assert found.registration is not None
    read = {element.name: element.value for element in found.elements if element.value}
    assert read == {"Q1": "B", "Q2": "E", "Id": "4071"}
    (clip,) = found.clips
    assert (clip.element, clip.format) == ("Signature", Format.JPG)
    shown = cv2.imdecode(np.frombuffer(clip.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.asarray(shown).shape == (90, 300)
    assert np.corrcoef(np.asarray(shown).ravel(), signed[600:690, 90:390].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("image", [True, False])
@pytest.mark.parametrize(("tones", "number", "name"), [(FORM.blank, 1, "Q1"), (BACK.blank, 2, "B0")])
def test_the_page_that_a_scan_shows_is_found_out(tones: Tones, number: int, name: str, image: bool) -> None:
    pages = FORM.known(image=image, number=1), BACK.known(image=image, number=2)
    found = recognized(scanned(turned(90).of(tones)), *pages)
    assert found.page == number
    assert found.elements[0].name == name


def test_pages_that_fit_alike_are_not_guessed() -> None:
    pages = FORM.known(number=1), FORM.known(number=2)
    found = recognized(scanned(FORM.blank), *pages)
    assert failure_of(found) == RegistrationFailed.code
    assert found.messages == (
        "The scan fits the pages 1, 2 of the template equally well. Choose its page with the option Pages.",
    )
    named = recognized(scanned(FORM.blank), *pages, options=RecognitionOptions(pages={"scan.png": 2}))
    assert named.page == 2


def test_a_named_page_is_the_only_one_that_is_tried() -> None:
    pages = FORM.known(number=1), BACK.known(number=2)
    found = recognized(scanned(FORM.blank), *pages, options=RecognitionOptions(pages={"scan.png": 2}))
    assert failure_of(found) == RegistrationFailed.code
    assert not found.passed
    assert (found.page, found.registration, found.elements, found.clips) == (None, None, (), ())


def test_a_scan_that_shows_no_page_is_told_of() -> None:
    found = recognized(scanned(np.full((800, 600), 255, np.uint8)), FORM.known(number=1), BACK.known(number=2))
    assert failure_of(found) == RegistrationFailed.code
    assert found.error
    assert found.messages == (found.error.message,)


def test_elements_of_unknown_types_are_told_with_each_scan() -> None:
    area = UnknownElement(type="AreaOfInterest", source={"Name": "Signature 2"})
    scores = UnknownElement(type="ScoreGroup")
    sheet = replace(FORM, elements=(*FORM.elements, area, scores))
    found = recognize([sheet.known()], scanned(FORM.marked(ANSWERS)), RecognitionOptions(), Limits())
    assert found.messages == (
        'Signature 2: omrclip does not read elements of the type "AreaOfInterest". '
        'Use the type "ClipArea" for a region to cut out.',
        'An element: omrclip does not read elements of the type "ScoreGroup".',
    )


def test_many_elements_of_unknown_types_are_counted() -> None:
    sheet = replace(FORM, elements=(*FORM.elements, *(UnknownElement(type=f"New {n}") for n in range(25))))
    found = recognize([sheet.known()], scanned(FORM.marked(ANSWERS)), RecognitionOptions(), Limits())
    assert len(found.messages) == 21
    assert found.messages[-1] == "5 more elements are of types that are not read."


def test_what_a_person_should_look_at_is_told_by_name() -> None:
    moved = np.full_like(FORM.blank, 255)
    moved[:, :-110] = FORM.marked(ANSWERS | {"Id2": "12"})[:, 110:]
    found = recognized(scanned(moved))
    assert found.passed
    assert "Q1: Scan the page again: this answer lies outside of the picture, wholly or in part." in found.messages
    assert "Id: part 2: Look at the scan: 2 answers are marked where one is asked for." in found.messages
    assert found.messages[-1] == "Signature: Part of the clip area lies outside the scan. That part is white."
    assert {element.status for element in found.elements if element.name[0] == "Q"} == {ElementStatus.UNCERTAIN}


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", UnsupportedImage), (b"no image at all", UnsupportedImage), (png(FORM.blank)[:200], CorruptImage)],
)
def test_what_is_no_image_is_told_in_the_recognition(data: bytes, error: type[OmrclipError]) -> None:
    found = recognized(Scan("broken.png", data))
    assert failure_of(found) == error.code
    assert found.messages
    assert found.page is None


def test_scans_are_bounded_before_they_are_decoded() -> None:
    found = recognized(scanned(FORM.blank), limits=Limits(max_image_pixels=600 * 800 - 1))
    assert found.error
    assert found.error.code == LimitExceeded.code
    assert found.error.details["image"] == "scan.png"
    assert check_scan(scanned(FORM.blank), Limits(max_image_pixels=600 * 800)).dimensions == PAGE


def test_a_file_of_several_images_is_refused() -> None:
    _, data = cv2.imencodemulti(".tif", [FORM.blank, FORM.blank])
    with pytest.raises(CorruptImage, match="The file contains 2 images"):
        check_scan(Scan("two.tif", data.tobytes()), Limits())


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        ({"other.png": 1}, r"\$\.Options\.Pages\['other\.png'\]: no image has this name"),
        ({"scan.png": 0}, r"a page number from 1 to 2, not 0"),
        ({"scan.png": 3}, r"a page number from 1 to 2, not 3"),
    ],
)
def test_pages_are_named_of_scans_and_templates_that_are_there(pages: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        check_options(2, ["scan.png"], RecognitionOptions(pages=pages))
    check_options(2, ["scan.png"], RecognitionOptions(pages={"scan.png": 2}))


@pytest.mark.parametrize(
    ("image", "limits", "error", "message"),
    [
        (None, Limits(max_output_pixels=1000), LimitExceeded, "Page 1 of the template has 600 × 800 pixels"),
        (b"no image", Limits(), UnsupportedImage, "The blank image of page 1: "),
        (png(FORM.blank), Limits(max_image_pixels=1000), LimitExceeded, "The blank image of page 1 has 600 × 800"),
        (png(FORM.blank[:700]), Limits(), InvalidRequest, "expected an image of the page's shape, 600 × 800"),
    ],
)
def test_pages_are_checked(image: bytes | None, limits: Limits, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_pages([KnownPage(FORM.page, 1, image)], limits)


def test_pages_that_are_right() -> None:
    large = cv2.resize(FORM.blank, (1200, 1600))
    for image in (None, png(FORM.blank), png(np.asarray(large, np.uint8))):
        check_pages([KnownPage(FORM.page, 1, image)], Limits())


def test_known_pages_have_their_own_images_but_the_first_may_be_given_another() -> None:
    own = Page(width=10, height=10, image_data="b3du")
    template = Template(pages=(own, replace(own, width=20), Page(width=5, height=5)))
    assert [(page.number, page.image) for page in known_pages(template)] == [(1, b"own"), (2, b"own"), (3, None)]
    assert [page.image for page in known_pages(template, b"given")] == [b"given", b"own", None]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.png", "a"), ("a.b.png", "a.b"), ("a", "a"), (".hidden", ".hidden"), ("a.", "a"), ("", "")],
)
def test_stems(name: str, expected: str) -> None:
    assert stem(name) == Scan(name, b"").stem == expected


def test_a_sheet_without_anything_to_find_it_by() -> None:
    plain = Sheet(FORM.blank, (SIGNED,))
    found = recognized(scanned(turned(0, scale=2).of(FORM.blank)), plain.known(image=False))
    assert found.passed
    assert found.registration is not None
    assert (found.registration.strategy, found.registration.confidence) == ("scale", None)
    assert found.clips[0].corners == ((120, 1280), (520, 1280), (520, 1440), (120, 1440))


def test_a_clip_around_which_another_print_lies_is_told() -> None:
    """The page is found by its other parts; where the clip is, another label was pasted."""
    sheet = form()
    area = next(element for element in sheet.elements if isinstance(element, ClipArea))
    sheet = replace(sheet, blank=cv2.rectangle(sheet.blank.copy(), (90, 600), (389, 689), 0, 2))
    scan = sheet.blank.copy()
    around = scan[area.box.top - 40 : area.box.bottom + 40, max(0, area.box.left - 40) : area.box.right + 40]
    noise = np.random.default_rng(3).integers(0, 2, (around.shape[0] // 8 + 1, around.shape[1] // 8 + 1)) * 255
    around[:] = np.kron(noise, np.ones((8, 8)))[: around.shape[0], : around.shape[1]]
    recognition = recognize([sheet.known()], Scan("a.png", png(scan)), RecognitionOptions(), Limits())
    told = {clip.element: clip.message for clip in recognition.clips}
    assert (
        told.pop(area.name)
        == "The print around this clip area was not found in the scan. The clip may show a wrong place."
    )
    assert set(told.values()) <= {""}
    assert any(message.startswith(f"{area.name}: The print around") for message in recognition.messages)
