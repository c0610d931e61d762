"""Files with the traits of real templates: one drawn form, whose document is changed by one trait, or by all."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import zxingcpp
from zxingcpp import BarcodeFormat

from omrclip.imaging.geometry import Box
from omrclip.omr.template import Template
from omrclip.schemas.template import dump_template
from tests.omr.sheet import MARKS, Sheet, Tones, form, png

Json = dict[str, Any]

SIGNATURE = Box(90, 600, 300, 90)
CODES = {(400, 596): "4711", (490, 596): "0815"}
"""Where QR codes are printed, left and top, and what they say."""
CODE_SIDE = 84
FILLED = {f"Q{number}": value for number, value in enumerate("BEACADBCEABC", start=1) if number != 12}
FILLED |= {"Id1": "4", "Id2": "0", "Id3": "7", "Id4": "1", "Code1": "X", "Code2": "Z"}
READ = {
    **{name: value for name, value in FILLED.items() if name.startswith("Q")},
    "Q12": "",
    "Id": "4071",
    "Code": "XZ",
}


@dataclass(frozen=True, slots=True, eq=False)
class Trait:
    """How a document differs from a plain one, and what then comes out of the filled sheet.

    Attributes:
        change: changes a document in place.
        read: the values of elements by their labels that differ from READ; None for one that is not read any more.
        clips: the boxes of clips by their labels that differ from SIGNATURE alone.
        files: the names of the clips' files, in template order.
        warned: the ends of the paths of the template's warnings.
        told: parts of the scan's messages.
    """

    change: Callable[[Json], None]
    read: Mapping[str, str | None] = field(default_factory=dict)
    clips: Mapping[str, Box] = field(default_factory=lambda: {"Signature": SIGNATURE})
    files: tuple[str, ...] = ("sSignature.png",)
    warned: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


@cache
def drawn() -> Sheet:
    """The form of `sheet` with two QR codes."""
    sheet = form()
    blank = sheet.blank.copy()
    for (left, top), text in CODES.items():
        code = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, BarcodeFormat.QRCode), scale=4)
        resized = cv2.resize(np.array(code), (CODE_SIDE, CODE_SIDE), interpolation=cv2.INTER_AREA)
        blank[top : top + CODE_SIDE, left : left + CODE_SIDE] = resized
    return replace(sheet, blank=blank)


@cache
def filled() -> Tones:
    """The sheet with marks and a signature."""
    tones = drawn().marked(FILLED)
    cv2.putText(tones, "Ada Lovelace", (110, 655), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.2, 60, 2)
    return tones


def blank_page() -> bytes:
    return png(drawn().blank)


def scan() -> bytes:
    return png(filled())


def plain() -> Json:
    """The document of the form, in which nothing is unusual."""
    return {**dump_template(Template(pages=(drawn().page,), version="1.0", name="Form")), "IsGenerated": True}


def with_trait(*traits: Trait) -> Json:
    document = deepcopy(plain())
    for trait in traits:
        trait.change(document)
    return document


# --- changes ------------------------------------------------------------------------------------------------------


def elements(document: Json) -> list[Json]:
    found: list[Json] = document["Pages"][0]["Elements"]
    return found


def named(document: Json, name: str) -> Json:
    return next(element for element in elements(document) if element.get("Name") == name)


def _each(value: Any, change: Callable[[Json], None]) -> None:
    """Change every object of a document."""
    if isinstance(value, dict):
        change(value)
        for member in value.values():
            _each(member, change)
    elif isinstance(value, list):
        for member in value:
            _each(member, change)


def set_keys(**values: Any) -> Callable[[Json], None]:
    """Set keys of the first page."""
    return lambda document: document["Pages"][0].update(values)


def set_of(name: str, **values: Any) -> Callable[[Json], None]:
    """Set keys of an element; several, one by one, with `names` separated by spaces."""

    def change(document: Json) -> None:
        for each in name.split():
            named(document, each).update(values)

    return change


def numbers_as_strings(document: Json) -> None:
    keys = ("Left", "Top", "Width", "Height")
    for page in document["Pages"]:
        for element in page["Elements"]:
            _each(element, lambda values: values.update({key: str(values[key]) for key in keys if key in values}))


def numbers_as_floats(document: Json) -> None:
    """As files of 2019 to 2022 have them."""
    keys = ("Left", "Top", "Width", "Height")
    for page in document["Pages"]:
        for element in page["Elements"]:
            _each(element, lambda values: values.update({key: values[key] + 0.25 for key in keys if key in values}))
    named(document, "Signature").update(plain_place(SIGNATURE))


def plain_place(box: Box) -> Json:
    return {"Width": box.width, "Height": box.height, "Top": box.top, "Left": box.left}


def one_way_only(document: Json) -> None:
    """Horizontal, not aligned and one answer only, whatever runs down: what generators of 2022 write everywhere."""
    told = {"Orientation": "Horizontal", "AlignedHorizontally": False, "AlignedVertically": False, "Multiselect": False}

    def tell(values: Json) -> None:
        values.update({key: value for key, value in told.items() if key in values})

    _each(document, tell)


def booleans_as_strings(document: Json) -> None:
    keys = ("IsValid", "Multiselect")
    _each(document, lambda values: values.update({key: str(values[key]) for key in keys if key in values}))


def lower_case_types(document: Json) -> None:
    _each(document, lambda values: values.update({"Type": values["Type"].lower()} if "Type" in values else {}))


def add(*added: Json) -> Callable[[Json], None]:
    return lambda document: elements(document).extend(deepcopy(added))


def clip_area(name: str, box: Box = SIGNATURE, **more: Any) -> Json:
    return {"Type": "ClipArea", "Name": name, **plain_place(box), **more}


def codes(*names: str, kind: str = "BarcodeDownloadable") -> list[Json]:
    """Elements for the printed codes."""
    place = {"Width": CODE_SIDE, "Height": CODE_SIDE}
    return [
        {"Type": kind, "Name": name, **place, "Top": top, "Left": left, "BarcodeType": "QR", "QrVersion": None}
        for name, (left, top) in zip(names, CODES, strict=False)
    ]


def check_boxes(document: Json) -> None:
    """Q1 and Q2 as CheckBoxes, as they are written: without Multiselect, and all extents "0"."""
    for name, values in (("Q1", "yes no maybe"), ("Q2", "red green blue black")):
        box = named(document, name)
        for key in ("Multiselect", "Orientation"):
            del box[key]
        for bubble, value in zip(box["Bubbles"], values.split(), strict=False):
            bubble["Value"] = value
        del box["Bubbles"][len(values.split()) :]
        box.update(Type="CheckBox", Threshold=3, Left="0", Top="0", Width="0", Height="0")


def triggers(document: Json) -> None:
    """The bubble A of Q5, which is marked, and E of Q4, which is not, as triggers of one name."""
    for name, value, target in (("Q5", "A", "Q6"), ("Q4", "E", "Q7")):
        box = named(document, name)
        box["Bubbles"] = [bubble for bubble in box["Bubbles"] if bubble["Value"] == value]
        box["Bubbles"][0]["Value"] = ""
        box.update(Type="ReplaceTrigger", Name="skip", Target=target, Value="skipped")


def trigger_in_grid(document: Json, value: str = "Z") -> None:
    """The second row of the grid of letters, where Z is marked, as a trigger with one of its bubbles."""
    row = named(document, "Code")["Elements"][1]
    row["Bubbles"] = [bubble for bubble in row["Bubbles"] if bubble["Value"] == value]
    row["Bubbles"][0]["Value"] = ""
    row.update(Type="ReplaceTrigger", Name="skip", Target="Q6", Value="skipped")


def composite(document: Json) -> None:
    """The grid of digits as a composite grid: lists of bubbles, without boxes for the columns."""
    grid = named(document, "Id")
    columns = grid.pop("Elements")
    for key in [key for key in grid if key.startswith(("Aligned", "Orientation"))]:
        del grid[key]
    grid.update(
        Type="CompositeGridOmr:#Vendor.TemplateModel",
        BubbleWidth=columns[0]["BubbleWidth"],
        BubbleHeight=columns[0]["BubbleHeight"],
        Bubbles=[column["Bubbles"] for column in columns],
    )


def score_group(document: Json) -> None:
    """Q8 to Q11 as two questions with two criteria each, whose bubbles count 1 to 5, B never."""
    answers = []
    for name in ("Q8", "Q9", "Q10", "Q11"):
        box = named(document, name)
        elements(document).remove(box)
        for score, bubble in enumerate(box["Bubbles"], start=1):
            bubble.update(IsPositive=bubble["Value"] != "B", Score=score)
        kept = ("Name", "Width", "Height", "Top", "Left", "BubbleWidth", "BubbleHeight", "Bubbles")
        answers.append({key: box[key] for key in kept})
    place = {"Width": 200, "Height": 60, "Top": 328, "Left": 84}
    questions = [{"Name": f"Part {n}", **place, "ScoreAnswers": answers[2 * n - 2 : 2 * n]} for n in (1, 2)]
    elements(document).insert(0, {"Type": "ScoreGroup", "Name": "Visit", **place, "Questions": questions})


def reference_points(prefix: str = "ReferencePoint", first: int = 0, **more: Any) -> Callable[[Json], None]:
    """Points as generators write them: numbered names, no ReferenceType."""

    def change(document: Json) -> None:
        points = [element for element in elements(document) if element["Type"] == "ReferencePoint"]
        for number, point in enumerate(points, start=first):
            point.update(Type="ReferencePointElement", Name=f"{prefix}{number}", **more)
            point.pop("ReferenceType", None)

    return change


def four_squares() -> Json:
    """The document whose only reference points are those of the corners, which look alike."""
    document = plain()
    fifth = next(e for e in elements(document) if (e.get("Left"), e.get("Top")) == MARKS[4])
    elements(document).remove(fifth)
    return document


def without_fifth_square(tones: Tones) -> Tones:
    left, top = MARKS[4]
    without = tones.copy()
    without[top - 2 : top + 24, left - 2 : left + 24] = 255
    return without


def nulls(document: Json) -> None:
    """Null wherever a generator had nothing to say."""
    document.update(TemplateId=None, FinalizationComplete=None)
    document["Pages"][0].update(ImageName=None, ImageFormat=None, ImageData=None)
    document["Pages"].append({"Height": 20, "Width": 20, "Elements": None})
    for name in ("Q1", "Q2"):
        named(document, name).update(Orientation=None, Multiselect=None, AlignedHorizontally=None)
    named(document, "Q12")["Bubbles"][0]["Value"] = None
    for column in named(document, "Id")["Elements"]:
        column["Name"] = None


def unknown(document: Json) -> None:
    """Elements of unknown types on the page and in a grid, some of which are clip areas by another name."""
    place = {"Width": 9, "Height": 9, "Top": 9, "Left": 9}
    for type_name in ("AreaOfInterest", "clip_area", "ClippedArea", "Hologram"):
        elements(document).append({"Type": type_name, "Name": "New", **place, "Deep": [{"er": None}]})
    named(document, "Code")["Elements"].append({"Type": "Hologram", **place})


def unusual_keys(document: Json) -> None:
    document.update(Dpi=300, Author={"Tools": ["x", None, 1.0]})
    document["Pages"][0].update(Dpi="300", Orientation="Portrait", PaperSize="A4")
    named(document, "Signature")["Colour"] = {"R": 1}


def _all_named(*names: str, name: str) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        for each in names:
            named(document, each)["Name"] = name

    return change


def _both(*changes: Callable[[Json], None]) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        for each in changes:
            each(document)

    return change


QUESTION = "How often, on average, do you use it? Daily/weekly/monthly: please mark one"
OVER_THE_EDGE = Box(500, 600, 100, 90)
TEXT = 'Why / "really"?\\: a\n' + "ü" * 40
ON_A_LINE = TEXT.replace("\n", r"\x0a")
AS_FILE = "Why _ _really____ a_" + "ü" * 40

TRAITS: dict[str, Trait] = {
    "numbers as strings": Trait(numbers_as_strings),
    "root and page of new files": Trait(
        _both(
            lambda document: document.update(Version="1.0", TemplateId="", FinalizationComplete=False),
            set_keys(ImageFormat=".png", ImageName=None),
        )
    ),
    "numbers as floats": Trait(numbers_as_floats),
    "one orientation and one answer everywhere": Trait(one_way_only),
    "page extents as floats and strings": Trait(set_keys(Width=600.0, Height="800.0")),
    "booleans as strings": Trait(booleans_as_strings),
    "types in lower case": Trait(lower_case_types),
    "orientation in lower case": Trait(set_of("Q1 Q2", Orientation="vertical")),
    "nulls": Trait(nulls, {"Q12": ""}, warned=("Bubbles[0].Value",)),
    "keys that nobody knows": Trait(unusual_keys),
    "a box and a clip area of one name": Trait(
        _both(_all_named("Q1", "Signature", name="Gender")),
        {"Q1": None, "Gender": "B"},
        {"Gender (2)": SIGNATURE},
        ("sGender.png",),
        ("Elements[19].Name",),
    ),
    "several boxes of one name": Trait(
        _all_named("Q1", "Q2", "Q12", name="Q"),
        {"Q1": None, "Q2": None, "Q12": None, "Q": "B", "Q (2)": "E", "Q (3)": ""},
        warned=("Elements[1].Name", "Elements[11].Name"),
    ),
    "several grids of one name": Trait(
        _all_named("Id", name="Code"),
        {"Id": None, "Code": "4071", "Code (2)": "XZ"},
        warned=("Elements[13].Name",),
    ),
    "several clip areas of one name": Trait(
        add(clip_area("Signature", Box(100, 610, 50, 40)), clip_area("signature", Box(200, 610, 50, 40))),
        clips={"Signature": SIGNATURE, "Signature (2)": Box(100, 610, 50, 40), "signature": Box(200, 610, 50, 40)},
        files=("sSignature.png", "sSignature_2.png", "ssignature_3.png"),
        warned=("Elements[20].Name",),
    ),
    "several bar codes of one name": Trait(
        add(*codes("Bar", "Bar", kind="Barcode")),
        {"Bar": "4711", "Bar (2)": "0815"},
        warned=("Elements[21].Name",),
    ),
    "any text in names": Trait(
        _both(_all_named("Signature", name=TEXT), _all_named("Q1", name="a\tb")),
        {"Q1": None, r"a\x09b": "B"},
        {ON_A_LINE: SIGNATURE},
        (f"s{AS_FILE}.png",),
        ("Elements[0].Name", "Elements[19].Name"),
    ),
    "a question as a name": Trait(
        _both(_all_named("Signature", name=QUESTION), _all_named("Q1", name=QUESTION)),
        {"Q1": None, QUESTION: "B"},
        {f"{QUESTION} (2)": SIGNATURE},
        ("sHow often, on average, do you use it_ Daily_weekly_monthly_ please mark one.png",),
        ("Elements[0].Name", "Elements[19].Name", "Elements[19].Name"),
    ),
    "a name longer than a file's": Trait(
        _all_named("Signature", name="é" * 300),
        clips={"é" * 300: SIGNATURE},
        files=("s" + "é" * 122 + ".png",),
        warned=("Elements[19].Name",),
    ),
    "height 0": Trait(set_of("Q1 Q2 Id", Height="0")),
    "boxes lower than their bubbles": Trait(set_of("Q1 Q2 Q3", Height=4, Top=118)),
    "boxes past the edges": Trait(
        _both(
            set_of("Q1", Left=-20, Width=1000),
            set_of("Code", Height=700),
            add(clip_area("Corner", Box(500, 600, 300, 90)), clip_area("Side", Box(-50, 600, 200, 90))),
        ),
        clips={"Signature": SIGNATURE, "Corner": OVER_THE_EDGE, "Side": Box(0, 600, 150, 90)},
        files=("sSignature.png", "sCorner.png", "sSide.png"),
        warned=(
            *("Elements[0].Left", "Elements[0].Width", "Elements[13].Height"),
            *("Elements[20].Width", "Elements[21].Left"),
        ),
    ),
    "quality 0": Trait(set_of("Signature", JpegQuality=0)),
    "quality as a float": Trait(set_of("Signature", JpegQuality=84.6)),
    "a clip area that is not required": Trait(set_of("Signature", Required=False)),
    "thresholds": Trait(_both(set_of("Q1", Threshold=3), set_of("Q2", Threshold="5"), set_of("Q3", Threshold=12.5))),
    "bar codes of new files": Trait(add(*codes("One", "Two")), {"One": "4711", "Two": "0815"}),
    "check boxes": Trait(check_boxes, {"Q1": "no", "Q2": ""}),
    "triggers": Trait(
        triggers,
        {"Q4": None, "Q5": None, "Q6": "skipped", "skip": "", "skip (2)": "skipped"},
    ),
    "a trigger without a target": Trait(
        _both(triggers, lambda document: elements(document)[4].update(Target="nobody")),
        {"Q4": None, "Q5": None, "skip": "", "skip (2)": "skipped"},
        warned=("Elements[4].Target",),
        told=("skip (2): It replaces the value of 'nobody', but that names nothing.",),
    ),
    "a trigger in a grid": Trait(trigger_in_grid, {"Q6": "skipped", "Code": "X"}),
    "a composite grid": Trait(composite),
    "a score group": Trait(
        score_group,
        {"Q8": None, "Q9": None, "Q10": None, "Q11": None, "Visit": "9"},
    ),
    "reference points of generators": Trait(reference_points()),
    "reference points of older generators": Trait(reference_points("RefPoint", first=1)),
    "elements of unknown types": Trait(
        unknown,
        warned=("Elements[20].Type", "Elements[21].Type", "[22].Type", "[23].Type", "Elements[13].Elements[2].Type"),
        told=(
            'New: omrclip does not read elements of the type "AreaOfInterest". Use the type "ClipArea" for a region',
            'New: omrclip does not read elements of the type "clip_area". Use the type',
            'New: omrclip does not read elements of the type "ClippedArea". Use the type',
            'New: omrclip does not read elements of the type "Hologram".',
            'Code, Element 3: omrclip does not read elements of the type "Hologram".',
        ),
    ),
}


def all_together() -> Json:
    """A document with every trait at once: repeated names, odd texts, all kinds of elements, numbers as strings."""
    document = plain()
    for change in (unusual_keys, composite, score_group, check_boxes, triggers, unknown, reference_points()):
        change(document)
    named(document, "Q12")["Name"] = named(document, "Signature")["Name"] = "Gender"
    named(document, "Q3")["Name"] = TEXT
    named(document, "Gender").update(Height="0", Width=5000)
    areas = (clip_area(TEXT, Box(100, 610, 50, 40), Required=False), clip_area("Gender", Box(500, 600, 300, 90)))
    add(*codes("Bar", "Bar"), *(dict(area, JpegQuality=0) for area in areas))(document)
    numbers_as_strings(document)
    return document


ALL_READ = {
    "Visit": "9",
    "Q1": "no",
    "Q2": "",
    ON_A_LINE: "A",
    "skip": "",
    "skip (2)": "skipped",
    "Q6": "skipped",
    "Q7": "B",
    "Gender": "",
    "Id": "4071",
    "Code": "XZ",
    "Bar": "4711",
    "Bar (2)": "0815",
}
ALL_CLIPS = {
    "Gender (2)": SIGNATURE,
    f"{ON_A_LINE} (2)": Box(100, 610, 50, 40),
    "Gender (3)": OVER_THE_EDGE,
}
ALL_FILES = ("sGender.png", f"s{AS_FILE}.png", "sGender_2.png")


def as_file(document: Json, encoding: str = "utf-8", end: str = "\r\n", indent: str | int = "\t") -> bytes:
    """A file as generators write it: indented by tabs, with the line ends of Windows."""
    return json.dumps(document, indent=indent, ensure_ascii=False).replace("\n", end).encode(encoding)
