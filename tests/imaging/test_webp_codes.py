"""Lossless WebPs of many groups of prefix codes take what their tables take, and are declared to."""

import struct

import numpy as np
import pytest
from PIL import Image

from omrclip.errors import CorruptImage
from omrclip.imaging.codec import cost, decode
from omrclip.imaging.formats import vp8l
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import probe
from tests.imaging.decoding import can_be_measured, memory_taken
from tests.imaging.samples import save

MEBIBYTE = 1 << 20
_LENGTH_ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8)
_SINGLE_SYMBOL = (0b0001, 4)
"""A code of the symbol 0 alone."""


class Bits:
    """Written with the lowest of each byte first."""

    def __init__(self) -> None:
        self.value = self.count = 0

    def put(self, *fields: tuple[int, int]) -> None:
        """Add values, each with its number of bits."""
        for value, count in fields:
            self.value |= value << self.count
            self.count += count

    def done(self) -> bytes:
        return self.value.to_bytes(self.count // 8 + 9, "little")


def code_of_bytes(bits: Bits, alphabet: int) -> None:
    """A code in which each byte has eight bits, and other symbols of the alphabet have none."""
    bits.put((0, 1), (len(_LENGTH_ORDER) - 4, 4), *((int(length in (0, 8)), 3) for length in _LENGTH_ORDER), (0, 1))
    bits.put(((1 << 256) - 1, alphabet))


def stream(extents: Dimensions, groups: int, *, transforms: int = 0) -> bytes:
    """A black image whose blocks of 4 × 4 have so many groups in turn, behind transforms with images of their own."""
    bits = Bits()
    blocks = -(-extents.width // 4) * -(-extents.height // 4)
    for transform in range(transforms):
        bits.put((1, 1), (transform, 2), (0, 3), (0, 1))
        code_of_bytes(bits, 280)
        bits.put(*[_SINGLE_SYMBOL] * 4, (0, 8 * blocks))
    bits.put((0, 1), (0, 1), (1, 1), (0, 3), (0, 1))
    code_of_bytes(bits, 280)
    code_of_bytes(bits, 256)
    bits.put(*[_SINGLE_SYMBOL] * 3)
    numbers = np.arange(blocks, dtype="<u2") % groups
    of_each = np.packbits(np.unpackbits(numbers.view(np.uint8)), bitorder="little").tobytes()
    bits.put((int.from_bytes(of_each, "little"), 16 * blocks))
    bits.put((int("1" * 5 * groups, 16), 20 * groups))  # five codes of one symbol each
    return bits.done()


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks]
    return b"RIFF" + struct.pack("<I", 4 + sum(map(len, parts))) + b"WEBP" + b"".join(parts)


def lossless(extents: Dimensions, groups: int, *, transforms: int = 0) -> tuple[bytes, bytes]:
    """The chunk of such an image."""
    header = struct.pack("<BI", 0x2F, (extents.width - 1) | (extents.height - 1) << 14)
    return b"VP8L", header + stream(extents, groups, transforms=transforms)


def canvas(extents: Dimensions, flags: int) -> tuple[bytes, bytes]:
    sides = [(side - 1).to_bytes(3, "little") for side in (extents.width, extents.height)]
    return b"VP8X", bytes([flags, 0, 0, 0]) + b"".join(sides)


EXTENTS = Dimensions(256, 256)
ONE_GROUP, EVERY_BLOCK = 1, 4096


def all_forms(groups: int) -> dict[str, bytes]:
    """An image, the alpha of a lossy one, and a frame of an animation, each with so many groups."""
    lossy = save(Image.new("RGB", (EXTENTS.width, EXTENTS.height)), "WEBP")
    alpha = b"ALPH", b"\1" + stream(EXTENTS, groups)
    name, data = lossless(EXTENTS, groups)
    frame = bytes(6) + canvas(EXTENTS, 0)[1][4:] + bytes([10, 0, 0, 0]) + riff((name, data))[12:]
    return {
        "image": riff((name, data)),
        "alpha": riff(canvas(EXTENTS, 0x10), alpha, (b"VP8 ", lossy[20:])),
        "animation": riff(canvas(EXTENTS, 0x02), (b"ANIM", bytes(6)), (b"ANMF", frame)),
    }


@pytest.mark.skipif(not can_be_measured(), reason="the system does not tell the peak of a process")
def test_the_tables_of_many_groups_are_declared() -> None:
    few, many = all_forms(ONE_GROUP), all_forms(EVERY_BLOCK)
    taken = memory_taken([(many["image"], 1), *((many[form], 1) for form in many)])[1:]
    for form, bytes_taken in zip(many, taken, strict=True):
        assert decode(many[form]).shape == (256, 256, 3)
        assert bytes_taken > 20 * MEBIBYTE, form
        assert bytes_taken < cost(probe(many[form])) < 3 * bytes_taken, form
        assert cost(probe(few[form])) < 12 * MEBIBYTE, form


@pytest.mark.parametrize("transforms", [0, 1, 2])
@pytest.mark.parametrize("groups", [1, 2, 300, 4096])
def test_groups_are_counted_behind_the_images_of_transforms(groups: int, transforms: int) -> None:
    data = stream(EXTENTS, groups, transforms=transforms)
    one = vp8l.table_bytes(stream(EXTENTS, 1), 0, EXTENTS)
    assert 12_000 < one < 13_000
    assert vp8l.table_bytes(data, 0, EXTENTS) == groups * one
    assert decode(riff(lossless(EXTENTS, groups, transforms=transforms))).shape == (256, 256, 3)


def test_a_stream_that_is_not_read_to_its_end_is_taken_for_the_worst() -> None:
    large = Dimensions(1600, 1600)
    assert vp8l.table_bytes(stream(large, 1), 0, large) > 160_000 * 20_000 * 0.4
    assert vp8l.table_bytes(stream(EXTENTS, 1), 0, EXTENTS) < 20_000


@pytest.mark.parametrize("cut", [1, 30, 60, 4000])
def test_a_stream_that_ends_early_takes_no_tables_and_is_refused(cut: int) -> None:
    whole = stream(EXTENTS, 4096)
    assert vp8l.table_bytes(whole[:cut], 0, EXTENTS) == 0
    name, data = lossless(EXTENTS, 4096)
    with pytest.raises(CorruptImage):
        decode(riff((name, data[: 5 + cut])))


@pytest.mark.parametrize("method", [0, 2, 4, 6])
@pytest.mark.parametrize("kind", ["spots", "noise", "few colours"])
def test_what_encoders_make_is_understood(kind: str, method: int) -> None:
    """Else it would be taken for damaged, and its tables for nothing."""
    noise = np.random.default_rng(4).integers(0, 256, (210, 300, 3), np.uint8)
    spots = np.asarray(Image.fromarray(noise[:30, :40]).resize((300, 210)))
    picture = {"spots": spots, "noise": noise, "few colours": noise[:, :, :1].repeat(3, axis=2) // 64 * 64}[kind]
    data = save(Image.fromarray(picture), "WEBP", lossless=True, method=method, quality=100)
    groups = vp8l.table_bytes(data, 25, Dimensions(300, 210)) / 12_400
    assert 1 <= groups < 300
