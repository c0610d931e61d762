"""Grading: compare the answers of a sheet with the right ones, and count points.

The rules are those of the action GradeAnswers of OMR cloud services. Points are decimal numbers, because sums of binary
fractions such as 0.1 would be wrong in the last digit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from omrclip.errors import InvalidRequest, Problem, more_problems, problem_details

Answers = Mapping[str, Sequence[str]]
"""The values of each element of a sheet by its name. Elements with the same name have several values."""

_EXACT = Context(prec=100)
"""Sums and products of points have fewer digits than this, see `schemas.grading`, so nothing is rounded."""


@dataclass(frozen=True, slots=True)
class Points:
    """The points of one question.

    Attributes:
        correct: for all keys of the right answer and no other.
        incorrect: for any other answer.
        empty: for no answer.
        incomplete: for each right key, if some keys are missing and none is wrong.
        incomplete_allowed: whether `incomplete` counts. If not, such an answer is incorrect.
    """

    correct: Decimal
    incorrect: Decimal = Decimal(0)
    empty: Decimal = Decimal(0)
    incomplete: Decimal = Decimal(0)
    incomplete_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question that is graded.

    Attributes:
        name: the name of the element that was read.
        answer: the right answer.
        points: the points.
        in_order: whether answers are compared as texts. If not, they are compared as sets of keys (see `keys_of`),
            unless the right answer has a character twice, such as `Good` or 1223, which no set has.
        path: its place in the rules, for messages.
    """

    name: str
    answer: str
    points: Points
    in_order: bool = False
    path: str = "$"


@dataclass(frozen=True, slots=True)
class RulesPage:
    """The questions of one page. `page_id` is copied to the result."""

    page_id: str | float | None
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class QuestionGrade:
    """The points that an answer got."""

    question: Question
    response: str
    points: Decimal
    is_correct: bool


@dataclass(frozen=True, slots=True)
class PageGrade:
    """The grades of the questions of one page, in the order of the rules."""

    page_id: str | float | None
    grades: tuple[QuestionGrade, ...]

    @property
    def points(self) -> Decimal:
        """The sum of the points."""
        return _sum(grade.points for grade in self.grades)

    @property
    def most_points(self) -> Decimal:
        """The points if every answer were correct."""
        return _sum(grade.question.points.correct for grade in self.grades)


def grade(pages: Sequence[RulesPage], answers: Answers) -> tuple[PageGrade, ...]:
    """Grade the answers of one sheet.

    A page is left out if none of its questions is among the answers, because a sheet may show only one of the pages.

    Raises:
        InvalidRequest: a question is missing or occurs several times among the answers, or no page has a question that
            occurs. `details["fields"]` lists all of these questions.
    """
    shown = [page for page in pages if any(question.name in answers for question in page.questions)]
    problems = [problem for page in shown or pages for problem in _problems(page, answers)]
    if problems:
        told = "; ".join(f"{problem.path}: expected {problem.expected}" for problem in problems[:3])
        message = f"The answers do not fit the rules. {told}{more_problems(problems, 3)}"
        raise InvalidRequest(message, **problem_details(problems))
    return tuple(
        PageGrade(page.page_id, tuple(_graded(q, answers[q.name][0]) for q in page.questions)) for page in shown
    )


def keys_of(text: str, *, with_commas: bool) -> frozenset[str]:
    """The keys of an answer: the parts between commas, or the characters; spaces around them do not count."""
    parts = text.split(",") if with_commas else text
    return frozenset(part.strip() for part in parts if part.strip())


def read_answers(text: str, names: Iterable[str]) -> dict[str, list[str]]:
    """The answers in a results file with lines `Name:Value`.

    Names and values may contain colons. So a line belongs to the longest of `names` that it begins with; the name of
    any other line ends at its first colon.
    """
    known = frozenset(names)
    lengths = sorted({len(name) for name in known}, reverse=True)
    answers: dict[str, list[str]] = {}
    for line in text.removeprefix("\ufeff").split("\n"):
        if not line.strip():
            continue
        fitting = (line[:length] for length in lengths if line[length : length + 1] == ":")
        name = next((name for name in fitting if name in known), line.partition(":")[0])
        answers.setdefault(name, []).append(line[len(name) + 1 :].strip())
    return answers


def _problems(page: RulesPage, answers: Answers) -> list[Problem]:
    problems = []
    for question in page.questions:
        values = answers.get(question.name, ())
        if len(values) != 1:
            found = f"{len(values)} have the name" if values else "none has the name"
            problems.append(Problem(question.path, f"the name of one answer of the sheet; {found} {question.name!r}"))
    return problems


def _graded(question: Question, response: str) -> QuestionGrade:
    points, answer = question.points, question.answer
    if not response:
        return QuestionGrade(question, response, points.empty, is_correct=False)
    with_commas = "," in answer + response
    right, given = (keys_of(text, with_commas=with_commas) for text in (answer, response))
    if question.in_order or (not with_commas and len(right) < len("".join(answer.split()))):
        right, given = frozenset({answer}), frozenset({response})
    if given == right:
        return QuestionGrade(question, response, points.correct, is_correct=True)
    if points.incomplete_allowed and given and given < right:
        part = _EXACT.multiply(points.incomplete, Decimal(len(given)))
        return QuestionGrade(question, response, part, is_correct=False)
    return QuestionGrade(question, response, points.incorrect, is_correct=False)


def _sum(points: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for number in points:
        total = _EXACT.add(total, number)
    return total
