"""How much longer a recognition takes than the decoding that nobody can do without.

    python -m tests.benchmarks.recognition [--rounds 30]

A colour scan of an A4 sheet at 300 dpi (2480 × 3508 px, JPEG of quality 90, pen strokes and a scanner's noise in it)
goes with a template of the same dimensions, from which five clips come. The measure is OpenCV's bare `cv2.imdecode` of
the same bytes, in one thread. Each other row of the table is a whole recognition, and its ratio to that measure:

- in process: decode, register, cut and encode the clips, make the result files; the template is loaded already
- in process, template from its bytes: the same, and the template's JSON parsed and checked
- HTTP, server only: the request lies ready as bytes, and the clock stops when the answer's last byte is there
- HTTP, client included: the request is built from the scan's bytes (base64 and JSON, or multipart), and the answer is
  parsed to the clips' bytes

What finding the page and reading marks take beyond that, `tests.benchmarks.reading` measures.

Why this is fair: all rows are measured in one run, in turns, and a ratio is taken within its round, so that whatever
slows the machine slows both sides of it. The bare decode runs with the one thread that the package sets, and at its
best: this process keeps freed memory (glibc), so that no row pays for another's page faults; with the C library's
defaults a bare decode repeated alone takes nearly half as long again. The server is a real `omrclip serve` with default
settings in processes of its own, reached by loopback over one kept connection; it keeps nothing of a request for the
next. A warm-up round, which is not counted, sees that all rows give the same clips, byte for byte. The time of the
client library `requests` is part of the HTTP rows.

Then the memory: a fresh server for each kind of body, eight requests at a time, and the highest resident set of its
processes, from Linux's `/proc`. The sum counts a library that two of the processes share twice.
"""

import argparse
import base64
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import requests

from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, known_pages, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.report.result_files import FileNames, ResponseFile, plan_file_names, recognition_files
from omrclip.schemas.template import load_template
from tests.benchmarks.measuring import MEBIBYTE, Way, keep_freed_memory, machine, measure, table, warm_up
from tests.benchmarks.sheet import DIMENSIONS, JPEG_QUALITY, SCAN_NAME, Sample, make_sample
from tests.servers import Server, memory_of, new_session, running

PARALLEL: Final = 8
TIMEOUT: Final = 120.0
OPTIONS: Final = RecognitionOptions()
LIMITS: Final = Limits()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write what came out."""
    asked = _parser().parse_args(arguments)
    sample = make_sample()
    keep_freed_memory()
    _say(machine())
    _say(f"scan: {DIMENSIONS} px, JPEG of quality {JPEG_QUALITY}, {len(sample.scan):,} bytes")
    with running() as server:
        pages = known_pages(load_template(sample.areas_only))
        ways = [*in_process(pages, sample), *over_http(server, sample)]
        _say(f"clips: 5, {warm_up(ways):,} bytes together; {asked.rounds} rounds\n")
        for line in table(measure(ways, asked.rounds)):
            _say(line)
    _say(f"\nmemory of a fresh server with OMRCLIP_THREADS={PARALLEL}, {PARALLEL} requests at a time,")
    _say(f"{PARALLEL * asked.requests} in all:")
    for kind, body in bodies(sample.scan, sample.areas_only).items():
        _say(f"{kind:9}  {_memory_under_load(body, asked.requests)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.recognition")
    parser.add_argument("--rounds", type=_positive, default=30, help="how often each row is measured (30)")
    parser.add_argument("--requests", type=_positive, default=6, help="requests of each parallel client (6)")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def in_process(pages: Sequence[KnownPage], sample: Sample) -> Iterator[Way]:
    """The measure, and the rows without HTTP."""
    yield Way("cv2.imdecode", lambda: _bare_decode(sample.scan))
    yield Way("in process", lambda: _recognized(pages, sample.scan), _file_clips, goal=1.15)
    yield Way("in process, template from its bytes", lambda: _from_bytes(sample.areas_only, sample.scan), _file_clips)


def _bare_decode(scan: bytes) -> object:
    return cv2.imdecode(np.frombuffer(scan, np.uint8), cv2.IMREAD_COLOR)


def _recognized(pages: Sequence[KnownPage], scan: bytes) -> list[ResponseFile]:
    recognition = recognize(pages, Scan(SCAN_NAME, scan), OPTIONS, LIMITS)
    return recognition_files(recognition, OPTIONS, FileNames(alone=True))


def _from_bytes(omr: bytes, scan: bytes) -> list[ResponseFile]:
    template = load_template(omr)
    plan_file_names(template, [SCAN_NAME], OPTIONS)
    return _recognized(known_pages(template), scan)


def _file_clips(files: Sequence[ResponseFile]) -> list[bytes]:
    return [file.data for file in files[1:]]


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body and its Content-Type."""

    data: bytes
    content_type: str


