"""Asking a server as fast as it answers (wrk), and asking it one thing after the other."""

import http.client
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from tests.benchmarks.measuring import MILLISECONDS

CONNECTIONS: Final = 8
TIMEOUT: Final = 60
# wrk has added the Host header when it calls `init`. A line of the file is a path and, behind a tab, an entity tag.
_SCRIPT: Final = """
local requests, count = {}, 0
function init(arguments)
  for line in io.lines(arguments[1]) do
    local path, tag = line:match("^([^\\t]*)\\t(.*)$")
    wrk.headers["If-None-Match"] = tag ~= "" and tag or nil
    requests[#requests + 1] = wrk.format("GET", path)
  end
end
function request()
  count = count % #requests + 1
  return requests[count]
end
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  io.write(string.format('{"requests": %d, "microseconds": %d, "bytes": %d, "failed": %d, "median": %d}\\n',
    summary.requests, summary.duration, summary.bytes, failed, latency:percentile(50)))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a measurement: requests per second, and bytes of an answer with its headers."""

    rate: float
    answer_bytes: float
    answers: int


def ask_fast(image: str, requests: Sequence[str], seconds: int, tags: Mapping[str, str] | None = None) -> Load:
    """Cycle through requests under an image's URI, on 8 kept connections.

    Args:
        image: the image's URI.
        requests: what follows it.
        seconds: how long.
        tags: the entity tag that each request says the client has, where it shall say so.

    Raises:
        RuntimeError: not all requests were answered well.
    """
    parts = urlsplit(image)
    lines = [f"{parts.path}/{request}\t{tags[request] if tags else ''}\n" for request in requests]
    with tempfile.TemporaryDirectory() as folder:
        script, listed = Path(folder, "cycle.lua"), Path(folder, "requests.txt")
        script.write_text(_SCRIPT)
        listed.write_text("".join(lines))
        options = ["--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s", "--timeout=30s"]
        command = ["wrk", *options, f"--script={script}", f"{parts.scheme}://{parts.netloc}", "--", str(listed)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=seconds + TIMEOUT)
    return _load(json.loads(done.stdout.splitlines()[-1]), image)


def _load(told: Mapping[str, int], image: str) -> Load:
    if told["failed"] or not told["requests"]:
        raise RuntimeError(f"{told['failed']} of {told['requests']} requests to {image} failed")
    rate = told["requests"] / (told["microseconds"] / 1e6)
    return Load(rate, told["bytes"] / told["requests"], told["requests"])


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and how long it took to its last byte."""

    status: int
    milliseconds: float
    data: bytes
    etag: str | None


class Client:
    """A kept connection to the server of an image."""

    def __init__(self, image: str) -> None:
        parts = urlsplit(image)
        self._path = parts.path
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)

    def ask(self, request: str, tag: str | None = None) -> Answer:
        """Ask for what follows the image's URI; `tag` is of the answer that the client has."""
        started = perf_counter()
        self._connection.request("GET", f"{self._path}/{request}", headers={"If-None-Match": tag} if tag else {})
        answer = self._connection.getresponse()
        data = answer.read()
        taken = (perf_counter() - started) * MILLISECONDS
        return Answer(answer.status, taken, data, answer.getheader("ETag"))

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def ask_in_turn(image: str, requests: Sequence[str]) -> list[Answer]:
    """Ask for one thing after the other, on one connection.

    Raises:
        RuntimeError: the server refused one.
    """
    client = Client(image)
    try:
        answers = [client.ask(request) for request in requests]
    finally:
        client.close()
    bad = [(answer.status, request) for answer, request in zip(answers, requests, strict=True) if answer.status != 200]
    if bad:
        raise RuntimeError(f"{image}/{bad[0][1]} was answered {bad[0][0]}")
    return answers


def entity_tags(image: str, requests: Sequence[str]) -> dict[str, str] | None:
    """The entity tag of each answer; None where the server sends none, or does not answer 304 to it."""
    tags = {request: answer.etag for request, answer in zip(requests, ask_in_turn(image, requests), strict=True)}
    client = Client(image)
    try:
        is_honoured = all(
            tag is not None and client.ask(request, tag).status == HTTPStatus.NOT_MODIFIED
            for request, tag in tags.items()
        )
    finally:
        client.close()
    return {request: tag for request, tag in tags.items() if tag is not None} if is_honoured else None
