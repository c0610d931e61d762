"""Importing omrclip changes nothing in the process; the service and the command line set it up when they start."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from omrclip.cli import main
from omrclip.config import Config
from omrclip.web import process
from tests.patience import PATIENCE
from tests.servers import free_port

ROOT = Path(__file__).parents[1]

# Prints what holds for the process before and after the import of every module. The two libraries that omrclip sets up
# are imported first, and set to what is not omrclip's choice.
_PROGRAM = """
import ctypes, importlib, json, logging, os, pkgutil, signal, sys, threading
import cv2
from PIL import Image, ImageFile, _imaging

def handler():
    library = ctypes.CDLL(_imaging.__file__)
    library.TIFFSetErrorHandler.restype = library.TIFFSetWarningHandler.restype = ctypes.c_void_p
    library.TIFFSetErrorHandler.argtypes = library.TIFFSetWarningHandler.argtypes = [ctypes.c_void_p]
    found = [library.TIFFSetErrorHandler(None), library.TIFFSetWarningHandler(None)]
    library.TIFFSetErrorHandler(found[0]), library.TIFFSetWarningHandler(found[1])
    return found

def umask():
    mask = os.umask(0o022)
    os.umask(mask)
    return mask

def state():
    loggers = [logging.getLogger(name) for name in (None, "omrclip", "omrclip.access")]
    return {
        "OpenCV's threads": cv2.getNumThreads(),
        "OpenCV's log level": cv2.utils.logging.getLogLevel(),
        "libtiff's handlers": handler() if hasattr(ctypes.CDLL(_imaging.__file__), "TIFFSetErrorHandler") else None,
        "Pillow's limits": [Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES],
        "loggers": [[logger.level, len(logger.handlers)] for logger in loggers],
        "umask": umask(),
        "environment": dict(os.environ),
        "threads": threading.active_count(),
        "stack of threads": threading.stack_size(),
        "signals": [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)],
        "hooks": [str(sys.excepthook), str(threading.excepthook)],
    }

cv2.setNumThreads(3)
before = state()
import omrclip
modules = [m.name for m in pkgutil.walk_packages(omrclip.__path__, "omrclip.") if m.name != "omrclip.__main__"]
for module in modules:
    importlib.import_module(module)
print(json.dumps([before, state(), modules]))
"""


def test_importing_every_module_changes_nothing_in_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    before, after, modules = json.loads(done.stdout)
    assert after == before
    assert {"omrclip.imaging.formats.pillow", "omrclip.web.process", "omrclip.cli.service"} <= set(modules)
    assert before["OpenCV's threads"] == 3


@pytest.fixture
def as_imported() -> None:
    """OpenCV as another program may have set it."""
    cv2.setNumThreads(3)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_WARNING)


def is_set_up() -> bool:
    return (cv2.getNumThreads(), cv2.utils.logging.getLogLevel()) == (1, cv2.utils.logging.LOG_LEVEL_SILENT)


@pytest.mark.usefixtures("as_imported")
@pytest.mark.parametrize("command", ["recognize", "clip", "render", "segment", "pyramid", "correct", "finalize"])
def test_commands_that_read_images_set_up_the_process(command: str) -> None:
    file = str(ROOT / "samples" / "truth.json")
    words = {
        "segment": [file, "--out", "out"],
        "pyramid": [file],
        "render": [file, "full", "--out", "out"],
        "finalize": [file, file],
    }
    refused = CliRunner().invoke(main, [command, *words.get(command, [file, file, "--out", "out"])])
    assert refused.exit_code != 0
    assert is_set_up()


@pytest.mark.usefixtures("as_imported")
def test_a_server_process_sets_up_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("configure_logging", "_return_memory"):
        monkeypatch.setattr(process, name, lambda: None)
    monkeypatch.setattr(process.os, "umask", lambda _: None)
    monkeypatch.setattr(process.threading, "stack_size", lambda _: None)
    monkeypatch.setattr(process, "warm_up", lambda _: None)
    folders = {name: str(tmp_path / name) for name in ("templates", "images", "results")}
    process.application(Config(**folders))
    assert is_set_up()


_FIRST_PROCESS = """
import sys
from click.testing import CliRunner
from omrclip.cli import main
import omrclip.web.serve
omrclip.web.serve._Parent = lambda *_, **__: sys.exit(0)
ended = CliRunner().invoke(main, ["serve", "--home", sys.argv[1], "--port", sys.argv[2]])
print(ended.exit_code, [name for name in ("cv2", "numpy", "flask", "marshmallow", "PIL") if name in sys.modules])
"""


def test_the_first_process_of_a_server_needs_no_library_for_pixels(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _FIRST_PROCESS, str(tmp_path), str(free_port())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout == "0 []\n"


_ONE_COMMAND = """
import sys
from click.testing import CliRunner
from omrclip.cli import main
ended = CliRunner().invoke(main, sys.argv[1:])
print(ended.exit_code, [
    name for name in ("cv2", "numpy", "PIL", "flask", "fsspec", "difflib", "omrclip.config", "omrclip.omr.results")
    if name in sys.modules
])
print(sorted(name for name in sys.modules if name.startswith("omrclip.cli.")))
"""


@pytest.mark.parametrize("words", [["validate", "templates_omr/exam.omr"], ["schema"]], ids=["validate", "schema"])
def test_commands_for_templates_load_nothing_for_pixels_results_and_settings(words: list[str]) -> None:
    command = [sys.executable, "-c", _ONE_COMMAND, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout == "0 []\n['omrclip.cli.common', 'omrclip.cli.templates']\n"


def test_scans_in_files_need_no_fsspec() -> None:
    program = (
        "import sys, omrclip.cli.recognition, omrclip.jobs.folder; print({'fsspec', 'asyncio'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout == "set()\n"


_THREADS = """
import os
from click.testing import CliRunner
from omrclip.cli import main
CliRunner().invoke(main, ["schema"])
import numpy
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the threads of a process are listed in /proc")
def test_commands_start_no_threads_for_linear_algebra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", _THREADS], cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert done.stdout == "1\n"
