"""Work before the first request, so that it does not have to wait."""

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from flask import Flask
from flask.testing import FlaskClient

from omrclip.config import MEBIBYTE, Config
from omrclip.imaging.codec import encode
from omrclip.imaging.probe import ImageFormat
from omrclip.imaging.tiff.writing import write_pyramid
from omrclip.web.journal import UNLOGGED

# The interpreter makes a function faster after it has run eight times.
TIMES = 8
# Larger than what a request usually takes at once, so that the allocator has its memory at hand.
SIDE = 2048
MEMORY_BYTES = 64 * MEBIBYTE
_REQUESTS = (
    "info.json",
    "full/1000,/0/default.jpg",
    "full/200,/0/default.jpg",
    "{},0,500,100/full/0/default.jpg",
    "{},512,512,512/512,/0/default.jpg",
    "256,{},256,256/256,/0/default.jpg",
)


def warm_up(app: Flask, create: Callable[[Config], Flask]) -> None:
    """Answer some requests, so that modules, routes, codecs and threads are set up.

    `create` makes that one. It serves files that are made for it alone: the stores of `app` may be far away, or out of
    reach for now, and its caches are for what it is asked.
    """
    client = _client(app)
    client.get("/health")
    client.options("/iiif/3/none/info.json")
    # Without a disk to write to, the first requests wait a little longer; that is no reason not to serve.
    with suppress(OSError):
        _rehearse_images(create)
    gc.collect()  # applications hold themselves in circles
    gc.freeze()  # what is here now stays, and need not be looked through again


def _rehearse_images(create: Callable[[Config], Flask]) -> None:
    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        images, nothing = Path(folder, "images"), str(Path(folder, "nothing"))
        images.mkdir()
        _write_images(images)
        rehearsal = create(Config(images=str(images), templates=nothing, results=nothing, memory_bytes=MEMORY_BYTES))
        _rehearse(rehearsal, 0)
        # Requests run in other threads, whose memory glibc takes from another place.
        thread.submit(_rehearse, rehearsal, 1).result()


def _rehearse(app: Flask, first: int) -> None:
    client = _client(app)
    for number in range(first, 2 * TIMES, 2):
        for name in (f"{number}.jpg", f"{number}.tif"):
            for request in _REQUESTS:
                client.get(f"/iiif/2/{name}/{request.format(256 * (number % 4))}")


def _client(app: Flask) -> FlaskClient:
    """A client whose requests are not logged and counted."""
    client = app.test_client()
    client.environ_base[UNLOGGED] = "yes"
    return client


def _write_images(folder: Path) -> None:
    """As a JPEG and as a pyramid, so many times that files are opened for the first time as often as it takes."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    jpeg = encode(pixels, ImageFormat.JPEG)
    for number in range(2 * TIMES):
        (folder / f"{number}.jpg").write_bytes(jpeg + bytes([number]))  # no two of one digest
    with (folder / "0.tif").open("wb") as file:
        write_pyramid(pixels, file)
    for number in range(1, 2 * TIMES):
        (folder / f"{number}.tif").write_bytes((folder / "0.tif").read_bytes() + bytes([number]))
