"""`omrclip recognize` and `omrclip clip`."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from omrclip.cli.common import FAILED, FILE, config, count, reading_images, stopped_between_steps, tell_skipped, telling
from omrclip.errors import InvalidRequest

if TYPE_CHECKING:
    from omrclip.omr.options import RecognitionOptions
    from omrclip.omr.template import Template

_Decorator: TypeAlias = Callable[[Callable[..., None]], Callable[..., None]]

TOO_MANY_COLUMNS = (
    "The template has more answers than a workbook has columns, so results.xlsx is not written. Use results.csv."
)


def _options_of_recognition() -> list[_Decorator]:
    """The options that `recognize`, `clip` and `batch` share."""
    return [
        click.option(
            "--clip-format",
            type=click.Choice(["jpg", "png", "webp", "tif"]),
            help="File format of the clips. [default: OMRCLIP_CLIP_FORMAT or jpg]",
        ),
        click.option(
            "--clip-scale",
            type=click.Choice(["template", "native"]),
            help="Resolution of the clips: that of the template or that of the scan. [default: template]",
        ),
        click.option(
            "--clip-margin",
            type=int,
            metavar="PIXELS",
            help="Margin around each clip area, in pixels of the template. [default: 0]",
        ),
        click.option(
            "--orientation",
            type=click.Choice(["any", "upright"]),
            help="Whether pages may lie in any direction, or are all upright. [default: any]",
        ),
        click.option(
            "--grid-gap", metavar="TEXT", help="Text for an empty column in the value of a grid. [default: a space]"
        ),
        click.option(
            "--blank-is",
            type=click.Choice(["blank", "uncertain"]),
            help="Status of elements without a mark. [default: blank; uncertain in a scan of the blank page itself]",
        ),
    ]


def _takes_thresholds(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options by which marks are judged."""
    parameters = [
        click.option(
            "--marked", type=float, metavar="FILL", help="Bubbles are marked from this fill on, 0 to 1. [default: 0.1]"
        ),
        click.option(
            "--blank",
            type=float,
            metavar="FILL",
            help="Bubbles are blank up to this fill, 0 to 1, and uncertain between the two. [default: 0.08]",
        ),
    ]
    return _with(parameters, command)


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a batch for `loaded_options`."""
    return _with(_options_of_recognition(), _takes_thresholds(command))


def takes_table_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the tables that `recognize` and `batch` share."""
    parameters = [
        click.option(
            "--separator",
            type=click.Choice([",", ";"]),
            default=",",
            show_default=True,
            help="What separates the cells of results.csv.",
        ),
        click.option(
            "--marks-separator",
            metavar="TEXT",
            help="Text between the values of several marks in one cell of the tables. "
            "[default: '; ' if a value has several characters, otherwise nothing]",
        ),
    ]
    return _with(parameters, command)


def _with(parameters: Sequence[_Decorator], command: Callable[..., None]) -> Callable[..., None]:
    for add in reversed(parameters):
        command = add(command)
    return command


def _takes_scans(command: Callable[..., None]) -> Callable[..., None]:
    """Add the parameters that `recognize` and `clip` share."""
    parameters: list[_Decorator] = [
        click.argument("template", type=FILE),
        # Not FILE: an image that cannot be read is the failure of this scan, and does not stop the run.
        click.argument("images", type=click.Path(), nargs=-1, required=True),
        click.option(
            "--template-image",
            type=FILE,
            help="Image of the blank page, or a PDF or TIFF file of all blank pages. "
            "[default: the image or PDF file with the same name beside the template]",
        ),
        click.option(
            "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the results."
        ),
        *_options_of_recognition(),
        click.option(
            "--page",
            "pages",
            multiple=True,
            metavar="IMAGE=NUMBER",
            help="The page of the template that an image shows. Can be repeated. [default: found by omrclip]",
        ),
        click.option("--overwrite", is_flag=True, help="Replace files of an earlier run. Other files stay."),
        click.option(
            "--workers",
            type=click.IntRange(1, 64),
            help="Number of scans to recognize at a time. [default: one for each processor]",
        ),
    ]
    return _with(parameters, command)


