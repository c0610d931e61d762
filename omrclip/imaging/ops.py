"""Resampling, warping, rotation and color reduction of pixel arrays. All functions are pure.

Coordinates are continuous: pixel (column i, row j) covers [i, i + 1) × [j, j + 1), so its center is (i + ½, j + ½).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.arrays import Pixels
from omrclip.imaging.geometry import Box, Dimensions
from omrclip.imaging.scaling import Place, lanczos, reach

Matrix = npt.NDArray[np.float64]
"""A (3, 3) float64 projective map of continuous pixel coordinates, applied to column vectors (x, y, 1)."""

Grid = npt.NDArray[np.float32]
"""(height, width) float32: one coordinate for each pixel of an output image."""

PointMap = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
"""Maps (n, 2) float64 continuous points (x, y)."""

WHITE = (255, 255, 255)
# cv2.remap and the warps built on it address the source with 16-bit integers.
_LONGEST_WARP_SIDE = 32_000
_GRID_STEP = 16
_NEARLY_OWN = 1.2
# Sauvola's threshold: the side in pixels of the square around a pixel, which is twice the height of small letters in a
# scan at 300 dpi; how far below the mean a pixel of plain paper must be to be black, as a share of the mean; and the
# largest standard deviation of levels from 0 to 255.
_SURROUNDINGS, _CONTRAST, _MOST_DEVIATION = 51, 0.2, 128
_AS_DARK_AS_INK = 63  # the darkest quarter of all levels
_BAND_PIXELS = 1 << 20
TO_CENTRES: Matrix = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
FROM_CENTRES: Matrix = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])


def extents(pixels: Pixels) -> Dimensions:
    """The Dimensions of an array of rows."""
    return Dimensions(pixels.shape[1], pixels.shape[0])


def cut(pixels: Pixels, box: Box) -> Pixels:
    """The box's pixels, as a view of the input; the box must lie inside the image."""
    if not box.inside(extents(pixels)):
        raise ValueError(f"{box} reaches out of an image of {extents(pixels)}")
    return pixels[box.top : box.bottom, box.left : box.right]


def resample(pixels: Pixels, out: Dimensions) -> Pixels:
    """Scale to the given Dimensions: with a Lanczos kernel along axes that shrink, cubic along axes that grow.

    The kernel is as wide as the reduction requires (`scaling.lanczos`), so that fine patterns do not cause moiré.
    """
    source = extents(pixels)
    if source == out:
        return pixels
    shrunk = Dimensions(min(source.width, out.width), min(source.height, out.height))
    if shrunk != source:
        pixels = lanczos(pixels, Place(0, 0, source.width, source.height), shrunk)
    if shrunk != out:
        pixels = _resize(pixels, out, cv2.INTER_CUBIC)
    return pixels


def resample_place(pixels: Pixels, place: Place, out: Dimensions, *, with_surroundings: bool) -> Pixels:
    """Scale a place of an image down to `out` with a Lanczos kernel.

    If `with_surroundings`, pixels around the place contribute to its edge, as they do when the whole image is scaled,
    so that tiles join without seams. Otherwise only the pixels that contain its edges contribute.
    """
    reach_x, reach_y = (reach(place.width, out.width), reach(place.height, out.height)) if with_surroundings else (0, 0)
    left, top = max(0, math.floor(place.left) - reach_x), max(0, math.floor(place.top) - reach_y)
    part = pixels[top : math.ceil(place.bottom) + reach_y, left : math.ceil(place.right) + reach_x]
    return lanczos(part, place.moved(-left, -top), out)


