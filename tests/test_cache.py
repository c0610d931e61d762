"""The cache: bounded in bytes, the least recently used go first, and what is missing is made once."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from omrclip.cache import ByteCache, CacheCounts
from tests.patience import PATIENCE

THREADS = 8


def cache_of(max_bytes: int) -> ByteCache[bytes]:
    return ByteCache(max_bytes, len)


def kept(cache: ByteCache[bytes], *keys: str) -> str:
    return "".join(key for key in keys if cache.holds(key))


def put(cache: ByteCache[bytes], key: str, size: int) -> None:
    assert cache.get_or_make(key, lambda: bytes(size)) == bytes(size)


@pytest.mark.parametrize(
    ("sizes", "left", "held"),
    [
        ({"a": 40, "b": 60}, "ab", 100),
        ({"a": 40, "b": 60, "c": 1}, "bc", 61),
        ({"a": 40, "b": 60, "c": 100}, "c", 100),
        ({"a": 10, "b": 10, "c": 85}, "bc", 95),
        ({"a": 10, "b": 10, "c": 101}, "ab", 20),
        ({"a": 0, "b": 100}, "ab", 100),
    ],
)
def test_no_more_bytes_are_held_than_the_bound_allows(sizes: dict[str, int], left: str, held: int) -> None:
    cache = cache_of(100)
    for key, size in sizes.items():
        put(cache, key, size)
        assert cache.counts().bytes <= 100
    assert kept(cache, *sizes) == left
    assert (cache.counts().bytes, cache.counts().entries) == (held, len(left))


@pytest.mark.parametrize("use", ["get", "get_or_make"])
def test_the_least_recently_used_go_first(use: str) -> None:
    cache = cache_of(30)
    for key in "abc":
        put(cache, key, 10)
    if use == "get":
        assert cache.get("a") == bytes(10)
    else:
        put(cache, "a", 10)
    put(cache, "d", 10)
    assert kept(cache, *"abcd") == "acd"


def test_looking_whether_an_entry_is_there_neither_counts_nor_uses_it() -> None:
    cache = cache_of(20)
    put(cache, "a", 10)
    put(cache, "b", 10)
    before = cache.counts()
    assert cache.holds("a")
    assert not cache.holds("z")
    assert cache.counts() == before
    put(cache, "c", 10)
    assert kept(cache, *"abc") == "bc"


def test_an_entry_larger_than_the_bound_is_given_out_and_not_kept() -> None:
    cache = cache_of(5)
    made = []
    for _ in range(2):
        assert cache.get_or_make("large", lambda: made.append(1) or bytes(6)) == bytes(6)
    assert len(made) == 2
    assert cache.counts() == CacheCounts(hits=0, misses=2, entries=0, bytes=0, max_bytes=5)


def test_hits_misses_entries_and_bytes_are_counted() -> None:
    cache = cache_of(100)
    assert cache.counts() == CacheCounts(hits=0, misses=0, entries=0, bytes=0, max_bytes=100)
    assert cache.get("a") is None
    put(cache, "a", 7)
    put(cache, "a", 7)
    assert cache.get("a") == bytes(7)
    put(cache, "b", 3)
    assert cache.counts() == CacheCounts(hits=2, misses=3, entries=2, bytes=10, max_bytes=100)


@dataclass
class Maker:
    """Makes an entry when it is let to, and counts how often it was asked."""

    may_go_on: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    calls: list[int] = field(default_factory=list)
    fails: int = 0

    def __call__(self) -> bytes:
        self.calls.append(1)
        number = len(self.calls)
        self.begun.set()
        assert self.may_go_on.wait(PATIENCE)
        if number <= self.fails:
            raise ValueError(f"failure {number}")
        return b"made"


def asked_by_many(cache: ByteCache[bytes], maker: Maker, pool: ThreadPoolExecutor) -> list[Future[bytes]]:
    """Have all threads ask for one missing entry, and let it be made when all have looked for it."""
    together = threading.Barrier(THREADS, timeout=PATIENCE)

    def ask() -> bytes:
        together.wait()
        return cache.get_or_make("key", maker)

    asked = [pool.submit(ask) for _ in range(THREADS)]
    assert maker.begun.wait(PATIENCE)
    maker.may_go_on.set()
    return asked


def test_what_many_ask_for_at_once_is_made_once() -> None:
    cache, maker = cache_of(100), Maker()
    with ThreadPoolExecutor(THREADS) as pool:
        answers = [future.result(PATIENCE) for future in asked_by_many(cache, maker, pool)]
    assert answers == [b"made"] * THREADS
    assert len(maker.calls) == 1
    counts = cache.counts()
    assert (counts.misses, counts.hits) == (1, THREADS - 1), "each who asked is counted once"


def test_an_exception_goes_to_the_maker_and_one_of_the_others_makes_it_anew() -> None:
    cache, maker = cache_of(100), Maker(fails=1)
    with ThreadPoolExecutor(THREADS) as pool:
        asked = asked_by_many(cache, maker, pool)
        failures = [str(future.exception(PATIENCE)) for future in asked if future.exception(PATIENCE)]
        answers = [future.result() for future in asked if not future.exception()]
    assert failures == ["failure 1"]
    assert answers == [b"made"] * (THREADS - 1)
    assert len(maker.calls) == 2


def test_an_entry_that_cannot_be_made_fails_for_each_and_leaves_nothing_behind() -> None:
    cache, maker = cache_of(100), Maker(fails=THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        asked = asked_by_many(cache, maker, pool)
        failures = {str(future.exception(PATIENCE)) for future in asked}
    assert failures == {f"failure {number}" for number in range(1, THREADS + 1)}
    assert cache.counts().entries == 0
    put(cache, "key", 3)


def test_others_are_not_kept_waiting_by_what_is_being_made() -> None:
    cache, maker = cache_of(100), Maker()
    put(cache, "there", 1)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(cache.get_or_make, "slow", maker)
        assert maker.begun.wait(PATIENCE)
        put(cache, "there", 1)
        put(cache, "new", 1)
        assert cache.get("slow") is None
        maker.may_go_on.set()
        assert slow.result(PATIENCE) == b"made"
    assert cache.get("slow") == b"made"


def test_an_entry_may_be_made_out_of_another() -> None:
    cache = cache_of(100)
    made = cache.get_or_make("half", lambda: cache.get_or_make("whole", lambda: b"abcd")[:2])
    assert (made, cache.get("whole"), cache.get("half")) == (b"ab", b"abcd", b"ab")


def test_what_is_lent_is_made_room_for_and_comes_back() -> None:
    cache = cache_of(100)
    for key in "abcd":
        put(cache, key, 25)
    cache.lend(60)
    assert kept(cache, *"abcd") == "d"
    put(cache, "e", 41)
    assert kept(cache, *"abcde") == "d", "larger than what is left"
    put(cache, "f", 30)
    assert kept(cache, *"abcdef") == "f"
    cache.lend(0)
    put(cache, "g", 70)
    assert kept(cache, *"fg") == "fg"
