"""The command line, over the same functions as the web API."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from omrclip import __version__
from omrclip.errors import InvalidRequest, InvalidTemplate, OmrclipError

FAILED = 1
REFUSED = 2

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _telling(command: Callable[..., None]) -> Callable[..., None]:
    """End with the message of what went wrong instead of a traceback."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except InvalidTemplate as error:
            click.echo("Error: the template is not valid.", err=True)
            for problem in error.problems:
                click.echo(f"  {problem}", err=True)
            sys.exit(REFUSED)
        except OmrclipError as error:
            click.echo(f"Error: {error.message}", err=True)
            sys.exit(REFUSED)
        except OSError as error:
            click.echo(f"Error: {error.filename or 'file'}: {error.strerror or error}", err=True)
            sys.exit(REFUSED)

    return told


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="omrclip")
def main() -> None:
    """Cut the clip areas of .omr templates out of scanned forms; every page and clip is an IIIF image."""


def _takes_scans(command: Callable[..., None]) -> Callable[..., None]:
    """The parameters that `recognize` and `clip` share."""
    parameters = [
        click.argument("template", type=_FILE),
        click.argument("images", type=_FILE, nargs=-1, required=True),
        click.option("--template-image", type=_FILE, help="The blank page; else the image beside the template."),
        click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Output folder."),
        click.option(
            "--clip-format",
            type=click.Choice(["jpg", "png", "webp", "tif"]),
            help="Encode the clips so, with that extension; else JPEG bytes in files named .png.",
        ),
        click.option(
            "--page",
            "pages",
            multiple=True,
            metavar="IMAGE=NUMBER",
            help="Which page of a template with several an image shows.",
        ),
        click.option("--workers", type=click.IntRange(1, 64), help="Scans worked on at a time; else one a processor."),
    ]
    for add in reversed(parameters):
        command = add(command)
    return command


@main.command()
@_takes_scans
@_telling
def recognize(**asked: Any) -> None:
    """Recognise IMAGES with TEMPLATE: clips, results files, and results.csv and results.json of everything.

    Exit status: 0 when every image passed, 1 when some failed, 2 when nothing was done.
    """
    _recognize(**asked, clips_only=False)


@main.command()
@_takes_scans
@_telling
def clip(**asked: Any) -> None:
    """Cut the clip areas of TEMPLATE out of IMAGES, and write nothing else.

    Exit status: 0 when every image passed, 1 when some failed, 2 when nothing was done.
    """
    _recognize(**asked, clips_only=True)


@main.command()
@click.argument("image", type=_FILE)
@click.argument("request")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@_telling
def render(image: Path, request: str, out: Path) -> None:
    """Answer one IIIF REQUEST, such as 125,15,200,200/full/0/default.jpg, on the file IMAGE."""
    from omrclip.iiif import grammar2
    from omrclip.iiif.plan import plan
    from omrclip.iiif.render import render as render_plan
    from omrclip.imaging.probe import probe
    from omrclip.imaging.source import EncodedImage
    from omrclip.omr.recognition import check_pixels

    limits = _config().limits
    parts = request.split("/")
    if len(parts) != 4:
        raise InvalidRequest("REQUEST: expected {region}/{size}/{rotation}/{quality}.{format}")
    data = image.read_bytes()
    info = probe(data)
    check_pixels(image.name, info, limits)
    planned = plan(grammar2.parse(*parts), info.dimensions, limits)
    out.write_bytes(render_plan(planned, EncodedImage(data, info)))


@main.command()
@click.argument("template", type=_FILE)
@_telling
def validate(template: Path) -> None:
    """Check a template, and tell everything that is wrong with it.

    Exit status: 0 when it is valid, 1 when it is not.
    """
    from omrclip.schemas.template import load_template, template_warnings

    try:
        loaded = load_template(template.read_bytes())
    except InvalidTemplate as error:
        for problem in error.problems:
            click.echo(f"error: {problem}")
        click.echo(f"{template.name}: {len(error.problems)} problems")
        sys.exit(FAILED)
    for warning in template_warnings(loaded):
        click.echo(f"warning: {warning}")
    elements = sum(len(page.elements) for page in loaded.pages)
    counts = f"pages: {len(loaded.pages)}, elements: {elements}, clip areas: {len(loaded.clip_areas)}"
    click.echo(f"{template.name}: valid; {counts}")


