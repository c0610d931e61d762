"""The samples that are committed: which sheets, filled in by whom, seen how.

`samples/truth.json` says for every image what is true about it. Its points are [x, y] in px from the outer corner of
the image's upper left pixel; `corners` are those of the template page, top left, top right, bottom right, bottom left;
`lattice` has evenly spaced points of the template page and where they are in the image, for paper that is not flat.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import cv2

from omrclip.imaging.geometry import Dimensions
from tests.sheets.camera import Curl, Glass, Points, Pose
from tests.sheets.exam import exam
from tests.sheets.filling import Habits, Paper, Person
from tests.sheets.handwriting import Hand
from tests.sheets.layout import Form
from tests.sheets.printing import print_page
from tests.sheets.scene import Light, Scene, Sensor
from tests.sheets.sheet import LATTICE, Sheet, Shot, make, template_corners, template_lattice, template_to_image
from tests.sheets.survey import survey
from tests.sheets.template import omr_text

TEMPLATE_DPI: Final = 200.0
FORMS: Final = {form.name: form for form in (exam(), survey())}

NORA: Final = Person("Nora Lindqvist", "blue ballpoint", ("fill",), Hand(0.2), habits=Habits(0.02, 0.02))
TOMAS: Final = Person("Tomas Berger", "pencil", ("fill", "scribble"), Hand(0.05, 0.55), habits=Habits(0.08, 0.05))
IDA: Final = Person("Ida Moreau", "black felt", ("fill", "fill", "cross"), Hand(0.3, 0.4), habits=Habits(0.04, 0.04))
MARCO: Final = Person("Marco Vidal", "blue ballpoint", ("fill", "scribble"), Hand(0.1, 0.5))
SAMUEL: Final = Person(
    "Samuel Okafor",
    "black ballpoint",
    ("fill", "tick", "cross"),
    Hand(0.12, 0.45),
    "14/03/2031",
    ("The waiting room was a little cold, but", "the doctor took her time. Thank you!"),
    Habits(0.0, 0.0),
)
GRETA: Final = Person(
    "Greta Holm",
    "blue ballpoint",
    ("tick", "fill"),
    Hand(0.28, 0.4),
    "2/4/2031",
    ("Parking is hard to find in the morning.", "Everyone at the desk was very kind.", "More flowers, please!"),
    Habits(0.12, 0.06),
)
PAUL: Final = Person(
    "Paul Adeyemi",
    "blue felt",
    ("scribble", "cross", "fill"),
    Hand(0.0, 0.5),
    "21/03/2031",
    ("Longer opening hours would help us", "who work in shifts."),
    Habits(0.1, 0.05),
)

A4_200: Final = Dimensions(1654, 2339)
A4_300: Final = Dimensions(2481, 3509)
PHONE: Final = Dimensions(1650, 2200)

# The light and sensor of each image: an ordinary flatbed, a grey one, an old one, a lamp on a desk, a window.
FLATBED: Final = Scene("lid", Light(), Sensor(0.5, noise=1.2, dust=5, quality=78))
GREY_FLATBED: Final = Scene("lid", Light(), Sensor(0.9, noise=1.4, dust=12, quality=64, grey=True))
OLD_FLATBED: Final = Scene("lid", Light(0.99, warmth=0.01), Sensor(0.65, noise=1.6, dust=12, quality=76))
LAMP: Final = Scene(
    "oak", Light(1.08, 0.24, 30.0, 0.3, 125.0, 0.22, 0.16, 0.18, 0.05), Sensor(0.7, noise=2.0, quality=76)
)
WINDOW: Final = Scene(
    "walnut", Light(1.12, 0.26, 160.0, 0.22, -40.0, 0.2, 0.2, 0.2, -0.03, 0.9), Sensor(0.8, 1.6, 30.0, 2.2, quality=76)
)

EXAM_SHOTS: Final = {
    "exam-scan-1": Shot(101, A4_200, Glass(200.0), NORA, scene=FLATBED),
    "exam-scan-2": Shot(
        102, A4_300, Glass(300.0, 0.18, 0.3, -0.2), TOMAS, Paper((232, 242, 247), 40), scene=GREY_FLATBED
    ),
    "exam-scan-3": Shot(103, A4_200, Glass(200.0, -0.7, 0.4, 0.5), IDA, Paper((226, 238, 244), 30), scene=OLD_FLATBED),
    "exam-photo-1": Shot(104, PHONE, Pose(7.0, -5.0, 3.0, 0.82, 0.0, -0.01), MARCO, scene=LAMP),
}
SURVEY_SHOTS: Final = {
    "survey-scan-1": Shot(201, A4_200, Glass(200.0, 0.1, 0.1, 0.1), SAMUEL, scene=FLATBED),
    "survey-scan-2": Shot(
        202, A4_200, Glass(200.0, 0.8, -0.3, 0.4), GRETA, Paper((236, 240, 242), 46), scene=OLD_FLATBED
    ),
    "survey-photo-1": Shot(
        203, PHONE, Pose(-7.0, 8.0, -2.5, 0.86, 0.0, 0.01), PAUL, curl=Curl(5.0, 460.0, 65.0, 20.0), scene=WINDOW
    ),
}
SHOTS: Final = {
    **{name: ("exam", shot) for name, shot in EXAM_SHOTS.items()},
    **{name: ("survey", shot) for name, shot in SURVEY_SHOTS.items()},
}


@dataclass(frozen=True, slots=True)
class File:
    """A committed file: its path below the project, and its bytes."""

    path: str
    data: bytes


def committed() -> Iterator[File]:
    """All files, one after the other."""
    for form in FORMS.values():
        yield File(f"templates_omr/{form.name}.omr", omr_text(form, TEMPLATE_DPI).encode())
        yield File(f"templates_omr/{form.name}.png", page_png(form))
    truths = {}
    for name in SHOTS:
        sheet = sample(name)
        truths[f"{name}.jpg"] = truth_of(sheet)
        yield File(f"samples/{name}.jpg", sheet.jpeg)
    yield File("samples/truth.json", readable(truths).encode())


def readable(values: dict[str, Any]) -> str:
    """JSON with each list of numbers on one line."""
    text = json.dumps(values, indent=1, ensure_ascii=False)
    return re.sub(r"\[[-\d.,\s]+\]", lambda numbers: " ".join(numbers[0].split()), text) + "\n"


def sample(name: str) -> Sheet:
    """The committed sample of that name, made again."""
    form, shot = SHOTS[name]
    return make(FORMS[form], shot)


def page_png(form: Form) -> bytes:
    """The template's page image: eight bit grey."""
    _, data = cv2.imencode(".png", print_page(form, TEMPLATE_DPI), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return bytes(data)


def truth_of(sheet: Sheet) -> dict[str, Any]:
    """What is true about a sheet, as JSON values."""
    form, shot = sheet.form, sheet.shot
    corners, lattice = template_corners(form, TEMPLATE_DPI), template_lattice(form, TEMPLATE_DPI)
    return {
        "template": f"{form.name}.omr",
        "kind": shot.kind,
        "width": shot.dimensions.width,
        "height": shot.dimensions.height,
        "answers": sheet.answers,
        "corners": _listed(template_to_image(sheet.page_map, corners, TEMPLATE_DPI)),
        "lattice": {
            "columns": LATTICE[0],
            "rows": LATTICE[1],
            "template": _listed(lattice),
            "image": _listed(template_to_image(sheet.page_map, lattice, TEMPLATE_DPI)),
        },
        "seed": shot.seed,
        "parameters": shot.parameters,
    }


def _listed(points: Points) -> list[list[float]]:
    return [[round(float(x), 3), round(float(y), 3)] for x, y in points]
