"""Mistakes in sources: each is told with its line, its column and what to write, and all of a file at once."""

import json
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from omrclip.errors import InvalidMarkup, InvalidRequest, LimitExceeded
from omrclip.imaging.codec import decode
from omrclip.limits import DEFAULT_LIMITS
from omrclip.omr.authoring.generation.answers import letters
from omrclip.omr.authoring.generation.forms import generate
from omrclip.omr.authoring.generation.vocabulary import PAPER
from omrclip.schemas.template import template_warnings

Case = tuple[str, int, int, str]


def _custom(cells: str) -> str:
    """A custom answer sheet whose rows have two cells. These begin at line 6."""
    head = "?custom_answer_sheet=B\n\tamount=2\n\tcolumns_count=1\n\trow_proportions=50%-50%\n?custom_row=r\n"
    return f"{head}{cells}\n&custom_row\n&custom_answer_sheet"


TEXT: dict[str, Case] = {
    "unknown element": ("?gird=ID", 1, 2, "Write grid."),
    "quite unknown element": ("?zzz=ID", 1, 2, "Write one of"),
    "no equals sign": ("?text", 1, 1, "Write ?text="),
    "unknown attribute": ("?grid=ID\n\tsection_count=5", 2, 2, "Write sections_count."),
    "attribute of no element": ("\tfont_size=12\n?text=a", 1, 2, "below the line that opens"),
    "attribute without a tab": ("?grid=ID\n    sections_count=5", 2, 1, "Write a tab"),
    "attribute at the edge": ("?grid=ID\nsections_count=5", 2, 1, "Write a tab"),
    "attribute without a value": ("?grid=ID\n\tsections_count", 2, 2, "Write key=value"),
    "attribute after the end": ("?block=a\n&block\n\tborder=square", 3, 2, "belongs to no element"),
    "not a number": ("?grid=ID\n\tsections_count=five", 2, 2, "Write a whole number from 1 to 40"),
    "too large a number": ("?grid=ID\n\tsections_count=41", 2, 2, "1 to 40"),
    "no count": ("?answer_sheet=Q", 1, 1, "Write elements_count="),
    "count of nothing": ("?answer_sheet=Q\n\telements_count=0", 2, 2, "1 to 500"),
    "not a colour": ("?text=a\n\tcolor=blu", 2, 2, "CSS name of a colour"),
    "not a style": ("?text=a\n\tfont_style=fat", 2, 2, "regular, bold, italic"),
    "not an alignment": ("?text=a\n\talign=middle", 2, 2, "left, center, right"),
    "not a bubble size": ("?grid=ID\n\tbubble_size=tiny", 2, 2, "extrasmall, small, normal"),
    "not a truth": ("?container=\n?block=a\n\tis_clipped=maybe\n&block\n&container", 3, 2, "true or false"),
    "too wide": ("?container=\n\tcolumns_proportions=80%-40%\n&container", 2, 2, "at most 100 %"),
    "no widths": ("?container=\n\tcolumns_proportions=wide\n&container", 2, 2, "40%-60%"),
    "no groups": ("?answer_sheet=Q\n\telements_count=2\n\tanswers_list=ABC", 3, 2, "(A)(B)(C)"),
    "not a border side": ("?container=\n?block=a\n\tborder_top_style=thick\n&block\n&container", 3, 2, "3 black"),
    "not a paper": ("?page=\n\tpaper_size=B9\n?text=a\n&page", 2, 2, "A4, Letter, Legal"),
    "not closed": ("?container=\n?block=a\n&block", 1, 1, "Write &container"),
    "closed too early": ("?container=\n?block=a\n&container", 2, 1, "Write &block before"),
    "closed twice": ("?container=\n&container\n&container", 3, 1, "no open ?container="),
    "not to be closed": ("?grid=ID\n&grid", 2, 1, "Remove this line"),
    "text in a block": ("?container=\n?block=a\n?text=b\n&block\n&container", 3, 1, "Write ?content="),
    "block without a container": ("?block=a\n?content=b\n&block", 1, 1, "Put it into ?container="),
    "answer outside": ("?answer=a\n?content=b\n&answer", 1, 1, "?vertical_choicebox="),
    "stray text": ("Hello", 1, 1, "Write ?text="),
    "question without answers": ("#How?\n\n?text=a", 1, 1, "() Yes () No"),
    "answer without brackets": ("#How?\n\tgood bad", 2, 2, "Write () for A"),
    "answer twice": ("#How?\n\t(A) good (A) bad", 2, 11, "another letter"),
    "column beyond": ("?container=\n\tcolumns_count=2\n?block=a\n\tcolumn=3\n&block\n&container", 3, 1, "Write 1 to 2"),
    "input group": ("?input_group=a\n?content=b\n&input_group", 1, 1, "exactly two ?content="),
    "grid without a name": ("?grid=", 1, 1, "Write ?grid=Name"),
    "checkbox without boxes": ("?checkbox=a\n&checkbox", 1, 1, "Write ?content="),
    "image without a name": ("?image=", 1, 1, "?image=logo.png"),
    "missing image": ("?image=logo.png", 1, 1, "Add the file"),
    "code of the wrong value": ("?barcode=a\n\tvalue=xyz\n\tbarcode_type=ean13", 1, 1, "Write another value"),
    "no value": ("?barcode=a", 1, 1, "Write value="),
    "no bar code": ("?barcode=a\n\tvalue=1\n\tbarcode_type=stripes", 3, 2, "QR"),
    "header of a table": (
        "?container=\n?block=a\n?table=t\n\tanswers_count=2\n?table_header=\n?answer_value=y\n&table_header\n?question=q\n"
        "&table\n&block\n&container",
        5,
        1,
        "answers_count=2",
    ),
    "row of a sheet": (
        "?custom_answer_sheet=s\n\tamount=2\n\tcolumns_count=1\n\trow_proportions=50%-50%\n?custom_row=r\n?content=a\n"
        "&custom_row\n&custom_answer_sheet",
        5,
        1,
        "one for each width",
    ),
    "page in a page": ("?page=\n?page=\n&page\n&page", 2, 1, "behind the &page"),
    "beside a page": ("?page=\n?text=a\n&page\n?text=b", 4, 1, "Move it between"),
    "too wide a sheet": (
        "?answer_sheet=Q\n\telements_count=9\n\tcolumns_count=9\n\tanswers_count=9",
        1,
        1,
        "columns_count=",
    ),
    "value twice in a sheet": ("?answer_sheet=Q\n\telements_count=3\n\tanswers_list=(A)(B)(A)", 1, 1, "another value"),
    "value twice in a grid": ("?composite_grid=S\n\tvalues=(A)(A)", 1, 1, '"A" occurs twice'),
    "box twice": ("?checkbox=a\n?content=b\n?content=b\n&checkbox", 1, 1, '"b" occurs twice'),
    "box without a text": ("?checkbox=a\n?content=b\n?content=\n&checkbox", 3, 1, "Write ?content=Text"),
    "group without a value": ("?answer_sheet=Q\n\telements_count=3\n\tanswers_list=()(B)", 1, 1, "Write (A)(B)(C)"),
    "beyond the bottom": ("?grid=ID\n\tx=300\n\ty=3400", 1, 1, "beyond the bottom edge"),
    "beyond the right edge": ("?checkbox=a\n\tx=2450\n\ty=300\n?content=b\n&checkbox", 1, 1, "Write a smaller x"),
    "block beyond the page": (
        "?text=a\n?positioned_block=p\n\tx=3000\n\ty=100\n?grid=ID\n&positioned_block",
        2,
        1,
        "Make it wider",
    ),
    "too large a padding": (
        "?container=\n?block=\n\thorizontal_padding=5000\n?content=a\n&block\n&container",
        2,
        1,
        "horizontal_padding smaller",
    ),
    "version of a code": ("?barcode=b\n\tvalue=x\n\tqr_version=41", 3, 2, "auto, 1 to 40, or M1 to M4"),
    "short extra row": (
        "?composite_grid=S\n\tcolumns_count=3\n\tvalues=(A)\n\textra_row=(X)(Y)",
        1,
        1,
        "2 groups for 3 columns",
    ),
    "trigger of nothing": (
        _custom("?bubble_array=a\n\tanswers_list=(A)(B)\n?custom_trigger=t\n\ttarget=zzz\n\tvalue=x"),
        8,
        1,
        'target is not "zzz"',
    ),
    "values to report": (
        _custom("?content=b\n?bubble_array=a\n\tanswers_list=(A)(B)\n\trecogintion_values=(x)"),
        7,
        1,
        "1 values for 2",
    ),
    "control character": ("?text=a\n?grid=A\x0cb", 2, 1, "U+000C"),
    "control character in a value": ("#How?\n\t() a () b\n\n?block=a\n\tborder_color=b\x07\n&block", 5, 2, "U+0007"),
    "too wide a grid": ("?grid=ID\n\tsections_count=40", 1, 1, "symbols or fewer"),
    "the first element beyond the page": ("#How?\n\t() A\n\n" * 40, 61, 1, "Begin another ?page="),
    "too deep": ("?container=\n?block=\n" * 2_000, 21, 1, "nested too deep"),
    "too long": ("?text=a\n?empty_line=\n\theight=4000", 2, 1, "Begin another ?page="),
    **{
        f"too narrow a column for a {kind}": (
            f"?container=\n\tcolumns_proportions=90%-6%\n?block=b\n\tcolumn=2\n{source}\n&block\n&container",
            5,
            1,
            "larger part in columns_proportions",
        )
        for kind, source in {
            "question": "#How?\n\t() A () B\n",
            "checkbox": "?checkbox=a\n?content=b\n&checkbox",
            "choicebox": "?vertical_choicebox=a\n?answer=b\n&answer\n&vertical_choicebox",
        }.items()
    },
    "too narrow a column for points": (
        "?score_group=a\n?score_question=b\n\trow_proportions=98%-2%\n?score_header=h\n\theader_type=positive\n"
        "?score_answer=c\n\tscore=1\n&score_question\n&score_group",
        2,
        1,
        "larger part in row_proportions",
    ),
    "element behind a tab": ("?text=a\n\t?grid=ID", 2, 2, "stands at the edge"),
    "element behind spaces": ("?text=a\n  &block", 2, 1, "stands at the edge"),
    "value in quotes": ('?grid=ID\n\tsections_count="5"', 2, 2, "without them"),
    "attribute of a text without a tab": ("?text=a\n    font_size=12", 2, 1, "Write a tab"),
    "attribute of a question without a tab": ("#How?\nalign=center\n\t() a", 2, 1, "Write a tab"),
    "closed in capitals": ("?container=\n&Container", 2, 1, "Write &container"),
    "closed with its name": ("?container=a\n&container=a", 2, 1, "Write &container"),
    "answers without a tab": ("#How?\n() Yes () No", 2, 1, "Write a tab"),
    "image in another folder": ("?image=../logo.png", 1, 1, "without a folder"),
    "too long a code": (f"?barcode=a\n\tvalue={'x' * 5000}", 1, 1, "Write a shorter value"),
    "no text in a column": ("?text=a\n?grid=I\0", 2, 8, "Save it as text"),
    "symbols without a value": (
        "?composite_grid=a\n\tcolumns_count=2\n\tvalues=()\n\textra_row=(A)()",
        1,
        1,
        "Column 2",
    ),
    "points without rows": (
        "?score_group=a\n?score_question=b\n\trow_proportions=50%-50%\n?score_header=h\n\theader_type=positive\n"
        "&score_question\n&score_group",
        2,
        1,
        "Write ?score_answer=",
    ),
    "points without answers": (
        "?score_group=a\n?score_question=b\n\trow_proportions=50%-50%\n?score_header=h\n\theader_type=amount\n"
        "?score_answer=c\n\tscore=1\n&score_question\n&score_group",
        2,
        1,
        "header_type=positive",
    ),
    "two rows of a sheet": (
        "?custom_answer_sheet=a\n\tamount=2\n\tcolumns_count=1\n\trow_proportions=100%\n?custom_row=\n?content=a\n"
        "&custom_row\n?custom_row=\n?content=b\n&custom_row\n&custom_answer_sheet",
        8,
        1,
        "Remove this one",
    ),
    "a page too many": ("?page=\n?text=a\n&page\n" * 51, 151, 1, "Page 51 begins here"),
    "bubbles too many": (
        "?answer_sheet=Q\n\telements_count=500\n\tanswers_count=5\n\tcolumns_count=3\n" * 20,
        33,
        1,
        "at most 20,000 bubbles",
    ),
    "nothing": ("", 1, 1, "The form is empty"),
    "no text": ("?text=a\n\0", 2, 1, "Save it as text"),
}


