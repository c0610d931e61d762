#!/usr/bin/env python3
"""Try the file system layout of the Docker image without Docker: `sudo .venv/bin/python .ci/try_image.py`.

The script takes the WORKDIR, COPY, `RUN install`, VOLUME, USER and ENV lines of the Dockerfile and carries them out
in a folder, with this machine's system and Python beneath it, mounted read-only. In a chroot there it runs `omrclip
serve` as the image's user, keeps a recognition, and saves a template and an image. Then it does so again with
read-only volumes. It needs Linux and root.

All mounts are made in a mount namespace of a second process and are gone with it. Only then the folder is removed, by
the first process, in whose sight nothing was ever mounted there.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[1]
INSIDE = "--inside"
PORT = 18080
URL = f"http://127.0.0.1:{PORT}"
START_SECONDS = 120


def main() -> None:
    """Try the layout in a mount namespace of its own, in a folder that is removed afterwards."""
    if sys.argv[1:2] == [INSIDE]:
        try_image(Path(sys.argv[2]))
        return
    folder = tempfile.mkdtemp()
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, __file__, INSIDE, folder]
    status = subprocess.run(command, check=False).returncode
    mounted = [line for line in Path("/proc/mounts").read_text().splitlines() if folder in line]
    if mounted:
        sys.exit(f"{folder} is left, because something is mounted there: {mounted}")
    subprocess.run(["rm", "-rf", "--one-file-system", folder], check=True)
    sys.exit(status)


def try_image(folder: Path) -> None:
    """Build the image's files in a folder, and use the service there, first with writable volumes."""
    folder.chmod(0o755)
    image = Image(folder / "root", folder / "serve.log")
    image.build()
    print("writable volumes:")
    with image.serving() as log:
        expect("POST /api/recognitions?keep", keep(), 200)
        expect("PUT /api/templates/new", put("templates/new", template()), 201)
        expect("PUT /api/images/new.jpg", put("images/new.jpg", sheet()), 201)
        expect("warnings at the start", log.read_text().count("cannot write"), 0)
    print("read-only volumes:")
    for volume in image.volumes:
        path = image.root / volume.lstrip("/")
        mount(path, path)
    with image.serving() as log:
        expect("POST /api/recognitions?keep", keep(), 503)
        expect("POST /api/recognitions", keep(query=""), 200)
        expect("PUT /api/templates/newer", put("templates/newer", template()), 503)
        expect("PUT /api/images/newer.jpg", put("images/newer.jpg", sheet()), 503)
        expect("folders told at the start", len(re.findall("OMRCLIP_.*Read-only", log.read_text())), 4)


