"""Images that stay decoded: what comes back does not depend on what was asked before, and nothing is decoded twice."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from omrclip.cache import ByteCache
from omrclip.errors import CorruptImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import cost
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.probe import ImageInfo, probe
from omrclip.imaging.source import DecodedImage, EncodedImage, ImageSource
from omrclip.serving import cached
from omrclip.serving.cached import CachedImage
from tests.grid import coloured_grid, position_ramp
from tests.patience import PATIENCE

WIDTH, HEIGHT = 643, 481
RAMP = position_ramp(WIDTH, HEIGHT)


def file_of(pixels: Pixels, extension: str) -> bytes:
    return cv2.imencode(extension, pixels, (cv2.IMWRITE_JPEG_QUALITY, 95))[1].tobytes()


def turned(pixels: Pixels, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1])).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


FILES = {
    "png": file_of(RAMP, ".png"),
    "jpeg": file_of(RAMP, ".jpg"),
    "turned jpeg": turned(RAMP, 6),
    "tiff": file_of(RAMP, ".tif"),
}


def pixel_cache(max_bytes: int = 10**8) -> ByteCache[Pixels]:
    return ByteCache(max_bytes, lambda pixels: pixels.nbytes)


def opened(data: bytes, cache: ByteCache[Pixels] | None = None, key: str = "key") -> CachedImage:
    return CachedImage(key, lambda: data, probe(data), cache or pixel_cache())


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The reductions of all decodes from now on."""
    done: list[int] = []
    decode = cached.decode

    def counted(data: bytes, info: ImageInfo, *, reduction: int = 1) -> Pixels:
        done.append(reduction)
        return decode(data, info, reduction=reduction)

    monkeypatch.setattr(cached, "decode", counted)
    return done


ASKED = [
    (Box(0, 0, 480, 480), Dimensions(480, 480)),
    (Box(0, 0, 480, 480), Dimensions(100, 100)),
    (Box(0, 0, 480, 480), Dimensions(7, 7)),
    (Box(101, 53, 300, 301), Dimensions(300, 301)),
    (Box(101, 53, 300, 301), Dimensions(75, 76)),
    (Box(101, 53, 300, 301), Dimensions(20, 20)),
    (Box(128, 64, 256, 256), Dimensions(64, 64)),
    (Box(3, 3, 2, 2), Dimensions(50, 50)),
]


@pytest.mark.parametrize("kind", FILES)
def test_the_answer_to_a_request_does_not_depend_on_what_was_asked_before(kind: str) -> None:
    fresh = [opened(FILES[kind]).read(box, out) for box, out in ASKED]
    for seed in range(5):
        image = opened(FILES[kind])
        order = random.Random(seed).sample(range(len(ASKED)), len(ASKED))
        for number in (*order, *order):
            box, out = ASKED[number]
            assert (image.read(box, out) == fresh[number]).all(), (box, out)


@pytest.mark.parametrize("kind", FILES)
def test_a_small_cache_gives_the_same_answers_as_a_large_one(kind: str) -> None:
    small = opened(FILES[kind], pixel_cache(100_000))
    for box, out in ASKED:
        assert (small.read(box, out) == opened(FILES[kind]).read(box, out)).all()
        assert small.cache.counts().bytes <= 100_000


@pytest.mark.parametrize("kind", FILES)
def test_it_shows_what_an_image_decoded_each_time_shows(kind: str) -> None:
    image: ImageSource = opened(FILES[kind])
    reference = EncodedImage(FILES[kind], probe(FILES[kind]))
    assert image.dimensions == reference.dimensions
    for box, out in ASKED:
        difference = np.abs(image.read(box, out).astype(int) - reference.read(box, out))
        assert difference.max() <= (0 if out == box.dimensions else 4), (box, out)


def test_without_scaling_the_very_pixels_come_back() -> None:
    pixels = coloured_grid(60, 40)
    image = opened(file_of(pixels, ".png"))
    assert (image.read(Box(5, 6, 7, 8), Dimensions(7, 8)) == pixels[6:14, 5:12]).all()


