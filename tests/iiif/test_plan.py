import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omrclip.errors import InvalidParameter, LimitExceeded
from omrclip.iiif.canonical import canonical2
from omrclip.iiif.grammar import GRAMMAR_2, GRAMMAR_3
from omrclip.iiif.plan import Plan, plan, plan_region
from omrclip.iiif.render import render_pixels
from omrclip.iiif.request import SquareRegion
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.source import DecodedImage
from omrclip.limits import Limits
from tests.grid import coloured_grid

IMAGE = Dimensions(300, 200)


def planned(request: str, source: Dimensions = IMAGE, limits: Limits | None = None) -> Plan:
    return plan(GRAMMAR_2.parse(*request.split("/")), source, limits or Limits())


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        ("0,0,0,10", "0 × 10 pixels"),
        ("0,0,10,0", "10 × 0 pixels"),
        ("300,0,10,10", "outside the image, which has 300 × 200"),
        ("0,200,10,10", "outside the image"),
        ("999999999,0,1,1", "outside the image"),
        ("pct:100,0,10,10", "outside the image"),
        ("pct:0,0,0,10", "a width and a height above 0"),
        ("pct:0,0,0.1,10", "0 × 20 pixels"),
    ],
)
def test_empty_regions_and_regions_outside_are_refused(region: str, reason: str) -> None:
    with pytest.raises(InvalidParameter, match=reason) as refused:
        planned(f"{region}/full/0/default.jpg")
    assert refused.value.details == {"parameter": "region"}


@pytest.mark.parametrize("size", ["0,", ",0", "0,0", "10,0", "!0,5", "!5,0", "pct:0", "pct:0.1"])
def test_sizes_of_nothing_are_refused(size: str) -> None:
    with pytest.raises(InvalidParameter, match="a width and a height above 0") as refused:
        planned(f"full/{size}/0/default.jpg")
    assert refused.value.details == {"parameter": "size"}


def test_a_side_that_comes_to_nothing_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="4 × 0 pixels"):
        planned("0,0,300,1/4,/0/default.jpg")


def test_the_width_of_a_level_gives_the_height_of_the_level() -> None:
    assert planned("0,0,300,1/1,/0/default.jpg").scaled == Dimensions(1, 1)
    assert planned("0,0,299,3/150,/0/default.jpg").scaled == Dimensions(150, 2)
    assert planned("0,0,299,3/149,/0/default.jpg").scaled == Dimensions(149, 1)


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ("299,199,1,1", Box(299, 199, 1, 1)),
        ("299,199,100,100", Box(299, 199, 1, 1)),
        ("0,0,999999999,999999999", Box(0, 0, 300, 200)),
        ("pct:0,0,200,200", Box(0, 0, 300, 200)),
        ("pct:0.5,0.25,0.5,0.25", Box(2, 1, 2, 1)),  # 1.5, 0.5, 1.5, 0.5: halves go up
    ],
)
def test_regions_are_cropped_at_the_edge(region: str, box: Box) -> None:
    assert planned(f"{region}/full/0/default.jpg").box == box


@pytest.mark.parametrize(
    ("source", "size", "scaled"),
    [
        (Dimensions(3, 2), "2,", Dimensions(2, 1)),  # 1.33
        (Dimensions(4, 2), "3,", Dimensions(3, 2)),  # 1.5: up
        (Dimensions(1000, 1), "!500,500", None),  # 0.5 goes up to 1
        (IMAGE, "!600,600", Dimensions(600, 400)),
        (IMAGE, "!10,1000", Dimensions(10, 7)),
        (IMAGE, "600,", Dimensions(600, 400)),
        (IMAGE, "pct:250", Dimensions(750, 500)),
    ],
)
def test_sizes(source: Dimensions, size: str, scaled: Dimensions | None) -> None:
    assert planned(f"full/{size}/0/default.jpg", source).scaled == (scaled or Dimensions(500, 1))


@pytest.mark.parametrize("size_and_turn", ["400,/0", "full/45", "9999999,1/0"])
def test_more_pixels_than_allowed_are_refused_before_any_is_made(size_and_turn: str) -> None:
    with pytest.raises(LimitExceeded) as refused:
        planned(f"full/{size_and_turn}/default.jpg", limits=Limits(max_output_pixels=300 * 200))
    assert refused.value.details == {"parameter": "size", "limit": "max_output_pixels", "maximum": 60_000}


