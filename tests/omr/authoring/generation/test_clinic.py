"""A form as clinics have it: a logo, boxes in columns, a grid, and lines to write on."""

from pathlib import Path

from omrclip.imaging.codec import decode
from omrclip.omr.authoring.generation.forms import generate
from tests.omr.authoring.generation.rehearsed import outcome
from tests.omr.authoring.generation.test_forms import IMAGES

SOURCE = Path(__file__).with_name("clinic.txt").read_bytes()
LOGO = {"logo.png": IMAGES["crest.png"]}


def test_a_form_of_a_clinic_is_read() -> None:
    assert len(SOURCE.splitlines()) >= 60
    form = generate(SOURCE, "clinic", LOGO)
    assert form.warnings == ()
    (image,) = form.page_images()
    told = outcome(form.template, decode(image), range(40, 42), image)
    assert (told.refused, told.wrong) == ([], [])
    assert told.fields == 2 * 10
