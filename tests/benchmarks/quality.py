"""How near reduced images and converted colours come to what they should be, beside libvips and littlecms.

    python -m tests.benchmarks.quality [--rounds 7]

Reduction: pages of text, a photo-like picture and a zone plate, as PNG and JPEG files, at six sizes. The reference is
the decoded picture, convolved with a Lanczos kernel of three lobes in floating point. Beside our `ImageSource.read` of
the file stands `vips thumbnail` of the same file. PSNR in dB: more is nearer. The last lines give processor times of
one new `full/1000,` of an A3 scan, from the file to the encoded answer.

Colours: random ones in Display P3, Adobe RGB and the inks of a press, beside what littlecms makes of them at once.

libvips comes with `pip install "pyvips[binary]"`; without it, its column stays empty.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from time import process_time
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from omrclip.cache import ByteCache
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import decode, encode
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.probe import ImageFormat, probe
from omrclip.imaging.source import DecodedImage
from omrclip.serving.cached import CachedImage
from tests.benchmarks.measuring import machine
from tests.benchmarks.patterns import photo, text, zone_plate
from tests.imaging import profiles

try:
    import pyvips
except ImportError:
    pyvips = None

FACTORS: Final = (1.6, 2.0, 2.48, 4.0, 6.0, 10.0)
"""How much smaller the outputs are, along each axis."""
LOBES: Final = 3
BEHIND: Final = 1.5
"""dB that ours may be behind libvips."""
PICTURES: Final[dict[str, Callable[[], Pixels]]] = {
    "text": lambda: text(1654, 2339),
    "photo": lambda: photo(1600, 1200),
    "zone plate": lambda: zone_plate(1500),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.quality")
    parser.add_argument("--rounds", type=int, default=7, help="how often each time is measured (7)")
    rounds = parser.parse_args(arguments).rounds
    sys.stdout.write(f"{machine()}\n")
    for line in reduction_table():
        sys.stdout.write(f"{line}\n")
    for line in colour_table():
        sys.stdout.write(f"{line}\n")
    for line in times(rounds):
        sys.stdout.write(f"{line}\n")


def reduction_table() -> Iterator[str]:
    """The lines of the table of reductions."""
    yield f"{'dB against exact Lanczos':26}{'size':>6}{'ours':>7}{'vips':>7}"
    for name, make in PICTURES.items():
        pixels = make()
        for kind in (ImageFormat.PNG, ImageFormat.JPEG):
            data = encode(pixels, kind, quality=95)
            for factor in FACTORS:
                ours, theirs = reduced_alike(data, factor)
                beside = "" if theirs is None else f"{theirs:7.1f}{'' if ours >= theirs - BEHIND else '  behind'}"
                yield f"{name + ', ' + kind:26}{f'1/{factor:g}':>6}{ours:7.1f}{beside}"


def reduced_alike(data: bytes, factor: float) -> tuple[float, float | None]:
    """PSNR in dB of ours and of libvips', None without it, for an image file at 1/`factor`."""
    whole = decode(data)
    height, width = whole.shape[:2]
    out = Dimensions(int(width / factor), int(height / factor))
    reference = exact(whole, out)
    theirs = None if pyvips is None else psnr(by_vips(data, out), reference)
    return psnr(opened(data).read(Dimensions(width, height).box, out), reference), theirs


def opened(data: bytes) -> CachedImage:
    """The file as an ImageSource, with nothing in its cache."""
    return CachedImage("", lambda: data, probe(data), ByteCache(1 << 29, lambda pixels: pixels.nbytes))


def by_vips(data: bytes, out: Dimensions) -> Pixels:
    """What `vips thumbnail` makes of a file: BGR."""
    made = pyvips.Image.thumbnail_buffer(data, out.width, height=out.height, size="force", no_rotate=True)
    shape = (made.height, made.width, made.bands)
    return np.ndarray(buffer=made.write_to_memory(), dtype=np.uint8, shape=shape)[:, :, 2::-1]


