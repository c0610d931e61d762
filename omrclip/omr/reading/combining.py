"""Results that depend on several elements: the sums of score groups, and the values that triggers replace."""

from collections.abc import Sequence
from dataclasses import replace

from omrclip.omr.results import ElementResult, ElementStatus
from omrclip.omr.template import (
    Barcode,
    ChoiceBox,
    Element,
    Grid,
    Page,
    ReplaceTrigger,
    ScoreAnswer,
    ScoreBubble,
    ScoreGroup,
    ScoreQuestion,
    is_target,
)
from omrclip.wording import ABOUT, Wording, joined

WORST_FIRST = (ElementStatus.UNCERTAIN, ElementStatus.MULTIPLE, ElementStatus.MARKED, ElementStatus.BLANK)

TARGETS_NOTHING = Wording("targets_nothing", "It replaces the value of '{target}', but that names nothing.")
TARGETS_SEVERAL = Wording("targets_several", "It replaces the value of '{target}', but that names {n} elements.")
REPLACED_PERHAPS = Wording("replaced_perhaps", "Whether a trigger replaces its value is not certain: {names}.")


def combined(page: Page, results: Sequence[ElementResult]) -> list[ElementResult]:
    """Return the results of a page's elements with sums and replaced values, in template order.

    Args:
        page: the page.
        results: what was read of each element alone, in template order.
    """
    read = [element for element in page.elements if isinstance(element, ChoiceBox | Grid | Barcode)]
    aimed: dict[str | None, list[int]] = {}
    for number, element in enumerate(read):
        if is_target(element):
            aimed.setdefault(element.name, []).append(number)
    triggers: dict[int, list[ElementResult]] = {}

    def complete(element: Element, result: ElementResult) -> ElementResult:
        if isinstance(element, ScoreGroup):
            return _sum(element, result)
        if isinstance(element, ReplaceTrigger):
            targets = aimed.get(element.target, [])
            result = _as_trigger(result, element, len(targets))
            for target in targets:
                triggers.setdefault(target, []).append(result)
        elif isinstance(element, Grid):
            children = zip(read_of(element), result.children, strict=True)
            return replace(result, children=tuple(complete(child, told) for child, told in children))
        return result

    told = [complete(element, result) for element, result in zip(read, results, strict=True)]
    for target, acting in triggers.items():
        told[target] = _replaced(told[target], acting)
    return told


def read_of(grid: Grid) -> list[ChoiceBox | Grid]:
    """Return the elements of a Grid that are read, in template order."""
    return [child for child in grid.elements if isinstance(child, ChoiceBox | Grid)]


def worst(results: Sequence[ElementResult]) -> ElementStatus:
    """Return the status of several results together: the one that most needs to be checked."""
    statuses = {result.status for result in results}
    return next((status for status in WORST_FIRST if status in statuses), ElementStatus.BLANK)


def _as_trigger(result: ElementResult, trigger: ReplaceTrigger, targets: int) -> ElementResult:
    """Return the result of a trigger: its Value if it is marked. It is uncertain unless it has exactly one target."""
    if result.status is ElementStatus.BLANK:
        return result
    is_marked = any(bubble.marked for bubble in result.bubbles)
    result = replace(result, value=(trigger.value or "") if is_marked else "")
    if targets == 1:
        return result
    target = trigger.target or ""
    reason = TARGETS_SEVERAL(target=target, n=targets) if targets else TARGETS_NOTHING(target=target)
    message = joined(reason, result.message)
    return replace(result, status=ElementStatus.UNCERTAIN, confidence=0.0, message=message)


def _replaced(result: ElementResult, triggers: Sequence[ElementResult]) -> ElementResult:
    """Return the result of a target after its triggers replaced its value."""
    acting = [trigger for trigger in triggers if trigger.status is not ElementStatus.BLANK]
    if not acting:
        return result
    if len({trigger.value for trigger in acting}) > 1 or worst(acting) is not ElementStatus.MARKED:
        names = ", ".join(dict.fromkeys(trigger.name for trigger in acting))
        message = REPLACED_PERHAPS(names=names)
        return replace(result, status=ElementStatus.UNCERTAIN, confidence=0.0, message=message)
    certain = min(trigger.confidence for trigger in acting)
    return replace(result, status=ElementStatus.MARKED, value=acting[0].value, confidence=certain, message="")


def _sum(group: ScoreGroup, result: ElementResult) -> ElementResult:
    """Return the result of a group. Its value is the sum."""
    pairs = zip(group.elements, result.children, strict=True)
    questions = [_sum_question(question, told) for question, told in pairs if isinstance(question, ScoreQuestion)]
    summed = _together(result, questions)
    return summed if summed.status is ElementStatus.BLANK else replace(summed, value=f"{summed.score:.12g}")


def _sum_question(question: ScoreQuestion, result: ElementResult) -> ElementResult:
    """Return the result of a question with its sum. Its value is the names of the criteria that are met."""
    answers = []
    met = []
    for answer, told in zip(question.elements, result.children, strict=True):
        scores = _scores(answer, told) if isinstance(answer, ScoreAnswer) else []
        answers.append(replace(told, score=sum(scores)))
        if scores:
            met.append(told.name)
    return replace(_together(result, answers), value=",".join(met))


def _scores(answer: ScoreAnswer, result: ElementResult) -> list[float]:
    """Return the scores of the positive bubbles that are marked. An answer that could not be read has no bubbles."""
    bubbles = zip(answer.bubbles, result.bubbles, strict=False)
    return [b.score for b, read in bubbles if read.marked and isinstance(b, ScoreBubble) and b.is_positive]


def _together(result: ElementResult, children: Sequence[ElementResult]) -> ElementResult:
    """Return a result with these children and their sum, without the placeholders of a Grid."""
    return replace(
        result,
        status=worst(children),
        value="",
        confidence=min((child.confidence for child in children), default=0.0),
        children=tuple(children),
        message=joined(*(joined(ABOUT(name=child.name), child.message) for child in children if child.message)),
        score=sum(child.score or 0 for child in children),
    )
