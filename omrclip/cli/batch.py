"""`omrclip batch`."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omrclip.cli.common import FAILED, FILE, Stopped, config, count, stopped_between_steps, tell_skipped, telling
from omrclip.cli.progress import KINDS, shown_progress
from omrclip.cli.recognition import loaded_options, takes_options, takes_table_options, warn_of_columns
from omrclip.errors import InvalidRequest, OmrclipError
from omrclip.omr.report.file_names import file_key, shown_name

if TYPE_CHECKING:
    from omrclip.jobs.batches.definition import Batch
    from omrclip.jobs.batches.engine import BatchJob, BatchRun
    from omrclip.jobs.batches.executors import Executor
    from omrclip.jobs.batches.ledger import Counts
    from omrclip.jobs.batches.work import Task

TEMPLATE_SUFFIX = ".omr"
_PASSWORD = re.compile(r"://[^/@]*@")
"""The name and password in a URL, which are not shown."""


@click.command()
@click.argument("files", metavar="TEMPLATE... SOURCE...", nargs=-1, required=True)
@click.option(
    "--template-image",
    type=FILE,
    help="Image of the blank page, or a PDF or TIFF file of all blank pages. "
    "[default: the image or PDF file with the same name beside the template]",
)
@click.option("--out", metavar="URL", required=True, help="Folder for the results, or an fsspec URL such as s3://…")
@takes_options
@takes_table_options
@click.option(
    "--booklet-by",
    metavar="NAME",
    help="Element with the identifier of a respondent, on each page: pages with the same value become one booklet. "
    "[default: BookletBy of the templates]",
)
@click.option("--restart", is_flag=True, help="Delete the results of the batch in the folder and start again.")
@click.option("--retry-failed", is_flag=True, help="Recognize scans again that failed in an earlier run.")
@click.option("--shards", is_flag=True, help="Write clips into tar files, for millions of clips.")
@click.option("--parquet", is_flag=True, help="Write results.parquet too. Needs the extra omrclip[parquet].")
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where scans are recognized: in processes of this machine, or on a Dask cluster (extra omrclip[dask]).",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Address of the Dask scheduler, such as tcp://host:8786. [default: a cluster of processes is started here]",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Number of processes. [default: one for each processor]")
@click.option(
    "--progress",
    type=click.Choice(KINDS),
    default="auto",
    show_default=True,
    help="How progress is shown on standard error: a bar on a terminal and lines elsewhere, lines, JSON lines for "
    "programs, or not at all.",
)
@telling
def batch(
    files: Sequence[str],
    template_image: Path | None,
    out: str,
    booklet_by: str | None,
    restart: bool,
    retry_failed: bool,
    separator: str,
    marks_separator: str | None,
    shards: bool,
    parquet: bool,
    engine: str,
    scheduler: str | None,
    workers: int | None,
    progress: str,
    **options: Any,
) -> None:
    """Recognize stacks of paper: all scans in SOURCE... with the templates, which are files that end in .omr.

    With several templates, or templates of several pages, each scan must fit exactly one page.
    The pages of one respondent become one row of the tables.

    Writes the clips, the results of each scan, and results.csv, results.xlsx, results.jsonl and report.html
    for all scans.

    If the command was stopped or killed, run it again to continue. To add scans, run it with the same templates,
    options and folder.

    Exit status: 0 if every scan passed, 1 if some failed, 2 if an error stopped the command, 130 after Ctrl-C and 143
    after SIGTERM.
    """
    from omrclip.imaging.pdf_process import isolate_pdfs
    from omrclip.jobs.batches.engine import BatchJob, BatchRun
    from omrclip.jobs.batches.parquet import check_pyarrow
    from omrclip.jobs.batches.results import write_results
    from omrclip.jobs.sources import scans_in
    from omrclip.jobs.tables import TableOptions
    from omrclip.omr.report.table import Separator

    if scheduler is not None and engine != "dask":
        raise InvalidRequest("--scheduler needs --engine dask.")
    if parquet:
        check_pyarrow()
    settings = config()
    isolate_pdfs()
    templates, sources = _sorted(files)
    skipped: list[Path] = []
    scans = scans_in(map(_anywhere, sources), settings.limits.max_image_pixels, skipped.append, [Path(out)])
    tell_skipped(skipped)
    job = BatchJob(
        out=_anywhere(out),
        batch=_batch(templates, template_image, booklet_by, options),
        scans=scans,
        limits=settings.limits,
        memory_bytes=settings.memory_bytes,
        restart=restart,
        retry_failed=retry_failed,
        shards=shards,
    )
    with stopped_between_steps() as stopped, closing(BatchRun(job)) as run:
        _tell_renamed(job, run)
        with (
            _told_how_to_go_on(run),
            closing(_executor(engine, scheduler, workers)) as executor,
            shown_progress(progress, run.progress) as show,
        ):
            for step in run.work(executor, lambda: stopped.signal is not None):
                show(step)
        if run.progress.counts.done == run.progress.total:
            tables = TableOptions(Separator(separator), marks_separator)
            write_results(run.store, run.templates, tables, job.batch.options.thresholds, parquet=parquet)
        _end(run, out, stopped)


def _tell_renamed(job: "BatchJob", run: "BatchRun") -> None:
    """Print the scans that were renamed because another one has the same name."""
    renamed = [
        (given, named)
        for given, named in zip(job.scans, run.scans, strict=True)
        if shown_name(given.name) != named.name
    ]
    if renamed:
        given, named = renamed[0]
        click.echo(
            f"{count(len(renamed), 'scan')} with the name of another one got a number, such as {named.name!r} for "
            f"{shown_name(str(given.path or given.name))!r}.",
            err=True,
        )


@contextmanager
def _told_how_to_go_on(run: "BatchRun") -> Iterator[None]:
    """Print the progress so far if an error stops a batch."""
    try:
        yield
    except OmrclipError:
        click.echo(_stopped(run), err=True)
        raise


def _stopped(run: "BatchRun") -> str:
    return f"Stopped after {count(run.progress.counts.done, 'scan')}. Run the same command again to continue."


def _executor(engine: str, scheduler: str | None, workers: int | None) -> "Executor[Task, Counts]":
    from omrclip.jobs.batches.executors import LARGE_PAGES, LocalProcesses
    from omrclip.jobs.batches.work import recognize_scans

    os.environ.setdefault("GLIBC_TUNABLES", LARGE_PAGES)  # read when the processes start
    if engine == "dask":
        from omrclip.jobs.batches.dask import DaskCluster

        return DaskCluster(recognize_scans, scheduler, workers)
    return LocalProcesses(recognize_scans, workers or os.cpu_count() or 1)


def _anywhere(file: str) -> str:
    """A file or folder by its absolute path. URLs stay unchanged."""
    return file if "://" in file else str(Path(file).absolute())


def _sorted(files: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The templates, and the sources."""
    templates = [FILE.convert(file, None, None) for file in files if file.lower().endswith(TEMPLATE_SUFFIX)]
    sources = [file for file in files if not file.lower().endswith(TEMPLATE_SUFFIX)]
    if not templates:
        raise InvalidRequest(f"Expected at least one template, a file that ends in {TEMPLATE_SUFFIX}.")
    if not sources:
        raise InvalidRequest("Expected at least one file of scans after the template.")
    names = [file_key(template.stem) for template in templates]
    if len(set(names)) < len(names):
        raise InvalidRequest("The templates must have different names.")
    return templates, sources


