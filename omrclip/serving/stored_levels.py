"""A cache on disk of the digests, headers and pyramid levels of stored images.

Without it, a new server process would read a whole file to compute its digest, and decode a whole JPEG for a thumbnail,
although an earlier run or another process has already done so.
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

# If a file is written twice within one tick of its file system's clock, the second change cannot be detected. The
# coarsest clocks in use tick every two seconds.
SETTLED_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Description:
    """The digest of a file and the contents of its header. `info` is None for an image that is read tile by tile."""

    digest: str
    info: ImageInfo | None


class StoredLevels:
    """Descriptions and pyramid levels of stored images in the shared folder.

    Images of stored recognitions must not be put here, because they expire.
    """

    def __init__(self, folder: SharedFolder, tag: str = "") -> None:
        """Use a folder. What is put there has the tag, see `SharedFolder.forget`."""
        self._folder = folder
        self._tag = tag

    def tagged(self, tag: str) -> "StoredLevels":
        """The same for an image whose entries have this tag."""
        return StoredLevels(self._folder, tag)

    def described(self, name: str, state: BlobState, describe: Callable[[], Description]) -> Description:
        """The description of a stored file in this state. `describe` computes it if no earlier run has stored it.

        The state's mark identifies the bytes. For a local file it consists of the inode, the length, and the times in
        nanoseconds at which content and inode changed. The last time cannot be set back. A file that changed within
        the last `SETTLED_SECONDS` is not recorded, because a further change might not alter its mark.
        """
        key = f"file/{__version__}/{name}/{state.mark}"
        found = self._folder.get(key)
        if isinstance(found, str):
            return _read(found)
        is_settled = 0 < state.changed < time.time() - SETTLED_SECONDS
        description = describe()
        if is_settled:
            self._folder.put(key, _written(description), self._tag)
        return description

    def find(self, digest: str, reduction: int, extents: Dimensions) -> Pixels | None:
        """See `LevelStore.find`."""
        data = self._folder.get(_scale_key(digest, reduction))
        if not isinstance(data, bytes) or len(data) != 3 * extents.pixels:
            return None
        return np.frombuffer(data, np.uint8).reshape(extents.height, extents.width, 3)

    def put(self, digest: str, reduction: int, pixels: Pixels) -> None:
        """See `LevelStore.put`."""
        self._folder.put(_scale_key(digest, reduction), pixels.tobytes(), self._tag)


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
    # Another version of omrclip may reduce images differently.
    return f"scale/{__version__}/{digest}/{reduction}"
