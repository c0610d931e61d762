"""What is asked of the servers: the rows of the tables, each a seeded list of image requests."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from omrclip.imaging.geometry import Dimensions

DIMENSIONS: Final = Dimensions(6000, 4000)
SEED: Final = 4711
STORED_TILE: Final = 256
CLIP_WIDTHS: Final = (300, 1500)
CLIP_HEIGHTS: Final = (60, 280)
CLIPS: Final = 200
# More than a server answers in a measurement, so that none is asked for twice.
NEW_CLIPS: Final = 60_000
WARM_UP: Final = -1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the tables.

    Attributes:
        name: what is asked for.
        requests: the requests of a round, as what follows an image's URI; most rows have the same in every round.
        goal: the least that ours may be, in multiples of iipsrv.
        conditional: whether the client says that it has the answer already (If-None-Match).
        is_each_new: whether nothing may be asked twice.
        is_picture: whether the answers are JPEG files.
        cold: how many different requests a fresh server gets in the cold table; none: not a row of it.
    """

    name: str
    requests: Callable[[int], list[str]]
    goal: float | None = None
    conditional: bool = False
    is_each_new: bool = False
    is_picture: bool = True
    cold: int = 0


def clips(count: int, seed: int) -> list[str]:
    """Random regions at their full size, as large as names, signatures and handwritten answers are."""
    chance = random.Random(seed)
    return [_clip(chance) for _ in range(count)]


def _clip(chance: random.Random) -> str:
    width, height = chance.randint(*CLIP_WIDTHS), chance.randint(*CLIP_HEIGHTS)
    left, top = chance.randint(0, DIMENSIONS.width - width), chance.randint(0, DIMENSIONS.height - height)
    return f"{left},{top},{width},{height}/full/0/default.jpg"


def tiles(side: int) -> list[str]:
    """All whole tiles of a grid that begins at the image's corner, in seeded order."""
    lefts = range(0, DIMENSIONS.width - side + 1, side)
    tops = range(0, DIMENSIONS.height - side + 1, side)
    found = [f"{left},{top},{side},{side}/{side},/0/default.jpg" for top in tops for left in lefts]
    random.Random(SEED).shuffle(found)
    return found


# In the order of the tables.
ROWS: Final = (
    Row("clips", lambda _: clips(CLIPS, SEED), cold=40),
    Row("clips, each new", lambda turn: clips(NEW_CLIPS, SEED + 1 + turn - WARM_UP), goal=2.0, is_each_new=True),
    Row("512 tiles", lambda _: tiles(512), goal=2.0, cold=40),
    Row("256 tiles as stored", lambda _: tiles(STORED_TILE), cold=40),
    Row("full/1000,", lambda _: ["full/1000,/0/default.jpg"], goal=1.2, cold=1),
    Row("full/200,", lambda _: ["full/200,/0/default.jpg"], cold=1),
    Row("info.json", lambda _: ["info.json"], is_picture=False, cold=1),
    Row("304", lambda _: clips(CLIPS, SEED), conditional=True),
)

# What was asked for before a restart: other reductions than those of the rows.
EARLIER: Final = ("info.json", "full/900,/0/default.jpg", "full/150,/0/default.jpg")


def chosen(names: Iterable[str]) -> tuple[Row, ...]:
    """The rows of these names; all where there are none."""
    wanted = set(names)
    return tuple(row for row in ROWS if not wanted or row.name in wanted)
