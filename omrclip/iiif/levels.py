"""The scale factors at which an image is offered in tiles, and the Dimensions of each level.

Image API 2.1, section 5.2, and 3.0, section 5.4: `sizes` and `tiles` match one to one, and viewers take a level's
extents for the full ones divided by the factor, rounded up.
"""

from omrclip.imaging.geometry import Dimensions

TILE_SIDE = 512


def scale_factors(source: Dimensions, tile_side: int = TILE_SIDE) -> tuple[int, ...]:
    """1, 2, 4, … up to the first at which the whole image fits into one tile."""
    factors = [1]
    while max(level(source, factors[-1]).width, level(source, factors[-1]).height) > tile_side:
        factors.append(2 * factors[-1])
    return tuple(factors)


def level(source: Dimensions, factor: int) -> Dimensions:
    """The Dimensions of the whole image, or of a tile's region, at a scale factor."""
    return Dimensions(-(-source.width // factor), -(-source.height // factor))
