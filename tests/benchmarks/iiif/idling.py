"""Waiting until a server has started: all of its processes, of which the first one answers before the others can."""

import time
from pathlib import Path
from typing import Final

IDLE_SECONDS: Final = 0.3
LONGEST_SECONDS: Final = 20.0
PROC: Final = Path("/proc")


def wait_until_idle(pid: int) -> None:
    """Return when the process and its children have used no processor time for a while; at once without `/proc`."""
    if not (PROC / "self" / "stat").is_file():
        return
    deadline = time.monotonic() + LONGEST_SECONDS
    used = -1
    while used != (now := _ticks(pid)) and time.monotonic() < deadline:
        used = now
        time.sleep(IDLE_SECONDS)


def _ticks(pid: int) -> int:
    """Clock ticks that a process and its children have run so far."""
    children = (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    stats = [(PROC / process / "stat").read_text() for process in (str(pid), *children)]
    # utime and stime are the 14th and 15th fields; the 2nd, in brackets, may hold spaces (proc(5)).
    fields = [stat.rpartition(")")[2].split() for stat in stats]
    return sum(int(field[11]) + int(field[12]) for field in fields)
