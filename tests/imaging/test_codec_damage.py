import contextlib
import pickle
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from omrclip.errors import CorruptImage, ImageError
from omrclip.imaging.codec import decode
from omrclip.imaging.formats import pillow
from omrclip.imaging.probe import probe
from tests.imaging.kinds import as_interlaced, interlaced
from tests.imaging.samples import (
    NOISE,
    NOISY_JPEG,
    PALETTE,
    assert_is,
    bilevel,
    chunk,
    grid,
    png,
    save,
    tiff,
)

WHOLE = {
    "jpeg": NOISY_JPEG,
    "png": save(grid(), "PNG"),
    "png palette": save(PALETTE, "PNG"),
    "tiff raw": save(grid(), "TIFF"),
    "tiff lzw": save(grid(), "TIFF", compression="tiff_lzw"),
    "tiff deflate": save(grid(), "TIFF", compression="tiff_adobe_deflate"),
    "tiff packbits": save(grid(), "TIFF", compression="packbits"),
    "tiff jpeg": save(grid(), "TIFF", compression="jpeg"),
    "tiff group 3": save(bilevel(), "TIFF", compression="group3"),
    "tiff group 4": save(bilevel(), "TIFF", compression="group4"),
    "webp": save(grid(), "WEBP"),
    "webp lossless": save(grid(), "WEBP", lossless=True),
    "webp animation": save(grid(), "WEBP", save_all=True, append_images=[grid().rotate(90)]),
    "gif": save(grid(), "GIF"),
    "gif animation": save(grid(), "GIF", save_all=True, append_images=[grid().rotate(180)]),
    "jp2": save(grid(), "JPEG2000"),
    "j2k": save(grid(), "JPEG2000", no_jp2=True),
    "bmp": save(grid(), "BMP"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_every_cut_is_refused(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    data = WHOLE[name]
    ends = {*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 30, len(data))}
    for end in sorted(ends):
        with pytest.raises(ImageError):
            decode(data[:end])
    assert capfd.readouterr() == ("", "")


IMAGE_LENGTH, PHOTOMETRIC, ROWS_PER_STRIP = 257, 262, 278


def fax_page(pixels: np.ndarray, *, white: int, rows: int | None = None) -> bytes:
    """A TIFF of one strip of group 4. Its header may name more rows. `white` is 0 (MinIsWhite) or 1 (MinIsBlack)."""
    image = Image.fromarray(pixels).convert("1")
    tags = {PHOTOMETRIC: white, ROWS_PER_STRIP: len(pixels)}
    data = save(image, "TIFF", compression="group4", tiffinfo=tags)
    for tag in (IMAGE_LENGTH, ROWS_PER_STRIP) if rows else ():
        entry = data.index(struct.pack("<HHLL", tag, 3, 1, len(pixels)))
        data = data[: entry + 8] + struct.pack("<L", rows or 0) + data[entry + 12 :]
    return data


TAIL = np.full((40, 64), 255, np.uint8)
TAIL[:30, 8:20] = 0
BLACK_CORNER = TAIL.copy()
BLACK_CORNER[30, 0] = 0


@pytest.mark.parametrize("white", [0, 1])
@pytest.mark.parametrize("pixels", [TAIL, BLACK_CORNER, 255 - TAIL], ids=["white end", "black corner", "black end"])
def test_fax_rows_that_are_missing_behind_a_whole_end_mark_are_seen(pixels: np.ndarray, white: int) -> None:
    assert np.array_equal(decode(fax_page(pixels, white=white))[:, :, 0], pixels)
    for more in (1, 2, 25):
        with pytest.raises(CorruptImage, match="rows of its fax-coded pixels are missing"):
            decode(fax_page(pixels, white=white, rows=len(pixels) + more))


@pytest.mark.parametrize("white", [0, 1])
@pytest.mark.parametrize(("pixels", "times"), [(TAIL, 1), (BLACK_CORNER, 2)])
def test_a_fax_page_with_a_light_left_edge_is_decoded_once(
    pixels: np.ndarray, white: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    load = pillow.load
    monkeypatch.setattr(pillow, "load", lambda *given, **more: (calls.append(given), load(*given, **more))[1])
    decode(fax_page(pixels, white=white))
    assert len(calls) == times


@pytest.mark.parametrize("name", WHOLE)
def test_bytes_behind_the_end_are_harmless(name: str) -> None:
    np.testing.assert_array_equal(decode(WHOLE[name] + b"\0trailer\xff\xd9" * 20), decode(WHOLE[name]))


@pytest.mark.parametrize("name", ["png", "png palette", "tiff deflate"])
def test_checksums_are_looked_at(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    data = WHOLE[name]
    whole = decode(data)
    for at in range(len(data) // 3, len(data), max(1, len(data) // 80)):
        flipped = bytearray(data)
        flipped[at] ^= 0x10
        with contextlib.suppress(ImageError):
            np.testing.assert_array_equal(decode(bytes(flipped)), whole)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["png", "tiff deflate", "tiff lzw", "tiff jpeg", "webp lossless", "gif"])
def test_zeros_in_the_middle_are_refused(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    data = WHOLE[name]
    middle = len(data) * 6 // 10
    with pytest.raises(CorruptImage):
        decode(data[:middle] + bytes(30) + data[middle + 30 :])
    assert capfd.readouterr() == ("", "")


ROWS = b"".join(b"\0" + bytes(range(row, row + 20)) for row in range(20))
LYING_PNGS = {
    "a row too few": png(20, 20, 8, 0, ROWS[:-21]),
    "a byte too few": png(20, 20, 8, 0, ROWS[:-1]),
    "deflated rows cut off": png(20, 20, 8, 0, b"", deflated=zlib.compress(ROWS)[:-8]),
    "wrong checksum of the rows": png(20, 20, 8, 0, b"", deflated=zlib.compress(ROWS)[:-1] + b"\0"),
    "unknown filter": png(20, 20, 8, 0, b"\x09" + ROWS[1:]),
    "palette without colours": png(20, 20, 8, 3, ROWS),
    "transparent colour too short": png(20, 20, 8, 0, ROWS, chunk(b"tRNS", b"\0")),
}


@pytest.mark.parametrize("extents", [(20, 30), (1, 1), (2, 9), (13, 3), (5, 1)])
def test_interlaced_png(extents: tuple[int, int]) -> None:
    pixels = NOISE[: extents[0], : extents[1], 0]
    assert_is(interlaced(pixels[:, :, None], 8, 0), np.dstack([pixels] * 3))
    with pytest.raises(CorruptImage):
        decode(interlaced(pixels[:, :, None], 8, 0, left_out=pixels.shape[1] + 1))


BLACK = bytes(21 * 20)
# Pillow reads these without looking at the checksum behind the rows.
WRONG_CHECKSUMS = {
    "bilevel": png(20, 20, 1, 0, b"", deflated=zlib.compress(bytes(4 * 20))[:-1] + b"\7"),
    "two bits": png(20, 20, 2, 0, b"", deflated=zlib.compress(bytes(6 * 20))[:-1] + b"\7"),
    "palette": png(20, 20, 8, 3, b"", chunk(b"PLTE", bytes(768)), deflated=zlib.compress(BLACK)[:-1] + b"\7"),
    "grey with alpha": png(20, 20, 8, 4, b"", deflated=zlib.compress(bytes(41 * 20))[:-1] + b"\7"),
    "interlaced": as_interlaced(png(1, 20, 8, 0, b"", deflated=zlib.compress(bytes(2 * 20))[:-1] + b"\7")),
}


@pytest.mark.parametrize("name", WRONG_CHECKSUMS)
def test_a_wrong_checksum_of_the_rows_is_no_foreign_error(name: str) -> None:
    with pytest.raises(CorruptImage, match="PNG"):
        decode(WRONG_CHECKSUMS[name])


@pytest.mark.parametrize("name", LYING_PNGS)
def test_lying_png_is_refused(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CorruptImage, match="PNG"):
        decode(LYING_PNGS[name])
    assert capfd.readouterr() == ("", "")


def deep_with_a_transparent_colour(rows: bytes, deflated: bytes | None = None) -> bytes:
    return png(20, 20, 16, 2, rows, chunk(b"tRNS", bytes(6)), deflated=deflated)


DEEP_ROWS = bytes(121 * 19) + b"\0" + b"\7" * 120
DAMAGED_DEEP_PNGS = {
    "more rows than its extents": deep_with_a_transparent_colour(DEEP_ROWS + bytes(500)),
    "wrong checksum of the rows": deep_with_a_transparent_colour(b"", zlib.compress(DEEP_ROWS)[:-1] + b"\7"),
    "deflated rows cut off": deep_with_a_transparent_colour(b"", zlib.compress(DEEP_ROWS)[:-8]),
    "bytes behind the deflated rows": deep_with_a_transparent_colour(b"", zlib.compress(DEEP_ROWS) + bytes(500)),
    "a row too few": deep_with_a_transparent_colour(DEEP_ROWS[:-121]),
    "unknown filter": deep_with_a_transparent_colour(b"\x09" + DEEP_ROWS[1:]),
    "interlaced": as_interlaced(deep_with_a_transparent_colour(DEEP_ROWS + bytes(500))),
    "no rows": deep_with_a_transparent_colour(b""),
}
DECODE_ALL = """
import pickle, sys
from contextlib import suppress
from omrclip.errors import CorruptImage
from omrclip.imaging.codec import decode
for data in pickle.load(sys.stdin.buffer):
    with suppress(CorruptImage):
        decode(data)
"""


def test_no_library_writes_about_a_damaged_png() -> None:
    files = [*DAMAGED_DEEP_PNGS.values(), *LYING_PNGS.values(), *WRONG_CHECKSUMS.values()]
    done = subprocess.run([sys.executable, "-c", DECODE_ALL], input=pickle.dumps(files), capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("name", [name for name in WHOLE if name.startswith("tiff")])
@pytest.mark.parametrize("lie", ["higher", "shorter"])
def test_lying_tiff_is_refused(name: str, lie: str, capfd: pytest.CaptureFixture[str]) -> None:
    page = Image.open(BytesIO(WHOLE[name]))
    strip = WHOLE[name][page.tag_v2[273][0] :][: page.tag_v2[279][0]]  # type: ignore[attr-defined]
    kept = (256, 257, 259, 262, 277, 284, 292, 293, 317)
    tags = {tag: page.tag_v2[tag] for tag in kept if tag in page.tag_v2}  # type: ignore[attr-defined]
    tags[258] = list(page.tag_v2.get(258, (1,)))  # type: ignore[attr-defined]
    if name == "tiff jpeg":
        tags[262], strip = 6, save(grid(), "JPEG")
    assert decode(tiff(tags, [strip])).shape == decode(WHOLE[name]).shape
    if lie == "higher":
        tags[257] += 9
    else:
        strip = strip[: len(strip) * 8 // 10]
    with pytest.raises(CorruptImage):
        decode(tiff(tags, [strip]))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({256: 2**31, 257: 2**31, 278: 1}, "too short"),
        ({256: 8, 257: 8, 278: 0}, "no width or no height"),
        ({256: 8, 257: 8, 278: 4}, "1 of its 2 blocks"),
        ({256: 8, 257: 90, 278: 90}, "too short"),
    ],
)
def test_tiff_with_other_blocks_than_its_extents_need_is_refused(tags: dict[int, int], message: str) -> None:
    with pytest.raises(CorruptImage, match=message):
        decode(tiff(tags | {258: 8, 259: 1, 262: 1}, [bytes(64)]))


@pytest.mark.parametrize("kind", [11, 12], ids=["float", "double"])
@pytest.mark.parametrize("tag", [320, 532])
def test_tiff_whose_values_go_on_beyond_its_end_is_refused(tag: int, kind: int) -> None:
    """Pillow would warn of them, on stderr."""
    data = bytearray(tiff({256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 278: 4, tag: [1] * 100}, [bytes(16)]))
    struct.pack_into("<H", data, data.rindex(struct.pack("<HHI", tag, 4, 100)) + 2, kind)
    if kind == 11:  # as long as it was: nothing is missing
        assert decode(bytes(data)).shape == (4, 4, 3)
        struct.pack_into("<I", data, data.rindex(struct.pack("<HHI", tag, kind, 100)) + 4, 200)
    with pytest.raises(CorruptImage, match="beyond the end"):
        decode(bytes(data))


def test_tiff_whose_blocks_lie_over_one_another_is_refused() -> None:
    tags = {256: 100, 257: 40, 258: 8, 259: 1, 262: 1, 278: 1}
    data = tiff(tags, [bytes(1000)] + [b"x"] * 39)
    shared = struct.pack("<II", 8, 1000)
    places, lengths = struct.pack("<2I", 8, 8 + 1000), struct.pack("<2I", 1000, 1)
    assert data.count(places) == data.count(lengths) == 1
    at, lengths_at = data.index(places), data.index(lengths)
    data = data[:at] + shared[:4] * 40 + data[at + 160 : lengths_at] + shared[4:] * 40 + data[lengths_at + 160 :]
    with pytest.raises(CorruptImage, match="overlap"):
        decode(data)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.98])
def test_webp_cut_off_with_lengths_to_match_is_refused(share: float) -> None:
    for name in ("webp", "webp lossless"):
        data = WHOLE[name]
        content = data[20 : 20 + int(share * (len(data) - 20)) // 2 * 2]
        chunked = b"WEBP" + data[12:16] + struct.pack("<I", len(content)) + content
        with pytest.raises(CorruptImage):
            decode(b"RIFF" + struct.pack("<I", len(chunked)) + chunked)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_jpeg_2000_cut_off_with_lengths_to_match_is_refused(share: float) -> None:
    data = WHOLE["j2k"]
    tile = data.index(b"\xff\x90")
    (length,) = struct.unpack_from(">I", data, tile + 6)
    kept = int(share * length)
    with pytest.raises(CorruptImage):
        decode(data[: tile + 6] + struct.pack(">I", kept) + data[tile + 10 : tile + kept] + b"\xff\xd9")


@settings(max_examples=150)
@given(data=st.data(), name=st.sampled_from(sorted(WHOLE)))
def test_any_cut_is_refused(data: st.DataObject, name: str) -> None:
    whole = WHOLE[name]
    with pytest.raises(ImageError):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


@settings(max_examples=300)
@given(data=st.data(), name=st.sampled_from(sorted(WHOLE)))
def test_any_damage_gives_an_image_of_the_probed_extents_or_an_image_error(data: st.DataObject, name: str) -> None:
    damaged = bytearray(WHOLE[name])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, min(len(damaged) - 1, 2000)))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImageError):
        info = probe(bytes(damaged))
        if info.stored.pixels < 4_000_000:
            pixels = decode(bytes(damaged), info)
            assert pixels.shape == (info.dimensions.height, info.dimensions.width, 3)


@settings(max_examples=150)
@given(head=st.sampled_from([WHOLE[name][:n] for name in WHOLE for n in (4, 12, 30)]), tail=st.binary(max_size=200))
def test_any_bytes_are_an_image_error(head: bytes, tail: bytes) -> None:
    with contextlib.suppress(ImageError):
        info = probe(head + tail)
        if info.stored.pixels < 4_000_000:
            decode(head + tail, info)


def test_threads_read_side_by_side() -> None:
    names = list(WHOLE) * 4
    alone = {name: decode(WHOLE[name]) for name in WHOLE}
    with ThreadPoolExecutor(8) as pool:
        for name, pixels in zip(names, pool.map(lambda name: decode(WHOLE[name]), names), strict=True):
            np.testing.assert_array_equal(pixels, alone[name])