@click.command()
@_takes_scans
@_takes_thresholds
@click.option(
    "--overlay",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for an overlay of each image: a picture that shows what was read.",
)
@takes_table_options
@click.option("--pictures", is_flag=True, help="Show the clips in the cells of results.xlsx.")
@telling
@reading_images
def recognize(**asked: Any) -> None:
    """Recognize IMAGES with TEMPLATE: image files, and PDF or TIFF files of several pages.

    Writes the clips and a results file for each image, and results.csv, results.xlsx, results.json and report.html for
    all images.

    Exit status: 0 if every image passed, 1 if some failed, 2 if an error stopped the command, 130 after Ctrl-C and 143
    after SIGTERM. After a signal, the folder holds the results of the images that were done.
    """
    _recognize(**asked, clips_only=False)


@click.command()
@_takes_scans
@telling
@reading_images
def clip(**asked: Any) -> None:
    """Cut the clip areas of TEMPLATE out of IMAGES. Writes the clips only.

    Exit status: 0 if every image passed, 1 if some failed, 2 if an error stopped the command, 130 after Ctrl-C and 143
    after SIGTERM. After a signal, the folder holds the clips of the images that were done.
    """
    _recognize(**asked, clips_only=True)


def _recognize(
    template: Path,
    images: Sequence[str],
    template_image: Path | None,
    out: Path,
    workers: int | None,
    overwrite: bool,
    *,
    clips_only: bool,
    overlay: Path | None = None,
    separator: str = ",",
    marks_separator: str | None = None,
    pictures: bool = False,
    **options: Any,
) -> None:
    from omrclip.jobs.folder import WORKERS_FOR_MEMORY, FolderJob, run
    from omrclip.jobs.sources import scans_in
    from omrclip.jobs.tables import TableOptions
    from omrclip.library import blank_page_beside, load_template
    from omrclip.omr.report.table import Separator
    from omrclip.schemas.template import template_warnings

    loaded = load_template(template)
    for warning in template_warnings(loaded):
        click.echo(f"Warning: {warning}", err=True)
    if not clips_only:
        warn_of_columns(loaded)
    page_image = template_image or blank_page_beside(template)
    workers = workers or os.cpu_count() or 1
    skipped: list[Path] = []
    excluded = [folder for folder in (out, overlay) if folder]
    scans = scans_in(images, config().limits.max_image_pixels, skipped.append, excluded)
    tell_skipped(skipped)
    job = FolderJob(
        template=loaded,
        scans=scans,
        template_image=page_image.read_bytes() if page_image else None,
        options=loaded_options(**options).as_saved,
        out=out,
        clips_only=clips_only,
        workers=workers,
        limits=config().limits,
        memory_bytes=config().memory_bytes * -(-workers // WORKERS_FOR_MEMORY),
        overlays=overlay,
        tables=TableOptions(Separator(separator), marks_separator, pictures),
        overwrite=overwrite,
    )
    done, failures = 0, []
    with (
        stopped_between_steps() as stopped,
        closing(run(job)) as outcomes,
        click.progressbar(outcomes, length=len(scans), label="Scans", show_pos=True, file=sys.stderr) as recognitions,
    ):
        for recognition in recognitions:
            done += 1
            if not recognition.passed:
                failures.append(f"{recognition.scan}: {recognition.messages[0]}")
            if stopped.signal:
                break
    for failure in failures:
        click.echo(failure, err=True)
    click.echo(f"{done - len(failures)} of {len(scans)} scans passed. The results are in {out}.")
    if stopped.signal and done < len(scans):
        click.echo(f"Stopped after {count(done, 'scan')}.", err=True)
        sys.exit(128 + stopped.signal)
    sys.exit(FAILED if failures else 0)


def warn_of_columns(*templates: "Template") -> None:
    """Warn if a workbook has too few columns for templates."""
    from omrclip.jobs.tables import fits_workbook
    from omrclip.omr.report.table import ResultsTable

    if not fits_workbook(ResultsTable.of(*templates)):
        click.echo(f"Warning: {TOO_MANY_COLUMNS}", err=True)


def loaded_options(
    clip_format: str | None,
    clip_scale: str | None,
    clip_margin: int | None,
    orientation: str | None,
    grid_gap: str | None,
    blank_is: str | None,
    pages: Sequence[str] = (),
    marked: float | None = None,
    blank: float | None = None,
) -> "RecognitionOptions":
    """Load the options with the schema of the web service. None stands for the default."""
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
        raise InvalidRequest(f"--page must be IMAGE=NUMBER, such as back.jpg=2, not {text!r}.")
    return name, int(number)
