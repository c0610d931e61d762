"""Running the application on uvicorn."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import click
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from omrclip.config import Config, is_loopback
from omrclip.errors import ConfigurationError
from omrclip.jobs.batches.executors import LARGE_PAGES
from omrclip.storage.accounts import Accounts
from omrclip.web.metrics import shared_metrics

if TYPE_CHECKING:
    from omrclip.web.gateway import Gateway

KEEP_ALIVE_SECONDS = 15
STOP_SECONDS = 30
"""How long requests under way may take when the server is stopped."""
HUNG_SECONDS = 60
"""A process that does not answer its parent for so long is replaced. Reading the largest page holds Python for 2 s."""
BACKLOG = 1024
RESTART_SECONDS = 10
"""The shortest time between two starts of the process that runs batches."""


def serve(config: Config, announce: Callable[[str], object]) -> None:
    """Listen until stopped.

    A process that ends unexpectedly is replaced. The parent holds the listening socket, so that connections wait for
    the new process, and nothing else can listen on the port.

    Args:
        config: the settings, of which each server process gets a copy.
        announce: called with the address of the service when the server listens.

    Raises:
        ConfigurationError: the address is reachable from other machines and no setting allows that, or the server
            cannot listen on it, or a server process cannot start.
    """
    if not is_loopback(config.host) and not config.allow_remote:
        raise ConfigurationError(
            f"Other machines can reach {config.host}. Set OMRCLIP_ALLOW_REMOTE=1 to listen on this address, and add "
            "at least one user or client."
        )
    has_provider = config.oidc_issuer is not None
    if config.is_remote and not has_provider and not (config.accounts and Accounts(config.accounts).any()):
        raise ConfigurationError(
            f"Other machines can reach {config.host}, and nobody could log in. Add a user with `omrclip users add "
            "NAME`, or a client with `omrclip clients add NAME`."
        )
    listening = _listen(config)
    os.environ.setdefault("GLIBC_TUNABLES", LARGE_PAGES)
    _allow_many_connections()
    settings = uvicorn.Config(
        partial(_application, config),
        factory=True,
        loop="omrclip.web.connections:Loop",
        http="omrclip.web.connections:Connection",
        ws="none",
        lifespan="off",
        workers=config.processes,
        backlog=BACKLOG,
        proxy_headers=False,  # werkzeug's ProxyFix does that, as far as OMRCLIP_TRUSTED_PROXIES says
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_worker_healthcheck=HUNG_SECONDS,
    )
    shown = f"[{config.host}]" if ":" in config.host else config.host
    with listening, closing(_BatchProcess(config)) as batches, shared_metrics():
        parent = _Parent(settings, [listening], batches)
        announce(f"http://{shown}:{config.port}/")
        parent.run()
    if any(process.exitcode == STARTUP_FAILURE for process in parent.processes):
        raise ConfigurationError("The server could not start. See the messages above.")


class _Parent(Multiprocess):
    """The first process, which starts the server processes and alone hears Ctrl-C.

    Ctrl-C reaches every process of a terminal. One that is still importing its modules would print a traceback. The
    first process stops the others by SIGTERM.
    """

    def __init__(self, settings: uvicorn.Config, sockets: list[socket.socket], batches: "_BatchProcess") -> None:
        super().__init__(settings, sockets)
        self._batches = batches

    def init_processes(self) -> None:
        """Start the server processes, and the process that runs batches."""
        with _interrupt_held_back():
            super().init_processes()
            self._batches.keep_alive()
        self._notice_ends()

    def keep_subprocess_alive(self) -> None:
        """Replace processes that ended."""
        with _interrupt_held_back():
            super().keep_subprocess_alive()
            self._batches.keep_alive()
        self._notice_ends()

    def _notice_ends(self) -> None:
        """Close this process's copies of the server processes' ends of their pipes.

        As long as one is open, waiting for the answer of a process that has ended takes HUNG_SECONDS.
        """
        for process in self.processes:
            process.child_conn.close()


class _BatchProcess:
    """The process that runs batches (`jobs.batches.runner`).

    It ends when its standard input ends, so also if this process is killed.
    """

    def __init__(self, config: Config) -> None:
        self._config = pickle.dumps(config)
        self._running: tuple[subprocess.Popen[bytes], IO[bytes]] | None = None
        self._started = 0.0

    def keep_alive(self) -> None:
        """Start the process if it is not running. If it ended at once, wait before it is started again."""
        if self._running is not None:
            if self._running[0].poll() is None or time.monotonic() < self._started + RESTART_SECONDS:
                return
            self.close()
        self._started = time.monotonic()
        command = [sys.executable, "-P", "-c", "from omrclip.jobs.batches.runner import main; main()"]
        path = os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path)
        process = subprocess.Popen(  # noqa: S603 (it is our own program)
            command, stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
        )
        stream = cast("IO[bytes]", process.stdin)
        self._running = process, stream
        with suppress(OSError):  # it has ended already
            stream.write(self._config)
            stream.flush()

    def close(self) -> None:
        """End the process. The batch that it runs goes on without loss when the server is started again."""
        if self._running is not None:
            process, stream = self._running
            with suppress(OSError):
                stream.close()
            process.kill()
            process.wait()
            self._running = None


@contextmanager
def _interrupt_held_back() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block. Processes that are started in it never receive Ctrl-C."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it would be started with the first process, and would end the holding back
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _application(config: Config) -> "Gateway":
    """The application of one server process. The first process does not import it, and needs neither NumPy nor OpenCV.

    If it cannot be imported, the process ends with the status by which the first process ends too.
    """
    try:
        import omrclip.imaging.setting_up  # noqa: F401 (before others: it explains why OpenCV cannot be loaded)
        from omrclip.web.process import application
    except (ConfigurationError, ImportError) as problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(STARTUP_FAILURE)
    return application(config)


def _listen(config: Config) -> socket.socket:
    """The listening socket, which no other process shares."""
    listening = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections do not hold the port
        listening.bind(address)
        # Now, and not in the processes: two servers that start at once may both bind, but only one can listen.
        listening.listen(BACKLOG)
        listening.set_inheritable(True)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise ConfigurationError(
            f"The server cannot listen on port {config.port} of {config.host}: {error.strerror}. Stop the program that "
            "uses the port, or choose another one with --port or OMRCLIP_PORT."
        ) from None
    return listening


def _allow_many_connections() -> None:
    """Raise the limit of open files to the system's maximum, because each connection is an open file."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no such module
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
