"""What is made of an object is made once, and is gone with it."""

from dataclasses import replace
from pathlib import Path
from weakref import ref

import numpy as np

from omrclip.omr.registration import reference as references
from omrclip.omr.registration.bubble_patches import Blank
from omrclip.omr.registration.keeping import kept_with_owner
from omrclip.schemas.template import load_template

TEMPLATES = Path(__file__).parents[3] / "templates_omr"


def test_it_is_made_once_for_an_object_and_its_arguments() -> None:
    asked = []

    @kept_with_owner
    def made(owner: Blank, factor: float) -> object:
        asked.append((owner, factor))
        return owner.patches * factor

    one, other = (Blank(np.ones((1, 28, 28), np.float32)) for _ in range(2))
    assert made(one, 2.0) is made(one, 2.0)
    assert made(one, 3.0) is not made(other, 3.0)
    assert asked == [(one, 2.0), (one, 3.0), (other, 3.0)]


def test_it_is_gone_with_the_object() -> None:
    @kept_with_owner
    def made(owner: Blank) -> object:
        return owner.patches * 2

    owner = Blank(np.ones((1, 28, 28), np.float32))
    result = ref(made(owner))
    assert result() is not None
    del owner
    assert result() is None


def test_references_are_kept_as_long_as_their_bytes_have_room() -> None:
    assert references._references.counts().max_bytes == references.REFERENCES_BYTES
    assert references._references.counts().bytes <= references.REFERENCES_BYTES


def test_twelve_templates_are_prepared_once() -> None:
    template = load_template((TEMPLATES / "exam.omr").read_bytes())
    image, page = (TEMPLATES / "exam.png").read_bytes(), template.pages[0]
    pages = [replace(page, image_name=f"{number}.png") for number in range(12)]
    references.limit_references(1 << 30)
    made = [references.reference_for(page, image) for page in pages]
    assert [references.reference_for(page, image) for page in pages] == made


def test_less_memory_leaves_less_room_for_references() -> None:
    template = load_template((TEMPLATES / "exam.omr").read_bytes())
    try:
        for number in range(4):
            references.reference_for(replace(template.pages[0], image_name=f"{number}.png"), None)
        references.limit_references(1 << 27)
        assert references.references_bytes(1 << 27) == 1 << 24
        assert 0 < references._references.counts().bytes <= 1 << 24
    finally:
        references.limit_references(1 << 30)