def bodies(scan: bytes, omr: bytes) -> dict[str, Body]:
    """The same request in both of its forms."""
    parts = requests.Request("POST", "http://localhost", files=_parts(scan, omr)).prepare()
    content_type = parts.headers["Content-Type"]
    if not isinstance(parts.body, bytes) or not isinstance(content_type, str):
        raise TypeError("requests gives a multipart body as bytes, its Content-Type as text")
    return {
        "multipart": Body(parts.body, content_type),
        "JSON": Body(_json_body(scan, json.loads(omr)), "application/json"),
    }


def _parts(scan: bytes, omr: bytes) -> dict[str, Any]:
    return {"Template": ("form.omr", omr), "Images": (SCAN_NAME, scan, "image/jpeg")}


def _json_body(scan: bytes, template: object) -> bytes:
    image = {"Name": SCAN_NAME, "Data": base64.b64encode(scan).decode()}
    return json.dumps({"Template": template, "Images": [image]}).encode()


def over_http(server: Server, sample: Sample) -> Iterator[Way]:
    """The rows with HTTP."""
    session = new_session()
    ready = bodies(sample.scan, sample.areas_only)
    template = json.loads(sample.areas_only)

    def send(body: Body) -> Callable[[], bytes]:
        return lambda: _post(session, server, data=body.data, headers={"Content-Type": body.content_type})

    def send_parts() -> list[bytes]:
        return _answer_clips(_post(session, server, files=_parts(sample.scan, sample.areas_only)))

    def send_json() -> list[bytes]:
        headers = {"Content-Type": "application/json"}
        return _answer_clips(_post(session, server, data=_json_body(sample.scan, template), headers=headers))

    yield Way("HTTP, multipart, server only", send(ready["multipart"]), _answer_clips, goal=1.4)
    yield Way("HTTP, multipart, client included", send_parts, list, goal=1.4)
    yield Way("HTTP, JSON, server only", send(ready["JSON"]), _answer_clips, goal=1.7)
    yield Way("HTTP, JSON, client included", send_json, list, goal=1.7)


def _post(session: requests.Session, server: Server, **content: Any) -> bytes:
    answer = session.post(f"{server.url}/api/recognitions", timeout=TIMEOUT, **content)
    if not answer.ok:
        raise RuntimeError(f"the server answered {answer.status_code}: {answer.text[:500]}")
    return answer.content


def _answer_clips(answer: bytes) -> list[bytes]:
    return [base64.b64decode(file["Data"]) for file in json.loads(answer)["ResponseFiles"][1:]]


def _memory_under_load(body: Body, requests_each: int) -> str:
    """What a fresh server takes before and under parallel requests, in words."""
    with running(threads=PARALLEL) as server:
        idle = memory_of(server)
        with ThreadPoolExecutor(PARALLEL) as clients:
            list(clients.map(lambda _: _client(server, body, requests_each), range(PARALLEL)))
        loaded = memory_of(server)
    if idle is None or loaded is None:
        return "not measured: there is no /proc here"
    before, peak, after = (count / MEBIBYTE for count in (idle.now, loaded.peak, loaded.now))
    return (
        f"idle {before:.0f} MiB, peak {peak:.0f} MiB, afterwards {after:.0f} MiB "
        f"({(peak - before) / PARALLEL:.0f} MiB a request; {loaded.processes} processes)"
    )


def _client(server: Server, body: Body, count: int) -> None:
    with new_session() as session:
        for _ in range(count):
            _post(session, server, data=body.data, headers={"Content-Type": body.content_type})


if __name__ == "__main__":
    main()
