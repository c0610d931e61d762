"""The report of many recognitions: one HTML file for people, without scripts and without anything from elsewhere."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from math import atan2, degrees
from typing import Final

import numpy as np

from omrclip.omr.registration.find import Registration
from omrclip.omr.report.counts import Counts, ElementCounts
from omrclip.omr.report.histogram import Histogram, Series, draw
from omrclip.omr.report.report_style import STYLE
from omrclip.omr.report.sheet import DOUBTFUL, Sheet
from omrclip.omr.results import BubbleResult, ElementResult, ElementStatus, MarkThresholds

MOST_FAILED: Final = 200
MOST_DOUBTFUL: Final = 500
MOST_ELEMENTS: Final = 400
MOST_RANKED: Final = 15
"""The failed scans, doubtful answers, elements, and elements with most doubtful answers that a report shows. The tables
have all."""

_QUARTER = 90.0
_COMPLETE, _INCOMPLETE, _ALONE = "complete booklets", "booklets with missing or doubled pages", "pages in no booklet"


class Report:
    """Collects the data of a report, sheet by sheet. Memory does not grow with the number of sheets.

    Attributes:
        sheets, passed: how many sheets there are, and how many passed.
        certain: how many of those that passed have no doubtful answer.
        seconds: the time of all recognitions together.
    """

    def __init__(self, title: str, thresholds: MarkThresholds, counts: Counts) -> None:
        """Begin a report.

        Args:
            title: its heading, such as the template's name.
            thresholds: those of the recognitions, which the histogram of fills shows.
            counts: of the same sheets. The caller adds the sheets to it.
        """
        self.sheets = self.passed = self.certain = 0
        self.seconds = 0.0
        self._title = title
        self._thresholds = thresholds
        self._counts = counts
        self._pages = Counter[int]()
        self._booklets = Counter[str]()
        self._booklet_problems: list[tuple[str, str]] = []
        self._reasons = Counter[str]()
        self._failed: list[tuple[str, str]] = []
        self._doubtful: list[tuple[str, str, str, str, str]] = []
        self._doubtful_count = 0
        self._turned = 0
        self._marked, self._unmarked = Histogram(0, 1, 0.02), Histogram(0, 1, 0.02)
        self._skew = Histogram(-10, 10, 0.25)
        self._across, self._down = Histogram(-25, 25, 0.5), Histogram(-25, 25, 0.5)
        self._residual = Histogram(0, 10, 0.25)
        self._times = Histogram(0, 20, 0.05)

    def add(self, sheet: Sheet) -> None:
        """Add a sheet."""
        recognition = sheet.recognition
        self.sheets += 1
        self.seconds += recognition.seconds
        self._times.add(recognition.seconds)
        if recognition.error:
            self._reasons[recognition.error.code] += 1
            if len(self._failed) < MOST_FAILED:
                self._failed.append((recognition.scan, sheet.reason))
            return
        self.passed += 1
        self._pages[recognition.page or 0] += 1
        if recognition.registration:
            self._add_offsets(recognition.registration)
        before = self._doubtful_count
        for element in recognition.elements:
            self._add_doubtful(sheet, element)
        bubbles = [bubble for element in recognition.elements for bubble in _bubbles(element)]
        self._marked.add(*(bubble.fill for bubble in bubbles if bubble.marked))
        self._unmarked.add(*(bubble.fill for bubble in bubbles if not bubble.marked))
        self.certain += self._doubtful_count == before

    def add_booklet(self, row: Sheet) -> None:
        """Add the row of a booklet, or of a page that is in none. Its sheets are added by `add`."""
        if not row.booklet:
            self._booklets[_ALONE] += row.recognition.passed
        else:
            self._booklets[_INCOMPLETE if row.problems else _COMPLETE] += 1
        if row.problems and len(self._booklet_problems) < MOST_FAILED:
            self._booklet_problems.append((row.recognition.scan, " ".join(row.problems)))

    def _add_doubtful(self, sheet: Sheet, element: ElementResult) -> None:
        if element.status not in DOUBTFUL or sheet.correction(element.title) is not None:
            return
        self._doubtful_count += 1
        if len(self._doubtful) < MOST_DOUBTFUL:
            told = (sheet.recognition.scan, element.title, element.value, str(element.status), element.message)
            self._doubtful.append(told)

    def _add_offsets(self, registration: Registration) -> None:
        """Count where the page lies in the scan, by its center and its horizontal direction."""
        page, scan = registration.page, registration.scan
        center = (page.width / 2, page.height / 2)
        points = registration.to_scan(np.array([center, (center[0] + page.width / 4, center[1])]))
        (x, y), (right_x, right_y) = points.tolist()
        angle = degrees(atan2(right_y - y, right_x - x))
        quarters = round(angle / _QUARTER)
        self._turned += quarters != 0
        self._skew.add(angle - quarters * _QUARTER)
        self._across.add(100 * (x / scan.width - 0.5))
        self._down.add(100 * (y / scan.height - 0.5))
        if registration.residual is not None:
            self._residual.add(registration.residual)

    def html(self) -> str:
        """The report as an HTML document."""
        sections = (
            self._result_section(),
            self._booklet_section(),
            self._marks_section(),
            self._check_section(),
            self._fill_section(),
            self._offset_section(),
            self._time_section(),
        )
        title = escape(self._title)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title} · Report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
            f"<h1>{title}</h1>\n{self._tiles()}\n{''.join(filter(None, sections))}</main>\n</body>\n</html>\n"
        )

    def _tiles(self) -> str:
        answers = sum(element.sheets for element in self._counts)
        blank = sum(element.statuses[ElementStatus.BLANK] for element in self._counts)
        corrected = sum(element.corrected for element in self._counts)
        tiles = [
            (f"{self.sheets:,}", "scans"),
            (f"{self.passed:,}", "passed"),
            (f"{self.sheets - self.passed:,}", "failed"),
            (
                f"{self._doubtful_count:,}",
                f"answers to check, {_percent(self._doubtful_count, answers)} of {answers:,}",
            ),
            (f"{blank:,}", f"blank answers, {_percent(blank, answers)}"),
        ]
        if corrected:
            tiles.append((f"{corrected:,}", "answers corrected"))
        cells = "".join(f"<div><strong>{value}</strong><span>{label}</span></div>" for value, label in tiles)
        return f'<div class="tiles">{cells}</div>'

    def _result_section(self) -> str:
        parts = [
            ("pass", "passed, nothing to check", self.certain),
            ("uncertain", "passed, with answers to check", self.passed - self.certain),
            ("fail", "failed", self.sheets - self.passed),
        ]
        body = _stack(parts, self.sheets)
        if len(self._pages) > 1:
            rows = ((f"Page {page}" if page else "Unknown page", count) for page, count in sorted(self._pages.items()))
            body += "<h3>Pages of the template</h3>" + _bars(rows, self.passed, "marked")
        if self._reasons:
            rows = ((code.replace("_", " "), count) for code, count in self._reasons.most_common())
            body += "<h3>Why scans failed</h3>" + _bars(rows, self.sheets, "fail")
            body += _listed("Failed scans", ("Image", "Reason"), self._failed, self.sheets - self.passed)
        return _section("Scans by result", body)

    def _booklet_section(self) -> str:
        if not self._booklets:
            return ""
        rows = [(kind, self._booklets[kind]) for kind in (_COMPLETE, _INCOMPLETE, _ALONE)]
        body = _bars(rows, sum(self._booklets.values()), "marked")
        told = self._booklet_problems
        if told:
            body += _listed("Problems", ("Images", "Problem"), told, len(told))
        return _section("Booklets", body)

    def _check_section(self) -> str:
        wanted = [element for element in self._counts if element.doubtful or element.statuses[ElementStatus.BLANK]]
        if not wanted:
            return ""
        wanted.sort(key=lambda element: (-element.doubtful, -element.statuses[ElementStatus.BLANK]))
        rows = [
            (
                element.title,
                *(f"{element.statuses[status]:,}" for status in (*DOUBTFUL, ElementStatus.BLANK)),
                f"{element.sheets:,}",
                _percent(element.doubtful, element.sheets),
            )
            for element in wanted[:MOST_RANKED]
        ]
        heads = ("Element", "Uncertain", "Several marks", "Blank", "Answers", "To check")
        body = "<p>The elements with most answers to check come first.</p>" + _table(heads, rows, numbers=5)
        if len(wanted) > len(rows):
            body += f'<p class="muted">{len(wanted) - len(rows):,} more elements are in the sheet Counts.</p>'
        if self._doubtful:
            titles = ("Image", "Element", "Value", "Status", "Reason")
            body += _listed("Answers to check", titles, self._doubtful, self._doubtful_count)
        return _section("Doubtful and blank answers", body)

    def _marks_section(self) -> str:
        elements = [element for element in self._counts if element.marks]
        if not elements:
            return ""
        cards = "".join(map(_card, elements[:MOST_ELEMENTS]))
        body = f'<div class="cards">{cards}</div>'
        if len(elements) > MOST_ELEMENTS:
            body += f'<p class="muted">{len(elements) - MOST_ELEMENTS:,} more elements are in the sheet Counts.</p>'
        return _section("Marks per question", body)

    def _fill_section(self) -> str:
        series = [Series(self._unmarked, "unmarked", "not marked"), Series(self._marked, "marked", "marked")]
        lines = [(self._thresholds.blank, "blank"), (self._thresholds.marked, "marked")]
        drawn = draw(series, "How many bubbles have which fill, logarithmic", "", lines=lines, is_log=True)
        if not drawn:
            return ""
        body = (
            "<p>How much of a bubble is covered, from 0 to 1, for all bubbles. The heights are logarithmic. The two "
            "groups should lie apart: bubbles between them are hard to tell. The lines are the thresholds; a page "
            "may ask for more.</p>"
        )
        legend = _legend((("unmarked", "not marked", self._unmarked.total), ("marked", "marked", self._marked.total)))
        return _section("Fill of bubbles", body + legend + drawn)

    def _offset_section(self) -> str:
        drawn = [
            ("Skew in degrees", self._skew, "°"),
            ("Shift to the right, in percent of the scan's width", self._across, " %"),
            ("Shift downward, in percent of the scan's height", self._down, " %"),
            ("Deviation of printed details, in pixels of the template", self._residual, " px"),
        ]
        figures = [
            f"<figure><figcaption>{title}</figcaption>{draw([Series(values, 'marked', title)], title, unit)}</figure>"
            for title, values, unit in drawn
            if values.counts
        ]
        if not figures:
            return ""
        turned = f"<p>Scans turned by a quarter or half turn: {self._turned:,}.</p>" if self._turned else ""
        return _section("Offsets of the page in the scan", turned + f'<div class="figures">{"".join(figures)}</div>')

    def _time_section(self) -> str:
        if not self.seconds:
            return ""
        mean = self.seconds / self.sheets
        body = f"<p>{_duration(self.seconds)} of work for all scans, {mean:.2f} s for each.</p>"
        series = [Series(self._times, "marked", "scans")]
        return _section("Time per scan", body + draw(series, "How many scans took which time, in seconds", " s"))


def _bubbles(element: ElementResult) -> Iterator[BubbleResult]:
    """The bubbles of an element and its children."""
    yield from element.bubbles
    for child in element.children:
        yield from _bubbles(child)


def _card(element: ElementCounts) -> str:
    rows = [*element.marks.items()]
    if element.others:
        rows.append(("other", element.others))
    bars = _bars(rows, element.sheets, "marked")
    notes = [
        (f'<span class="{style}">{element.statuses[status]:,} {label}</span>')
        for status, style, label in (
            (ElementStatus.BLANK, "muted", "blank"),
            (ElementStatus.UNCERTAIN, "check", "uncertain"),
            (ElementStatus.MULTIPLE, "check", "several marks"),
        )
        if element.statuses[status]
    ]
    return f"<section><h3>{escape(element.title)}</h3>{bars}<p>{' · '.join(notes)}</p></section>"


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n{body}\n</section>\n"


def _bars(rows: Iterable[tuple[str, int]], total: int, style: str) -> str:
    """Horizontal bars with their labels, counts and shares."""
    drawn = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        f'<td class="bar"><i class="{style}" style="width:{_share(count, total)}%"></i></td>'
        f"<td>{count:,}</td><td>{_percent(count, total)}</td></tr>"
        for label, count in rows
    )
    return f'<table class="bars"><tbody>{drawn}</tbody></table>'


def _stack(parts: Sequence[tuple[str, str, int]], total: int) -> str:
    """One bar of several parts, with its legend."""
    pieces = "".join(
        f'<i class="{style}" style="width:{_share(count, total)}%" title="{label}: {count:,}"></i>'
        for style, label, count in parts
        if count
    )
    return f'<div class="stack">{pieces}</div>' + _legend(parts, total)


def _legend(parts: Sequence[tuple[str, str, int]], total: int = 0) -> str:
    items = "".join(
        f'<li><i class="{style}"></i>{label}: {count:,}{f" ({_percent(count, total)})" if total else ""}</li>'
        for style, label, count in parts
    )
    return f'<ul class="legend">{items}</ul>'


def _listed(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], total: int) -> str:
    """A table that people can open and close."""
    more = f'<p class="muted">These are the first {len(rows):,} of {total:,}. The tables list all.</p>'
    opened = _table(heads, rows) + (more if total > len(rows) else "")
    return f"<details><summary>{title} ({total:,})</summary>{opened}</details>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """A table whose last columns, as many as `numbers`, contain numbers."""
    kinds = [""] * (len(heads) - numbers) + [' class="number"'] * numbers
    head = "".join(f'<th scope="col"{kind}>{text}</th>' for text, kind in zip(heads, kinds, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{kind}>{escape(text)}</td>' for text, kind in zip(row, kinds, strict=True))}</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _share(count: int, total: int) -> str:
    return f"{100 * count / total if total else 0:.2f}"


def _percent(count: int, total: int) -> str:
    share = 100 * count / total if total else 0
    return f"{share:.1f} %" if 0 < share < 10 else f"{share:.0f} %"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
