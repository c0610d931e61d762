import contextlib
import copy
import dataclasses
import json

import pytest
from hypothesis import given

from omrclip.errors import InvalidTemplate, Problem
from omrclip.imaging.geometry import Box
from omrclip.omr.template import (
    Barcode,
    Bubble,
    ChoiceBox,
    ClipArea,
    Grid,
    ReferencePoint,
    Template,
    UnknownElement,
)
from omrclip.schemas.template import (
    check_template,
    clip_area_from_dict,
    dump_template,
    load_template,
    template_to_bytes,
    template_warnings,
)
from tests.schemas.omr_documents import (
    ABSENT,
    REAL_FILES,
    any_json,
    barcode,
    bubble,
    choice_box,
    clip_area,
    document,
    element,
    grid,
    page,
    type_first,
    valid_documents,
)


def only_element(*args, **changes):
    return load_template(document(*args, **changes)).pages[0].elements[0]


class TestLoading:
    def test_every_kind_of_element(self):
        point = element("ReferencePointElement", "", ReferenceType="Corner")
        others = {"Type": "Unheard", "Name": "D", "Deep": [{"er": None}]}
        box = choice_box(Bubbles=[bubble("Yes", IsValid=False)], Orientation="Vertical", AlignedVertically=True)
        code = barcode(QrVersion="1")
        template = load_template(document(box, grid(choice_box(Name=ABSENT)), code, clip_area(), point, others))
        place = {"width": 40, "height": 30, "top": 20, "left": 10}
        inside = {"bubble_width": 8, "bubble_height": 6, "multiselect": False}
        assert template.pages[0].elements == (
            ChoiceBox(
                name="Question",
                bubbles=(Bubble(value="Yes", left=12, top=22, is_valid=False),),
                orientation="Vertical",
                aligned_vertically=True,
                **inside,
                **place,
            ),
            Grid(
                name="Grid",
                elements=(ChoiceBox(bubbles=(Bubble(value="A", left=12, top=22),), **inside, **place),),
                orientation="Horizontal",
                **place,
            ),
            Barcode(name="Code", barcode_type="ean13", qr_version="1", **place),
            ClipArea(name="Clip", jpeg_quality=85, **place),
            ReferencePoint(type="ReferencePointElement", name="", reference_type="Corner", **place),
            UnknownElement(type="Unheard", source={"Name": "D", "Deep": [{"er": None}]}),
        )

    @pytest.mark.parametrize(
        ("written", "number"), [(7, 7), (7.5, 7.5), ("7", 7), ("7.5", 7.5), ("7.0", 7.0), (7.0, 7.0), ("-0", 0)]
    )
    def test_numbers_stay_what_they_are_and_strings_become_numbers(self, written, number):
        left = only_element(clip_area(Left=written)).left
        assert left == number
        assert type(left) is type(number)

    @pytest.mark.parametrize(
        ("written", "quality"),
        [(0, 0), (100, 100), (50.0, 50), (84.5, 85), (0.4, 0), ("60", 60), ("60.0", 60), (None, 85), (ABSENT, 85)],
    )
    def test_jpeg_quality(self, written, quality):
        assert only_element(clip_area(JpegQuality=written)).jpeg_quality == quality

    @pytest.mark.parametrize("version", ["1.0", 1.0, 1, "2.0 beta", None])
    def test_version_is_kept(self, version):
        assert load_template(document(Version=version)).version == version

    @pytest.mark.parametrize(
        "encoded",
        [
            lambda text: text,
            lambda text: "\ufeff" + text,
            lambda text: text.encode(),
            lambda text: text.encode("utf-8-sig"),
            lambda text: text.encode("utf-16"),
            lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
            lambda text: text.encode("utf-32"),
            lambda text: bytearray(text.encode()),
        ],
    )
    def test_encodings(self, encoded):
        text = json.dumps(document(clip_area("Größe 署名")), ensure_ascii=False)
        assert load_template(encoded(text)).clip_areas[0].name == "Größe 署名"

    @pytest.mark.parametrize("elements", [None, ABSENT, []])
    def test_a_page_may_be_without_elements(self, elements):
        assert load_template(document(Pages=[page(Elements=elements)])).pages[0].elements == ()

    @pytest.mark.parametrize(
        "name", ["Name Area", "Straße", "署名", "a:b", "-", "...", "a/b", "a\\b", "..", "\n", " ", "n" * 2000]
    )
    def test_names_are_any_text(self, name):
        assert only_element(clip_area(name)).name == name

    def test_boxes_may_hang_over_the_edges(self):
        wide = clip_area(Left=-0.5, Width=101, Top=-30, Height=281)
        assert only_element(wide).box == Box(0, -30, 101, 281)

    @pytest.mark.parametrize("type_name", ["ChoiceBox", "choicebox", "CHECKBOX"])
    def test_a_box_without_extents_has_those_of_its_bubbles(self, type_name):
        bubbles = [bubble(Left=15, Top=30), bubble(Left=30, Top=20)]
        box = only_element(choice_box(Type=type_name, Width=0, Height="0", Left="0", Top=0, Bubbles=bubbles))
        assert (box.place, box.box) == ((15, 20, 23, 16), Box(15, 20, 23, 16))
        assert box.multiselect is False
        assert only_element(grid(choice_box(Bubbles=bubbles, Height=0), Width=0)).box == Box(15, 20, 23, 16)

    def test_a_check_box_may_have_several_marks(self):
        assert only_element(choice_box(Type="CheckBox", Multiselect=ABSENT)).multiselect is True

    def test_names_repeat_where_they_mean_nothing(self):
        points = [element("ReferencePoint", "P"), element("ReferencePoint", "P")]
        two_grids = [grid(choice_box("0"), Name=name) for name in ("G1", "G2")]
        template = load_template(document(*points, *two_grids, {"Type": "New", "Name": "P"}, clip_area("P")))
        assert [warning.path for warning in template_warnings(template)] == ["$.Pages[0].Elements[4].Type"]

    def test_the_template_keeps_nothing_of_the_callers(self):
        given_document = document(clip_area(Note={"a": 1}))
        template = load_template(given_document)
        given_document["Pages"][0]["Elements"][0]["Note"]["a"] = 2
        dump_template(template)["Pages"][0]["Elements"][0]["Note"]["a"] = 3
        assert dump_template(template)["Pages"][0]["Elements"][0]["Note"] == {"a": 1}

    @pytest.mark.parametrize("name", REAL_FILES)
    def test_real_files_load_and_come_back(self, shared_forms, name):
        data = (shared_forms / name).read_bytes()
        template = load_template(data)
        assert load_template(template_to_bytes(template)) == template
        assert json.dumps(dump_template(template)) == json.dumps(json.loads(data))
        assert template_warnings(template) == ()

    @given(valid_documents)
    def test_what_is_loaded_comes_back_in_meaning_and_order(self, valid):
        before = copy.deepcopy(valid)
        template = load_template(valid)
        written = dump_template(template)
        assert json.dumps(written) == json.dumps(type_first(before)) == json.dumps(type_first(valid))
        assert load_template(written) == template
        assert load_template(template_to_bytes(template)) == template

    @given(any_json)
    def test_any_json_is_a_template_or_its_problems(self, value):
        for data in (value, json.dumps(value)):
            with contextlib.suppress(InvalidTemplate):
                assert isinstance(load_template(data), Template)


