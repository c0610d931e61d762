"""`omrclip validate` and `omrclip schema`."""

import json
import sys
from pathlib import Path

import click

from omrclip.cli.common import FAILED, FILE, count, telling
from omrclip.errors import InvalidTemplate


@click.command()
@click.argument("template", type=FILE)
@telling
def validate(template: Path) -> None:
    """Check a template and list all its problems.

    Exit status: 0 if the template is valid, 1 if it is not.
    """
    from omrclip.schemas.template import load_template, template_warnings

    try:
        loaded = load_template(template.read_bytes())
    except InvalidTemplate as error:
        for problem in error.problems:
            click.echo(f"Error: {problem}")
        click.echo(f"{template.name}: {count(len(error.problems), 'problem')}")
        sys.exit(FAILED)
    for warning in template_warnings(loaded):
        click.echo(f"Warning: {warning}")
    elements = sum(len(page.elements) for page in loaded.pages)
    counts = f"pages: {len(loaded.pages)}, elements: {elements}, clip areas: {len(loaded.clip_areas)}"
    click.echo(f"{template.name}: valid; {counts}")


@click.command()
@telling
def schema() -> None:
    """Print the JSON Schema of the .omr format."""
    from omrclip.schemas.template import template_json_schema

    click.echo(json.dumps(template_json_schema(), indent=2))
