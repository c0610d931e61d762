"""Which sheets are made: each axis of difficulty at each of its strengths, over the forms, as often as asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tests.sheets.layout import Form
from tests.sheets.samples import FORMS
from tests.sheets.sheet import Shot
from tests.sheets.strengths import AXES, shot_at

Known = Literal["page image", "bubbles only"]

KNOWN: Final[tuple[Known, ...]] = ("page image", "bubbles only")
STRENGTHS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Case:
    """One sheet to make and recognise. `known` is what is known of the blank page besides the template."""

    form: str
    known: Known
    axis: str
    strength: float
    seed: int

    @property
    def name(self) -> str:
        """A file's stem. Which page image is known is no part of it: the sheet is the same."""
        return f"{self.form}-{self.axis}-{self.strength:.2f}-{self.seed}"

    @property
    def shot(self) -> Shot:
        return shot_at(self.layout, self.axis, self.strength, self.seed)

    @property
    def layout(self) -> Form:
        return FORMS[self.form]


def cases(count: int, seed: int, axes: Sequence[str] = (), forms: Sequence[str] = ()) -> list[Case]:
    """`count` sheets, spread evenly over axes, strengths and forms; the first ones are the same for every count."""
    cells = [
        (axis, strength, form, known)
        for form in forms or list(FORMS)
        for known in KNOWN
        for axis in axes or list(AXES)
        for strength in STRENGTHS
    ]
    shuffled = np.random.default_rng(seed).permutation(len(cells))
    seeds = range(seed * 1_000_000, seed * 1_000_000 + count)
    chosen = (cells[shuffled[number % len(cells)]] for number in range(count))
    return [
        Case(form, known, axis, strength, number)
        for number, (axis, strength, form, known) in zip(seeds, chosen, strict=True)
    ]
