"""Colours by ICC profiles: what every source delivers is in sRGB, and what is sRGB already stays as it is."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from omrclip.cache import ByteCache
from omrclip.imaging import colour
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode, read_profile
from omrclip.imaging.formats.base import ColourMode
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import probe
from omrclip.imaging.source import DecodedImage, EncodedImage, ImageSource
from omrclip.imaging.tiff.pyramid import TiledImage, open_tiled
from omrclip.serving.cached import CachedImage
from tests.imaging import profiles
from tests.imaging.pyramid_files import CountingReader
from tests.imaging.samples import chunk

WIDTH, HEIGHT = 64, 48
COLOURS = np.random.default_rng(5).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
PICTURE = Image.fromarray(COLOURS)
RGB_FILES: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "JPEG2000": {},
}
GREY_FILES = ("JPEG", "PNG", "TIFF")


def saved(image: Image.Image, kind: str, profile: bytes | None, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, icc_profile=profile, **options)
    return jp2_with_profile(file.getvalue(), profile) if kind == "JPEG2000" and profile else file.getvalue()


def jp2_with_profile(data: bytes, profile: bytes) -> bytes:
    """A .jp2 with a profile in place of its enumerated colour space: Pillow writes none (ISO/IEC 15444-1, I.5.3.3)."""
    header, specification = data.index(b"jp2h") - 4, data.index(b"colr") - 4
    box = struct.pack(">I4sBBB", 11 + len(profile), b"colr", 2, 0, 0) + profile
    (old,) = struct.unpack_from(">I", data, specification)
    (length,) = struct.unpack_from(">I", data, header)
    longer = struct.pack(">I", length + len(box) - old)
    return data[:header] + longer + data[header + 4 : specification] + box + data[specification + old :]


def by_littlecms(image: Image.Image, profile: bytes) -> Pixels:
    """BGR of the image in sRGB, by littlecms alone."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
    return np.asarray(transform.apply(image))[:, :, ::-1]


def encoded(data: bytes) -> ImageSource:
    return EncodedImage(data, probe(data))


def cached(data: bytes) -> ImageSource:
    return CachedImage("", lambda: data, probe(data), ByteCache(1 << 24, lambda pixels: pixels.nbytes))


def in_memory(data: bytes) -> ImageSource:
    info = probe(data)
    return DecodedImage(decode(data, info), read_profile(data, info), info.mode)


SOURCES = (encoded, cached, in_memory)


def whole(source: ImageSource) -> Pixels:
    return source.read(source.dimensions.box, source.dimensions)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("profile", [profiles.display_p3, profiles.adobe_rgb])
@pytest.mark.parametrize("kind", RGB_FILES)
def test_colours_become_srgb(kind: str, profile: Callable[[], bytes], source: Callable[[bytes], ImageSource]) -> None:
    data = saved(PICTURE, kind, profile(), **RGB_FILES[kind])
    as_stored = Image.fromarray(np.ascontiguousarray(decode(data)[:, :, ::-1]))
    expected = by_littlecms(as_stored, profile())
    np.testing.assert_array_equal(whole(source(data)), expected)
    assert np.abs(expected.astype(int) - decode(data)).max() > 20


def test_a_colour_of_display_p3_comes_out_as_css_color_4_says() -> None:
    data = saved(Image.new("RGB", (8, 8), (200, 100, 50)), "PNG", profiles.display_p3())
    assert np.abs(whole(encoded(data))[0, 0].astype(int) - (31, 93, 215)).max() <= 1


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_become_srgb_by_their_profile(kind: str, source: Callable[[bytes], ImageSource]) -> None:
    inks = Image.fromarray(np.random.default_rng(6).integers(0, 256, (6, 8, 4), np.uint8), "CMYK").resize((64, 48), 0)
    data = saved(inks, kind, profiles.press(), **({"quality": 100, "subsampling": 0} if kind == "JPEG" else {}))
    with Image.open(io.BytesIO(data)) as stored:
        expected = by_littlecms(stored, profiles.press())
        without = np.asarray(stored.convert("RGB"))[:, :, ::-1]
    assert np.abs(whole(source(data)).astype(int) - expected).max() <= (2 if kind == "JPEG" else 0)
    assert np.abs(expected.astype(int) - without).max() > 40


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", GREY_FILES)
def test_greys_become_those_of_srgb(kind: str, source: Callable[[bytes], ImageSource]) -> None:
    data = saved(PICTURE.convert("L"), kind, profiles.grey(1.8))
    stored = decode(data)
    expected = by_littlecms(Image.fromarray(np.ascontiguousarray(stored[:, :, 0])), profiles.grey(1.8))
    np.testing.assert_array_equal(whole(source(data)), expected)
    assert np.abs(expected.astype(int) - stored).max() > 10


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "profile",
    [
        None,
        profiles.srgb(),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        profiles.press(),  # of other samples than these
        profiles.grey(1.8),
        b"no profile",
        profiles.display_p3()[:200],
        profiles.display_p3().replace(b"rXYZ", b"xxxx"),
        profiles.display_p3() + bytes(colour.MOST_PROFILE_BYTES),
    ],
    ids=["none", "sRGB", "sRGB of littlecms", "inks", "grey", "nonsense", "cut off", "without red", "too large"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_pixels_stay_as_they_are_where_a_profile_says_nothing(
    kind: str, profile: bytes | None, source: Callable[[bytes], ImageSource]
) -> None:
    data = saved(PICTURE, kind, profile)
    np.testing.assert_array_equal(whole(source(data)), decode(saved(PICTURE, kind, None)))


def test_no_damaged_profile_raises_anything() -> None:
    chance = np.random.default_rng(8)
    for profile in (profiles.display_p3(), profiles.press(), profiles.grey(1.8)):
        for _ in range(60):
            damaged = bytearray(profile)
            for _ in range(int(chance.integers(1, 6))):
                damaged[int(chance.integers(0, min(400, len(damaged))))] = int(chance.integers(0, 256))
            colour.to_srgb(COLOURS, bytes(damaged), ColourMode.RGB)
            colour.to_srgb(COLOURS, bytes(damaged), ColourMode.GREY)
            colour.inks_to_bgr(np.zeros((2, 2, 4), np.uint8), bytes(damaged))


def test_a_deflated_profile_that_swells_is_left_out() -> None:
    bomb = chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200 << 20), 9))
    plain = saved(PICTURE, "PNG", None)
    data = plain[:33] + bomb + plain[33:]
    assert len(read_profile(data, probe(data))) == colour.MOST_PROFILE_BYTES + 1
    np.testing.assert_array_equal(whole(encoded(data)), decode(plain))