def _batch(
    templates: Sequence[Path], template_image: Path | None, booklet_by: str | None, options: dict[str, Any]
) -> "Batch":
    from omrclip.jobs.batches.definition import Batch, BatchTemplate
    from omrclip.library import blank_page_beside, load_template
    from omrclip.schemas.template import template_warnings

    if template_image is not None and len(templates) > 1:
        raise InvalidRequest("--template-image needs one template. Put images of blank pages beside the templates.")
    given = []
    for template in templates:
        checked = load_template(template)
        for warning in template_warnings(checked):
            click.echo(f"Warning: {template.name}: {warning}", err=True)
        image = template_image or blank_page_beside(template)
        given.append(BatchTemplate(template.stem, template.read_bytes(), image.read_bytes() if image else None))
    batch = Batch(tuple(given), loaded_options(**options).as_saved, booklet_by)
    warn_of_columns(*batch.load(config().limits)[0])
    return batch


def _end(run: "BatchRun", out: str, stopped: Stopped) -> None:
    """Print the result, and exit."""
    counts, total = run.progress.counts, run.progress.total
    click.echo(
        f"{counts.passed:,} of {count(total, 'scan')} passed, {counts.doubtful:,} of them with doubtful answers."
    )
    if counts.done < total:
        click.echo(_stopped(run), err=True)
        sys.exit(128 + (stopped.signal or 0))
    click.echo(f"The results are in {_PASSWORD.sub('://', out)}.")
    sys.exit(FAILED if counts.failed else 0)
