"""Rendered images by entity tag. They are cached in memory. Slow ones are also cached in a shared folder."""

from collections.abc import Callable
from time import perf_counter

from omrclip.cache import ByteCache, CacheCounts
from omrclip.config import Config
from omrclip.serving.folder import SharedFolder
from omrclip.serving.sources import DERIVATIVES_SHARE, shared_bytes

# Writing takes 1 ms of processor time and reading 0.1 ms, so images that are rendered faster are not shared.
WORTH_SHARING_SECONDS = 0.005
_ENTRY_BYTES = 300  # memory of an entry in addition to its bytes


class DerivativeCache:
    """Rendered images by entity tag. An entity tag always stands for the same bytes, so no entry can be outdated."""

    def __init__(self, config: Config, folder: SharedFolder | None = None) -> None:
        bound = int(shared_bytes(config.memory_bytes) * DERIVATIVES_SHARE)
        self._memory: ByteCache[bytes] = ByteCache(bound, lambda data: len(data) + _ENTRY_BYTES)
        self._folder = folder

    def get_or_make(self, etag: str, make: Callable[[], bytes], owner: str, *, on_disk: bool = False) -> bytes:
        """The bytes of an image. `make` renders them if they are in neither cache; its exceptions are raised.

        Args:
            etag: of the rendered image.
            make: renders it.
            owner: the stored recognition or file from which it is made. `forget` removes all images of an owner.
            on_disk: whether it may be written to the shared folder.
        """
        if not on_disk:
            return self._memory.get_or_make((owner, etag), make)
        return self._memory.get_or_make((owner, etag), lambda: self._shared(etag, make, owner))

    def is_being_made(self, etag: str, owner: str) -> bool:
        """Whether `get_or_make` would wait for another thread that renders the same image."""
        return self._memory.is_being_made((owner, etag))

    def forget(self, owner: str) -> None:
        """Remove all images of this owner from memory."""
        self._memory.forget(lambda key: isinstance(key, tuple) and key[0] == owner)

    def holds(self, owner: str) -> bool:
        """Whether an image of this owner is in memory."""
        return self._memory.any_key(lambda key: isinstance(key, tuple) and key[0] == owner)

    def counts(self) -> CacheCounts:
        """The counts of the cache in memory."""
        return self._memory.counts()

    def _shared(self, etag: str, make: Callable[[], bytes], owner: str) -> bytes:
        if self._folder is None:
            return make()
        found = self._folder.get(etag)
        if isinstance(found, bytes):
            return found
        started = perf_counter()
        data = make()
        if perf_counter() - started >= WORTH_SHARING_SECONDS:
            self._folder.put(etag, data, owner)
        return data
