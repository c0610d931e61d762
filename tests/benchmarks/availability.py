"""Whether the server answers under load, as a table: `python -m tests.benchmarks.availability`.

It starts a server with its default settings and measures, in seconds, how long `/health` and a small recognition take:
alone, beside slow clients, and beside many large photos that are recognized or shown at once. All traffic stays on
loopback, and ends by itself.
"""

import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Final

import cv2
import numpy as np

from tests.patience import PATIENCE
from tests.servers import Server, memory_of, new_session, running

ROOT: Final = Path(__file__).parents[2]
CLIENTS: Final = 64
PHOTO: Final = (4000, 3000)
"""Width and height of a photo of 12 megapixels."""
PAUSE_SECONDS: Final = 0.05
SMALL_ROUNDS: Final = 7
SLOW: Final = (
    b"POST /api/recognitions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000000\r\n\r\n"
)


@dataclass
class Health:
    """How long `/health` took, in seconds, asked again and again."""

    seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"/health median {statistics.median(self.seconds):.3f} s, max {max(self.seconds):.3f} s"


@contextmanager
def health(server: Server) -> Iterator[Health]:
    """Ask for `/health` in a thread, as long as the block runs."""
    found, ended, session = Health(), threading.Event(), new_session()

    def ask() -> None:
        while not ended.is_set():
            began = time.perf_counter()
            session.get(f"{server.url}/health", timeout=PATIENCE).raise_for_status()
            found.seconds.append(time.perf_counter() - began)
            ended.wait(PAUSE_SECONDS)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield found
    finally:
        ended.set()
        asking.join()


def main() -> None:
    """Print the table."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("templates_omr", "samples"):
            copytree(ROOT / name, place / name)
        photos = [_photo(place / "samples" / f"photo-{number}.jpg", number) for number in range(CLIENTS)]
        with running(place) as server:
            usual = _small(server)
            with health(server) as alone:
                time.sleep(2)
            _say(f"alone: {alone}; a small recognition {usual:.2f} s")
            _beside_slow_clients(server, usual)
            _beside(server, "recognitions", photos, _recognize)
            _beside(server, "image requests", photos, _show)
            memory = memory_of(server)
            if memory is not None:
                _say(f"peak of {memory.processes} processes together: {memory.peak / 2**20:,.0f} MiB")


def _beside_slow_clients(server: Server, usual: float) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))))
            client.sendall(SLOW)
        with health(server) as found:
            seconds = _small(server)
    ratio = f"{seconds:.2f} s, {seconds / usual:.2f} times the usual"
    _say(f"{CLIENTS} slow bodies open: {found}; a small recognition {ratio}")


def _beside(server: Server, name: str, photos: list[Path], ask: Callable[[Server, Path], int]) -> None:
    began = time.perf_counter()
    with health(server) as found, ThreadPoolExecutor(CLIENTS) as clients:
        statuses = list(clients.map(lambda photo: ask(server, photo), photos))
    told = ", ".join(f"{statuses.count(status)} answered {status}" for status in sorted(set(statuses)))
    _say(f"{CLIENTS} {name} of 12-Mpx photos at once: {told} in {time.perf_counter() - began:.0f} s; {found}")


def _recognize(server: Server, photo: Path) -> int:
    files = [("Images", (photo.name, photo.read_bytes()))]
    answer = new_session().post(
        f"{server.url}/api/recognitions", data={"Template": "exam"}, files=files, timeout=10 * PATIENCE
    )
    return answer.status_code


def _show(server: Server, photo: Path) -> int:
    address = f"{server.url}/iiif/2/{photo.name}/full/1000,/0/default.jpg"
    return new_session().get(address, timeout=10 * PATIENCE).status_code


def _small(server: Server) -> float:
    """The median time of a recognition of one small scan."""
    session, scan = new_session(), (ROOT / "samples" / "exam-scan-1.jpg").read_bytes()
    seconds = []
    for _ in range(SMALL_ROUNDS):
        began = time.perf_counter()
        files = [("Images", ("a.jpg", scan))]
        answer = session.post(
            f"{server.url}/api/recognitions", data={"Template": "exam"}, files=files, timeout=10 * PATIENCE
        )
        answer.raise_for_status()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _photo(path: Path, number: int) -> Path:
    """Write a photo-like image: a sample sheet on a noisy desk; no two are equal."""
    noise = np.random.default_rng(number)
    sheet = cv2.imread(str(ROOT / "samples" / "exam-scan-1.jpg"))
    assert sheet is not None
    width, height = PHOTO
    photo = noise.integers(60, 110, (height // 4, width // 4, 3), np.uint8)
    photo = cv2.resize(photo, PHOTO, interpolation=cv2.INTER_LINEAR)
    scale = 0.9 * height / sheet.shape[0]
    small = cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    photo[top : top + small.shape[0], left : left + small.shape[1]] = small
    cv2.imwrite(str(path), photo, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return path


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
