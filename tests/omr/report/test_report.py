"""The report is one file that needs nothing else, tells what was read, and runs nothing of what it shows."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from omrclip.errors import Failure
from omrclip.omr.recognition import Recognition
from omrclip.omr.report import report
from omrclip.omr.report.counts import Counts
from omrclip.omr.report.report import Report
from omrclip.omr.report.sheet import Corrected, Sheet
from omrclip.omr.results import MarkThresholds
from tests.omr.recognized import ELEMENTS, bent, recognition

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
FAILED = Recognition("b.png", error=Failure("corrupt_image", "It is cut off."))


def written(*sheets: Sheet, title: str = "Exam") -> str:
    counts = Counts()
    made = Report(title, MarkThresholds(), counts)
    for sheet in sheets:
        counts.add(sheet)
        made.add(sheet)
    return made.html()


class Tags(HTMLParser):
    """The tags and attributes of a document, and whether all tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in ("meta", "line", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


def text_of(document: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", document.partition("</style>")[2]))


def test_it_tells_the_results() -> None:
    certain = Sheet(recognition(elements=ELEMENTS[:2], seconds=0.5))
    text = text_of(written(Sheet(recognition()), certain, Sheet(FAILED)))
    for told in (
        "3 scans",
        "2 passed",
        "1 failed",
        "2 answers to check",
        "passed, nothing to check: 1 (33 %)",
        "passed, with answers to check: 1 (33 %)",
        "corrupt image 1",
        "b.png It is cut off.",
        "scan.png Q4 uncertain The mark on A is faint.",
        "not marked: 10 marked: 6",
        "Skew in degrees",
        "Time per scan",
    ):
        assert told in text, told


def test_corrected_answers_are_not_to_be_checked() -> None:
    corrections = {"Q3": Corrected("A"), "Q4": Corrected("A")}
    text = text_of(written(Sheet(recognition(), corrections=corrections)))
    assert "0 answers to check" in text
    assert "2 answers corrected" in text
    assert "passed, nothing to check: 1 (100 %)" in text


def test_it_is_one_file_without_scripts() -> None:
    document = written(Sheet(recognition()), Sheet(FAILED))
    tags = Tags(document)
    assert tags.open == []
    assert not tags.names & {"script", "link", "img", "iframe", "object", "a", "form"}
    assert not {name for name in tags.attributes if name.startswith("on") or name in ("src", "href")}
    assert "default-src 'none'" in document
    assert "url(" not in document
    assert "@import" not in document


@pytest.mark.parametrize("place", ["title", "scan", "value", "element", "message", "bubble", "reason"])
def test_what_was_read_is_shown_and_not_run(place: str) -> None:
    element = replace(ELEMENTS[3], value=HOSTILE) if place == "value" else ELEMENTS[3]
    element = replace(element, name=HOSTILE) if place == "element" else element
    element = replace(element, message=HOSTILE) if place == "message" else element
    if place == "bubble":
        element = replace(element, bubbles=(replace(element.bubbles[0], value=HOSTILE),))
    failed = replace(FAILED, error=Failure("corrupt_image", HOSTILE)) if place == "reason" else FAILED
    read = recognition(elements=(element,), scan=HOSTILE if place == "scan" else "a.png")
    document = written(Sheet(read), Sheet(failed), title=HOSTILE if place == "title" else "Exam")
    assert not Tags(document).names & {"script", "img"}
    assert "&lt;script&gt;" in document


def test_lists_are_bounded_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOST_FAILED", "MOST_DOUBTFUL", "MOST_ELEMENTS", "MOST_RANKED"):
        monkeypatch.setattr(report, name, 2)
    text = text_of(written(*[Sheet(recognition())] * 3, *[Sheet(FAILED)] * 3))
    assert "These are the first 2 of 3." in text
    assert "These are the first 2 of 6." in text
    assert text.count("more elements are in the sheet Counts.") == 2


def test_turned_pages_count_as_turned_and_not_as_skewed() -> None:
    found = bent()
    half = np.array([[-2, 0, 650], [0, -2, 460], [0, 0, 1]], np.float64)
    turned = replace(found, page_to_scan=half, bend=None)
    upright = replace(found, page_to_scan=np.array([[2, 0, 50], [0, 2, 60], [0, 0, 1]], np.float64), bend=None)
    text = text_of(written(*(Sheet(recognition(registration=one)) for one in (turned, upright))))
    assert "Scans turned by a quarter or half turn: 1." in text
    assert "0°, Skew in degrees: 2" in text


def test_a_report_of_nothing_is_a_document() -> None:
    assert "0 scans" in text_of(written())
    assert Tags(written()).open == []
    assert "1 failed" in text_of(written(Sheet(FAILED)))
