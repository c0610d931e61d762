"""How many full decodes may be under way, in number and in memory."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from omrclip.errors import LimitExceeded, ServerBusy
from omrclip.work import ENDLESS, Work

LOOK_SECONDS = 0.5
"""How often what waits patiently looks whether its work has ended."""


@dataclass(slots=True)
class _Load:
    decodes: int = 0
    bytes: int = 0
    waiting: int = 0


class Admission:
    """Lets work in as long as there is room for it; others wait briefly, and then are sent away.

    Work larger than the whole bound is refused at once. `make_way` is told of the bytes that are held whenever they
    change, so that a cache that shares the memory can give some back; it must not ask for admission itself.
    """

    def __init__(
        self,
        max_decodes: int,
        max_bytes: int,
        wait_seconds: float,
        max_waiting: int,
        make_way: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._max_decodes = max_decodes
        self._max_bytes = max_bytes
        self._wait_seconds = wait_seconds
        self._max_waiting = max_waiting
        self._make_way = make_way
        self._load = _Load()
        self._changed = threading.Condition()

    @property
    def admitted_bytes(self) -> int:
        """How many bytes are held now."""
        return self._load.bytes

    @contextmanager
    def admitted(self, bytes_needed: int, *, patient: bool = False, work: Work = ENDLESS) -> Iterator[None]:
        """Hold room for a decode of so many bytes. With `patient`, wait for it as long as the work may take.

        Raises:
            LimitExceeded: it is more than there is in all.
            ServerBusy: there was none in time, or too many wait already.
            DeadlineExceeded, Abandoned: there was none until the end of the work.
        """
        if bytes_needed > self._max_bytes:
            raise LimitExceeded(
                f"This takes {_megabytes(bytes_needed)} of memory at once, more than the "
                f"{_megabytes(self._max_bytes)} that OMRCLIP_MEMORY_BYTES leaves for it.",
                limit="memory_bytes",
                maximum=self._max_bytes,
            )
        self._enter(bytes_needed, work if patient else None)
        try:
            yield
        finally:
            with self._changed:
                self._load.decodes -= 1
                self._load.bytes -= bytes_needed
                self._make_way(self._load.bytes)
                self._changed.notify_all()

    def _enter(self, bytes_needed: int, patient: Work | None) -> None:
        with self._changed:
            if patient is not None:
                while not self._changed.wait_for(lambda: self._has_room(bytes_needed), LOOK_SECONDS):
                    patient.check()
            elif not self._has_room(bytes_needed):
                self._wait(bytes_needed)
            self._load.decodes += 1
            self._load.bytes += bytes_needed
            self._make_way(self._load.bytes)

    def _wait(self, bytes_needed: int) -> None:
        if self._load.waiting >= self._max_waiting:
            raise self._busy()
        self._load.waiting += 1
        try:
            if not self._changed.wait_for(lambda: self._has_room(bytes_needed), self._wait_seconds):
                raise self._busy()
        finally:
            self._load.waiting -= 1

    def _has_room(self, bytes_needed: int) -> bool:
        load = self._load
        return load.decodes < self._max_decodes and load.bytes + bytes_needed <= self._max_bytes

    def _busy(self) -> ServerBusy:
        seconds = max(1, round(self._wait_seconds))
        return ServerBusy("The server is decoding as many images as it can; try again.", retry_after=seconds)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
