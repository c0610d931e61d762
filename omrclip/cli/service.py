"""`omrclip serve`."""

import click

from omrclip.cli.common import config, telling


@click.command()
@click.option("--host", help="Address to listen on. [default: OMRCLIP_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on. [default: OMRCLIP_PORT or 8080]")
@telling
def serve(host: str | None, port: int | None) -> None:
    """Start the web service. Its settings are OMRCLIP_* environment variables, listed in docs/settings.md.

    The service also starts if it cannot write to a folder. It prints a warning, because a folder may be read-only on
    purpose.
    """
    from dataclasses import replace
    from functools import partial

    from omrclip.storage.starting import unwritable_folders
    from omrclip.web.serve import serve as serve_config

    settings = config()
    if problems := list(unwritable_folders(settings)):
        heading = (
            "Warning: omrclip cannot write to these folders. Requests that store files there will fail (503 or 507)."
        )
        click.echo("\n  ".join((heading, *problems)), err=True)
    settings = replace(settings, host=host or settings.host, port=port or settings.port)
    serve_config(settings, partial(click.echo, err=True))
