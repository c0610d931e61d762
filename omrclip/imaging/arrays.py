"""The array types that the layers share."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""uint8 pixels, rows first: (height, width, 3) in OpenCV's BGR order unless a docstring says otherwise.

Between the last steps of a rendering and its encoding, pixels may also be (height, width) grey or bitonal, or (height,
width, 4) BGRA with straight alpha.
"""

Grey: TypeAlias = npt.NDArray[np.uint8]
"""(height, width) uint8, 0 is black."""

Points: TypeAlias = npt.NDArray[np.float64]
"""(n, 2) float64 continuous pixel coordinates (x, y), or offsets between such points."""
