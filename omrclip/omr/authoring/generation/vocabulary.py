"""The elements of the markup, their attributes and where they may stand."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from omrclip.omr.authoring.generation import values as v
from omrclip.omr.authoring.generation.nodes import SHOWN, At
from omrclip.omr.authoring.generation.values import Value

_LIKE = 0.6
"""Similarity of a misspelt name, 0 to 1, from which another is suggested; the default of difflib."""
BUBBLE_SIZES = {"extrasmall": 40, "small": 50, "normal": 60, "large": 80, "extralarge": 100}
"""Pixels at 300 dpi. The smallest is 3.4 mm."""
PAPER = {
    "A4": (2480, 3508),
    "Letter": (2551, 3295),
    "Legal": (2551, 4205),
    "A3": (3508, 4961),
    "Tabloid": (3295, 5102),
    "p8519": (2551, 5702),
    "p8521": (2551, 6302),
}
"""Width and height in pixels at 300 dpi, as existing clients know them. A5 and others are not in the markup."""
BARCODE_TYPES = (
    *("QR", "MicroQR", "Aztec", "DataMatrix", "Pdf417", "Code128", "Code39", "Code39Standard", "Code39Extended"),
    *("Code32", "Code93", "Codabar", "EAN13", "EAN8", "UPCA", "UPCE", "ITF14", "ITF"),
)

_SIZE = v.one_of(*BUBBLE_SIZES)
_SHAPE = v.one_of("round", "square")
_PIXELS, _COUNT = v.whole(0), v.whole(1, 500)
_FONT: dict[str, Value] = {
    "font_family": v.text,
    "font_size": v.whole(4, 200),
    "font_style": v.style,
    "color": v.colour,
}
_ALIGNED: dict[str, Value] = {"align": v.one_of("left", "center", "right")}
_AT: dict[str, Value] = {"x": _PIXELS, "y": _PIXELS}
_BUBBLES: dict[str, Value] = {"bubble_size": _SIZE, "bubble_type": _SHAPE}
_SIDES: dict[str, Value] = {f"border_{side}_style": v.border_side for side in ("top", "bottom", "left", "right")}
_BORDER: dict[str, Value] = {
    "border": v.one_of("none", "square", "rounded"),
    "border_size": _PIXELS,
    "border_color": v.colour,
    **_SIDES,
}
_HEADER: dict[str, Value] = {
    "header_type": v.one_of("underline", "square"),
    "header_border_size": _PIXELS,
    "header_border_color": v.colour,
}
_SHEET: dict[str, Value] = {**_BUBBLES, "vertical_margin": _PIXELS, "column": _COUNT}


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of one kind of element.

    Attributes:
        attributes: the types of its attributes.
        needed: those that it must have.
        contents: the kinds that may stand in it; None if it has no contents.
    """

    attributes: Mapping[str, Value] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    contents: frozenset[str] | None = None


