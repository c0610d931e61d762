"""The words of a PDF page, and the fields of its form (ISO 32000-1, section 12.7), by PDFium."""

import ctypes
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pypdfium2
import pypdfium2.raw as pdfium

from omrclip.imaging.contents import CHOICE, WRITING, FormField, PageContents, Word

MOST_LETTERS: Final = 50_000
"""Letters of a page that is read; a page of small print has 10,000. Each takes 11 µs."""
MOST_FIELDS: Final = 5_000
"""Fields and other annotations of a page that are looked at."""
MOST_NAME_LETTERS: Final = 200
"""Letters of a name or value; longer ones are cut off."""
_KINDS: Final = {
    pdfium.FPDF_FORMFIELD_CHECKBOX: CHOICE,
    pdfium.FPDF_FORMFIELD_RADIOBUTTON: CHOICE,
    pdfium.FPDF_FORMFIELD_COMBOBOX: WRITING,
    pdfium.FPDF_FORMFIELD_LISTBOX: WRITING,
    pdfium.FPDF_FORMFIELD_TEXTFIELD: WRITING,
    pdfium.FPDF_FORMFIELD_SIGNATURE: WRITING,
}
_UNSEEN: Final = pdfium.FPDF_ANNOT_FLAG_INVISIBLE | pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_UNDRAWN: Final = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP)
_LEADERS: Final = "_…"
"""Letters of which lines to write on are made, beside dots."""
_DEVICE: Final = 1_000_000
"""Width and height of the device, to whose whole pixels PDFium maps points of the page."""
_LEAST_PART: Final = 1e-3
"""Width and height of a field at least, as a part of the page: 0.2 mm. Some files hide fields by their size."""

Matrix = npt.NDArray[np.float64]


def read_contents(page: pypdfium2.PdfPage) -> PageContents:
    """The words and fields of a page. Those of a form are only known if the document was opened with `init_forms`."""
    to_parts = _to_parts(page)
    return PageContents(tuple(_words(page, to_parts)), tuple(_fields(page, to_parts)))


def has_annotations(page: pypdfium2.PdfPage) -> bool:
    """Whether something may be drawn over a page: a field of a form, a stamp, or strokes of a pen on a tablet."""
    return any(pdfium.FPDFAnnot_GetSubtype(annotation) not in _UNDRAWN for annotation in _annotations(page))


def _to_parts(page: pypdfium2.PdfPage) -> Matrix:
    """(2, 3) float64: from points of the page to parts of its width and height, as it is turned and cut for showing."""
    x, y = ctypes.c_int(), ctypes.c_int()
    shown = []
    for point in ((0, 0), (1000, 0), (0, 1000)):
        pdfium.FPDF_PageToDevice(page, 0, 0, _DEVICE, _DEVICE, 0, *point, x, y)
        shown.append(np.array([x.value, y.value]) / _DEVICE)
    origin, across, up = shown
    return np.stack([(across - origin) / 1000, (up - origin) / 1000, origin], axis=1)


def _sides(to_parts: Matrix, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a rectangle as parts of the page."""
    corners = to_parts @ np.array([[left, right], [bottom, top], [1, 1]])
    (left, right), (top, bottom) = np.sort(corners, axis=1).tolist()
    return left, top, right, bottom


def _words(page: pypdfium2.PdfPage, to_parts: Matrix) -> list[Word]:
    text = page.get_textpage()
    try:
        count = text.count_chars()
        return _joined(text, count, to_parts) if count <= MOST_LETTERS else []
    finally:
        text.close()


def _joined(text: pypdfium2.PdfTextPage, count: int, to_parts: Matrix) -> list[Word]:
    words: list[Word] = []
    is_open = False
    for index in range(count):
        letter = text.get_text_range(index, 1)
        if not letter.strip():
            is_open = False
            continue
        sides = _sides(to_parts, *text.get_charbox(index, loose=False))
        # Text of different places may follow each other without a space.
        if (
            is_open
            and not _ends_word(words[-1][0][-1], letter)
            and abs(sides[0] - words[-1][3]) < 0.5 * (sides[3] - sides[1]) + 0.004
        ):
            before = words[-1]
            words[-1] = (before[0] + letter, before[1], min(before[2], sides[1]), sides[2], max(before[4], sides[3]))
        else:
            words.append((letter, *sides))
        is_open = True
    return words


def _ends_word(before: str, letter: str) -> bool:
    """Whether a line of underscores or dots begins or ends between two letters: it is no part of a label."""
    return (before in _LEADERS) != (letter in _LEADERS) or before == letter == "."


def _fields(page: pypdfium2.PdfPage, to_parts: Matrix) -> Iterator[FormField]:
    if page.formenv is None:
        return
    for widget in _widgets(page):
        kind = _KINDS.get(pdfium.FPDFAnnot_GetFormFieldType(page.formenv, widget))
        sides = pdfium.FS_RECTF()
        if kind is None or not pdfium.FPDFAnnot_GetRect(widget, sides):
            continue
        left, top, right, bottom = _sides(to_parts, sides.left, sides.bottom, sides.right, sides.top)
        is_on_page = 0 <= left + right <= 2 and 0 <= top + bottom <= 2
        (left, right), (top, bottom) = _within(left, right), _within(top, bottom)
        if is_on_page and min(right - left, bottom - top) >= _LEAST_PART:
            name = _text(pdfium.FPDFAnnot_GetFormFieldName, page.formenv, widget)
            value = _text(pdfium.FPDFAnnot_GetFormFieldExportValue, page.formenv, widget) if kind == CHOICE else ""
            yield FormField(kind, name, value, left, top, right, bottom)


def _within(low: float, high: float) -> tuple[float, float]:
    """Both sides of a field, moved by what lies beyond the edge of the page: bubbles of one size keep it."""
    beyond = min(low, 0) + max(high - 1, 0)
    return max(low - beyond, 0), min(high - beyond, 1)


def _widgets(page: pypdfium2.PdfPage) -> Iterator[Any]:
    """The places of fields on a page that are not hidden."""
    return (
        annotation
        for annotation in _annotations(page)
        if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_WIDGET
    )


def _annotations(page: pypdfium2.PdfPage) -> Iterator[Any]:
    """What is laid over a page and not hidden. Each is closed when the next one is asked for."""
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), MOST_FIELDS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            if not pdfium.FPDFAnnot_GetFlags(annotation) & _UNSEEN:
                yield annotation
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _text(ask: Callable[..., int], form: pypdfium2.PdfFormEnv, widget: Any) -> str:
    """A text in UTF-16 from a function of PDFium, without control characters and white space around it."""
    size = ask(form, widget, None, 0)
    buffer = ctypes.create_string_buffer(max(size, 2))
    ask(form, widget, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    text = buffer.raw[: max(0, size - 2)].decode("utf-16-le", "replace")
    return "".join(letter for letter in text if letter.isprintable()).strip()[:MOST_NAME_LETTERS]
