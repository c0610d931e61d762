"""What only real server processes show: slow clients, dead processes, and how the server starts."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from uvicorn.config import STARTUP_FAILURE

from omrclip.config import Config
from omrclip.jobs.batches.executors import LARGE_PAGES
from omrclip.web import process, serve
from omrclip.web.connections import MOST_HEADER_BYTES
from omrclip.web.process import THREAD_STACK_BYTES
from tests.benchmarks.iiif.idling import wait_until_idle
from tests.patience import PATIENCE, until
from tests.servers import PROC, Server, children_of, free_port, new_session, running

SLOW_CLIENTS = 64
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(workers=1, threads=2) as found:
        yield found


def connected(server: Server) -> socket.socket:
    port = int(server.url.rpartition(":")[2])
    client = socket.create_connection(("127.0.0.1", port))
    client.settimeout(PATIENCE)
    return client


def received(client: socket.socket) -> bytes:
    """All that the server sends until it closes the connection."""
    data = b""
    while True:
        try:
            part = client.recv(65536)
        except ConnectionResetError:
            return data
        if not part:
            return data
        data += part


HEAD = b"POST /api/recognitions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SLOW = {
    "a body that does not come": HEAD + b"Content-Length: 1000000\r\n\r\n",
    "a body that stops": HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 5000,
    "chunks that stop": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n     \r\n",
    "headers that stop": HEAD,
    "nothing": b"",
}


@pytest.mark.parametrize("request_start", SLOW.values(), ids=SLOW)
def test_others_are_answered_while_slow_clients_hold_their_connections(server: Server, request_start: bytes) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(server)) for _ in range(SLOW_CLIENTS)]
        for client in slow:
            client.sendall(request_start)
        session = new_session()
        assert session.get(f"{server.url}/health", timeout=PATIENCE).ok
        refused = session.post(f"{server.url}/api/recognitions", json={"Template": "none"}, timeout=PATIENCE)
        assert refused.status_code in (400, 404)
        # None of them was given up meanwhile: they were slow all the time.
        for client in slow:
            client.setblocking(False)
            with pytest.raises(BlockingIOError):
                client.recv(1)


def test_a_body_of_absurd_length_is_refused_at_once_and_the_silent_client_cut_off(server: Server) -> None:
    with connected(server) as client:
        client.sendall(HEAD + b"Content-Length: 1000000000000000\r\n\r\n")
        answer = received(client)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"max_body_bytes" in answer


def test_endless_headers_are_cut_off(server: Server) -> None:
    with connected(server) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        try:
            for number in range(2 * MOST_HEADER_BYTES // 1000):
                client.sendall(b"X-%d: " % number + b"x" * 1000 + b"\r\n")
        except OSError:
            pass  # it was closed meanwhile
        assert received(client)[:12] in (b"HTTP/1.1 431", b"")
    assert new_session().get(f"{server.url}/health", timeout=PATIENCE).ok


@pytest.mark.skipif(not PROC.is_dir(), reason="server processes are found in /proc")
def test_connections_that_come_at_once_are_shared_by_the_processes() -> None:
    def sockets(process: Path) -> int:
        found = 0
        for file in (process / "fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found += str(file.readlink()).startswith("socket:")
        return found

    with running(workers=2) as server:
        wait_until_idle(server.pid)  # until all processes have started
        children = children_of(server.pid)
        port = int(server.url.rpartition(":")[2])
        for _ in range(5):
            before = [sockets(child) for child in children]
            with ExitStack() as clients:
                for client in [clients.enter_context(socket.socket()) for _ in range(16)]:
                    client.setblocking(False)  # so that all come within a millisecond, as those of a browser do
                    client.connect_ex(("127.0.0.1", port))
                until(lambda before=before: sum(map(sockets, children)) == sum(before) + 16)
                shares = [sockets(child) - number for child, number in zip(children, before, strict=True)]
            assert min(shares) >= 3, shares
            until(lambda before=before: [sockets(child) for child in children] == before)


@pytest.mark.skipif(not PROC.is_dir(), reason="server processes are found in /proc")
def test_a_killed_process_is_replaced_and_the_next_request_is_answered() -> None:
    with running(workers=1) as server:
        for _ in range(2):
            (child,) = children_of(server.pid)
            os.kill(int(child.name), signal.SIGKILL)
            assert new_session().get(f"{server.url}/health", timeout=PATIENCE).ok
            until(lambda gone=child: [path.name for path in children_of(server.pid)] not in ([], [gone.name]))


def test_a_process_that_cannot_start_says_so_and_ends_with_the_status_that_ends_the_server(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Config) -> None:
        raise ValueError

    monkeypatch.setattr(process, "create_app", fail)
    monkeypatch.setattr(process, "configure_logging", lambda: None)
    monkeypatch.setattr(os, "umask", lambda _: None)
    with pytest.raises(SystemExit) as ended:
        process.application(Config())
    assert ended.value.code == STARTUP_FAILURE
    assert "The server could not start." in caplog.text


def test_a_process_that_cannot_import_its_modules_ends_with_that_status_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "omrclip.web.process", None)
    with pytest.raises(SystemExit) as ended:
        serve._application(Config())
    assert ended.value.code == STARTUP_FAILURE
    assert "Error: import of omrclip.web.process" in capsys.readouterr().err


_NEVER_HUNG = "import omrclip.web.serve as s; s.HUNG_SECONDS = 1e6; from omrclip.cli import main; main()"


@pytest.mark.parametrize(
    ("module", "code", "told"),
    [
        ("cv2", "raise ImportError('libGL.so.1 is missing')", "OpenCV cannot be loaded (libGL.so.1 is missing)"),
        # Python runs this first. When the process ends, the first process waits for its first answer.
        (
            "sitecustomize",
            f"""
