"""The rows of the tables of a batch: one for each booklet, or one for each scan."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from omrclip.jobs.batches.definition import Batch
from omrclip.omr.report.booklets import (
    BookletPage,
    BookletTitles,
    booklet_page,
    booklet_sheet,
    check_identifiers,
    put_together,
)
from omrclip.omr.report.sheet import Sheet
from omrclip.omr.report.table import ResultsTable
from omrclip.omr.template import Template

Row: TypeAlias = tuple[Sheet, Sequence[Sheet]]
"""A row of the tables, and the sheets of the scans that it shows."""


@dataclass(frozen=True, slots=True)
class BatchRows:
    """Which columns and rows the tables of a batch have.

    Attributes:
        templates: by their names in the batch.
        identifiers: the element that identifies the booklets of each template that has one.
    """

    templates: Mapping[str, Template]
    identifiers: Mapping[str, str]

    @classmethod
    def of(cls, batch: Batch, templates: Sequence[Template]) -> "BatchRows":
        """The rows of a batch. `templates` are those of `Batch.load`."""
        named = batch.named(templates)
        return cls(named, check_identifiers(named, batch.booklet_by))

    @property
    def are_booklets(self) -> bool:
        """Whether a row shows a booklet. Else each scan has one."""
        return bool(self.identifiers) or any(len(template.pages) > 1 for template in self.templates.values())

    def columns(self, marks_separator: str | None = None, *, has_corrections: bool = False) -> ResultsTable:
        """The columns."""
        table = (
            ResultsTable.of_booklets(self.templates, self._titles(), marks_separator)
            if self.are_booklets
            else ResultsTable.of(*self.templates.values(), marks_separator=marks_separator)
        )
        return replace(table, has_corrections=has_corrections)

    def page(self, sheet: Sheet) -> BookletPage:
        """What a scan says about its booklet."""
        return booklet_page(sheet, self.identifiers.get(sheet.recognition.template))

    def booklets(self, pages: Sequence[BookletPage], sheet: Callable[[int], Sheet]) -> Iterator[Row]:
        """Yield the rows of booklets, and of the pages that are in none, in the order of their first scans.

        Args:
            pages: those of all scans, in order.
            sheet: reads the sheet of a scan, by its index.
        """
        titles = self._titles()
        counts = {name: len(template.pages) for name, template in self.templates.items()}
        for booklet in put_together(pages, counts, tuple(self.identifiers)):
            sheets = [titles.renamed(sheet(place)) for place in booklet.places]
            yield booklet_sheet(booklet, sheets), sheets

    def _titles(self) -> BookletTitles:
        return BookletTitles(self.templates, self.identifiers)
