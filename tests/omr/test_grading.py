"""Grading: the points of each case, and answers that do not fit the rules."""

from decimal import Decimal

import pytest

from omrclip.errors import InvalidRequest
from omrclip.omr.grading import PageGrade, Points, Question, QuestionGrade, RulesPage, grade, read_answers

POINTS = Points(Decimal("1"), Decimal("-0.25"), Decimal("0.1"), Decimal("0.5"), incomplete_allowed=True)
STRICT = Points(Decimal("1"), Decimal("-0.25"), Decimal("0.1"), Decimal("0.5"))


def graded(answer: str, response: str, points: Points = POINTS, *, in_order: bool = False) -> QuestionGrade:
    page = RulesPage("Page1", (Question("Question1", answer, points, in_order),))
    return grade([page], {"Question1": [response]})[0].grades[0]


@pytest.mark.parametrize(
    ("answer", "response", "points", "is_correct"),
    [
        ("B", "B", "1", True),
        ("EB", "BE", "1", True),
        ("E B", "BE", "1", True),
        ("A, K", "K,A", "1", True),
        ("True,False", "False,True", "1", True),
        ("ED", "D", "0.5", False),  # the worked example of the protocol
        ("ABC", "CA", "1.0", False),
        ("Yes,No,Maybe", "No,Maybe", "1.0", False),
        ("ED", "", "0.1", False),
        ("ED", "DA", "-0.25", False),
        ("ED", "DEA", "-0.25", False),
        ("B", "b", "-0.25", False),
        ("True,False", "True", "0.5", False),
        ("B", ",", "-0.25", False),
        ("Good", "Good", "1", True),
        ("1223", "2213", "-0.25", False),
        ("1223", "123", "-0.25", False),
    ],
)
def test_the_points_of_an_answer(answer: str, response: str, points: str, is_correct: bool) -> None:
    found = graded(answer, response)
    assert (found.points, found.is_correct, found.response) == (Decimal(points), is_correct, response)


def test_an_incomplete_answer_is_wrong_unless_it_is_allowed() -> None:
    assert graded("ED", "D", STRICT).points == Decimal("-0.25")


@pytest.mark.parametrize(("response", "points"), [("324", "1"), ("432", "-0.25"), ("32", "-0.25"), ("", "0.1")])
def test_a_number_is_compared_in_order(response: str, points: str) -> None:
    assert graded("324", response, in_order=True).points == Decimal(points)


def test_sums_are_exact() -> None:
    tenth = Points(Decimal("0.1"))
    page = RulesPage(7, tuple(Question(f"Q{n}", "A", tenth) for n in range(30)))
    (found,) = grade([page], {f"Q{n}": ["A"] for n in range(30)})
    assert (found.points, found.most_points, found.page_id) == (Decimal("3.0"), Decimal("3.0"), 7)


def page_of(*names: str) -> RulesPage:
    questions = (Question(name, "A", POINTS, path=f"$.{name}") for name in names)
    return RulesPage(names[0], tuple(questions))


def test_pages_that_the_sheet_does_not_show_are_left_out() -> None:
    found = grade([page_of("Q1", "Q2"), page_of("Q3")], {"Q1": ["A"], "Q2": ["B"], "Other": ["A", "B"]})
    assert [page.page_id for page in found] == ["Q1"]
    assert [one.is_correct for one in found[0].grades] == [True, False]


@pytest.mark.parametrize(
    ("answers", "problems"),
    [
        ({"Q1": ["A"]}, ["$.Q2"]),
        ({"Q1": ["A"], "Q2": ["A", "B"]}, ["$.Q2"]),
        ({"Other": ["A"]}, ["$.Q1", "$.Q2", "$.Q3"]),
        ({}, ["$.Q1", "$.Q2", "$.Q3"]),
    ],
)
def test_answers_that_do_not_fit_are_refused(answers: dict[str, list[str]], problems: list[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        grade([page_of("Q1", "Q2"), page_of("Q3")], answers)
    fields = refused.value.details["fields"]
    assert isinstance(fields, list)
    assert [field["path"] for field in fields] == problems


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("Q1:A\nQ2:\n", {"Q1": ["A"], "Q2": [""]}),
        ("\ufeffQ1: A \r\nQ2:BE\r\n", {"Q1": ["A"], "Q2": ["BE"]}),
        ("Q1:A\nQ1:B\n", {"Q1": ["A", "B"]}),
        ("Site:http://x/\n", {"Site": ["http://x/"]}),
        ("Why: a:b:C\nWhy:D\n", {"Why: a:b": ["C"], "Why": ["D"]}),
        ("nothing\n\n", {"nothing": [""]}),
        ("", {}),
    ],
)
def test_lines_are_read_by_the_names_of_the_questions(text: str, answers: dict[str, list[str]]) -> None:
    assert read_answers(text, ["Q1", "Q2", "Why", "Why: a:b"]) == answers


def test_no_question_gives_no_points() -> None:
    assert PageGrade("x", ()).points == 0
