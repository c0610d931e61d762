"""One form a person: what is filled in, how it is read, and tables that are refused."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest

from omrclip import Scan, recognize
from omrclip.errors import InvalidMarkup, InvalidRequest, LimitExceeded
from omrclip.imaging.codec import decode
from omrclip.imaging.pdf_pages import PdfPages
from omrclip.imaging.tiff.ranges import BytesReader
from omrclip.limits import DEFAULT_LIMITS as LIMITS
from omrclip.omr.authoring.generation.forms import generate
from omrclip.omr.authoring.generation.people import PersonalForms, generate_for, read_people
from omrclip.omr.authoring.generation.shapes import DPI
from omrclip.omr.authoring.generation.sheet import LAYOUTS
from omrclip.omr.authoring.rehearsal import rehearse
from omrclip.omr.template import Barcode
from omrclip.schemas.template import check_template

SOURCE = """?text=Exam of ${name}
?barcode=Person
	value=${id}
	barcode_type=code128
?answer_sheet=Q
	elements_count=8
"""
TABLE = "name;id\nAda Čapek;P-1\nBo;P-22222\n\nŁucja;P-3\n".encode()


def _made(source: str = SOURCE, table: bytes = TABLE) -> PersonalForms:
    return generate_for(read_people(table, "people.csv"), source.encode(), "exam")


@contextmanager
def _pages(pdf: bytes) -> Iterator[PdfPages]:
    with closing(PdfPages(BytesReader(pdf), LIMITS.max_image_pixels)) as pages:
        yield pages


def test_each_person_gets_a_form_that_one_template_reads() -> None:
    made = _made()
    template = made.form.template
    check_template(template)
    assert (template.booklet_by, made.form.warnings) == ("Person", ())
    with _pages(made.pdf) as pages:
        assert pages.count == 3
        printed = [decode(pages.render_page(number, DPI)) for number in (1, 2, 3)]
    sheets = [rehearse(template.pages[0], image, seed) for seed, image in enumerate(printed)]
    scans = [Scan(f"{number}.jpg", sheet.data) for number, sheet in enumerate(sheets)]
    for sheet, person, read in zip(
        sheets,
        ("P-1", "P-22222", "P-3"),
        recognize(template, scans, blank_page=made.form.pdf, workers=1),
        strict=True,
    ):
        values = {element.name: element.value for element in read.elements}
        assert values == {**sheet.values, "Person": person}


def test_the_blank_page_has_only_what_all_forms_have() -> None:
    made = _made()
    (blank,) = made.form.page_images()
    with _pages(made.pdf) as pages:
        printed = decode(pages.render_page(2, DPI)).astype(int)
    shown = decode(blank).astype(int)
    code = next(one for one in made.form.template.pages[0].elements if isinstance(one, Barcode))
    box = code.box
    assert (shown[box.top : box.top + box.height, box.left : box.left + box.width] == 255).all()
    below = box.top + box.height
    assert np.abs(shown[below:] - printed[below:]).max() == 0
    assert (printed[:below] < shown[:below]).any()


def test_the_pages_of_each_person_follow_each_other() -> None:
    page = "?page=\n?barcode=Person\n\tvalue=${id}\n?answer_sheet=Q\n\telements_count=4\n&page\n"
    made = _made(page * 2)
    assert len(made.form.template.pages) == 2
    with _pages(made.pdf) as pages:
        scans = [Scan(f"{number}.png", pages.render_page(number, DPI)) for number in (3, 4)]
    read = list(recognize(made.form.template, scans, blank_page=made.form.pdf, workers=1))
    assert [one.page for one in read] == [1, 2]
    assert [{e.name: e.value for e in one.elements}["Person"] for one in read] == ["P-22222", "P-22222"]


MANY = """?page=
?container=head
	columns_proportions=50%-50%
?block=A
	border=square
?content=Name: ${name}
?content=Class
?content=Class
&block
?block=B
	column=2
?barcode=Person
	value=${id}
?vertical_choicebox=V
?answer=x
?content=${name}
&answer
?answer=y
?content=y
&answer
&vertical_choicebox
&block
&container
#How, ${name}?
	() a () b

?answer_sheet=Q
	elements_count=8
?container=foot
	type=footer
?block=
?content=below
?content=${id}
&block
&container
&page
?page=
#And?
	() a () b