def test_a_profile_in_several_parts_is_put_together_or_left_out() -> None:
    profile, plain = profiles.press(), saved(PICTURE, "JPEG", None)
    middle = len(profile) // 2
    parts = [
        b"\xff\xe2" + struct.pack(">H", len(part) + 16) + b"ICC_PROFILE\0" + bytes([number, 2]) + part
        for number, part in ((1, profile[:middle]), (2, profile[middle:]))
    ]
    for order in (parts, parts[::-1]):
        data = plain[:2] + b"".join(order) + plain[2:]
        assert read_profile(data, probe(data)) == profile
    alone = plain[:2] + parts[1] + plain[2:]
    assert read_profile(alone, probe(alone)) == b""


@pytest.mark.parametrize("out", [Dimensions(32, 24), Dimensions(20, 15), Dimensions(7, 5)])
def test_a_reduced_image_is_converted_after_it_was_reduced(out: Dimensions) -> None:
    plain, profiled = (cached(saved(PICTURE, "PNG", p)) for p in (None, profiles.display_p3()))
    reduced = plain.read(plain.dimensions.box, out)
    expected = by_littlecms(Image.fromarray(np.ascontiguousarray(reduced[:, :, ::-1])), profiles.display_p3())
    np.testing.assert_array_equal(profiled.read(profiled.dimensions.box, out), expected)


def tiled(profile: bytes | None) -> TiledImage:
    """A TIFF of one level, of uncompressed tiles of 16 pixels."""
    from tests.imaging.samples import tiff

    tags: dict[int, int | list[int]] = {256: WIDTH, 257: HEIGHT, 258: [8, 8, 8], 262: 2, 277: 3, 322: 16, 323: 16}
    tiles = [
        np.ascontiguousarray(COLOURS[top : top + 16, left : left + 16]).tobytes()
        for top in range(0, HEIGHT, 16)
        for left in range(0, WIDTH, 16)
    ]
    data = tiff(tags, tiles, tiled=True)
    if profile is not None:
        data = with_profile(data, profile)
    image = open_tiled(CountingReader(data))
    assert image is not None
    return image


def with_profile(data: bytes, profile: bytes) -> bytes:
    """A little-endian TIFF with the profile as the last tag of its directory, put anew at its end."""
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    entries = data[at + 2 : at + 2 + 12 * count]
    place = len(data) + len(data) % 2
    data = data.ljust(place, b"\0") + profile + bytes(len(profile) % 2)
    entry = struct.pack("<HHII", 34675, 7, len(profile), place)
    moved = data[:4] + struct.pack("<I", len(data)) + data[8:]
    return moved + struct.pack("<H", count + 1) + entries + entry + bytes(4)


@pytest.mark.parametrize("profile", [profiles.display_p3(), profiles.adobe_rgb()], ids=["P3", "Adobe RGB"])
def test_tiles_of_a_pyramid_are_converted(profile: bytes) -> None:
    np.testing.assert_array_equal(whole(tiled(profile)), by_littlecms(PICTURE, profile))


@pytest.mark.parametrize("profile", [None, profiles.srgb(), b"nonsense"], ids=["none", "sRGB", "nonsense"])
def test_tiles_in_srgb_stay_as_they_are(profile: bytes | None) -> None:
    np.testing.assert_array_equal(whole(tiled(profile)), COLOURS[:, :, ::-1])
