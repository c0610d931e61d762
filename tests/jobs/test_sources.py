"""Scans in image files, PDF files and TIFF files."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from omrclip.errors import ImageError, LimitExceeded, UnsupportedImage
from omrclip.imaging.codec import decode
from omrclip.jobs import sources
from omrclip.jobs.sources import page_name, scans_in, scans_of
from omrclip.omr.recognition import Scan
from tests.grid import coloured_grid
from tests.imaging.pdf_files import jpeg_image, pdf, scanned
from tests.imaging.samples import save
from tests.imaging.test_pdf_pages import protected

MOST_PIXELS = 10**7
SHADES = [jpeg_image(np.full((50, 40, 3), tone, np.uint8)) for tone in (10, 100, 200)]


@pytest.mark.parametrize(
    ("file", "number", "expected"),
    [("stack.pdf", 1, "stack-p0001.pdf"), ("a.b.PDF", 12, "a.b-p0012.PDF"), ("scans", 3, "scans-p0003")],
)
def test_pages_are_named_after_their_file(file: str, number: int, expected: str) -> None:
    assert page_name(file, number) == expected


def test_files_give_their_scans_in_order(tmp_path: Path) -> None:
    picture = Image.fromarray(coloured_grid(40, 30))
    files = {
        "a.png": save(picture, "PNG"),
        "stack.pdf": pdf(*map(scanned, SHADES)),
        "one.pdf": pdf(scanned(SHADES[0])),
        "fax.tif": save(picture, "TIFF", save_all=True, append_images=[picture.rotate(180)]),
        "b.tif": save(picture, "TIFF"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    scans = scans_in([tmp_path / name for name in files], MOST_PIXELS)
    pages = ["stack-p0001.pdf", "stack-p0002.pdf", "stack-p0003.pdf"]
    assert [scan.name for scan in scans] == ["a.png", *pages, "one.pdf", "fax-p0001.tif", "fax-p0002.tif", "b.tif"]
    read = [scan.read() for scan in scans]
    assert [one.name for one in read] == [scan.name for scan in scans]
    assert [one.data for one in read[1:5]] == [*(shade.data for shade in SHADES), SHADES[0].data]
    assert np.array_equal(decode(read[6].data), coloured_grid(40, 30)[::-1, ::-1, ::-1])


def test_a_file_that_cannot_be_opened_is_one_scan_that_fails(tmp_path: Path) -> None:
    (tmp_path / "locked.pdf").write_bytes(protected("secret"))
    (tmp_path / "good.pdf").write_bytes(pdf(scanned(SHADES[0])))
    locked, missing, good = scans_in([tmp_path / name for name in ("locked.pdf", "none.pdf", "good.pdf")], MOST_PIXELS)
    with pytest.raises(UnsupportedImage, match="password"):
        locked.read()
    with pytest.raises(ImageError, match="cannot be read"):
        missing.read()
    assert good.read().data == SHADES[0].data


def test_a_file_with_too_many_pages_is_one_scan_that_fails() -> None:
    stack = Scan("stack.pdf", pdf(*map(scanned, SHADES)))
    assert len(scans_of(stack, MOST_PIXELS, most_pages=3)) == 3
    (scan,) = scans_of(stack, MOST_PIXELS, most_pages=2)
    assert scan.name == "stack.pdf"
    with pytest.raises(LimitExceeded, match="3 pages, more than the 2 allowed"):
        scan.read()


def test_a_file_is_closed_with_its_last_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []
    path = tmp_path / "stack.pdf"
    path.write_bytes(pdf(*map(scanned, SHADES)))
    scans = scans_in([path], MOST_PIXELS)
    monkeypatch.setattr("omrclip.imaging.pdf_pages.PdfPages.close", lambda self: closed.append(self.count))
    for scan in scans[:2]:
        scan.read()
    assert not closed
    scans[2].read()
    assert closed == [3]


def test_some_scans_of_a_file_can_be_read_in_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "stack.pdf": pdf(*map(scanned, SHADES)),
        "a.png": save(Image.fromarray(coloured_grid(40, 30)), "PNG"),
        "locked.pdf": protected("secret"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    _, second, third, image, locked = scans_in([tmp_path / name for name in files], MOST_PIXELS)
    sent = pickle.loads(pickle.dumps([second, third, image, locked]))
    opened: list[int] = []
    closed: list[int] = []
    open_document = sources.open_document
    monkeypatch.setattr(sources, "open_document", lambda *file: (opened.append(1), open_document(*file))[1])
    monkeypatch.setattr("omrclip.imaging.pdf_pages.PdfPages.close", lambda self: closed.append(self.count))
    assert [scan.read().data for scan in sent[:2]] == [shade.data for shade in SHADES[1:]]
    assert (opened, closed) == ([1], [3])
    assert sent[2].read() == image.read()
    with pytest.raises(UnsupportedImage, match="password"):
        sent[3].read()
