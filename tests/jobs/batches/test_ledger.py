"""Records of batches as lines of JSON."""

import json

import numpy as np
import pytest

from omrclip.jobs.batches.ledger import json_line, record_of
from omrclip.omr.results import ElementStatus


@pytest.mark.parametrize(
    "value",
    [
        'Jürgen Ñandú 日本 😀 \u2028 " \\ \n',
        [0.1, 1e-7, 1e300, -0.0, 3, 2**70, True, None],
        {"Corners": ((1.25, 2.5), (3.0, 4.0))},
        np.float64(0.123),
        np.str_("B"),
        ElementStatus.MARKED,
    ],
)
def test_lines_hold_what_was_written(value: object) -> None:
    line = json_line({"Value": value})
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert record_of(line) == json.loads(line) == {"Value": json.loads(json.dumps(value))}


@pytest.mark.parametrize("line", [b"", b'{"Name": "a"', b"\xff\xfe", b'{"Name": "\xff"}', b"{} {}"])
def test_damaged_records_are_value_errors(line: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        record_of(line)
