"""PDF files for tests, written object by object."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.imaging.samples import save

A4 = (595.0, 842.0)


@dataclass(frozen=True, slots=True)
class PdfImage:
    """An image as a PDF stores it."""

    width: int
    height: int
    data: bytes
    filter: str = ""
    space: str = "/DeviceRGB"
    bits: int = 8
    more: str = ""


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page: its dimensions in points, what it draws, and its images, named /I0 and so on."""

    content: str
    images: Sequence[PdfImage] = ()
    dimensions: tuple[float, float] = A4
    rotate: int = 0
    more: str = field(default="")


def jpeg_image(pixels: npt.NDArray[np.uint8], **options: object) -> PdfImage:
    image = Image.fromarray(pixels)
    space = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}[image.mode]
    return PdfImage(image.width, image.height, save(image, "JPEG", **options), "/DCTDecode", space)


def raw_image(pixels: npt.NDArray[np.uint8]) -> PdfImage:
    space = "/DeviceGray" if pixels.ndim == 2 else "/DeviceRGB"
    return PdfImage(pixels.shape[1], pixels.shape[0], pixels.tobytes(), space=space)


def scanned(image: PdfImage, extra: str = "", **options: object) -> PdfPage:
    """A page that an image fills."""
    page = PdfPage("", [image], **options)  # type: ignore[arg-type]
    width, height = page.dimensions
    return PdfPage(f"q {width} 0 0 {height} 0 0 cm /I0 Do Q {extra}", [image], **options)  # type: ignore[arg-type]


def pdf(*pages: PdfPage) -> bytes:
    """A file of these pages."""
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for page in pages:
        resources = "/Font << /F 3 0 R >> /XObject <<"
        for number, image in enumerate(page.images):
            kind = f"/Filter {image.filter} " if image.filter else ""
            head = (
                f"/Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} /ColorSpace {image.space} "
                f"/BitsPerComponent {image.bits} {kind}{image.more}"
            )
            objects.append(_stream(head, image.data))
            resources += f" /I{number} {len(objects)} 0 R"
        objects.append(_stream("", page.content.encode()))
        width, height = page.dimensions
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Rotate {page.rotate} {page.more}"
            f"/Contents {len(objects)} 0 R /Resources << {resources} >> >> >>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    data, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end


def _stream(head: str, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (head.encode(), len(data), data)
