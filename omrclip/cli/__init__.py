"""The command line. It calls the same functions as the web API; each group of commands has a module."""

import click

from omrclip import __version__
from omrclip.cli import accounts, batch, correct, grade, images, recognition, service, templates


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="omrclip")
def main() -> None:
    """Recognize scanned paper forms: cut out clip areas, read marks, and serve pages and clips as IIIF images."""


for _command in (
    recognition.recognize,
    recognition.clip,
    grade.grade,
    batch.batch,
    images.render,
    images.segment,
    images.pyramid,
    templates.validate,
    templates.schema,
    correct.correct,
    correct.finalize,
    service.init,
    service.serve,
    accounts.users,
    accounts.clients,
    accounts.groups,
):
    main.add_command(_command)
