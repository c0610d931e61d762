"""A document of many wrong values is refused for little more than it takes to read it, and lists the first problems."""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from omrclip.errors import MOST_PROBLEMS, InvalidRequest, InvalidTemplate
from omrclip.schemas import enough
from omrclip.schemas.corrections import load_corrections
from omrclip.schemas.enough import CHUNK
from omrclip.schemas.recognition_request import load_request
from omrclip.schemas.segments import load_segment_request
from omrclip.schemas.template import load_template

MANY = 24_000
MOST_FOUND = 2_500
"""Problems that may be found: those of a chunk, some of each of its members."""

Load = Callable[[bytes], object]


def boxes(count: int, bubbles: int) -> dict[str, Any]:
    box = {"Type": "ChoiceBox", "Name": 5, "Bubbles": [{"Value": 1, "Top": "x"}] * bubbles}
    return {"Pages": [{"Elements": [box] * count}]}


CASES: dict[str, tuple[Load, Any]] = {
    "no numbers": (load_template, {"Pages": [{"Width": float("nan")}] * MANY}),
    "halves of characters": (load_request, {"Images": ["\ud800"] * MANY}),
    "images that are none": (load_request, {"Images": [0] * MANY}),
    "empty images": (load_request, {"Images": [{}] * MANY}),
    "images of a manifest": (load_segment_request, {"Manifest": {}, "Images": [0] * MANY}),
    "unknown keys": (load_request, {f"key {number}": 0 for number in range(MANY)}),
    "corrections that are none": (load_corrections, {"Corrections": [0] * MANY}),
    "unknown keys of one": (load_corrections, {"Corrections": [{f"key {number}": 0 for number in range(MANY)}]}),
    "pages that are none": (load_template, {"Pages": [0] * MANY}),
    "empty elements": (load_template, {"Pages": [{"Elements": [{"Type": "ChoiceBox"}] * MANY}]}),
    "few boxes of many bubbles": (load_template, boxes(100, MANY // 100 - 1)),
    "boxes in grids": (
        load_template,
        {"Pages": [{"Elements": [{"Type": "Grid", "Elements": [{"Type": "ChoiceBox"}] * 100}] * (MANY // 101)}]},
    ),
    "one name": (load_template, {"Pages": [{"Elements": [{"Type": "ClipArea", "Name": "a"}] * MANY}]}),
}


@pytest.mark.parametrize("case", CASES)
def test_problems_are_found_until_there_are_enough(case: str) -> None:
    load, document = CASES[case]
    with pytest.raises((InvalidRequest, InvalidTemplate)) as refused:
        load(json.dumps(document).encode())
    details = refused.value.details
    assert len(details["fields"]) == MOST_PROBLEMS  # type: ignore[arg-type]
    assert MOST_PROBLEMS < details["problems"] < MOST_FOUND  # type: ignore[operator]
    assert f"(and at least {details['problems'] - 3:,} more)" in refused.value.message  # type: ignore[operator]


@pytest.mark.parametrize("case", ["images that are none", "corrections that are none", "unknown keys"])
def test_refusing_takes_little_more_memory_than_reading(case: str) -> None:
    load, document = CASES[case]
    data = json.dumps(document).encode()

    def peak(call: Callable[[bytes], object]) -> int:
        tracemalloc.start()
        try:
            call(data)
        except InvalidRequest:
            pass
        finally:
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return found

    assert peak(load) < 3 * peak(json.loads) + 1_000_000


def test_few_problems_are_all_found_wherever_they_are() -> None:
    wrong = {0: {}, CHUNK - 1: 7, CHUNK: {"Scan": 1}, 5 * CHUNK: {"Scan": 0, "Name": "a", "Value": ""}}
    good = {"Scan": 1, "Name": "a", "Value": "b"}
    document = {"Corrections": [wrong.get(number, good) for number in range(5 * CHUNK + 1)]}
    with pytest.raises(InvalidRequest) as refused:
        load_corrections(json.dumps(document).encode())
    assert [field["path"] for field in refused.value.details["fields"]] == [  # type: ignore[attr-defined]
        "$.Corrections[0].Name",
        "$.Corrections[0].Scan",
        "$.Corrections[0].Value",
        f"$.Corrections[{CHUNK - 1}]",
        f"$.Corrections[{CHUNK}].Name",
        f"$.Corrections[{CHUNK}].Value",
        f"$.Corrections[{5 * CHUNK}].Scan",
    ]


def test_documents_are_counted_each_for_itself() -> None:
    for _ in range(2):
        with pytest.raises(InvalidRequest) as refused:
            load_corrections(json.dumps({"Corrections": [0] * 60}).encode())
        assert len(refused.value.details["fields"]) == 60  # type: ignore[arg-type]
    assert enough._found.get() is None
