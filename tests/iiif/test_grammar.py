from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrclip.errors import InvalidParameter
from omrclip.iiif.grammar import GRAMMAR_2, parse_quality_format, parse_region, parse_rotation
from omrclip.iiif.request import (
    BestFitSize,
    ExactSize,
    Format,
    FullRegion,
    FullSize,
    HeightSize,
    ImageRequest,
    MaxSize,
    PercentRegion,
    PercentSize,
    PixelRegion,
    Quality,
    Rotation,
    SquareRegion,
    WidthSize,
)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("full", FullRegion()),
        ("square", SquareRegion()),
        ("0,0,0,0", PixelRegion(0, 0, 0, 0)),
        ("007,15,120,140", PixelRegion(7, 15, 120, 140)),
        ("pct:41.6,7.5,40,70", PercentRegion(Decimal("41.6"), Decimal("7.5"), Decimal(40), Decimal(70))),
        ("pct:0.0000000001,0,200,100", PercentRegion(Decimal("0.0000000001"), Decimal(0), Decimal(200), Decimal(100))),
    ],
)
def test_regions(text: str, region: object) -> None:
    assert parse_region(text) == region


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("full", FullSize()),
        ("max", MaxSize()),
        ("150,", WidthSize(150)),
        (",150", HeightSize(150)),
        ("pct:50", PercentSize(Decimal(50))),
        ("pct:12.5", PercentSize(Decimal("12.5"))),
        ("225,100", ExactSize(225, 100)),
        ("!225,100", BestFitSize(225, 100)),
    ],
)
def test_sizes(text: str, size: object) -> None:
    assert GRAMMAR_2.parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "rotation"),
    [
        ("0", Rotation()),
        ("22.5", Rotation(Decimal("22.5"))),
        ("360", Rotation(Decimal(360))),
        ("!0", Rotation(Decimal(0), mirrored=True)),
        ("!180.0", Rotation(Decimal(180), mirrored=True)),
    ],
)
def test_rotations(text: str, rotation: Rotation) -> None:
    assert parse_rotation(text) == rotation


NUMBERS = ["", " 1", "1 ", "+1", "-1", "1e2", "0x10", "１", "٣", "1_0", "1,", "nan", "inf", "1\n", "1\x00", "9" * 40]


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        *[("region", f"{number},0,10,10") for number in NUMBERS],
        *[("region", f"pct:0,0,10,{number}") for number in NUMBERS],
        *[("size", f"!{number},10") for number in NUMBERS],
        *[("size", f"pct:{number}") for number in NUMBERS],
        *[("rotation", number) for number in NUMBERS],
        *[
            ("region", text)
            for text in ("Full", "full ", "0,0,10", "0,0,10,10,10", "pct:", "pct:.5,0,1,1", "pct:5.,0,1,1")
        ],
        *[("region", text) for text in ("1.5,0,10,10", "square,", "pct:1,2,3", "*")],
        *[
            ("size", text)
            for text in (",", "!", "!,", "!10,", "!,10", "10", "10,10,", "^max", "^10,", "pct:50,", "MAX")
        ],
        *[("rotation", text) for text in ("361", "360.1", "!", "!!0", "0!", ".5", "90.", "ninety", "!-90")],
        *[("quality", text) for text in ("default", "native.jpg", "Default.jpg", "grey.jpg", ".jpg", "default.")],
        *[("format", text) for text in ("default.bmp", "default.jpeg", "gray.eps", "color.svg")],
        *[("quality", text) for text in ("default.JPG", "default.jpg.", "default.jpg/x", "de fault.jpg")],
    ],
)
def test_everything_else_is_refused_naming_the_parameter(parameter: str, text: str) -> None:
    parsers = {
        "region": parse_region,
        "size": GRAMMAR_2.parse_size,
        "rotation": parse_rotation,
        "quality": parse_quality_format,
        "format": parse_quality_format,
    }
    with pytest.raises(InvalidParameter) as refused:
        parsers[parameter](text)
    assert refused.value.details["parameter"] == parameter
    assert refused.value.message.startswith(f"{parameter}: expected ")


@pytest.mark.parametrize(
    ("region", "size", "rotation", "parameter"),
    [
        ("pct:1.12345678901,0,1,1", "full", "0", "region"),
        ("full", "pct:50.12345678901", "0", "size"),
        ("full", "full", "22.12345678901", "rotation"),
    ],
)
def test_more_than_ten_decimals_are_refused(region: str, size: str, rotation: str, parameter: str) -> None:
    with pytest.raises(InvalidParameter, match="at most ten decimals") as refused:
        GRAMMAR_2.parse(region, size, rotation, "default.jpg")
    assert refused.value.details["parameter"] == parameter


def test_a_whole_request() -> None:
    assert GRAMMAR_2.parse("125,15,120,140", "90,", "!345", "gray.jpg") == ImageRequest(
        PixelRegion(125, 15, 120, 140), WidthSize(90), Rotation(Decimal(345), mirrored=True), Quality.GRAY, Format.JPG
    )


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_read_or_refused(region: str, size: str, rotation: str, quality_format: str) -> None:
    with suppress(InvalidParameter):
        GRAMMAR_2.parse(region, size, rotation, quality_format)
