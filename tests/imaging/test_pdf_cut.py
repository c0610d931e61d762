"""A PDF that is cut off: the pages before the cut are read, and one more tells of the rest."""

import io

import numpy as np
import pytest
from PIL import Image

from omrclip.errors import CorruptImage
from omrclip.imaging.documents import Document, open_document
from omrclip.imaging.pdf_cut import repaired
from omrclip.imaging.tiff.ranges import BytesReader
from tests.imaging.pdf_files import jpeg_image, pdf, scanned

NOISE = [np.random.default_rng(seed).integers(0, 256, (60, 40, 3), np.uint8) for seed in range(4)]
SCANS = [jpeg_image(pixels) for pixels in NOISE]


def _by_pillow() -> bytes:
    file = io.BytesIO()
    first, *others = map(Image.fromarray, NOISE)
    first.save(file, "PDF", save_all=True, append_images=others)
    return file.getvalue()


MADE = {"own": pdf(*map(scanned, SCANS)), "pillow": _by_pillow()}


def _opened(data: bytes) -> Document:
    document = open_document(BytesReader(data), 10**6)
    assert document is not None
    return document


@pytest.mark.parametrize("maker", MADE)
def test_the_pages_before_the_cut_are_read(maker: str) -> None:
    data = MADE[maker]
    whole = _opened(data)
    pages = [whole.read_page(number) for number in range(1, 5)]
    counts = []
    for end in range(len(data) - 30, 300, -97):
        try:
            document = _opened(data[:end])
        except CorruptImage:
            counts.append(0)
            continue
        count = document.count - 1
        counts.append(count)
        assert [document.read_page(number) for number in range(1, count + 1)] == pages[:count]
        for work in (document.read_page, document.page_bytes, document.contents):
            with pytest.raises(CorruptImage, match=f"after page {count}. Pages from {count + 1} on"):
                work(count + 1)
        document.close()
    assert counts == sorted(counts, reverse=True)
    assert set(counts) == {0, 1, 2, 3, 4}


def test_a_file_with_its_end_is_not_searched() -> None:
    """Otherwise pages that were removed would come back."""
    assert repaired(BytesReader(MADE["own"])) is None
    assert repaired(BytesReader(MADE["own"][:-20])) is not None


@pytest.mark.parametrize("key", [b"/MediaBox", b"/Resources"])
def test_a_page_whose_size_or_resources_are_in_the_lost_list_is_not_read(key: bytes) -> None:
    assert repaired(BytesReader(MADE["own"][:-20].replace(key, b"/Unknown"))) is None


def test_each_object_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = b"".join(b"%d 0 obj\n<< /Next %d 0 R >>\nendobj\n" % (n, n + 1) for n in range(1, 300))
    pages = b"".join(
        b"%d 0 obj\n<< /Type /Page /MediaBox [0 0 9 9] /Resources 1 0 R >>\nendobj\n" % n for n in range(301, 600)
    )
    data = b"%PDF-1.4\n" + chain + b"300 0 obj\n<< >>\nendobj\n" + pages + b"9 0 o"
    reads = 0

    def noted(self: BytesReader, offset: int, length: int) -> bytes:
        nonlocal reads
        reads += 1
        return bytes(self.data[offset : offset + length])

    monkeypatch.setattr(BytesReader, "read", noted)
    found = repaired(BytesReader(data))
    assert found is not None
    assert found.count == 299
    assert reads < 2 * 600 + 10