class TestClipAreaFromDict:
    def test_type_may_be_left_out(self):
        area = clip_area_from_dict(clip_area(Type=ABSENT, JpegQuality="70", Note=1))
        assert area == ClipArea(name="Clip", left=10, top=20, width=40, height=30, jpeg_quality=70)
        template = load_template(document())
        with_area = dataclasses.replace(template, pages=(dataclasses.replace(template.pages[0], elements=(area,)),))
        check_template(with_area)
        assert next(iter(dump_template(with_area)["Pages"][0]["Elements"][0].items())) == ("Type", "ClipArea")

    def test_it_asks_for_no_page(self):
        assert clip_area_from_dict(clip_area(Left=5000)).left == 5000

    @pytest.mark.parametrize(
        ("data", "paths"),
        [
            (clip_area("", JpegQuality=101), ["$.Elements[0].Name", "$.Elements[0].JpegQuality"]),
            (clip_area(Type="Grid", Note=float("nan")), ["$.Elements[0].Note", "$.Elements[0].Type"]),
            ([], ["$.Elements[0]"]),
            (None, ["$.Elements[0]"]),
        ],
    )
    def test_problems_are_at_the_given_path(self, data, paths):
        with pytest.raises(InvalidTemplate) as raised:
            clip_area_from_dict(data, "$.Elements[0]")
        assert [problem.path for problem in raised.value.problems] == paths


