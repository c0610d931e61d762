"""What a recognition takes is known before it begins, and is true; one that takes more than there is fails alone."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from omrclip.admission import Admission
from omrclip.imaging.codec import cost
from omrclip.imaging.probe import probe
from omrclip.limits import Limits
from omrclip.omr.memory import BUBBLE_BYTES, recognition_bytes
from omrclip.omr.options import ClipScale, RecognitionOptions
from omrclip.omr.recognition import Scan, recognize_admitted
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.registration.reference import preparing_bytes, reference_for
from omrclip.omr.template import ClipArea, Page
from tests.imaging.decoding import can_be_measured
from tests.omr.sheet import form, png, turned

FORM = form()
PLAIN = RecognitionOptions()
SCAN = png(turned(3).of(FORM.blank))
ROOT = Path(__file__).parents[2]

MEASURE = """
import gc, ctypes, pathlib, pickle, sys
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Scan, recognize
from tests.imaging.decoding import _status
pages, scans = pickle.load(sys.stdin.buffer)
taken = []
for data in scans[:1] + scans:
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    recognize(pages, Scan("scan.png", data), RecognitionOptions(), Limits())
    taken.append(_status("VmHWM") - before)
sys.stdout.buffer.write(pickle.dumps(taken[1:]))
"""


def admission(max_bytes: int) -> Admission:
    return Admission(2, max_bytes, 0, 0)


@pytest.mark.skipif(not can_be_measured(), reason="the system does not tell the peak of a process")
def test_no_recognition_takes_more_than_is_told() -> None:
    pages = [FORM.known()]
    sizes = ((1800, 2400), (3600, 4800))
    tones = [np.kron(FORM.blank, np.ones((width // 600, width // 600), np.uint8)) for width, _ in sizes]
    scans = [png(each) for each in tones] + [png(np.full((4800, 3600), 255, np.uint8))]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], input=pickle.dumps((pages, scans)), capture_output=True, cwd=ROOT, check=True
    )
    told = [recognition_bytes(pages, data, PLAIN) for data in scans]
    for taken, bound in zip(pickle.loads(done.stdout), told, strict=True):
        assert taken <= bound


def page_of(side: int) -> KnownPage:
    """A page with one clip area, which is all of it."""
    area = ClipArea(name="all", left=0, top=0, width=side, height=side)
    return KnownPage(Page(width=side, height=side, elements=(area,)), 1)


def test_the_largest_clip_and_the_bubbles_count() -> None:
    few = recognition_bytes([page_of(60)], SCAN, PLAIN)
    assert recognition_bytes([page_of(7000)], SCAN, PLAIN) > few + 1e9
    assert recognition_bytes([page_of(60), page_of(7000)], SCAN, PLAIN) > few + 1e9
    native = RecognitionOptions(clip_scale=ClipScale.NATIVE)
    large = png(np.full((5000, 5000), 255, np.uint8))
    assert recognition_bytes([page_of(2000)], large, native) > recognition_bytes([page_of(2000)], large, PLAIN)
    bubbles = sum(len(box.bubbles) for box in FORM.boxes().values())
    assert recognition_bytes([FORM.known(image=False)], SCAN, PLAIN) == few + BUBBLE_BYTES * bubbles


def test_a_blank_image_counts_until_it_is_prepared() -> None:
    blank = png(np.full((2400, 1800), 255, np.uint8))
    assert preparing_bytes(FORM.page, blank) >= cost(probe(blank))
    reference_for(FORM.page, blank)
    assert preparing_bytes(FORM.page, blank) == 0
    assert preparing_bytes(FORM.page, None) == 0


def test_a_scan_that_takes_more_than_there_is_fails_and_says_so() -> None:
    needed = recognition_bytes([FORM.known()], SCAN, PLAIN)
    failed = recognize_admitted(admission(needed - 1), [FORM.known()], Scan("a.png", SCAN), PLAIN, Limits())
    assert failed.error
    assert (failed.error.code, failed.error.details["limit"]) == ("limit_exceeded", "memory_bytes")
    assert "OMRCLIP_MEMORY_BYTES" in failed.messages[0]
    assert recognize_admitted(admission(10**9), [FORM.known()], Scan("a.png", SCAN), PLAIN, Limits()).passed


@pytest.mark.parametrize("data", [b"", b"no image", SCAN[:20]])
def test_what_is_no_image_waits_for_nothing(data: bytes) -> None:
    assert recognition_bytes([FORM.known()], data, PLAIN) == 0
    failed = recognize_admitted(admission(0), [FORM.known()], Scan("a.png", data), PLAIN, Limits())
    assert failed.error
    assert failed.error.code in {"unsupported_image", "corrupt_image"}