@pytest.mark.parametrize("most", [1, 2, 7, 100, 59_999, 60_000, 60_001])
@pytest.mark.parametrize("source", [IMAGE, Dimensions(1, 900), Dimensions(900, 1), Dimensions(7, 13)])
def test_max_never_exceeds_the_limit(most: int, source: Dimensions) -> None:
    scaled = planned("full/max/0/default.jpg", source, Limits(max_output_pixels=most)).scaled
    assert 1 <= scaled.pixels <= max(most, 1)
    assert scaled.width <= source.width
    assert scaled.height <= source.height


real = st.decimals(0, 150, places=3).map(lambda d: format(d, "f"))
small = st.integers(0, 90).map(str)
regions = st.one_of(
    st.sampled_from(["full", "square"]),
    st.tuples(small, small, small, small).map(",".join),
    st.tuples(real, real, real, real).map(lambda numbers: "pct:" + ",".join(numbers)),
)
sizes = st.one_of(
    st.sampled_from(["full", "max"]),
    small.map(lambda n: f"{n},"),
    small.map(lambda n: f",{n}"),
    real.map(lambda n: f"pct:{n}"),
    st.tuples(small, small).map(",".join),
    st.tuples(small, small).map(lambda wh: "!" + ",".join(wh)),
)
rotations = st.one_of(st.sampled_from(["0", "90", "!180", "270.0", "360"]), real)


@pytest.mark.parametrize(
    ("source", "box"),
    [
        (Dimensions(300, 200), Box(50, 0, 200, 200)),
        (Dimensions(200, 300), Box(0, 50, 200, 200)),
        (Dimensions(201, 304), Box(0, 51, 201, 201)),
        (Dimensions(304, 201), Box(51, 0, 201, 201)),
        (Dimensions(90, 90), Box(0, 0, 90, 90)),
        (Dimensions(1, 7), Box(0, 3, 1, 1)),
    ],
)
def test_a_square_lies_in_the_middle_of_the_longer_side(source: Dimensions, box: Box) -> None:
    assert plan_region(SquareRegion(), source) == box


endings = st.tuples(st.sampled_from(["default", "color", "gray", "bitonal"]), st.sampled_from(["jpg", "png"]))


@settings(max_examples=300)
@given(st.integers(1, 70), st.integers(1, 70), regions, sizes, rotations, endings)
def test_the_canonical_form_is_stable_and_renders_the_same_pixels(
    width: int, height: int, region: str, size: str, rotation: str, ending: tuple[str, str]
) -> None:
    source = Dimensions(width, height)
    limits = Limits(max_output_pixels=5000)
    try:
        found = planned(f"{region}/{size}/{rotation}/{'.'.join(ending)}", source, limits)
    except (InvalidParameter, LimitExceeded):
        return
    canonical = canonical2(found, limits)
    again = planned(canonical, source, limits)
    assert canonical2(again, limits) == canonical
    image = DecodedImage(coloured_grid(width, height, square=5))
    rendered = render_pixels(found, image)
    assert rendered.shape[:2] == (found.output.height, found.output.width)
    assert (render_pixels(again, image) == rendered).all()


def planned3(size: str, source: Dimensions = IMAGE, limits: Limits | None = None) -> Dimensions:
    return plan(GRAMMAR_3.parse("full", size, "0", "default.jpg"), source, limits or Limits()).scaled


@pytest.mark.parametrize(
    ("size", "limits", "scaled"),
    [
        ("max", Limits(), (300, 200)),
        ("^max", Limits(), (300, 200)),  # the area that info.json declares
        ("max", Limits(max_output_pixels=60_000), (300, 200)),
        ("max", Limits(max_output_pixels=15_000), (150, 100)),
        ("max", Limits(max_output_pixels=14_999), (149, 99)),
        ("max", Limits(max_output_pixels=5), (2, 1)),
        ("max", Limits(max_output_pixels=1), (1, 1)),
        ("max", Limits(max_output_side=150), (150, 100)),
        ("max", Limits(max_output_side=300), (300, 200)),
        ("max", Limits(max_output_side=2), (2, 1)),
        ("^max", Limits(max_output_pixels=240_000), (600, 400)),
        ("^max", Limits(max_output_side=600), (600, 400)),
        ("^max", Limits(max_output_pixels=240_000, max_output_side=450), (450, 300)),
        ("max", Limits(max_output_pixels=240_000, max_output_side=450), (300, 200)),
    ],
)
def test_the_largest_size(size: str, limits: Limits, scaled: tuple[int, int]) -> None:
    assert planned3(size, limits=limits) == Dimensions(*scaled)