class Image:
    """What the Dockerfile makes, as far as it concerns files."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root = root
        self.log = log
        self.lines = re.sub(r"\\\n", "", (PROJECT / "Dockerfile").read_text()).splitlines()
        self.source, self.folder = (Path(place.lstrip("/")) for place in self._arguments("WORKDIR"))
        self.user = self._argument("USER")
        self.volumes = json.loads(self._argument("VOLUME"))
        self.environment = dict(pair.split("=", 1) for pair in self._argument("ENV").split())
        # This is about files: without users, the service may be used from this machine only.
        self.environment |= {"OMRCLIP_HOST": "127.0.0.1", "OMRCLIP_ALLOW_REMOTE": "0"}

    def build(self) -> None:
        """Mount the system, and carry out the lines."""
        self.root.mkdir()
        self._mount_system()
        self._mount_devices()
        for folder in (self.source, self.folder):
            (self.root / folder).mkdir(parents=True)
        for line in self.lines:
            words = shlex.split(line)
            if words[:1] == ["COPY"]:
                self._copy(words[1:])
            elif words[:2] == ["RUN", "install"]:
                subprocess.run(words[1:], cwd=self.root / self.folder, check=True)
            elif words[:2] == ["RUN", "omrclip"]:
                subprocess.run(self._command(words[2:]), check=True)

    def _mount_system(self) -> None:
        for path in map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc")):
            if path.is_symlink():
                (self.root / path.name).symlink_to(path.readlink())
            elif path.exists():
                mount(path, self.root / path.name)
        for path in {Path(sys.prefix), Path(sys.base_prefix)}:
            if not path.is_relative_to("/usr"):
                mount(path, self.root / path.relative_to("/"))

    def _mount_devices(self) -> None:
        for name in ("null", "zero", "random", "urandom"):
            device = self.root / "dev" / name
            device.parent.mkdir(exist_ok=True)
            device.touch()
            subprocess.run(["mount", "--bind", f"/dev/{name}", str(device)], check=True)
        (self.root / "proc").mkdir()
        subprocess.run(["mount", "-t", "proc", "-o", "ro", "proc", str(self.root / "proc")], check=True)
        for name, size in (("tmp", "64m"), ("dev/shm", "64m")):
            (self.root / name).mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.root / name)], check=True)

    @contextmanager
    def serving(self):
        """Run the service in the image as its user; gives its log."""
        log = self.log
        with log.open("wb") as sink:
            process = subprocess.Popen(self._command(["serve"]), stdout=sink, stderr=sink)
        try:
            wait_until_healthy(process, log)
            yield log
        finally:
            process.terminate()
            process.wait()

    def _command(self, arguments: list[str]) -> list[str]:
        """`omrclip` with arguments, run in the image as its user."""
        settings = {**self.environment, "OMRCLIP_PORT": str(PORT), "PYTHONPATH": f"/{self.source}", "HOME": "/tmp"}
        command = ["chroot", f"--userspec={self.user}", str(self.root), "/usr/bin/env", "-i"]
        command += [f"{name}={value}" for name, value in settings.items()]
        run = shlex.join([sys.executable, "-m", "omrclip", *arguments])
        return [*command, "sh", "-c", f"cd /{self.folder} && exec {run}"]

    def _arguments(self, name: str) -> list[str]:
        return [line.partition(" ")[2] for line in self.lines if line.startswith(f"{name} ")]

    def _argument(self, name: str) -> str:
        (argument,) = self._arguments(name)
        return argument

    def _copy(self, words: list[str]) -> None:
        owner = next((word.partition("=")[2] for word in words if word.startswith("--chown=")), "0:0")
        *sources, target = [word for word in words if not word.startswith("--")]
        for source in sources:
            path = PROJECT / source
            copied = self.root / self.source / (source if target in {".", "./"} else target)
            if path.is_dir():
                shutil.copytree(path, copied, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                shutil.copy(path, copied)
            subprocess.run(["chown", "--recursive", owner, str(copied)], check=True)


def mount(source: Path, target: Path) -> None:
    """Show a folder in a second place, where it is read-only; what is mounted in the folder is not shown."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", str(source), str(target)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(target)], check=True)


def wait_until_healthy(process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when the service answers."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"{URL}/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"the service did not start:\n{log.read_text()}")


def keep(query: str = "?keep") -> int:
    """Recognize a sample, and read it again where it was to be kept."""
    boundary = "trying"
    parts = [("Template", None, b"exam"), ("Images", "exam-scan-1.jpg", sheet())]
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        + (f'; filename="{file}"'.encode() if file else b"")
        + b"\r\n\r\n"
        + data
        + b"\r\n"
        for name, file, data in parts
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    body += f"--{boundary}--\r\n".encode()
    status, answer = send("POST", f"/api/recognitions{query}", body, headers)
    uri = json.loads(answer).get("Uri")
    return send("GET", uri.removeprefix(URL))[0] if uri else status


def put(path: str, data: bytes) -> int:
    """Store something."""
    return send("PUT", f"/api/{path}", data)[0]


def send(method: str, path: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """The status and body of an answer."""
    request = urllib.request.Request(URL + path, data, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def template() -> bytes:
    """A template of the samples."""
    return (PROJECT / "templates_omr" / "exam.omr").read_bytes()


def sheet() -> bytes:
    """A filled sheet of it."""
    return (PROJECT / "samples" / "exam-scan-1.jpg").read_bytes()


def expect(what: str, found: int, expected: int) -> None:
    """Print what was found, and end where it is something else."""
    print(f"  {what}: {found}")
    if found != expected:
        sys.exit(f"expected {expected}")


if __name__ == "__main__":
    main()
