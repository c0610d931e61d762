"""From a plan to pixels and bytes, over any ImageSource, in the order of the Image API 2.1, section 4.6."""

from omrclip.iiif.plan import Plan
from omrclip.iiif.request import Format, Quality
from omrclip.imaging import ops
from omrclip.imaging.codec import encode
from omrclip.imaging.pdf import pdf_of_jpeg
from omrclip.imaging.pixels import Pixels
from omrclip.imaging.source import ImageSource


def render(planned: Plan, source: ImageSource, *, jpeg_quality: int | None = None) -> bytes:
    """The encoded image: region, size, rotation, quality, format.

    Args:
        planned: made for an image of the source's Dimensions.
        source: where the pixels come from.
        jpeg_quality: 0 to 100 for the lossy formats; the codec's default when None.

    Raises:
        ImageError: the source's bytes cannot be decoded.
        LimitExceeded: the format cannot hold an image of these Dimensions.
    """
    pixels = render_pixels(planned, source)
    is_bilevel = planned.quality is Quality.BITONAL
    data = encode(pixels, planned.format.encoding, quality=jpeg_quality, bilevel=is_bilevel)
    return pdf_of_jpeg(data, planned.output, grey=pixels.ndim == 2) if planned.format is Format.PDF else data


def render_pixels(planned: Plan, source: ImageSource) -> Pixels:
    """The pixels before encoding: (h, w, 3) BGR, (h, w) grey or bitonal, or (h, w, 4) BGRA when turned askew."""
    pixels = source.read(planned.box, planned.scaled)
    if planned.rotation.mirrored:
        pixels = ops.mirror(pixels)
    if planned.rotation.degrees:
        pixels = ops.rotate(pixels, float(planned.rotation.degrees))
    match planned.quality:
        case Quality.GRAY:
            return ops.grey(pixels)
        case Quality.BITONAL:
            return ops.bitonal(pixels)
        case Quality.COLOR | Quality.DEFAULT:
            return pixels
