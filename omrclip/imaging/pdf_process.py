"""Reads PDF files in a separate process, with limits on its memory and processor time.

PDFium reads a page completely before it returns any information, and no call can be interrupted. A few kilobytes of
compressed drawing commands can take minutes and gigabytes. In a separate process, only that page fails. A crash of
PDFium does not affect the server either.

The memory is watched from outside instead of limited by the system. With a limit, PDFium would leave out an image
without an error if it finds no memory for it.

Both sides exchange messages over a socket. The process asks for the bytes of the file that it needs.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omrclip.errors import CorruptImage, ImageError, LimitExceeded, OmrclipError, UnsupportedImage
from omrclip.imaging import documents
from omrclip.imaging.contents import FormField, PageContents
from omrclip.imaging.tiff.ranges import BytesReader, RangeReader

if TYPE_CHECKING:
    from omrclip.imaging.pdf_pages import PdfPages

EXTRA_BYTES: Final = 256 << 20
"""Memory for the objects of a page, and for masks of images, whose dimensions PDFium does not tell. A mask of A4 at 600
dpi takes 140 MB; the objects of a dense form take 5 MB."""
LOOK_SECONDS: Final = 0.05
"""How often the memory of the process is looked at. It grows by some 100 MB in this time."""
SECONDS: Final = 20
"""Processor time for one page. A page of 120 megapixels takes 8 s."""
WAIT_SECONDS: Final = 120
"""How long an answer may take on a machine that is busy."""
_ASKED, _DONE, _FAILED = b"A", b"D", b"F"
_RANGE: Final = struct.Struct("<QQ")
_ERRORS: Final = {error.code: error for error in (ImageError, CorruptImage, UnsupportedImage, LimitExceeded)}
_OPEN, _PAGE_BYTES, _READ, _CONTENTS, _CLOSE = "open", "page_bytes", "read", "contents", "close"


def isolate_pdfs() -> None:
    """Let `open_document` read PDF files in processes of their own from now on. The service calls this at its start."""
    documents.open_pdf = IsolatedPdf


class IsolatedPdf:
    """A PDF that another process reads. It has to be closed, and may be used by several threads, one at a time."""

    def __init__(self, reader: RangeReader, most_pixels: int) -> None:
        """Open a file; raises as `PdfPages` does."""
        self._reader = reader
        self._most_pixels = most_pixels
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._asked: tuple[int, int] | None = None
        with self._lock:
            self._count = self._open()

    @property
    def count(self) -> int:
        """How many pages there are."""
        return self._count

    def page_bytes(self, number: int) -> int:
        """See `PdfPages.page_bytes`. The answer for the last page is remembered, because `read_page` needs it too."""
        if (asked := self._asked) and asked[0] == number:
            return asked[1]
        needed = EXTRA_BYTES + int(self._ask(_PAGE_BYTES, number, EXTRA_BYTES))
        self._asked = number, needed
        return needed

    def read_page(self, number: int) -> bytes:
        """See `PdfPages.read_page`. A page that takes more memory or time than allowed raises LimitExceeded."""
        return self._ask(_READ, number, self.page_bytes(number))

    def contents(self, number: int) -> PageContents:
        """See `PdfPages.contents`. A page that takes more memory or time than allowed raises LimitExceeded."""
        told = json.loads(self._ask(_CONTENTS, number, EXTRA_BYTES))
        return PageContents(tuple(map(tuple, told["words"])), tuple(FormField(**field) for field in told["fields"]))

    def close(self) -> None:
        """Close the file. The process waits for the next one."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _give_back(process)

    def _open(self) -> int:
        process = _taken()
        told = f"{self._most_pixels} {self._reader.size}"
        try:
            count = int(process.ask(self._reader, _OPEN, told, EXTRA_BYTES))
        except _ProcessEndedError:
            raise _too_much("The PDF") from None
        except BaseException:
            _give_back(process)
            raise
        self._process = process
        return count

    def _ask(self, what: str, number: int, most_bytes: int) -> bytes:
        with self._lock:
            if self._process is None:
                self._open()
            assert self._process is not None  # noqa: S101 (for mypy)
            try:
                return self._process.ask(self._reader, what, str(number), most_bytes)
            except _ProcessEndedError:
                raise _too_much(f"Page {number} of the PDF") from None
            finally:
                if self._process.has_ended:
                    self._process = None  # the next page begins another one


def _too_much(what: str) -> LimitExceeded:
    return LimitExceeded(f"{what} needs more memory or time than allowed.", limit="page_memory", maximum=EXTRA_BYTES)