@main.command()
@click.argument("manifest", type=_FILE)
@click.option("--image", "images", type=_FILE, multiple=True, help="An image that the manifest names.")
@click.option("--format", "image_format", type=click.Choice(["jpg", "png", "webp", "tif"]), help="Else as it says.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Output folder.")
@_telling
def segment(manifest: Path, images: Sequence[Path], image_format: str | None, out: Path) -> None:
    """Cut the parts of images that a IIIF MANIFEST paints ("segment of an image") out of files."""
    from omrclip.batch.segments import GivenImages, cut_segments, read_segments
    from omrclip.iiif.request import Format
    from omrclip.imaging.probe import probe
    from omrclip.imaging.source import EncodedImage
    from omrclip.omr.recognition import check_pixels
    from omrclip.schemas.documents import read_document

    document, problems = read_document(manifest.read_bytes())
    if problems or not isinstance(document, dict):
        raise InvalidRequest(f"{manifest.name}: expected {problems[0].expected if problems else 'a JSON object'}")
    segments, named = read_segments(document)
    sources = {}
    for image in images:
        data = image.read_bytes()
        info = probe(data)
        check_pixels(image.name, info, _config().limits)
        sources[image.name] = EncodedImage(data, info)
    given = GivenImages(sources, named)
    files = cut_segments(segments, given.find, _config().limits, Format(image_format) if image_format else None)
    out.mkdir(parents=True, exist_ok=True)
    for file in files:
        (out / file.name).write_bytes(file.data)
    click.echo(f"{len(files)} segments; see {out}")


@main.command()
@click.argument("image", type=_FILE)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Else IMAGE with the extension .tif.")
@click.option(
    "--quality", type=click.IntRange(0, 100), default=85, show_default=True, help="JPEG quality of the tiles."
)
@_telling
def pyramid(image: Path, out: Path | None, quality: int) -> None:
    """Make a tiled, pyramidal TIFF of IMAGE, which is served tile by tile without ever being decoded whole."""
    from omrclip.imaging.codec import decode
    from omrclip.imaging.probe import probe
    from omrclip.imaging.pyramid_writing import write_pyramid
    from omrclip.omr.recognition import check_pixels

    target = out or image.with_suffix(".tif")
    if target.resolve() == image.resolve():
        raise InvalidRequest("--out: expected another file than IMAGE")
    data = image.read_bytes()
    info = probe(data)
    check_pixels(image.name, info, _config().limits)
    pixels = decode(data, info)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with unfinished.open("wb") as file:
            write_pyramid(pixels, file, quality=quality)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    click.echo(f"{target}: {info.dimensions} pixels")


@main.command()
@_telling
def schema() -> None:
    """Print the JSON Schema of the .omr format."""
    from omrclip.schemas.template import template_json_schema

    click.echo(json.dumps(template_json_schema(), indent=2))


@main.command()
@click.option("--host", help="Address to listen on; else OMRCLIP_HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; else OMRCLIP_PORT, else 8080.")
@_telling
def serve(host: str | None, port: int | None) -> None:
    """Run the web service. The settings are OMRCLIP_* environment variables; the README lists them."""
    from dataclasses import replace

    from omrclip.web.serve import serve as serve_config

    config = _config()
    serve_config(replace(config, host=host or config.host, port=port or config.port))


def _config() -> Any:
    from omrclip.config import Config

    return Config.from_env(os.environ)


def _recognize(
    template: Path,
    images: Sequence[Path],
    template_image: Path | None,
    out: Path,
    clip_format: str | None,
    pages: Sequence[str],
    workers: int | None,
    *,
    clips_only: bool,
) -> None:
    from omrclip.batch.folder import FolderJob, run
    from omrclip.schemas.recognition_request import load_options
    from omrclip.schemas.template import load_template, template_warnings
    from omrclip.storage.templates import IMAGE_SUFFIXES

    loaded = load_template(template.read_bytes())
    for warning in template_warnings(loaded):
        click.echo(f"warning: {warning}", err=True)
    beside = (template.with_suffix(suffix) for suffix in IMAGE_SUFFIXES)
    page_image = template_image or next((path for path in beside if path.is_file()), None)
    options: dict[str, object] = {"Pages": dict(map(_page_of, pages))}
    job = FolderJob(
        template=loaded,
        images=images,
        template_image=page_image.read_bytes() if page_image else None,
        options=load_options({**options, **({"ClipFormat": clip_format} if clip_format else {})}),
        out=out,
        clips_only=clips_only,
        workers=workers or os.cpu_count() or 1,
        limits=_config().limits,
    )
    failures = []
    with click.progressbar(run(job), length=len(images), label="Scans", show_pos=True, file=sys.stderr) as recognitions:
        failures = [recognition for recognition in recognitions if not recognition.passed]
    for failure in failures:
        click.echo(f"{failure.scan}: {failure.messages[0]}", err=True)
    click.echo(f"{len(images) - len(failures)} of {len(images)} scans passed; see {out}")
    sys.exit(FAILED if failures else 0)


def _page_of(text: str) -> tuple[str, int]:
    name, equals, number = text.rpartition("=")
    if not equals or not (number.isascii() and number.isdigit()):
        raise InvalidRequest(f"--page: expected IMAGE=NUMBER, not {text!r}")
    return name, int(number)
