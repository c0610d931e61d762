"""Bar codes as black modules, made by ZXing."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import zxingcpp

_FORMATS = {
    "qr": "QRCode",
    "microqr": "MicroQRCode",
    "pdf417": "PDF417",
    "code39standard": "Code39Std",
    "code39extended": "Code39Ext",
    "itf14": "ITF14",
}
_BY_NAME = {name.lower(): name for name in dir(zxingcpp.BarcodeFormat) if not name.startswith("_")}
_SQUARE = frozenset({"qr", "microqr", "aztec", "datamatrix", "pdf417"})


@dataclass(frozen=True, slots=True)
class Code:
    """The modules of a code. Each run is (row, first column, number of columns); `rows` is 1 for bars."""

    columns: int
    rows: int
    runs: tuple[tuple[int, int, int], ...]


def is_matrix(barcode_type: str) -> bool:
    """Whether a type has modules in rows instead of bars."""
    return barcode_type.lower() in _SQUARE


@lru_cache(maxsize=256)
def code_of(text: str, barcode_type: str) -> Code:
    """The code of a text. Raises ValueError if the type cannot hold it."""
    name = _FORMATS.get(barcode_type.lower(), _BY_NAME.get(barcode_type.lower(), ""))
    try:
        made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, name))
        image = np.array(made.to_image(scale=1, add_quiet_zones=False, add_hrt=False))
    except (ValueError, RuntimeError, AttributeError) as error:
        raise ValueError(f"{barcode_type} cannot hold this value") from error
    dark = image == 0
    if not is_matrix(barcode_type):
        dark = dark[:1]
    rows, columns = np.nonzero(np.diff(np.pad(dark, ((0, 0), (1, 1))).astype(np.int8), axis=1))
    begins, ends = columns[::2], columns[1::2]
    runs = zip(rows[::2].tolist(), begins.tolist(), (ends - begins).tolist(), strict=True)
    return Code(dark.shape[1], dark.shape[0], tuple(runs))
