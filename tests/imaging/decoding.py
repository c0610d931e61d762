"""Run as a program: decodes the files that it is given, and tells how much memory each took.

Reads from its input, and writes to its output, one pickled list: of (bytes of a file, reduction), and of bytes taken.
"""

import ctypes
import gc
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from omrclip.errors import OmrclipError
from omrclip.imaging.codec import decode

_ROOT = Path(__file__).parents[2]
_RESET_PEAK = "5"  # proc_pid_clear_refs(5)


def memory_taken(files: Sequence[tuple[bytes, int]]) -> list[int]:
    """For each (file, reduction) by how many bytes a process grew at most while it decoded it."""
    program = [sys.executable, "-m", "tests.imaging.decoding"]
    done = subprocess.run(program, input=pickle.dumps(list(files)), capture_output=True, cwd=_ROOT, check=True)
    taken: list[int] = pickle.loads(done.stdout)
    return taken


def can_be_measured() -> bool:
    """Whether the system tells the peak of a process, and lets it begin anew."""
    return sys.platform == "linux" and Path("/proc/self/clear_refs").exists()


def _status(name: str) -> int:
    """A value of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _taken(data: bytes, reduction: int) -> int:
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    before = _status("VmRSS")
    with suppress(OmrclipError):
        decode(data, reduction=reduction)
    return _status("VmHWM") - before


if __name__ == "__main__":
    asked = pickle.loads(sys.stdin.buffer.read())
    for data, reduction in asked[:1]:  # modules and threads are there from the second on
        _taken(data, reduction)
    sys.stdout.buffer.write(pickle.dumps([_taken(data, reduction) for data, reduction in asked]))
