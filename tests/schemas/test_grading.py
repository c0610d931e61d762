"""The rules of grading and the grades as JSON."""

import json
from typing import Any

import pytest

from omrclip.errors import InvalidRequest
from omrclip.omr.grading import grade
from omrclip.schemas.grading import dump_grades, grades_to_bytes, load_rules


def question(name: str = "Question1", **changes: Any) -> dict[str, Any]:
    return {"QuestionName": name, "ToGrade": True, "Answer": "B", **changes}


def rules(*questions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    page = {"PageId": "Page1", "CorrectPoints": 1, "QuestionRules": list(questions or [question()]), **changes}
    return {"Pages": [page]}


def loaded(document: Any) -> Any:
    return load_rules(json.dumps(document), "FunctionParam")


def test_the_worked_example() -> None:
    document = rules(
        question("Question1", Answer="B"),
        question("Question2", Answer="ED"),
        question("Question3", Answer="EB", CorrectPoints=2.5),
        question("Question4", Answer="A", EmptyPoints="-0.30"),
        question("Question5", Answer="C"),
        question("Name", ToGrade=False, Answer=None),
        IncorrectPoints=-0.1,
        EmptyPoints=0,
        IncompleteAnswersAllowed=True,
        IncompleteAnswerPoints=0.5,
    )
    answers = {"Question1": ["B"], "Question2": ["D"], "Question3": ["BE"], "Question4": [""], "Question5": ["A"]}
    (page,) = dump_grades(grade(loaded(document), answers))["Pages"]
    told = [(one["QuestionName"], one["Points"], one["Response"], one["IsCorrect"]) for one in page["QuestionGrades"]]
    assert told == [
        ("Question1", 1, "B", True),
        ("Question2", 0.5, "D", False),
        ("Question3", 2.5, "BE", True),
        ("Question4", -0.3, "", False),
        ("Question5", -0.1, "A", False),
    ]
    assert page["QuestionGrades"][1]["CorrectAnswer"] == "ED"
    assert {key: page[key] for key in list(page)[:4]} == {
        "PageId": "Page1",
        "TotalPoints": 3.6,
        "MaxPossiblePoints": 6.5,
        "GradedQuestions": 5,
    }


def test_points_are_written_with_the_digits_of_the_rules() -> None:
    three = rules(question("Q1"), question("Q2"), question("Q3"), CorrectPoints=0.1)
    data = grades_to_bytes(grade(loaded(three), {"Q1": ["B"], "Q2": ["B"], "Q3": ["B"]}))
    assert b'"TotalPoints": 0.3,' in data
    assert b'"Points": 0.1,' in data


def test_the_file_is_json_in_utf_8() -> None:
    data = grades_to_bytes(grade(loaded(rules(question("Größe"))), {"Größe": ["B"]}))
    assert "Größe".encode() in data
    assert json.loads(data)["Pages"][0]["TotalPoints"] == 1


def test_keys_may_begin_with_a_small_letter() -> None:
    small = {"pages": [{"pageId": 3, "correctPoints": 2, "questionRules": [{"questionName": "Q", "answer": "A"}]}]}
    assert dump_grades(grade(loaded(small), {"Q": ["A"]}))["Pages"][0]["TotalPoints"] == 2


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({}, "FunctionParam.Pages"),
        ({"Pages": {}}, "FunctionParam.Pages"),
        ({"Pages": []}, "FunctionParam.Pages"),
        ({"Pages": [7]}, "FunctionParam.Pages[0]"),
        (rules(QuestionRules=None), "FunctionParam.Pages[0].QuestionRules"),
        (rules(CorrectPoints="much"), "FunctionParam.Pages[0].CorrectPoints"),
        (rules(CorrectPoints=1e9), "FunctionParam.Pages[0].CorrectPoints"),
        (rules(CorrectPoints=1e-30), "FunctionParam.Pages[0].CorrectPoints"),
        (rules(CorrectPoints=True), "FunctionParam.Pages[0].CorrectPoints"),
        (rules(CorrectPoints=None), "FunctionParam.Pages[0].QuestionRules[0].CorrectPoints"),
        (rules(IncorectPoints=-1), "FunctionParam.Pages[0].IncorectPoints"),
        (rules(question(), question()), "FunctionParam.Pages[0].QuestionRules[1].QuestionName"),
        (rules(question(""), question()), "FunctionParam.Pages[0].QuestionRules[0].QuestionName"),
        (rules(question(Answer="")), "FunctionParam.Pages[0].QuestionRules[0].Answer"),
        (rules(question(Answer=4)), "FunctionParam.Pages[0].QuestionRules[0].Answer"),
        (rules(question(ToGrade="perhaps")), "FunctionParam.Pages[0].QuestionRules[0].ToGrade"),
        (rules(question(ToGrade=False)), "FunctionParam.Pages"),
    ],
)
def test_wrong_rules_are_named_by_their_path(document: Any, path: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        loaded(document)
    fields = refused.value.details["fields"]
    assert isinstance(fields, list)
    assert [field["path"] for field in fields] == [path]


def test_answers_can_be_compared_in_order() -> None:
    document = rules(question(Answer="324", InOrder=True), question("Q2", Answer="324"))
    page = grade(loaded(document), {"Question1": ["432"], "Q2": ["432"]})[0]
    assert [one.is_correct for one in page.grades] == [False, True]


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="FunctionParam: expected JSON"):
        load_rules("{", "FunctionParam")
