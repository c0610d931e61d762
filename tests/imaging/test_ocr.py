"""Words read from images by Tesseract, and all that it may do instead."""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from omrclip.config import Config
from omrclip.imaging import ocr
from omrclip.imaging.ocr import OcrFailure, ReadText, TextReader, text_reader
from tests.patience import until
from tests.tesseract import FAILING, REAL, command, needs_tesseract, table, telling

PAGE = np.full((877, 620), 255, np.uint8)


def test_words_are_parts_of_the_page_and_uncertain_ones_are_left_out(tmp_path: Path) -> None:
    words = [("Name", 248, 877, 124, 35, 91.5), ("blot", 900, 10, 50, 50, 12.0), (" ", 10, 10, 50, 50, 95.0)]
    read = TextReader(telling(tmp_path, words), "eng").read(PAGE)
    assert read.failure is None
    ((text, *sides),) = read.words
    assert text == "Name"
    assert sides == pytest.approx((0.1, 0.25, 0.15, 0.26), abs=1e-3)


def test_the_image_is_the_input_and_the_command_line_is_always_the_same(tmp_path: Path) -> None:
    TextReader(telling(tmp_path, []), "eng+deu").read(PAGE)
    assert (tmp_path / "arguments").read_text() == "stdin stdout -l eng+deu --psm 3 --dpi 300 tsv"
    image = cv2.imread(str(tmp_path / "image.png"), cv2.IMREAD_UNCHANGED)
    assert image is not None
    assert image.shape == (3508, 2480)


@pytest.mark.parametrize(
    "lines",
    [
        FAILING,
        "print('no table\\n1')",
        f"print({table([('a', 1, 1, 1, 1, 90.0)])!r}.replace('90.0', 'high'))",
        "sys.stdout.buffer.write(bytes(range(256)))",
        "os.kill(os.getpid(), 11)",
    ],
)
def test_a_command_that_fails_is_told(tmp_path: Path, lines: str) -> None:
    assert TextReader(command(tmp_path, lines), "eng").read(PAGE) == ReadText(failure=OcrFailure.FAILED)


def test_a_missing_command_is_told(tmp_path: Path) -> None:
    assert TextReader(str(tmp_path / "none"), "eng").read(PAGE).failure is OcrFailure.MISSING


def test_a_command_that_does_not_end_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "WAIT_SECONDS", 2)
    lines = (
        "import subprocess\nopen('child', 'w').write(str(subprocess.Popen(['sleep', '600']).pid))\nsys.stdin.read()\n"
    )
    reader = TextReader(command(tmp_path, lines + "import time; time.sleep(600)"), "eng")
    assert reader.read(PAGE).failure is OcrFailure.SLOW
    child = Path("/proc", (tmp_path / "child").read_text(), "stat")
    until(lambda: not child.exists() or child.read_text().split()[2] == "Z")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of another process")
def test_memory_and_processor_time_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = command(tmp_path, "sys.stdin.buffer.read(); bytearray(1 << 30)")
    assert TextReader(greedy, "eng").read(PAGE).failure is OcrFailure.FAILED
    monkeypatch.setattr(ocr, "PROCESSOR_SECONDS", 1)
    endless = command(tmp_path, "while True: pass")
    assert TextReader(endless, "eng").read(PAGE).failure is OcrFailure.SLOW


def test_all_pages_of_a_request_have_one_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "ALL_SECONDS", 0)
    assert TextReader(telling(tmp_path, []), "eng").read(PAGE).failure is OcrFailure.SLOW


def test_nothing_is_read_where_it_is_off_or_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert text_reader(Config()) is None
    assert text_reader(replace(Config(), ocr_command="/opt/other")) is not None
    monkeypatch.setattr(ocr, "is_installed", lambda _command: True)
    assert text_reader(Config()) is not None
    assert text_reader(Config.from_env({"OMRCLIP_OCR_COMMAND": "off"})) is None


@needs_tesseract
def test_tesseract_reads_print() -> None:
    page = PAGE.copy()
    cv2.putText(page, "Waiting time", (60, 200), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 2, cv2.LINE_AA)
    read = TextReader(REAL or "", "eng").read(page)
    assert [word[0] for word in read.words] == ["Waiting", "time"]
    _, left, top, right, bottom = read.words[0]
    assert (left * 620, right * 620) == pytest.approx((60, 160), abs=8)
    assert (top * 877, bottom * 877) == pytest.approx((177, 207), abs=6)


@needs_tesseract
def test_a_language_that_tesseract_lacks_is_told() -> None:
    assert TextReader(REAL or "", "xxx").read(PAGE).failure is OcrFailure.FAILED