def _of(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


_INLINE = _of(
    "empty_line", "image", "choicebox", "answer_sheet", "grid", "composite_grid", "checkbox", "barcode", "container"
)
_INLINE |= _of(
    "custom_answer_sheet", "score_group", "input_group", "write_in", "text_input", "free_text_input", "positioned_block"
)
TOP = _INLINE | _of("text", "content")
_BLOCK = _INLINE | _of("content", "paragraph", "vertical_choicebox", "table")

KINDS: dict[str, Kind] = {
    "page": Kind(
        {
            "orientation": v.one_of("horizontal", "vertical"),
            "paper_size": v.one_of(*PAPER),
            "left_margin": _PIXELS,
            "right_margin": _PIXELS,
            "rotation_point_position": v.text,
        },
        contents=TOP,
    ),
    "container": Kind(
        {
            "columns_count": v.whole(1, 50),
            "columns_proportions": v.proportions,
            "type": v.one_of("normal", "footer"),
            "block_right_margin": _PIXELS,
            "block_bottom_margin": _PIXELS,
            "block_top_padding": _PIXELS,
            "sync_children_height": v.yes,
        },
        contents=_of(
            "block", "answer_sheet", "grid", "composite_grid", "score_group", "custom_answer_sheet", "empty_line"
        ),
    ),
    "block": Kind(
        {
            **_BORDER,
            "column": _COUNT,
            "is_clipped": v.yes,
            "background_color": v.colour,
            "height": _PIXELS,
            "horizontal_padding": _PIXELS,
            "vertical_padding": _PIXELS,
            "overflow": v.one_of("noclip", "clip", "wrap"),
        },
        contents=_BLOCK,
    ),
    "positioned_block": Kind(
        {**_AT, **_BORDER, "width": _PIXELS, "height": _PIXELS, "background_color": v.colour, "is_clipped": v.yes},
        ("x", "y"),
        _BLOCK,
    ),
    "paragraph": Kind(
        {"type": v.one_of("normal", "ImageWrap", "inline"), "vertical_align": v.one_of("top", "center", "bottom")},
        contents=_of("content", "image", "empty_line", "choicebox"),
    ),
    "text": Kind({**_FONT, **_ALIGNED}),
    "content": Kind({**_FONT, **_ALIGNED, "content_type": v.one_of("normal", "cells")}),
    "empty_line": Kind({"height": _PIXELS}),
    "image": Kind({**_AT, **_ALIGNED, "width": v.whole(1), "height": v.whole(1)}),
    "input_group": Kind(
        {
            **_BORDER,
            "label_border": v.one_of("none", "square", "rounded"),
            "input_border": v.one_of("none", "square", "rounded"),
        },
        contents=_of("content"),
    ),
    "choicebox": Kind(
        {**_FONT, **_ALIGNED, **_BUBBLES, "display_number": v.yes, "multiselect": v.yes},
        contents=_of("option"),
    ),
    "option": Kind({**_FONT, **_ALIGNED, "bubble_value": v.text, "row_index": v.whole(0, 500)}),
    "answer_sheet": Kind(
        {
            **_SHEET,
            "elements_count": _COUNT,
            "columns_count": v.whole(1, 20),
            "answers_count": v.whole(1, 26),
            "answers_list": v.groups,
            "start_id": v.whole(0, 100_000),
            "multiselect": v.yes,
        },
        ("elements_count",),
    ),
    "grid": Kind(
        {
            **_SHEET,
            **_HEADER,
            **_AT,
            **_ALIGNED,
            "sections_count": v.whole(1, 40),
            "options_count": v.whole(1, 10),
            "orientation": v.one_of("horizontal", "vertical"),
        }
    ),
    "composite_grid": Kind(
        {
            **_SHEET,
            **_HEADER,
            **_AT,
            **_ALIGNED,
            "columns_count": v.whole(1, 40),
            "values": v.groups,
            "extra_row": v.groups,
            "orientation": v.one_of("horizontal", "vertical"),
            "rotate": v.one_of("0", "90", "180", "270"),
            "display_hint": v.yes,
        }
    ),
    "checkbox": Kind(
        {
            **_FONT,
            **_ALIGNED,
            **_BUBBLES,
            **_AT,
            "threshold": v.whole(0, 100),
            "hide_name": v.yes,
            "multiselect": v.yes,
            "column": _COUNT,
        },
        contents=_of("content"),
    ),
    "vertical_choicebox": Kind(
        {
            **_BUBBLES,
            "threshold": v.whole(0, 100),
            "top_padding": _PIXELS,
            "bubble_position": v.one_of("left", "right"),
            "multiselect": v.yes,
        },
        contents=_of("answer", "empty_line", "content"),
    ),
    "answer": Kind(
        {
            "value": v.text,
            "selectable": v.yes,
            "bubble_type": _SHAPE,
            "bubble_position": v.one_of("left", "right"),
            "bubble_offset_x": v.whole(-v.MOST_PIXELS),
            "bubble_offset_y": v.whole(-v.MOST_PIXELS),
        },
        contents=_of("paragraph", "content", "write_in"),
    ),
    "write_in": Kind({"required": v.yes, "hint": v.text, "color": v.colour, "adaptive": v.yes}),
    "custom_answer_sheet": Kind(
        {
            **_BORDER,
            "amount": _COUNT,
            "columns_count": v.whole(1, 20),
            "row_proportions": v.proportions,
            "start_id": v.whole(0, 100_000),
            "column": _COUNT,
        },
        ("amount", "columns_count", "row_proportions"),
        _of("header", "custom_row", "table_header"),
    ),
    "header": Kind(contents=_of("column", "content")),
    "column": Kind({**_FONT, **_ALIGNED, "content_type": v.one_of("normal", "cells")}),
    "custom_row": Kind(contents=_of("content", "write_in", "bubble_array", "custom_trigger")),
    "bubble_array": Kind(
        {**_BUBBLES, **_FONT, "answers_list": v.groups, "recogintion_values": v.groups}, ("answers_list",)
    ),
    "custom_trigger": Kind(
        {**_BUBBLES, "value": v.text, "target": v.text, "trigger_type": v.text}, ("value", "target")
    ),
    "table": Kind(
        {**_FONT, "answers_count": v.whole(1, 26), "table_type": v.one_of("normal", "striped", "equalCells")},
        ("answers_count",),
        _of("table_title", "table_header", "question"),
    ),
    "table_title": Kind({**_FONT, **_BORDER, "background_color": v.colour}),
    "table_header": Kind({**_FONT}, contents=_of("content", "answer_value")),
    "answer_value": Kind({**_FONT}),
    "question": Kind({**_FONT}),
    "score_group": Kind(
        {"score_type_table": v.text, "column": _COUNT}, contents=_of("score_question", "table_content")
    ),
    "score_question": Kind(
        {
            **_FONT,
            "row_proportions": v.proportions,
            "score_display": v.one_of("DontDisplay", "DisplayInsideCell", "DisplayAsExtraColumn"),
        },
        ("row_proportions",),
        _of("score_header", "score_answer", "table_content"),
    ),
    "score_header": Kind(
        {
            **_FONT,
            **_ALIGNED,
            "header_type": v.one_of("positive", "negative", "amount", "question", "content"),
            "score": v.number,
        },
        ("header_type",),
    ),
    "score_answer": Kind({**_FONT, "score": v.number}, ("score",)),
    "table_content": Kind({**_FONT, **_ALIGNED, "column": _COUNT, "row": _COUNT}),
    "barcode": Kind(
        {
            **_AT,
            **_ALIGNED,
            "value": v.text,
            "barcode_type": v.one_of(*BARCODE_TYPES),
            "qr_version": v.qr_version,
            "codetext": v.yes,
            "height": v.whole(1),
            "rotation_angle": v.whole(0, 360),
        },
        ("value",),
    ),
    "text_input": Kind({"length": _COUNT, "input_type": v.text, "cell_size": v.text}),
    "free_text_input": Kind({"line_height": _PIXELS}),
}
HAS_CONTENTS = {name: kind.contents is not None for name, kind in KINDS.items()}
ATTRIBUTES = frozenset(name for kind in KINDS.values() for name in kind.attributes)
CODE_COLUMNS = 5
"""Columns of a composite grid, if the source does not say it: the default of the cloud's markup."""
_NO_HANDWRITING = "omrclip does not turn handwriting into text. Write ?write_in= to get its picture."
IGNORED = {
    "text_input": _NO_HANDWRITING,
    "free_text_input": _NO_HANDWRITING,
    "table_content": "omrclip does not print texts into tables of scores. Write a row with ?score_header=.",
}
"""Elements that are left out, and the warning."""
NOT_BUILT = frozenset(
    {
        "overflow",
        "rotate",
        "rotation_angle",
        "rotation_point_position",
        "sync_children_height",
        "trigger_type",
        "vertical_align",
    }
)
"""Attributes of the markup that are checked and have no effect yet."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of the form. `values` has the attributes that are set, of the types in KINDS."""

    kind: str
    name: str
    at: At
    values: Mapping[str, Any] = field(default_factory=dict)
    children: tuple["Element", ...] = ()


def most_like(name: str, known: Iterable[str]) -> str:
    """A suggestion for a misspelt name, or the list of all names."""
    by_name = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name[:SHOWN].lower(), by_name, n=1, cutoff=_LIKE)
    return f"Write {by_name[near[0]]}." if near else f"Write one of {', '.join(sorted(by_name.values()))}."
