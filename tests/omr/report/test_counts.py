"""Counts of answers: certain ones by value, and those that are blank, doubtful or corrected."""

from dataclasses import replace

from omrclip.omr.report.counts import Counts, ElementCounts
from omrclip.omr.report.sheet import Corrected, Sheet
from omrclip.omr.results import ElementResult, ElementStatus
from tests.omr.recognized import ELEMENTS, choice, recognition


def counted(*sheets: Sheet) -> dict[str, ElementCounts]:
    counts = Counts()
    for sheet in sheets:
        counts.add(sheet)
    return {element.title: element for element in counts}


def of(element: ElementResult, corrected: str | None = None) -> Sheet:
    corrections = {} if corrected is None else {element.name: Corrected(corrected)}
    return Sheet(recognition(elements=(element,)), corrections=corrections)


def test_certain_answers_are_counted_by_value_and_others_by_status() -> None:
    found = counted(Sheet(recognition()), Sheet(recognition()))
    assert dict(found["Q1"].marks) == {"A": 0, "B": 2}
    assert found["Q2"].statuses[ElementStatus.BLANK] == 2
    assert dict(found["Q3"].marks) == {"A": 0, "B": 0}, "it is not known which of the two marks counts"
    assert [found[title].doubtful for title in ("Q1", "Q2", "Q3", "Q4")] == [0, 0, 2, 2]
    assert [(found[title].others, dict(found[title].marks)) for title in ("Grid", "Code")] == [(2, {}), (2, {})]
    assert {element.sheets for element in found.values()} == {2}


def test_several_allowed_marks_count_each() -> None:
    several = replace(ELEMENTS[2], status=ElementStatus.MARKED)
    assert dict(counted(of(several))["Q3"].marks) == {"A": 1, "B": 1}


def test_a_corrected_answer_counts_as_corrected() -> None:
    found = counted(of(ELEMENTS[2], "B"), of(ELEMENTS[2], ""), of(ELEMENTS[2], "AB"), of(ELEMENTS[2]))["Q3"]
    assert dict(found.marks) == {"A": 0, "B": 1}
    assert (found.others, found.doubtful, found.corrected, found.sheets) == (1, 1, 3, 4)
    assert found.statuses[ElementStatus.BLANK] == 1


def test_memory_does_not_grow_with_values_that_are_no_bubbles() -> None:
    codes = [replace(ELEMENTS[5], value=str(number)) for number in range(500)]
    found = counted(*map(of, codes))["Code"]
    assert (found.others, len(found.marks)) == (500, 0)


def test_a_value_that_a_trigger_put_in_place_is_not_counted_as_a_mark() -> None:
    replaced = replace(choice("Q1", ElementStatus.MARKED, (0.0, 0.9), 0), value="absent")
    found = counted(of(replaced))["Q1"]
    assert (dict(found.marks), found.others) == ({"A": 0, "B": 0}, 1)
