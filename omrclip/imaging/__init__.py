"""Pixels: geometry, image headers, decoding and encoding, resampling, and ImageSource.

Modules here take bytes and arrays, and return bytes and arrays. They know neither IIIF, templates, files nor HTTP.
"""

from omrclip.errors import ConfigurationError

try:
    import cv2  # noqa: F401 (here, so that its absence is told before any other module needs it)
except ImportError as problem:  # libGL or glib missing on a bare server
    raise ConfigurationError(
        f"OpenCV cannot be loaded ({problem}). On a server without a desktop, install the two libraries that it "
        "links to (Debian, Ubuntu: apt-get install libgl1 libglib2.0-0), or put the build without them in its place "
        "(pip uninstall opencv-python; pip install opencv-python-headless)."
    ) from problem
