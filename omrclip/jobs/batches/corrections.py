"""The sheets of a batch with the corrections of people, for its tables and its lines of JSON."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from tempfile import TemporaryFile
from typing import TypeAlias

from omrclip.errors import Problem
from omrclip.jobs.batches.ledger import Ledger, json_line, record_of, sheet_of
from omrclip.jobs.batches.rows import BatchRows, Row
from omrclip.omr.report.booklets import BookletPage
from omrclip.omr.report.sheet import DOUBTFUL, Sheet
from omrclip.schemas.corrections import Correction, corrected
from omrclip.schemas.wire import invalid_request
from omrclip.storage.blobs import BlobStore

BySheet: TypeAlias = Mapping[int | str, Sequence[Correction]]
"""Corrections by the names of their sheets."""


def corrected_targets(store: BlobStore, wanted: Iterable[Correction]) -> dict[str, Sheet]:
    """The sheets that corrections are of, by name.

    Raises:
        InvalidRequest: the folder of the batch has no such sheets, or these have no such elements.
    """
    ledger = Ledger(store)
    done = ledger.scans()
    problems = []
    sheets: dict[str, Sheet] = {}
    for index, one in enumerate(wanted):
        name, path = str(one.scan), f"$.Corrections[{index}]"
        if name not in done:
            problems.append(Problem(f"{path}.Sheet", "the name of a sheet of the batch that is done"))
            continue
        if name not in sheets:
            sheets[name] = sheet_of(next(ledger.records([done[name]])))
        if not corrected(sheets[name].recognition, [replace(one, value="")]):
            problems.append(Problem(f"{path}.Name", "the name of an element of this sheet, with its Path if needed"))
    if problems:
        raise invalid_request(problems)
    return sheets


def reviewed(sheets: Mapping[str, Sheet], corrections: Iterable[Correction]) -> dict[str, bool]:
    """For each sheet whether it has doubtful answers, all of which have a correction.

    Args:
        sheets: the sheets by name.
        corrections: those that hold. One whose value is the value that was read confirms it.
    """
    by_sheet = _by_sheet(corrections)
    found = {}
    for name, sheet in sheets.items():
        doubtful = {element.title for element in sheet.recognition.elements if element.status in DOUBTFUL}
        found[name] = bool(doubtful) and doubtful <= corrected(sheet.recognition, by_sheet.get(name, ())).keys()
    return found


def corrected_rows(store: BlobStore, rows: BatchRows, corrections: Iterable[Correction]) -> Iterator[Row]:
    """The rows of all sheets that are done, with the corrections that hold, in the order of their names.

    The pages of a booklet are put together by corrected identifiers. In memory there are the identifiers of all scans.
    Raises OSError if there is no space for a temporary file.
    """
    by_sheet = _by_sheet(corrections)
    if not rows.are_booklets:
        for sheet, _ in _sheets(store, by_sheet):
            yield sheet, [sheet]
        return
    with TemporaryFile() as records:
        pages, places = list[BookletPage](), array("Q")
        for sheet, record in _sheets(store, by_sheet):
            places.append(records.tell())
            records.write(record)
            pages.append(rows.page(sheet))

        def sheet_at(index: int) -> Sheet:
            records.seek(places[index])
            return _corrected(records.readline(), by_sheet)

        yield from rows.booklets(pages, sheet_at)


def corrected_lines(store: BlobStore, corrections: Iterable[Correction]) -> Iterator[bytes]:
    """The lines of `results.jsonl`. Each has the key Corrections: title → Value and By."""
    for sheet, record in _sheets(store, _by_sheet(corrections)):
        told = {title: {"Value": one.value, "By": one.by or None} for title, one in sheet.corrections.items()}
        yield json_line({**record_of(record), "Corrections": told})


def _sheets(store: BlobStore, by_sheet: BySheet) -> Iterator[tuple[Sheet, bytes]]:
    ledger = Ledger(store)
    for record in ledger.records(ledger.scans().values()):
        yield _corrected(record, by_sheet), record


def _corrected(record: bytes, by_sheet: BySheet) -> Sheet:
    """The sheet of a record, with its corrections."""
    sheet = sheet_of(record)
    return replace(sheet, corrections=corrected(sheet.recognition, by_sheet.get(sheet.recognition.scan, ())))


def _by_sheet(corrections: Iterable[Correction]) -> BySheet:
    by_sheet = defaultdict[int | str, list[Correction]](list)
    for one in corrections:
        by_sheet[one.scan].append(one)
    return by_sheet