@pytest.mark.parametrize(
    ("source", "limits", "scaled"),
    [
        (Dimensions(200, 300), Limits(max_output_side=150), (100, 150)),
        (Dimensions(1, 900), Limits(max_output_side=100), (1, 100)),
        (Dimensions(900, 1), Limits(max_output_side=100), (100, 1)),
        (Dimensions(1, 900), Limits(max_output_pixels=100), (1, 100)),
        (Dimensions(3, 900), Limits(max_output_pixels=100), (1, 100)),
    ],
)
def test_the_largest_size_of_narrow_images(source: Dimensions, limits: Limits, scaled: tuple[int, int]) -> None:
    assert planned3("max", source, limits) == Dimensions(*scaled)


def test_a_region_is_enlarged_to_the_area_of_the_image() -> None:
    """Image API 3.0, sections 4.2 and 5.7: `^max` fills the maxArea that info.json declares."""
    found = plan(GRAMMAR_3.parse("0,0,150,50", "^max", "0", "default.jpg"), IMAGE, Limits()).scaled
    assert found == Dimensions(424, 141)
    assert found.pixels <= IMAGE.pixels


@pytest.mark.parametrize(("source", "size"), [(Dimensions(300, 1), "1,"), (Dimensions(1, 300), ",1")])
def test_a_side_that_comes_to_zero_is_refused(source: Dimensions, size: str) -> None:
    """Image API 3.0, section 4.2."""
    with pytest.raises(InvalidParameter, match="a width and a height above 0"):
        planned3(size, source)


@pytest.mark.parametrize(
    "size", ["301,", ",201", "301,200", "300,201", "pct:100.5", "pct:100.1", "pct:100.000000000000000000000000000001"]
)
def test_without_a_caret_nothing_is_enlarged(size: str) -> None:
    with pytest.raises(InvalidParameter, match=r"more than the region's 300 × 200\. Put \^ before") as refused:
        planned3(size)
    assert refused.value.details == {"parameter": "size"}


@pytest.mark.parametrize("size", ["300,", ",200", "300,200", "^300,", "pct:100"])
def test_the_region_s_own_size_is_no_enlargement(size: str) -> None:
    assert planned3(size) == IMAGE


STRICT = Limits(refuse_large_best_fit=True)


@pytest.mark.parametrize("size", ["!301,201", "!900,900"])
def test_a_best_fit_above_the_region_is_refused_where_the_settings_say_so(size: str) -> None:
    with pytest.raises(InvalidParameter, match="is more than the region's 300 × 200") as refused:
        planned3(size, limits=STRICT)
    assert refused.value.details == {"parameter": "size"}


@pytest.mark.parametrize(
    ("size", "limits", "scaled"),
    [
        ("!300,201", STRICT, (300, 200)),
        ("!301,200", STRICT, (300, 200)),
        ("!900,100", STRICT, (150, 100)),
        ("^!600,600", STRICT, (600, 400)),
        ("!900,900", Limits(), (300, 200)),
        ("!150,150", Limits(), (150, 100)),
    ],
)
def test_a_best_fit_lies_within_its_bounds(size: str, limits: Limits, scaled: tuple[int, int]) -> None:
    assert planned3(size, limits=limits) == Dimensions(*scaled)


def test_the_message_of_a_limit_names_the_size_and_the_limit() -> None:
    with pytest.raises(
        LimitExceeded, match="size: the image would have 300 × 200 pixels, more than max_output_pixels allows"
    ):
        planned("full/full/0/default.jpg", limits=Limits(max_output_pixels=1000))


def test_sizes_of_nothing_tell_both_sides() -> None:
    with pytest.raises(InvalidParameter, match="0 × 0 pixels"):
        planned("full/0,/0/default.jpg")