class _ProcessEndedError(Exception):
    """The process crashed, or exceeded its memory or time."""


class _Process:
    """A process that reads one PDF at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (this interpreter)
                [sys.executable, "-m", __name__, str(theirs.fileno()), str(SECONDS)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._connection = Connection(ours.detach())

    def ask(self, reader: RangeReader, what: str, told: str, most_bytes: int) -> bytes:
        """The answer to a request, during which ranges of a file are asked for.

        Args:
            reader: the file.
            what: the request.
            told: its arguments.
            most_bytes: the memory that the process may take in addition to what it has now.

        Raises:
            ImageError, LimitExceeded: the error of the process.
            _ProcessEndedError: it ended, or was ended.
        """
        try:
            answer = self._ask(reader, what, told, self._resident() + most_bytes)
        except (EOFError, ConnectionError):
            self.end()
            raise _ProcessEndedError from None
        except BaseException:  # such as an error of the reader: the process still waits for its bytes
            self.end()
            raise
        if isinstance(answer, OmrclipError):
            raise answer
        return answer

    @property
    def has_ended(self) -> bool:
        """Whether the process has been ended."""
        return self._connection.closed

    def _ask(self, reader: RangeReader, what: str, told: str, most_bytes: int) -> bytes | OmrclipError:
        """The answer, or the error that the process tells."""
        self._connection.send_bytes(f"{what} {told}".encode())
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            if not self._connection.poll(LOOK_SECONDS):
                if self._resident() > most_bytes:
                    break
                continue
            answer = self._connection.recv_bytes()
            kind, data = answer[:1], answer[1:]
            if kind == _ASKED:
                self._connection.send_bytes(reader.read(*_RANGE.unpack(data)))
            elif kind == _DONE:
                return data
            else:
                return _told_error(data)
        raise EOFError

    def _resident(self) -> int:
        """The memory of the process in bytes; 0 if the system does not provide it."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_bytes().split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def end(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def __del__(self) -> None:
        if hasattr(self, "_connection"):
            self.end()


def _told_error(data: bytes) -> OmrclipError:
    code, message, details = json.loads(data)
    return _ERRORS.get(code, ImageError)(message, **details)


_idle: list[_Process] = []
_idle_lock = threading.Lock()


def _taken() -> _Process:
    with _idle_lock:
        return _idle.pop() if _idle else _Process()


def _give_back(process: _Process) -> None:
    """Keep a process for the next file, unless it has ended."""
    if process.has_ended:
        return
    try:
        process.ask(BytesReader(b""), _CLOSE, "", EXTRA_BYTES)
    except (_ProcessEndedError, OmrclipError):
        process.end()
        return
    with _idle_lock:
        _idle.append(process)


def _serve(connection: Connection, seconds: int) -> None:
    """Answer requests until the other side is gone. Each may take so many seconds of processor time."""
    from omrclip.imaging.pdf_pages import PdfPages

    pages: PdfPages | None = None
    while True:
        try:
            what, _, told = connection.recv_bytes().decode().partition(" ")
        except EOFError:
            return
        try:
            _limit_time(seconds)
            if what == _OPEN:
                most_pixels, size = map(int, told.split())
                pages = PdfPages(_Asking(connection, size), most_pixels)
                answer = str(pages.count).encode()
            elif what == _CLOSE or pages is None:
                if pages is not None:
                    pages.close()
                pages, answer = None, b""
            else:
                answer = _answer(pages, what, int(told))
            connection.send_bytes(_DONE + answer)
        except OmrclipError as error:
            connection.send_bytes(_FAILED + json.dumps([error.code, error.message, error.details]).encode())


def _answer(pages: "PdfPages", what: str, number: int) -> bytes:
    if what == _READ:
        return pages.read_page(number)
    if what == _PAGE_BYTES:
        return str(pages.page_bytes(number)).encode()
    return json.dumps(asdict(pages.contents(number))).encode()


class _Asking:
    """The file, whose bytes the other process has."""

    def __init__(self, connection: Connection, size: int) -> None:
        self._connection = connection
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """See `RangeReader.read`."""
        self._connection.send_bytes(_ASKED + _RANGE.pack(offset, length))
        return self._connection.recv_bytes()


def _limit_time(seconds: int) -> None:
    with suppress(OSError, ValueError, ImportError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        until = int(used.ru_utime + used.ru_stime) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])), int(sys.argv[2]))
