"""A memory-limited cache of open images with their digests, dimensions and pixels."""

import os
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace

from blake3 import blake3

from omrclip.admission import Admission
from omrclip.cache import ByteCache
from omrclip.config import Config, processors
from omrclip.errors import CorruptImage, UnsupportedImage
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import check_pixels, probe
from omrclip.imaging.source import ImageSource
from omrclip.imaging.tiff.pyramid import TiledImage, open_tiled
from omrclip.imaging.tiff.ranges import RangeReader
from omrclip.omr.registered_page import ReducibleImage
from omrclip.omr.registration.reference import limit_references, references_bytes
from omrclip.serving.cached import CachedImage
from omrclip.serving.stored_levels import Description, StoredLevels
from omrclip.storage.blobs import BlobState
from omrclip.storage.images import ImageStore

# Shares of the memory of a process, without the part for template pages: for running decodes and decoded pixels, which
# replace each other, and for answers; for the bytes of open files; for rendered images. The rest is for request bodies
# and the data parsed from them. The program itself and memory that the allocator holds back are not included.
PIXELS_SHARE, FILES_SHARE, DERIVATIVES_SHARE = 0.68, 0.06, 0.04
ANSWERS_SHARE = PIXELS_SHARE / 2
"""The share of the memory for decodes that answers may use. The rest stays available if clients read slowly."""
MOST_DECODES = max(2, processors())
"""Two even with one processor, so that a small image does not wait for a large one."""
HASHED_AT_ONCE = 1 << 17  # bytes; fits into the processor's cache, and the allocator reuses the memory
# One thread for each processor, shared by all caches.
_DECODERS = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="tiles")
_OPENED_BYTES = 4096  # memory of an open image in addition to the bytes of its file


