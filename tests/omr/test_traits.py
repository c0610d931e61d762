"""Files with each trait of real templates load, are saved unchanged in meaning, and are read."""

import json
from typing import Any

import numpy as np
import pytest

from omrclip.errors import InvalidTemplate
from omrclip.iiif.request import Format
from omrclip.imaging.geometry import Box
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, known_pages, recognize
from omrclip.omr.report.result_files import FileNames, clip_names, results_text
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.report.table import AnswerColumn, ResultsTable
from omrclip.omr.results import ElementResult, ElementStatus, MarkThresholds
from omrclip.schemas.template import load_template, template_to_bytes, template_warnings
from tests.omr import traits
from tests.omr.sheet import strokes
from tests.omr.traits import TRAITS, Json, as_file
from tests.schemas.omr_documents import type_first
from tests.web.making import decoded

LOSSLESS = RecognitionOptions(clip_format=Format.PNG)


def recognized(document: Json, options: RecognitionOptions = LOSSLESS) -> Recognition:
    pages = known_pages(load_template(as_file(document)), traits.blank_page())
    found = recognize(pages, Scan("s.png", traits.scan()), options, Limits())
    assert found.error is None, found.error
    return found


def assert_shows(found: Recognition, values: dict[str, str], clips: dict[str, Box], files: tuple[str, ...]) -> None:
    """Every value, and every clip with the very pixels of the sheet."""
    assert {element.label: element.value for element in found.elements} == values
    assert {clip.label: clip.box for clip in found.clips} == clips
    for clip, box in zip(found.clips, clips.values(), strict=True):
        shown = traits.filled()[box.top : box.bottom, box.left : box.right]
        assert np.array_equal(decoded(clip.data)[..., 0], shown), clip.label
    assert tuple(clip_names(found)) == files
    assert len({one.path for one in (*found.elements, *found.clips)}) == len(values) + len(clips)


@pytest.mark.parametrize("name", TRAITS)
def test_a_file_with_a_trait_loads_comes_back_and_is_read(name: str) -> None:
    trait = TRAITS[name]
    document = traits.with_trait(trait)
    template = load_template(as_file(document))
    assert json.dumps(json.loads(template_to_bytes(template))) == json.dumps(type_first(document))
    warned = [warning.path for warning in template_warnings(template)]
    assert len(warned) == len(trait.warned), warned
    assert all(any(path.endswith(end) for path in warned) for end in trait.warned), warned
    found = recognized(document)
    values = {label: value for label, value in {**traits.READ, **trait.read}.items() if value is not None}
    assert_shows(found, values, dict(trait.clips), trait.files)
    assert all(any(part in message for message in found.messages) for part in trait.told), found.messages
    assert [message for message in found.messages if not any(part in message for part in trait.told)] == []


def test_a_file_with_all_traits_loads_comes_back_and_is_read() -> None:
    document = traits.all_together()
    template = load_template(as_file(document))
    assert json.dumps(json.loads(template_to_bytes(template))) == json.dumps(type_first(document))
    found = recognized(document)
    assert_shows(found, traits.ALL_READ, traits.ALL_CLIPS, traits.ALL_FILES)


@pytest.mark.parametrize(
    ("encoding", "end", "indent"),
    [("utf-8-sig", "\r\n", "\t"), ("utf-16", "\r\n", 4), ("utf-8", "\n", 2), ("utf-16-be", "\r", 0)],
)
def test_files_of_any_encoding_and_line_ends_load(encoding: str, end: str, indent: str | int) -> None:
    document = traits.all_together()
    data = as_file(document, encoding, end, indent)
    data = b"\xfe\xff" + data if encoding == "utf-16-be" else data
    assert load_template(data) == load_template(document)


