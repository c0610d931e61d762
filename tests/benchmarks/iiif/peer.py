"""iipsrv behind nginx, on loopback, with all that they write in a folder of their own."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import requests

from tests.patience import PATIENCE
from tests.servers import new_session

PROCESSES: Final = 2
IIPSRV: Final = Path("/usr/lib/iipimage-server/iipsrv.fcgi")
TOOLS: Final = {"nginx": "nginx-light", "wrk": "wrk", "vips": "libvips-tools"}
# Where a user's search path often has no /usr/sbin.
_SEARCH_PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
_PASSED_ON: Final = {
    "REQUEST_METHOD": "$request_method",
    "REQUEST_URI": "$request_uri",
    "QUERY_STRING": "$query_string",
    "SERVER_NAME": "$server_name",
    "SERVER_PORT": "$server_port",
    "SERVER_PROTOCOL": "$server_protocol",
    "SCRIPT_NAME": "$fastcgi_script_name",
}


def missing_packages() -> list[str]:
    """The Debian packages that are not there."""
    tools = [package for tool, package in TOOLS.items() if shutil.which(tool, path=_SEARCH_PATH) is None]
    return [*tools, *([] if IIPSRV.is_file() else ["iipimage-server"])]


@contextmanager
def running_iipsrv(images: Path, jpeg_quality: int) -> Iterator[tuple[str, list[int]]]:
    """Start two iipsrv processes and an nginx before them, with empty caches, and stop them at the end.

    Yields:
        The base URL, and the process ids.
    """
    with tempfile.TemporaryDirectory() as name, ExitStack() as processes:
        folder = Path(name)
        address = folder / "iipsrv.socket"
        listener = processes.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(address))
        listener.listen(128)
        # FastCGI's convention: the socket to accept from is standard input; whichever process is free accepts.
        settings = iipsrv_settings(images, jpeg_quality)
        workers = [_start(processes, [str(IIPSRV)], stdin=listener.fileno(), env=settings) for _ in range(PROCESSES)]
        port = _free_port()
        configuration = folder / "nginx.conf"
        configuration.write_text(nginx_configuration(folder, address, port))
        nginx = shutil.which("nginx", path=_SEARCH_PATH) or "nginx"
        log = folder / "error.log"
        process = _start(processes, [nginx, "-e", str(log), "-p", str(folder), "-c", str(configuration)])
        base = f"http://127.0.0.1:{port}/iiif"
        _wait_until_up(base, process, log)
        yield base, [process.pid, *(worker.pid for worker in workers)]


def iipsrv_settings(images: Path, jpeg_quality: int) -> dict[str, str]:
    """Its defaults, but for what has to be said, no log, and one thread a process: with more it was slower."""
    return {
        "FILESYSTEM_PREFIX": f"{images}/",
        "URI_MAP": "iiif=>IIIF",
        "JPEG_QUALITY": str(jpeg_quality),
        "CORS": "*",
        "VERBOSITY": "0",
        "OMP_NUM_THREADS": "1",
    }


def nginx_configuration(folder: Path, upstream: Path, port: int) -> str:
    """A configuration that writes into `folder` alone, logs no requests, and buffers answers whole."""
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    passed_on = " ".join(f"fastcgi_param {name} {value};" for name, value in _PASSED_ON.items())
    return f"""
        {f"user {user} {group};" if os.getuid() == 0 else ""}
        daemon off;
        worker_processes 1;
        pid {folder}/nginx.pid;
        events {{ worker_connections 512; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; {temporary}
            server {{
                listen 127.0.0.1:{port};
                keepalive_requests 1000000;
                location / {{ {passed_on} fastcgi_pass unix:{upstream}; fastcgi_buffers 64 16k; }}
            }}
        }}
    """


def _start(
    processes: ExitStack, command: list[str], *, stdin: int = subprocess.DEVNULL, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=stdin, stdout=silent, stderr=silent, env=env)
    processes.callback(_stop, process)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port: int = reserved.getsockname()[1]
    return port


def _wait_until_up(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until anything answers: iipsrv itself needs no time to start."""
    deadline = time.monotonic() + PATIENCE
    with new_session() as session:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                session.get(base, timeout=1)
            except requests.RequestException:
                time.sleep(0.02)
            else:
                return
    raise RuntimeError(f"nginx did not start:\n{log.read_text(errors='replace') if log.is_file() else ''}")
