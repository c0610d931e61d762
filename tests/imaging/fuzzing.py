"""Mutations of image files, and what may come of decoding them: an image, or an error of ours.

Run as a program for longer: `python -m tests.imaging.fuzzing [SECONDS A FORMAT] [SEED] [FORMAT ...]`.
"""

import random
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress

from omrclip.errors import OmrclipError
from omrclip.imaging.codec import cost, decode
from omrclip.imaging.probe import probe
from omrclip.imaging.setting_up import set_up_process
from tests.imaging.kinds import files_of_every_kind

FORMATS = ("jpeg", "png", "tiff", "webp", "gif", "jp2", "bmp")
MOST_BYTES = 200_000_000
"""A mutation that declares to take more is counted, and not decoded: whoever serves images refuses it."""
_INTERESTING = (0, 1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 33, 63, 64, 127, 128, 255, 256, 32767, 32768, 65535, 65536)
_INTERESTING += (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

Mutation = Callable[[bytearray, random.Random], None]


def corpus(kind: str) -> list[bytes]:
    """Small files of a format."""
    return [data for name, data in files_of_every_kind(64, 48).items() if name.startswith(f"{kind} ")]


def mutated(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """The file with one to four mutations; of a PNG mostly with right checksums, so that its pixels are reached."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if not found:
            break
        if chance.random() < 0.1:
            _splice(found, chance.choice(others), chance)
        else:
            chance.choice(_MUTATIONS)(found, chance)
    if data.startswith(b"\x89PNG") and chance.random() < 0.9:
        _mend_checksums(found)
    return bytes(found)


def _flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 8))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set_bytes(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at : at + chance.choice((1, 1, 2, 4, 30))] = chance.randbytes(chance.choice((0, 1, 1, 2, 4, 30)))


def _set_number(data: bytearray, chance: random.Random) -> None:
    """A number that may be a length or an extent, near the head of the file mostly."""
    at = chance.randrange(min(len(data), chance.choice((64, 64, 400, 1 << 30))))
    code = chance.choice(("B", ">H", "<H", ">I", "<I"))
    size = struct.calcsize(code)
    if at + size <= len(data):
        struct.pack_into(code, data, at, chance.choice(_INTERESTING) & ((1 << 8 * size) - 1))


def _nudge_number(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at] = (data[at] + chance.choice((-16, -2, -1, 1, 2, 16))) % 256


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def _remove(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.randint(1, 64)]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = data[at : at + chance.randint(1, 300)] * chance.choice((1, 1, 2, 20))


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits, _flip_bits, _set_bytes, _set_number, _set_number, _nudge_number, _cut, _remove, _repeat,
)  # fmt: skip


def _splice(data: bytearray, other: bytes, chance: random.Random) -> None:
    at, start = chance.randrange(len(data)), chance.randrange(len(other))
    data[at : at + chance.randint(0, 200)] = other[start : start + chance.randint(1, 400)]


def _mend_checksums(data: bytearray) -> None:
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            return
        content = bytes(data[at + 4 : at + 8 + length])
        struct.pack_into(">I", data, at + 8 + length, zlib.crc32(content))
        at += 12 + length


def try_file(data: bytes) -> str:
    """Probe and decode: what came of it. Raises whatever is none of our errors."""
    try:
        info = probe(data)
        if cost(info) > MOST_BYTES:
            return "too large"
        pixels = decode(data, info)
    except OmrclipError as error:
        return error.code
    assert pixels.shape == (info.dimensions.height, info.dimensions.width, 3)
    return "image"


def mutations(kind: str, seed: int) -> Iterator[bytes]:
    """Ever more files of a format, the same for the same seed."""
    files, chance = corpus(kind), random.Random(seed)
    while True:
        yield mutated(chance.choice(files), files, chance)


def fuzz(kind: str, seed: int, seconds: float) -> tuple[Counter[str], dict[str, bytes]]:
    """Try mutations for so many seconds of processor time: what came of them, and for each foreign error a file."""
    outcomes: Counter[str] = Counter()
    foreign: dict[str, bytes] = {}
    end = time.process_time() + seconds
    for data in mutations(kind, seed):
        try:
            outcomes[try_file(data)] += 1
        except Exception as error:
            name = f"{type(error).__name__}: {error}"[:200]
            outcomes["FOREIGN"] += 1
            foreign.setdefault(name, data)
        if time.process_time() >= end:
            break
    return outcomes, foreign


def main() -> None:
    """Print a row a format."""
    set_up_process()
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 240
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for kind in sys.argv[3:] or FORMATS:
        outcomes, foreign = fuzz(kind, seed, seconds)
        sys.stdout.write(f"{kind:5} {outcomes.total():9,} files  {dict(outcomes)}" + "\n")
        for name, data in foreign.items():
            sys.stdout.write(f"      {name}  {data.hex()}" + "\n")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
