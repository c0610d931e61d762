"""Recognizes one sheet and compares what came out with the truth."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import process_time
from typing import Final

import numpy as np

from omrclip.errors import RegistrationFailed
from omrclip.imaging.geometry import Box
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.results import ElementResult, ElementStatus
from tests.benchmarks.accuracy.cases import Case
from tests.benchmarks.accuracy.limits import keeps_limits
from tests.benchmarks.accuracy.sheets import MadeSheet
from tests.benchmarks.accuracy.truth import ClipTruth, FieldTruth, Truth

FAR: Final = 5.0  # page px


class Verdict(StrEnum):
    """How a field came out. `flagged` is not right, but a person is asked to look; `wrong` is wrong silently."""

    RIGHT = "right"
    FLAGGED = "flagged"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Miss:
    """A field that is not right."""

    field: str
    verdict: Verdict
    true: str
    read: str
    status: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one sheet. `rejected` and `crashed` are messages, "" where neither is so.

    `offsets` has each clip's worst point, in page pixels, and `astray` names the clips that lie further off than FAR
    without a message that says so; `seconds` is the processor's time for the
    recognition alone, decoding included: other work on the machine does not count.
    """

    case: Case
    kind: str
    within: bool
    fields: int
    rejected: str = ""
    crashed: str = ""
    misses: tuple[Miss, ...] = ()
    offsets: dict[str, float] = field(default_factory=dict)
    astray: tuple[str, ...] = ()
    seconds: float = 0.0
    strategy: str = ""

    @property
    def read(self) -> bool:
        return not (self.rejected or self.crashed)

    def count(self, verdict: Verdict) -> int:
        """The fields that came out so; none on a sheet that was not read."""
        missed = sum(miss.verdict == verdict for miss in self.misses)
        return self.fields * self.read - len(self.misses) if verdict is Verdict.RIGHT else missed


def judge(case: Case, sheet: MadeSheet, pages: Sequence[KnownPage], limits: Limits) -> Outcome:
    """Recognize the sheet, and tell how right it was. A crash is an outcome too, so that one does not end a run."""
    truth = part_of(sheet.truth, pages)
    within = truth.within and keeps_limits(case.cutting)
    blank = Outcome(case, truth.kind, within, len(truth.fields))
    started = process_time()
    try:
        found = recognize(pages, Scan(f"{case.name}{sheet.extension}", sheet.file), RecognitionOptions(), limits)
    except Exception as error:
        return replace(blank, crashed=f"{type(error).__name__}: {error}", seconds=process_time() - started)
    blank = replace(blank, seconds=process_time() - started)
    if found.error is not None and found.error.code == RegistrationFailed.code:
        return replace(blank, rejected=found.error.message)
    if found.error is not None:
        return replace(blank, crashed=found.error.message)
    read = {element.name: element for element in found.elements}
    misses = (miss(name, field_truth, read.get(name)) for name, field_truth in truth.fields.items())
    offsets = {clip.name: clip_offset(clip, found) for clip in truth.clips}
    untold = {clip.element for clip in found.clips if not clip.message}
    return replace(
        blank,
        misses=tuple(each for each in misses if each),
        offsets=offsets,
        astray=tuple(name for name, offset in offsets.items() if offset > FAR and name in untold),
        strategy=found.registration.strategy if found.registration else "",
    )


def part_of(truth: Truth, pages: Sequence[KnownPage]) -> Truth:
    """The truth about what the template has of the form."""
    names = {element.name for known in pages for element in known.page.elements}
    fields = {name: field for name, field in truth.fields.items() if name in names}
    return replace(truth, fields=fields, clips=tuple(clip for clip in truth.clips if clip.name in names))


def miss(name: str, truth: FieldTruth, result: ElementResult | None) -> Miss | None:
    """What is not right about a field; None where all is.

    Where a person has to look in any case, it is right to flag the field: with its value where a grid has a gap, with
    any value where nobody can be sure of it.
    """
    if result is None:
        return Miss(name, Verdict.WRONG, truth.value, "", "absent")
    flagged = result.status is ElementStatus.UNCERTAIN or (
        result.status is ElementStatus.MULTIPLE and not truth.multiple
    )
    if (flagged and truth.doubtful) or (result.value == truth.value and flagged == truth.gap):
        return None
    verdict = Verdict.FLAGGED if flagged else Verdict.WRONG
    return Miss(name, verdict, truth.value, result.value, str(result.status))


def clip_offset(truth: ClipTruth, found: Recognition) -> float:
    """How far the clip's content lies off its place where it does most, in page pixels: by the registration's map, and
    by the corners that the clip itself states.
    """
    clip = next((clip for clip in found.clips if clip.element == truth.name), None)
    if found.registration is None or clip is None:
        return float("inf")
    offsets = [truth.offsets(found.registration.to_scan(np.array(truth.page))).max()]
    if clip.box == Box(*truth.box):
        offsets.append(truth.corner_offsets(np.array(clip.corners)).max())
    return float(max(offsets))
