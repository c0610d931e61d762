"""How a process is set up. The C library does not tell its settings, so their effect is tested in a new process."""

import os
import subprocess
import sys

import pytest

DASK = {"MALLOC_TRIM_THRESHOLD_": "65536"}
"""What `dask worker` sets before it starts its processes."""
IMAGES, BYTES = 20, 8 << 20
FAULTS = f"""
import resource
import sys
import numpy as np
from omrclip.imaging.setting_up import keep_freed_memory

if "keep" in sys.argv:
    keep_freed_memory()
np.full({BYTES}, 1, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for number in range({IMAGES}):
    np.full({BYTES}, number, np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*arguments: str) -> int:
    """Page faults of a process that makes images of 8 MiB one after the other."""
    environment = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"} | DASK
    command = [sys.executable, "-c", FAULTS, *arguments]
    return int(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def test_memory_of_an_image_is_used_again_for_the_next() -> None:
    anew = faults()
    if anew < IMAGES:
        pytest.skip("this C library keeps freed memory anyway")
    assert faults("keep") < anew / IMAGES


def test_processes_that_are_started_later_do_not_inherit_what_dask_sets() -> None:
    code = "import os; from omrclip.imaging.setting_up import keep_freed_memory as k; k(); print(*os.environ)"
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env=dict(os.environ) | DASK, check=True, capture_output=True, text=True).stdout
    assert "MALLOC_TRIM_THRESHOLD_" not in told.split()
