"""Filled sheets of a form, what is read on them, and whether it is what is marked."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import omrclip
from omrclip.imaging.arrays import Pixels
from omrclip.omr.authoring.rehearsal import RehearsedSheet, rehearse
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import Template


@dataclass(slots=True)
class Outcome:
    """What came out of sheets. A field that is read wrong and flagged as uncertain is no mistake: people look at it.

    Attributes:
        fields, flagged: how many were compared, and how many of them are uncertain.
        refused: messages of sheets that were not recognized.
        wrong: fields with a wrong value that is not flagged.
    """

    fields: int = 0
    flagged: int = 0
    refused: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def outcome(template: Template, blank: Pixels, seeds: Iterable[int], blank_page: bytes | None) -> Outcome:
    """Fill in sheets of the first page of a template, and read them.

    Args:
        template: with one page.
        blank: the image of the page.
        seeds: even ones are scans, odd ones photos.
        blank_page: the file of the blank page that recognition gets, if any.
    """
    sheets: dict[str, RehearsedSheet] = {f"{seed}.jpg": rehearse(template.pages[0], blank, seed) for seed in seeds}
    scans = [omrclip.Scan(name, sheet.data) for name, sheet in sheets.items()]
    told = Outcome()
    read = omrclip.recognize(template, scans, blank_page=blank_page, workers=1)
    for (name, sheet), recognition in zip(sheets.items(), read, strict=True):
        if recognition.error is not None:
            told.refused.append(f"{sheet.kind} {name}: {recognition.messages}")
            continue
        values = {element.name: element for element in reversed(recognition.elements)}
        for element, value in sheet.values.items():
            told.fields += 1
            if values[element].status is ElementStatus.UNCERTAIN:
                told.flagged += 1
            elif values[element].value != value:
                told.wrong.append(f"{sheet.kind} {name} {element}: {values[element].value!r} instead of {value!r}")
    return told