&page
"""


def test_what_all_forms_have_in_common_is_laid_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    laid_out: list[str] = []
    plain = LAYOUTS["answer_sheet"]
    monkeypatch.setitem(LAYOUTS, "answer_sheet", lambda *args: (laid_out.append("Q"), plain(*args))[1])
    people = read_people(TABLE, "people.csv")
    made = generate_for(people, MANY.encode(), "exam")
    assert laid_out == ["Q"]
    with _pages(made.pdf) as pages:
        for number, person in enumerate(people):
            source = MANY
            for key, value in person.values.items():
                source = source.replace(f"${{{key}}}", value)
            alone = generate(source.encode(), "exam").page_images()
            for page, image in enumerate(alone, start=1):
                printed = decode(pages.render_page(2 * number + page, DPI)).astype(int)
                assert np.abs(printed - decode(image)).max() <= 1  # rounding of edges


def test_forms_without_a_bar_code_of_their_own_are_told() -> None:
    made = _made("?text=${name}\n?answer_sheet=Q\n\telements_count=2\n")
    assert made.form.template.booklet_by is None
    assert "?barcode=Person" in str(made.form.warnings[0])


@pytest.mark.parametrize(
    ("source", "table", "told"),
    [
        ("?text=a\n?text=${nam}", TABLE, "line 2, column 1: The table of people has no column .nam.. Write name."),
        (SOURCE, b"name,id\n" + b"A" * 190 + b" " + b"\nBo,1\n", "line 2: expected 2 columns, not 1"),
        ("?text=${name}\n" + SOURCE, b"name,id\nBo,1\n" + b"word " * 38 + b",2\n", "line 3 of the table than"),
        ("?barcode=a\n\tvalue=${id}\n\tbarcode_type=ean13", TABLE, "line 1, column 1: .*person in line 2"),
        (SOURCE, b"name,id\nA,1\nB,1\n", "lines 2 and 3 of the table have the same bar code"),
        (
            "?text=a\n" + SOURCE,
            "name,id\nAda,1\n李明,2\n".encode(),
            'line 2, column 1: The font has no "明李".*person in line 3 of the table',
        ),
        (SOURCE, b"name,id\n", "has no people"),
        (SOURCE, b"", "has no people"),
        (SOURCE, b"name,name\nA,1\n", r'"name" is there twice \(column 2\)'),
        (SOURCE, b"name,,\nA,1\n", "line 2: expected 1 columns, not 2"),
        (SOURCE, b",id\nA,1\n", r"there is no heading \(column 1\)"),
        (SOURCE, b"name,,id\nA,1,\n", r"there is no heading \(column 2\)"),
        (SOURCE, b"name,id\n" + b"A" * 201 + b",1\n", "line 2: name has more than 200 letters"),
        (SOURCE, b'name,id\nBo,1\n"A,2\n', "line 3: A value that begins with a double quote"),
        (SOURCE, b'name,id\nBo,1\n"A"x,2\n', "line 3: A value that begins with a double quote"),
        (SOURCE, b"name,id\nBo,\n", "The value of this bar code is empty.*line 2 of the table"),
        ("?grid=${id}\n", b"id\na\nb\n", '"a" is called "b" for the person in line 3'),
        (SOURCE, b"PK\x03\x04name,id\nBo,1\n", "people.csv is a workbook"),
        (SOURCE, b"name,id\nB\0o,1\n", "line 2: name is not text. Save the table as CSV"),
    ],
)
def test_what_cannot_be_filled_in_is_refused(source: str, table: bytes, told: str) -> None:
    with pytest.raises((InvalidMarkup, InvalidRequest), match=told):
        _made(source, table)


def test_too_many_people_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        read_people(b"name\n" + b"Ada\n" * 10_001, "people.csv")


@pytest.mark.parametrize(
    "table",
    [b"name\tid\nAn, na\t1\n", b"name;id;;\nAn, na;1;;\n;;;\n", b'name,id,\n"An, na",1\n', b'name,id\n"An, na",1,,\n']
    + ["name\tid\r\nAn, na\t1\r\n".encode(encoding) for encoding in ("utf-16", "utf-8-sig", "cp1252")],
)
def test_tables_are_read_as_spreadsheets_write_them(table: bytes) -> None:
    (person,) = read_people(table, "people.csv")
    assert person.values == {"name": "An, na", "id": "1"}
