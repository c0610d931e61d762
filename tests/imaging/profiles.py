"""ICC profiles of version 2 (ICC.1:2001-04), made from numbers: of screens, grey scanners and a printing press."""

import struct
from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

D50 = np.array([0.9642, 1.0, 0.8249])
D65 = (0.3127, 0.3290)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_GRID = 9  # nodes along each of the four inks


@cache
def display_p3() -> bytes:
    return screen([(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)], _srgb_curve(), "Display P3")


@cache
def adobe_rgb() -> bytes:
    curve = struct.pack(">4s4xIH2x", b"curv", 1, round(256 * 563 / 256))  # gamma 2.199
    return screen([(0.640, 0.330), (0.210, 0.710), (0.150, 0.060)], curve, "Adobe RGB (1998)")


@cache
def srgb() -> bytes:
    """sRGB in other numbers than littlecms's own: by a table of 1024 steps."""
    return screen([(0.640, 0.330), (0.300, 0.600), (0.150, 0.060)], _srgb_curve(), "some screen")


def screen(primaries: Sequence[tuple[float, float]], curve: bytes, name: str) -> bytes:
    """A profile of three primaries, by their chromaticities (x, y), whose white is D65, and of one tone curve."""
    columns = np.column_stack([_xyz(*primary) for primary in primaries])
    white = _xyz(*D65)
    to_d50 = np.linalg.inv(_BRADFORD) @ np.diag(_BRADFORD @ D50 / (_BRADFORD @ white)) @ _BRADFORD
    adapted = to_d50 @ columns * np.linalg.solve(columns, white)
    tags = {name: _xyz_tag(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), adapted.T, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _profile(b"mntr", b"RGB ", b"XYZ ", name, tags)


@cache
def grey(gamma: float) -> bytes:
    return _profile(
        b"scnr", b"GRAY", b"XYZ ", "grey", {b"kTRC": struct.pack(">4s4xIH2x", b"curv", 1, round(gamma * 256))}
    )


@cache
def press() -> bytes:
    """Four inks on yellowish paper, by a table of Lab colours; full inks are duller than a screen's."""
    steps = np.linspace(0, 1, _GRID)
    nodes = np.array(list(product(steps, repeat=4)))
    # Linear light that each ink leaves of red, green and blue.
    left = np.array([[0.05, 0.35, 0.65], [0.55, 0.05, 0.25], [0.90, 0.75, 0.05], [0.03, 0.03, 0.03]])
    light = np.prod(1 - nodes[:, :, None] * (1 - left), axis=1) * [0.92, 0.90, 0.82]
    to_xyz = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
    lab = _lab(light @ to_xyz.T)
    encoded = np.clip(np.round(lab * [255 / 100, 1, 1] + [0, 128, 128]), 0, 255).astype(np.uint8)
    identity = bytes(range(256))
    table = struct.pack(">4s4xBBBx", b"mft1", 4, 3, _GRID)
    table += struct.pack(">9i", *(65536 if index % 4 == 0 else 0 for index in range(9)))
    table += identity * 4 + encoded.tobytes() + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", "press", {b"A2B0": table, b"A2B1": table})


def _srgb_curve() -> bytes:
    x = np.linspace(0, 1, 1024)
    light = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return struct.pack(">4s4xI", b"curv", 1024) + np.round(light * 65535).astype(">u2").tobytes()


def _profile(kind: bytes, space: bytes, connection: bytes, name: str, tags: dict[bytes, bytes]) -> bytes:
    text = name.encode() + b"\0"
    tags = {
        b"desc": struct.pack(">4s4xI", b"desc", len(text)) + text + bytes(79),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": _xyz_tag(D50),
        **tags,
    }
    at = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        table += struct.pack(">4sII", tag, at + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", at + len(content), 0x02400000, kind, space, connection, b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">3i", *np.round(D50 * 65536).astype(int))
    return head.ljust(128, b"\0") + table + content


def _xyz(x: float, y: float) -> npt.NDArray[np.float64]:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _xyz_tag(xyz: npt.NDArray[Any]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *np.round(xyz * 65536).astype(int))


def _lab(xyz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    share = xyz / D50
    root = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    x, y, z = root.T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])
