"""A clock that cannot be set: it counts the seconds in which the machine was up and a server used the storage."""

import json
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from omrclip.errors import NotFound, StorageUnavailable
from omrclip.storage.blobs import BlobStore

NAME = "clock.json"
# Differs from boot to boot. Without it the count goes on only within one process.
_BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")
_PROCESS = uuid4().hex


@dataclass(frozen=True, slots=True)
class Reading:
    """How many seconds were counted up to `at` on the clock of this boot."""

    boot: str
    at: float
    seconds: float


class SteadyClock:
    """Its last reading is stored beside what it is for, and goes on from there after a restart.

    The time while the machine is off does not count, nor does the time from the last reading to a restart of the
    machine. Where the disk is full the clock runs on in memory. Only one process at a time may read it.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._last: Reading | None = None

    def read(self, at_least: int = 0) -> int:
        """Return the seconds counted so far; `at_least` is a reading that was taken before, should the file be lost."""
        boot, at = since_boot()
        last = self._last or self._stored() or Reading(boot, at, at_least)
        passed = max(0.0, at - last.at) if last.boot == boot else 0.0
        self._last = Reading(boot, at, max(last.seconds + passed, at_least))
        with suppress(StorageUnavailable):
            self._blobs.write(NAME, json.dumps(asdict(self._last)).encode())
        return int(self._last.seconds)

    def _stored(self) -> Reading | None:
        try:
            return Reading(**json.loads(self._blobs.read(NAME).data))
        except (NotFound, StorageUnavailable, ValueError, TypeError):
            return None


def since_boot() -> tuple[str, float]:
    """Which boot of the machine this is, and the seconds since then, sleep included where the system counts it."""
    if sys.platform == "linux":
        with suppress(OSError):
            return _BOOT_FILE.read_text(encoding="ascii").strip(), time.clock_gettime(time.CLOCK_BOOTTIME)
    return _PROCESS, time.monotonic()
