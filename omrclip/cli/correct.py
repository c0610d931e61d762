"""`omrclip correct` and `omrclip finalize`: fit a template to its blank pages, and check it."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omrclip.cli.common import FAILED, FILE, config, count, reading_images, telling
from omrclip.errors import InvalidRequest

if TYPE_CHECKING:
    from omrclip.omr.registration.find import KnownPage
    from omrclip.omr.template import Template


@click.command()
@click.argument("template", type=FILE)
@click.argument("page_images", type=FILE, nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. [default: TEMPLATE with the extension .omrcr, if it does not exist]",
)
@telling
@reading_images
def correct(template: Path, page_images: Sequence[Path], out: Path | None) -> None:
    """Move the bubbles of TEMPLATE onto the printed bubbles of its blank pages.

    PAGE_IMAGES are the images of the blank pages, in the order of the pages, or a PDF or TIFF file of them.

    Exit status: 0 if every bubble was found, 1 if some were not found, 2 if an error stopped the command.
    """
    from omrclip.omr.authoring import correction
    from omrclip.schemas.template import check_template, template_to_bytes

    target = out or template.with_suffix(".omrcr")
    if out is None and target.exists():
        raise InvalidRequest(f"{target.name} already exists. Use --out to name the file to write.")
    loaded, pages = _with_images(template, page_images)
    corrected = correction.correct(loaded, pages)
    check_template(corrected.template)
    target.write_bytes(template_to_bytes(corrected.template))
    for message in corrected.messages:
        click.echo(message, err=True)
    click.echo(f"{target}: {'all bubbles found' if not corrected.messages else 'some bubbles were not found'}")
    sys.exit(FAILED if corrected.messages else 0)


@click.command()
@click.argument("template", type=FILE)
@click.argument("page_images", type=FILE, nargs=-1, required=True)
@telling
@reading_images
def finalize(template: Path, page_images: Sequence[Path]) -> None:
    """Check that TEMPLATE reads its blank pages as empty.

    PAGE_IMAGES are the images of the blank pages, in the order of the pages, or a PDF or TIFF file of them. The command
    recognizes them, prints one line for each element, and warns of each answer that is not empty.

    Exit status: 0 if every answer is empty, 1 if one is not, 2 if an error stopped the command.
    """
    from omrclip.omr.authoring import finalization
    from omrclip.omr.options import RecognitionOptions
    from omrclip.omr.report.result_files import results_text

    _, pages = _with_images(template, page_images)
    done = finalization.finalize(pages, RecognitionOptions(), config().limits)
    for recognition in done.recognitions:
        if recognition.passed:
            click.echo(results_text(recognition), nl=False)
    for message in done.messages:
        click.echo(f"Warning: {message}", err=True)
    sys.exit(0 if done.is_blank else FAILED)


def _with_images(template: Path, images: Sequence[Path]) -> tuple["Template", Sequence["KnownPage"]]:
    """Load a template and its pages, with the given images for the first pages. Other pages keep their own image."""
    from omrclip.omr.blank_images import blank_images
    from omrclip.omr.recognition import check_pages, known_pages
    from omrclip.schemas.template import load_template

    loaded = load_template(template.read_bytes())
    pages = list(known_pages(loaded))
    limits = config().limits
    given = [image for file in images for image in blank_images(file.read_bytes(), len(pages), limits)]
    if len(given) > len(pages):
        raise InvalidRequest(
            f"The template has {count(len(pages), 'page')}, but you gave {count(len(given), 'image')}. Give at most "
            "one image for each page."
        )
    for index, image in enumerate(given):
        pages[index] = replace(pages[index], image=image)
    check_pages(pages, limits)
    return loaded, pages
