"""Small pages, scans, templates and requests, made by code: a grid whose every square says where it is."""

import base64
import json
import struct
import zlib
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

Pixels = npt.NDArray[np.uint8]
Json = dict[str, Any]

WIDTH, HEIGHT = 300, 200
SQUARE = 20
UNCONFIRMED = (
    "Nothing on this page tells where the clips lie: it was taken to fill the picture. Look whether they show the "
    "right places. With an image of the blank page they are found for sure."
)
"""What is told of the clips of a grid, since the template shows nothing to find it by."""

NAME_BOX = (12, 18, 90, 40)
SIGNATURE_BOX = (150, 110, 100, 60)


def grid(width: int = WIDTH, height: int = HEIGHT, square: int = SQUARE, salt: int = 0) -> Pixels:
    """(height, width, 3) BGR: blue tells the square's column, green its row, red which picture it is."""
    rows, columns = np.mgrid[0:height, 0:width] // square
    red = np.where((rows + columns) % 2, 40, 200) + salt
    return np.dstack([columns * 16 + 8, rows * 24 + 8, red]).astype(np.uint8)


def encoded(pixels: Pixels, extension: str = ".png", *parameters: int) -> bytes:
    """The pixels as a file, by OpenCV."""
    done, data = cv2.imencode(extension, pixels, parameters)
    assert done
    return data.tobytes()


def jpeg(pixels: Pixels, quality: int = 85) -> bytes:
    """The very bytes that OpenCV writes at this quality; from 90 on with colours at full resolution."""
    full = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444) if quality >= 90 else ()
    return encoded(pixels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality, *full)


def decoded(data: bytes) -> Pixels:
    """BGR pixels of a file, by OpenCV, upright."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None, "the bytes are no image"
    return np.asarray(pixels, np.uint8)


def cut(pixels: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    """The slice of a box (left, top, width, height)."""
    left, top, width, height = box
    return pixels[top : top + height, left : left + width]


def with_orientation(pixels: Pixels, orientation: int) -> bytes:
    """A JPEG that stores these pixels and says by EXIF how to turn them."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1])).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def tiff_of(*frames: Pixels) -> bytes:
    """A TIFF of several pages."""
    first, *others = (Image.fromarray(np.ascontiguousarray(frame[:, :, ::-1])) for frame in frames)
    file = BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=others)
    return file.getvalue()


def gif_of(*frames: Pixels) -> bytes:
    """A GIF of several frames."""
    first, *others = (Image.fromarray(np.ascontiguousarray(frame[:, :, ::-1])) for frame in frames)
    file = BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others)
    return file.getvalue()


def lying_png(width: int, height: int) -> bytes:
    """A PNG whose header promises any extents, with next to nothing behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def bytes_of(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def clip_area(name: str, box: tuple[float, float, float, float] = NAME_BOX, **changes: Any) -> Json:
    left, top, width, height = box
    return {"Type": "ClipArea", "Name": name, "Width": width, "Height": height, "Top": top, "Left": left, **changes}


def choice_box(name: str = "Question", **changes: Any) -> Json:
    place = {"Width": 60, "Height": 20, "Top": 70, "Left": 20, "BubbleWidth": 10, "BubbleHeight": 10}
    bubbles = [{"Value": value, "Top": 75, "Left": left} for value, left in (("A", 22), ("B", 42))]
    return {"Type": "ChoiceBox", "Name": name, **place, "Bubbles": bubbles, **changes}


def page(*elements: Json, **changes: Any) -> Json:
    return {"Height": HEIGHT, "Width": WIDTH, "Elements": list(elements), **changes}


def template(*elements: Json, **changes: Any) -> Json:
    """A template of one page; by default with the clip areas Name and Signature."""
    areas = elements or (clip_area("Name"), clip_area("Signature", SIGNATURE_BOX, JpegQuality=60))
    return {"Version": "1.0", "Name": "form", "Pages": [page(*areas)], **changes}


def omr(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def image(name: str = "scan.png", data: bytes | None = None) -> Json:
    """An entry of `Images`."""
    return {"Name": name, "Data": base64_of(encoded(grid()) if data is None else data)}


def asked(**changes: Any) -> Json:
    """The body of a good recognition request, with keys changed or added."""
    return {"Template": template(), "Images": [image()], **changes}


def without(document: Json, *keys: str) -> Json:
    return {key: value for key, value in document.items() if key not in keys}


def file_part(name: str, data: bytes) -> FileStorage:
    return FileStorage(BytesIO(data), filename=name)


def multipart(*parts: tuple[str, FileStorage | str]) -> Json:
    """The arguments for a test client's request with these parts, in order."""
    values: dict[str, list[FileStorage | str]] = {}
    for key, part in parts:
        values.setdefault(key, []).append(part)
    boundary, body = encode_multipart(values)
    return {"data": body, "content_type": f'multipart/form-data; boundary="{boundary}"'}
