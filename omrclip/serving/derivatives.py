"""Rendered images by entity tag: in memory, and what took long, in a folder that processes share."""

from collections.abc import Callable
from time import perf_counter

from omrclip.cache import ByteCache, CacheCounts
from omrclip.config import Config
from omrclip.serving.folder import SharedFolder
from omrclip.serving.sources import DERIVATIVES_SHARE, shared_bytes

# Writing takes a millisecond of a processor, reading a tenth: what is made faster than this is not worth it.
WORTH_SHARING_SECONDS = 0.005
_ENTRY_BYTES = 300  # what an entry takes beside its bytes


class DerivativeCache:
    """An entity tag stands for one answer for ever, so that nothing here can be out of date."""

    def __init__(self, config: Config, folder: SharedFolder | None = None) -> None:
        bound = int(shared_bytes(config.memory_bytes) * DERIVATIVES_SHARE)
        self._memory: ByteCache[bytes] = ByteCache(bound, lambda data: len(data) + _ENTRY_BYTES)
        self._folder = folder

    def get_or_make(self, etag: str, make: Callable[[], bytes], owner: str | None = None) -> bytes:
        """The bytes, rendered once where they are in neither cache; raises what `make` raises.

        What has an owner stays in this process's memory, and goes with its owner (`forget`).
        """
        if owner is not None:
            return self._memory.get_or_make((owner, etag), make)
        return self._memory.get_or_make((None, etag), lambda: self._shared(etag, make))

    def is_being_made(self, etag: str, owner: str | None = None) -> bool:
        """Whether `get_or_make` would wait for another thread that renders the same."""
        return self._memory.is_being_made((owner, etag))

    def forget(self, owner: str) -> None:
        """Drop all that has this owner."""
        self._memory.forget(lambda key: isinstance(key, tuple) and key[0] == owner)

    def counts(self) -> CacheCounts:
        """Those of the memory."""
        return self._memory.counts()

    def _shared(self, etag: str, make: Callable[[], bytes]) -> bytes:
        if self._folder is None:
            return make()
        found = self._folder.get(etag)
        if isinstance(found, bytes):
            return found
        started = perf_counter()
        data = make()
        if perf_counter() - started >= WORTH_SHARING_SECONDS:
            self._folder.put(etag, data)
        return data
