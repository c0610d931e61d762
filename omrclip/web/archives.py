"""Zip archives that are sent while they are written."""

import io
from collections import deque
from collections.abc import Iterator
from typing import Any

from omrclip.schemas.answer_parts import Part, written


class Outbox(io.RawIOBase):
    """The output of a ZipFile until it is sent. It cannot seek, so the archive is written from front to back."""

    def __init__(self) -> None:
        self._parts: deque[Part] = deque()

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Buffer the next bytes of the archive."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> Iterator[bytes]:
        """All bytes that were written since the last call."""
        return written(self._parts)
