"""Limits the number and the memory of running decodes, and the memory of answers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from omrclip.errors import LimitExceeded, ServerBusy
from omrclip.work import ENDLESS, Work

LOOK_SECONDS = 0.5
"""Interval in which patient waiting work checks whether it has ended."""


@dataclass(slots=True)
class _Load:
    decodes: int = 0
    bytes: int = 0  # of decodes and answers
    answers: int = 0  # of answers alone
    waiting: int = 0  # decodes that are not patient
    queued: int = 0  # all that wait for memory: decodes, patient or not, and answers


class Admission:
    """Admits work while memory is free. Other work waits for a short time and is then refused.

    Work that needs more than the whole limit is refused at once. Answers share the memory with decodes (`holding`).

    Args:
        max_decodes: maximum number of running decodes.
        max_bytes: maximum memory of decodes and answers.
        wait_seconds: how long work waits for memory, unless it is patient.
        max_waiting: maximum number of waiting decodes, without patient ones.
        make_way: called with the number of bytes in use whenever it changes, so that a cache that shares the memory can
            free some. It must not ask for admission itself.
        max_answers: the part of `max_bytes` that answers may use. None is all of it.
    """

    def __init__(
        self,
        max_decodes: int,
        max_bytes: int,
        wait_seconds: float,
        max_waiting: int,
        make_way: Callable[[int], None] = lambda _: None,
        max_answers: int | None = None,
    ) -> None:
        self._max_decodes = max_decodes
        self._max_bytes = max_bytes
        self._wait_seconds = wait_seconds
        self._max_waiting = max_waiting
        self._make_way = make_way
        self._max_answers = max_bytes if max_answers is None else max_answers
        self.on_shortage: Callable[[], object] = _nothing
        self._load = _Load()
        self._changed = threading.Condition()

    @property
    def admitted_bytes(self) -> int:
        """The number of bytes in use."""
        return self._load.bytes

    def may_admit(self, bytes_needed: int) -> bool:
        """Whether work that needs so many bytes is admitted when all memory is free."""
        return bytes_needed <= self._max_bytes

    def holding(self) -> "Holding":
        """Return the memory of one answer, empty at first."""
        return Holding(self)

    @contextmanager
    def admitted(
        self,
        bytes_needed: int,
        *,
        patient: bool = False,
        at_once: bool = False,
        work: Work = ENDLESS,
        answer: "Holding | None" = None,
        spare: int = 0,
    ) -> Iterator[None]:
        """Reserve memory for a decode.

        Args:
            bytes_needed: the most memory that it needs.
            patient: wait for memory until the deadline of the work.
            at_once: do not wait. Refuse the work if memory is not free now, or if others wait for memory.
            work: the deadline.
            answer: the answer that will contain the result. If it uses much memory already, it must not wait forever,
                because others may wait for it.
            spare: the part of `bytes_needed` that is free again when `answer` begins to grow. The answer uses it first.

        Raises:
            LimitExceeded: the work needs more than the whole limit, or than the limit without the answer so far.
            ServerBusy: no memory became free in time, or too many decodes are waiting already.
            DeadlineExceeded, Abandoned: the work ended before memory became free.
        """
        held = answer.bytes if answer else 0
        if bytes_needed + held > self._max_bytes:
            beside = f" beside the {_megabytes(held)} of the answer so far" if held else ""
            raise LimitExceeded(
                f"This needs {_megabytes(bytes_needed)} of memory{beside}, more than the "
                f"{_megabytes(self._max_bytes)} that OMRCLIP_MEMORY_BYTES leaves for it.",
                limit="memory_bytes",
                maximum=self._max_bytes,
            )
        if at_once:
            self._enter_at_once(bytes_needed)
        else:
            self._enter(bytes_needed, work if patient else None, held > 0)
        if answer:
            answer.begin_spare(spare)
        try:
            yield
        finally:
            self._leave(bytes_needed - (answer.end_spare() if answer else 0))

    def add_to_answers(self, count: int, beyond: int) -> bool:
        """Add bytes to an answer when memory is free. `beyond` of them are not in the memory of a decode.

        Returns:
            Whether memory was free, perhaps after waiting.
        """
        with self._changed:
            has_room = lambda: self._has_room_for_answer(count, beyond)  # noqa: E731
            with self._queued():
                if not self._changed.wait_for(has_room, self._wait_seconds / 2):
                    self.on_shortage()
                    if not self._changed.wait_for(has_room, self._wait_seconds / 2):
                        return False
            self._count_answer(count, beyond)
        return True

    def try_add_to_answers(self, count: int, beyond: int) -> bool:
        """Like `add_to_answers`, without waiting."""
        with self._changed:
            if not self._has_room_for_answer(count, beyond):
                return False
            self._count_answer(count, beyond)
        return True

    def take_from_answers(self, count: int) -> None:
        """Remove bytes from the memory of answers."""
        with self._changed:
            self._count_answer(-count, -count)
            self._changed.notify_all()

    @property
    def max_answers(self) -> int:
        """The maximum memory of all answers in bytes."""
        return self._max_answers

    def _has_room_for_answer(self, count: int, beyond: int) -> bool:
        load = self._load
        return load.answers + count <= self._max_answers and load.bytes + beyond <= self._max_bytes

    def _count_answer(self, count: int, beyond: int) -> None:
        self._load.answers += count
        self._load.bytes += beyond
        self._make_way(self._load.bytes)

    def _leave(self, bytes_freed: int) -> None:
        with self._changed:
            self._load.decodes -= 1
            self._load.bytes -= bytes_freed
            self._make_way(self._load.bytes)
            self._changed.notify_all()

    def _enter(self, bytes_needed: int, patient: Work | None, holds: bool) -> None:
        with self._changed:
            with self._queued():
                if patient is not None:
                    self._wait_patiently(bytes_needed, patient, holds)
                elif not self._has_room(bytes_needed):
                    self._wait(bytes_needed)
            self._count_decode(bytes_needed)

    def _enter_at_once(self, bytes_needed: int) -> None:
        with self._changed:
            if self._load.queued or not self._has_room(bytes_needed):
                raise self.busy()
            self._count_decode(bytes_needed)

    def _count_decode(self, bytes_needed: int) -> None:
        self._load.decodes += 1
        self._load.bytes += bytes_needed
        self._make_way(self._load.bytes)

    @contextmanager
    def _queued(self) -> Iterator[None]:
        """Count this thread among those that wait for memory."""
        self._load.queued += 1
        try:
            yield
        finally:
            self._load.queued -= 1

    def _wait_patiently(self, bytes_needed: int, work: Work, holds: bool) -> None:
        """Wait until the work ends. If only answers use the memory, work that holds an answer waits for a limited time.

        Such answers might otherwise wait for each other. Running decodes end by themselves.
        """
        stuck = 0.0
        while not self._changed.wait_for(lambda: self._has_room(bytes_needed), LOOK_SECONDS):
            work.check()
            stuck = stuck + LOOK_SECONDS if holds and not self._load.decodes else 0.0
            if stuck > self._wait_seconds:
                raise self.busy()

    def _wait(self, bytes_needed: int) -> None:
        if self._load.waiting >= self._max_waiting:
            raise self.busy()
        self._load.waiting += 1
        try:
            if not self._changed.wait_for(lambda: self._has_room(bytes_needed), self._wait_seconds):
                raise self.busy()
        finally:
            self._load.waiting -= 1

    def _has_room(self, bytes_needed: int) -> bool:
        load = self._load
        return load.decodes < self._max_decodes and load.bytes + bytes_needed <= self._max_bytes

    def busy(self) -> ServerBusy:
        """The error of work for which no memory is free."""
        seconds = max(1, round(self._wait_seconds))
        return ServerBusy(
            "The server has no memory free for this at the moment. Try again in a few seconds.", retry_after=seconds
        )


class Holding:
    """The memory of one answer. It grows while the answer is made and shrinks while it is sent. Not thread-safe."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._bytes = 0
        self._spare = 0  # of a running decode, which the answer may use
        self._in_spare = 0

    @property
    def bytes(self) -> int:
        """The number of bytes in use."""
        return self._bytes

    def grow(self, count: int) -> None:
        """Reserve more bytes as soon as memory is free.

        Raises:
            LimitExceeded: the answer would use more than all answers may.
            ServerBusy: no memory became free in time.
        """
        most = self._admission.max_answers
        if self._bytes + count > most:
            raise LimitExceeded(
                f"The answer would take more than the {_megabytes(most)} that OMRCLIP_MEMORY_BYTES leaves for it. Send "
                "fewer images, or ask for application/x-ndjson or application/zip, which are sent scan by scan.",
                limit="memory_bytes",
                maximum=most,
            )
        within = min(count, self._spare)
        if not self._admission.add_to_answers(count, count - within):
            raise self._admission.busy()
        self._count(count, within)

    def grow_at_once(self, count: int) -> bool:
        """Reserve more bytes if memory is free now. Return whether it was."""
        within = min(count, self._spare)
        if not self._admission.try_add_to_answers(count, count - within):
            return False
        self._count(count, within)
        return True

    def take_over(self, other: "Holding") -> None:
        """Take over the bytes of another answer, which has none then. No decode may use either answer."""
        self._bytes, other._bytes = self._bytes + other._bytes, 0

    def _count(self, count: int, within: int) -> None:
        self._bytes += count
        self._spare -= within
        self._in_spare += within

    def shrink(self, to: int = 0) -> None:
        """Reduce the reserved memory to this number of bytes."""
        if to < self._bytes:
            self._admission.take_from_answers(self._bytes - to)
            self._bytes = to

    def begin_spare(self, spare: int) -> None:
        """Let the answer use this much of a decode's memory."""
        self._spare, self._in_spare = spare, 0

    def end_spare(self) -> int:
        """End the use of the decode's memory. Return the number of bytes that the answer still uses of it."""
        held, self._spare, self._in_spare = self._in_spare, 0, 0
        return held


def _nothing() -> None:
    """Do nothing, because no cache shares the memory."""


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