@dataclass(frozen=True, slots=True, eq=False)
class OpenImage:
    """One version of a stored image.

    Attributes:
        etag: the first 32 hexadecimal digits of the BLAKE3 hash of its file, or of the data that it is made from.
        modified: when it was stored, in seconds since 1970.
        source: its pixels.
        tile_side: the preferred width and height of its tiles in pixels; None if it has no square tiles.
        held: the memory that it uses in bytes, without decoded pixels.
        owner: the stored recognition or file that it belongs to. What is cached of it is removed by this name.
        expires: whether it belongs to a stored recognition. Nothing of it is written to the cache folder.
        name: the name of a downloaded file without extension. If None, the last part of the identifier is used.
    """

    etag: str
    modified: float
    source: ImageSource
    tile_side: int | None = None
    held: int = _OPENED_BYTES
    owner: str = ""
    expires: bool = False
    name: str | None = None

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of the upright image."""
        return self.source.dimensions


@dataclass(frozen=True, slots=True, eq=False)
class OpenFile(OpenImage):
    """An image file. Its source can also give the whole image at a half, a quarter and so on."""

    source: ReducibleImage


class SourceCache:
    """Open images, decoded pixels and admission of decodes, shared by all users in one process."""

    def __init__(self, config: Config, levels: StoredLevels | None = None) -> None:
        limit_references(config.memory_bytes)
        memory = shared_bytes(config.memory_bytes)
        self._levels = levels
        self.limits = config.limits
        self.pixels: ByteCache[Pixels] = ByteCache(int(memory * PIXELS_SHARE), lambda pixels: pixels.nbytes)
        self.opened: ByteCache[OpenFile] = ByteCache(int(memory * FILES_SHARE), lambda image: image.held)
        self.admission = Admission(
            MOST_DECODES,
            int(memory * PIXELS_SHARE),
            config.decode_wait_seconds,
            max_waiting=config.threads,
            make_way=self.pixels.lend,
            max_answers=int(memory * ANSWERS_SHARE),
        )
        self._workspace = ""

    def in_workspace(self, name: str) -> "SourceCache":
        """The same caches for the images of a workspace.

        Keys and entity tags contain the name of the workspace. So nobody learns from the time of an answer, or from an
        entity tag, whether another workspace has the same image.
        """
        other = copy(self)
        other._workspace = name
        return other

    def open(
        self,
        key: str,
        state: BlobState,
        ranges: Callable[[], RangeReader],
        *,
        owner: str = "",
        on_disk: bool = False,
    ) -> OpenFile:
        """Open a stored file, or return the open image of the same version.

        Args:
            key: identifies the file.
            state: its version.
            ranges: opens the file for reading.
            owner: the name by which `owned` finds what is cached of it, without the workspace; by default its key.
            on_disk: whether its digest and pyramid levels may be written to the cache folder.
        """
        own, owner = self._key(key), self.owned(owner or key)
        levels = self._levels.tagged(owner) if on_disk and self._levels else None
        return self.opened.get_or_make(
            (own, state.mark), lambda: replace(self._open(own, state, ranges(), levels), owner=owner)
        )

    def owned(self, owner: str) -> str:
        """The owner of what is cached of a file of this workspace."""
        return self._key(owner)

    def holds(self, keys: str) -> bool:
        """Whether an image is open whose key begins with a prefix."""
        return self.opened.any_key(self._begins(keys))

    def forget(self, keys: str) -> None:
        """Close images whose keys begin with a prefix, and drop their pixels."""
        dropped = self.opened.forget(self._begins(keys))
        etags = {image.etag for image in dropped}
        self.pixels.forget(lambda key: isinstance(key, tuple) and key[0] in etags)

    def _begins(self, keys: str) -> Callable[[Hashable], bool]:
        own = self._key(keys)
        return lambda key: isinstance(key, tuple) and str(key[0]).startswith(own)

    def _key(self, key: str) -> str:
        # No name of a stored file begins with a slash.
        return f"/{self._workspace}/{key}" if self._workspace else key

    def _open(self, key: str, state: BlobState, reader: RangeReader, levels: StoredLevels | None) -> OpenFile:
        tiled = _tiled(reader)
        file = _ReadOnce(reader)

        def describe() -> Description:
            return Description(_hash(reader), None) if tiled else Description(_digest(file()), probe(file()))

        described = describe() if levels is None else levels.described(key, state, describe)
        etag = described.digest if not self._workspace else _digest(f"{self._workspace}/{described.digest}".encode())
        if tiled is not None:
            source = replace(tiled, key=etag, cache=self.pixels, decoders=_DECODERS)
            return OpenFile(etag, state.modified, source, tile_side=_tile_side(tiled))
        info = described.info or probe(file())
        check_pixels(key.removeprefix(self._key("")), info, self.limits)
        whole = CachedImage(etag, file, info, self.pixels, levels)
        return OpenFile(etag, state.modified, whole, held=reader.size + _OPENED_BYTES)


def shared_bytes(memory_bytes: int) -> int:
    """The memory of the process without the part for prepared template pages, in bytes."""
    return memory_bytes - references_bytes(memory_bytes)


def open_stored(images: ImageStore, identifier: str, cache: SourceCache) -> OpenFile:
    """Open an image of the store.

    Raises:
        NotFound: no image has this identifier.
        UnsupportedImage, CorruptImage, LimitExceeded: the image cannot be served.
    """
    state = images.state(identifier)
    return cache.open(
        identifier,
        state,
        lambda: images.ranges(identifier, state),
        on_disk=True,
    )


class _ReadOnce:
    """The bytes of a file, which are read at the first call and then held in memory."""

    def __init__(self, reader: RangeReader) -> None:
        self._reader = reader
        self._data: bytes | None = None

    def __call__(self) -> bytes:
        if self._data is None:
            self._data = self._reader.read(0, self._reader.size)
        return self._data


def _digest(data: bytes) -> str:
    return blake3(data).hexdigest()[:32]


def _hash(reader: RangeReader) -> str:
    digest = blake3()
    for offset in range(0, reader.size, HASHED_AT_ONCE):
        digest.update(reader.read(offset, min(HASHED_AT_ONCE, reader.size - offset)))
    return digest.hexdigest()[:32]


def _tiled(reader: RangeReader) -> TiledImage | None:
    try:
        return open_tiled(reader)
    except (CorruptImage, UnsupportedImage):
        return None  # the decoder for whole images may still read it, or gives a better error message


def _tile_side(tiled: TiledImage) -> int | None:
    extents = tiled.levels[0].coding.extents
    return extents.width if extents.width == extents.height else None
