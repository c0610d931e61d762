"""The server's memory under thousands of mixed requests over hundreds of images."""

import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from omrclip.config import Config
from tests.benchmarks.iiif.load import Client
from tests.benchmarks.iiif.pictures import SMALL_DIMENSIONS, make_many
from tests.benchmarks.iiif.rows import SEED
from tests.benchmarks.measuring import MEBIBYTE
from tests.servers import memory_of, running

CLIENTS: Final = 8
TILE: Final = 512


def memory_under_mixed_requests(images: int, requests: int) -> str:
    """What a server with default settings takes at most, in words: all its processes, each at its highest, summed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = mixed_requests(list(make_many(folder, images)), requests)
        with running(images=folder) as server:
            idle = memory_of(server)
            with ThreadPoolExecutor(CLIENTS) as clients:
                shares = [asked[client::CLIENTS] for client in range(CLIENTS)]
                statuses = sum(clients.map(lambda share: _statuses(server.url, share), shares), Counter[int]())
            loaded = memory_of(server)
    if idle is None or loaded is None:
        return "not measured: there is no /proc here"
    told = ", ".join(f"{count:,} × {status}" for status, count in sorted(statuses.items()))
    bound = Config().memory_bytes
    return (
        f"{requests:,} mixed requests over {images} images of {SMALL_DIMENSIONS} px, {CLIENTS} at a time: {told}\n"
        f"idle {idle.now / MEBIBYTE:.0f} MiB, afterwards {loaded.now / MEBIBYTE:.0f} MiB, "
        f"peak {loaded.peak / MEBIBYTE:.0f} MiB of {bound / MEBIBYTE:.0f} MiB: "
        f"{'kept' if loaded.peak <= bound else 'exceeded'}"
    )


def mixed_requests(names: Sequence[str], count: int) -> list[str]:
    """What follows `/iiif/2/`: of twenty, nine clips, five tiles, two each of two reductions, one whole, one info."""
    chance = random.Random(SEED)
    kinds = ["clip"] * 9 + ["tile"] * 5 + ["full/1000,"] * 2 + ["full/200,"] * 2 + ["full/full", "info"]
    return [f"{chance.choice(names)}/{_request(chance.choice(kinds), chance)}" for _ in range(count)]


def _request(kind: str, chance: random.Random) -> str:
    width, height = SMALL_DIMENSIONS.width, SMALL_DIMENSIONS.height
    if kind == "info":
        return "info.json"
    if kind == "clip":
        asked_width, asked_height = chance.randint(300, 1500), chance.randint(60, 280)
        left, top = chance.randint(0, width - asked_width), chance.randint(0, height - asked_height)
        return f"{left},{top},{asked_width},{asked_height}/full/0/default.jpg"
    if kind == "tile":
        left, top = TILE * chance.randrange(width // TILE), TILE * chance.randrange(height // TILE)
        return f"{left},{top},{TILE},{TILE}/{TILE},/0/default.jpg"
    return f"{kind}/0/default.jpg"


def _statuses(url: str, requests: Sequence[str]) -> Counter[int]:
    client = Client(f"{url}/iiif/2")
    try:
        return Counter(client.ask(request).status for request in requests)
    finally:
        client.close()
