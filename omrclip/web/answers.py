"""What is remembered of answers under `/iiif/`, so that the next ones need not ask Flask.

Routing, parsing and planning a request that was answered a moment ago cost many times what the answer does. So what was
answered to a GET is remembered by everything that it depended on, and given again as long as the image's file is in the
state that it was in. And of what was opened it is remembered under which identifier, and of the client's headers which
base URL they come to, so that requests for other parts of the same image need neither be looked up again.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from weakref import ReferenceType, ref

from cachetools import LRUCache

from omrclip.storage import OpenImage

Environ: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str | None, ...]

MOST_ANSWERS = 20_000
MOST_IMAGES = 10_000
MOST_BASES = 1_000
LONGEST_KEY = 1000
ENVIRON_KEY = "omrclip.front.key"
# What the URIs in an answer are made from.
_ADDRESS = (
    "HTTP_HOST",
    "wsgi.url_scheme",
    "SCRIPT_NAME",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
)
FORWARDED = 4  # the last of them are what proxies say
# What is asked for; info.json is negotiated by Accept.
_ASKED = ("PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT")


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """One answer: its entity tag, its headers but for the length, and whether it still holds. A cache has its body."""

    etag: str
    headers: tuple[tuple[str, str], ...]
    holds: Callable[[], bool]


class KnownAnswers:
    """Answers by the requests that they were given to, and what they were made of; the least recently used go first."""

    def __init__(self) -> None:
        self._answers: LRUCache[Key, KnownAnswer] = LRUCache(MOST_ANSWERS)
        # Weak: what is open is bounded elsewhere, and is not held open from here.
        self._images: LRUCache[str, ReferenceType[OpenImage]] = LRUCache(MOST_IMAGES)
        self._bases: LRUCache[Key, str] = LRUCache(MOST_BASES)
        # The hash of the last key of each slot.
        self._came = [0] * MOST_ANSWERS
        self._lock = threading.Lock()

    def came_before(self, key: Key) -> bool:
        """Whether the same request came before, as far as it was not crowded out by others: a doorkeeper of one hash.

        What is admitted to a cache only when it comes again leaves room for what does (Einziger, Friedman and Manes,
        "TinyLFU: A Highly Efficient Cache Admission Policy", ACM Transactions on Storage 13, 2017, section 3.4.2).
        """
        code = hash(key)
        slot = code % MOST_ANSWERS
        came, self._came[slot] = self._came[slot] == code, code
        return came

    def remember(self, key: Key, image: OpenImage, answer: KnownAnswer) -> None:
        """Keep what a request for an image was answered, unless its key is longer than any viewer makes it.

        What has an owner is not remembered, nor what no quick look tells to be unchanged.
        """
        if _may_be_remembered(key, image):
            with self._lock:
                self._answers[key] = answer

    def find(self, key: Key) -> KnownAnswer | None:
        """What the request was answered, provided that it still holds."""
        with self._lock:
            answer = self._answers.get(key)
        if answer is not None and not answer.holds():
            with self._lock:
                self._answers.pop(key, None)
            return None
        return answer

    def remember_image(self, key: Key, base: str, identifier: str, image: OpenImage) -> None:
        """Keep under which identifier an image was opened, and to which base URL the request's headers came."""
        if _may_be_remembered(key, image):
            with self._lock:
                self._images[identifier] = ref(image)
                self._bases[key[len(_ASKED) :]] = base

    def find_image(self, identifier: str) -> OpenImage | None:
        """What was opened under the identifier, provided that it still is, and unchanged."""
        with self._lock:
            found = self._images.get(identifier)
        image = found() if found is not None else None
        return image if image is not None and image.unchanged is not None and image.unchanged() else None

    def find_base(self, key: Key) -> str | None:
        """The base URL for a client that sends these headers; None for one that sent none like them before."""
        with self._lock:
            return self._bases.get(key[len(_ASKED) :])


def key_of(environ: Environ) -> Key:
    """Everything of a request that its answer may depend on, but for its conditions."""
    return tuple(map(environ.get, _ASKED + _ADDRESS))


def _may_be_remembered(key: Key, image: OpenImage) -> bool:
    is_usual = sum(map(len, filter(None, key))) <= LONGEST_KEY
    return is_usual and image.unchanged is not None and image.owner is None
