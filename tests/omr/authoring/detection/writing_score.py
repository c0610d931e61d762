"""Compare the clip areas of a detection with the places to write in that were drawn."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from omrclip.omr.authoring.detection.page import Detection
from omrclip.omr.template import ClipArea
from tests.omr.authoring.detection.blank_forms import Place
from tests.omr.authoring.detection.scoring import Matrix
from tests.omr.authoring.detection.writing_forms import WriteIn

FOUND, WHOLE = 0.6, 0.97
"""Part of a place that a clip shows, from which it was found; and from which the clip shows it whole."""
MOST_MORE = 4.5
"""Area of a clip, in areas of the place, at most: a larger one shows other fields too."""
INSET_MM = 0.7
"""Width along the sides of a place that nobody writes in."""


@dataclass(slots=True)
class WritingScore:
    """Counts of places to write in, by kind, and of clips that show none.

    Attributes:
        drawn: places.
        found: places that a clip shows.
        whole: found places of which nothing is cut off.
        named: found places with the name of their label.
        false: clips that show no place.
    """

    drawn: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)
    false: int = 0

    def add(self, other: "WritingScore") -> None:
        """Add the counts of another page."""
        for mine, its in zip(self._counts, other._counts, strict=True):
            mine.update(its)
        self.false += other.false

    @property
    def _counts(self) -> tuple[Counter[str], ...]:
        return self.drawn, self.found, self.whole, self.named


def writing_score(detection: Detection, picture: Matrix, places: Sequence[WriteIn], px_per_mm: float) -> WritingScore:
    """Compare a detection with places in mm.

    Args:
        detection: of a picture of a page.
        picture: the map from the pixels of the flat page to those of the picture.
        places: those of the page.
        px_per_mm: of the flat page.
    """
    clips = [one.element for one in detection.proposals if isinstance(one.element, ClipArea)]
    score, shown = WritingScore(), set()
    for one in places:
        left, top, right, bottom = _sides(detection.page.matrix @ picture, one.place, px_per_mm)
        area = (right - left) * (bottom - top)
        parts = [
            max(0.0, min(right, clip.left + clip.width) - max(left, clip.left))
            * max(0.0, min(bottom, clip.top + clip.height) - max(top, clip.top))
            / area
            for clip in clips
        ]
        best = int(np.argmax(parts)) if parts else 0
        score.drawn[one.kind] += 1
        shown.update(index for index, part in enumerate(parts) if part > FOUND)
        if parts and parts[best] > FOUND and clips[best].width * clips[best].height < MOST_MORE * area:
            score.found[one.kind] += 1
            score.whole[one.kind] += parts[best] > WHOLE
            score.named[one.kind] += _is_named(clips[best].name, one.label)
            shown.add(best)
    score.false = len(clips) - len(shown)
    return score


def _is_named(name: str, label: str) -> bool:
    """Whether a name is a label without its hyphens, perhaps with a number behind it."""
    label = "".join(letter for letter in label if letter.isalnum() or letter == " ")
    return name == label or (name.startswith(f"{label}_") and name[len(label) + 1 :].isdecimal())


def _sides(to_page: Matrix, place: Place, px_per_mm: float) -> tuple[float, float, float, float]:
    left, top, width, height = place
    sides = (left + INSET_MM, top + INSET_MM, left + width - INSET_MM, top + height - INSET_MM)
    x0, y0, x1, y1 = (side * px_per_mm for side in sides)
    x, y, w = to_page @ np.array([(x0, y0, 1), (x1, y0, 1), (x1, y1, 1), (x0, y1, 1)]).T
    x, y = x / w, y / w
    return float(x[[0, 3]].max()), float(y[:2].max()), float(x[1:3].min()), float(y[2:].min())
