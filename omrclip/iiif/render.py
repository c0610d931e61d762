"""Renders a plan to pixels and bytes from any ImageSource, in the order of the Image API 2.1, section 4.6."""

from omrclip.iiif.plan import Plan
from omrclip.iiif.request import Format, Quality
from omrclip.imaging import ops
from omrclip.imaging.arrays import Pixels
from omrclip.imaging.codec import encode
from omrclip.imaging.density import Density, density_of, single_density
from omrclip.imaging.pdf import pdf_of_jpeg
from omrclip.imaging.source import ImageSource, level_factor


def render(planned: Plan, source: ImageSource, *, jpeg_quality: int | None = None) -> bytes:
    """Render and encode an image: region, size, rotation, quality, format.

    Args:
        planned: a plan for an image of the source's Dimensions.
        source: the image.
        jpeg_quality: 0 to 100 for lossy formats. None is the codec's default.

    Raises:
        ImageError: the source cannot be decoded.
        LimitExceeded: the format does not support these Dimensions.
    """
    pixels = render_pixels(planned, source)
    is_bilevel = planned.quality is Quality.BITONAL
    density = delivered_density(planned, source)
    data = encode(pixels, planned.format.encoding, quality=jpeg_quality, bilevel=is_bilevel, density=density)
    if planned.format is not Format.PDF:
        return data
    return pdf_of_jpeg(data, planned.output, grey=pixels.ndim == 2, density=density)


def delivered_density(planned: Plan, source: ImageSource) -> Density | None:
    """The density of the delivered image, from the source's density and the scale; None without a single one."""
    density = source.density
    if density is None:
        return None
    box, scaled, degrees = planned.box, planned.scaled, planned.rotation.degrees
    factor = level_factor(box, scaled, source.dimensions)  # the last pixels of a level may cover less than the others
    across, down = density
    across *= 1 / factor if factor else scaled.width / box.width
    down *= 1 / factor if factor else scaled.height / box.height
    if degrees % 90 and single_density((across, down)) is None:
        return None
    return density_of(down, across) if degrees % 180 == 90 else density_of(across, down)


def render_pixels(planned: Plan, source: ImageSource) -> Pixels:
    """The pixels before encoding: (h, w, 3) BGR, (h, w) grey or bitonal, or (h, w, 4) BGRA if turned obliquely."""
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
