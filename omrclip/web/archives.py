"""Zip archives that are sent while they are made."""

import io
from collections import deque
from collections.abc import Iterator
from typing import Any

from omrclip.schemas.answer_parts import Part, written


class Outbox(io.RawIOBase):
    """What a ZipFile writes, until it is sent; it cannot seek, so the archive is written front to back."""

    def __init__(self) -> None:
        self._parts: deque[Part] = deque()

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Take what the archive says next."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> Iterator[bytes]:
        """All that was written since the last call."""
        return written(self._parts)
