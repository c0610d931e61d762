"""Find the page of a scan among ten templates: `python -m tests.benchmarks.choosing`.

The templates are an exam, a survey, an enrolment, a sheet of answers, and six answer sheets that are nearly the same.
They have one page each, with its image. Scans lie upside down. Times are processor times of one thread.
"""

import json
import time
from collections.abc import Callable

import click
import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.codec import encode
from omrclip.imaging.formats.base import ImageFormat
from omrclip.imaging.geometry import Dimensions
from omrclip.imaging.setting_up import set_up_process
from omrclip.omr.page_choice import PageChoice
from omrclip.omr.recognition import known_pages
from omrclip.omr.registration.find import ImagePyramid, KnownPage, register
from omrclip.schemas.template import load_template
from omrclip.work import ENDLESS
from tests.sheets.answers import answers
from tests.sheets.blocks import blocks
from tests.sheets.camera import Glass
from tests.sheets.enrolment import enrolment
from tests.sheets.exam import exam
from tests.sheets.filling import Person
from tests.sheets.layout import Form
from tests.sheets.printing import print_page
from tests.sheets.scene import Light, Scene, Sensor
from tests.sheets.sheet import Shot, make
from tests.sheets.survey import survey
from tests.sheets.template import omr_document

DPI = 200.0
DIFFERENT = (exam(), survey(), enrolment(), answers(True))
ALIKE = tuple(blocks()[:6])


def main() -> None:
    """Measure and print a row of docs/benchmarks.md for each form that differs from the others."""
    set_up_process()
    cv2.setNumThreads(1)
    pages = [page(form) for form in (*DIFFERENT, *ALIKE)]
    choice = PageChoice(pages)
    for form, known in zip(DIFFERENT, pages, strict=False):
        scan = upside_down(form)
        register(known, ImagePyramid(scan))  # prepares the page
        alone = seconds(lambda: register(known, ImagePyramid(scan)))  # noqa: B023 (called at once)
        first, later = (
            seconds(lambda: choice.fit(pages, ImagePyramid(scan), False, ENDLESS))  # noqa: B023 (called at once)
            for _ in range(2)
        )
        click.echo(f"| {form.name} | {alone:.2f} | {first:.1f} | {later:.2f} |")


def page(form: Form) -> KnownPage:
    template = load_template(json.dumps(omr_document(form, DPI)).encode())
    return known_pages(template, encode(print_page(form, DPI), ImageFormat.PNG))[0]


def upside_down(form: Form) -> npt.NDArray[np.uint8]:
    scene = Scene("lid", Light(), Sensor(0.5, noise=1.2, dust=5))
    shot = Shot(1, Dimensions(1654, 2339), Glass(DPI, skew=0.5), Person("A B", "blue ballpoint"), scene=scene)
    return np.ascontiguousarray(make(form, shot).image[::-1, ::-1])


def seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    main()
