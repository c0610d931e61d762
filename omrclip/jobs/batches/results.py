"""The files about all scans of a batch. They are written from the ledger when all scans are done."""

from array import array
from collections.abc import Sequence
from contextlib import ExitStack

from omrclip.jobs.batches.definition import stored_batch
from omrclip.jobs.batches.ledger import Ledger, sheet_of
from omrclip.jobs.batches.parquet import open_parquet
from omrclip.jobs.batches.rows import BatchRows
from omrclip.jobs.batches.shards import pack
from omrclip.jobs.tables import TableOptions, open_tables
from omrclip.omr.report.booklets import BookletPage
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.results import MarkThresholds
from omrclip.omr.template import Template
from omrclip.storage.blobs import BlobStore

LINES_NAME = "results.jsonl"


def write_results(
    store: BlobStore,
    templates: Sequence[Template],
    options: TableOptions,
    thresholds: MarkThresholds,
    *,
    parquet: bool = False,
) -> None:
    """Write `results.jsonl`, the tables and `report.html` with all scans of the ledger, sorted by their names.

    `results.jsonl` has a line for each scan. The tables have a row for each booklet if the pages of a respondent are
    put together, see `put_together`, otherwise one for each scan. In memory there are the identifiers of all scans, and
    the sheets of one booklet.

    The workbook is left out if it has too few columns for the template.

    Args:
        store: the folder of the batch.
        templates: give the columns.
        options: of the tables.
        thresholds: those of the recognition, for the report.
        parquet: whether to write `results.parquet` too.

    Raises:
        DamagedRecord, NotFound, StorageUnavailable: the folder of the batch cannot be read or written.
        ConfigurationError: pyarrow is not installed.
    """
    ledger, batch = Ledger(store), stored_batch(store)
    pack(store, ledger)
    rows = BatchRows.of(batch, templates)
    table = rows.columns(options.marks_separator)
    title = " and ".join(template.name for template in templates if template.name) or "Results"
    with store.scratch() as folder:
        with ExitStack() as stack:
            lines = stack.enter_context((folder / LINES_NAME).open("wb"))
            tables = stack.enter_context(open_tables(folder, table, options, title, thresholds))
            more = stack.enter_context(open_parquet(folder, table)) if parquet else None
            pages, places = list[BookletPage](), array("Q")
            for record in ledger.records(ledger.scans().values()):
                places.append(lines.tell())
                lines.write(record)
                sheet = sheet_of(record)
                if rows.are_booklets:
                    pages.append(rows.page(sheet))
                    continue
                row = tables.add(sheet)
                if more:
                    more.add(row)
            lines.flush()
            records = stack.enter_context((folder / LINES_NAME).open("rb"))

            def sheet_at(index: int) -> Sheet:
                records.seek(places[index])
                return sheet_of(records.readline())

            for booklet, sheets in rows.booklets(pages, sheet_at):
                row = tables.add_booklet(booklet, sheets)
                if more:
                    more.add(row)
        names = sorted(file.name for file in folder.iterdir())
        for name in names:
            store.put_file(name, folder / name)
    store.flush(names)
