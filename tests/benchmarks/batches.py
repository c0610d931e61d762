"""Measure `omrclip batch`: `python -m tests.benchmarks.batches FOLDER [--pages 2000]`.

The exam sheet at 300 dpi, filled in by several persons, becomes a PDF of JPEG pages, a TIFF of group 4 pages and a
folder of JPEG files. A page is one of SHEETS different ones. Each stack is recognized with one process and with two.

Times are processor times of all processes together, because the machine may be busy with other things: pages an hour
are what the processes do if each has a processor. `in process` is the processor time of reading, recognizing and
encoding a page in one process without a batch. Memory is that of the parent alone.

A busy machine makes each page slower, so pages are also recognized in process while a batch is running, and both see
the same load. `tests.benchmarks.killing` kills batches.

The image of the blank page lies beside the template; with --bubbles-only it does not.

With --small, the pages are a form of 300 × 200 pixels, which shows in short time how memory grows.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.setting_up import set_up_process
from omrclip.jobs.sources import scans_in
from omrclip.library import blank_page_beside
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import known_pages, recognize
from omrclip.schemas.template import load_template
from tests.benchmarks.sheet import DIMENSIONS, DPI, SEED
from tests.sheets.camera import Glass
from tests.sheets.exam import exam
from tests.sheets.filling import Person
from tests.sheets.printing import print_page
from tests.sheets.scene import Light, Scene, Sensor
from tests.sheets.sheet import Shot, make
from tests.sheets.template import omr_document
from tests.web.making import grid, omr, template

SHEETS = 4
JPEG_QUALITY = 75
EARLY = 0.1
"""The part of the pages after which the parent's memory is measured for the first time."""
IN_PROCESS = 24
PEAK_SECONDS = 0.2
MEBIBYTE = 2**20


def sheets() -> list[npt.NDArray[np.uint8]]:
    """Grey scans of the exam sheet, each filled in by another person."""
    shots = []
    for number in range(SHEETS):
        scene = Scene("lid", Light(), Sensor(0.5, noise=1.2, dust=5))
        person = Person(f"Person {number}", "blue ballpoint")
        shot = Shot(SEED + number, DIMENSIONS, Glass(DPI, skew=0.1 * number - 0.6), person, scene=scene)
        shots.append(cv2.cvtColor(make(exam(), shot).image, cv2.COLOR_BGR2GRAY))
    return shots


def small_sheets() -> list[npt.NDArray[np.uint8]]:
    """Grey scans of a small form."""
    return [np.asarray(cv2.cvtColor(grid(salt=20 * number), cv2.COLOR_BGR2GRAY), np.uint8) for number in range(SHEETS)]


def write_pdf(path: Path, images: list[bytes], pages: int, dimensions: Dimensions = DIMENSIONS) -> None:
    """A PDF in which each page shows one of the JPEG images."""
    width, height = (round(side * 72 / DPI, 2) for side in (dimensions.width, dimensions.height))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    first_page = 3 + 2 * len(images)
    kids = " ".join(f"{first_page + page} 0 R" for page in range(pages))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode())
    for number, data in enumerate(images):
        head = (
            f"<< /Type /XObject /Subtype /Image /Width {dimensions.width} /Height {dimensions.height} "
            f"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode /Length {len(data)} >>\nstream\n"
        )
        objects.append(head.encode() + data + b"\nendstream")
        content = f"q {width} 0 0 {height} 0 0 cm /I{number} Do Q"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream".encode())
    for page in range(pages):
        number = page % len(images)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {4 + 2 * number} 0 R "
            f"/Resources << /XObject << /I{number} {3 + 2 * number} 0 R >> >> >>".encode()
        )
    written, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n"
    )
    path.write_bytes(bytes(written) + end.encode() + f"startxref\n{len(written)}\n%%EOF\n".encode())


