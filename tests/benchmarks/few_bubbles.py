"""Whether pages with few bubbles, or with all in one line, are read right, flagged or refused without the page's image.

    python -m tests.benchmarks.few_bubbles [--sheets 400] [--first 1] [--layout row] [--way turned]

Each sheet is drawn anew: its layout, the shape of its bubbles, its print, marks and answers, and how it is scanned or
photographed. Exits with 1 if a field is wrong and not flagged.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from omrclip.imaging.geometry import Dimensions
from omrclip.limits import Limits
from omrclip.omr.options import RecognitionOptions
from omrclip.omr.recognition import Recognition, Scan, recognize
from omrclip.omr.registration.find import KnownPage
from omrclip.omr.results import ElementStatus
from omrclip.omr.template import Bubble, ChoiceBox, Element, Page, ReferencePoint

Tones = npt.NDArray[np.uint8]
WIDTH, HEIGHT, MM = 2480, 3508, 300 / 25.4
LAYOUTS = (
    "row",
    "column",
    "middle row",
    "middle column",
    "two lines",
    "sparse",
    "alone",
    "part of a grid",
    "grid",
    "checklist",
)
WAYS = ("flat", "moved", "turned", "photo")
SHAPES = ("square", "circle", "oval")
WORDS = (
    "Name",
    "Date",
    "OOO",
    "form",
    "please",
    "0",
    "answer",
    "with",
    "one",
    "mark",
    "Q",
    "O",
    "black",
    "pen",
    "total",
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A filled sheet: its tones at 300 dpi, the page of its template, and the value of each field."""

    tones: Tones
    page: Page
    values: dict[str, str]
    told: str


