"""Deadlines and cancellation of running work."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from omrclip.errors import Abandoned, DeadlineExceeded


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Work:
    """The deadline of running work, and whether its client is still connected.

    Long loops call `check` in each iteration. Without arguments there is no deadline.

    Attributes:
        deadline: in seconds of `time.monotonic`, or None.
        seconds: the time limit of the work, for the message.
        is_wanted: returns whether the client still waits for the result.
    """

    deadline: float | None = None
    seconds: int | None = None
    is_wanted: Callable[[], bool] = _always

    @classmethod
    def within(cls, seconds: int, is_wanted: Callable[[], bool] = _always) -> "Work":
        """Work that begins now and has a time limit in seconds."""
        return cls(time.monotonic() + seconds, seconds, is_wanted)

    @property
    def seconds_left(self) -> float | None:
        """The time until the deadline, 0 if it has passed, or None without a deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def check(self) -> None:
        """Return if the work may continue.

        Raises:
            DeadlineExceeded: the deadline has passed.
            Abandoned: the client has disconnected.
        """
        if not self.is_wanted():
            raise Abandoned("The client closed the connection.")
        if self.seconds_left == 0:
            raise DeadlineExceeded(
                f"The request took longer than the {self.seconds:,} seconds allowed. Send fewer images at a time.",
                limit="request_seconds",
                maximum=self.seconds,
            )


ENDLESS = Work()
