"""Running the web service: `omrclip serve`."""

import click

from omrclip.cli.common import config, telling


@click.command()
@click.option("--host", help="Address to listen on; else OMRCLIP_HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; else OMRCLIP_PORT, else 8080.")
@telling
def serve(host: str | None, port: int | None) -> None:
    """Run the web service. The settings are OMRCLIP_* environment variables; docs/settings.md lists them.

    Folders that cannot be written are told at the start. That is no error: they may be read-only on purpose.
    """
    from dataclasses import replace
    from functools import partial

    from omrclip.storage.starting import unwritable_folders
    from omrclip.web.serve import serve as serve_config

    settings = config()
    if problems := list(unwritable_folders(settings)):
        heading = "warning: these folders cannot be written; requests that write there are answered 503 or 507:"
        click.echo("\n  ".join((heading, *problems)), err=True)
    settings = replace(settings, host=host or settings.host, port=port or settings.port)
    serve_config(settings, partial(click.echo, err=True))
