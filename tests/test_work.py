"""Work ends at its deadline, or when nobody wants it any more."""

import pytest

from omrclip.errors import Abandoned, DeadlineExceeded
from omrclip.work import ENDLESS, Work


def test_work_without_a_deadline_goes_on() -> None:
    ENDLESS.check()
    assert ENDLESS.seconds_left is None


def test_work_within_its_time_goes_on() -> None:
    working = Work.within(3600)
    working.check()
    assert working.seconds_left is not None
    assert 0 < working.seconds_left <= 3600


def test_work_whose_time_is_over_names_the_setting() -> None:
    with pytest.raises(DeadlineExceeded, match="300 seconds") as ended:
        Work(deadline=0.0, seconds=300).check()
    assert ended.value.details == {"limit": "request_seconds", "maximum": 300}


def test_work_that_nobody_wants_ends() -> None:
    with pytest.raises(Abandoned):
        Work(is_wanted=lambda: False).check()
