import struct

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from omrclip.errors import CorruptImage
from omrclip.imaging.codec import decode, reducible
from omrclip.imaging.probe import probe
from tests.imaging.samples import NOISE, NOISY_JPEG, assert_is, grid, save

_REDUCED = {1: 1, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


def jpegs(array: np.ndarray) -> dict[str, bytes]:
    def by_opencv(*parameters: int) -> bytes:
        return cv2.imencode(".jpg", array, parameters)[1].tobytes()

    files = {name: simplejpeg.encode_jpeg(array, 80, "BGR", name) for name in ("444", "422", "420", "440", "411")}
    files["progressive"] = by_opencv(cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    files["restarts"] = by_opencv(cv2.IMWRITE_JPEG_RST_INTERVAL, 2)
    files["optimized"] = by_opencv(cv2.IMWRITE_JPEG_OPTIMIZE, 1)
    image = Image.fromarray(np.ascontiguousarray(array[:, :, ::-1]))
    files["rgb"] = save(image, "JPEG", keep_rgb=True)
    files["rgb progressive"] = save(image, "JPEG", keep_rgb=True, progressive=True)
    files["grey"] = save(image.convert("L"), "JPEG")
    files["grey progressive"] = save(image.convert("L"), "JPEG", progressive=True)
    return files


@pytest.mark.parametrize("extents", [(61, 83), (9, 17), (1, 1), (3, 7), (16, 16)])
@pytest.mark.parametrize("kind", list(jpegs(NOISE)))
@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_jpeg_is_bit_identical_to_opencv(extents: tuple[int, int], kind: str, reduction: int) -> None:
    data = jpegs(np.ascontiguousarray(NOISE[: extents[0], : extents[1]]))[kind]
    pixels = decode(data, reduction=reduction)
    assert pixels.shape[:2] == tuple(-(-side // reduction) for side in extents)
    np.testing.assert_array_equal(pixels, cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[reduction]))


def _with(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new, 1)


SCAN_BAND = b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0"
HARMLESS = {
    "junk behind the end": NOISY_JPEG + b"junk" * 99,
    "another JPEG behind the end": NOISY_JPEG + NOISY_JPEG[: len(NOISY_JPEG) // 2],
    "junk between segments": NOISY_JPEG[:20] + b"\1\2\3" + NOISY_JPEG[20:],
    "fill bytes between segments": NOISY_JPEG[:20] + b"\xff\xff\xff" + NOISY_JPEG[20:],
    "zero bytes before the end marker": NOISY_JPEG[:-2] + bytes(9) + NOISY_JPEG[-2:],
    "fill bytes before the end marker": NOISY_JPEG[:-2] + b"\xff\xff" + NOISY_JPEG[-2:],
    "unknown JFIF revision": _with(NOISY_JPEG, b"JFIF\0\1\1", b"JFIF\0\7\7"),
    "unknown Adobe transform": b"\xff\xd8\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x09"
    + _with(NOISY_JPEG[2:], b"JFIF", b"XFIF"),
    "band of a sequential scan": _with(NOISY_JPEG, SCAN_BAND, SCAN_BAND[:-3] + bytes(3)),
    "broken Exif": b"\xff\xd8\xff\xe1\0\x0cExif\0\0II*\0" + NOISY_JPEG[2:],
    "standard tables left out, as of motion JPEG": NOISY_JPEG[: NOISY_JPEG.index(b"\xff\xc4")]
    + NOISY_JPEG[NOISY_JPEG.index(b"\xff\xda") :],
    "damaged colour profile": b"\xff\xd8\xff\xe2\0\x12ICC_PROFILE\0\7\2xx" + NOISY_JPEG[2:],
}
HARMFUL = {
    "end marker missing": NOISY_JPEG[:-2],
    "cut off": NOISY_JPEG[: len(NOISY_JPEG) // 2],
    "cut off and closed": NOISY_JPEG[: len(NOISY_JPEG) // 2] + b"\xff\xd9",
    "last bytes gone and closed": NOISY_JPEG[:-5] + b"\xff\xd9",
    "cut off behind a harmless complaint": HARMLESS["unknown JFIF revision"][:-40] + b"\xff\xd9",
    "cut off behind junk": HARMLESS["junk between segments"][:-40] + b"\xff\xd9",
    "header higher than the pixels": _with(NOISY_JPEG, struct.pack(">HH", 61, 83), struct.pack(">HH", 161, 83)),
    "header lower than the pixels": _with(NOISY_JPEG, struct.pack(">HH", 61, 83), struct.pack(">HH", 30, 83)),
    "header wider than the pixels": _with(NOISY_JPEG, struct.pack(">HH", 61, 83), struct.pack(">HH", 61, 99)),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_jpeg_with_harmless_flaws_is_read(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert_is(HARMLESS[name], cv2.imdecode(np.frombuffer(NOISY_JPEG, np.uint8), cv2.IMREAD_COLOR))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", HARMFUL)
def test_damaged_jpeg_is_refused(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CorruptImage, match="JPEG"):
        decode(HARMFUL[name])
    assert capfd.readouterr() == ("", "")


def test_progressive_jpeg_without_its_last_scans_is_refused() -> None:
    data = jpegs(NOISE)["progressive"]
    scans = [at for at in range(len(data)) if data.startswith(b"\xff\xda", at)]
    assert len(scans) > 5
    for scan in scans[1:]:
        tables = data.rfind(b"\xff\xc4", 0, scan)  # the scan's own, right before it
        closed = data[:tables] + b"\xff\xd9"
        assert cv2.imdecode(np.frombuffer(closed, np.uint8), cv2.IMREAD_COLOR) is not None
        with pytest.raises(CorruptImage, match="scans"):
            decode(closed)


def test_only_jpeg_is_reduced() -> None:
    assert reducible(probe(NOISY_JPEG))
    data = save(grid(), "PNG")
    assert not reducible(probe(data))
    with pytest.raises(ValueError, match="png cannot be decoded at 1/2"):
        decode(data, reduction=2)
    with pytest.raises(ValueError, match="1/3"):
        decode(NOISY_JPEG, reduction=3)
