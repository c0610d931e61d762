"""Making templates fit their blank pages: `omrclip correct` and `omrclip finalize`."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omrclip.cli.common import FAILED, FILE, config, telling
from omrclip.errors import InvalidRequest

if TYPE_CHECKING:
    from omrclip.omr.registration import KnownPage
    from omrclip.omr.template import Template


@click.command()
@click.argument("template", type=FILE)
@click.argument("page_images", type=FILE, nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Else TEMPLATE with the extension .omrcr, which must not exist yet.",
)
@telling
def correct(template: Path, page_images: Sequence[Path], out: Path | None) -> None:
    """Move the bubbles of TEMPLATE onto the printed ones of PAGE_IMAGES, the blank images of its pages in order.

    Exit status: 0 when every bubble was found, 1 when some were not, 2 when nothing was done.
    """
    from omrclip.omr import correction
    from omrclip.schemas.template import check_template, template_to_bytes

    target = out or template.with_suffix(".omrcr")
    if out is None and target.exists():
        raise InvalidRequest(f"{target.name} exists already: name the file to write with --out.")
    loaded, pages = _with_images(template, page_images)
    corrected = correction.correct(loaded, pages)
    check_template(corrected.template)
    target.write_bytes(template_to_bytes(corrected.template))
    for message in corrected.messages:
        click.echo(message, err=True)
    click.echo(f"{target}: {'corrected' if not corrected.messages else 'corrected in part'}")
    sys.exit(FAILED if corrected.messages else 0)


@click.command()
@click.argument("template", type=FILE)
@click.argument("page_images", type=FILE, nargs=-1, required=True)
@telling
def finalize(template: Path, page_images: Sequence[Path]) -> None:
    """Recognise PAGE_IMAGES, the blank images of the pages of TEMPLATE in order, and warn of all that is not empty.

    Prints what was read, a line an element. Exit status: 0 when every answer is empty, 1 when not, 2 when nothing was
    done.
    """
    from omrclip.omr import finalization
    from omrclip.omr.options import RecognitionOptions
    from omrclip.omr.result_files import results_text

    _, pages = _with_images(template, page_images)
    done = finalization.finalize(pages, RecognitionOptions(), config().limits)
    for recognition in done.recognitions:
        if recognition.passed:
            click.echo(results_text(recognition), nl=False)
    for message in done.messages:
        click.echo(f"warning: {message}", err=True)
    sys.exit(0 if done.is_blank else FAILED)


def _with_images(template: Path, images: Sequence[Path]) -> tuple["Template", Sequence["KnownPage"]]:
    """The template, and its pages with these images; a page without one of these keeps its own."""
    from omrclip.omr.recognition import check_pages, known_pages
    from omrclip.schemas.template import load_template

    loaded = load_template(template.read_bytes())
    pages = list(known_pages(loaded))
    if len(images) > len(pages):
        raise InvalidRequest(f"{len(images)} images were given: expected at most one a page, {len(pages)}")
    for index, image in enumerate(images):
        pages[index] = replace(pages[index], image=image.read_bytes())
    check_pages(pages, config().limits)
    return loaded, pages
