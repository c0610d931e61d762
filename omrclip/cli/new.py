"""`omrclip new`: a template from a blank page."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omrclip.cli.common import FAILED, FILE, config, count, reading_images, telling
from omrclip.errors import InvalidRequest

if TYPE_CHECKING:
    from omrclip.omr.authoring.detection.page import Detection

_DOUBTFUL = 0.9
"""Confidence below which a proposal is listed."""
_MOST_PLACES = 5


@click.command()
@click.argument("form", type=FILE)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The template to write. [default: FORM with the extension .omr, if it does not exist]",
)
@telling
@reading_images
def new(form: Path, out: Path | None) -> None:
    """Make a template from FORM, an image of the blank page, or a PDF or TIFF file of the pages.

    The command finds bubbles, digit grids, bar codes and corner marks. Checkboxes, radio buttons and text fields of a
    PDF form keep their places and names. The command lists the proposals that it is not sure of,
    and what looks like a bubble and was left out. Look at the template in the editor before you use it.

    Exit status: 0 if fields were found, 1 if not, 2 if an error stopped the command.
    """
    from omrclip.imaging.ocr import FAILURES, text_reader
    from omrclip.omr.authoring.detection.new_template import new_template
    from omrclip.omr.blank_images import blank_pages
    from omrclip.schemas.template import check_template, template_to_bytes
    from omrclip.serving.page_images import MOST_TEMPLATE_PAGES

    target = out or form.with_suffix(".omr")
    if out is None and target.exists():
        raise InvalidRequest(f"{target.name} already exists. Use --out to name the file to write.")
    settings = config()
    limits = settings.limits
    made = new_template(
        blank_pages(form.read_bytes(), MOST_TEMPLATE_PAGES, limits), target.stem, limits, text_reader(settings)
    )
    check_template(made.template)
    target.write_bytes(template_to_bytes(made.template))
    if made.failure:
        click.echo(f"Warning: {FAILURES[made.failure]}", err=True)
    for number, detection in enumerate(made.detections, 1):
        _tell(number, detection)
    fields = sum(len(detection.fields) for detection in made.detections)
    click.echo(f"{target}: {count(fields, 'field')} found")
    sys.exit(0 if fields else FAILED)


def _tell(number: int, detection: "Detection") -> None:
    """List what was found on a page, what is doubtful, and what was left out."""
    from omrclip.omr.authoring.detection.bubbles import REASONS

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
