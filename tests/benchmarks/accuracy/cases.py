"""Which sheets are made: every level of every axis, over the forms, as often as asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.accuracy.forms import KNOWN, TEMPLATED, Known, TemplatedForm
from tests.sheets.quick import Picture
from tests.sheets.strengths import AXES, FILLINGS, LEVELS, Level, picture_at

PERSONAL = ("pen", "marks", "paper", "together")  # axes at whose levels papers are filled in differently


@dataclass(frozen=True, slots=True)
class Case:
    """One sheet to make and recognise. `known` is what is known of the blank page besides the template."""

    form: str
    known: Known
    level: str
    seed: int

    @property
    def name(self) -> str:
        """A file's stem."""
        return re.sub(r"[^\w.-]+", "-", f"{self.form} {self.level} {self.seed}")

    @property
    def hardness(self) -> Level:
        return LEVELS[self.level]

    @property
    def templated(self) -> TemplatedForm:
        return TEMPLATED[self.form]

    @property
    def picture(self) -> Picture:
        return picture_at(self.templated.layout, self.hardness, self.seed)

    @property
    def paper(self) -> tuple[str, str, int]:
        """Cases that are alike in this are pictures of one paper."""
        return self.form, self.level if self.hardness.axis in PERSONAL else "", self.seed % FILLINGS


def cases(count: int, seed: int, axes: Sequence[str] = (), forms: Sequence[str] = ()) -> list[Case]:
    """`count` sheets, spread evenly over levels and forms; the first ones are the same for every count."""
    cells = [
        (form, known, level.name)
        for form in forms or list(TEMPLATED)
        for known in KNOWN
        for level in LEVELS.values()
        if level.axis in (axes or AXES)
    ]
    shuffled = np.random.default_rng(seed).permutation(len(cells))
    chosen = ((*cells[shuffled[number % len(cells)]], seed * 1_000_000 + number) for number in range(count))
    return [Case(form, known, level, own_seed) for form, known, level, own_seed in chosen]
