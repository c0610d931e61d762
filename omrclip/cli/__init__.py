"""The command line. It calls the same functions as the web API; each group of commands has a module."""

import os
from importlib import import_module
from typing import Final

import click

from omrclip import __version__

_MODULES: Final = {
    "recognize": "recognition",
    "clip": "recognition",
    "grade": "grade",
    "batch": "batch",
    "render": "images",
    "segment": "images",
    "pyramid": "images",
    "new": "new",
    "generate": "generate",
    "rehearse": "generate",
    "validate": "templates",
    "schema": "templates",
    "correct": "correct",
    "finalize": "correct",
    "init": "service",
    "serve": "service",
    "users": "accounts",
    "clients": "accounts",
    "groups": "accounts",
}
"""The module of each command, in which the command has its own name."""


class _Commands(click.Group):
    """Commands whose modules are imported when they are asked for, so that each starts without those of the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click passes it)
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click passes it)
        if cmd_name not in _MODULES:
            return None
        command: click.Command = getattr(import_module(f"omrclip.cli.{_MODULES[cmd_name]}"), cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="omrclip")
def main() -> None:
    """Recognize scanned paper forms: cut out clip areas, read marks, and serve pages and clips as IIIF images."""
    # The matrices here are small: threads of NumPy's linear algebra would only wait for each other, and take a third of
    # the processor time of a first scan. The variable is read when a command imports NumPy, and in its processes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
