"""Reading request bodies in the event loop, with limits on size, time and memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from werkzeug.exceptions import RequestTimeout

from omrclip.errors import ServerBusy
from omrclip.web.gate import body_too_large
from omrclip.work import Work

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]

SILENCE_SECONDS = 15.0
"""The longest pause while a client sends a body. A phone that switches networks needs some seconds."""
LEAST_BYTES_A_SECOND = 8 * 1024
"""The minimum rate of a body, after `GRACE_SECONDS`. The slowest uplinks in use (ISDN, EDGE) reach it."""
GRACE_SECONDS = 20.0
RETRY_SECONDS = 5


class ClientGone(Exception):
    """The client closed the connection before its body was complete."""


class Room:
    """Memory for the bodies of running requests, counted in the event loop. Only bytes that have arrived count.

    If the memory is used up, the server stops reading bodies, and their clients wait. Only the body that began first is
    always read on, in a reserve for one body of the largest size. So partly read bodies never wait for each other, and
    a slow client uses no more memory than it has sent bytes for.
    """

    def __init__(self, most_bytes: int, reserve_bytes: int) -> None:
        self._most = most_bytes
        self._reserve = reserve_bytes
        self._held = 0
        self._reading: dict[object, None] = {}  # in the order in which they began
        self._changed = asyncio.Condition()

    @property
    def held(self) -> int:
        """The number of bytes in use."""
        return self._held

    @contextmanager
    def reading(self) -> Iterator[object]:
        """Register a body that is being read. Yields the token for `take`."""
        token = object()
        self._reading[token] = None
        try:
            yield token
        finally:
            del self._reading[token]

    async def take(self, token: object, count: int) -> None:
        """Reserve `count` bytes. Waits until they are free."""
        if not self._has_room(token, count):
            async with self._changed:
                await self._changed.wait_for(lambda: self._has_room(token, count))
        self._held += count

    async def give_back(self, count: int) -> None:
        """Release `count` bytes."""
        self._held -= count
        async with self._changed:
            self._changed.notify_all()

    def _has_room(self, token: object, count: int) -> bool:
        is_first = next(iter(self._reading), None) is token
        return self._held + count <= self._most + (self._reserve if is_first else 0)


async def read_body(receive: Receive, length: int | None, room: Room, cost: float, work: Work, most: int) -> bytes:
    """Read the body of one request.

    Args:
        receive: returns the next message of the ASGI connection.
        length: the Content-Length, or None if the body is chunked.
        room: counts its memory, `cost` bytes for each byte. The caller releases it with `give_back_body`.
        cost: the memory that one byte needs until the request is answered, in bytes.
        work: the deadline.
        most: the maximum size of the body in bytes.

    Raises:
        LimitExceeded: the body is larger.
        RequestTimeout: the client is too slow, or silent.
        ServerBusy: no memory was free for the body until the deadline.
        ClientGone: the client closed the connection.
    """
    if length is not None and length > most:
        raise body_too_large(most)
    chunks: list[bytes] = []
    taken, waited, began = 0, 0.0, time.monotonic()
    try:
        with room.reading() as token:
            while True:
                message = await _next_message(receive, taken, began + waited, work)
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunk = message.get("body", b"")
                if taken + len(chunk) > most:
                    raise body_too_large(most)
                before = time.monotonic()
                await _take(room, token, _held(cost, taken + len(chunk)) - _held(cost, taken), work)
                waited += time.monotonic() - before
                taken += len(chunk)
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except BaseException:
        await room.give_back(_held(cost, taken))
        raise


async def give_back_body(room: Room, body: bytes, cost: float) -> None:
    """Release the memory that `read_body` reserved."""
    await room.give_back(_held(cost, len(body)))


def _held(cost: float, count: int) -> int:
    return int(cost * count)


async def _next_message(receive: Receive, taken: int, began: float, work: Work) -> Message:
    """The next part of a body. `began` is the start of reading, moved by the time in which the server did not read."""
    patience = min(SILENCE_SECONDS, GRACE_SECONDS + taken / LEAST_BYTES_A_SECOND - (time.monotonic() - began))
    if work.seconds_left is not None:
        patience = min(patience, work.seconds_left)
    try:
        if patience > 0:
            return await asyncio.wait_for(receive(), patience)
    except TimeoutError:
        pass
    raise RequestTimeout("The request body did not arrive in time. Check the connection and send it again.")


async def _take(room: Room, token: object, count: int, work: Work) -> None:
    try:
        await asyncio.wait_for(room.take(token, count), work.seconds_left)
    except TimeoutError:
        raise ServerBusy(
            "The server has no memory free for this request. Try again in a few seconds.", retry_after=RETRY_SECONDS
        ) from None
