"""Sets up the image libraries for a whole process. Importing omrclip changes none of their settings.

The command line and the service import this module before all others that need OpenCV. If a system library is missing,
the error says what to install.
"""

import contextlib
import ctypes

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
