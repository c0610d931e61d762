"""What the commands share: how they end, and how they take files and settings.

Commands import what they work with when they run, so that `omrclip --help` answers at once.
"""

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from omrclip.config import Config
from omrclip.errors import InvalidTemplate, OmrclipError
from omrclip.omr.file_names import shown_name

FAILED = 1
REFUSED = 2


class _File(click.Path):
    """A file, or a pipe as shells make it for `<(…)`; a device may never end, and a socket cannot be opened."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        mode = os.stat(path).st_mode  # noqa: PTH116 (str, bytes or Path)
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
            self.fail(f"File {shown_name(str(value))!r} is a device or a socket.", param, ctx)
        return path


FILE = _File(exists=True, dir_okay=False, path_type=Path)


def telling(command: Callable[..., None]) -> Callable[..., None]:
    """End with the message of what went wrong instead of a traceback."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except InvalidTemplate as error:
            click.echo("Error: the template is not valid.", err=True)
            for problem in error.problems:
                click.echo(f"  {problem}", err=True)
            sys.exit(REFUSED)
        except OmrclipError as error:
            click.echo(f"Error: {error.message}", err=True)
            sys.exit(REFUSED)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
        except OSError as error:
            click.echo(f"Error: {error.filename or 'file'}: {error.strerror or error}", err=True)
            sys.exit(REFUSED)

    return told


@dataclass
class Stopped:
    """Which signal asked for the end; None as long as none did."""

    signal: int | None = None


@contextmanager
def stopped_between_steps() -> Iterator[Stopped]:
    """Note Ctrl-C (SIGINT) and SIGTERM instead of ending at once, so that the work ends between two steps.

    A second signal ends it where it is, by KeyboardInterrupt.
    """
    stopped = Stopped()

    def note(number: int, _frame: object) -> None:
        if stopped.signal is not None:
            raise KeyboardInterrupt
        stopped.signal = number

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def config() -> Config:
    """The settings of the environment; raises ConfigurationError."""
    return Config.from_env(os.environ)
