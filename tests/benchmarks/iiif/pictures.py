"""The image that is served: an A3 scan of two sheets, as a JPEG and as a pyramidal TIFF; and many like it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.geometry import Dimensions
from tests.benchmarks.iiif.rows import DIMENSIONS, SEED, STORED_TILE
from tests.sheets.camera import Glass
from tests.sheets.exam import exam
from tests.sheets.filling import Person
from tests.sheets.scene import Light, Scene, Sensor
from tests.sheets.sheet import Shot, make

JPEG_NAME: Final = "page.jpg"
TIFF_NAME: Final = "page.tif"
SOURCE_QUALITY: Final = 90
SHEET_DPI: Final = 340.0
# 8 megapixels.
SMALL_DIMENSIONS: Final = Dimensions(2448, 3264)
SMALL_DPI: Final = 285.0

Picture = npt.NDArray[np.uint8]


def make_sources(folder: Path, tile_quality: int) -> None:
    """Write the image in both forms."""
    half = Dimensions(DIMENSIONS.width // 2, DIMENSIONS.height)
    sheets = [_sheet(SEED + number, half, SHEET_DPI, name) for number, name in enumerate(("Nora", "Emil"))]
    jpeg = folder / JPEG_NAME
    jpeg.write_bytes(_encoded(np.hstack(sheets)))
    make_pyramid(jpeg, folder / TIFF_NAME, tile_quality)


def make_pyramid(jpeg: Path, tiff: Path, tile_quality: int) -> None:
    """By vips, as iipsrv's documentation advises: the tiles are JPEG of 4:2:0, the levels halve."""
    options = ["--tile", "--pyramid", "--compression=jpeg", f"--Q={tile_quality}"]
    options += [f"--tile-width={STORED_TILE}", f"--tile-height={STORED_TILE}"]
    subprocess.run(["vips", "tiffsave", str(jpeg), str(tiff), *options], check=True)


def make_many(folder: Path, count: int) -> Iterator[str]:
    """Write `count` scans of 8 megapixels, no two alike in bytes, and give their names."""
    sheet = _sheet(SEED, SMALL_DIMENSIONS, SMALL_DPI, "Nora")
    for number in range(count):
        page = np.roll(sheet, 8 * number, axis=0)
        cv2.putText(page, f"{number:05}", (100, 200), cv2.FONT_HERSHEY_SIMPLEX, 4.0, (60, 40, 30), 6, cv2.LINE_AA)
        name = f"scan-{number:05}.jpg"
        (folder / name).write_bytes(_encoded(page))
        yield name


def _sheet(seed: int, dimensions: Dimensions, dpi: float, writer: str) -> Picture:
    """A filled sheet on a scanner's glass, with its noise, before JPEG."""
    scene = Scene("lid", Light(), Sensor(0.5, noise=1.2, dust=5))
    shot = Shot(seed, dimensions, Glass(dpi, skew=0.1), Person(writer, "blue ballpoint"), scene=scene)
    return make(exam(), shot).image


def _encoded(pixels: Picture) -> bytes:
    """JPEG 4:2:0."""
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    encoded, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, SOURCE_QUALITY, *sampling])
    if not encoded:
        raise RuntimeError("OpenCV could not encode the scan")
    return bytes(data)
