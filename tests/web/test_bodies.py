"""Bodies are read within bounds of size, time and memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from werkzeug.exceptions import RequestTimeout

from omrclip.errors import LimitExceeded, ServerBusy
from omrclip.web import bodies
from omrclip.web.bodies import ClientGone, Message, Room, give_back_body, read_body
from omrclip.work import ENDLESS, Work
from tests.patience import PATIENCE

MOST = 1000


def sending(*chunks: bytes, then: Callable[[], Awaitable[Message]] | None = None) -> Callable[[], Awaitable[Message]]:
    """A client that sends these chunks; `then` gives what comes after them, else the last one ends the body."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if then is None:
        messages[-1]["more_body"] = False
    waiting = iter(messages)

    async def receive() -> Message:
        message = next(waiting, None)
        if message is None:
            assert then is not None
            return await then()
        return message

    return receive


async def silence() -> Message:
    await asyncio.sleep(PATIENCE)
    raise AssertionError("the client was waited for")


async def gone() -> Message:
    return {"type": "http.disconnect"}


def read(receive: Callable[[], Awaitable[Message]], room: Room, length: int | None = None, **changes: Any) -> bytes:
    return asyncio.run(read_body(receive, length, room, **{"cost": 2.0, "work": ENDLESS, "most": MOST, **changes}))


def room_of(most: int = 10_000, reserve: int = 2000) -> Room:
    return Room(most, reserve)


def test_a_body_is_read_and_counted_until_it_is_given_back() -> None:
    room = room_of()
    assert read(sending(b"ab", b"", b"cde"), room) == b"abcde"
    assert room.held == 10
    asyncio.run(give_back_body(room, b"abcde", 2.0))
    assert room.held == 0


@pytest.mark.parametrize(("length", "chunks"), [(MOST + 1, [b"a"]), (10**15, [b"a"]), (None, [b"a" * MOST, b"b"])])
def test_a_body_over_the_limit_is_refused_as_soon_as_it_is_known(length: int | None, chunks: Iterable[bytes]) -> None:
    room = room_of()
    with pytest.raises(LimitExceeded) as refused:
        read(sending(*chunks, then=silence), room, length)
    assert refused.value.details == {"limit": "max_body_bytes", "maximum": MOST}
    assert room.held == 0


def test_a_client_that_goes_leaves_nothing() -> None:
    room = room_of()
    with pytest.raises(ClientGone):
        read(sending(b"a" * 100, then=gone), room)
    assert room.held == 0


@pytest.mark.parametrize("bound", ["SILENCE_SECONDS", "GRACE_SECONDS"])
def test_a_silent_client_is_given_up(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(bodies, bound, 0.01)
    room = room_of()
    with pytest.raises(RequestTimeout, match="did not arrive in time"):
        read(sending(b"a", then=silence), room)
    assert room.held == 0


def test_a_slow_client_is_given_up_though_it_is_never_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(bodies, "LEAST_BYTES_A_SECOND", 10**6)

    async def drip() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b".", "more_body": True}

    with pytest.raises(RequestTimeout):
        read(drip, room_of())


def test_the_deadline_holds_for_a_fast_client_too() -> None:
    with pytest.raises(RequestTimeout):
        read(sending(b"a"), room_of(), work=Work(deadline=0.0, seconds=1))


def test_a_body_for_which_there_is_no_room_until_the_deadline_is_refused() -> None:
    async def both() -> None:
        room = room_of(most=100, reserve=0)
        await read_body(sending(b"a" * 40), None, room, 2.0, ENDLESS, MOST)
        with pytest.raises(ServerBusy) as refused:
            await read_body(sending(b"b" * 40), None, room, 2.0, Work.within(1), MOST)
        assert refused.value.details["retry_after"] > 0
        assert room.held == 80

    asyncio.run(both())


def test_bodies_that_are_half_read_never_wait_for_each_other() -> None:
    """All begin at once, and together are ten times as large as the room: each is read to its end in its turn."""

    async def all_of_them() -> None:
        room = room_of(most=200, reserve=200)

        async def one() -> int:
            body = await read_body(sending(*[b"a" * 10] * 10), None, room, 2.0, ENDLESS, MOST)
            await asyncio.sleep(0)
            await give_back_body(room, body, 2.0)
            return len(body)

        assert await asyncio.wait_for(asyncio.gather(*(one() for _ in range(10))), PATIENCE) == [100] * 10
        assert room.held == 0

    asyncio.run(all_of_them())


def test_slow_clients_take_no_more_room_than_what_they_sent() -> None:
    async def slow_and_fast() -> None:
        room = room_of(most=1000, reserve=0)
        slow = [
            asyncio.ensure_future(read_body(sending(b"a", then=silence), MOST, room, 2.0, ENDLESS, MOST))
            for _ in range(64)
        ]
        while room.held < 2 * 64:
            await asyncio.sleep(0)
        assert await read_body(sending(b"b" * 400), 400, room, 2.0, ENDLESS, MOST) == b"b" * 400
        for task in slow:
            task.cancel()
        await asyncio.wait(slow)
        assert room.held == 800

    asyncio.run(slow_and_fast())