def exact(pixels: Pixels, out: Dimensions) -> npt.NDArray[np.float64]:
    """The reduction in floating point: (out.height, out.width, channels), 0 to 255."""
    height, width = pixels.shape[:2]
    down, across = weights(height, out.height), weights(width, out.width)
    channels = [down @ pixels[:, :, c].astype(float) @ across.T for c in range(pixels.shape[2])]
    return np.clip(np.dstack(channels), 0, 255)


def weights(count: int, out: int) -> npt.NDArray[np.float64]:
    """(out, count) float64: how much each source pixel of an axis counts for each output pixel."""
    scale = max(1.0, count / out)
    distance = (np.arange(count) + 0.5 - (np.arange(out)[:, None] + 0.5) * count / out) / scale
    kernel = np.sinc(distance) * np.sinc(distance / LOBES) * (np.abs(distance) < LOBES)
    found: npt.NDArray[np.float64] = kernel / kernel.sum(axis=1, keepdims=True)
    return found


def psnr(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    """Peak signal over noise, in dB; 99 where they do not differ."""
    error = float(((found.astype(float) - expected) ** 2).mean())
    return 99.0 if error == 0 else 10 * float(np.log10(255**2 / error))


def colour_table() -> Iterator[str]:
    """The lines of the table of colours: the largest and the mean difference from littlecms, in levels of 255."""
    rgb = np.random.default_rng(3).integers(0, 256, (240, 320, 3), np.uint8)
    inks = np.random.default_rng(3).integers(0, 256, (240, 320, 4), np.uint8)
    pictures = {
        "Display P3": (Image.fromarray(rgb), profiles.display_p3()),
        "Adobe RGB": (Image.fromarray(rgb), profiles.adobe_rgb()),
        "CMYK": (Image.fromarray(inks, "CMYK"), profiles.press()),
    }
    yield f"{'levels from littlecms':26}{'ours, most':>12}{'mean':>7}{'unconverted, most':>19}{'mean':>7}"
    for name, (picture, profile) in pictures.items():
        file = BytesIO()
        picture.save(file, "TIFF", icc_profile=profile)
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), picture.mode, "RGB")
        expected = np.asarray(transform.apply(picture)).astype(int)[:, :, ::-1]
        image = opened(file.getvalue())
        ours = np.abs(image.read(image.dimensions.box, image.dimensions) - expected)
        unconverted = np.abs(np.asarray(picture.convert("RGB"))[:, :, ::-1] - expected)
        yield f"{name:26}{ours.max():12}{ours.mean():7.2f}{unconverted.max():19}{unconverted.mean():7.2f}"


def times(rounds: int) -> Iterator[str]:
    """How much processor time a new `full/1000,` of an A3 scan takes, in ms, medians."""
    page = text(6000, 4000)
    grain = np.random.default_rng(1).normal(0, 2, (*page.shape[:2], 1))
    scan = np.clip(page + grain, 0, 255).astype(np.uint8)
    out = Dimensions(1000, 667)
    for kind in (ImageFormat.JPEG, ImageFormat.PNG):
        data = encode(scan, kind, quality=90)
        ours = _milliseconds(rounds, lambda data=data: encode(_read(opened(data), out), ImageFormat.JPEG))
        bare = _milliseconds(rounds, lambda data=data: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
        yield f"full/1000, of an A3 scan, 6000 × 4000 px {kind}: {ours:.0f} ms; bare cv2.imdecode {bare:.0f} ms"
    kept = DecodedImage(scan)
    yield f"full/1000, of the decoded pixels: {_milliseconds(rounds, lambda: _read(kept, out)):.0f} ms"


def _read(image: CachedImage | DecodedImage, out: Dimensions) -> Pixels:
    return image.read(image.dimensions.box, out)


def _milliseconds(rounds: int, run: Callable[[], object]) -> float:
    taken = []
    for _ in range(rounds):
        started = process_time()
        run()
        taken.append(process_time() - started)
    return float(np.median(taken)) * 1000


if __name__ == "__main__":
    main()
