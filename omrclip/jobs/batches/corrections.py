"""The sheets of a batch with the corrections of people, for its tables and its lines of JSON."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from omrclip.errors import Problem
from omrclip.jobs.batches.ledger import Ledger, json_line, sheet_of
from omrclip.omr.report.sheet import DOUBTFUL, Sheet
from omrclip.schemas.corrections import Correction, corrected
from omrclip.schemas.wire import invalid_request
from omrclip.storage.blobs import BlobStore


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


def corrected_sheets(store: BlobStore, corrections: Iterable[Correction]) -> Iterator[Sheet]:
    """All sheets that are done, in the order of their names, with the corrections that hold."""
    for sheet, _ in _sheets(store, corrections):
        yield sheet


def corrected_lines(store: BlobStore, corrections: Iterable[Correction]) -> Iterator[bytes]:
    """The lines of `results.jsonl`. Each has the key Corrections: title → Value and By."""
    for sheet, record in _sheets(store, corrections):
        told = {title: {"Value": one.value, "By": one.by or None} for title, one in sheet.corrections.items()}
        yield json_line({**json.loads(record), "Corrections": told})


def _sheets(store: BlobStore, corrections: Iterable[Correction]) -> Iterator[tuple[Sheet, bytes]]:
    by_sheet = _by_sheet(corrections)
    ledger = Ledger(store)
    for record in ledger.records(ledger.scans().values()):
        sheet = sheet_of(record)
        found = corrected(sheet.recognition, by_sheet.get(sheet.recognition.scan, ()))
        yield replace(sheet, corrections=found), record


def _by_sheet(corrections: Iterable[Correction]) -> dict[int | str, list[Correction]]:
    by_sheet = defaultdict[int | str, list[Correction]](list)
    for one in corrections:
        by_sheet[one.scan].append(one)
    return by_sheet
