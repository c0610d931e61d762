"""Running the web service: `omrclip serve`."""

import click

from omrclip.cli.common import config, telling


@click.command()
@click.option("--host", help="Address to listen on; else OMRCLIP_HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; else OMRCLIP_PORT, else 8080.")
@telling
def serve(host: str | None, port: int | None) -> None:
    """Run the web service. The settings are OMRCLIP_* environment variables; the README lists them."""
    from dataclasses import replace

    from omrclip.web.serve import serve as serve_config

    settings = config()
    serve_config(replace(settings, host=host or settings.host, port=port or settings.port))
