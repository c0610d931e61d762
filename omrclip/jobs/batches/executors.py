"""Where tasks run: the interface of executors, and processes of this machine."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, Protocol, TypeVar

from omrclip.errors import InternalError, OmrclipError, internal_error

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGE_PAGES = "glibc.malloc.hugetlb=1"
"""The value of GLIBC_TUNABLES for processes that hold pixels. Pixels come in megabytes: taking new memory for them in
pages of 4 KiB costs a process more than decoding them."""
MOST_DEATHS_AT_START = 5
"""Number of processes in a row that may end while they start, before the executor gives up."""
END_SECONDS = 5
"""How long a process without work has to end by itself, before it is killed."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Item, Result]):
    """A task that is done, and its result."""

    item: Item
    result: Result


@dataclass(frozen=True, slots=True)
class Lost(Generic[Item]):
    """A task whose process ended before it was done. `reason` says how, for a message."""

    item: Item
    reason: str


@dataclass(frozen=True, slots=True)
class Raised(Generic[Item]):
    """A task that raised an error."""

    item: Item
    error: OmrclipError


Outcome = Done[Item, Result] | Lost[Item] | Raised[Item]


class Executor(Protocol[Item, Result]):
    """Runs one function on items, somewhere else.

    Attributes:
        capacity: number of items to submit at a time, so that all workers are busy.
    """

    capacity: int

    def submit(self, item: Item) -> None:
        """Run an item, or queue it."""
        ...

    def outcomes(self, timeout: float) -> Sequence[Outcome[Item, Result]]:
        """Wait until items are finished, and return their outcomes; an empty list after `timeout` seconds."""
        ...

    def close(self) -> None:
        """End. Items that are still running are dropped."""
        ...


def run_safely(work: Callable[[Item], Result], item: Item) -> Result | OmrclipError:
    """The result of an item in this process, or its error. Unexpected exceptions are logged here."""
    try:
        return work(item)
    except OmrclipError as error:
        return error
    except Exception as error:
        return internal_error(error)


def outcome_of(item: Item, answer: Result | OmrclipError) -> Outcome[Item, Result]:
    """The outcome of an item, from what `run_safely` returned."""
    return Raised(item, answer) if isinstance(answer, OmrclipError) else Done(item, answer)


@dataclass(eq=False, slots=True)
class _Process(Generic[Item]):
    """A process, and the item that it works on."""

    process: SpawnProcess
    connection: Connection
    has_started: bool = False
    item: Item | None = None


class LocalProcesses(Generic[Item, Result]):
    """Processes of this machine, each of which works on one item at a time.

    The parent knows which item each process works on. So if a process is killed, only this item is lost. Another
    process is started in its place. The processes end if their parent ends in any way.
    """

    def __init__(self, work: Callable[[Item], Result], processes: int) -> None:
        """Start no process yet.

        Args:
            work: a function of a module, because processes import it.
            processes: maximum number of processes.
        """
        self.capacity = processes
        self._work = work
        self._processes: list[_Process[Item]] = []
        self._queue: deque[Item] = deque()
        self._deaths_at_start = 0

    def submit(self, item: Item) -> None:
        """Run an item as soon as a process is free."""
        self._queue.append(item)
        self._feed()

    def outcomes(self, timeout: float) -> Sequence[Outcome[Item, Result]]:
        """Wait until items are finished. Raises InternalError if no process can be started."""
        found: list[Outcome[Item, Result]] = []
        ready = wait([process.connection for process in self._processes], timeout)
        for process in [process for process in self._processes if process.connection in ready]:
            try:
                answer = process.connection.recv()
            except (EOFError, OSError):
                found += self._buried(process)
                continue
            self._deaths_at_start = 0
            if process.item is not None:
                found.append(outcome_of(process.item, answer))
            process.has_started, process.item = True, None
        self._feed()
        return found

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.connection.close()
            if process.item is not None or not process.has_started:
                process.process.kill()
        for process in self._processes:
            process.process.join(END_SECONDS)
            process.process.kill()
            process.process.join()
            process.process.close()
        self._processes.clear()

    def _feed(self) -> None:
        """Give items to free processes, and start processes for the others."""
        for process in self._processes:
            if self._queue and process.has_started and process.item is None:
                with suppress(OSError):  # it has died, which `outcomes` notices
                    process.connection.send(self._queue[0])
                    process.item = self._queue.popleft()
        starting = sum(not process.has_started for process in self._processes)
        for _ in range(min(len(self._queue) - starting, self.capacity - len(self._processes))):
            self._processes.append(self._started())

    def _started(self) -> _Process[Item]:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, self._work), daemon=True)
        process.start()
        there.close()  # so that the end of the process ends the connection
        return _Process(process, here)

    def _buried(self, process: _Process[Item]) -> list[Lost[Item]]:
        """Remove a process that has ended, and return the item that it worked on."""
        self._processes.remove(process)
        process.connection.close()
        process.process.join()
        reason = _how_it_ended(process.process.exitcode)
        process.process.close()
        if not process.has_started:
            self._deaths_at_start += 1
            if self._deaths_at_start >= MOST_DEATHS_AT_START:
                raise InternalError(f"The worker processes end while they start: {reason}.")
        return [] if process.item is None else [Lost(process.item, reason)]


def _how_it_ended(code: int | None) -> str:
    if code is None or code >= 0:
        return f"it ended with status {code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
        if name == "SIGKILL":
            return "it was killed by SIGKILL, which the system does when memory runs out"
        return f"it was killed by {name}"
    return f"it was killed by signal {-code}"


def _serve(connection: Connection, work: Callable[[Item], Result]) -> None:
    """Work on items until the parent closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal. The parent decides.
    end_with_parent()
    with suppress(EOFError, OSError):
        connection.send(None)
        while True:
            connection.send(run_safely(work, connection.recv()))
    os._exit(0)  # nothing is left to write, and libraries report objects that the interpreter does not free


def end_with_parent() -> None:
    """End this process as soon as the process that started it by `multiprocessing` has ended, in any way."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
