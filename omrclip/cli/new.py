"""`omrclip new`: a template from a blank page."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omrclip.cli.common import FAILED, FILE, config, count, reading_images, telling
from omrclip.errors import InvalidRequest

if TYPE_CHECKING:
    from omrclip.limits import Limits
    from omrclip.omr.authoring.detection.page import Detection

_DOUBTFUL = 0.9
"""Confidence below which a proposal is listed."""
_MOST_PLACES = 5


@click.command()
@click.argument("files", metavar="FORM", type=FILE, nargs=-1, required=True)
@click.option(
    "--filled", is_flag=True, help="FORM are ten or more filled sheets of one page, or a PDF or TIFF file of them."
)
@click.option(
    "--pages",
    type=click.IntRange(1, 20),
    default=1,
    show_default=True,
    help="Pages of the form that the filled sheets show in turn, such as 2 for front, back, front, back.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The template to write. [default: FORM with the extension .omr, if it does not exist]",
)
@telling
@reading_images
def new(files: tuple[Path, ...], out: Path | None, pages: int, *, filled: bool) -> None:
    """Make a template from FORM, an image of the blank page, or a PDF or TIFF file of the pages.

    The command finds bubbles, digit grids, bar codes and corner marks. Checkboxes, radio buttons and text fields of a
    PDF form keep their places and names. The command lists the proposals that it is not sure of,
    and what looks like a bubble and was left out. Look at the template in the editor before you use it.

    If there is no blank page, --filled makes it from filled sheets: what is the same on all is print.

    Exit status: 0 if fields were found, 1 if not, 2 if an error stopped the command.
    """
    from omrclip.imaging.ocr import FAILURES, text_reader
    from omrclip.omr.authoring.detection.new_template import new_template
    from omrclip.omr.blank_images import BlankPage, blank_pages
    from omrclip.omr.template import ChoiceBox, ClipArea, Grid
    from omrclip.schemas.template import check_template, template_to_bytes
    from omrclip.serving.page_images import MOST_TEMPLATE_PAGES

    if len(files) > 1 and not filled:
        raise InvalidRequest("Give one file of blank pages. If these are filled sheets, use --filled.")
    if pages > 1 and not filled:
        raise InvalidRequest.at("--pages", "--filled too; of blank pages, all in the file are taken")
    if filled and out is None:
        raise InvalidRequest.at("--out", "the template to write, because --filled makes it from several files")
    target = out or files[0].with_suffix(".omr")
    if out is None and target.exists():
        raise InvalidRequest(f"{target.name} already exists. Use --out to name the file to write.")
    settings = config()
    limits = settings.limits
    if filled:
        blank: Sequence[BlankPage] = [BlankPage(image) for image in _blanks_of(files, pages, limits)]
    else:
        blank = blank_pages(files[0].read_bytes(), MOST_TEMPLATE_PAGES, limits)
    # A page takes a second or two; each is told when it is done.
    made = new_template(blank, target.stem, limits, text_reader(settings), on_page=_tell)
    check_template(made.template)
    target.write_bytes(template_to_bytes(made.template))
    if made.failure:
        click.echo(f"Warning: {FAILURES[made.failure]}", err=True)
    found = [proposal.element for detection in made.detections for proposal in detection.proposals]
    fields = sum(isinstance(element, ChoiceBox | Grid | ClipArea) for element in found)
    click.echo(f"{target}: {count(fields, 'field')} found")
    sys.exit(0 if fields else FAILED)


def _blanks_of(files: Sequence[Path], pages: int, limits: "Limits") -> list[bytes]:
    """The blank pages of filled sheets that show the pages of the form in turn."""
    from omrclip.omr.authoring.detection.filled_sheets import blank_from_sheets, sheets_in
    from omrclip.omr.report.file_names import shown_name

    found = [sheets_in(shown_name(path.name), path.read_bytes(), limits, pages) for path in files]
    sheets = [sheet for one in found for sheet in one]
    blanks = []
    for number in range(1, pages + 1):
        own = sheets[number - 1 :: pages]
        made = blank_from_sheets(own, limits)
        for name in made.unfit:
            click.echo(f"Warning: {name} was left out. It could not be read, or does not show the same form.", err=True)
        blank = f"Blank page {number}" if pages > 1 else "Blank page"
        click.echo(f"{blank} made from {made.used} of {count(len(own), 'sheet')}")
        blanks.append(made.image)
    return blanks


def _tell(number: int, detection: "Detection") -> None:
    """List what was found on a page, what is doubtful, and what was left out."""
    from omrclip.omr.authoring.detection.left_out import REASONS

    kinds = Counter(proposal.element.type for proposal in detection.proposals)
    click.echo(f"Page {number}: {', '.join(f'{kind}: {many}' for kind, many in kinds.items()) or 'nothing found'}")
    for proposal in detection.proposals:
        if proposal.confidence < _DOUBTFUL:
            click.echo(f"  doubtful ({proposal.confidence:.2f}): {proposal.element.name}")
    for why in dict.fromkeys(one.why for one in detection.left_out):
        places = [f"({one.place[0]:.0f}, {one.place[1]:.0f})" for one in detection.left_out if one.why is why]
        more = ", …" if len(places) > _MOST_PLACES else ""
        click.echo(
            f"  left out: {count(len(places), 'shape')} at {', '.join(places[:_MOST_PLACES])}{more}. {REASONS[why]}"
        )
