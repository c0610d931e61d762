"""What starting the service costs: `python -m tests.benchmarks.starting`.

Prints medians over several starts of `omrclip serve`: the processor time of all its processes up to the first answer of
`/health`, the resident memory of a server process after that, and the times of the first two requests of each image
format at a new process. The bytecode of all modules is cached by a first start that is not measured, as it is in an
installation.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import requests

from omrclip.imaging.codec import encode
from omrclip.imaging.probe import ImageFormat
from tests.servers import Server, memory_of, new_session, processor_seconds_of, running

STARTS = 10
SETTLING_SECONDS = 3
"""After its first answer a server process may still be busy with its start."""
SIDE = 2048
FORMATS = {"jpg": ImageFormat.JPEG, "png": ImageFormat.PNG, "tif": ImageFormat.TIFF, "webp": ImageFormat.WEBP}


def main() -> None:
    """Start the service again and again, and print the table."""
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, image_format in FORMATS.items():
            Path(folder, f"page.{name}").write_bytes(encode(_page(), image_format))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder, "bytecode"))
        for number in range(STARTS + 1):
            with running(images=folder, workers=1) as server:
                _note(rows if number else {}, _measured(server))
    for what, values in rows.items():
        print(f"{what:40} {statistics.median(values):8.2f}   ({min(values):.2f} to {max(values):.2f})")  # noqa: T201


def _measured(server: Server) -> dict[str, float]:
    processes = processor_seconds_of(server)
    found = {
        "processor time, all processes (s)": sum(processes),
        "processor time, parent (s)": processes[0],
        "processor time, server process (s)": max(processes[1:]),
    }
    time.sleep(SETTLING_SECONDS)
    memory = memory_of(server)
    assert memory
    found["resident, largest process (MB)"] = memory.largest / 1e6
    found["resident, all processes (MB)"] = memory.now / 1e6
    session = new_session()
    for name in FORMATS:
        for number in ("first", "second"):
            url = f"{server.url}/iiif/3/page.{name}/{100 * len(found)},0,500,500/400,/0/default.jpg"
            found[f"{number} request of {name} (ms)"] = 1000 * _seconds(session, url)
    return found


def _seconds(session: requests.Session, url: str) -> float:
    before = time.perf_counter()
    session.get(url).raise_for_status()
    return time.perf_counter() - before


def _note(rows: dict[str, list[float]], found: dict[str, float]) -> None:
    for what, value in found.items():
        rows.setdefault(what, []).append(value)


def _page() -> np.ndarray:
    """A page with soft noise: what is all of one colour is decoded sooner than paper is."""
    noise = np.random.default_rng(1).integers(200, 256, (SIDE, SIDE), np.uint8)
    return np.repeat(noise[:, :, None], 3, axis=2)


if __name__ == "__main__":
    main()
