"""The files about all scans of a batch. They are written from the ledger when all scans are done."""

from omrclip.jobs.batches.ledger import Ledger, sheet_of
from omrclip.jobs.tables import TableOptions, open_tables
from omrclip.omr.report.table import ResultsTable
from omrclip.omr.results import MarkThresholds
from omrclip.omr.template import Template
from omrclip.storage.blobs import BlobStore

LINES_NAME = "results.jsonl"


def write_results(store: BlobStore, template: Template, options: TableOptions, thresholds: MarkThresholds) -> None:
    """Write `results.jsonl`, the tables and `report.html` with all scans of the ledger, sorted by their names.

    The workbook is left out if it has too few columns for the template.

    Raises:
        DamagedRecord, NotFound, StorageUnavailable: the folder of the batch cannot be read or written.
    """
    ledger = Ledger(store)
    table = ResultsTable.of(template, marks_separator=options.marks_separator)
    with store.scratch() as folder:
        title = template.name or "Results"
        with (
            (folder / LINES_NAME).open("wb") as lines,
            open_tables(folder, table, options, title, thresholds) as tables,
        ):
            for record in ledger.records(ledger.scans().values()):
                lines.write(record)
                tables.add(sheet_of(record))
        names = sorted(file.name for file in folder.iterdir())
        for name in names:
            store.put_file(name, folder / name)
    store.flush(names)
