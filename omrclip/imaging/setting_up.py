"""Sets up the image libraries for a whole process. Importing omrclip changes none of their settings.

The command line and the service import this module before all others that need OpenCV. If a system library is missing,
the error says what to install.
"""

import contextlib
import ctypes
import os

from PIL import _imaging

from omrclip.errors import ConfigurationError

try:
    import cv2
except ImportError as problem:  # libGL or glib is missing on a bare server
    raise ConfigurationError(
        f"OpenCV cannot be loaded ({problem}). On a server without a desktop, install the two libraries that it "
        "links to (Debian, Ubuntu: apt-get install libgl1 libglib2.0-0), or replace it by the build that does not "
        "need them (pip uninstall opencv-python; pip install opencv-python-headless)."
    ) from problem


def set_up_process() -> None:
    """Set up OpenCV and libtiff. The service and the command line call this when they start.

    OpenCV uses one thread for each operation, because several scans and requests are processed in parallel already.
    OpenCV and libtiff write nothing about damaged files to standard error. omrclip raises an error for each such file,
    and these lines do not name the request.
    """
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    # libtiff is Pillow's own copy. It is found through the module that links to it. If the system cannot find it, the
    # lines are written, and nothing else changes.
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next page, instead of returning it to the system at once.

    Otherwise each image is new memory, which the system clears first: a fax page takes 8 ms of processor time more.
    Dask starts its workers with MALLOC_TRIM_THRESHOLD_=65536, with which each page takes twice the time; processes
    that are started from now on, such as that which reads PDF files, do not inherit it. The values are the largest that
    glibc reaches by itself (mallopt(3), M_MMAP_THRESHOLD). Another C library is left as it is.
    """
    os.environ.pop(_TRIM_VARIABLE, None)
    with contextlib.suppress(AttributeError, OSError):
        c_library = ctypes.CDLL(None)
        c_library.mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        c_library.mallopt(_M_TRIM_THRESHOLD, 2 * _KEPT_BYTES)


_TRIM_VARIABLE = "MALLOC_TRIM_THRESHOLD_"
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_KEPT_BYTES = 32 * 1024 * 1024
"""The largest threshold that glibc accepts on 64-bit systems (DEFAULT_MMAP_THRESHOLD_MAX)."""
