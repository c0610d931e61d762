"""What the answer says of a scan has all that drawing it takes, and elements come back from it as they were."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from omrclip.errors import Failure, NotFound, RegistrationFailed
from omrclip.iiif.request import Format
from omrclip.library import blank_page_beside
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, known_pages, recognize
from omrclip.omr.report.answer import Answer
from omrclip.omr.report.result_files import FileNames
from omrclip.omr.results import BubbleResult, ElementResult, ElementStatus
from omrclip.schemas.recognition_parts import BubbleResultSchema, ElementResultSchema, dump_elements
from omrclip.schemas.recognition_response import dump_answer, dump_kept, load_kept
from omrclip.schemas.template import load_template
from omrclip.wording import ABOUT
from tests.omr.recognized import ELEMENTS, bent, recognition

ROOT = Path(__file__).parents[2]


def described(**changes: object) -> dict:
    answer = dump_answer(Answer([recognition(**changes)], RecognitionOptions(), FileNames(alone=True)))
    (only,) = json.loads(json.dumps(answer))["Recognitions"]
    return only


def test_the_registration_tells_the_map_with_its_bend_and_how_well_it_fits() -> None:
    told = described()["Registration"]
    assert (told["Strategy"], told["Confidence"], told["Residual"]) == ("patches", 0.988, 1.25)
    assert told["PageToScan"] == [[2, 0, 50], [0, 2, 60], [0, 0, 1]]
    assert told["Bend"] == [[[0, 0], [0, 10], [0, 0]]] * 2
    assert np.allclose(told["Corners"], [[50, 60], [650, 60], [650, 460], [50, 460]])


def test_numbers_are_as_fine_as_they_are_sure() -> None:
    told = described(registration=bent(by=1 / 3))["Registration"]
    assert told["Bend"][0][1] == [0, 0.333]


def test_a_flat_page_that_nothing_verified_says_null() -> None:
    flat = replace(bent(), bend=None, confidence=None, residual=None, matches=None)
    told = described(registration=flat)["Registration"]
    assert [told[key] for key in ("Bend", "Confidence", "Residual")] == [None, None, None]


def test_an_element_tells_status_value_confidence_and_its_place_in_the_scan() -> None:
    told = described()["Elements"]
    assert [(e["Name"], e["Status"], e["Value"]) for e in told] == [
        ("Q1", "marked", "B"),
        ("Q2", "blank", ""),
        ("Q3", "multiple", "AB"),
        ("Q4", "uncertain", ""),
        ("Grid", "marked", "BA"),
        ("Code", "marked", "4006381333931"),
    ]
    first = told[0]
    assert list(first) == [
        "Name",
        "Path",
        "Label",
        "Type",
        "Status",
        "Value",
        "Confidence",
        "Message",
        "Said",
        "Corners",
        "Bubbles",
        "Elements",
        "Score",
    ]
    assert np.allclose(first["Corners"], ELEMENTS[0].corners, atol=0.005)
    assert (first["Type"], first["Confidence"], first["Message"]) == ("ChoiceBox", 0.9, "")
    blank, marked = first["Bubbles"]
    assert (blank["Value"], blank["Fill"], blank["Marked"]) == ("A", 0.01, False)
    assert (marked["Value"], marked["Fill"], marked["Marked"]) == ("B", 0.9, True)
    assert np.allclose(marked["Corners"], ELEMENTS[0].bubbles[1].corners, atol=0.005)
    assert told[3]["Message"] == "The mark on A is faint."


def test_a_grid_tells_its_children() -> None:
    grid = described()["Elements"][4]
    assert grid["Bubbles"] == []
    assert [(child["Name"], child["Value"], len(child["Bubbles"])) for child in grid["Elements"]] == [
        ("", "B", 2),
        ("", "A", 2),
    ]


def test_elements_load_as_they_were() -> None:
    schema = ElementResultSchema(many=True)
    loaded = schema.load(dump_elements(ELEMENTS))
    assert all(isinstance(element, ElementResult) for element in loaded)
    for element, original in zip(loaded, ELEMENTS, strict=True):
        assert np.allclose(element.corners, original.corners, atol=0.005)
    assert schema.dump(loaded) == schema.dump(ELEMENTS)


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.name)
def test_an_element_is_written_as_its_schema_describes_it(element: ElementResult) -> None:
    scored = replace(element, path="$.Pages[0].Elements[0]", label="Q1 (2)", score=np.float64(2))
    elements = [element, scored, replace(scored, message=ABOUT(name="A"))]
    assert json.dumps(dump_elements(elements)) == json.dumps(ElementResultSchema(many=True).dump(elements))


def kept_answer(*recognitions: Recognition) -> dict:
    return json.loads(json.dumps(dump_kept(Answer(recognitions, RecognitionOptions(), FileNames(alone=False)))))


def test_a_kept_recognition_loads_as_it_was() -> None:
    told = kept_answer(recognition(), recognition(scan="b.png", messages=("Q4: faint",)))
    loaded = load_kept(told, 2, bent())
    assert (loaded.scan, loaded.page, loaded.messages, loaded.passed) == ("b.png", 1, ("Q4: faint",), True)
    assert [element.status for element in loaded.elements] == [element.status for element in ELEMENTS]
    (clip,), (original,) = loaded.clips, recognition().clips
    assert (clip.element, clip.box, clip.format, clip.data) == (original.element, original.box, Format.JPG, b"")
    assert clip.message == original.message == told["Recognitions"][1]["Clips"][0]["Message"] == "It reaches out."
    assert np.allclose(clip.corners, original.corners, atol=0.005)


def test_a_kept_failure_loads_with_its_reason() -> None:
    failure = Failure.of(RegistrationFailed("The page was not found.", tried=["scale"]))
    loaded = load_kept(kept_answer(Recognition("a.png", error=failure, messages=(failure.message,))), 1, None)
    assert loaded.error == failure
    assert (loaded.registration, loaded.messages) == (None, ("The page was not found.",))


@pytest.mark.parametrize("number", [0, 2])
def test_a_scan_that_there_was_not_is_not_found(number: int) -> None:
    with pytest.raises(NotFound):
        load_kept(kept_answer(recognition()), number, None)


@pytest.mark.parametrize(
    "bubbles",
    [
        (),
        (
            BubbleResult("A", 0.123, True, ((1.01, 2.0), (3.14, 2.0), (3.0, 4.5), (1.0, 4.56))),
            BubbleResult("é", 0.0, False),
        ),
        (BubbleResult("A", np.float64(1), True), BubbleResult("B", 0.001, False)),
        tuple(BubbleResult(f"{n}", n / 8, n == 2, tuple((n / 4 + x, x / 2) for x in range(4))) for n in range(5)),
    ],
)
def test_bubbles_are_written_as_their_schema_describes_them(bubbles: tuple[BubbleResult, ...]) -> None:
    element = ElementResult("Q1", "ChoiceBox", ElementStatus.MARKED, "A", 1.0, bubbles)
    (told,) = dump_elements([element])
    assert json.dumps(told["Bubbles"]) == json.dumps(BubbleResultSchema(many=True).dump(bubbles))
    assert ElementResultSchema().load(told).bubbles == tuple(BubbleResultSchema(many=True).load(told["Bubbles"]))


@pytest.mark.parametrize("scan", ["exam-scan-1.jpg", "survey-photo-1.jpg"])
def test_what_is_read_is_rounded_as_the_schema_says(scan: str) -> None:
    template = ROOT / "templates_omr" / f"{scan.partition('-')[0]}.omr"
    image = blank_page_beside(template)
    pages = known_pages(load_template(template.read_bytes()), image.read_bytes() if image else None)
    read = recognize(pages, Scan(scan, (ROOT / "samples" / scan).read_bytes()), RecognitionOptions(), Limits())
    assert read.elements
    assert json.dumps(dump_elements(read.elements)) == json.dumps(ElementResultSchema(many=True).dump(read.elements))
