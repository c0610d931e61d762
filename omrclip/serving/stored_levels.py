"""Facts about stored images from earlier runs: their headers and small scales.

A server that starts knows nothing. It reads a whole file to tell its digest, and decodes a whole JPEG for a thumbnail,
though an earlier run or another process did both.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from omrclip import __version__
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import ColourMode, ImageFormat, ImageInfo
from omrclip.serving.folder import SharedFolder
from omrclip.storage.blobs import BlobState

# A file that was written within the last tick of its file system's clock can be written again without being seen to
# have changed; the coarsest clocks in use tick every two seconds.
SETTLED_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Description:
    """The digest of a file, and what its header says; no header of one that is read tile by tile."""

    digest: str
    info: ImageInfo | None


class SourceShelf:
    """Descriptions and scales of stored images in the shared folder. Nothing that is kept for a time may come here."""

    def __init__(self, folder: SharedFolder) -> None:
        self._folder = folder

    def described(self, name: str, state: BlobState, describe: Callable[[], Description]) -> Description:
        """The facts of a stored file in this state, read from the file if no earlier run has stored them.

        The state's mark stands for the bytes: of a local file it has the inode, the length, and the nanoseconds at
        which content and inode changed, the last of which nobody can set back. While a file is so new that its next
        change might not show there, nothing of it is put down.
        """
        key = f"file/{__version__}/{name}/{state.mark}"
        found = self._folder.get(key)
        if isinstance(found, str):
            return _read(found)
        is_settled = 0 < state.changed < time.time() - SETTLED_SECONDS
        description = describe()
        if is_settled:
            self._folder.put(key, _written(description))
        return description

    def find(self, digest: str, reduction: int, extents: Dimensions) -> Pixels | None:
        """See `Shelf.find`."""
        data = self._folder.get(_scale_key(digest, reduction))
        if not isinstance(data, bytes) or len(data) != 3 * extents.pixels:
            return None
        return np.frombuffer(data, np.uint8).reshape(extents.height, extents.width, 3)

    def put(self, digest: str, reduction: int, pixels: Pixels) -> None:
        """See `Shelf.put`."""
        self._folder.put(_scale_key(digest, reduction), pixels.tobytes())


def _written(description: Description) -> str:
    return json.dumps(asdict(description))


def _read(text: str) -> Description:
    told = json.loads(text)
    info = told["info"]
    if info is None:
        return Description(told["digest"], None)
    dpi = info["dpi"] and tuple(info["dpi"])
    kinds = {"format": ImageFormat(info["format"]), "mode": ColourMode(info["mode"])}
    return Description(
        told["digest"], ImageInfo(**{**info, **kinds, "stored": Dimensions(**info["stored"]), "dpi": dpi})
    )


def _scale_key(digest: str, reduction: int) -> str:
    # Another version may reduce otherwise.
    return f"scale/{__version__}/{digest}/{reduction}"
