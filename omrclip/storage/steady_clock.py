"""A clock that cannot be set. It counts the seconds during which the machine was on and a server used the storage."""

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
# Changes at each boot. Without this file the clock counts only within one process.
_BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")
_PROCESS = uuid4().hex


@dataclass(frozen=True, slots=True)
class Reading:
    """The seconds counted up to the time `at` on the clock of this boot."""

    boot: str
    at: float
    seconds: float


class SteadyClock:
    """The clock of one store. Its last reading is stored there, and it continues from this reading after a restart.

    Time while the machine is off does not count, nor does the time between the last reading and a restart of the
    machine. If the disk is full, the clock continues in memory. Only one process at a time may read it.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._last: Reading | None = None

    def read(self, at_least: int = 0) -> int:
        """Return the seconds counted so far, but not less than the earlier reading `at_least` if the file is lost."""
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
    """An identifier of the current boot, and the seconds since then. Sleep is included if the system counts it."""
    if sys.platform == "linux":
        with suppress(OSError):
            return _BOOT_FILE.read_text(encoding="ascii").strip(), time.clock_gettime(time.CLOCK_BOOTTIME)
    return _PROCESS, time.monotonic()
