"""Small `.omr` documents, made to measure: valid as they are, with any key changed or left out."""

import base64
from typing import Any

from hypothesis import strategies as st

ABSENT = object()
REAL_FILES = (
    "aspose_survey/AsposeTest.clips.omr",
    "aspose_survey/AsposeTest.omr",
    "aspose_test/Aspose_test.clips.omr",
    "aspose_test/Aspose_test.omr",
    "aspose_test/Aspose_test.omrcr",
)


def changed(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**values, **changes}.items() if value is not ABSENT}


def element(type_name: str, name: str, **changes: Any) -> dict[str, Any]:
    place = {"Width": 40, "Height": 30, "Top": 20, "Left": 10}
    return changed({"Type": type_name, "Name": name, **place}, changes)


def clip_area(name: str = "Clip", **changes: Any) -> dict[str, Any]:
    return element("ClipArea", name, **changes)


def bubble(value: str = "A", **changes: Any) -> dict[str, Any]:
    return changed({"Value": value, "Top": 22, "Left": 12, "IsValid": True}, changes)


def choice_box(name: str = "Question", **changes: Any) -> dict[str, Any]:
    inside = {"BubbleWidth": 8, "BubbleHeight": 6, "Bubbles": [bubble()], "Multiselect": False}
    return element("ChoiceBox", name, **{**inside, **changes})


def grid(*children: Any, **changes: Any) -> dict[str, Any]:
    return element("Grid", "Grid", **{"Elements": list(children), "Orientation": "Horizontal", **changes})


def barcode(name: str = "Code", **changes: Any) -> dict[str, Any]:
    return element("Barcode", name, **{"BarcodeType": "ean13", **changes})


def page(*elements: Any, **changes: Any) -> dict[str, Any]:
    return changed({"Height": 200, "Width": 100, "Elements": list(elements)}, changes)


def document(*elements: Any, **changes: Any) -> dict[str, Any]:
    """A document of one page with these elements; the changes are the document's."""
    return changed({"Version": "1.0", "Name": "T", "Pages": [page(*elements)]}, changes)


def type_first(value: Any) -> Any:
    """A document with the Type of each element before its other keys."""
    if isinstance(value, dict):
        first = {"Type": value["Type"]} if "Type" in value else {}
        return {**first, **{key: type_first(inner) for key, inner in value.items()}}
    return [type_first(inner) for inner in value] if isinstance(value, list) else value


# --- any valid document -------------------------------------------------------------------------------------------

_numbers = st.integers(0, 40) | st.integers(0, 80).map(lambda half: half / 2) | st.integers(0, 40).map(str)
_sides = st.integers(1, 40) | st.integers(1, 80).map(lambda half: half / 2) | st.sampled_from(["1", "40.0"])
_extents = _sides | st.sampled_from([0, "0"])
_texts = st.text(max_size=8)
_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts
_anything = st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(_texts, inner), max_leaves=5)
any_json = st.recursive(
    _leaves | st.sampled_from(["ClipArea", "Grid", "ChoiceBox", 5, -1]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["Pages", "Elements", "Type", "Name", "Width", "Height", "Left", "Top", "Bubbles", "x"]),
            inner,
        )
    ),
    max_leaves=20,
)
_maybe_bool = st.sampled_from([ABSENT, None, True, False, "True", "false"])
_orientation = st.sampled_from([ABSENT, None, "Horizontal", "Vertical", "vertical"])
_extras = st.dictionaries(_texts.map("x".__add__), _anything, max_size=2)
_bubbles = st.builds(
    lambda value, left, top, is_valid, extras: changed(
        {"Value": value, "Top": top, "Left": left, **extras}, {"IsValid": is_valid}
    ),
    st.sampled_from(["A", "Yes", "ä", "10:30", "", None]),
    _numbers,
    _numbers,
    _maybe_bool,
    _extras,
)


def _elements(*type_names: str, **keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    place = {"Width": _sides, "Height": _sides, "Top": _numbers, "Left": _numbers}
    fixed = st.fixed_dictionaries({"Type": st.sampled_from(type_names), **place, **keys})
    return st.builds(lambda values, extras: changed({**values, **extras}, {}), fixed, _extras)


_boxes = _elements(
    "ChoiceBox",
    "choicebox",
    "CheckBox",
    Width=_extents,
    Height=_extents,
    Bubbles=st.lists(_bubbles, min_size=1, max_size=3),
    BubbleWidth=_sides,
    BubbleHeight=_sides,
    Multiselect=_maybe_bool,
    Orientation=_orientation,
    AlignedVertically=_maybe_bool,
)
_grids = _elements("Grid", Elements=st.lists(_boxes, min_size=1, max_size=2), Orientation=_orientation)
_barcodes = _elements(
    "Barcode",
    "BarcodeDownloadable",
    BarcodeType=st.sampled_from(["qr", "EAN13", "?"]),
    QrVersion=st.sampled_from([ABSENT, None, 1, "1"]),
)
_clips = _elements(
    "ClipArea",
    JpegQuality=st.sampled_from([ABSENT, None, 0, 85, 100, 50.0, 84.6, "60", "60.0"]),
    Required=_maybe_bool,
)
_points = _elements(
    "ReferencePointElement", Name=st.sampled_from([ABSENT, None, ""]), ReferenceType=st.sampled_from([ABSENT, "Corner"])
)
_unknown = st.builds(
    lambda type_name, values: {"Type": type_name, **values},
    st.text(min_size=1).map("Un".__add__),
    st.dictionaries(_texts.filter("Type".__ne__), _anything, max_size=3),
)


_names = st.sampled_from(["Name", "Name", "a/b\\c", "é\n", ".."])


def _named(elements: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    needs = {"ChoiceBox", "choicebox", "CheckBox", "Grid", "Barcode", "BarcodeDownloadable", "ClipArea"}
    return [{**e, "Name": name} if e["Type"] in needs else e for e, name in zip(elements, names, strict=False)]


_pages = st.builds(
    lambda elements, names, image, extras: changed(
        {"Height": "100", "Width": 100.0, "Elements": _named(elements, names), **extras}, {"ImageData": image}
    ),
    st.lists(_boxes | _grids | _barcodes | _clips | _points | _unknown, max_size=4),
    st.lists(_names, min_size=4, max_size=4),
    st.sampled_from([ABSENT, None, base64.b64encode(b"image").decode()]),
    _extras,
)
valid_documents = st.builds(
    lambda version, first, is_generated, extras: changed(
        {"Version": version, "Name": "T", "Pages": [first], **extras}, {"IsGenerated": is_generated}
    ),
    st.sampled_from([ABSENT, None, "1.0", 1.0, 1]),
    _pages,
    _maybe_bool,
    _extras,
)
