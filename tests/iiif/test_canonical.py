"""The canonical forms of all versions: stable, and of the same pixels; and the largest sizes that limits allow."""

import math
from collections.abc import Callable
from fractions import Fraction
from types import ModuleType

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from omrclip.errors import InvalidParameter, LimitExceeded
from omrclip.iiif.canonical import canonical2, canonical3, rendering_key
from omrclip.iiif.grammar import GRAMMAR_2, GRAMMAR_3
from omrclip.iiif.plan import Plan, largest, plan
from omrclip.iiif.render import render_pixels
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.limits import Limits
from tests.grid import coloured_grid

Canonical = Callable[[Plan, Limits], str]
VERSIONS = [pytest.param(GRAMMAR_2, canonical2, id="2"), pytest.param(GRAMMAR_3, canonical3, id="3")]

small = st.integers(0, 90).map(str)
real = st.decimals(0, 150, places=3).map(lambda number: format(number, "f"))
regions = st.one_of(
    st.sampled_from(["full", "square"]),
    st.tuples(small, small, small, small).map(",".join),
    st.tuples(real, real, real, real).map(lambda numbers: "pct:" + ",".join(numbers)),
)
plain_sizes = st.one_of(
    small.map(lambda n: f"{n},"),
    small.map(lambda n: f",{n}"),
    real.map(lambda n: f"pct:{n}"),
    st.tuples(small, small).map(",".join),
    st.tuples(small, small).map(lambda sides: "!" + ",".join(sides)),
)
sizes = st.one_of(st.sampled_from(["full", "max", "^max"]), plain_sizes, plain_sizes.map("^".__add__))
rotations = st.one_of(st.sampled_from(["0", "90", "!180", "270.0", "360"]), real)
endings = st.sampled_from(["default.jpg", "color.png", "gray.webp", "bitonal.pdf"])
sources = st.tuples(st.integers(1, 70), st.integers(1, 70)).map(lambda sides: Dimensions(*sides))
limit_sets = st.builds(
    Limits,
    max_output_pixels=st.sampled_from([1, 60, 700, 5000, 10**8]),
    max_output_side=st.sampled_from([None, 1, 50, 300]),
    refuse_large_best_fit=st.booleans(),
)
requests = st.tuples(regions, sizes, rotations, endings)


def planned(grammar: ModuleType, request: tuple[str, ...], source: Dimensions, limits: Limits) -> Plan:
    found: Plan = plan(grammar.parse(*request), source, limits)
    return found


@pytest.mark.parametrize(("grammar", "canonical"), VERSIONS)
@settings(max_examples=300)
@given(source=sources, limits=limit_sets, request=requests)
@example(source=Dimensions(1, 900), limits=Limits(), request=("full", "1,450", "0", "default.jpg"))
@example(source=Dimensions(3, 70), limits=Limits(), request=("full", "1,", "0", "default.jpg"))
@example(source=Dimensions(70, 3), limits=Limits(max_output_side=50), request=("full", "max", "0", "default.jpg"))
@example(source=Dimensions(70, 3), limits=Limits(max_output_side=50), request=("full", "!70,3", "0", "default.jpg"))
@example(source=Dimensions(60, 40), limits=Limits(max_output_pixels=60), request=("full", "9,6", "0", "default.jpg"))
def test_the_canonical_form_is_stable_and_of_the_same_pixels(
    grammar: ModuleType, canonical: Canonical, source: Dimensions, limits: Limits, request: tuple[str, ...]
) -> None:
    try:
        found = planned(grammar, request, source, limits)
    except (InvalidParameter, LimitExceeded):
        return
    form = canonical(found, limits)
    again = planned(grammar, tuple(form.split("/")), source, limits)
    assert canonical(again, limits) == form
    assert rendering_key(again) == rendering_key(found)
    image = DecodedImage(coloured_grid(source.width, source.height, square=5))
    rendered = render_pixels(found, image)
    assert rendered.shape[:2] == (found.output.height, found.output.width)
    assert (render_pixels(again, image) == rendered).all()


@settings(max_examples=200)
@given(source=sources, limits=limit_sets, region=regions, size=plain_sizes, rotation=rotations, ending=endings)
def test_what_both_versions_accept_they_render_alike(
    source: Dimensions, limits: Limits, region: str, size: str, rotation: str, ending: str
) -> None:
    request = (region, size, rotation, ending)
    try:
        three = planned(GRAMMAR_3, request, source, limits)
    except (InvalidParameter, LimitExceeded):
        return
    if size.startswith("!") and three.scaled == largest(three.box.dimensions, limits, enlarging=False):
        return  # 3.0 stops at the region, 2.x does not
    two = planned(GRAMMAR_2, request, source, limits)
    assert rendering_key(two) == rendering_key(three)
    enlarging = planned(GRAMMAR_3, (region, f"^{size}", rotation, ending), source, limits)
    assert rendering_key(enlarging) == rendering_key(two)


@settings(max_examples=300)
@given(region=sources, limits=limit_sets, enlarging=st.booleans())
def test_the_largest_size_is_within_the_limits_and_no_larger_one_is(
    region: Dimensions, limits: Limits, enlarging: bool
) -> None:
    found = largest(region, limits, enlarging=enlarging)
    assert limits.exceeded_by(found.width, found.height) is None
    if enlarging:
        assume(limits.max_output_side or limits.max_output_pixels < 10**8)
    else:
        assert found.width <= region.width
        assert found.height <= region.height
    if found.width != region.width or enlarging:
        wider = found.width + 1
        exact = Fraction(wider * region.height, region.width)
        heights = [max(1, whole(exact)) for whole in (math.floor, math.ceil)]
        assert any(limits.exceeded_by(wider, height) for height in heights), "but for what rounding makes of the height"


def test_a_key_tells_all_that_pixels_depend_on_apart() -> None:
    requests_ = [
        "full/max/0/default.jpg",
        "0,0,299,200/max/0/default.jpg",
        "0,0,299,200/300,200/0/default.jpg",
        "full/150,/0/default.jpg",
        "full/150,101/0/default.jpg",
        "full/max/90/default.jpg",
        "full/max/!90/default.jpg",
        "full/max/0/gray.jpg",
        "full/max/0/bitonal.jpg",
        "full/max/0/default.png",
    ]
    keys = [rendering_key(planned(GRAMMAR_2, tuple(r.split("/")), Dimensions(300, 200), Limits())) for r in requests_]
    assert len(set(keys)) == len(keys)
