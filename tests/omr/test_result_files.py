import pytest

from omrclip.errors import InvalidRequest, NameConflict
from omrclip.iiif.request import Format
from omrclip.omr.options import CLIP_FORMATS, RecognitionOptions
from omrclip.omr.recognition import Recognition, stem
from omrclip.omr.result_files import (
    check_file_names,
    check_scan_name,
    clip_name,
    file_names,
    results_name,
    results_text,
    saved_name,
)
from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import ClipArea, Page, Template


def template(*pages: tuple[str, ...]) -> Template:
    def area(name: str) -> ClipArea:
        return ClipArea(name=name, left=0, top=0, width=10, height=10)

    return Template(pages=tuple(Page(width=99, height=99, elements=tuple(map(area, names))) for names in pages))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("photo.jpg", "photo"), ("a.b.jpg", "a.b"), ("photo", "photo"), (".jpg", ".jpg"), ("Prüfung 1.tif", "Prüfung 1")],
)
def test_stem(name: str, expected: str) -> None:
    assert stem(name) == expected


@pytest.mark.parametrize(
    ("clip_format", "expected"),
    [(None, "photoNameArea.png"), (Format.JPG, "photoNameArea.jpg"), (Format.TIF, "photoNameArea.tif")],
)
def test_clip_names(clip_format: Format | None, expected: str) -> None:
    assert clip_name("photo.jpg", "NameArea", clip_format) == expected


def test_a_scan_that_came_alone_lends_its_results_no_name() -> None:
    assert results_name("photo.jpg", alone=True) == "RecognitionResults.dat"
    assert results_name("photo.jpg", alone=False) == "photoRecognitionResults.dat"


def test_all_files_are_known_beforehand() -> None:
    named = file_names(
        template(("Name", "Sign"), ("Date",)), ["a.jpg", "b.jpg"], RecognitionOptions(pages={"b.jpg": 2})
    )
    assert [name for name, _ in named] == [
        "aRecognitionResults.dat",
        "bRecognitionResults.dat",
        "aName.png",
        "aSign.png",
        "aDate.png",
        "bDate.png",
    ]


@pytest.mark.parametrize(
    ("names", "scans", "message"),
    [
        (
            ("1Area", "Area"),
            ["Paper1.jpg", "Paper11.jpg"],
            r"'Area' of 'Paper11.jpg' would both be named 'Paper11Area.png'",
        ),
        (("Area",), ["a.jpg", "a.png"], "would both be named 'aRecognitionResults.dat'"),
        (("Area",), ["a.jpg", "a.jpg"], "would both be named 'a.jpg'"),
        (("Area",), ["a.jpg", "A.jpg"], "would both be named 'A.jpg'"),
        (("é", "e\u0301"), ["a.jpg"], "would both be named"),
    ],
)
def test_two_files_of_one_name_are_refused(names: tuple[str, ...], scans: list[str], message: str) -> None:
    with pytest.raises(NameConflict, match=message):
        check_file_names(template(names), scans, RecognitionOptions())


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b.jpg", "a\\b.jpg"])
def test_names_that_cannot_be_file_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^\$\.Images\[1\]\.Name: expected a file name") as refused:
        check_scan_name(name, "$.Images[1].Name")
    assert refused.value.details["fields"][0]["path"] == "$.Images[1].Name"  # type: ignore[index]


def test_names_too_long_for_file_systems_are_refused() -> None:
    check_file_names(template(("N" * 100,)), ["ü" * 75 + ".jpg"], RecognitionOptions())
    with pytest.raises(InvalidRequest, match="longer than 255 bytes"):
        check_file_names(template(("N" * 100,)), ["ü" * 76 + ".jpg"], RecognitionOptions())


def test_every_element_has_a_line() -> None:
    elements = (
        ElementResult("Q1", "ChoiceBox", ElementStatus.BLANK),
        ElementResult("Q2", "ChoiceBox", ElementStatus.MULTIPLE, "EB"),
        ElementResult("Q3", "Barcode", ElementStatus.UNCERTAIN),
    )
    assert results_text(Recognition("a.jpg", elements=elements)) == "Q1:\nQ2:EB\nQ3:\n"


def test_no_value_ends_its_line() -> None:
    code = ElementResult("Code", "Barcode", ElementStatus.MARKED, "1\nQ1:A\r\x00\u20282 ü漢")
    assert results_text(Recognition("a.jpg", elements=(code,))) == "Code:1 Q1:A   2 ü漢\n"


def test_a_saved_file_has_the_extension_of_its_bytes() -> None:
    assert saved_name("aName.png", "image/jpeg") == "aName.jpg"
    for name, media_type in (("aName.png", "image/png"), ("aName.jpg", "image/jpeg"), ("a.dat", "text/plain")):
        assert saved_name(name, media_type) == name
    assert tuple(map(Format, ("jpg", "png", "webp", "tif"))) == CLIP_FORMATS, "the choices of OMRCLIP_CLIP_FORMAT"
