"""Pages of a TIFF, each as a file of its own."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from omrclip.errors import CorruptImage
from omrclip.imaging.codec import decode
from omrclip.imaging.documents import open_document
from omrclip.imaging.probe import probe
from omrclip.imaging.tiff.pages import TiffPages, open_tiff
from omrclip.imaging.tiff.ranges import BytesReader
from tests.grid import coloured_grid
from tests.imaging.samples import save

COLOUR = Image.fromarray(coloured_grid(120, 90))
PAGES = [COLOUR, COLOUR.transpose(Image.Transpose.ROTATE_90), COLOUR.resize((64, 48))]


def stack(*pages: Image.Image, **options: object) -> bytes:
    file = BytesIO()
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:], **options)
    return file.getvalue()


def opened(data: bytes) -> TiffPages:
    document = open_document(BytesReader(data), 10**8)
    assert isinstance(document, TiffPages)
    return document


@pytest.mark.parametrize("big", [False, True], ids=["TIFF", "BigTIFF"])
@pytest.mark.parametrize(
    ("compression", "mode"),
    [
        *((compression, mode) for compression in ("raw", "tiff_lzw", "packbits") for mode in ("RGB", "L", "P")),
        ("tiff_adobe_deflate", "RGB"),
        ("jpeg", "RGB"),
        ("jpeg", "L"),
        ("raw", "1"),
        ("group3", "1"),
        ("group4", "1"),
    ],
)
def test_each_page_is_the_same_as_alone(compression: str, mode: str, big: bool) -> None:
    pages = [page.quantize(16) if mode == "P" else page.convert(mode) for page in PAGES]
    document = opened(stack(*pages, compression=compression, big_tiff=big))
    assert document.count == len(pages)
    for number, page in enumerate(pages, start=1):
        read = document.read_page(number)
        assert probe(read).frames == 1
        assert np.array_equal(decode(read), decode(save(page, "TIFF", compression=compression)))


def test_density_orientation_and_profile_stay_with_their_page() -> None:
    profile = b"profile" * 9
    data = stack(*PAGES[:2], dpi=(200, 200), icc_profile=profile, tiffinfo={274: 6})
    info = probe(opened(data).read_page(1))
    assert info.dpi == (200, 200)
    assert (info.orientation, info.has_profile) == (6, True)


def test_a_page_reads_only_its_own_bytes() -> None:
    pages = [Image.fromarray(np.random.default_rng(n).integers(0, 256, (200, 300, 3), np.uint8)) for n in range(8)]
    data = stack(*pages)
    assert len(opened(data).read_page(5)) < len(data) / 7


def test_a_file_of_one_page_is_no_document() -> None:
    assert open_tiff(BytesReader(stack(COLOUR))) is None
    assert open_tiff(BytesReader(save(COLOUR, "PNG"))) is None


def test_a_page_that_is_cut_off_leaves_the_others() -> None:
    data = stack(*PAGES)
    offset = opened(data).offsets[2]
    damaged = bytearray(data)
    at = data.index(b"\x11\x01", offset) + 8  # StripOffsets
    damaged[at : at + 4] = (len(data) + 5).to_bytes(4, "little")
    document = opened(bytes(damaged))
    assert np.array_equal(decode(document.read_page(1)), decode(save(PAGES[0], "TIFF")))
    with pytest.raises(CorruptImage, match="cut off"):
        document.read_page(3)


def test_of_a_list_of_pages_without_an_end_each_page_is_read_once() -> None:
    data = bytearray(stack(*PAGES))
    first, _, last = opened(bytes(data)).offsets
    count = int.from_bytes(data[last : last + 2], "little")
    at = last + 2 + 12 * count
    data[at : at + 4] = first.to_bytes(4, "little")
    document = opened(bytes(data))
    assert document.count == 4
    assert np.array_equal(decode(document.read_page(3)), decode(save(PAGES[2], "TIFF")))
    with pytest.raises(CorruptImage, match="after page 3"):
        document.read_page(4)


def test_of_a_file_that_is_cut_off_the_pages_before_are_read() -> None:
    data = stack(*PAGES)
    _, second, third = opened(data).offsets
    for end, whole in ((third + 1, 2), (third - 1, 2), (second + 1, 1)):
        document = opened(data[:end])
        assert document.count == whole + 1
        for number in range(1, whole + 1):
            assert np.array_equal(decode(document.read_page(number)), decode(save(PAGES[number - 1], "TIFF")))
        for work in (document.read_page, document.page_bytes):
            with pytest.raises(CorruptImage, match=f"after page {whole}. Pages from {whole + 1} on"):
                work(whole + 1)