class TestWarnings:
    @pytest.mark.parametrize(
        ("items", "expected"),
        [
            ([clip_area(JpegQuality=30), clip_area("B", JpegQuality=99)], []),
            (
                [clip_area(JpegQuality=29)],
                [("$.Pages[0].Elements[0].JpegQuality", "from 30 to 99 is recommended; this one is 29")],
            ),
            (
                [clip_area(JpegQuality=100)],
                [("$.Pages[0].Elements[0].JpegQuality", "from 30 to 99 is recommended; this one is 100")],
            ),
            ([clip_area("Why?")], [("$.Pages[0].Elements[0].Name", '"Why?"')]),
            ([clip_area(" A")], [("$.Pages[0].Elements[0].Name", "without spaces at its ends")]),
            ([choice_box("A:B")], [("$.Pages[0].Elements[0].Name", '"A:B"')]),
            ([clip_area("a/b")], [("$.Pages[0].Elements[0].Name", '"a/b"')]),
            ([clip_area("a\nb")], [("$.Pages[0].Elements[0].Name", "control characters")]),
            ([choice_box("é" * 101)], [("$.Pages[0].Elements[0].Name", "at most 200 bytes")]),
            ([{"Type": "clip"}], [("$.Pages[0].Elements[0].Type", 'elements of the type "clip"')]),
            ([{"Type": "AreaOfInterest"}], [("$.Pages[0].Elements[0].Type", 'Use the type "ClipArea" for a region')]),
            (
                [clip_area("A"), choice_box("A"), grid(choice_box("A"), choice_box("A"), Name="A")],
                [
                    ("$.Pages[0].Elements[1].Name", 'a unique name; "A" is also the name of $.Pages[0].Elements[0]'),
                    (
                        "$.Pages[0].Elements[2].Elements[1].Name",
                        '"A" is also the name of $.Pages[0].Elements[2].Elements[0]',
                    ),
                    ("$.Pages[0].Elements[2].Name", '"A" is also the name of $.Pages[0].Elements[0]'),
                ],
            ),
            (
                [clip_area(Left=-1, Height=181)],
                [
                    ("$.Pages[0].Elements[0].Left", "a number from 0 to the page's Width, 100, not -1"),
                    ("$.Pages[0].Elements[0].Height", "Top + Height of at most the page's Height, 200, not 201"),
                ],
            ),
            (
                [grid(choice_box(Left=70)), element("ReferencePoint", "", Width=90.75)],
                [
                    ("$.Pages[0].Elements[0].Elements[0].Width", "Left + Width of at most"),
                    ("$.Pages[0].Elements[1].Width", "the page's Width, 100, not 100.75"),
                ],
            ),
            (
                [grid(choice_box(Bubbles=[bubble(), bubble("10:30"), bubble("")]))],
                [
                    ("$.Pages[0].Elements[0].Elements[0].Bubbles[1].Value", '"10:30"'),
                    ("$.Pages[0].Elements[0].Elements[0].Bubbles[2].Value", 'not ""'),
                ],
            ),
        ],
    )
    def test_what_is_allowed_but_not_recommended(self, items, expected):
        warnings = template_warnings(load_template(document(*items)))
        assert all(isinstance(warning, Problem) for warning in warnings)
        assert [warning.path for warning in warnings] == [path for path, _ in expected]
        assert all(words in warning.expected for warning, (_, words) in zip(warnings, expected, strict=True))

    @pytest.mark.parametrize(("is_generated", "warned"), [(True, False), (False, True), (ABSENT, True)])
    def test_a_quality_of_0_is_the_default_in_what_generators_write(self, is_generated, warned):
        template = load_template(document(clip_area(JpegQuality=0), IsGenerated=is_generated))
        assert bool(template_warnings(template)) is warned