REFUSED: dict[str, tuple[Any, str, str]] = {
    "trailing comma": (as_file(traits.plain())[:-3] + b",\r\n}", "$", "JSON"),
    "negative width": (traits.set_of("Signature", Width=-300), "Width", "a number above 0, not -300"),
    "clip area without extents": (traits.set_of("Signature", Height="0"), "Height", "a number above 0"),
    "far away": (traits.set_of("Q1", Left="1000001"), "Left", "no further than 1000000 from 0"),
    "clip area off the page": (
        traits.set_of("Signature", Left=601),
        "Left",
        "a number from 0 to the page's Width, 600",
    ),
    "bubbles off the page": (
        lambda document: traits.named(document, "Q1")["Bubbles"][0].update(Left=590),
        "Bubbles[0].Left",
        "Left + BubbleWidth of at most the page's Width, 600, not 610",
    ),
    "no bubbles": (traits.set_of("Q1", Bubbles=None), "Bubbles", "a list of at least one bubble, not null"),
    "a symbol without bubbles": (
        lambda document: (traits.composite(document), traits.named(document, "Id")["Bubbles"].append([])),
        "Bubbles[4]",
        "a list of at least one bubble, not an empty list",
    ),
    "a wrong bubble of a symbol": (
        lambda document: (traits.composite(document), traits.named(document, "Id")["Bubbles"][1][0].update(Top="x")),
        "Bubbles[1][0].Top",
        'a number, not "x"',
    ),
    "a score that is no number": (
        lambda document: (
            traits.score_group(document),
            traits.elements(document)[0]["Questions"][1]["ScoreAnswers"][0]["Bubbles"][2].update(Score="much"),
        ),
        "Questions[1].ScoreAnswers[0].Bubbles[2].Score",
        'a number, not "much"',
    ),
    "threshold of more than all": (traits.set_of("Q1", Threshold=101), "Threshold", "a number from 0 to 100, not 101"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_at_its_path(name: str) -> None:
    change, path, words = REFUSED[name]
    data = change if isinstance(change, bytes) else traits.plain()
    if not isinstance(data, bytes):
        change(data)
    with pytest.raises(InvalidTemplate) as raised:
        load_template(data)
    (problem,) = raised.value.problems
    assert problem.path.endswith(path)
    assert words in problem.expected


# --- how single elements are read ---------------------------------------------------------------------------------


def element(found: Recognition, label: str) -> ElementResult:
    return next(element for element in found.elements if element.label == label)


@pytest.mark.parametrize(("is_generated", "as_quality"), [(True, 85), (False, 0), (None, 0)])
def test_quality_0_is_the_default_in_what_generators_write(is_generated: bool | None, as_quality: int) -> None:
    def clip(quality: int, **root: Any) -> bytes:
        document = {**traits.plain(), **root}
        traits.named(document, "Signature")["JpegQuality"] = quality
        return recognized(document, RecognitionOptions()).clips[0].data

    assert clip(0, IsGenerated=is_generated) == clip(as_quality, IsGenerated=False)
    assert clip(84.6, IsGenerated=False) == clip(85, IsGenerated=False)  # type: ignore[arg-type]


def test_a_score_group_tells_its_sums() -> None:
    group = element(recognized(traits.with_trait(TRAITS["a score group"])), "Visit")
    assert (group.type, group.status, group.score) == ("ScoreGroup", ElementStatus.MARKED, 9)
    assert [(q.name, q.value, q.score) for q in group.children] == [("Part 1", "Q8,Q9", 8), ("Part 2", "Q10", 1)]
    told = [(a.name, a.value, a.score) for q in group.children for a in q.children]
    assert told == [("Q8", "C", 3), ("Q9", "E", 5), ("Q10", "A", 1), ("Q11", "B", 0)]


def test_a_score_group_without_a_mark_is_blank() -> None:
    document = traits.with_trait(TRAITS["a score group"])
    pages = known_pages(load_template(document), traits.blank_page())
    marks = {name: value for name, value in traits.FILLED.items() if name not in ("Q8", "Q9", "Q10", "Q11")}
    scan = Scan("s.png", traits.png(traits.drawn().marked(marks)))
    group = element(recognize(pages, scan, LOSSLESS, Limits()), "Visit")
    assert (group.status, group.value, group.score, group.message) == (ElementStatus.BLANK, "", 0, "")


def test_two_triggers_that_disagree_leave_it_to_a_person() -> None:
    document = traits.with_trait(TRAITS["triggers"])
    other = traits.named(document, "Q9")
    other["Bubbles"] = [bubble for bubble in other["Bubbles"] if bubble["Value"] == "E"]
    other.update(Type="ReplaceTrigger", Name="late", Target="Q6", Value="too late")
    replaced = element(recognized(document), "Q6")
    assert (replaced.status, replaced.value) == (ElementStatus.UNCERTAIN, "D")
    assert replaced.message == "Whether a trigger replaces its value is not certain: skip, late."


def test_a_trigger_of_several_elements_leaves_them_to_a_person() -> None:
    document = traits.with_trait(TRAITS["triggers"])
    traits.named(document, "Q7")["Name"] = "Q6"
    found = recognized(document)
    assert [(e.status, e.value) for e in found.elements if e.name == "Q6"] == [
        (ElementStatus.UNCERTAIN, "D"),
        (ElementStatus.UNCERTAIN, "B"),
    ]
    assert "that names 2 elements" in element(found, "skip (2)").message


def test_the_results_file_has_a_line_for_each_of_one_name() -> None:
    document = traits.with_trait(TRAITS["several boxes of one name"])
    traits.named(document, "Q")["Name"] = "a\tb"
    found = recognized(document)
    lines = results_text(found).splitlines()
    assert [line for line in lines if line.startswith("Q:")] == ["Q:E", "Q:"]
    assert lines[0] == "a b:B"


@pytest.mark.parametrize(
    ("value", "gets"), [("Z", "skipped"), ("Y", "D")], ids=["a marked trigger", "a trigger without a mark"]
)
def test_a_trigger_in_a_grid_replaces_its_target_and_is_no_column(value: str, gets: str) -> None:
    document = traits.plain()
    traits.trigger_in_grid(document, value)
    assert json.dumps(json.loads(template_to_bytes(load_template(document)))) == json.dumps(type_first(document))
    found = recognized(document)
    grid = element(found, "Code")
    assert (grid.status, grid.value, grid.message) == (ElementStatus.MARKED, "X", "")
    assert [child.value for child in grid.children] == ["X", "skipped" if gets == "skipped" else ""]
    assert element(found, "Q6").value == gets


def with_stroke(length: float) -> bytes:
    """The filled sheet with a thin stroke in the bubble C of Q12, as long as a part of the bubble."""
    tones = traits.filled().copy()
    strokes([(-length, 0.1), (length, -0.1)])(tones, *traits.drawn().bubble("Q12", "C"))
    return traits.png(tones)


SHORT, LONG = 0.35, 0.7
"""Strokes that fill 0.19 and 0.34 of the bubble; on this page a mark needs 0.3."""
THRESHOLDS = {
    "none": (SHORT, {}, {}, ElementStatus.UNCERTAIN),
    "0": (SHORT, {"Threshold": 0}, {}, ElementStatus.UNCERTAIN),
    "lower than the page's": (SHORT, {"Threshold": 3}, {}, ElementStatus.MARKED),
    "as a string": (SHORT, {"Threshold": "3"}, {}, ElementStatus.MARKED),
    "lower than the options'": (SHORT, {"Threshold": 3}, {"marked": 0.25}, ElementStatus.UNCERTAIN),
    "none, a longer stroke": (LONG, {}, {}, ElementStatus.MARKED),
    "lower than a longer stroke": (LONG, {"Threshold": 32}, {}, ElementStatus.MARKED),
    "higher than a longer stroke": (LONG, {"Threshold": 50}, {}, ElementStatus.UNCERTAIN),
}


@pytest.mark.parametrize("name", THRESHOLDS)
def test_a_threshold_of_an_element_says_what_a_mark_needs(name: str) -> None:
    length, members, marked, status = THRESHOLDS[name]
    document = traits.plain()
    traits.named(document, "Q12").update(members)
    assert json.dumps(json.loads(template_to_bytes(load_template(document)))) == json.dumps(type_first(document))
    pages = known_pages(load_template(document), traits.blank_page())
    options = RecognitionOptions(thresholds=MarkThresholds(**marked))
    found = recognize(pages, Scan("s.png", with_stroke(length)), options, Limits())
    assert (element(found, "Q12").status, element(found, "Q12").value) == (status, "C")
    assert {e.status for e in found.elements if e.name != "Q12"} == {ElementStatus.MARKED}


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("image", [True, False], ids=["page image", "bubbles only"])
def test_four_equal_corner_squares_without_a_rotation_mark(quarters: int, image: bool) -> None:
    document = traits.four_squares()
    blank, filled = (traits.without_fifth_square(tones) for tones in (traits.drawn().blank, traits.filled()))
    assert (blank != traits.drawn().blank).any()
    pages = known_pages(load_template(document), traits.png(blank) if image else None)
    scan = Scan("s.png", traits.png(np.ascontiguousarray(np.rot90(filled, quarters))))
    found = recognize(pages, scan, LOSSLESS, Limits())
    assert found.error is None, found.error
    assert {e.name: e.value for e in found.elements} == traits.READ


def test_the_sum_of_a_score_group_is_one_line_and_one_cell() -> None:
    document = traits.with_trait(TRAITS["a score group"])
    found = recognized(document)
    names = [element.name for element in found.elements]
    assert names.count("Visit") == 1
    assert not {"Part 1", "Part 2", "Q8", "Q9", "Q10", "Q11"} & set(names)
    lines = results_text(found).splitlines()
    assert lines == [f"{element.name}:{element.value}" for element in found.elements]
    assert lines[0] == "Visit:9"
    sheet = Sheet.of(found, FileNames(alone=False), LOSSLESS)
    for table in (ResultsTable.of(load_template(document)), ResultsTable.of_sheets([sheet])):
        assert [column for column in table.answers if column.title not in traits.READ] == [AnswerColumn("Visit", True)]
        cells = dict(zip(table.headings(), table.row(sheet), strict=True))
        assert (cells["Visit"].text, cells["Visit"].number) == ("9", 9)
