"""Which sheets are made: every level of every respect, over the forms, as often as asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np

from tests.benchmarks.accuracy.cuts import Cutting, drawn
from tests.benchmarks.accuracy.forms import FORMS, KNOWN, TEMPLATED, Known, TemplatedForm, template_of
from tests.sheets.quick import Picture
from tests.sheets.strengths import LEVELS, RESPECTS, Level, picture_at

SEPARATOR: Final = " / "
Paper = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One sheet to make and recognize. `known` is what is known of the blank page besides the template."""

    form: str
    known: Known
    level: str
    seed: int

    @classmethod
    def named(cls, title: str) -> "Case":
        """The case of a title."""
        form, known, level, seed = title.split(SEPARATOR)
        if form not in FORMS or level not in LEVELS:
            raise ValueError(f"There is no case {title!r}.")
        return cls(form, KNOWN[KNOWN.index(cast(Known, known))], level, int(seed))

    @property
    def title(self) -> str:
        """All of it in words."""
        return SEPARATOR.join((self.form, self.known, self.level, str(self.seed)))

    @property
    def name(self) -> str:
        """A file's stem. Cases that differ only in what is known of the form have the same sheet."""
        return re.sub(r"[^\w.-]+", "-", f"{self.form} {self.level} {self.seed}")

    @property
    def hardness(self) -> Level:
        return LEVELS[self.level]

    @property
    def templated(self) -> TemplatedForm:
        return FORMS[self.form]

    @property
    def picture(self) -> Picture:
        return picture_at(self.templated.layout, self.hardness, self.seed)

    @property
    def cutting(self) -> Cutting:
        """What the template has of the form."""
        return drawn(self.hardness.cut, template_of(self.form), self.seed)

    @property
    def paper(self) -> Paper:
        """Cases that are alike in this are pictures of one paper."""
        picture = self.picture
        shot = picture.shot
        return self.form, picture.filling, picture.correction, picture.empty_columns, shot.person, shot.paper


def cases(
    count: int,
    seed: int,
    respects: Sequence[str] = (),
    forms: Sequence[str] = (),
    knowns: Sequence[Known] = KNOWN,
) -> list[Case]:
    """`count` sheets, spread evenly over levels and forms; the first ones are the same for every count."""
    cells = [
        (form, known, level.name)
        for form in forms or list(FORMS)
        for known in knowns
        for level in LEVELS.values()
        if level.respect in (respects or RESPECTS) and form in (level.forms or TEMPLATED)
    ]
    shuffled = np.random.default_rng(seed).permutation(len(cells))
    chosen = ((*cells[shuffled[number % len(cells)]], seed * 1_000_000 + number) for number in range(count))
    return [Case(form, known, level, own_seed) for form, known, level, own_seed in chosen]
