"""PDF files that another process reads: the same pages and errors, and what ends one page alone."""

import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from omrclip.errors import CorruptImage, LimitExceeded, OmrclipError, StorageUnavailable
from omrclip.imaging import documents, pdf_process
from omrclip.imaging.pdf_pages import PdfPages
from omrclip.imaging.pdf_process import IsolatedPdf
from omrclip.imaging.tiff.ranges import BytesReader
from tests.imaging.pdf_files import A4, PdfImage, PdfPage, jpeg_image, pdf, scanned
from tests.imaging.test_pdf_pages import PHOTO, protected
from tests.omr.authoring.detection.pdf_forms import pdf_form

MOST_PIXELS = 40_000_000
GOOD = scanned(PHOTO)


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    """End the processes that wait for further files."""
    yield
    while pdf_process._idle:
        pdf_process._idle.pop().end()


def isolated(data: bytes) -> IsolatedPdf:
    return IsolatedPdf(BytesReader(data), MOST_PIXELS)


def drawing(commands: bytes) -> bytes:
    """A PDF of three pages, of which the second is drawn by these commands."""
    data = zlib.compress(commands, 9)
    stream = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(data), data)
    return pdf(GOOD, PdfPage(""), GOOD).replace(b"<<  /Length 0 >>\nstream\n\nendstream", stream)


def test_pages_are_those_that_are_read_in_this_process() -> None:
    page = PdfPage("0 0 1 rg 100 100 200 200 re f", dimensions=(144, 96))
    data = pdf(GOOD, page)
    here, there = PdfPages(BytesReader(data), MOST_PIXELS), isolated(data)
    assert there.count == 2
    assert [there.read_page(number) for number in (1, 2)] == [here.read_page(number) for number in (1, 2)]
    assert there.page_bytes(2) > here.page_bytes(2)
    there.close()
    here.close()


def test_the_memory_for_a_page_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    page = PdfPage("0 0 1 rg 100 100 200 200 re f", dimensions=(144, 96))
    there = isolated(pdf(GOOD, page))
    asked: list[tuple[str, int]] = []
    ask = IsolatedPdf._ask
    monkeypatch.setattr(IsolatedPdf, "_ask", lambda pdf, *told: asked.append(told[:2]) or ask(pdf, *told))
    needed = [there.page_bytes(number) for number in (1, 1, 2)]
    there.read_page(2)
    assert (needed[0], asked) == (needed[1], [("page_bytes", 1), ("page_bytes", 2), ("read", 2)])
    assert needed[2] != needed[1]
    there.close()


def test_contents_are_those_that_are_read_in_this_process() -> None:
    data = pdf_form()
    here, there = PdfPages(BytesReader(data), MOST_PIXELS), isolated(data)
    assert there.contents(1) == here.contents(1)
    assert [field.name for field in there.contents(1).fields][-2:] == ["pears", "full name"]
    assert [word[0] for word in there.contents(1).words][:2] == ["11", "."]
    there.close()
    here.close()


@pytest.mark.parametrize("data", [protected("secret"), pdf(), pdf(GOOD)[:300], pdf(scanned(PHOTO, dimensions=A4))])
def test_errors_are_those_of_this_process(data: bytes) -> None:
    def told(opened: object) -> object:
        try:
            document = opened(BytesReader(data), 10_000)  # type: ignore[operator]
            with pytest.raises(LimitExceeded) as error:
                document.read_page(1)
            document.close()
        except OmrclipError as error:
            return type(error), error.message, error.details
        return error.type, error.value.message, error.value.details

    assert told(IsolatedPdf) == told(PdfPages)
    assert len(pdf_process._idle) == 1, "the process is used again"


def test_a_process_reads_one_file_after_the_other() -> None:
    for _ in range(2):
        document = isolated(pdf(GOOD))
        assert document.read_page(1) == PHOTO.data
        document.close()
        assert len(pdf_process._idle) == 1


def masked() -> bytes:
    """A page with a small image whose mask has 900 megapixels: its dimensions are told by no function of PDFium."""
    mask = PdfImage(30_000, 30_000, zlib.compress(bytes(30_000 * 30_000), 9), "/FlateDecode", "/DeviceGray")
    image = PdfImage(10, 10, bytes(300), more="/SMask 7 0 R")
    return pdf(GOOD, PdfPage("q 595 0 0 842 0 0 cm /I1 Do Q 1 1 2 2 re f", [mask, image]), GOOD)


@pytest.mark.parametrize("name", ["drawing commands", "mask"])
def test_a_page_that_takes_too_much_memory_fails_alone(name: str) -> None:
    data = drawing(b"0 0 m 1 1 l S\n" * 10_000_000) if name == "drawing commands" else masked()
    document = isolated(data)
    assert document.read_page(1) == PHOTO.data
    with pytest.raises((LimitExceeded, CorruptImage)):
        document.read_page(2)
    assert document.read_page(3) == PHOTO.data
    document.close()


def test_a_page_that_takes_too_much_time_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_process, "SECONDS", 1)
    shades = np.random.default_rng(1).integers(0, 256, (2000, 2000), np.uint8)
    page = PdfPage("q 595 0 0 842 0 0 cm /I0 Do Q " * 4_000, [jpeg_image(shades)], rotate=90)
    document = isolated(pdf(GOOD, page, GOOD))
    with pytest.raises(LimitExceeded, match="Page 2 of the PDF needs more memory or time"):
        document.read_page(2)
    assert document.read_page(3) == PHOTO.data
    document.close()


def test_a_process_that_is_gone_is_replaced() -> None:
    document = isolated(pdf(GOOD, GOOD))
    assert document._process is not None
    document._process._process.kill()
    with pytest.raises(LimitExceeded):
        document.read_page(1)
    assert document.read_page(2) == PHOTO.data
    document.close()


def test_a_file_that_cannot_be_read_ends_no_other() -> None:
    class Broken(BytesReader):
        def read(self, offset: int, length: int) -> bytes:  # noqa: ARG002
            raise OSError(5, "broken")

    with pytest.raises(OSError, match="broken"):
        IsolatedPdf(Broken(pdf(GOOD)), MOST_PIXELS)
    document = isolated(pdf(GOOD))
    assert document.read_page(1) == PHOTO.data
    document.close()


def test_the_service_isolates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "open_pdf", documents.open_pdf)
    pdf_process.isolate_pdfs()
    document = documents.open_document(BytesReader(pdf(GOOD)), MOST_PIXELS)
    assert isinstance(document, IsolatedPdf)
    document.close()


def test_a_reader_that_fails_is_told_and_the_next_pages_are_read() -> None:
    class Failing:
        data = pdf(*[GOOD] * 40)
        size = len(data)
        is_cut = False

        def read(self, offset: int, length: int) -> bytes:
            if self.is_cut:
                raise StorageUnavailable("The server is gone.")
            return self.data[offset : offset + length]

    reader = Failing()
    document = IsolatedPdf(reader, MOST_PIXELS)
    reader.is_cut = True
    with pytest.raises(StorageUnavailable, match="gone"):
        document.read_page(40)
    with pytest.raises(StorageUnavailable, match="gone"):
        IsolatedPdf(reader, MOST_PIXELS)
    reader.is_cut = False
    assert document.read_page(40) == PdfPages(BytesReader(pdf(GOOD)), MOST_PIXELS).read_page(1)
    document.close()
