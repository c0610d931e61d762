"""No mutation of an image file gives anything but an image or an error of ours, nor a line on stderr."""

import pytest

from tests.imaging.decoding import _status, can_be_measured
from tests.imaging.fuzzing import FORMATS, MOST_BYTES, corpus, fuzz, mutations, try_file

SECONDS = 20 / len(FORMATS)
SEED = 20_261_128


@pytest.mark.parametrize("kind", FORMATS)
def test_mutations_are_images_or_errors_of_ours(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = _status("VmHWM") if can_be_measured() else 0
    outcomes, foreign = fuzz(kind, SEED, SECONDS)
    assert not foreign
    assert capfd.readouterr() == ("", "")
    assert {"image", "corrupt_image"} <= outcomes.keys()
    if can_be_measured():
        assert _status("VmHWM") - before < 2 * MOST_BYTES


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_mutated_is_whole_itself(kind: str) -> None:
    assert {try_file(data) for data in corpus(kind)} <= {"image"}
    first, second = (next(mutations(kind, 3)) for _ in range(2))
    assert first == second, "a seed gives the same files again"