@pytest.mark.parametrize(
    ("kind", "reductions", "expected"),
    [
        ("png", [1, 2, 4, 8, 16, 64], [1]),
        ("png", [64, 16, 8, 4, 2, 1], [1]),
        ("jpeg", [1, 2, 4, 8, 16, 64], [1, 2, 4, 8]),
        ("jpeg", [64], [8]),
        ("turned jpeg", [8, 1], [1]),  # its last column comes first, and would be half a pixel
    ],
)
def test_each_scale_is_decoded_once_or_halved(
    decodes: list[int], kind: str, reductions: list[int], expected: list[int]
) -> None:
    image = opened(FILES[kind])
    for reduction in reductions * 2:
        pixels = image.reduced(reduction)
        dimensions = image.dimensions
        assert pixels.shape[:2] == (-(-dimensions.height // reduction), -(-dimensions.width // reduction))
    assert decodes == expected


@pytest.mark.parametrize(
    ("out", "expected"),
    [((640, 480), 1), ((320, 240), 1), ((161, 120), 1), ((160, 120), 2), ((80, 60), 4), ((20, 15), 16)],
)
def test_a_small_copy_is_made_from_a_small_scale(out: tuple[int, int], expected: int) -> None:
    image = opened(file_of(position_ramp(640, 480), ".png"))
    box, dimensions = image.dimensions.box, Dimensions(*out)
    assert image.reduction(box, dimensions) == expected
    exact = DecodedImage(position_ramp(640, 480)).read(box, dimensions)
    assert np.abs(image.read(box, dimensions).astype(int) - exact).max() <= 2


def test_sources_share_a_cache_and_the_least_recently_used_goes(decodes: list[int]) -> None:
    data = [file_of(coloured_grid(100, 100, square=5 + number), ".png") for number in range(3)]
    cache = pixel_cache(2 * 30_000)
    first, second, third = (opened(of, cache, f"key {number}") for number, of in enumerate(data))
    for image in (first, second, first, third, first):
        image.reduced(1)
    assert len(decodes) == 3
    second.reduced(1)
    assert len(decodes) == 4, "it had to make room for the third"
    assert cache.counts().bytes <= 2 * 30_000


def test_two_openings_of_the_same_bytes_share_their_pixels(decodes: list[int]) -> None:
    cache = pixel_cache()
    opened(FILES["png"], cache).reduced(1)
    opened(FILES["png"], cache).reduced(2)
    assert decodes == [1]


def test_many_who_ask_at_once_wait_for_one_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    decode, done, may_go_on = cached.decode, [], threading.Event()

    def slow(data: bytes, info: object, *, reduction: int = 1) -> Pixels:
        done.append(reduction)
        assert may_go_on.wait(PATIENCE)
        return decode(data, info, reduction=reduction)  # type: ignore[arg-type]

    monkeypatch.setattr(cached, "decode", slow)
    image = opened(FILES["png"])
    together = threading.Barrier(9, timeout=PATIENCE)

    def ask(number: int) -> Pixels:
        together.wait()
        return image.reduced(2 ** (number % 4))

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, number) for number in range(8)]
        together.wait()
        may_go_on.set()
        widths = [future.result(PATIENCE).shape[1] for future in asked]
    assert widths == [-(-WIDTH // 2 ** (number % 4)) for number in range(8)]
    assert done == [1]


@pytest.mark.parametrize(
    ("kind", "held", "reduction", "decoded", "halves"),
    [
        ("png", [1], 1, 0, 0),
        ("png", [1, 2], 2, 0, 0),
        ("png", [], 1, 1, 0),
        ("png", [], 2, 1, 3 / 4),
        ("png", [1], 2, 0, 3 / 4),
        ("png", [2], 4, 0, 3 / 16),
        ("jpeg", [], 8, 8, 0),
        ("jpeg", [1], 8, 8, 0),
        ("jpeg", [], 16, 8, 3 / 256),
    ],
)
def test_it_is_known_before_how_much_memory_a_scale_takes(
    kind: str, held: list[int], reduction: int, decoded: int, halves: float
) -> None:
    image = opened(FILES[kind])
    for scale in held:
        image.reduced(scale)
    before = image.cache.counts()
    expected = (cost(image.info, decoded) if decoded else 0) + halves * WIDTH * HEIGHT
    assert image.missing_bytes(reduction) == pytest.approx(expected, abs=4)
    assert image.cache.counts() == before
    image.reduced(reduction)
    assert image.missing_bytes(reduction) == 0


def test_a_damaged_image_fails_each_time_and_leaves_nothing() -> None:
    image = opened(FILES["jpeg"][:-2000])
    for _ in range(2):
        with pytest.raises(CorruptImage):
            image.reduced(1)
    assert image.cache.counts().entries == 0
