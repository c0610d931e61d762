"""Shapes as a PDF with vectors and embedded fonts."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch
from io import BytesIO

from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from omrclip.omr.authoring.generation.direction import drawn_order
from omrclip.omr.authoring.generation.fonts import face, width
from omrclip.omr.authoring.generation.shapes import (
    DPI,
    POINTS_PER_INCH,
    Modules,
    Oval,
    PageLayout,
    Picture,
    Rect,
    Shape,
    Stroke,
    Words,
)

_SCALE = POINTS_PER_INCH / DPI
_ROUNDING = 0.001
"""Points by which a page is smaller than its pixels, so that rendering it never gives one more."""
_SLANT = math.tan(math.radians(12))
"""The slope of italic letters, which are slanted regular ones."""

_UNDERLINE, _STRIKEOUT = -0.12, 0.3
"""The middle of these lines above the baseline, in sizes of the font."""
_LINES_IN_SIZE = 16
"""A line below or through letters is this part of the size of the font thick."""


def pdf_of(
    pages: Iterable[PageLayout], images: Mapping[str, bytes], title: str, common: Sequence[PageLayout] = ()
) -> bytes:
    """Draw pages. The same pages always give the same bytes.

    Args:
        pages: may be a generator, so that a thousand forms need no memory together.
        images: the files of the pictures by name.
        title: of the document.
        common: what is drawn below the pages, which repeat in the order of these. The file contains it once.
    """
    file = BytesIO()
    canvas = Canvas(file, pageCompression=1, invariant=1)
    canvas.setTitle(title)
    canvas.setCreator("omrclip")
    readers = {name: ImageReader(BytesIO(data)) for name, data in images.items()}
    for number, page in enumerate(common):
        canvas.beginForm(_common(number), 0, 0, page.dimensions.width, page.dimensions.height)
        for shape in page.shapes:
            _draw(shape, canvas, readers)
        canvas.endForm()
    for number, page in enumerate(pages):
        canvas.setPageSize(tuple(side * _SCALE - _ROUNDING for side in (page.dimensions.width, page.dimensions.height)))
        canvas.translate(0, page.dimensions.height * _SCALE)
        canvas.scale(_SCALE, -_SCALE)
        if common:
            canvas.doForm(_common(number % len(common)))
        for shape in page.shapes:
            _draw(shape, canvas, readers)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _common(number: int) -> str:
    return f"common{number}"


@singledispatch
def _draw(shape: Shape, _canvas: Canvas, _readers: Mapping[str, ImageReader]) -> None:
    raise TypeError(f"{type(shape).__name__} cannot be drawn")


@_draw.register
def _(shape: Rect, canvas: Canvas, _readers: Mapping[str, ImageReader]) -> None:
    _pen(canvas, shape)
    if shape.fill is not None:
        canvas.setFillColorRGB(*(part / 255 for part in shape.fill))
    how = {"stroke": int(shape.line > 0), "fill": int(shape.fill is not None)}
    if shape.radius:
        canvas.roundRect(shape.left, shape.top, shape.width, shape.height, shape.radius, **how)
    else:
        canvas.rect(shape.left, shape.top, shape.width, shape.height, **how)


@_draw.register
def _(shape: Oval, canvas: Canvas, _readers: Mapping[str, ImageReader]) -> None:
    _pen(canvas, shape)
    canvas.ellipse(shape.left, shape.top, shape.left + shape.width, shape.top + shape.height)


@_draw.register
def _(shape: Stroke, canvas: Canvas, _readers: Mapping[str, ImageReader]) -> None:
    _pen(canvas, shape)
    canvas.line(shape.x0, shape.y0, shape.x1, shape.y1)


@_draw.register
def _(shape: Words, canvas: Canvas, _readers: Mapping[str, ImageReader]) -> None:
    font = shape.font
    text = canvas.beginText()
    text.setTextTransform(1, 0, _SLANT if font.italic else 0, -1, shape.left, shape.baseline)
    text.setFont(face(bold=font.bold), font.size)
    text.setFillColorRGB(*(part / 255 for part in font.colour))
    text.textOut(drawn_order(shape.text, shape.is_from_right))
    canvas.drawText(text)
    for is_wanted, above in ((font.underline, _UNDERLINE), (font.strikeout, _STRIKEOUT)):
        if is_wanted:
            y = shape.baseline - above * font.size
            line = Stroke(
                shape.left, y, shape.left + width(shape.text, font), y, font.size / _LINES_IN_SIZE, font.colour
            )
            _draw(line, canvas, {})


@_draw.register
def _(shape: Picture, canvas: Canvas, readers: Mapping[str, ImageReader]) -> None:
    canvas.saveState()
    canvas.translate(shape.left, shape.top + shape.height)
    canvas.scale(1, -1)
    canvas.drawImage(readers[shape.name], 0, 0, shape.width, shape.height, mask="auto")
    canvas.restoreState()


@_draw.register
def _(shape: Modules, canvas: Canvas, _readers: Mapping[str, ImageReader]) -> None:
    canvas.setFillColorRGB(0, 0, 0)
    path = canvas.beginPath()
    for part in shape.parts:
        path.rect(*part)
    canvas.drawPath(path, stroke=0, fill=1)


def _pen(canvas: Canvas, shape: Rect | Oval | Stroke) -> None:
    canvas.setLineWidth(shape.line)
    canvas.setStrokeColorRGB(*(part / 255 for part in shape.colour))