def write_stacks(folder: Path, pages: int, *, small: bool = False) -> dict[str, list[str]]:
    """The sources of each kind of stack; files of an earlier run are taken as they are."""
    stacks = {"PDF": ["stack.pdf"], "TIFF": ["stack.tif"], "folder": [f"pages/{page:05}.jpg" for page in range(pages)]}
    if not (folder / "form.omr").exists():
        shots = small_sheets() if small else sheets()
        encoded = [cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes() for shot in shots]
        height, width = shots[0].shape
        write_pdf(folder / "stack.pdf", encoded, pages, Dimensions(width, height))
        lines = [Image.fromarray(shot).convert("1", dither=Image.Dither.NONE) for shot in shots]
        others = (lines[page % SHEETS] for page in range(1, pages))
        dpi = (DPI, DPI)
        lines[0].save(folder / "stack.tif", save_all=True, append_images=others, compression="group4", dpi=dpi)
        (folder / "pages").mkdir()
        for page, name in enumerate(stacks["folder"]):
            (folder / name).write_bytes(encoded[page % SHEETS])
        if small:
            (folder / "form.omr").write_bytes(omr(template()))
        else:
            (folder / "form.omr").write_bytes(json.dumps(omr_document(exam(), DPI)).encode())
            (folder / "form.png").write_bytes(cv2.imencode(".png", print_page(exam(), DPI))[1].tobytes())
    return {kind: [str(folder / name) for name in names] for kind, names in stacks.items()}


def in_process(folder: Path, sources: list[str], is_over: threading.Event, seconds: list[float]) -> None:
    """Recognize pages in this thread until it is over, and note the processor seconds of each."""
    image = blank_page_beside(folder / "form.omr")
    loaded = load_template((folder / "form.omr").read_bytes())
    pages = known_pages(loaded, image.read_bytes() if image else None)
    options = RecognitionOptions().as_saved
    scans = scans_in([Path(source) for source in sources[:IN_PROCESS]], Limits().max_image_pixels)[:IN_PROCESS]
    while not is_over.is_set():
        for scan in scans:
            before = time.thread_time()
            assert recognize(pages, scan.read(), options, Limits()).passed
            seconds.append(time.thread_time() - before)


@dataclass
class Run:
    """What one command took: processor seconds, seconds, and the parent's memory early, late and at most, in MiB."""

    processor: float
    seconds: float
    early: float
    late: float
    peak: float


def command(folder: Path, sources: list[str], out: Path, workers: int, *more: str) -> list[str]:
    arguments = ["batch", str(folder / "form.omr"), *sources, "--out", str(out), "--workers", str(workers), *more]
    return [sys.executable, "-m", "omrclip", *arguments, "--progress", "json"]


def memory(pid: int, field: str = "VmRSS") -> float:
    fields = Path(f"/proc/{pid}/status").read_text().split(f"{field}:")[1].split()
    return int(fields[0]) / 1024


def peak_of(pid: int, found: list[float]) -> None:
    """Note the parent's peak until it ends. The usage that `wait4` tells includes the other processes."""
    with suppress(OSError, IndexError):
        while True:
            found[0] = memory(pid, "VmHWM")
            time.sleep(PEAK_SECONDS)


def run(arguments: list[str]) -> Run:
    """Run a command to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    peak = [0.0]
    threading.Thread(target=peak_of, args=(process.pid, peak), daemon=True).start()
    early = late = 0.0
    assert process.stderr is not None
    for line in process.stderr:
        if not line.startswith("{"):
            sys.stderr.write(line)
            continue
        told = json.loads(line)
        if told["Done"] >= EARLY * told["Total"] and not early:
            early = memory(process.pid)
        late = memory(process.pid) if told["Done"] < told["Total"] else late
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) in {0, 1}
    return Run(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, early, late, peak[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--kinds", nargs="+", default=["PDF", "TIFF", "folder"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--engines", nargs="+", default=["local", "dask"])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--bubbles-only", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    set_up_process()  # one thread for OpenCV, as in workers, so that `thread_time` counts all
    stacks = write_stacks(asked.folder, asked.pages, small=asked.small)
    if asked.bubbles_only:
        (asked.folder / "form.png").unlink(missing_ok=True)
    click.echo(
        "| Stack | Engine | Processes | Processor s a page | in process | Pages an hour | MiB early, late, peak | s |"
    )
    click.echo("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind in asked.kinds:
        for engine in asked.engines:
            for workers in asked.workers:
                out = asked.folder / f"out-{kind}-{engine}-{workers}"
                beside: list[float] = []
                is_over = threading.Event()
                thread = threading.Thread(target=in_process, args=(asked.folder, stacks[kind], is_over, beside))
                thread.start()
                took = run(command(asked.folder, stacks[kind], out, workers, "--restart", "--engine", engine))
                is_over.set()
                thread.join()
                alone = float(np.mean(beside[1:]))
                each = took.processor / asked.pages
                click.echo(
                    f"| {kind} | {engine} | {workers} | {each:.3f} | {alone:.3f} | {3600 * workers / each:,.0f} "
                    f"| {took.early:.0f}, {took.late:.0f}, {took.peak:.0f} | {took.seconds:.0f} |",
                )


if __name__ == "__main__":
    main()
