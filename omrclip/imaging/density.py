"""The density of an image: its number of pixels for each inch of the paper."""

from typing import TypeAlias

Density: TypeAlias = tuple[float, float]
"""Dots an inch along the rows and along the columns."""

LEAST_DENSITY, MOST_DENSITY = 10.0, 65_535.0
"""Accepted values, in dots per inch. A page of lower density is no larger than a thumbnail. A higher density does not
fit into the header of a JPEG (JFIF). Some writers that do not know the density write values such as 0, 1 or 1e9.
"""

SAME_DENSITY = 0.01
"""Relative difference up to which two densities count as equal."""


def density_of(across: float, down: float, units_per_inch: float = 1.0) -> Density | None:
    """Convert a density to dots per inch. Return None if the numbers cannot be a density."""
    across, down = across * units_per_inch, down * units_per_inch
    plausible = LEAST_DENSITY <= across <= MOST_DENSITY and LEAST_DENSITY <= down <= MOST_DENSITY
    return (across, down) if plausible else None


def single_density(density: Density | None) -> float | None:
    """The density along rows and columns, or None if the two differ."""
    if density is None or abs(density[0] - density[1]) > SAME_DENSITY * max(density):
        return None
    return (density[0] + density[1]) / 2
