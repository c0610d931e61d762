"""The peak memory of runs and of requests: `python -m tests.benchmarks.memory [--quick] [WORD ...]`. Linux only.

The first table is of the command line, whose memory must not grow with the number of scans; the second of a server of
its own, which must stay below OMRCLIP_MEMORY_BYTES and 150 MB more whatever it is sent. With words, only the requests
are sent whose names have one of them, and the first table is left out.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import numpy as np
from PIL import Image
from pybase64 import b64encode

from omrclip.config import DEFAULT_MEMORY_BYTES
from omrclip.omr.template import Template
from omrclip.schemas.template import dump_template
from tests.imaging.kinds import files_of_every_kind
from tests.imaging.samples import save
from tests.omr.sheet import form, png

QUICK = "--quick" in sys.argv
SLACK = 150_000_000
PIXELS = 119_000_000
WIDTH, HEIGHT = 12_000, 9_900
FORM = form()


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def peak_of(process: int) -> int:
    """The largest peak, in bytes, of a process and its children that still run."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    own = 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return max([own, *(peak_of(int(child)) for child in children)])


def recognize(folder: Path, scan: bytes, count: int) -> int:
    """The peak of a run of the command line over so many copies of a scan."""
    place = folder / f"run{count}{len(scan)}"
    place.mkdir()
    for number in range(count):
        os.link(_written(folder / f"{len(scan)}.png", scan), place / f"{number:05d}.png")
    images = sorted(str(path) for path in place.iterdir())
    form_file, page = folder / "form.omr", folder / "form.png"
    form_file.write_text(json.dumps(dump_template(Template(pages=(FORM.page,)))))
    page.write_bytes(png(FORM.blank))
    program = [sys.executable, "-c", "from omrclip.cli import main; main()", "recognize", str(form_file), *images]
    with subprocess.Popen(
        [*program, "--out", str(place / "out")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        peak = 0
        while run.poll() is None:
            try:
                peak = max(peak, peak_of(run.pid))
            except (OSError, StopIteration):
                break
            time.sleep(0.05)
    return peak


def _written(path: Path, data: bytes) -> Path:
    if not path.exists():
        path.write_bytes(data)
    return path


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, int]]:
    """A server with stores of its own and one worker: its address, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stores = {f"OMRCLIP_{name.upper()}": str(folder / name) for name in ("templates", "images", "results")}
    for store in stores.values():
        Path(store).mkdir(exist_ok=True)
    environment = {
        **os.environ,
        **stores,
        "OMRCLIP_PORT": str(port),
        "OMRCLIP_WORKERS": "1",
        "OMRCLIP_REQUEST_SECONDS": "3600",
    }
    program = [sys.executable, "-c", "from omrclip.cli import main; main()", "serve"]
    with subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                try:
                    urlopen(f"{address}/health").read()
                    break
                except (URLError, OSError):
                    time.sleep(0.1)
            yield address, process.pid
        finally:
            process.terminate()
            process.wait(60)


def post(address: str, images: list[bytes]) -> str:
    """The outcomes of a recognition request."""
    body = {
        "Template": dump_template(Template(pages=(FORM.page,))),
        "Images": [{"Name": f"{n}.img", "Data": b64encode(data).decode()} for n, data in enumerate(images)],
    }
    request = Request(f"{address}/api/recognitions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        told = json.loads(urlopen(request, timeout=600).read())
    except HTTPError as error:
        return f"{error.code}"
    codes = [each["Error"]["code"] if each["Error"] else "passed" for each in told["Recognitions"]]
    return ", ".join(sorted(set(codes)))


def bombs() -> dict[str, Callable[[], list[bytes]]]:
    """Requests of few bytes for many pixels, by name, each made when it is wanted."""
    white = Image.new("RGB", (WIDTH, HEIGHT), "white")
    deep = np.full((HEIGHT, WIDTH), 0xFFFF, np.uint16)
    made: dict[str, Callable[[], list[bytes]]] = {
        f"12 WebP of {PIXELS / 1e6:.0f} Mpx": lambda: [save(white, "WEBP", lossless=True, method=0)] * 12,
        "JPEG": lambda: [save(white, "JPEG")],
        "JPEG, progressive": lambda: [save(white, "JPEG", progressive=True, subsampling=0)],
        "PNG, bilevel": lambda: [save(white.convert("1"), "PNG", compress_level=1)],
        "PNG, palette": lambda: [save(white.convert("P"), "PNG", compress_level=1)],
        "TIFF, group 4": lambda: [save(white.convert("1"), "TIFF", compression="group4")],
        "TIFF, LZW": lambda: [save(white, "TIFF", compression="tiff_lzw")],
        "GIF": lambda: [save(white.convert("P"), "GIF")],
    }
    if not QUICK:
        made |= {
            "PNG, 16 bits": lambda: [save(Image.fromarray(deep), "PNG", compress_level=1)],
            "PNG, alpha": lambda: [save(white.convert("RGBA"), "PNG", compress_level=1)],
            "JPEG 2000": lambda: [save(white, "JPEG2000")],
        }
    small = cache(lambda: files_of_every_kind(2000, 1600))
    for name in ("jp2 small tiles", "jp2 small blocks", "jp2 small precincts", "tiff a tile beyond the image"):
        made[f"{name}, 3 Mpx"] = lambda name=name: [small()[name]]  # type: ignore[misc]
    return made


def command_line(folder: Path) -> None:
    """Print the table of the command line."""
    white = png(np.full((4000, 3000), 255, np.uint8))
    good = png(FORM.marked({"Q1": "B"}))
    tell("| Command line | Peak, MB |\n| --- | --- |")
    for what, scan, counts in (("white scans of 12 Mpx", white, (10, 60)), ("good scans", good, (100, 1000))):
        for count in counts:
            tell(f"| {count} {what} | {recognize(folder, scan, count) / 1e6:.0f} |")


def requests(folder: Path, chosen: list[str]) -> None:
    """Print the table of the server, of the bombs whose names have one of the words, or of all."""
    bound = DEFAULT_MEMORY_BYTES + SLACK
    tell(f"\n| Request, bound {bound / 1e6:.0f} MB | Bytes | Outcome | Peak so far, MB |\n| --- | --- | --- | --- |")
    with server(folder) as (address, process):
        tell(f"| none | | | {peak_of(process) / 1e6:.0f} |")
        for what, make in bombs().items():
            if chosen and not any(word in what for word in chosen):
                continue
            images = make()
            outcome = post(address, images)
            peak = peak_of(process)
            late = "" if peak <= bound else " TOO MUCH"
            tell(f"| {what} | {sum(map(len, images)):,} | {outcome} | {peak / 1e6:.0f}{late} |")


def main() -> None:
    """Print both tables; the one of the command line only where no bombs are chosen."""
    chosen = [word for word in sys.argv[1:] if word != "--quick"]
    with TemporaryDirectory() as name:
        if not chosen:
            command_line(Path(name))
        requests(Path(name), chosen)


if __name__ == "__main__":
    main()
