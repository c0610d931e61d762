"""What is declared of the memory that a decode takes is true, for every kind of file, and no wild guess."""

import struct
import zlib

import numpy as np
import pytest

from omrclip.errors import CorruptImage
from omrclip.imaging.codec import cost, decode, reducible
from omrclip.imaging.probe import probe
from tests.imaging.decoding import can_be_measured, memory_taken
from tests.imaging.kinds import files_of_every_kind
from tests.imaging.samples import GREY, save, tiff

MEBIBYTE = 1 << 20
# Of the 8 MiB that are declared for an image however small.
SPARE = 2 * MEBIBYTE
WIDTH, HEIGHT = 1200, 1000


@pytest.mark.skipif(not can_be_measured(), reason="the system does not tell the peak of a process")
def test_no_decode_takes_more_memory_than_is_declared() -> None:
    files = files_of_every_kind(WIDTH, HEIGHT)
    asked = [(name, data, reduction) for name, data in files.items() for reduction in (1, 2, 8)]
    asked = [each for each in asked if each[2] == 1 or reducible(probe(each[1]))]
    taken = memory_taken([(data, reduction) for _, data, reduction in asked])
    declared = [cost(probe(data), reduction) for _, data, reduction in asked]
    told = {
        f"{name} 1/{by}": both for (name, _, by), both in zip(asked, zip(taken, declared, strict=True), strict=True)
    }
    assert not {name: both for name, both in told.items() if both[0] > both[1] + MEBIBYTE}
    assert not {name: both for name, both in told.items() if both[1] > 2.5 * both[0] + 16 * MEBIBYTE}


def declared(data: bytes) -> float:
    """In bytes a pixel of a thousand by a thousand."""
    return cost(probe(data)) / 1e6


SMALL = save(GREY, "JPEG2000")


def jp2(*, tile: tuple[int, int] = (1000, 1000), block: int = 4, precinct: int | None = None) -> bytes:
    """The head of a codestream of a grey image of a thousand by a thousand."""
    siz = struct.pack(">HHIIIIIIIIH", 41, 0, 1000, 1000, 0, 0, *tile, 0, 0, 1) + bytes([7, 1, 1])
    style = bytes([0 if precinct is None else 1, 0, 0, 1, 0, 0, block, block, 0, 0])
    cod = style + (b"" if precinct is None else bytes([precinct * 17]))
    return b"\xff\x4f\xff\x51" + siz + b"\xff\x52" + struct.pack(">H", len(cod) + 2) + cod + b"\xff\x90"


def test_parts_that_a_header_asks_for_are_declared() -> None:
    plain = declared(jp2())
    assert declared(jp2(block=0)) > plain + 25, "code blocks of 4 × 4"
    assert declared(jp2(precinct=1)) > plain + 200, "precincts of 2 × 2"
    assert declared(jp2(tile=(4, 4))) > plain + 500, "tiles of 4 × 4"


def test_a_tile_may_be_larger_than_its_image() -> None:
    tags: dict[int, int | list[int]] = {256: 10, 257: 10, 258: [8] * 3, 259: 8, 262: 2, 277: 3, 322: 65536, 323: 65536}
    assert cost(probe(tiff(tags, [zlib.compress(b"")], tiled=True))) > 3 * 65536 * 65536


@pytest.mark.parametrize(("width", "height"), [(40, 16), (32, 24), (4000, 16)])
def test_a_jpeg_block_larger_than_its_tile_is_refused(width: int, height: int) -> None:
    block = save(GREY.resize((width, height)), "JPEG")
    tags: dict[int, int | list[int]] = {256: 32, 257: 16, 258: [8], 259: 7, 262: 1, 277: 1, 322: 32, 323: 16}
    with pytest.raises(CorruptImage, match="in place of"):
        decode(tiff(tags, [block], tiled=True))


@pytest.mark.parametrize("compression", [3, 5, 8])
def test_a_block_longer_than_its_pixels_can_be_is_refused(compression: int) -> None:
    code = zlib.compress(b"\0") + np.random.default_rng(1).bytes(1 << 21)
    tags: dict[int, int | list[int]] = {256: 8, 257: 1, 258: [1], 259: compression, 262: 1, 277: 1, 278: 1}
    with pytest.raises(CorruptImage, match="longer than"):
        decode(tiff(tags, [code]))
