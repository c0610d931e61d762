"""Every advertised size and tile comes out in the advertised extents, and the tiles of a level are the level."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrclip.cache import ByteCache
from omrclip.iiif.grammar import GRAMMAR_2, GRAMMAR_3
from omrclip.iiif.info import info2, info3, level, scale_factors
from omrclip.iiif.plan import Plan, plan
from omrclip.iiif.render import render_pixels
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import probe
from omrclip.imaging.source import ImageSource
from omrclip.imaging.tiff.pyramid import open_tiled
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.imaging.tiff.writing import write_pyramid
from omrclip.limits import Limits
from omrclip.omr.registered_page import RegisteredPage
from omrclip.omr.registration.find import Registration
from omrclip.serving.cached import CachedImage

DIMENSIONS = [Dimensions(1001, 667), Dimensions(513, 2), Dimensions(1, 900), Dimensions(512, 512), Dimensions(70, 33)]
KINDS = {"png": 128, "jpeg": 128, "tiled tiff": 64, "registered page": 128}
EXACT = ("png", "jpeg")
STEP = 0.1  # by which neighbouring pixels of the pictures differ


def gentle_ramp(dimensions: Dimensions) -> Pixels:
    """Blue grows from left to right, green from top to bottom: each pixel tells its place, and there are no edges."""
    pixels = np.full((dimensions.height, dimensions.width, 3), 60, np.uint8)
    pixels[:, :, 0] = 60 + STEP * np.arange(dimensions.width)[np.newaxis, :]
    pixels[:, :, 1] = 60 + STEP * np.arange(dimensions.height)[:, np.newaxis]
    return pixels


@cache
def opened(kind: str, dimensions: Dimensions) -> ImageSource:
    """A smooth picture as a file of this kind, as the server opens it."""
    ramp = gentle_ramp(dimensions)
    if kind == "tiled tiff":
        file = BytesIO()
        write_pyramid(ramp, file, tile=KINDS[kind], quality=98)
        tiled = open_tiled(BytesReader(file.getvalue()))
        assert tiled is not None
        return tiled
    if kind == "registered page":
        scan = Dimensions(2 * dimensions.width, 2 * dimensions.height)
        matrix = np.diag([2.0, 2.0, 1.0])
        return RegisteredPage(cached(gentle_ramp(scan), ".png"), Registration("scale", dimensions, scan, matrix))
    return cached(ramp, ".png" if kind == "png" else ".jpg")


def cached(pixels: Pixels, extension: str) -> CachedImage:
    data = cv2.imencode(extension, pixels, (cv2.IMWRITE_JPEG_QUALITY, 98))[1].tobytes()
    return CachedImage("key", lambda: data, probe(data), ByteCache(10**8, lambda kept: kept.nbytes))


@dataclass(frozen=True)
class Tile:
    """A tile as a viewer asks for it (Image API 3.0, implementation notes): region, and the extents it expects."""

    factor: int
    left: int
    top: int
    region: Dimensions
    shown: Dimensions

    @property
    def asked(self) -> str:
        return f"{self.left},{self.top},{self.region.width},{self.region.height}"


def tiles(told: dict[str, Any]) -> Iterator[Tile]:
    (tiling,) = told["tiles"]
    for factor in tiling["scaleFactors"]:
        step_x, step_y = tiling["width"] * factor, tiling["height"] * factor
        for top in range(0, told["height"], step_y):
            for left in range(0, told["width"], step_x):
                width, height = min(step_x, told["width"] - left), min(step_y, told["height"] - top)
                shown = Dimensions(-(-width // factor), -(-height // factor))
                yield Tile(factor, left, top, Dimensions(width, height), shown)


def planned(version: int, source: Dimensions, region: str, size: str, limits: Limits | None = None) -> Plan:
    grammar = GRAMMAR_2 if version == 2 else GRAMMAR_3
    return plan(grammar.parse(region, size, "0", "default.png"), source, limits or Limits())


def told_of(version: int, source: Dimensions, side: int, limits: Limits | None = None) -> dict[str, Any]:
    return (info2 if version == 2 else info3)("http://x", source, limits or Limits(), tile_side=side)


def tells_all(shown: Dimensions, region: Dimensions) -> bool:
    """Whether the width alone tells of which level `shown` is: of those one pixel wide, the first counts."""
    return next(level(region, 2**n) for n in range(32) if -(-region.width // 2**n) == shown.width) == shown


dimensions = st.builds(Dimensions, st.integers(1, 1500), st.integers(1, 1500))
sides = st.sampled_from([128, 256, 512, 1000])


@given(source=dimensions, side=sides)
def test_sizes_and_tiles_match_one_to_one_and_the_smallest_is_one_tile(source: Dimensions, side: int) -> None:
    for version in (2, 3):
        told = told_of(version, source, side)
        (tiling,) = told["tiles"]
        factors = tiling["scaleFactors"]
        assert factors == [2**n for n in range(len(factors))]
        expected = [{"width": -(-source.width // f), "height": -(-source.height // f)} for f in reversed(factors)]
        assert told["sizes"] == expected
        assert max(told["sizes"][0].values()) <= side
        assert len(factors) == 1 or max(told["sizes"][1].values()) > side
        assert (told["width"], told["height"]) == (source.width, source.height)


@given(source=dimensions, side=sides, most=st.sampled_from([100, 5000, 10**6]), longest=st.sampled_from([None, 90]))
def test_nothing_is_advertised_beyond_the_limits(source: Dimensions, side: int, most: int, longest: int | None) -> None:
    limits = Limits(max_output_pixels=most, max_output_side=longest)
    for version in (2, 3):
        told = told_of(version, source, side, limits)
        for size in told["sizes"]:
            found = planned(version, source, "full", f"{size['width']},{size['height']}", limits)
            assert found.scaled == Dimensions(size["width"], size["height"])
        (tiling,) = told["tiles"]
        assert limits.exceeded_by(tiling["width"], tiling["height"]) is None


@given(source=dimensions, side=sides)
def test_every_advertised_size_and_tile_has_the_advertised_extents(source: Dimensions, side: int) -> None:
    asked = [(tile.asked, tile.region, tile.shown) for tile in tiles(told_of(3, source, side))]
    asked += [("full", source, Dimensions(**size)) for size in told_of(2, source, side)["sizes"]]
    for region, extents, shown in asked:
        for version in (2, 3):
            assert planned(version, source, region, f"{shown.width},{shown.height}").scaled == shown
            if tells_all(shown, extents) and (version == 2 or 2 * extents.height * shown.width >= extents.width):
                assert planned(version, source, region, f"{shown.width},").scaled == shown


def test_factors_double_until_the_whole_image_is_one_tile() -> None:
    assert scale_factors(Dimensions(512, 512)) == (1,)
    assert scale_factors(Dimensions(513, 2)) == (1, 2)
    assert scale_factors(Dimensions(6000, 4000)) == (1, 2, 4, 8, 16)
    assert level(Dimensions(1001, 667), 4) == Dimensions(251, 167)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", DIMENSIONS, ids=str)
def test_sizes_and_tiles_are_rendered_in_the_advertised_extents(kind: str, source: Dimensions) -> None:
    image = opened(kind, source)
    for version in (2, 3):
        told = told_of(version, source, KINDS[kind])
        for size in told["sizes"]:
            shown = Dimensions(**size)
            pixels = render_pixels(planned(version, source, "full", f"{shown.width},{shown.height}"), image)
            assert pixels.shape[:2] == (shown.height, shown.width)
        for tile in tiles(told):
            form = f"{tile.shown.width}," if version == 2 and tells_all(tile.shown, tile.region) else None
            form = form or f"{tile.shown.width},{tile.shown.height}"
            pixels = render_pixels(planned(version, source, tile.asked, form), image)
            assert pixels.shape[:2] == (tile.shown.height, tile.shown.width), tile


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", DIMENSIONS, ids=str)
def test_the_tiles_of_a_level_are_the_level(kind: str, source: Dimensions) -> None:
    image = opened(kind, source)
    told = told_of(3, source, KINDS[kind])
    side = told["tiles"][0]["width"]
    for factor in told["tiles"][0]["scaleFactors"]:
        shown = level(source, factor)
        whole = render_pixels(planned(3, source, "full", f"{shown.width},{shown.height}"), image)
        together = np.zeros_like(whole)
        for tile in (tile for tile in tiles(told) if tile.factor == factor):
            pixels = render_pixels(planned(3, source, tile.asked, f"{tile.shown.width},{tile.shown.height}"), image)
            left, top = tile.left // factor, tile.top // factor
            assert (left % side, top % side) == (0, 0)
            together[top : top + tile.shown.height, left : left + tile.shown.width] = pixels
        difference = np.abs(together.astype(int) - whole.astype(int))
        if factor == 1 and (kind in EXACT or kind == "tiled tiff"):
            assert difference.max() == 0, factor
        else:
            # What is left of an odd image for a level's last pixel is scaled to a whole one: by that much the whole,
            # and a tile at its edge, are stretched. Lossy tiles add their own part.
            assert difference.max() <= 3 + 2 * STEP * factor, factor


@pytest.mark.parametrize("kind", [*EXACT, "tiled tiff"])
def test_the_tiles_of_an_even_level_are_the_level_to_the_pixel(kind: str) -> None:
    source = Dimensions(512, 384)
    image = opened(kind, source)
    told = told_of(3, source, KINDS[kind])
    for factor in told["tiles"][0]["scaleFactors"]:
        shown = level(source, factor)
        whole = render_pixels(planned(3, source, "full", f"{shown.width},{shown.height}"), image)
        for tile in (tile for tile in tiles(told) if tile.factor == factor):
            pixels = render_pixels(planned(3, source, tile.asked, f"{tile.shown.width},{tile.shown.height}"), image)
            left, top = tile.left // factor, tile.top // factor
            assert (pixels == whole[top : top + tile.shown.height, left : left + tile.shown.width]).all(), tile
