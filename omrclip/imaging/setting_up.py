"""Settings of the libraries for pixels that hold for a whole process. Importing omrclip changes none of them."""

import contextlib
import ctypes

import cv2
from PIL import _imaging


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
