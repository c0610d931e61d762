"""The forms whose sheets are recognized, each with the resolution of its template."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

import cv2

from omrclip.omr.recognition import known_pages
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.template import Template
from omrclip.schemas.template import load_template
from tests.benchmarks.accuracy.cuts import Cutting, cut_down
from tests.sheets.answers import answers
from tests.sheets.blocks import blocks
from tests.sheets.enrolment import enrolment
from tests.sheets.exam import exam
from tests.sheets.layout import Form
from tests.sheets.letters import letters
from tests.sheets.printing import print_page
from tests.sheets.survey import survey
from tests.sheets.template import omr_text

Known = Literal["page image", "bubbles only"]

KNOWN: Final[tuple[Known, ...]] = ("page image", "bubbles only")
WHOLE: Final = Cutting()


@dataclass(frozen=True, slots=True)
class TemplatedForm:
    """A form, and the dpi of its template and page image."""

    layout: Form
    dpi: float


TEMPLATED: Final = {
    templated.layout.name: templated
    for templated in (
        TemplatedForm(exam(), 200.0),
        TemplatedForm(survey(), 200.0),
        TemplatedForm(answers(corner_marks=True), 300.0),
        TemplatedForm(answers(corner_marks=False), 300.0),
        TemplatedForm(enrolment(), 150.0),
        TemplatedForm(letters(), 200.0),
    )
}
BLOCKS: Final = {form.name: TemplatedForm(form, 200.0) for form in blocks()}
"""Forms with one block of questions, which fits itself turned by half."""
FORMS: Final = TEMPLATED | BLOCKS


@lru_cache(maxsize=24)
def pages_of(name: str, known: Known, cutting: Cutting = WHOLE) -> tuple[KnownPage, ...]:
    """The template's page, loaded once a process, as a service has it that knows the template."""
    template = cut_down(template_of(name), cutting)
    if known == "bubbles only":
        return known_pages(template)
    form = FORMS[name]
    return known_pages(template, _page_image(form.layout, form.dpi))


@cache
def template_of(name: str) -> Template:
    """The whole template of a form."""
    form = FORMS[name]
    return load_template(omr_text(form.layout, form.dpi))


@cache
def _page_image(layout: Form, dpi: float) -> bytes:
    return bytes(cv2.imencode(".png", print_page(layout, dpi))[1])
