"""A PDF whose pages are JPEG pictures, written from front to back, so that only one page is in memory at a time."""

from collections.abc import Iterable, Iterator

from omrclip.imaging.geometry import Dimensions

LONG_SIDE, SHORT_SIDE = 841.89, 595.28
"""The sides of A4 in points. A picture fills as much of a sheet of A4 as it can, so that it is printed at a sensible
size."""
_PICTURE = (
    b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode"
    b"/Length %d>>stream\n"
)


def pdf_of(pictures: Iterable[tuple[bytes, Dimensions]]) -> Iterator[bytes]:
    """The parts of the file. `pictures` are JPEG files of three channels, each with its dimensions."""
    head = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    yield head
    written = len(head)
    offsets: dict[int, int] = {}
    pages: list[int] = []
    for data, size in pictures:
        first = 3 * len(pages) + 3  # 1 is the catalog, and 2 lists the pages
        scale = min(LONG_SIDE / max(size.width, size.height), SHORT_SIDE / min(size.width, size.height))
        width, height = b"%.2f" % (size.width * scale), b"%.2f" % (size.height * scale)
        drawing = b"q %b 0 0 %b 0 0 cm /P Do Q" % (width, height)
        page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %b %b]/Resources<</XObject<</P %d 0 R>>>>/Contents %d 0 R>>" % (
            width,
            height,
            first,
            first + 1,
        )
        for number, content in (
            (first, _PICTURE % (size.width, size.height, len(data)) + data + b"\nendstream"),
            (first + 1, b"<</Length %d>>stream\n%b\nendstream" % (len(drawing), drawing)),
            (first + 2, page),
        ):
            part = _object(number, content)
            offsets[number] = written
            written += len(part)
            yield part
        pages.append(first + 2)
    kids = b" ".join(b"%d 0 R" % page for page in pages)
    for number, content in (
        (1, b"<</Type/Catalog/Pages 2 0 R>>"),
        (2, b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(pages), kids)),
    ):
        part = _object(number, content)
        offsets[number] = written
        written += len(part)
        yield part
    places = b"".join(b"%010d 00000 n \n" % offsets[number] for number in sorted(offsets))
    count = len(offsets) + 1
    yield b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, places)
    yield b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, written)


def _object(number: int, content: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, content)
