"""What lists of sheets tell of each sheet. It is taken from the records once, because these are large."""

from collections.abc import Mapping
from typing import Any, Final

from omrclip.omr.report.sheet import DOUBTFUL
from omrclip.omr.results import ElementStatus

Json = dict[str, Any]
_TOLD: Final = ("Name", "Path", "Label", "Type", "Status", "Value", "Confidence", "Message", "Corners")


def facts_of(record: Mapping[str, Any]) -> Json:
    """The facts about a sheet: `Error`, the numbers of `Answers` and `Blank` ones, and the `Doubtful` fields."""
    elements = record["Elements"]
    return {
        "Error": record["Error"],
        "Answers": len(elements),
        "Blank": sum(element["Status"] == ElementStatus.BLANK for element in elements),
        "Doubtful": [field_of(element) for element in elements if element["Status"] in DOUBTFUL],
    }


def field_of(part: Mapping[str, Any]) -> Json:
    """An answer or clip of a record for people who check it, with the values of its bubbles as `Choices`."""
    choices = [bubble["Value"] for bubble in part.get("Bubbles", ())]
    return {**{key: part.get(key, "") for key in _TOLD}, "Choices": choices}
