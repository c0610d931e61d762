"""What is made of an object is made once, and is gone with it."""

from weakref import ref

import numpy as np

from omrclip.omr.registration import reference as references
from omrclip.omr.registration.bubble_patches import Blank
from omrclip.omr.registration.keeping import kept_with_owner


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
