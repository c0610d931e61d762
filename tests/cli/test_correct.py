"""`omrclip correct` and `omrclip finalize`."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from omrclip.schemas.template import load_template, template_to_bytes
from tests.desk import FAILED, PASSED, Desk, assert_refused, laid_out
from tests.omr.drawn_form import Shape, centres, draw, moved
from tests.web.making import encoded

FORM = draw(Shape())
WHITE = encoded(np.full((*FORM.tones.shape, 3), 255, np.uint8))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with the template drawn.omr, whose bubbles are off, and its blank page blank.png."""
    desk = laid_out(tmp_path, monkeypatch)
    desk.put("drawn.omr", template_to_bytes(moved(FORM.template, lambda: (6, -6))))
    desk.put("exact.omr", template_to_bytes(FORM.template))
    desk.put("blank.png", encoded(np.dstack([FORM.tones] * 3)))
    desk.put("white.png", WHITE)
    return desk


def correct(desk: Desk, *arguments: str, image: str = "blank.png") -> Result:
    return desk.run("correct", str(desk.folder / "drawn.omr"), str(desk.folder / image), *arguments)


def test_correct_writes_beside_the_template(desk: Desk) -> None:
    before = (desk.folder / "drawn.omr").read_bytes()
    result = correct(desk)
    written = desk.folder / "drawn.omrcr"
    assert (result.exit_code, result.stdout) == (PASSED, f"{written}: all bubbles found\n")
    assert np.abs(centres(load_template(written.read_bytes())) - FORM.centres).max() < 0.5
    assert (desk.folder / "drawn.omr").read_bytes() == before


def test_correct_overwrites_nothing_unasked(desk: Desk) -> None:
    desk.put("drawn.omrcr", b"mine")
    assert_refused(correct(desk), "drawn.omrcr already exists", "--out")
    assert (desk.folder / "drawn.omrcr").read_bytes() == b"mine"
    assert correct(desk, "--out", str(desk.folder / "drawn.omrcr")).exit_code == PASSED
    assert load_template((desk.folder / "drawn.omrcr").read_bytes()).name == "Form"


def test_correct_tells_the_bubbles_that_are_not_found(desk: Desk) -> None:
    result = correct(desk, image="white.png")
    assert result.exit_code == FAILED
    assert "Question6: no printed bubble was found for A, B, C, D, E.\n" in result.stderr
    assert result.stdout.endswith("drawn.omrcr: some bubbles were not found\n")


@pytest.mark.parametrize("command", ["correct", "finalize"])
def test_images_that_are_not_the_pages_are_refused(desk: Desk, command: str) -> None:
    form = str(desk.folder / "drawn.omr")
    blank = str(desk.folder / "blank.png")
    assert_refused(desk.run(command, form, blank, blank), "at most one image for each page")
    assert_refused(desk.run(command, form, str(desk.folder / "broken.png")), "image")
    assert_refused(desk.run(command, form, str(desk.folder / "a.png")), "shape")
    assert not (desk.folder / "drawn.omrcr").exists()


def test_finalize_prints_what_is_read_and_warns(desk: Desk) -> None:
    result = desk.run("finalize", str(desk.folder / "exact.omr"), str(desk.folder / "blank.png"))
    assert result.exit_code == FAILED
    assert result.stderr == "Warning: Code: No barcode of the type 'qr' was found in the box.\n"
    assert "Question3:\nQuestion4:\nQuestion5:\nQuestion6:\n" in result.stdout