import os, sys, time
if "--multiprocessing-fork" in sys.orig_argv:
    time.sleep(1.5)
    os._exit({STARTUP_FAILURE})
""",
            "The server could not start.",
        ),
    ],
    ids=["while it imports", "before it answers"],
)
def test_a_server_whose_processes_end_at_their_start_ends_at_once(
    tmp_path: Path, module: str, code: str, told: str
) -> None:
    (tmp_path / f"{module}.py").write_text(code)
    paths = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", _NEVER_HUNG, "serve", "--home", ".", "--port", str(free_port())]
    environment = {**os.environ, "PYTHONPATH": paths, "OMRCLIP_WORKERS": "1"}
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_two_servers_cannot_listen_on_one_port(server: Server, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    command = [sys.executable, "-c", "from omrclip.cli import main; main()", "serve", "--home", ".", "--port", port]
    second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert second.returncode == 2
    assert f"port {port}" in second.stderr


@pytest.mark.skipif(not PROC.is_dir(), reason="the stacks of threads are seen in /proc")
def test_threads_that_answer_have_the_stack_of_pythons_own() -> None:
    with running(workers=1) as server:
        with ThreadPoolExecutor(7) as many:
            list(many.map(lambda _: new_session().get(f"{server.url}/health", timeout=PATIENCE), range(14)))
        stacks = [size for child in children_of(server.pid) for size in _private_areas(child / "maps")]
    assert THREAD_STACK_BYTES in stacks


@pytest.mark.skipif(not PROC.is_dir(), reason="what a process was started with is seen in /proc")
def test_processes_that_answer_were_started_to_take_large_pages() -> None:
    with running(workers=2) as server:
        environs = [(child / "environ").read_bytes() for child in children_of(server.pid)]
    assert [f"GLIBC_TUNABLES={LARGE_PAGES}".encode() in environ for environ in environs] == [True, True]


def _private_areas(maps: Path) -> list[int]:
    """The sizes of the writable areas that belong to no file."""
    areas = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *$", maps.read_text(), re.MULTILINE)
    return [int(end, 16) - int(start, 16) for start, end in areas]
