"""The order in which letters are drawn. What is expected is what the reference implementation of the standard gives."""

import pytest

from omrclip.omr.authoring.generation.direction import drawn_order, is_right_to_left
from omrclip.omr.authoring.generation.fonts import fitting, width, wrapped
from omrclip.omr.authoring.generation.forms import generate
from omrclip.omr.authoring.generation.shapes import Font
from omrclip.omr.template import ChoiceBox, Template


@pytest.mark.parametrize(
    ("text", "is_from_right", "drawn"),
    [
        ("plain (text) 5%", False, "plain (text) 5%"),
        ("אב גד", True, "דג בא"),
        ("אב 2026 (House two)", True, "(House two) 2026 בא"),
        ("House (אב) 2026", False, "House (בא) 2026"),
        ("אב (House)", True, "(House) בא"),
        ("WHO אב", True, "בא WHO"),
        ("WHO אב", False, "WHO בא"),
        ("אב 12/05/2026.", True, ".12/05/2026 בא"),
        ("אב 03-1234567", True, "03-1234567 בא"),
        ("אב 50% או $5", True, "$5 וא 50% בא"),
        ("[אב] a", True, "a [בא]"),
        ("a) אב (", False, "a) בא ("),
        ("אב, גד, ab", False, "דג ,בא, ab"),
        ("«אב»", True, "«בא»"),
        ("", True, ""),
    ],
)
def test_letters_are_drawn_in_the_order_of_the_standard(text: str, is_from_right: bool, drawn: str) -> None:
    assert drawn_order(text, is_from_right) == drawn


def test_points_stand_behind_their_letters() -> None:
    assert drawn_order("א\u05b8ב\u05bc\u05b7", True) == "ב\u05bc\u05b7א\u05b8"


def test_arabic_letters_are_joined_with_ligatures_that_the_fonts_have() -> None:
    assert drawn_order("\u0627\u0644\u0644\u0647", True)[::-1] == "\ufe8d\ufedf\ufee0\ufeea"
    assert len(drawn_order("\u0644\u0627", True)) == 1


@pytest.mark.parametrize(("text", "expected"), [("1. אב", True), ("ab אב", False), ("12", False), ("دار", True)])
def test_the_first_letter_tells_the_direction(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


def _boxes(template: Template) -> dict[str, ChoiceBox]:
    return {one.name or "": one for one in template.pages[0].elements if isinstance(one, ChoiceBox)}


def test_answers_of_texts_from_right_to_left_begin_at_the_right() -> None:
    source = "#אב?\n\t() גד () הו\n\n?checkbox=אב\n?content=ג\n?content=ד\n&checkbox\n?container=\n?block=\n"
    source += "?vertical_choicebox=V\n?answer=a\n?content=אב\n&answer\n&vertical_choicebox\n&block\n&container\n"
    boxes = _boxes(generate(source.encode(), "form").template)
    width = 2480
    for name in ("Question1", "אב"):
        lefts = [bubble.left for bubble in boxes[name].bubbles]
        assert lefts[0] > lefts[1] > width / 2
    assert boxes["V"].left > width / 2
    plain = _boxes(
        generate(
            source.replace("?vertical_choicebox=V", "?vertical_choicebox=V\n\tbubble_position=left").encode(), "form"
        ).template
    )
    assert plain["V"].left < width / 2


def test_long_words_are_broken_behind_hyphens() -> None:
    font = Font()
    word = "Brzęczyszczykiewicz-Święcicka"
    assert wrapped(word, font, width(word, font) - 1) == ["Brzęczyszczykiewicz-", "Święcicka"]
    assert len(wrapped("a" * 40, font, width("a" * 20, font))) == 2


def test_words_in_the_head_of_a_table_are_made_smaller_rather_than_broken() -> None:
    font = Font(50)
    room = width("Neutral", font) * 0.8
    assert fitting(["", "Neutral a"], font, room, 33).size == pytest.approx(40)
    assert fitting(["Neutral"], font, room / 4, 33).size == 33
    assert fitting(["a"], font, room, 33) is font


def test_accents_of_their_own_are_joined_with_their_letters() -> None:
    form = generate("?grid=Sche\u0301ma\n".encode(), "form")
    assert [one.name for one in form.template.pages[0].elements][-1] == "Schéma"
