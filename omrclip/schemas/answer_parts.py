"""The answer to a recognition request, written part by part, so that it is never completely in memory.

The entries of each scan are held as JSON, and its files as bytes. They are encoded in base64 when they are sent.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import pybase64

from omrclip.omr.report.answer import Answer
from omrclip.omr.report.result_files import ResponseFile
from omrclip.schemas.recognition_response import dump_answer, dump_kept

ENCODED_AT_ONCE: Final = 192 * 1024
"""In bytes: a multiple of three, so that base64 of the slices is that of the whole; 256 KiB of it."""


@dataclass(frozen=True, slots=True)
class Base64:
    """Bytes of an answer that are to be sent in base64."""

    data: bytes = field(repr=False)

    def __len__(self) -> int:
        return (len(self.data) + 2) // 3 * 4


Part: TypeAlias = bytes | Base64


@dataclass(frozen=True, slots=True)
class ToldFile:
    """A file of an answer: its entry without `Data`, as JSON, and its bytes, or None if they are sent separately."""

    entry: bytes
    data: bytes | None = field(repr=False)

    def parts(self) -> Iterator[Part]:
        """The entry with the bytes, if any."""
        if self.data is None:
            yield self.entry
        else:
            yield from (self.entry[:-1] + b',"Data":"', Base64(self.data), b'"}')


@dataclass(frozen=True, slots=True)
class ToldScan:
    """The JSON of one scan in an answer.

    Attributes:
        passed: whether it has a result.
        recognition, statistics: its entries, as JSON.
        files: its results file and then its clips; empty for a scan that failed.
    """

    passed: bool
    recognition: bytes = field(repr=False)
    statistics: bytes = field(repr=False)
    files: tuple[ToldFile, ...] = ()

    @property
    def json_bytes(self) -> int:
        """The memory of its JSON in bytes, without the files."""
        return len(self.recognition) + len(self.statistics) + sum(len(file.entry) for file in self.files)

    def without_data(self) -> "ToldScan":
        """The same without the bytes of the files."""
        return replace(self, files=tuple(replace(file, data=None) for file in self.files))

    def without_uris(self) -> "ToldScan":
        """The same for a recognition that could not be stored."""
        told = json.loads(self.recognition)
        for entry in (told, *told["Clips"]):
            entry["Uri"] = None
        told["Overlay"] = None
        files = (replace(file, entry=_json({**json.loads(file.entry), "Uri": None})) for file in self.files)
        return replace(self, recognition=_json(told), files=tuple(files))


def tell_scan(answer: Answer) -> ToldScan:
    """The JSON of the only scan of an answer."""
    told = dump_kept(answer)
    files = (named.file.data for named in answer.response_files)
    return ToldScan(
        answer.recognitions[0].passed,
        _json(told["Recognitions"][0]),
        _json(told["Info"]["Details"]["RecognitionStatistics"][0]),
        tuple(ToldFile(_json(entry), data) for entry, data in zip(told["ResponseFiles"], files, strict=True)),
    )


def answer_parts(head: Answer, scans: Sequence[ToldScan], *, with_files: bool = True) -> Iterator[Part]:
    """The JSON of an answer.

    Args:
        head: the answer without recognitions.
        scans: the JSON of its scans, in order.
        with_files: whether it has `ResponseFiles`.
    """
    told = dump_answer(head, with_files=with_files)
    before = b"{"
    for key, value in told.items():
        yield before + _json(key) + b":"
        yield from _member(key, value, scans)
        before = b","
    yield b"}"


def file_parts(files: Sequence[ResponseFile], entries: Sequence[dict[str, Any]]) -> Iterator[Part]:
    """The JSON of a list of files, from their entries without `Data`."""
    told = (ToldFile(_json(entry), file.data) for entry, file in zip(entries, files, strict=True))
    return _listed(file.parts() for file in told)


def length(parts: Iterable[Part]) -> int:
    """The number of bytes that `written` yields."""
    return sum(map(len, parts))


def written(parts: Iterable[Part], sent: Callable[[int], object] = lambda _: None) -> Iterator[bytes]:
    """The bytes of parts, in pieces of at most 448 KiB.

    If `parts` is a deque, each part is removed from it, so that its memory is freed when it was written.

    Args:
        parts: the parts to write.
        sent: called after each part in base64, with its number of bytes before encoding.
    """
    gathered: list[bytes] = []
    size = 0
    for part in _taken(parts):
        for piece in _pieces(part):
            gathered.append(piece)
            size += len(piece)
            if size >= ENCODED_AT_ONCE:
                yield b"".join(gathered)
                gathered, size = [], 0
        if isinstance(part, Base64):
            sent(len(part.data))
    if gathered:
        yield b"".join(gathered)


def _taken(parts: Iterable[Part]) -> Iterator[Part]:
    if not isinstance(parts, deque):
        yield from parts
        return
    while parts:
        yield parts.popleft()


def _pieces(part: Part) -> Iterator[bytes]:
    data = part.data if isinstance(part, Base64) else part
    for start in range(0, len(data), ENCODED_AT_ONCE):
        piece = data[start : start + ENCODED_AT_ONCE]
        yield pybase64.b64encode(piece) if isinstance(part, Base64) else piece


def _member(key: str, value: Any, scans: Sequence[ToldScan]) -> Iterator[Part]:
    if key == "ResponseFiles":
        results = (file.parts() for scan in scans for file in scan.files[:1])
        clips = (file.parts() for scan in scans for file in scan.files[1:])
        yield from _listed((*results, *clips))
    elif key == "Recognitions":
        yield from _listed((scan.recognition,) for scan in scans)
    elif key == "Info":
        passed = sum(scan.passed for scan in scans)
        info = {**value, "ProcessedTasksCount": len(scans), "SuccessfulTasksCount": passed}
        before, after = _json(info).split(b"[]")  # the only list in it
        yield before
        yield from _listed((scan.statistics,) for scan in scans)
        yield after
    else:
        yield _json(value)


def _listed(members: Iterable[Iterable[Part]]) -> Iterator[Part]:
    yield b"["
    for number, member in enumerate(members):
        if number:
            yield b","
        yield from member
    yield b"]"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
