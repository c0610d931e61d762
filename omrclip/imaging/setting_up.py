"""Settings of the libraries for pixels that hold for a whole process. Importing omrclip changes none of them.

The command line and the service import this module before all others that need OpenCV, so that a missing system
library gives an error that says what to install.
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
    """Set up OpenCV and libtiff for a process of omrclip. The service and the command line call this when they start.

    OpenCV uses one thread for each operation, because scans and requests are worked on side by side already. It and
    libtiff write nothing about damaged files to standard error: omrclip raises an error for each, and their lines name
    no request.
    """
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    # libtiff is Pillow's own copy, found through the module that links to it. Where the system does not find it so, the
    # lines stay, and nothing else changes.
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)
