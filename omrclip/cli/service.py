"""`omrclip init` and `omrclip serve`."""

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from omrclip.cli.common import FAILED, config, count, telling
from omrclip.config import STORES, Config, default_home


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path))
@telling
def init(folder: Path | None) -> None:
    """Create the home folder DIR with folders for templates, images and results, and with the sample forms.

    Without DIR it is OMRCLIP_HOME, or else the platform's folder for application data. The command never overwrites
    files. It adds missing ones.

    Exit status: 0 if all samples are there, 1 if files with their names were there and differ, 2 if an error stopped
    the command.
    """
    from omrclip.storage.home import make_home

    home = folder or Path(str(config().home))
    made = make_home(home)
    click.echo(f"The home folder is {home.absolute()}. {count(len(made.added), 'file')} added.")
    if made.differing:
        heading = "These files were there already and differ from the samples. They were not overwritten:"
        click.echo("\n  ".join((heading, *made.differing)), err=True)
    click.echo(f"Start the service with: {_command('serve', home)}")
    sys.exit(FAILED if made.differing else 0)


@click.command()
@click.option("--host", help="Address to listen on. [default: OMRCLIP_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on. [default: OMRCLIP_PORT or 8080]")
@click.option(
    "--home",
    metavar="DIR",
    help="Folder that holds the next three. [default: OMRCLIP_HOME or the folder for data of applications]",
)
@click.option("--templates", metavar="DIR", help="Folder of the templates. [default: OMRCLIP_TEMPLATES or in the home]")
@click.option("--images", metavar="DIR", help="Folder of the images. [default: OMRCLIP_IMAGES or in the home]")
@click.option("--results", metavar="DIR", help="Folder of the results. [default: OMRCLIP_RESULTS or in the home]")
@telling
def serve(**options: str | int | None) -> None:
    """Start the web service. Its settings are OMRCLIP_* environment variables, listed in docs/settings.md.

    Each option stands for the variable of its name. The service also starts if it cannot write to a folder. It prints a
    warning, because a folder may be read-only on purpose.
    """
    from omrclip.storage.home import has_templates, unwritable_folders
    from omrclip.web.serve import serve as serve_config

    given = {f"OMRCLIP_{name.upper()}": str(value) for name, value in options.items() if value is not None}
    settings = Config.from_env({**os.environ, **given})
    if problems := list(unwritable_folders(settings)):
        heading = (
            "Warning: omrclip cannot write to these folders. Requests that store files there will fail (503 or 507)."
        )
        click.echo("\n  ".join((heading, *problems)), err=True)
    offers_samples = not has_templates(settings)
    serve_config(
        settings, lambda address: click.echo("\n".join(_greeting(settings, address, offers_samples)), err=True)
    )


def _greeting(settings: Config, address: str, offers_samples: bool) -> Iterator[str]:
    """The lines that say where the service is, where its folders are, and how to stop it."""
    yield f"omrclip listens on {address}. Stop it with Ctrl-C."
    for store in STORES:
        url = getattr(settings, store)
        yield f"  {store.capitalize() + ':':10} {url if '://' in url else Path(url).absolute()}"
    home = Path(str(settings.home))
    yield from _access(settings)
    if offers_samples and Path(settings.templates) == home / "templates":
        yield f"There are no templates yet. Add the sample forms with: {_command('init', home)}"


def _access(settings: Config) -> Iterator[str]:
    """The line about the log-in that is printed at the start."""
    from omrclip.storage.accounts import Accounts

    if Accounts(str(settings.accounts)).any():
        yield "Users and clients must log in."
    else:
        yield "There are no users. Everybody on this machine can use the service without a log-in."


def _command(name: str, home: Path) -> str:
    """A command line for the home folder, as it can be typed."""
    is_default = str(home) == (os.environ.get("OMRCLIP_HOME") or default_home())
    if is_default:
        return f"omrclip {name}"
    return shlex.join(["omrclip", name, *(["--home"] if name == "serve" else []), str(home)])
