"""The files about all scans of a batch. They are written from the ledger when all scans are done."""

from collections.abc import Sequence
from contextlib import ExitStack

from omrclip.jobs.batches.ledger import Ledger, sheet_of
from omrclip.jobs.batches.parquet import open_parquet
from omrclip.jobs.batches.shards import pack
from omrclip.jobs.tables import TableOptions, open_tables
from omrclip.omr.report.table import ResultsTable
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

    Clips of tasks become shards first. The workbook is left out if it has too few columns for the template.

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
    ledger = Ledger(store)
    pack(store, ledger)
    table = ResultsTable.of(*templates, marks_separator=options.marks_separator)
    title = " and ".join(template.name for template in templates if template.name) or "Results"
    with store.scratch() as folder:
        with ExitStack() as stack:
            lines = stack.enter_context((folder / LINES_NAME).open("wb"))
            tables = [stack.enter_context(open_tables(folder, table, options, title, thresholds)).add]
            if parquet:
                tables.append(stack.enter_context(open_parquet(folder, table)).add)
            for record in ledger.records(ledger.scans().values()):
                lines.write(record)
                sheet = sheet_of(record)
                for add in tables:
                    add(sheet)
        names = sorted(file.name for file in folder.iterdir())
        for name in names:
            store.put_file(name, folder / name)
    store.flush(names)
