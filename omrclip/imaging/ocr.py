"""The words on an image, read by Tesseract, if it is installed. It is a command of the system, not a part of omrclip.

It runs in a process of its own with limits on its memory, its processor time and the time that it is waited for. Its
command line is the same for all images; the image is its standard input.
"""

import csv
import io
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from omrclip.config import OCR_COMMAND, Config
from omrclip.imaging.arrays import Grey
from omrclip.imaging.codec import encode
from omrclip.imaging.contents import Word
from omrclip.imaging.formats.base import ImageFormat
from omrclip.wording import Wording

READ_SIDE_PX: Final = 3508
"""Longer side of the image that Tesseract reads: A4 at 300 dpi, for which it is made."""
MEMORY_BYTES: Final = 256 << 20
"""Address space of Tesseract. It took 70 MB for a form, and 175 MB for 8,800 words on a page."""
PROCESSOR_SECONDS: Final = 20
"""Processor time for an image. A form took 0.4 to 0.8 s."""
WAIT_SECONDS: Final = 60
"""How long an image may take on a machine that is busy."""
ALL_SECONDS: Final = 180
"""How long all images of a request may take together."""
LEAST_CERTAIN: Final = 50
"""Certainty of a word from 0 to 100, as Tesseract tells it: less certain ones are more likely wrong than right."""
_LEVEL_OF_WORDS: Final = "5"


class OcrFailure(StrEnum):
    """Why an image was not read."""

    MISSING = "missing"
    FAILED = "failed"
    SLOW = "slow"
    MEMORY = "memory"


FAILURES: Final = {
    OcrFailure.MISSING: Wording(
        "ocr_missing", "The command in OMRCLIP_OCR_COMMAND was not found, so names are numbers."
    )(),
    OcrFailure.FAILED: Wording(
        "ocr_failed",
        "Tesseract failed, so names are numbers. Check that it runs and has the languages in OMRCLIP_OCR_LANGUAGES.",
    )(),
    OcrFailure.SLOW: Wording("ocr_slow", "Tesseract took too long, so names are numbers.")(),
    OcrFailure.MEMORY: Wording(
        "ocr_memory", "Tesseract needs more memory than OMRCLIP_MEMORY_BYTES leaves, so names are numbers."
    )(),
}
"""What people are told."""


@dataclass(frozen=True, slots=True)
class ReadText:
    """The words on an image, or why they are not known."""

    words: tuple[Word, ...] = ()
    failure: OcrFailure | None = None


class TextReader:
    """Reads the images of one request."""

    def __init__(self, command: str, languages: str) -> None:
        """Set the command, and the languages as Tesseract expects them: names with plus signs between them."""
        self._command = command
        self._languages = languages
        self._until = time.monotonic() + ALL_SECONDS

    def read(self, grey: Grey) -> ReadText:
        """The words on an image of (height, width) uint8."""
        seconds = min(WAIT_SECONDS, self._until - time.monotonic())
        if seconds <= 0:
            return ReadText(failure=OcrFailure.SLOW)
        scale = READ_SIDE_PX / max(grey.shape)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        sized = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how), np.uint8)
        return self._run(encode(sized, ImageFormat.PNG), sized.shape[1], sized.shape[0], seconds)

    def _run(self, image: bytes, width: int, height: int, seconds: float) -> ReadText:
        # Mode 3 finds the layout of the page. It missed fewer numbers of questions than those for sparse text.
        command = [self._command, "stdin", "stdout", "-l", self._languages, "--psm", "3", "--dpi", "300", "tsv"]
        try:
            process = subprocess.Popen(  # noqa: S603 (the command is a setting of the server)
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                start_new_session=True,
            )
        except OSError:
            return ReadText(failure=OcrFailure.MISSING)
        _limit(process.pid)
        try:
            told, _ = process.communicate(image, timeout=seconds)
        except subprocess.TimeoutExpired:
            return ReadText(failure=OcrFailure.SLOW)
        finally:
            _end(process)
        if process.returncode == -signal.SIGXCPU:
            return ReadText(failure=OcrFailure.SLOW)
        if process.returncode:
            return ReadText(failure=OcrFailure.FAILED)
        try:
            return ReadText(_words(told.decode(errors="replace"), width, height))
        except (KeyError, TypeError, ValueError, csv.Error):
            return ReadText(failure=OcrFailure.FAILED)


def text_reader(config: Config) -> TextReader | None:
    """A reader by the settings. None if it is switched off, or if the default command is not installed."""
    command = config.ocr_command
    if command is None or (command == OCR_COMMAND and not is_installed(command)):
        return None
    return TextReader(command, config.ocr_languages)


def is_installed(command: str) -> bool:
    """Whether the system finds a command."""
    return shutil.which(command) is not None


def _limit(process: int) -> None:
    """Limit the memory and processor time of a process that still waits for its input, where the system can."""
    with suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(process, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.prlimit(process, resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS + 1))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that has not ended, with those that it started, and close its pipes."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _words(table: str, width: int, height: int) -> tuple[Word, ...]:
    """The certain words of a table with tabs between its columns."""
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = []
    for row in rows:
        text = (row["text"] or "").strip()
        if row["level"] == _LEVEL_OF_WORDS and text and float(row["conf"]) >= LEAST_CERTAIN:
            left, top, wide, high = (int(row[side]) for side in ("left", "top", "width", "height"))
            words.append((text, left / width, top / height, (left + wide) / width, (top + high) / height))
    return tuple(words)
