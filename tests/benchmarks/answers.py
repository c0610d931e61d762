"""The peak memory of a server whose answers are large: `python -m tests.benchmarks.answers`. Linux only.

Each row is a server of its own that is sent several requests at once, whose clips hardly compress. It must stay below
OMRCLIP_MEMORY_BYTES and 150 MB more.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image
from pybase64 import b64encode

from omrclip.config import DEFAULT_MEMORY_BYTES
from omrclip.omr.template import ClipArea, Template
from omrclip.schemas.template import dump_template
from tests.benchmarks.memory import SLACK, peak_of, server, tell
from tests.imaging.samples import save
from tests.omr.sheet import form
from tests.servers import new_session

AT_ONCE, SCANS, CLIPS = 6, 3, 20
SCALE = 3
"""The scans are so many times as large as the template's page, in each direction: 4.3 megapixels."""
JSON, LINES, ZIP = "application/json", "application/x-ndjson", "application/zip"


def body(scans: int = SCANS, clips: int = CLIPS) -> bytes:
    """A request for clips of the whole page in the scan's own scale, as JPEG of the best quality: some 2 MB each."""
    sheet = form()
    whole = [
        ClipArea(name=f"clip{n}", left=0, top=0, width=sheet.page.width, height=sheet.page.height, jpeg_quality=100)
        for n in range(clips)
    ]
    page = replace(sheet.page, elements=(*sheet.page.elements, *whole))
    tones = cv2.resize(sheet.marked({"Q1": "B"}), None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_LINEAR)
    noise = np.random.default_rng(1).integers(-40, 40, (*tones.shape, 3))
    noisy = np.clip(tones[..., None].astype(np.int16) + noise, 0, 255).astype(np.uint8)
    scan = b64encode(save(Image.fromarray(noisy), "JPEG", quality=30)).decode()
    asked = {
        "Template": dump_template(Template(pages=(page,))),
        "Images": [{"Name": f"{number}.jpg", "Data": scan} for number in range(scans)],
        "Options": {"ClipScale": "native"},
    }
    return json.dumps(asked).encode()


@dataclass(frozen=True, slots=True)
class Case:
    """Requests that are sent at once, and how fast their answers are read (in bytes a second; 0 for at once)."""

    name: str
    accept: str
    query: str = ""
    rate: int = 0


CASES = (
    Case("JSON", JSON),
    Case("lines", LINES),
    Case("zip", ZIP),
    Case("JSON, kept", JSON, "?keep"),
    Case("lines, kept", LINES, "?keep"),
    Case("zip, read slowly", ZIP, rate=4_000_000),
    Case("JSON, read slowly", JSON, rate=4_000_000),
)


def send(address: str, case: Case, data: bytes) -> tuple[str, int]:
    """The outcome of one request, and how many bytes its answer has."""
    headers = {"Content-Type": "application/json", "Accept": case.accept}
    url, size, tail = f"{address}/api/recognitions{case.query}", 0, b""
    codes: Counter[str] = Counter()
    try:
        with new_session().post(url, data=data, headers=headers, stream=True, timeout=3600) as answer:
            for part in answer.iter_content(1 << 20):
                size += len(part)
                for code in (b'"limit_exceeded"', b'"server_busy"', b'"Pass"'):
                    seen = tail + part
                    codes[code.decode().strip('"')] += seen.count(code)
                tail = part[-20:]
                if case.rate:
                    time.sleep(len(part) / case.rate)
            outcome = f"{answer.status_code} " + ", ".join(f"{n} {code}" for code, n in sorted(codes.items()) if n)
            return outcome, size
    except OSError as error:
        return type(error).__name__, size


def rows(folder: Path) -> Iterator[str]:
    """The table's rows."""
    data = body()
    chosen = [case for case in CASES if not sys.argv[1:] or case.name in sys.argv[1:]]
    for case in chosen:
        with server(folder) as (address, process):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                outcomes = list(pool.map(lambda _, case=case: send(address, case, data), range(AT_ONCE)))
            told = "; ".join(f"{count} × {outcome}" for outcome, count in Counter(o for o, _ in outcomes).items())
            peak, size = peak_of(process), sum(size for _, size in outcomes)
            late = "" if peak <= DEFAULT_MEMORY_BYTES + SLACK else " TOO MUCH"
            yield f"| {AT_ONCE} × {case.name} | {told} | {size / 1e6:.0f} | {peak / 1e6:.0f}{late} |"


def main() -> None:
    """Print the table."""
    bound = (DEFAULT_MEMORY_BYTES + SLACK) / 1e6
    with TemporaryDirectory() as name:
        tell(f"| Requests, bound {bound:.0f} MB | Outcome | Answers, MB | Peak, MB |\n| --- | --- | ---: | ---: |")
        for row in rows(Path(name)):
            tell(row)


if __name__ == "__main__":
    main()
