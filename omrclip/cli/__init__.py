"""The command line. It calls the same functions as the web API; each group of commands has a module."""

import os

import click

from omrclip import __version__
from omrclip.cli import accounts, batch, correct, generate, grade, images, new, recognition, service, templates


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="omrclip")
def main() -> None:
    """Recognize scanned paper forms: cut out clip areas, read marks, and serve pages and clips as IIIF images."""
    # The matrices here are small: threads of NumPy's linear algebra would only wait for each other, and take a third of
    # the processor time of a first scan. The variable is read when a command imports NumPy, and in its processes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


for _command in (
    recognition.recognize,
    recognition.clip,
    grade.grade,
    batch.batch,
    images.render,
    images.segment,
    images.pyramid,
    new.new,
    generate.generate,
    generate.rehearse,
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