def _nested(levels: int) -> str:
    return (
        '{"element_type": "Template", "children": ['
        + '{"element_type": "Page", "children": [' * levels
        + "]}" * levels
        + "]}"
    )


def _json(*children: object) -> str:
    pages = [{"element_type": "Page", "children": list(children)}]
    return json.dumps({"element_type": "Template", "children": pages}, indent=1)


JSON: dict[str, Case] = {
    "cut off": ('{"element_type": "Template",', 1, 29, "not JSON"),
    "no template": ('{"element_type": "Page"}', 1, 1, '"element_type": "Template"'),
    "comma at the end": ('{"element_type": "Template", "children": [1,]}', 1, 45, "Remove the comma before ]"),
    "comma behind the last property": ('{"element_type": "Template",\n}', 2, 1, "Remove the comma before }"),
    "comment": ('{"element_type": "Template", // form\n}', 1, 30, "Remove the comment"),
    "single quotes": ("{'element_type': 'Template'}", 1, 2, "in double quotes"),
    "no colon": ('{"element_type" "Template"}', 1, 17, "Write a colon"),
    "no comma": ('{"element_type": "Template" "children": []}', 1, 29, "Write a comma"),
    "no value": ('{"element_type": , "children": []}', 1, 18, "Write a value"),
    "text without an end": ('{"element_type": "Template', 1, 18, "Write a double quote"),
    "line break in a text": ('{"element_type": "Temp\nlate"}', 1, 23, "Write \\n"),
    "backslash": ('{"a": "C:\\x"}', 1, 10, "two backslashes"),
    "behind the end": ('{"element_type": "Template"} x', 1, 30, "Remove what is behind"),
    "list": ('[{"element_type": "Template"}]', 1, 1, '"element_type": "Template"'),
    "answers in a list": (
        _json({"element_type": "ChoiceBox", "question_text": "a", "answers_string": ["() a"]}),
        7,
        5,
        '"answers_string" is a text',
    ),
    "no page": ('{"element_type": "Template", "children": []}', 1, 1, '"element_type": "Page"'),
    "beside a page": ('{"element_type": "Template",\n"children": [{"element_type": "Text"}]}', 2, 14, "into a page"),
    "unknown element": (_json({"element_type": "Gird"}), 7, 5, "Write Grid."),
    "no element type": (_json({"name": "a"}), 7, 5, '"element_type": "Text"'),
    "wrong value": (_json({"element_type": "Grid", "name": "a", "sections_count": "x"}), 7, 5, "1 to 40"),
    "no count": (_json({"element_type": "AnswerSheet", "name": "a"}), 7, 5, "elements_count"),
    "no answers": (_json({"element_type": "ChoiceBox", "question_text": "a"}), 7, 5, '"answers_string"'),
    "children": (_json({"element_type": "Container", "children": 1}), 7, 5, '"children"'),
    "too deep": ('{"a":' * 100_000, 1, 1, "nested too deep"),
    "elements too deep": (_nested(30), 1, 765, "nested too deep"),
}


