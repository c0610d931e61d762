"""Shared parts of the commands: exit statuses, error messages, file arguments and settings.

Commands import their modules when they run, so that `omrclip --help` stays fast.
"""

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omrclip.errors import InvalidTemplate, OmrclipError
from omrclip.omr.report.file_names import shown_name

if TYPE_CHECKING:
    from omrclip.config import Config

FAILED = 1
REFUSED = 2


class _File(click.Path):
    """A file, or a pipe that a shell makes for `<(…)`. Devices are refused because reading them may never end."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        mode = os.stat(path).st_mode  # noqa: PTH116 (str, bytes or Path)
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
            self.fail(f"{shown_name(str(value))!r} is a device or a socket, not a file.", param, ctx)
        return path


FILE = _File(exists=True, dir_okay=False, path_type=Path)


def telling(command: Callable[..., None]) -> Callable[..., None]:
    """Print the message of an error instead of a traceback, and exit with its status."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except InvalidTemplate as error:
            click.echo("Error: The template is not valid.", err=True)
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


def reading_images(command: Callable[..., None]) -> Callable[..., None]:
    """Set up the libraries for pixels before a command that works on images."""

    @wraps(command)
    def set_up(*args: Any, **kwargs: Any) -> None:
        from omrclip.imaging.setting_up import set_up_process

        set_up_process()
        command(*args, **kwargs)

    return set_up


@dataclass
class Stopped:
    """The signal that asked the run to stop; None until one arrives."""

    signal: int | None = None


@contextmanager
def stopped_between_steps() -> Iterator[Stopped]:
    """Record Ctrl-C (SIGINT) and SIGTERM, so that the work can stop between two steps.

    A second signal stops the work at once by KeyboardInterrupt.
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


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 problem`, `2 problems`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


_MOST_SKIPPED_TOLD = 5


def tell_skipped(paths: Sequence[Path]) -> None:
    """Warn of files in folders that are neither images nor documents."""
    if paths:
        names = [shown_name(path.name) for path in paths[:_MOST_SKIPPED_TOLD]]
        more = ", …" if len(paths) > _MOST_SKIPPED_TOLD else ""
        told = f"{count(len(paths), 'file')} in the folders left out, hidden, no image, or results of a batch"
        click.echo(f"Warning: {told}: {', '.join(names)}{more}", err=True)


def config() -> "Config":
    """Read the settings from the environment. Raises ConfigurationError."""
    from omrclip.config import Config

    return Config.from_env(os.environ)
