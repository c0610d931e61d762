"""Finding the template page in a scan: strategies in one ordered list, the first that succeeds is taken.

A strategy takes what is known of the page and the scan, and answers with a Registration, or with the reason (for
people) why it found none. Each has a module of its own; cheap ones stand first.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from omrclip.errors import RegistrationFailed
from omrclip.imaging.source import ImageSource
from omrclip.omr.registration import scale
from omrclip.omr.registration.registration import KnownPage, Registration

Strategy: TypeAlias = Callable[[KnownPage, ImageSource], Registration | str]

STRATEGIES: Sequence[Strategy] = (scale.same_dimensions, scale.same_aspect)


def register(known: KnownPage, scan: ImageSource) -> Registration:
    """Find the page in the scan.

    Raises:
        RegistrationFailed: no strategy found it; `details["tried"]` has the reason of each.
    """
    reasons = []
    for strategy in STRATEGIES:
        found = strategy(known, scan)
        if isinstance(found, Registration):
            return found
        reasons.append(found)
    raise RegistrationFailed(f"The template page was not found in the scan: {'; '.join(reasons)}.", tried=reasons)


__all__ = ["KnownPage", "Registration", "register"]
