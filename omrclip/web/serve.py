"""Running the application on granian."""

import os
from multiprocessing import set_start_method

from granian import Granian
from granian.constants import Interfaces

from omrclip.config import Config, is_loopback
from omrclip.errors import ConfigurationError
from omrclip.web.metrics import shared_metrics

# What Python gives its own threads. Granian's have a fourth, too little for some of what reads bar codes and pages in
# native code: the process would be gone without a word, and every request in it.
THREAD_STACK_BYTES = 8 * 1024 * 1024
# Pixels come in megabytes: taking new memory for them in pages of 4 KiB costs a fresh process more than decoding them.
LARGE_PAGES = "glibc.malloc.hugetlb=1"


def serve(config: Config) -> None:
    """Listen until stopped; each server process reads the settings from the environment again.

    Raises:
        ConfigurationError: the address is reachable from other machines, and no setting allows that.
    """
    if not is_loopback(config.host) and not config.allow_remote:
        raise ConfigurationError(
            f"{config.host} can be reached from other machines, and omrclip has no log-in. Set OMRCLIP_ALLOW_REMOTE=1 "
            "to listen there all the same, behind something that asks who is calling."
        )
    os.environ.setdefault("RUST_MIN_STACK", str(THREAD_STACK_BYTES))
    os.environ.setdefault("GLIBC_TUNABLES", LARGE_PAGES)
    set_start_method("spawn", force=True)  # glibc reads its settings when a program starts, not when it forks
    server = Granian(
        "omrclip.web.app:from_env",
        address=config.host,
        port=config.port,
        interface=Interfaces.WSGI,
        workers=config.workers,
        blocking_threads=config.threads,
        factory=True,
    )
    with shared_metrics():
        server.serve()
