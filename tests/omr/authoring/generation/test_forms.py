"""From sources to forms: what they contain, how they look, and that they are read."""

import json
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from omrclip import Scan, recognize
from omrclip.imaging.codec import decode
from omrclip.omr.authoring.generation.forms import GeneratedForm, generate
from omrclip.omr.authoring.generation.sheet import Settings
from omrclip.omr.authoring.rehearsal import rehearse
from omrclip.omr.template import (
    BarcodeDownloadable,
    CheckBox,
    ChoiceBox,
    ClipArea,
    CompositeGrid,
    Element,
    Grid,
    ReferencePoint,
    ReplaceTrigger,
    ScoreBubble,
    ScoreGroup,
)
from omrclip.schemas.template import check_template, load_template, template_to_bytes
from tests.omr.authoring.generation.rehearsed import outcome

EVERYTHING = """?text=Größe, Ελλάδα, Привет, שלום 12, مرحبا
	font_style=bold, italic, underline
	align=center
?image=crest.png
	x=1900
	y=1200
	width=150
?container=top
	columns_proportions=58%-2%-40%
?block=left
	column=1
	border=square
	is_clipped=true
?input_group=pupil
	input_border=square
?content=Pupil
?content=Ada Example
&input_group
?write_in=Signature
	required=true
	hint=your signature
&block
?block=right
	column=3
	border=rounded
	border_color=DarkOrange
?barcode=form_no
	value=A-0042
	barcode_type=code128
	codetext=true
?vertical_choicebox=Lunch
?answer=Pasta
?content=Pasta with sauce
&answer
?answer=Other
?content=Other, namely
?write_in=Lunch other
&answer
&vertical_choicebox
&block
&container
?container=middle
	columns_count=2
?grid=Pupil ID
	sections_count=4
	header_type=square
	column=1
?composite_grid=Seat
	columns_count=3
	values=(A)(B)(C)(1)(2)(3)
	column=2
&container
#How was the course?
	() Good () Fair
	() Poor (too long, too hard)

?answer_sheet=Maths
	elements_count=12
	columns_count=3
	answers_count=5
	bubble_size=small
?checkbox=Menu
	bubble_size=extrasmall
?content=Soup
?content=Salad
&checkbox
?custom_answer_sheet=Bio
	amount=4
	columns_count=2
	row_proportions=15%-65%-20%
?header=
?column=No
?column=Answer
?column=Skip
&header
?custom_row=row %index%
?content=%index%
?bubble_array=a%index%
	answers_list=(A)(B)(C)(D)
	bubble_size=extrasmall
?custom_trigger=skip%index%
	target=a%index%
	value=skipped
	bubble_size=extrasmall
&custom_row
&custom_answer_sheet
""".encode()
TABLES = b"""?container=
?block=a
?table=Opinion
	answers_count=2
	table_type=striped
?table_title=Your opinion
?table_header=
?content=Statement
?answer_value=Agree
?answer_value=Disagree
&table_header
?question=The room was warm
?question=The food was good
&table
?score_group=Visit
?score_question=Our staff
	row_proportions=60%-20%-20%
?score_header=Yes
	header_type=positive
	score=3
?score_header=No
	header_type=negative
?score_answer=Was polite
	score=2
?score_answer=Was quick
	score=1
&score_question
&score_group
&block
&container
"""


