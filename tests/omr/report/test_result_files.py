from dataclasses import replace

import pytest

from omrclip.errors import InvalidRequest, NameConflict
from omrclip.iiif.request import Format
from omrclip.omr.options import CLIP_FORMATS, RecognitionOptions
from omrclip.omr.recognition import Recognition
from omrclip.omr.report.file_names import stem
from omrclip.omr.report.result_files import (
    FileNames,
    check_scan_name,
    file_names,
    plan_file_names,
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
    assert FileNames(alone=True).clips("photo.jpg", ["NameArea"], clip_format) == [expected]


@pytest.mark.parametrize(
    ("elements", "parts"),
    [
        (["A", "A", "B", "A"], ["A", "A_2", "B", "A_3"]),
        (["A", "A", "A_2"], ["A", "A_3", "A_2"]),
        (["a/b", "a?b", "a_b"], ["a_b", "a_b_2", "a_b_3"]),
        (["Photo", "photo"], ["Photo", "photo_2"]),
        (["é", "e\u0301"], ["é", "e\u0301_2"]),
        (["line\nbreak", ".."], ["line_break", ".."]),
        (["{}", "{}"], ["{}", "{}_2"]),
    ],
)
def test_clips_of_one_page_have_names_of_their_own(elements: list[str], parts: list[str]) -> None:
    assert FileNames(alone=True).clips("s.jpg", elements, None) == [f"s{part}.png" for part in parts]


def test_a_scan_that_came_alone_lends_its_results_no_name() -> None:
    assert FileNames(alone=True).results("photo.jpg") == "RecognitionResults.dat"
    assert FileNames(alone=False).results("photo.jpg") == "photoRecognitionResults.dat"


def test_all_files_are_known_beforehand() -> None:
    form, scans = template(("Name", "Sign", "Name"), ("Date", "Name")), ["a.jpg", "b.jpg"]
    options = RecognitionOptions(pages={"b.jpg": 2})
    named = file_names(plan_file_names(form, scans, options), form, scans, options)
    assert [name for name, _ in named] == [
        "aRecognitionResults.dat",
        "bRecognitionResults.dat",
        "aName.png",
        "aSign.png",
        "aName_2.png",
        "aDate.png",
        "aName.png",  # of the other page, which the scan shows or does not
        "bDate.png",
        "bName.png",
    ]


def test_a_clip_with_the_name_of_another_scans_is_moved() -> None:
    form, scans = template(("1Area", "Area", "Area")), ["Paper1.jpg", "Paper11.jpg", "Paper.jpg"]
    names = plan_file_names(form, scans, RecognitionOptions())
    given = [names.clips(scan, ["1Area", "Area", "Area"], Format.JPG) for scan in scans]
    assert given == [
        ["Paper11Area.jpg", "Paper1Area.jpg", "Paper1Area_2.jpg"],
        ["Paper111Area.jpg", "Paper11Area_2.jpg", "Paper11Area_2_2.jpg"],
        ["Paper1Area_3.jpg", "PaperArea.jpg", "PaperArea_2.jpg"],
    ]
    all_names = [name for of_scan in given for name in of_scan]
    assert len(set(all_names)) == len(all_names)


def test_no_clip_has_a_reserved_name() -> None:
    names = plan_file_names(template(("A",)), ["s.jpg"], RecognitionOptions(), [("sA.jpg", "the overlay")])
    assert names.clips("s.jpg", ["A"], Format.JPG) == ["sA_2.jpg"]


@pytest.mark.parametrize(
    ("scans", "message"),
    [
        (["a.jpg", "a.png"], "would both be named 'aRecognitionResults.dat'"),
        (["a.jpg", "a.jpg"], "would both be named 'a.jpg'"),
        (["a.jpg", "A.jpg"], "would both be named 'A.jpg'"),
    ],
)
def test_two_scans_of_one_name_are_refused(scans: list[str], message: str) -> None:
    with pytest.raises(NameConflict, match=message):
        plan_file_names(template(("Area",)), scans, RecognitionOptions())


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b.jpg", "a\\b.jpg"])
def test_names_that_cannot_be_file_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^\$\.Images\[1\]\.Name: expected a file name") as refused:
        check_scan_name(name, "$.Images[1].Name")
    assert refused.value.details["fields"][0]["path"] == "$.Images[1].Name"  # type: ignore[index]


def test_long_names_of_elements_are_shortened_to_whole_characters() -> None:
    scan, element = "ü" * 76 + ".jpg", "N" + "\N{GRINNING FACE}" * 60
    names = plan_file_names(template((element, element)), [scan], RecognitionOptions())
    first, second = names.clips(scan, [element, element], Format.WEBP)
    assert first.removesuffix(".webp") == "ü" * 76 + "N" + "\N{GRINNING FACE}" * 23
    assert second.removesuffix(".webp") == first.removesuffix(".webp") + "_2"
    assert len(second.encode()) <= 255


def test_scan_names_too_long_for_file_systems_are_refused() -> None:
    plan_file_names(template(("N" * 100,)), ["ü" * 113 + ".jpg"], RecognitionOptions())
    with pytest.raises(InvalidRequest, match="longer than 255 bytes"):
        plan_file_names(template(("N" * 100,)), ["ü" * 114 + ".jpg"], RecognitionOptions())


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
    assert results_text(Recognition("a.jpg", elements=(replace(code, name="Co\nde", value="1"),))) == "Co de:1\n"


def test_a_saved_file_has_the_extension_of_its_bytes() -> None:
    assert saved_name("aName.png", "image/jpeg") == "aName.jpg"
    for name, media_type in (("aName.png", "image/png"), ("aName.jpg", "image/jpeg"), ("a.dat", "text/plain")):
        assert saved_name(name, media_type) == name
    assert tuple(map(Format, ("jpg", "png", "webp", "tif"))) == CLIP_FORMATS, "the choices of OMRCLIP_CLIP_FORMAT"
