"""PDF forms (AcroForm) with checkboxes, radio buttons and text fields."""

import io
from collections.abc import Callable

import pypdf
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NumberObject

QUESTIONS, VALUES = 5, "ABCD"
SIZE = 14
"""Side of a bubble in points."""
HEIGHT = 842.0
"""Of the page in points; its width is WIDTH."""
WIDTH = 595.0

Place = tuple[float, float, float, float]


def question_places(question: int) -> list[Place]:
    """Left, top, width and height of the bubbles of a question, from 0, in points from the upper left corner."""
    return [(200.0 + 40 * at, HEIGHT - (740 - 30 * question) - SIZE, SIZE, SIZE) for at in range(len(VALUES))]


def pdf_form(*, has_print: bool = True) -> bytes:
    """A page with radio buttons q1 … q5, the checkboxes apples and pears, and the text field `full name`."""
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT))
    form = canvas.acroForm
    for question in range(QUESTIONS):
        y = 740 - 30 * question
        if has_print:
            canvas.drawString(60, y + 4, f"{question + 11}.")
        for at, value in enumerate(VALUES):
            form.radio(name=f"q{question + 1}", value=value, x=200 + 40 * at, y=y, size=SIZE, shape="circle")
    for at, fruit in enumerate(("apples", "pears")):
        form.checkbox(name=fruit, x=60, y=580 - 30 * at, size=SIZE)
    form.textfield(name="full name", x=150, y=500, width=200, height=24)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def changed(data: bytes, change: Callable[[pypdf.PageObject], None]) -> bytes:
    """A PDF with a changed first page."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    change(writer.pages[0])
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def turned(page: pypdf.PageObject) -> None:
    """Show the page turned clockwise by 90°."""
    page[NameObject("/Rotate")] = NumberObject(90)


def cut(page: pypdf.PageObject) -> None:
    """Show the page without 30 points at its left and 42 at its top."""
    page[NameObject("/CropBox")] = ArrayObject(map(FloatObject, (30, 0, WIDTH, HEIGHT - 42)))


def hide_checkboxes(page: pypdf.PageObject) -> None:
    """Hide the checkbox of the apples, and have that of the pears not shown."""
    for annotation in _annotations(page):
        if annotation.get("/T") in ("apples", "pears"):
            annotation[NameObject("/F")] = NumberObject(2 if annotation["/T"] == "apples" else 32)


def to_sign(page: pypdf.PageObject) -> None:
    """Make the text field one for a signature."""
    for annotation in _annotations(page):
        if annotation.get("/T") == "full name":
            annotation[NameObject("/FT")] = NameObject("/Sig")


def damage(page: pypdf.PageObject) -> None:
    """Take the kinds, names and places of all fields away."""
    for annotation in _annotations(page):
        parent = annotation.get("/Parent")
        for one in (annotation, parent.get_object() if parent else annotation):
            for key in ("/FT", "/T", "/Rect", "/Kids"):
                one.pop(NameObject(key), None)


def _annotations(page: pypdf.PageObject) -> list[DictionaryObject]:
    return [one.get_object() for one in page["/Annots"]]  # type: ignore[union-attr, misc]