def _png(width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(file, "PNG")
    return file.getvalue()


IMAGES = {"crest.png": _png(90, 60)}


@pytest.fixture(scope="module")
def everything() -> GeneratedForm:
    return generate(EVERYTHING, "everything", IMAGES)


def _elements(form: GeneratedForm) -> list[Element]:
    return [element for page in form.template.pages for element in page.elements]


def _named(form: GeneratedForm) -> dict[str | None, Element]:
    return {element.name: element for element in _elements(form)}


def test_each_element_of_the_markup_yields_its_kind(everything: GeneratedForm) -> None:
    kinds = {name: type(element) for name, element in _named(everything).items()}
    assert kinds == {
        **{f"ReferencePoint{number}": ReferencePoint for number in range(4)},
        "RotationPoint": ReferencePoint,
        "left": ClipArea,
        "Signature": ClipArea,
        "Lunch other": ClipArea,
        "form_no": BarcodeDownloadable,
        "Lunch": ChoiceBox,
        "Pupil ID": Grid,
        "Seat": CompositeGrid,
        "Question1": ChoiceBox,
        **{f"Maths{number}": ChoiceBox for number in range(2, 14)},
        "Menu": CheckBox,
        **{f"Bio_{number}": ChoiceBox for number in range(1, 5)},
        **{f"skip{number}": ReplaceTrigger for number in range(1, 5)},
    }
    trigger = _named(everything)["skip3"]
    assert isinstance(trigger, ReplaceTrigger)
    assert (trigger.target, trigger.value) == ("Bio_3", "skipped")


def test_the_template_is_valid_and_loads_as_it_was_made(everything: GeneratedForm) -> None:
    check_template(everything.template)
    written = template_to_bytes(everything.template)
    assert template_to_bytes(load_template(written)) == written
    assert everything.warnings == ()


def test_tables_and_scores() -> None:
    named = _named(generate(TABLES, "tables"))
    row, group = named["The food was good"], named["Visit"]
    assert isinstance(row, ChoiceBox)
    assert [bubble.value for bubble in row.bubbles] == ["Agree", "Disagree"]
    assert isinstance(group, ScoreGroup)
    question = group.elements[0]
    assert isinstance(question, Grid)
    bubbles = [bubble for answer in question.elements if isinstance(answer, ChoiceBox) for bubble in answer.bubbles]
    scores = [(one.value, one.is_positive, one.score) for one in bubbles if isinstance(one, ScoreBubble)]
    assert scores == [("Yes", True, 6), ("No", False, 0), ("Yes", True, 3), ("No", False, 0)]


def test_bubbles_and_borders_are_as_large_as_recognition_asks(everything: GeneratedForm) -> None:
    sizes = {box.bubble_width for box in _boxes(_elements(everything))}
    assert min(sizes) >= 3.0 / 25.4 * 300
    page = decode(everything.page_images()[0])[:, :, 0]
    box = next(box for box in _boxes(_elements(everything)) if box.name == "Maths2")
    row = page[round(box.top + box.bubble_height / 2), round(box.left) - 3 : round(box.left) + 12]
    assert (255 - row.astype(float)).sum() / 255 >= 0.3 / 25.4 * 300


def _boxes(elements: Iterator[Element] | list[Element] | tuple[Element, ...]) -> Iterator[ChoiceBox]:
    for element in elements:
        if isinstance(element, ChoiceBox):
            yield element
        elif isinstance(element, Grid):
            yield from _boxes(element.elements)


@pytest.mark.parametrize(
    ("paper", "orientation", "dimensions"),
    [
        ("A4", "vertical", (2480, 3508)),
        ("A4", "horizontal", (3508, 2480)),
        ("Letter", "vertical", (2551, 3295)),
        ("Legal", "vertical", (2551, 4205)),
        ("A3", "vertical", (3508, 4961)),
    ],
)
def test_papers(paper: str, orientation: str, dimensions: tuple[int, int]) -> None:
    form = generate(b"?text=a", "form", settings=Settings(paper_size=paper, orientation=orientation))
    page, image = form.template.pages[0], decode(form.page_images()[0])
    assert (page.width, page.height) == dimensions
    assert image.shape == (dimensions[1], dimensions[0], 3)


def test_an_image_leaves_the_page_at_300_dpi(everything: GeneratedForm) -> None:
    page = decode(everything.page_images()[0])
    assert page.shape == (3508, 2480, 3)
    assert page[1230, 1950].tolist() == [30, 30, 200]


def test_the_same_source_gives_the_same_bytes(everything: GeneratedForm) -> None:
    assert generate(EVERYTHING, "everything", IMAGES).pdf == everything.pdf


def test_json_gives_the_same_form_as_text() -> None:
    source = {
        "element_type": "template",
        "children": [
            {
                "element_type": "Page",
                "x": -1,
                "children": [
                    {"element_type": "Text", "name": "Title", "font_style": ["bold"], "unknown": 3},
                    {"element_type": "ChoiceBox", "question_text": "How?", "answers_string": "() A () B\r\n() C"},
                    {"element_type": "Grid", "name": "ID", "sections_count": 3, "x": -1, "column": 0},
                    {"element_type": "AnswerSheet", "name": "Q", "elements_count": 4, "answers_list": ["X", "Y"]},
                ],
            }
        ],
    }
    text = "?text=Title\n\tfont_style=bold\n#How?\n\t() A () B\n\t() C\n\n?grid=ID\n\tsections_count=3\n"
    text += "?answer_sheet=Q\n\telements_count=4\n\tanswers_list=(X) (Y)\n"
    assert generate(json.dumps(source).encode(), "form").pdf == generate(text.encode(), "form").pdf


def test_what_real_sources_contain_stops_nothing() -> None:
    source = (
        "\ufeff?text=a \r\n\tfont_size=bold\r\n\tfont_size=14\t\r\n\t\r\n\r\n?answer_sheet=Q\r\n\telements_count=4 \r\n"
    )
    form = generate(source.encode(), "form")
    assert [element.name for element in _elements(form)][5:] == ["Q1", "Q2", "Q3", "Q4"]


def test_warnings_name_what_has_no_effect() -> None:
    form = generate(b"?text=a\n\tcolumns_count=2\n?text_input=Year\n\tlength=4\n", "form")
    told = [str(warning) for warning in form.warnings]
    assert told[0].startswith("line 2, column 2: columns_count has no effect")
    assert told[1].startswith("line 3, column 1: ?text_input= is left out")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("?composite_grid=a\n\trotate=90", "line 2, column 2: rotate has no effect in omrclip."),
        (
            "?container=c\n\tsync_children_height=true\n&container",
            "line 2, column 2: sync_children_height has no effect",
        ),
        ("?barcode=b\n\tvalue=1\n\trotation_angle=90", "line 3, column 2: rotation_angle has no effect"),
    ],
)
def test_attributes_that_are_not_built_are_told(source: str, told: str) -> None:
    assert any(str(warning).startswith(told) for warning in generate(source.encode(), "form").warnings)


