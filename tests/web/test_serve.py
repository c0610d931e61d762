"""The server's threads have room for what recognition does in native code."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from omrclip.web.serve import LARGE_PAGES, THREAD_STACK_BYTES
from tests.patience import PATIENCE
from tests.serving import PROC, new_session, running


@pytest.mark.skipif(not PROC.is_dir(), reason="the stacks of threads are seen in /proc")
def test_threads_that_answer_have_the_stack_of_pythons_own() -> None:
    with running(threads=7) as server:
        with ThreadPoolExecutor(7) as many:
            list(many.map(lambda _: new_session().get(f"{server.url}/health", timeout=PATIENCE), range(14)))
        children = [path.parent for path in PROC.glob("[0-9]*/status") if f"PPid:\t{server.pid}\n" in path.read_text()]
        stacks = [size for child in children for size in _private_areas(child / "maps")]
    assert sum(size == THREAD_STACK_BYTES for size in stacks) >= 7


@pytest.mark.skipif(not PROC.is_dir(), reason="what a process was started with is seen in /proc")
def test_processes_that_answer_were_started_to_take_large_pages() -> None:
    with running(workers=2) as server:
        children = [path.parent for path in PROC.glob("[0-9]*/status") if f"PPid:\t{server.pid}\n" in path.read_text()]
        told = [f"GLIBC_TUNABLES={LARGE_PAGES}".encode() in (child / "environ").read_bytes() for child in children]
    assert sum(told) >= 2


def _private_areas(maps: Path) -> list[int]:
    """The sizes of the writable areas that belong to no file."""
    areas = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *$", maps.read_text(), re.MULTILINE)
    return [int(end, 16) - int(start, 16) for start, end in areas]
