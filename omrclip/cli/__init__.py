"""The command line, over the same functions as the web API: one module for each group of commands."""

import click

from omrclip import __version__
from omrclip.cli import correct, images, recognition, service, templates


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="omrclip")
def main() -> None:
    """Cut the clip areas of .omr templates out of scanned forms; every page and clip is an IIIF image."""


for _command in (
    recognition.recognize,
    recognition.clip,
    images.render,
    images.segment,
    images.pyramid,
    templates.validate,
    templates.schema,
    correct.correct,
    correct.finalize,
    service.serve,
):
    main.add_command(_command)
