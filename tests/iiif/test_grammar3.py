"""The grammar of the Image API 3.0 where it differs from 2.1; regions, rotations and qualities are read by one code."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrclip.errors import InvalidParameter
from omrclip.iiif.grammar import GRAMMAR_2, GRAMMAR_3
from omrclip.iiif.request import (
    BestFitSize,
    ExactSize,
    Format,
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

SIZES = {
    "max": MaxSize(),
    "150,": WidthSize(150, enlarging=False),
    ",150": HeightSize(150, enlarging=False),
    "pct:50": PercentSize(Decimal(50), enlarging=False),
    "pct:12.5": PercentSize(Decimal("12.5"), enlarging=False),
    "225,100": ExactSize(225, 100, enlarging=False),
    "!225,100": BestFitSize(225, 100, enlarging=False),
}
ENLARGING = {
    "^max": MaxSize(enlarging=True),
    "^360,": WidthSize(360),
    "^,240": HeightSize(240),
    "^pct:120": PercentSize(Decimal(120)),
    "^360,360": ExactSize(360, 360),
    "^!360,360": BestFitSize(360, 360),
}


@pytest.mark.parametrize(("text", "size"), [*SIZES.items(), *ENLARGING.items()])
def test_sizes(text: str, size: object) -> None:
    assert GRAMMAR_3.parse_size(text) == size


NUMBERS = ["", " 1", "1 ", "+1", "-1", "1e2", "0x10", "１", "٣", "1_0", "1,", "nan", "1\n", "1\x00", "9" * 40]
WRONG = ["full", "^full", "^", "^^max", "^ max", "!max", "^!max", "MAX", "max^", "^^10,", "!^10,10", ",^10", "10,^10"]
WRONG += [
    ",",
    "^,",
    "!,",
    "^!,",
    "!10,",
    "!,10",
    "^!10,",
    "^!,10",
    "10",
    "^10",
    "10,10,",
    "pct:50,",
    "!pct:50",
    "pct:^50",
]


@pytest.mark.parametrize(
    "text",
    [*WRONG, *(f"^!{number},10" for number in NUMBERS), *(f"^pct:{number}" for number in NUMBERS)],
)
def test_everything_else_is_refused_naming_the_size(text: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        GRAMMAR_3.parse_size(text)
    assert refused.value.details["parameter"] == "size"
    assert refused.value.message.startswith("size: expected max, ")


@pytest.mark.parametrize("text", ["full", *(text for text in ENLARGING)])
def test_a_size_of_one_version_alone_is_refused_by_the_other(text: str) -> None:
    stranger = GRAMMAR_3 if text == "full" else GRAMMAR_2
    with pytest.raises(InvalidParameter):
        stranger.parse_size(text)


@pytest.mark.parametrize("text", SIZES)
def test_without_a_caret_the_versions_differ_only_in_what_may_be_enlarged(text: str) -> None:
    two, three = GRAMMAR_2.parse_size(text), GRAMMAR_3.parse_size(text)
    assert type(two) is type(three)
    assert not three.enlarging
    assert two.enlarging is (text != "max")


def test_a_whole_request() -> None:
    assert GRAMMAR_3.parse("125,15,120,140", "^!90,90", "!345", "gray.pdf") == ImageRequest(
        PixelRegion(125, 15, 120, 140),
        BestFitSize(90, 90),
        Rotation(Decimal(345), mirrored=True),
        Quality.GRAY,
        Format.PDF,
    )
    assert GRAMMAR_3.parse("square", "max", "0", "default.jpg") == ImageRequest(SquareRegion(), MaxSize())


texts = st.text(max_size=30) | st.text("^!,pct:0123456789.maxful", max_size=12)


@given(texts, texts, texts, texts)
def test_any_text_is_read_or_refused(region: str, size: str, rotation: str, quality_format: str) -> None:
    with suppress(InvalidParameter):
        GRAMMAR_3.parse(region, size, rotation, quality_format)
    with suppress(InvalidParameter):
        GRAMMAR_3.parse_size(size)


@pytest.mark.parametrize("decimals", [11, 40, 900])
def test_numbers_may_have_any_number_of_decimals(decimals: int) -> None:
    """Section 4: floating point numbers are written with as many digits as one likes."""
    third = "33." + "3" * decimals
    asked = GRAMMAR_3.parse(f"pct:{third},0,{third},100", f"pct:{third}", third, "default.jpg")
    assert asked.region == PercentRegion(Decimal(third), Decimal(0), Decimal(third), Decimal(100))
    assert asked.size == PercentSize(Decimal(third), enlarging=False)
    assert asked.rotation == Rotation(Decimal("33.3333333333"))