def test_placeholders_without_a_table_of_people_are_told() -> None:
    form = generate(b"?text=Exam\n?text=Name: ${ name }\n?grid=ID", "form")
    assert [str(warning) for warning in form.warnings] == [
        "line 2, column 1: ${name} is printed as it is. Only a table of people fills it in."
    ]


def test_bubbles_on_others_are_told() -> None:
    form = generate(b"?grid=a\n\tx=400\n\ty=400\n?grid=b\n\tx=420\n\ty=420", "form")
    assert any("lie on others" in str(warning) for warning in form.warnings)


@pytest.mark.parametrize("with_image", [True, False])
def test_filled_sheets_are_read(everything: GeneratedForm, with_image: bool) -> None:
    image = decode(everything.page_images()[0])
    told = outcome(everything.template, image, range(2), everything.pdf if with_image else None)
    assert told.fields >= 40
    assert (told.refused, told.wrong) == ([], [])


@pytest.mark.parametrize(("shape", "with_image"), [("round", True), ("round", False), ("square", True)])
def test_corner_marks_tell_columns_of_bubbles_from_the_boxes_beside_them(shape: str, with_image: bool) -> None:
    """A page with little print: moved by a column, the bubbles fall onto bubbles and empty boxes."""
    source = f"?grid=Id\n\tsections_count=6\n\theader_type=square\n\torientation=vertical\n\tbubble_type={shape}\n"
    form = generate(source.encode(), "form.txt", IMAGES)
    (image,) = form.page_images()
    told = outcome(form.template, decode(image), range(4), form.pdf if with_image else None)
    assert (told.refused, told.wrong, told.fields) == ([], [], 4)


def test_pages_are_told_apart_by_their_code() -> None:
    sheet = "?page=\n?answer_sheet=Q\n\telements_count=20\n&page\n"
    form = generate(sheet.encode() * 2, "two")
    assert [page.image_name for page in form.template.pages] == ["twoPage1.png", "twoPage2.png"]
    blank = decode(form.page_images()[1])
    scan = Scan("second.jpg", rehearse(form.template.pages[1], blank, 4).data)
    (recognition,) = recognize(form.template, [scan], blank_page=form.pdf, workers=1)
    assert recognition.page == 2
    assert {element.value for element in recognition.elements if element.name == "PageCode"} == {"two/2"}


def test_the_rotation_mark_makes_a_turned_sheet_upright() -> None:
    form = generate(b"?answer_sheet=Q\n\telements_count=20", "form")
    sheet = rehearse(form.template.pages[0], decode(form.page_images()[0]), 2)
    turned = BytesIO()
    Image.fromarray(np.ascontiguousarray(decode(sheet.data)[::-1, ::-1, ::-1])).save(turned, "PNG")
    (recognition,) = recognize(form.template, [Scan("turned.png", turned.getvalue())], workers=1)
    assert {
        element.name: element.value for element in recognition.elements if element.name in sheet.values
    } == sheet.values


def test_the_scores_of_rehearsed_sheets_are_read() -> None:
    form = generate(TABLES, "tables")
    page, image = form.template.pages[0], decode(form.page_images()[0])
    assert {rehearse(page, image, seed).values["Visit"] for seed in range(8)} > {"6", "9"}
    told = outcome(form.template, image, range(8), form.pdf)
    assert (told.refused, told.wrong) == ([], [])


def test_marked_triggers_replace_the_answers_of_rehearsed_sheets(everything: GeneratedForm) -> None:
    page, image = everything.template.pages[0], decode(everything.page_images()[0])
    seeds = [seed for seed in range(500, 506) if "skipped" in rehearse(page, image, seed).values.values()]
    assert seeds
    told = outcome(everything.template, image, seeds, everything.pdf)
    assert (told.refused, told.wrong) == ([], [])
