"""The ready-made forms: their files are made from their sources, and their sheets are read right."""

from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from omrclip.imaging.codec import decode
from omrclip.imaging.pdf_pages import PdfPages
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.limits import DEFAULT_LIMITS as LIMITS
from omrclip.omr.authoring.generation.forms import GeneratedForm, generate
from omrclip.omr.authoring.generation.shapes import DPI
from omrclip.omr.template import ClipArea, Template
from omrclip.schemas.template import load_template
from tests.omr.authoring.generation.rehearsed import outcome

FOLDER = Path(__file__).parents[4] / "templates_omr"
SOURCES = sorted(FOLDER.glob("*.txt"))
NAMES = [source.stem for source in SOURCES]
SAME_GREY = 2
"""Grey levels by which versions of the libraries may draw a pixel differently on average."""


@cache
def made(name: str) -> GeneratedForm:
    return generate((FOLDER / f"{name}.txt").read_bytes(), name)


@cache
def stored(name: str) -> Template:
    return load_template((FOLDER / f"{name}.omr").read_bytes())


def blank(name: str) -> bytes:
    data = stored(name).pages[0].image_bytes()
    assert data is not None
    return data


def test_all_kinds_of_forms_are_there() -> None:
    assert NAMES == ["answer-sheet-100", "answer-sheet-20", "answer-sheet-50", "ballot", "consent", "questionnaire"]
    for count in (20, 50, 100):
        names = [element.name for element in stored(f"answer-sheet-{count}").pages[0].elements]
        assert sum(str(name)[:1] == "Q" for name in names) == count
        clips = [
            element for element in stored(f"answer-sheet-{count}").pages[0].elements if isinstance(element, ClipArea)
        ]
        assert [clip.name for clip in clips] == ["Name", "Course", "Signature"]


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_those_of_the_source(name: str) -> None:
    """If this fails, run scripts/forms."""
    form = made(name)
    assert form.warnings == ()
    assert [replace(page, image_data=None) for page in stored(name).pages] == list(form.template.pages)
    with closing(PdfPages(BytesReader((FOLDER / f"{name}.pdf").read_bytes()), LIMITS.max_image_pixels)) as pages:
        assert pages.count == 1
        printed = pages.render_page(1, DPI)
    (drawn,) = form.page_images()
    for image in (printed, blank(name)):
        assert np.abs(decode(image).astype(int) - decode(drawn)).mean() < SAME_GREY


@pytest.mark.parametrize("with_image", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_filled_sheets_are_read(name: str, with_image: bool) -> None:
    image = blank(name)
    template = replace(stored(name), pages=made(name).template.pages)
    told = outcome(template, decode(image), range(20, 24), image if with_image else None)
    assert (told.refused, told.wrong) == ([], [])
    assert told.fields >= 4
    if with_image:
        assert told.flagged <= 0.02 * told.fields
