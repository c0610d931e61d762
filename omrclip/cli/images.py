"""Commands for image files: `omrclip render`, `omrclip segment` and `omrclip pyramid`."""

from collections.abc import Sequence
from pathlib import Path

import click

from omrclip.cli.common import FILE, config, count, reading_images, telling
from omrclip.errors import InvalidRequest


@click.command()
@click.argument("image", type=FILE)
@click.argument("request")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@telling
@reading_images
def render(image: Path, request: str, out: Path) -> None:
    """Render a region of IMAGE. REQUEST is the end of a IIIF URI, such as 125,15,200,200/full/0/default.jpg."""
    from omrclip.library import open_image
    from omrclip.library import render as render_request

    limits = config().limits
    out.write_bytes(render_request(open_image(image, limits=limits), request, limits=limits))


@click.command()
@click.argument("manifest", type=FILE)
@click.option(
    "--image", "images", type=FILE, multiple=True, help="A file of an image that the manifest names. Can be repeated."
)
@click.option(
    "--format",
    "image_format",
    type=click.Choice(["jpg", "png", "webp", "tif"]),
    help="Format of the output. [default: the one that the manifest names]",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Output folder.")
@click.option("--overwrite", is_flag=True, help="Replace files of an earlier run. Other files stay.")
@telling
@reading_images
def segment(manifest: Path, images: Sequence[Path], image_format: str | None, out: Path, overwrite: bool) -> None:
    """Cut out the parts of images that a IIIF MANIFEST shows (recipe "segment of an image")."""
    from omrclip.iiif.request import Format
    from omrclip.jobs.folder import check_new
    from omrclip.library import open_image
    from omrclip.schemas.documents import read_document
    from omrclip.serving.segments import GivenImages, cut_segments, read_segments

    document, problems = read_document(manifest.read_bytes())
    if problems or not isinstance(document, dict):
        raise InvalidRequest(f"{manifest.name}: expected {problems[0].expected if problems else 'a JSON object'}")
    segments, named = read_segments(document)
    given = GivenImages({image.name: open_image(image, limits=config().limits) for image in images}, named)
    files = cut_segments(segments, given.find, config().limits, Format(image_format) if image_format else None)
    if not overwrite:
        check_new(out / file.name for file in files)
    out.mkdir(parents=True, exist_ok=True)
    for file in files:
        (out / file.name).write_bytes(file.data)
    click.echo(f"{count(len(files), 'segment')} written to {out}")


@click.command()
@click.argument("image", type=FILE)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. [default: IMAGE with the extension .tif, if it does not exist]",
)
@click.option(
    "--quality", type=click.IntRange(0, 100), default=85, show_default=True, help="JPEG quality of the tiles."
)
@telling
@reading_images
def pyramid(image: Path, out: Path | None, quality: int) -> None:
    """Convert IMAGE to a tiled, pyramidal TIFF. The server reads such a file tile by tile."""
    from omrclip.imaging.codec import decode, read_profile
    from omrclip.imaging.source import DecodedImage
    from omrclip.imaging.tiff.writing import write_pyramid
    from omrclip.library import open_image

    target = out or image.with_suffix(".tif")
    if target.resolve() == image.resolve():
        raise InvalidRequest("--out must name another file than IMAGE.")
    if out is None and target.exists():
        raise InvalidRequest(f"{target.name} already exists. Use --out to name the file to write.")
    opened = open_image(image, limits=config().limits)
    data, info = opened.data, opened.info
    decoded = DecodedImage(decode(data, info), read_profile(data, info), info.mode, info.density)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with unfinished.open("wb") as file:
            write_pyramid(decoded, file, quality=quality)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    click.echo(f"{target}: {info.dimensions} pixels")
