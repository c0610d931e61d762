"""The density of an image: how many of its pixels lie along an inch of the paper that it shows."""

from typing import TypeAlias

Density: TypeAlias = tuple[float, float]
"""Dots an inch along the rows and along the columns."""

LEAST_DENSITY, MOST_DENSITY = 10.0, 65_535.0
"""In dots an inch. A page of less is no larger than a thumbnail; more does not fit into the header of a JPEG (JFIF).
Values such as 0, 1 and 1e9 stand in files whose writers did not know the density."""

SAME_DENSITY = 0.01
"""By which part two densities may differ that count as the same."""


def density_of(across: float, down: float, units_per_inch: float = 1.0) -> Density | None:
    """Dots an inch from dots a unit, or None where the numbers cannot be a density."""
    across, down = across * units_per_inch, down * units_per_inch
    plausible = LEAST_DENSITY <= across <= MOST_DENSITY and LEAST_DENSITY <= down <= MOST_DENSITY
    return (across, down) if plausible else None


def single_density(density: Density | None) -> float | None:
    """The one density along rows and columns; None where they differ."""
    if density is None or abs(density[0] - density[1]) > SAME_DENSITY * max(density):
        return None
    return (density[0] + density[1]) / 2
