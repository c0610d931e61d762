"""Forms from Markdown: what they contain, that they are read, and mistakes."""

import pytest

from omrclip.errors import InvalidMarkup
from omrclip.imaging.codec import decode
from omrclip.omr.authoring.generation.forms import generate
from omrclip.omr.template import ChoiceBox, ClipArea
from tests.omr.authoring.generation.rehearsed import outcome

SOURCE = b"""# Feedback on the course

Thank you
for your time.

Name: ___

1. How was the course?
   - [ ] Very good
   - [ ] Fair
   - [ ] Poor

2. Would you come again?

- [ ] Yes
- [ ] No

| What do you think? | Agree | Disagree |
| --- | :---: | --- |
| The room was warm | | |
| The food was good | | |

## The end
"""


def test_a_form_from_markdown_is_read() -> None:
    form = generate(SOURCE, "feedback", is_markdown=True)
    assert form.warnings == ()
    named = {element.name: element for element in form.template.pages[0].elements}
    assert isinstance(named["Name"], ClipArea)
    values = {
        name: [bubble.value for bubble in element.bubbles]
        for name, element in named.items()
        if isinstance(element, ChoiceBox)
    }
    assert values == {
        "Question1": ["A", "B", "C"],
        "Question2": ["A", "B"],
        "The room was warm": ["Agree", "Disagree"],
        "The food was good": ["Agree", "Disagree"],
    }
    (image,) = form.page_images()
    told = outcome(form.template, decode(image), range(2), image)
    assert (told.refused, told.wrong, told.fields) == ([], [], 8)


@pytest.mark.parametrize(
    ("source", "place", "told"),
    [
        ("- [ ] Yes", "line 1, column 1", "1. How was it?"),
        ("# a\n1. How?\n\nText", "line 2, column 1", "- [ ] Yes"),
        ("1. How?", "line 1, column 1", "- [ ] Yes"),
        ("1. How?\n- [ ] Yes\n- [x] No", "line 3, column 1", "Write - [ ] No"),
        ("1. How?\n-[ ] Yes", "line 2, column 1", "Write - [ ] Yes"),
        ("1. How?\n  * Yes", "line 2, column 3", "Write - [ ] Yes"),
        ("a\n\nName: ___ Date: ___", "line 3, column 1", "a line of its own"),
        ("Name: ___ (in capitals)", "line 1, column 1", "a line of its own"),
        ("a\n\n___", "line 3, column 1", "Name: ___"),
        ("  | a | b |\n| c | d |", "line 1, column 3", "|---|---|---|"),
        ("| a | b |\n|---|---|", "line 1, column 1", "| It was warm | | |"),
        ("| | b |\n|---|---|\n| c | d |", "line 3, column 1", "1 empty cells"),
        ("", "line 1, column 1", "The form is empty"),
    ],
)
def test_mistakes_are_told(source: str, place: str, told: str) -> None:
    with pytest.raises(InvalidMarkup) as refused:
        generate(source.encode(), "form", is_markdown=True)
    first = str(refused.value.problems[0])
    assert first.startswith(f"{place}: ")
    assert told in first


def test_dashes_begin_another_page() -> None:
    question = "1. How was it?\n- [ ] Good\n- [ ] Bad\n"
    form = generate(f"{question}---\n{question}\n---\n".encode(), "form", is_markdown=True)
    names = [[one.name for one in page.elements if isinstance(one, ChoiceBox)] for page in form.template.pages]
    assert names == [["Question1"], ["Question2"]]


def test_a_list_after_an_empty_line_is_text() -> None:
    form = generate(b"1. How?\n- [ ] Yes\n\n- Thank you", "form", is_markdown=True)
    (box,) = (one for one in form.template.pages[0].elements if isinstance(one, ChoiceBox))
    assert len(box.bubbles) == 1


def test_what_markdown_shows_otherwise_is_told() -> None:
    source = "# A\n\nIt is **bold**, `code`,\n[a link](b) and ![a](c.png).\n> quoted\n\n- listed\n\n"
    source += "1. 2 * 3 * 4 in x__y__z?\n- [ ] a_b\n"
    told = [str(one).split(" is printed")[0] for one in generate(source.encode(), "form", is_markdown=True).warnings]
    assert told == [
        'line 3, column 7: "**bold**"',
        'line 4, column 1: "[a link](b)"',
        'line 5, column 1: "> quoted"',
        'line 7, column 1: "- listed"',
    ]
