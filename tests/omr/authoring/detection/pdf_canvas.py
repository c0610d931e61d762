"""A page of a vector PDF: shapes and text at places in millimetres from the upper left corner."""

from io import BytesIO
from typing import Final

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

POINTS_PER_MM: Final = 72 / 25.4
_ROUND: Final = 0.5523
"""The place of the control points of a cubic curve that draws a quarter of a circle."""
_FONTS: Final = ("Helvetica", "Helvetica-Bold", "Times-Roman", "Courier")
Colour = tuple[float, float, float]
BLACK: Final[Colour] = (0.0, 0.0, 0.0)


class PdfCanvas:
    """Collects the drawing operators of one page."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._operators: list[str] = []

    def _at(self, x: float, y: float) -> str:
        return f"{x * POINTS_PER_MM:.3f} {(self.height - y) * POINTS_PER_MM:.3f}"

    def _painted(self, path: str, line: float, stroke: Colour | None, fill: Colour | None, dash: float = 0) -> None:
        colours = "" if stroke is None else "{:.3f} {:.3f} {:.3f} RG ".format(*stroke)
        colours += "" if fill is None else "{:.3f} {:.3f} {:.3f} rg ".format(*fill)
        dashes = f"[{dash * POINTS_PER_MM:.3f}] 0 d" if dash else "[] 0 d"
        paint = "B" if stroke and fill else "S" if stroke else "f"
        self._operators.append(f"{colours}{dashes} {line * POINTS_PER_MM:.3f} w {path} {paint}")

    def line(self, x0: float, y0: float, x1: float, y1: float, *, line: float = 0.25, stroke: Colour = BLACK) -> None:
        """A straight line."""
        self._painted(f"{self._at(x0, y0)} m {self._at(x1, y1)} l", line, stroke, None)

    def path(self, points: list[tuple[float, float]], *, line: float = 0.25, stroke: Colour = BLACK) -> None:
        """Joined lines, open at the end."""
        first, *rest = (self._at(*point) for point in points)
        self._painted(" ".join([f"{first} m", *(f"{point} l" for point in rest)]), line, stroke, None)

    def box(
        self,
        place: tuple[float, float, float, float],
        *,
        radius: float = 0,
        line: float = 0.25,
        stroke: Colour | None = BLACK,
        fill: Colour | None = None,
        dash: float = 0,
    ) -> None:
        """A rectangle (left, top, width, height), with round corners if it has a radius; an ellipse if it is half."""
        left, top, width, height = place
        across, down = min(radius, width / 2), min(radius, height / 2)
        right, bottom = left + width, top + height
        k = 1 - _ROUND
        path = [f"{self._at(left + across, top)} m {self._at(right - across, top)} l"]
        corners = [
            ((right - k * across, top), (right, top + k * down), (right, top + down), (right, bottom - down)),
            (
                (right, bottom - k * down),
                (right - k * across, bottom),
                (right - across, bottom),
                (left + across, bottom),
            ),
            ((left + k * across, bottom), (left, bottom - k * down), (left, bottom - down), (left, top + down)),
            ((left, top + k * down), (left + k * across, top), (left + across, top), (left + across, top)),
        ]
        for one, two, end, side in corners:
            path.append(f"{self._at(*one)} {self._at(*two)} {self._at(*end)} c {self._at(*side)} l")
        self._painted(" ".join([*path, "h"]), line, stroke, fill, dash)

    def ellipse(
        self,
        place: tuple[float, float, float, float],
        *,
        line: float = 0.25,
        stroke: Colour | None = BLACK,
        fill: Colour | None = None,
    ) -> None:
        """An ellipse within (left, top, width, height)."""
        left, top, width, height = place
        x, y, a, b = left + width / 2, top + height / 2, width / 2, height / 2
        quarters = [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)]
        path = [f"{self._at(x + a, y)} m"]
        for x0, y0, x1, y1 in quarters:
            one = self._at(x + a * (x0 + _ROUND * x1), y + b * (y0 + _ROUND * y1))
            two = self._at(x + a * (x1 + _ROUND * x0), y + b * (y1 + _ROUND * y0))
            path.append(f"{one} {two} {self._at(x + a * x1, y + b * y1)} c")
        self._painted(" ".join([*path, "h"]), line, stroke, fill)

    def text(
        self, x: float, y: float, text: str, *, height: float = 2.6, font: str = "Helvetica", colour: Colour = BLACK
    ) -> None:
        """Text from x along the baseline y. `height` is that of its capitals, about 0.7 of the size of the font."""
        shown = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        size = height / 0.72 * POINTS_PER_MM
        tone = "{:.3f} {:.3f} {:.3f} rg".format(*colour)
        self._operators.append(f"BT {tone} /{font} {size:.2f} Tf {self._at(x, y)} Td ({shown}) Tj ET")

    def save(self) -> bytes:
        """The bytes of the PDF."""
        writer = PdfWriter()
        page = writer.add_blank_page(self.width * POINTS_PER_MM, self.height * POINTS_PER_MM)
        fonts = DictionaryObject()
        for name in _FONTS:
            fonts[NameObject(f"/{name}")] = DictionaryObject(
                {
                    NameObject("/Type"): NameObject("/Font"),
                    NameObject("/Subtype"): NameObject("/Type1"),
                    NameObject("/BaseFont"): NameObject(f"/{name}"),
                }
            )
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        drawing = DecodedStreamObject()
        drawing.set_data("\n".join(self._operators).encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(drawing)
        file = BytesIO()
        writer.write(file)
        return file.getvalue()


def text_width(text: str, height: float) -> float:
    """About how wide text of this height of capitals is, in mm: half the size of the font a letter."""
    return len(text) * height / 0.72 * 0.52
