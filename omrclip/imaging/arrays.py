"""The one array type that the layers hand to each other."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""uint8 pixels, rows first: (height, width, 3) in OpenCV's BGR order unless a docstring says otherwise.

Also seen: (height, width) grey or bitonal, and (height, width, 4) BGRA with straight alpha, both only
between the last steps of a rendering and its encoding.
"""
