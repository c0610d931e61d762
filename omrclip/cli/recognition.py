"""Recognising image files: `omrclip recognize` and `omrclip clip`."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omrclip.cli.common import FAILED, FILE, config, stopped_between_steps, telling
from omrclip.errors import InvalidRequest

if TYPE_CHECKING:
    from omrclip.omr.options import RecognitionOptions


def _takes_scans(command: Callable[..., None]) -> Callable[..., None]:
    """The parameters that `recognize` and `clip` share."""
    parameters = [
        click.argument("template", type=FILE),
        # An image that cannot be read fails alone, later.
        click.argument("images", type=click.Path(path_type=Path), nargs=-1, required=True),
        click.option("--template-image", type=FILE, help="The blank page; else the image beside the template."),
        click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Output folder."),
        click.option(
            "--clip-format",
            type=click.Choice(["jpg", "png", "webp", "tif"]),
            help="Encode the clips so, with that extension; else JPEG bytes in files named .png.",
        ),
        click.option(
            "--clip-scale",
            type=click.Choice(["template", "native"]),
            help="Clips in the template's pixels, which is the default, or in as many as the scan has there.",
        ),
        click.option("--clip-margin", type=int, metavar="PIXELS", help="Page pixels to show around each clip area."),
        click.option(
            "--orientation",
            type=click.Choice(["any", "upright"]),
            help="How the pages lie in the images: any way, which is the default, or all upright.",
        ),
        click.option("--grid-gap", metavar="TEXT", help="What stands for an empty column of a grid; else a space."),
        click.option(
            "--blank-is",
            type=click.Choice(["blank", "uncertain"]),
            help="The status of elements in which nothing is marked: blank, which is the default, or uncertain.",
        ),
        click.option(
            "--page",
            "pages",
            multiple=True,
            metavar="IMAGE=NUMBER",
            help="Which page of a template with several an image shows.",
        ),
        click.option("--overwrite", is_flag=True, help="Replace files of an earlier run in the folders; others stay."),
        click.option("--workers", type=click.IntRange(1, 64), help="Scans worked on at a time; else one a processor."),
    ]
    for add in reversed(parameters):
        command = add(command)
    return command


@click.command()
@_takes_scans
@click.option("--marked", type=float, metavar="FILL", help="From this fill on, 0 to 1, a bubble is marked.")
@click.option("--blank", type=float, metavar="FILL", help="Up to this fill a bubble is blank; in between, uncertain.")
@click.option(
    "--overlay",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder for a picture of each image with what was read where.",
)
@telling
def recognize(**asked: Any) -> None:
    """Recognise IMAGES with TEMPLATE: clips, results files, and results.csv and results.json of everything.

    Exit status: 0 when every image passed, 1 when some failed, 2 when nothing was done; 130 when interrupted (Ctrl-C),
    143 when terminated: what was done by then is in the folder.
    """
    _recognize(**asked, clips_only=False)


@click.command()
@_takes_scans
@telling
def clip(**asked: Any) -> None:
    """Cut the clip areas of TEMPLATE out of IMAGES, and write nothing else.

    Exit status: 0 when every image passed, 1 when some failed, 2 when nothing was done; 130 when interrupted (Ctrl-C),
    143 when terminated: what was done by then is in the folder.
    """
    _recognize(**asked, clips_only=True)


def _recognize(
    template: Path,
    images: Sequence[Path],
    template_image: Path | None,
    out: Path,
    workers: int | None,
    overwrite: bool,
    *,
    clips_only: bool,
    overlay: Path | None = None,
    **options: Any,
) -> None:
    from omrclip.batch.folder import WORKERS_FOR_MEMORY, FolderJob, run
    from omrclip.library import blank_page_beside, load_template
    from omrclip.schemas.template import template_warnings

    loaded = load_template(template)
    for warning in template_warnings(loaded):
        click.echo(f"warning: {warning}", err=True)
    page_image = template_image or blank_page_beside(template)
    workers = workers or os.cpu_count() or 1
    job = FolderJob(
        template=loaded,
        images=images,
        template_image=page_image.read_bytes() if page_image else None,
        options=_options(**options).as_saved,
        out=out,
        clips_only=clips_only,
        workers=workers,
        limits=config().limits,
        memory_bytes=config().memory_bytes * -(-workers // WORKERS_FOR_MEMORY),
        overlays=overlay,
        overwrite=overwrite,
    )
    done, failures = 0, []
    with (
        stopped_between_steps() as stopped,
        closing(run(job)) as outcomes,
        click.progressbar(outcomes, length=len(images), label="Scans", show_pos=True, file=sys.stderr) as recognitions,
    ):
        for scan in recognitions:
            done += 1
            if not scan.passed:
                failures.append(f"{scan.scan}: {scan.messages[0]}")
            if stopped.signal:
                break
    for failure in failures:
        click.echo(failure, err=True)
    click.echo(f"{done - len(failures)} of {len(images)} scans passed; see {out}")
    if stopped.signal and done < len(images):
        click.echo(f"Stopped after {done} scans.", err=True)
        sys.exit(128 + stopped.signal)
    sys.exit(FAILED if failures else 0)


def _options(
    clip_format: str | None,
    clip_scale: str | None,
    clip_margin: int | None,
    orientation: str | None,
    grid_gap: str | None,
    blank_is: str | None,
    pages: Sequence[str],
    marked: float | None = None,
    blank: float | None = None,
) -> "RecognitionOptions":
    """The options as the web service reads them, so that both check alike; None is the default."""
    from omrclip.schemas.recognition_options import load_options

    return load_options(
        {
            "ClipFormat": clip_format or config().clip_format,
            "ClipScale": clip_scale,
            "ClipMargin": clip_margin,
            "Orientation": orientation,
            "GridGap": grid_gap,
            "BlankIs": blank_is,
            "MarkThresholds": {"Marked": marked, "Blank": blank},
            "Pages": dict(map(_page_of, pages)),
        }
    )


def _page_of(text: str) -> tuple[str, int]:
    name, equals, number = text.rpartition("=")
    if not equals or not (number.isascii() and number.isdigit()):
        raise InvalidRequest(f"--page: expected IMAGE=NUMBER, not {text!r}")
    return name, int(number)
