"""An answer that is written part by part is the one that is written as a whole."""

import json
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from omrclip.errors import NotFound
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, failed
from omrclip.omr.report.answer import Answer, KeptUris
from omrclip.omr.report.result_files import FileNames
from omrclip.schemas.answer_parts import ENCODED_AT_ONCE, Base64, answer_parts, length, tell_scan, written
from omrclip.schemas.recognition_response import dump_answer, dump_kept
from tests.omr.recognized import recognition

LARGE = bytes(range(256)) * 3000 + b"!"
KEPT = KeptUris("http://localhost", "0" * 24)


def scans() -> list[Recognition]:
    whole = recognition(scan="größe 1.png")
    large = replace(whole, scan="2.png", clips=tuple(replace(clip, data=LARGE) for clip in whole.clips))
    return [whole, failed("3.png", NotFound("none", name="3")), large]


def answer(*recognitions: Recognition, first: int = 1, kept: KeptUris | None = KEPT) -> Answer:
    return Answer(recognitions, RecognitionOptions(), FileNames(alone=False), first=first, kept=kept)


def as_json(told: dict[str, Any]) -> Any:
    """The values that a client reads."""
    return json.loads(json.dumps(told))


@pytest.mark.parametrize("kept", [None, KEPT])
def test_the_parts_make_the_same_answer(kept: KeptUris | None) -> None:
    told = [tell_scan(answer(scan, first=number, kept=kept)) for number, scan in enumerate(scans(), start=1)]
    parts = list(answer_parts(answer(kept=kept), told))
    text = b"".join(written(parts))
    assert json.loads(text) == as_json(dump_answer(answer(*scans(), kept=kept)))
    assert len(text) == length(parts)
    without_files = b"".join(written(answer_parts(answer(kept=kept), told, with_files=False)))
    assert json.loads(without_files) == as_json(dump_answer(answer(*scans(), kept=kept), with_files=False))
    without_data = b"".join(written(answer_parts(answer(kept=kept), [scan.without_data() for scan in told])))
    assert json.loads(without_data) == as_json(dump_kept(answer(*scans(), kept=kept)))


def test_an_answer_without_scans_is_one() -> None:
    assert json.loads(b"".join(written(answer_parts(answer(), [])))) == dump_answer(answer())


def test_uris_are_taken_back() -> None:
    told = [tell_scan(answer(scan, first=number)).without_uris() for number, scan in enumerate(scans(), start=1)]
    text = b"".join(written(answer_parts(answer(kept=None), told)))
    assert json.loads(text) == as_json(dump_answer(answer(*scans(), kept=None)))


def test_what_was_written_leaves_the_memory_piece_by_piece() -> None:
    parts: deque[bytes | Base64] = deque([b"a", Base64(LARGE), b"b", Base64(b"xy")])
    sent: list[int] = []
    pieces = written(parts, sent.append)
    assert len(next(pieces)) <= 448 * 1024
    assert list(parts) == [b"b", Base64(b"xy")]
    assert all(len(piece) <= 448 * 1024 for piece in pieces)
    assert (sent, len(parts)) == ([len(LARGE), 2], 0)
    assert len(LARGE) > 2 * ENCODED_AT_ONCE
