"""The rules of grading and the grades, as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from marshmallow import ValidationError, post_load, pre_load

from omrclip.errors import Problem
from omrclip.limits import DEFAULT_LIMITS, Limits
from omrclip.omr.grading import PageGrade, Points, Question, QuestionGrade, RulesPage
from omrclip.schemas.fields import ElementName, Expected, NumberOrText, Text, TrueOrFalse, as_number
from omrclip.schemas.recognition_options import ObjectOf
from omrclip.schemas.wire import ListOf, WireSchema, invalid_request, load_strictly

MOST_POINTS: Final = 1_000_000
MOST_DECIMALS: Final = 20


class PointsNumber(Expected):
    """A number of points. Loads to Decimal: the decimal number that the document has, not the nearest binary one."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            f"a number from -{MOST_POINTS} to {MOST_POINTS} with at most {MOST_DECIMALS} decimals", **settings
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Decimal:
        number = as_number(value)
        if number is None or not -MOST_POINTS <= number <= MOST_POINTS:
            raise self.refusal(value)
        points = Decimal(value if isinstance(value, str) else repr(number))
        exponent = points.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -MOST_DECIMALS:
            raise self.refusal(value)
        return points

    def rule(self) -> dict[str, Any]:
        """A number in range, or a string that is one."""
        number = {"type": "number", "minimum": -MOST_POINTS, "maximum": MOST_POINTS}
        return {"anyOf": [number, {"type": "string", "pattern": r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$"}]}


class _RulesSchema(WireSchema):
    """The base of the schemas of rules. Clients of the cloud write keys in PascalCase or in camelCase."""

    @pre_load
    def begin_keys_with_capitals(self, data: Any, **_: Any) -> Any:
        """Write the keys in PascalCase."""
        return {key[:1].upper() + key[1:]: value for key, value in data.items()} if isinstance(data, dict) else data


class _PointsSchema(_RulesSchema):
    """The points of a page, and those of a question that differ."""

    correct_points = PointsNumber(load_default=None)
    incorrect_points = PointsNumber(load_default=None)
    empty_points = PointsNumber(load_default=None)
    incomplete_answer_points = PointsNumber(load_default=None)
    incomplete_answers_allowed = TrueOrFalse(load_default=None)


class QuestionRuleSchema(_PointsSchema):
    """The rule of one question."""

    question_name = ElementName(required=True)
    to_grade = TrueOrFalse(load_default=True)
    answer = Text(load_default="")
    in_order = TrueOrFalse(load_default=False)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Check the answer."""
        answer = data["answer"] = data["answer"].strip()
        if not data["to_grade"]:
            return data
        if not answer:
            raise ValidationError("the right answer of a question that is graded", field_name="Answer")
        return data


class RulesPageSchema(_PointsSchema):
    """The rules of one page."""

    page_id = NumberOrText(load_default=None)
    question_rules = ListOf(ObjectOf(QuestionRuleSchema()), "a list of rules", required=True)


class RulesSchema(_RulesSchema):
    """The rules of grading."""

    pages = ListOf(ObjectOf(RulesPageSchema()), "a list of pages", required=True)


_RULES = RulesSchema()
_POINTS = {
    "correct": "correct_points",
    "incorrect": "incorrect_points",
    "empty": "empty_points",
    "incomplete": "incomplete_answer_points",
    "incomplete_allowed": "incomplete_answers_allowed",
}


def load_rules(data: bytes | str, path: str = "$", limits: Limits = DEFAULT_LIMITS) -> tuple[RulesPage, ...]:
    """Read the rules of grading. Paths of problems begin with `path`.

    Raises:
        InvalidRequest: with all problems.
        LimitExceeded: the document has too many values.
    """
    loaded = load_strictly(_RULES, data, path, limits)
    problems: list[Problem] = []
    pages = tuple(_page(page, f"{path}.Pages[{index}]", problems) for index, page in enumerate(loaded["pages"]))
    names: set[str] = set()
    for question in (question for page in pages for question in page.questions):
        if question.name in names:
            problems.append(Problem(question.path, f"a name that no other question has, not {question.name!r}"))
        names.add(question.name)
    if not problems and not names:
        problems.append(Problem(f"{path}.Pages", "at least one question with ToGrade true"))
    if problems:
        raise invalid_request(problems)
    return pages


def _page(page: Mapping[str, Any], path: str, problems: list[Problem]) -> RulesPage:
    questions = []
    for index, rule in enumerate(page["question_rules"]):
        here = f"{path}.QuestionRules[{index}]"
        if rule["to_grade"]:
            points = _points(page, rule)
            if points is None:
                problems.append(Problem(f"{here}.CorrectPoints", "a number here or in the page; it is missing"))
                continue
            name, answer = rule["question_name"], rule["answer"]
            questions.append(Question(name, answer, points, rule["in_order"], f"{here}.QuestionName"))
    return RulesPage(page["page_id"], tuple(questions))


def _points(page: Mapping[str, Any], rule: Mapping[str, Any]) -> Points | None:
    """The points of a question: its own, else those of its page, else 0. None if nothing tells what is correct."""
    own = {name: page[key] if rule[key] is None else rule[key] for name, key in _POINTS.items()}
    given = {name: value for name, value in own.items() if value is not None}
    return replace(Points(Decimal(0)), **given) if "correct" in given else None


def dump_grades(pages: Sequence[PageGrade]) -> dict[str, Any]:
    """The grades of a sheet as JSON values."""
    return {"Pages": [_dump_page(page) for page in pages]}


def grades_to_bytes(pages: Sequence[PageGrade]) -> bytes:
    """The file `.grade` of a sheet: JSON in UTF-8."""
    return (json.dumps(dump_grades(pages), ensure_ascii=False, indent=2) + "\n").encode()


def _dump_page(page: PageGrade) -> dict[str, Any]:
    return {
        "PageId": page.page_id,
        "TotalPoints": as_json_number(page.points),
        "MaxPossiblePoints": as_json_number(page.most_points),
        "GradedQuestions": len(page.grades),
        "QuestionGrades": [_dump_question(grade) for grade in page.grades],
    }


def _dump_question(grade: QuestionGrade) -> dict[str, Any]:
    return {
        "QuestionName": grade.question.name,
        "Points": as_json_number(grade.points),
        "Response": grade.response,
        "CorrectAnswer": grade.question.answer,
        "IsCorrect": grade.is_correct,
    }


def as_json_number(points: Decimal) -> float:
    """The points as a number that `json` writes with the same digits, up to 15 of them."""
    return int(points) if points == points.to_integral_value() else float(points)