def _told(source: str) -> list[str]:
    with pytest.raises(InvalidMarkup) as refused:
        generate(source.encode(), "form")
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("name", TEXT)
def test_a_mistake_in_a_text_is_told(name: str) -> None:
    source, line, column, told = TEXT[name]
    assert any(one.startswith(f"line {line}, column {column}: ") and told in one for one in _told(source)), _told(
        source
    )


@pytest.mark.parametrize("name", JSON)
def test_a_mistake_in_json_is_told(name: str) -> None:
    source, line, column, told = JSON[name]
    assert any(one.startswith(f"line {line}, column {column}: ") and told in one for one in _told(source)), _told(
        source
    )


def test_all_mistakes_are_told_in_the_order_of_their_lines() -> None:
    source = "?gird=ID\n?text=a\n\tcolor=blu\n?answer_sheet=Q\n?container=\n"
    assert [one.split(",")[0] for one in _told(source)] == ["line 1", "line 3", "line 4", "line 5"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_with_all_line_ends(line_end: str) -> None:
    assert _told(f"?text=a{line_end}{line_end}?gird=b")[0].startswith("line 3, column 2")


def test_sources_that_would_take_too_long_are_refused() -> None:
    with pytest.raises(LimitExceeded) as refused:
        generate(b"?text=" + b"a" * 1_100_000, "form")
    assert refused.value.details["limit"] == "markup_bytes"


def test_very_long_words_are_refused() -> None:
    assert "longer than 2,000 letters" in _told("?text=" + "a" * 3_000)[0]


def test_answers_are_lettered_on_without_end() -> None:
    lettered = letters(26 + 26 * 26 + 1)
    assert [lettered[index] for index in (0, 25, 26, 51, 701, 702)] == ["A", "Z", "AA", "AZ", "ZZ", "AAA"]


def test_mistakes_at_one_place_are_always_told_in_the_same_order() -> None:
    told = _told("?custom_answer_sheet=s")
    assert len(told) > 2
    assert told == sorted(told)


def test_misspelt_properties_of_json_are_told() -> None:
    source = _json({"element_type": "Grid", "name": "a", "section_count": 5, "other": 1, "sections_counts": None})
    (warning,) = generate(source.encode(), "form").warnings
    assert str(warning) == 'line 7, column 5: "section_count" has no effect. Write sections_count.'


def test_a_damaged_image_and_one_that_is_too_large_are_told_where_they_are_shown() -> None:
    file = BytesIO()
    Image.effect_noise((90, 90), 50).save(file, "png")
    for data, limits in (
        (file.getvalue()[:4000], DEFAULT_LIMITS),
        (file.getvalue(), replace(DEFAULT_LIMITS, max_image_pixels=90)),
    ):
        with pytest.raises(InvalidMarkup) as refused:
            generate(b"?grid=a\n?image=a.png\n", "form", {"a.png": data}, limits=limits)
        (problem,) = refused.value.problems
        assert str(problem).startswith('line 2, column 1: The image "a.png" cannot be used.')


def test_an_image_that_a_camera_turned_is_shown_upright() -> None:
    exif = Image.Exif()
    exif[274] = 6
    file = BytesIO()
    turned = Image.new("L", (60, 30), 255)
    turned.paste(0, (0, 0, 30, 30))
    turned.save(file, "jpeg", exif=exif)
    (page,) = generate(b"?grid=a\n?image=a.jpg\n\tx=1500\n\ty=1500\n", "form", {"a.jpg": file.getvalue()}).page_images()
    shown = decode(page)[1500:1560, 1500:1530, 0]
    assert shown[5:25].max() < 60
    assert shown[35:55].min() > 200


def test_byte_order_marks_between_joined_files_are_left_out() -> None:
    form = generate("\ufeff?text=a\n\ufeff?grid=b\n".encode(), "form")
    assert form.template.pages[0].elements[-1].name == "b"


def test_an_image_that_cannot_be_used_is_told_where_it_is_shown() -> None:
    source = b"?text=a\n?image=b.png\n?image=a.png\n"
    with pytest.raises(InvalidMarkup) as refused:
        generate(source, "form", {"a.png": b"", "b.png": b"x"})
    assert [str(problem)[:25] for problem in refused.value.problems] == [
        "line 2, column 1: The ima",
        "line 3, column 1: The ima",
    ]
    with pytest.raises(InvalidRequest, match="not an image"):
        generate(b"?text=a\n", "form", {"a.png": b"x"})


@pytest.mark.parametrize(
    ("source", "line", "told"),
    [
        ("?text=a\n", 1, "Nothing on the form is read"),
        (
            "?grid=A\n?positioned_block=\n\tx=2300\n\ty=900\n\twidth=400\n\tborder=square\n&positioned_block\n",
            2,
            "beyond the edge",
        ),
        (f"?grid=A\n?barcode=a\n\tvalue={'x' * 200}\n\tqr_version=1\n", 2, "qr_version=1 has no effect"),
        ("?grid=A\n?grid=A\n", 2, 'such as "A"'),
        ("?answer_sheet=Q\n\telements_count=3\n?answer_sheet=Q\n\telements_count=3\n\tstart_id=2\n", 3, 'such as "Q2"'),
    ],
)
def test_what_is_probably_not_meant_is_told(source: str, line: int, told: str) -> None:
    (warning,) = generate(source.encode(), "form").warnings
    assert str(warning).startswith(f"line {line}, column 1: ")
    assert told in warning.told


@pytest.mark.parametrize(
    "source",
    [
        "?page=\n\tright_margin=150\n#A?\n\t() a\n\n?text=a\n\talign=right\n&page\n",
        "#A?\n\t() a\n\n\n\n?barcode=a\n\tx=100\n\ty=100\n\tvalue=1\n",
        "#A?\n\t() a\n\n?positioned_block=\n\tx=2000\n\ty=600\n\twidth=400\n?content=a\n?empty_line=\n\theight=9\n"
        "?input_group=a\n\tborder_bottom_style=3 black\n?content=b\n?content=c\n&input_group\n&positioned_block\n"
        "?image=a.png\n\tx=2300\n\ty=250\n",
    ],
)
def test_what_the_marks_of_the_page_cover_is_told(source: str) -> None:
    image = BytesIO()
    Image.new("L", (9, 9)).save(image, "png")
    told = [
        one
        for one in generate(source.encode(), "form", {"a.png": image.getvalue()}).warnings
        if "black mark" in one.told
    ]
    assert [one.at.line for one in told] == [source[: source.rindex("?")].count("\n") + 1]


@pytest.mark.parametrize("paper", PAPER)
@pytest.mark.parametrize("orientation", ["horizontal", "vertical"])
def test_the_marks_of_no_paper_cover_what_is_printed(paper: str, orientation: str) -> None:
    source = f"?page=\n\tpaper_size={paper}\n\torientation={orientation}\n?container=\n?block=\n\tborder=square\n"
    source += "?empty_line=\n\theight=900\n#A?\n\t() a\n\n&block\n&container\n?text=a\n\talign=right\n&page\n"
    assert generate(source.encode(), "form").warnings == ()


def test_letters_without_a_glyph_are_told_once_wherever_they_are() -> None:
    source = "?checkbox=会\n?content=会員\n&checkbox\n?composite_grid=a\n\tvalues=(普)(b)\n?write_in=a b\n\thint=通\n"
    with pytest.raises(InvalidMarkup) as raised:
        generate(source.encode(), "form")
    advice = "Write other letters, or show the text as an image."
    assert [str(problem) for problem in raised.value.problems] == [
        f'line 1, column 1: The font has no "会". {advice}',
        f'line 2, column 1: The font has no "員". {advice}',
        f'line 4, column 1: The font has no "普". {advice}',
        f'line 6, column 1: The font has no "通". {advice}',
    ]


def test_letters_that_only_the_regular_font_has_are_told_where_they_are_bold() -> None:
    source = "?text=\U0001d5a0\n\tfont_style=regular\n#A?\n\t() a\n"
    assert generate(source.encode(), "form").warnings == ()
    with pytest.raises(InvalidMarkup, match=r"The bold font has no .* Write letters that are not bold"):
        generate(source.replace("regular", "bold").encode(), "form")


def test_pages_may_have_elements_of_the_same_name() -> None:
    form = generate(b"?page=\n?grid=A\n&page\n" * 2, "form")
    assert form.warnings == ()
    (warning,) = template_warnings(form.template)  # not of the code that each page has
    assert '"A" is also the name' in warning.expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_sources_are_read_in_the_encodings_of_editors(encoding: str) -> None:
    form = generate("?grid=Schülernummer\r\n\tsections_count=3\r\n".encode(encoding), "form")
    assert "Schülernummer" in [element.name for element in form.template.pages[0].elements]


def test_all_colours_of_the_markup_are_known() -> None:
    names = (
        "Aqua Aquamarine Black Blue BlueViolet Crimson DarkBlue DarkGreen DarkOrange DarkSalmon Fuchsia Gray Indigo "
    )
    names += "LightGray Lime Red Teal White lightgrey rebeccapurple"
    for name in names.split():
        generate(f"?text=a\n\tcolor={name}\n".encode(), "form")
