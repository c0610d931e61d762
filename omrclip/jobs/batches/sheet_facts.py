"""What lists of sheets tell of each sheet. It is taken from the records once, because these are large."""

from collections.abc import Iterator, Mapping
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
    said = part.get("Said", [])  # missing if an older version wrote the record
    return {**{key: part.get(key, "") for key in _TOLD}, "Said": said, "Choices": choices}


def title_of(part: Mapping[str, Any]) -> str:
    """The name of an answer or clip that people see."""
    return str(part.get("Label") or part["Name"])


def parts_of(record: Mapping[str, Any]) -> Iterator[Json]:
    """The answers and then the clips of a record. Clips have a type, and no status, value or confidence."""
    yield from record["Elements"]
    for clip in record["Clips"]:
        yield {**clip, "Type": "ClipArea", "Status": "", "Value": "", "Confidence": None}


def fields_of(record: Mapping[str, Any]) -> dict[str, list[Json]]:
    """The answers and clips of a record, see `field_of`, by `title_of`."""
    found: dict[str, list[Json]] = {}
    for part in parts_of(record):
        found.setdefault(title_of(part), []).append(field_of(part))
    return found