@dataclass(slots=True)
class Spots:
    """The bubbles of a page: size and centres, by field; and centres of those that the template does not know."""

    width: float
    height: float
    fields: list[list[tuple[float, float]]]
    others: list[tuple[float, float]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, read and count. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.few_bubbles")
    parser.add_argument("--sheets", type=int, default=400, help="number of sheets (400)")
    parser.add_argument("--first", type=int, default=1, help="first seed (1)")
    parser.add_argument("--layout", choices=LAYOUTS, help="only this layout")
    parser.add_argument("--way", choices=WAYS, help="only scanned or photographed in this way")
    parser.add_argument("--dpi", type=int, help="only at this resolution (100, 150, 200 and 300)")
    parser.add_argument("--list", action="store_true", help="print every sheet")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    counts: Counter[tuple[str, str]] = Counter()
    bad: list[str] = []
    for seed in range(options.first, options.first + options.sheets):
        layout = options.layout or LAYOUTS[seed % len(LAYOUTS)]
        way = options.way or WAYS[seed // len(LAYOUTS) % len(WAYS)]
        rng = np.random.default_rng(seed)
        sheet = drawn(layout, rng)
        told = recognize(
            [KnownPage(sheet.page, 1)],
            Scan("scan.png", taken(sheet.tones, way, rng, options.dpi)),
            RecognitionOptions(),
            Limits(),
        )
        outcome = judged(sheet, told, f"{seed} {layout} {way} {sheet.told}")
        if options.list:
            sys.stdout.write(f"{seed} {layout} {way} {sheet.told}: {outcome[0]} {told.messages[:1]}\n")
        bad += outcome[1]
        for key in (layout, way, "all"):
            counts.update({(key, kind): number for kind, number in outcome[0].items()})
    kinds = ("sheets", "refused", "unconfirmed", "fields", "right", "flagged", "wrong")
    sys.stdout.write(f"{'':15}" + "".join(f"{kind:>12}" for kind in kinds) + "\n")
    for key in (*LAYOUTS, *WAYS, "all"):
        sys.stdout.write(f"{key:15}" + "".join(f"{counts[key, kind]:12}" for kind in kinds) + "\n")
    sys.stdout.writelines(f"wrong: {one}\n" for one in bad)
    return 1 if bad else 0


def judged(sheet: Drawn, told: Recognition, name: str) -> tuple[Counter[str], list[str]]:
    """Count the fields of a sheet, and list the wrong ones."""
    counts: Counter[str] = Counter(sheets=1, fields=len(sheet.values))
    if told.registration is None:
        return counts + Counter(refused=1), []
    counts["unconfirmed"] += told.registration.confidence is None
    bad = []
    read = {element.name: element for element in told.elements}
    for field, value in sheet.values.items():
        if read[field].status is ElementStatus.UNCERTAIN:
            counts["flagged"] += 1
        elif read[field].value == value:
            counts["right"] += 1
        else:
            counts["wrong"] += 1
            bad.append(f"{name} {told.registration.strategy} {field}: {read[field].value!r} instead of {value!r}")
    return counts, bad


def drawn(layout: str, rng: np.random.Generator) -> Drawn:
    """Draw a filled sheet."""
    shape = SHAPES[int(rng.integers(3))]
    side = float(rng.uniform(3.2, 5.5)) * MM
    spots = placed(layout, side * (1.6 if shape == "oval" else 1.0), side, rng)
    tones = np.full((HEIGHT, WIDTH), 255, np.uint8)
    stroke = int(rng.integers(3, 6))
    letters, text, marks = rng.random() < 0.4, rng.random() < 0.6, int(rng.choice([0, 0, 0, 3, 4]))
    for spot in (*(spot for field in spots.fields for spot in field), *spots.others):
        _outline(tones, spot, spots, shape, stroke)
    left_blank = float(rng.choice([0.0, 0.1, 0.3, 0.6])) if layout == "checklist" else 0.2
    values: dict[str, str] = {}
    elements: list[Element] = []
    for number, field in enumerate(spots.fields, start=1):
        answers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(field)]
        if letters:
            for answer, (x, y) in zip(answers, field, strict=True):
                at = round(x - side * 0.24), round(y + side * 0.22)
                cv2.putText(tones, answer, at, cv2.FONT_HERSHEY_SIMPLEX, side / 45, 120, 2, cv2.LINE_AA)
        chosen = -1 if rng.random() < left_blank else int(rng.integers(len(field)))
        if chosen >= 0:
            _fill(tones, field[chosen], spots, rng)
        values[f"Q{number}"] = answers[chosen] if chosen >= 0 else ""
        elements.append(_box(f"Q{number}", field, answers, spots))
    if text:
        _text(tones, [*(spot for field in spots.fields for spot in field), *spots.others], rng)
    for x, y in ((120, 120), (WIDTH - 220, 120), (120, HEIGHT - 220), (WIDTH - 220, HEIGHT - 220))[:marks]:
        tones[y : y + 100, x : x + 100] = 0
        elements.append(ReferencePoint(left=x, top=y, width=100, height=100))
    page = Page(width=WIDTH, height=HEIGHT, elements=tuple(elements))
    count = sum(map(len, spots.fields))
    return Drawn(tones, page, values, f"{shape} {count} bubbles, {marks} marks{', text' if text else ''}")


def placed(layout: str, width: float, height: float, rng: np.random.Generator) -> Spots:
    """Place the bubbles of a layout."""
    across, down = width * float(rng.uniform(1.25, 2.6)), height * float(rng.uniform(1.25, 2.6))
    left, top = (float(rng.uniform(25 * MM, 60 * MM)) for _ in range(2))
    if "row" in layout or "column" in layout:
        is_row = "row" in layout
        pitch, room = (across, WIDTH - 330 - left) if is_row else (down, HEIGHT - 330 - top)
        count = int(rng.integers(3, max(5, min(25, int(room / pitch)))))
        middle = (WIDTH / 2, HEIGHT / 2)
        line = [(left + pitch * n, top) if is_row else (left, top + pitch * n) for n in range(count)]
        if "middle" in layout:
            shift = np.array(middle) - np.mean(line, axis=0)
            line = [(x + float(shift[0]), y + float(shift[1])) for x, y in line]
        return Spots(width, height, _split(line, rng), [])
    if layout == "two lines":
        counts = rng.integers(2, 5, 2)
        apart = float(rng.uniform(1, 12)) * down
        lines = [[(left + across * n, top + apart * row) for n in range(int(counts[row]))] for row in range(2)]
        return Spots(width, height, lines, [])
    if layout == "alone":
        return Spots(width, height, [[(float(rng.uniform(300, 2180)), float(rng.uniform(300, 3200)))]], [])
    if layout == "sparse":
        rows = rng.permutation(14)[: int(rng.integers(5, 12))]
        starts = [(float(rng.uniform(300, 1500)), 300 + 210.0 * int(row)) for row in sorted(rows)]
        return Spots(
            width, height, [[(x + across * n, y) for n in range(int(rng.integers(1, 4)))] for x, y in starts], []
        )
    if layout == "checklist":
        count = int(rng.integers(10, 24))
        lines = [[(left + 800 * (n % 2), 330 + 200.0 * (n // 2) + 20 * (n % 3))] for n in range(count)]
        return Spots(width, height, lines, [])
    columns, rows = int(rng.integers(4, 8)), int(rng.integers(4, 15))
    grid = [[(left + across * n, top + down * row) for n in range(columns)] for row in range(rows)]
    count = rows if layout == "grid" else int(rng.integers(1, 3))
    known = sorted(rng.permutation(rows)[:count].tolist())
    return Spots(
        width, height, [grid[row] for row in known], [spot for n in range(rows) if n not in known for spot in grid[n]]
    )


def _split(line: list[tuple[float, float]], rng: np.random.Generator) -> list[list[tuple[float, float]]]:
    fields, start = [], 0
    while start < len(line):
        count = int(rng.integers(2, 8))
        fields.append(line[start : start + count])
        start += count
    return fields


def _box(name: str, field: Sequence[tuple[float, float]], answers: str, spots: Spots) -> ChoiceBox:
    width, height = spots.width, spots.height
    places = [(x - width / 2, y - height / 2) for x, y in field]
    (left, top), (right, bottom) = (np.array(places).min(axis=0), np.array(places).max(axis=0))
    return ChoiceBox(
        name=name, left=float(left), top=float(top), width=float(right - left + width),
        height=float(bottom - top + height), bubble_width=width, bubble_height=height,
        bubbles=tuple(Bubble(value=v, left=x, top=y) for v, (x, y) in zip(answers, places, strict=True)),
        orientation="Horizontal" if right > left else "Vertical",
    )  # fmt: skip


def _outline(tones: Tones, spot: tuple[float, float], spots: Spots, shape: str, stroke: int) -> None:
    x, y = spot
    half = np.array([spots.width, spots.height]) / 2 - stroke / 2
    if shape == "square":
        first, last = (tuple(np.rint(np.array([x, y]) + sign * half).astype(int).tolist()) for sign in (-1, 1))
        cv2.rectangle(tones, first, last, 50, stroke)
    else:
        cv2.ellipse(
            tones, (round(x), round(y)), tuple(np.rint(half).astype(int).tolist()), 0, 0, 360, 50, stroke, cv2.LINE_AA
        )


def _fill(tones: Tones, spot: tuple[float, float], spots: Spots, rng: np.random.Generator) -> None:
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    size = np.array([spots.width, spots.height])
    points = (
        np.array(spot)
        + rng.normal(0, 0.04, 2) * size
        + rng.uniform(0.3, 0.46, 24)[:, None] * size * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    )
    cv2.fillPoly(tones, [np.rint(points).astype(np.int32)], int(rng.integers(20, 90)), cv2.LINE_AA)


def _text(tones: Tones, spots: Sequence[tuple[float, float]], rng: np.random.Generator) -> None:
    size = float(rng.uniform(1.0, 2.4))
    for line in range(340, HEIGHT - 300, int(rng.integers(90, 260))):
        words = " ".join(rng.choice(WORDS, int(rng.integers(1, 9))))
        start = int(rng.integers(260, 900))
        (width, height), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, size, 4)
        if any(line - height - 60 < y < line + 70 and start - 80 < x < start + width + 80 for x, y in spots):
            continue
        cv2.putText(tones, words, (start, line), cv2.FONT_HERSHEY_SIMPLEX, size, 30, 4, cv2.LINE_AA)


def taken(tones: Tones, way: str, rng: np.random.Generator, dpi: int | None = None) -> bytes:
    """The file of a scan or photo of a sheet, at any resolution unless one is given."""
    drawn_dpi = int(rng.choice([100, 150, 200, 300]))
    dpi = dpi or drawn_dpi
    scale = dpi / 300
    size = Dimensions(round(WIDTH * scale), round(HEIGHT * scale))
    shift, degrees, stretch, ground = np.zeros(2), 0.0, 1.0, 250
    if way == "moved":
        shift, degrees, stretch = (
            rng.uniform(-15, 15, 2) * MM,
            float(rng.uniform(-3, 3)),
            float(rng.uniform(0.97, 1.03)),
        )
        ground = int(rng.choice([250, 20]))
    elif way == "turned":
        shift, degrees = rng.uniform(-4, 4, 2) * MM, 90.0 * int(rng.integers(1, 4)) + float(rng.uniform(-1, 1))
    if way == "photo":
        return _photo(tones, scale, rng)
    if 45 < degrees < 135 or 225 < degrees < 315:
        size = Dimensions(size.height, size.width)
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale * stretch
    at = np.array([size.width, size.height]) / 2 + shift * scale - turn @ np.array([WIDTH, HEIGHT]) / 2
    soft = cv2.GaussianBlur(tones, (0, 0), max(0.6, 0.45 / scale))
    scan = cv2.warpAffine(
        soft, np.column_stack([turn, at]), (size.width, size.height), flags=cv2.INTER_LINEAR, borderValue=ground
    )
    return _file(scan, 3.0, rng)


def _photo(tones: Tones, scale: float, rng: np.random.Generator) -> bytes:
    whole = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    border = float(rng.uniform(0.02, 0.1)) * WIDTH
    seen = (whole + border + rng.uniform(-0.03, 0.03, (4, 2)) * WIDTH) * scale
    size = round((WIDTH + 2 * border) * scale), round((HEIGHT + 2 * border) * scale)
    soft = cv2.GaussianBlur(tones, (0, 0), max(0.8, 0.5 / scale))
    matrix = cv2.getPerspectiveTransform(whole, seen.astype(np.float32))
    scan = cv2.warpPerspective(soft, matrix, size, flags=cv2.INTER_LINEAR, borderValue=75)
    if rng.random() < 0.3:
        scan = np.ascontiguousarray(np.rot90(scan, int(rng.integers(1, 4))))
    return _file(np.asarray(scan * 0.88, np.uint8), 4.0, rng)


def _file(scan: npt.NDArray[np.uint8], noise: float, rng: np.random.Generator) -> bytes:
    noisy = np.clip(scan + rng.normal(0, noise, scan.shape), 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 88])[1])


if __name__ == "__main__":
    sys.exit(main())
