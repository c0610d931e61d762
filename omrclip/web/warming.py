"""Doing once, before the first request comes, what it would have to wait for."""

import numpy as np
from flask import Flask

from omrclip.config import Limits
from omrclip.iiif import grammar2
from omrclip.iiif.plan import plan
from omrclip.iiif.render import render
from omrclip.imaging.codec import encode
from omrclip.imaging.probe import ImageFormat, probe
from omrclip.imaging.source import EncodedImage

# Large enough that OpenCV shares the work out to its threads.
SIDE = 1024


def warm_up(app: Flask) -> None:
    """Render an image and answer a request: modules are loaded, routes built, codecs and threads set up."""
    data = encode(np.zeros((SIDE, SIDE, 3), np.uint8), ImageFormat.JPEG)
    image = EncodedImage(data, probe(data))
    for size in ("full", "200,"):
        render(plan(grammar2.parse("full", size, "0", "default.jpg"), image.dimensions, Limits()), image)
    # No request that asks a store: it may be far away, or out of reach for now.
    client = app.test_client()
    client.get("/health")
    client.options("/iiif/3/none/info.json")