def halve(pixels: Pixels) -> Pixels:
    """Halve the image: each pixel is the mean of 2 × 2 pixels. A last odd column or row is repeated first."""
    source = extents(pixels)
    odd_right, odd_bottom = source.width % 2, source.height % 2
    if odd_right or odd_bottom:
        pixels = _as_pixels(cv2.copyMakeBorder(pixels, 0, odd_bottom, 0, odd_right, cv2.BORDER_REPLICATE))
    return _resize(pixels, Dimensions((source.width + 1) // 2, (source.height + 1) // 2), cv2.INTER_AREA)


def sampling_step(out_to_source: Matrix, out: Dimensions) -> float:
    """The largest distance in the source, in pixels, between neighboring output pixels."""
    at = np.vstack(
        [corners(0.5, 0.5, max(out.width - 1, 0), max(out.height - 1, 0)), [[out.width / 2, out.height / 2]]]
    )
    here = transform(out_to_source, at)
    along_x = np.linalg.norm(transform(out_to_source, np.add(at, [0.5, 0])) - here, axis=1) * 2
    along_y = np.linalg.norm(transform(out_to_source, np.add(at, [0, 0.5])) - here, axis=1) * 2
    return float(max(along_x.max(), along_y.max()))


def warp(pixels: Pixels, out_to_source: Matrix, out: Dimensions, *, slack: float = 0.01) -> Pixels:
    """Compute an image whose point p shows the source at `out_to_source`(p). It is white outside the source.

    If the source is enlarged, it is resampled once with a Lanczos kernel. If it is reduced, it is sampled linearly on a
    grid that is finer than the source's own, and `resample` reduces the result.

    Args:
        pixels: (height, width, 3) uint8.
        out_to_source: map from continuous output to continuous source coordinates, in pixels.
        out: the Dimensions of the output.
        slack: distance in source pixels up to which the output shows the source's edge outside it instead of white.

    Returns:
        (out.height, out.width, 3) uint8.
    """
    pixels, out_to_source = _needed_part(pixels, out_to_source, out)
    step = sampling_step(out_to_source, out)
    finer = max(1, math.ceil(step - 1e-6))
    fine = Dimensions(out.width * finer, out.height * finer)
    from_fine = out_to_source @ np.diag([1 / finer, 1 / finer, 1.0])
    enlarging = step < 1 - 1e-6
    sampled = cv2.warpPerspective(
        pixels,
        FROM_CENTRES @ from_fine @ TO_CENTRES,
        (fine.width, fine.height),
        flags=(cv2.INTER_LANCZOS4 if enlarging else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if _within(extents(pixels), out_to_source, out, slack) else cv2.BORDER_CONSTANT,
        borderValue=WHITE,
    )
    return resample(_as_pixels(sampled), out)


def warp_bent(pixels: Pixels, out_to_source: PointMap, out: Dimensions, *, slack: float = 0.01) -> Pixels:
    """Like `warp`, for any smooth map. The map is computed at every 16th pixel and interpolated linearly.

    The map of all pixels would need more than twice the memory of the output, so it is interpolated in bands of rows.
    """
    places = _Places.of(out_to_source, out, 1)
    step = places.step
    finer = 1 if step < _NEARLY_OWN else math.ceil(step - 1e-6)
    if finer > 1:
        places = _Places.of(out_to_source, out, finer)
    source = extents(pixels)
    low, high = places.extremes()
    within = bool((low >= -slack - 0.5).all() and (high <= np.array([source.width, source.height]) + slack + 0.5).all())
    left, top = (int(v) for v in np.clip(np.floor(low) - 8, 0, [source.width - 1, source.height - 1]))
    right, bottom = (int(v) for v in np.clip(np.ceil(high) + 8, [left + 1, top + 1], [source.width, source.height]))
    if max(right - left, bottom - top) > _LONGEST_WARP_SIDE:
        half = Dimensions(max(1, source.width // 2), max(1, source.height // 2))
        scale = np.array([half.width / source.width, half.height / source.height])
        return warp_bent(resample(pixels, half), lambda points: out_to_source(points) * scale, out, slack=slack)
    sampled = np.empty((places.height, places.width, *pixels.shape[2:]), np.uint8)
    part, border = pixels[top:bottom, left:right], cv2.BORDER_REPLICATE if within else cv2.BORDER_CONSTANT
    for first, columns, rows in places.bands():
        band = _remapped(part, columns - np.float32(left + 0.5), rows - np.float32(top + 0.5), _kernel(step), border)
        sampled[first : first + len(rows)] = band
    return resample(sampled, out)


def _remapped(pixels: Pixels, columns: Grid, rows: Grid, kernel: int, border: int) -> Pixels:
    """`cv2.remap`, white outside. It samples four channels linearly in less than half the time that three take.

    So a channel is added to the rows that are needed. The colors stay the same, byte for byte.
    """
    if kernel != cv2.INTER_LINEAR or pixels.shape[2:] != (3,):
        return _as_pixels(cv2.remap(pixels, columns, rows, kernel, borderMode=border, borderValue=WHITE))
    top = int(np.clip(np.floor(rows.min()) - 1, 0, len(pixels) - 1))
    bottom = int(np.clip(np.ceil(rows.max()) + 2, top + 1, len(pixels)))
    needed = cv2.cvtColor(pixels[top:bottom], cv2.COLOR_BGR2BGRA)
    rows = rows - np.float32(top)
    sampled = cv2.remap(needed, columns, rows, kernel, borderMode=border, borderValue=(*WHITE, 255))
    return _as_pixels(cv2.cvtColor(sampled, cv2.COLOR_BGRA2BGR))


def _kernel(step: float) -> int:
    """The interpolation: Lanczos to enlarge, cubic near the original scale, linear if samples are averaged later."""
    if step < 1 / _NEARLY_OWN:
        return cv2.INTER_LANCZOS4
    return cv2.INTER_CUBIC if step < _NEARLY_OWN else cv2.INTER_LINEAR


@dataclass(frozen=True, slots=True)
class _Places:
    """The places of pixel centers in the source. There are `finer` pixels for each output pixel along each axis.

    Attributes:
        nodes: (rows, columns, 2) float32, the places (x, y) of every 16th pixel, from one node outside each edge.
        width, height: the number of pixels.
        step: the largest distance in the source between the places of neighboring output pixels.
    """

    nodes: npt.NDArray[np.float32]
    width: int
    height: int
    step: float

    @classmethod
    def of(cls, out_to_source: PointMap, out: Dimensions, finer: int) -> "_Places":
        """Compute the nodes with a map."""
        width, height = out.width * finer, out.height * finer
        cells = (-(-width // _GRID_STEP) + 2, -(-height // _GRID_STEP) + 2)
        # The centers of the cells, and one more on each side, because `cv2.resize` interpolates between centers.
        x, y = np.meshgrid(*((np.arange(count) - 0.5) * _GRID_STEP / finer for count in cells))
        nodes = out_to_source(np.column_stack([x.ravel(), y.ravel()])).reshape(cells[1], cells[0], 2)
        steps = [np.linalg.norm(np.diff(nodes, axis=axis), axis=2).max() / _GRID_STEP for axis in (0, 1)]
        return cls(nodes.astype(np.float32), width, height, float(max(steps)))

    def bands(self) -> Iterator[tuple[int, Grid, Grid]]:
        """Yield the first row of each band of rows, and the x and y of its pixels."""
        cells = max(1, _BAND_PIXELS // (self.width * _GRID_STEP))
        for cell in range(0, len(self.nodes) - 2, cells):
            first = cell * _GRID_STEP
            rows = min(cells * _GRID_STEP, self.height - first)
            nodes = self.nodes[cell : cell + cells + 2]
            columns, lines = (_dense(nodes[:, :, axis], self.width, rows) for axis in (0, 1))
            yield first, columns, lines

    def extremes(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The smallest and the largest x and y of all pixels, as (2,) arrays.

        Between nodes they are interpolated linearly, so they lie at nodes or at the outermost pixels.
        """
        ends = _at_ends(_at_ends(self.nodes, self.height).swapaxes(0, 1), self.width).astype(np.float64)
        return ends.min(axis=(0, 1)), ends.max(axis=(0, 1))


def _at_ends(nodes: npt.NDArray[np.float32], length: int) -> npt.NDArray[np.float32]:
    """Nodes along the first axis, with those at the first and the last pixel in place of the outer ones."""
    ends = []
    for pixel in (0, length - 1):
        node, part = divmod((pixel + 0.5) / _GRID_STEP + 0.5, 1)
        ends.append(nodes[int(node)] * np.float32(1 - part) + nodes[int(node) + 1] * np.float32(part))
    return np.stack([ends[0], *nodes[1 : int(node) + 1], ends[1]])


def _dense(nodes: npt.NDArray[np.float32], width: int, height: int) -> Grid:
    size = nodes.shape[1] * _GRID_STEP, nodes.shape[0] * _GRID_STEP
    dense = np.asarray(cv2.resize(np.ascontiguousarray(nodes), size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    return dense[_GRID_STEP : _GRID_STEP + height, _GRID_STEP : _GRID_STEP + width]


def transform(matrix: Matrix, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Map (n, 2) float64 points (x, y) through a projective map."""
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    mapped: npt.NDArray[np.float64] = homogeneous[:, :2] / homogeneous[:, 2:]
    return mapped


def inverse(matrix: Matrix) -> Matrix:
    """The inverse map."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def corners(left: float, top: float, width: float, height: float) -> npt.NDArray[np.float64]:
    """The (4, 2) float64 corner points (x, y) of a rectangle: top left, top right, bottom right, bottom left."""
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)


def box_corners(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The (n, 4, 2) float64 corner points (x, y) of (n, 4) boxes left, top, width, height, as `corners` orders them."""
    found: npt.NDArray[np.float64] = boxes[:, None, :2] + boxes[:, None, 2:] * corners(0, 0, 1, 1)
    return found


def mirror(pixels: Pixels) -> Pixels:
    """Mirror left to right."""
    return _as_pixels(cv2.flip(pixels, 1))


def rotate(pixels: Pixels, degrees: float) -> Pixels:
    """Rotate clockwise, without cropping or scaling.

    Quarter turns move pixels and keep the number of channels. Other angles return (height, width, 4) BGRA in the
    smallest upright box around the rotated image. Its corners are transparent.
    """
    quarters, rest = divmod(degrees % 360, 90)
    if rest == 0:
        return np.ascontiguousarray(np.rot90(pixels, -int(quarters)))
    source = extents(pixels)
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    turned = transform(turn, corners(0, 0, source.width, source.height))
    left, top = turned.min(axis=0)
    out = rotated_dimensions(source, degrees)
    back = np.linalg.inv(turn) @ np.array([[1, 0, left], [0, 1, top], [0, 0, 1]])
    with_alpha = cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA) if pixels.shape[2] == 3 else pixels
    return _as_pixels(
        cv2.warpPerspective(
            with_alpha,
            FROM_CENTRES @ back @ TO_CENTRES,
            (out.width, out.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(*WHITE, 0),
        )
    )


def rotated_dimensions(source: Dimensions, degrees: float) -> Dimensions:
    """The Dimensions that `rotate` returns."""
    quarters, rest = divmod(degrees % 360, 90)
    if rest == 0:
        return source.transposed if quarters % 2 else source
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    # Slightly less than the exact sum, because an error of 1e-9 pixels must not add a row.
    width = math.ceil(source.width * cosine + source.height * sine - 1e-6)
    height = math.ceil(source.width * sine + source.height * cosine - 1e-6)
    return Dimensions(width, height)


def grey(pixels: Pixels) -> Pixels:
    """Convert to luma by ITU-R BT.601. (h, w, 3) becomes (h, w). (h, w, 4) keeps its alpha and three equal channels."""
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] == 3:
        return _as_pixels(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY))
    luma = cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY)
    return np.ascontiguousarray(np.dstack([luma, luma, luma, pixels[:, :, 3]]))


def bitonal(pixels: Pixels) -> Pixels:
    """Convert to black and white by a threshold of each pixel's surroundings. Channels are as in `grey`.

    Sauvola's threshold (Pattern Recognition 33, 2000) uses the mean and the deviation in a square around the pixel, so
    that shadows on the paper stay white, and pale ink becomes black. Pixels as dark as ink are black in any
    surroundings, so that solid areas are filled. An image of one grey level becomes white from 128 up, else black.
    """
    tones = grey(pixels)
    luma = np.ascontiguousarray(tones if tones.ndim == 2 else tones[:, :, 0])
    if luma.min() == luma.max():
        black_and_white = np.full_like(luma, 255 if luma.flat[0] >= 128 else 0)
    else:
        black_and_white = _thresholded(luma)
    if tones.ndim == 2:
        return black_and_white
    return np.ascontiguousarray(np.dstack([black_and_white] * 3 + [tones[:, :, 3]]))


def _thresholded(luma: Pixels) -> Pixels:
    """White for grey pixels above their threshold. It needs 20 bytes a pixel, so this is done in bands of rows."""
    height, width = luma.shape
    white = np.empty_like(luma)
    rows, reach = max(1, _BAND_PIXELS // width), _SURROUNDINGS // 2
    for top in range(0, height, rows):
        first, end = max(0, top - reach), min(height, top + rows)
        band = luma[first : min(height, end + reach)]
        threshold = np.maximum(_sauvola(band)[top - first : end - first], _AS_DARK_AS_INK)
        white[top:end] = np.where(luma[top:end] > threshold, np.uint8(255), np.uint8(0))
    return white


def _sauvola(luma: Pixels) -> npt.NDArray[np.float32]:
    """The threshold of each pixel, (height, width) float32. Pixels up to it are black."""
    square = (_SURROUNDINGS, _SURROUNDINGS)
    mean = np.asarray(cv2.boxFilter(luma, cv2.CV_32F, square, borderType=cv2.BORDER_REFLECT), np.float32)
    squares = np.asarray(cv2.sqrBoxFilter(luma, cv2.CV_32F, square, borderType=cv2.BORDER_REFLECT), np.float32)
    deviation = np.sqrt(np.maximum(squares - mean * mean, 0))
    return np.asarray(mean * (1 + _CONTRAST * (deviation / _MOST_DEVIATION - 1)), np.float32)


def _resize(pixels: Pixels, out: Dimensions, interpolation: int) -> Pixels:
    return _as_pixels(cv2.resize(pixels, (out.width, out.height), interpolation=interpolation))


def _as_pixels(array: object) -> Pixels:
    return np.asarray(array, dtype=np.uint8)


def _needed_part(pixels: Pixels, out_to_source: Matrix, out: Dimensions) -> tuple[Pixels, Matrix]:
    """The part of the source that the output shows, with a margin for the kernel, small enough for OpenCV's warps."""
    shown = transform(out_to_source, corners(0, 0, out.width, out.height))
    margin = 8
    source = extents(pixels)
    left, top = (
        int(v) for v in np.clip(np.floor(shown.min(axis=0)) - margin, 0, [source.width - 1, source.height - 1])
    )
    right, bottom = (
        int(v) for v in np.clip(np.ceil(shown.max(axis=0)) + margin, [left + 1, top + 1], [source.width, source.height])
    )
    part = pixels[top:bottom, left:right]
    to_part = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], dtype=np.float64) @ out_to_source
    needed = extents(part)
    factor = math.ceil(max(needed.width, needed.height) / _LONGEST_WARP_SIDE)
    if factor == 1:
        return part, to_part
    reduced = Dimensions(max(1, needed.width // factor), max(1, needed.height // factor))
    scale = np.diag([reduced.width / needed.width, reduced.height / needed.height, 1.0])
    return resample(part, reduced), scale @ to_part


def _within(source: Dimensions, out_to_source: Matrix, out: Dimensions, slack: float) -> bool:
    """Whether the output shows nothing farther outside the source than the slack."""
    shown = transform(out_to_source, corners(0, 0, out.width, out.height))
    return bool((shown >= -slack).all() and (shown <= np.array([source.width, source.height]) + slack).all())
