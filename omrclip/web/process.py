"""The application of one server process."""

import ctypes
import logging
import os
import sys
import threading
from contextlib import suppress

from uvicorn.config import STARTUP_FAILURE

from omrclip.config import Config
from omrclip.imaging.pdf_process import isolate_pdfs
from omrclip.imaging.setting_up import set_up_process
from omrclip.jobs.batches.executors import end_with_parent
from omrclip.web import services
from omrclip.web.app import create_app
from omrclip.web.erasing import Forgetting
from omrclip.web.gateway import Gateway
from omrclip.web.journal import configure_logging
from omrclip.web.warming import warm_up

logger = logging.getLogger(__name__)

# Reading pages and barcodes needs more stack than threads have by default on some systems.
THREAD_STACK_BYTES = 8 * 1024 * 1024


def application(config: Config) -> Gateway:
    """Create the application that `omrclip serve` runs in each of its processes. End the process if that fails."""
    end_with_parent()
    threading.stack_size(THREAD_STACK_BYTES)
    _return_memory()
    set_up_process()
    isolate_pdfs()
    os.umask(0o077)  # what libraries write, such as the cache folder's files, is for this account alone
    configure_logging()
    try:
        app = create_app(config)
        services.of(app).metrics.keep_fresh()
        Forgetting(app).start()
        warm_up(app)
    except Exception:
        logger.exception("The server could not start.")
        sys.exit(STARTUP_FAILURE)  # told by this status, the parent process ends too
    return Gateway(app, config, services.of(app).sources.admission)


def _return_memory() -> None:
    """Limit glibc to two memory arenas. By default it has eight per processor, and each holds back freed memory."""
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


_M_ARENA_MAX = -8
