"""Lines to write on: rules, underscores, and rows of dots, with a label beside, above or below them."""

from collections.abc import Sequence

import cv2
import numpy as np

from omrclip.imaging.arrays import Grey
from omrclip.omr.authoring.detection.shapes import Shape
from omrclip.omr.authoring.detection.surroundings import LEANING_MM, Surroundings
from omrclip.omr.authoring.detection.working_page import PX_PER_MM, WorkingPage, mask_of, pieces_of

Sides = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the working page."""
LEAST_LINE_MM = 14.0
"""Length of a line to write on at least."""
MOST_THICK_MM, LEAN = 1.1, 0.01
"""Thickness of a line to write on at most, 0.5 mm as printed, and blurred; thicker ones are rules between sections.
Part of its length by which a line rises or falls at most, where a photo was made upright."""
DOT_MM, DOT_GAP_MM = 1.05, 2.2
"""Height of the dots or dashes of a line at most, and the white between two of them at most. The full stops of text are
further apart."""
DOT_STEP_PX = 5
"""Height by which dots beside each other differ at most, where a line leans."""
ABOVE_MM, LEAST_ABOVE_MM, BELOW_MM = 9.0, 5.0, 1.5
"""Height of the place above a line where so much is free, and at least: handwriting is 4 to 6 mm high, and signatures
are higher. Height of the place below the line, if it is free: tails of letters reach below it."""
MOST_OF_WIDTH, FOLLOWS_MM = 0.6, 6.0
"""Part of the width of the page from which a line may part sections; and distance in which bubbles follow below the
line behind the heading of a section."""
LABEL_MM = 25.0
"""Distance in which something is printed at the left of a line to write on. A label that is further away stands alone:
text beside a rule goes on above or below."""
ALONE_MM = 2.0
"""White above and below a label that stands alone."""
BEHIND_MM = 3.0
"""Distance in which print follows a line on its level, such as a unit, or the rest of a sentence."""
LEADS_MM = 4.0
"""Distance of a bubble from the end of a line that leads to it."""
CROSSED = 0.5
"""Part of the width of a place that a line above it crosses, from which the place ends there."""
LABEL_BELOW_MM, FREE_BELOW_MM, BELOW_LABEL_MM = 5.0, 9.0, 3.0
"""Distance below a line to write on within which its label begins, if it has none at its left; up to which nothing else
is printed at least; and the white below the label at least. Below the rule of a section, text goes on."""
LABEL_PART, HEADING_MM = 0.4, 4.5
"""Part of the length of a line, at its left, that the label covers at most if it stands on the line. Distance below the
line up to which nothing is printed then: what stands on the rule of a section is a heading, and text follows."""
STEP_MM, LEAST_STEP_CONTRAST = 1.0, 6
"""Distance above and below a line in which the paper is compared with it, and grey levels by which the line is darker
at least. The edge of a tinted strip is only as dark as the strip, and lines are not even half as faint as that."""
HEADED_MM, INDENT_MM, FREE_BELOW = 14.0, 3.0, 0.6
"""Distance above a line within which its label is, if it has none beside or below it; how far from the left end of the
line it begins; and the part of the distance of the label in which nothing follows below the line. Rules that part
sections are nearer to what follows."""
TICK_MM, TICK_WIDTH_MM, LEAST_TICKS, EVEN = 4.0, 1.2, 4, 0.15
"""Height and width of the strokes on a line that part letters, at most; how many there are at least, and by which part
their distances differ."""
MOST_JOINED_MM = 6.0
"""Height of what is connected to a line at most, such as strokes that part letters, or a label that touches it."""
SAME_END_MM = 1.5
"""Difference of the ends of lines that are one place to write in, below each other."""
BLOCK_MM, LEAST_UNLABELLED = 14.0, 3
"""Distance of two such lines at most, and how many are a place without a label: two are the sides of frames."""
LABEL_HEIGHT_MM, WORD_MM = 3.2, 4.0
"""Height of a label above its line, and white that parts two labels."""
INSET_MM = 2.0
"""Width at both ends of a line in which print is that of its neighbours."""


def writing_lines(
    page: WorkingPage, around: Surroundings, taken: Sequence[Sides], bubbles: Sequence[Shape]
) -> list[Sides]:
    """The places above lines to write on. Lines below each other with one label are one place.

    Args:
        page: the page.
        around: its print without bubbles and long lines.
        taken: boxes to write in, whose sides are no lines to write on.
        bubbles: all bubbles. A line with a bubble above it is none.
    """
    dotted = _dotted(page)
    strip = cv2.dilate(dotted, np.ones((round(LEANING_MM * PX_PER_MM), round(PX_PER_MM)), np.uint8))
    around = Surroundings(np.asarray(cv2.bitwise_and(around.ink, cv2.bitwise_not(strip)), np.uint8))
    mask = np.asarray(cv2.bitwise_or(page.lines, dotted), np.uint8)
    lines = [line for line in _without_frames(_ruled(mask), page) if not any(_borders(line, box) for box in taken)]
    lines = [line for line in lines if not any(_is_close_behind(bubble, line) for bubble in bubbles)]
    lines = [_behind_label(line, around, page.grey.shape[1]) for line in lines if _is_darker(line, page)]
    places = [(line, place) for line in lines if (place := _place(line, mask, around)) is not None]
    places = [(line, place) for line, place in places if not has_bubble(place, bubbles)]
    blocks = _blocks(places, around)
    width = page.grey.shape[1]
    return [
        _around(block) for block in blocks if len(block) > 1 or _is_labelled(block[0][0], lines, around, width, bubbles)
    ]


def _dotted(page: WorkingPage) -> Grey:
    """255 on lines of dots or dashes, and in their gaps."""
    labels, stats = page.pieces
    is_low = stats[:, cv2.CC_STAT_HEIGHT] <= DOT_MM * PX_PER_MM + LEAN * stats[:, cv2.CC_STAT_WIDTH]
    low = np.where(is_low, np.uint8(255), np.uint8(0))
    low[0] = 0
    gap = np.ones((DOT_STEP_PX, round(DOT_GAP_MM * PX_PER_MM)), np.uint8)
    lines, sizes = pieces_of(np.asarray(cv2.morphologyEx(low[labels], cv2.MORPH_CLOSE, gap), np.uint8))
    return mask_of(lines, sizes, sizes[:, cv2.CC_STAT_WIDTH] >= LEAST_LINE_MM * PX_PER_MM)


def _ruled(lines: Grey) -> list[Sides]:
    """The horizontal lines that meet no vertical one."""
    _, stats = pieces_of(lines)
    found = []
    for left, top, width, height, area in stats[1:].tolist():
        is_straight = height <= MOST_THICK_MM * PX_PER_MM + LEAN * width
        if width >= LEAST_LINE_MM * PX_PER_MM and area <= MOST_THICK_MM * PX_PER_MM * width and is_straight:
            found.append((float(left), float(top), float(left + width), float(top + height)))
    return sorted(found, key=lambda line: (line[1], line[0]))


def _without_frames(lines: Sequence[Sides], page: WorkingPage) -> list[Sides]:
    """Leave out the lines that are connected to something high, as the sides of frames with round corners are."""
    labels, stats = page.pieces
    found = []
    for line in lines:
        left, top, right, bottom = (int(side) for side in line)
        number = np.bincount(labels[top:bottom, left:right].ravel())[1:].argmax() + 1
        most = (MOST_JOINED_MM * PX_PER_MM) + LEAN * (right - left)
        if stats[number, cv2.CC_STAT_HEIGHT] <= most:
            found.append(line)
    return found


def _is_darker(line: Sides, page: WorkingPage) -> bool:
    """Whether a line is darker than the paper above and below it."""
    left, top, right, bottom = (int(side) for side in line)
    step = round(STEP_MM * PX_PER_MM)
    rows = page.grey[max(0, top - step) : bottom + step, left:right]
    # The mean of some pixels beside each other has less noise, and dots with their gaps are a line.
    means = cv2.resize(rows, ((right - left) // step, len(rows)), interpolation=cv2.INTER_AREA).astype(np.int16)
    paper = np.minimum(means[0], means[-1])
    return bool(np.median(paper - means[step // 2 : -step // 2].min(axis=0)) >= LEAST_STEP_CONTRAST)


def _behind_label(line: Sides, around: Surroundings, width: int) -> Sides:
    """The part of a line behind the label that stands on its left end; the whole line if none does."""
    left, top, right, bottom = line
    words = around.pieces(left - PX_PER_MM, top - LABEL_HEIGHT_MM * PX_PER_MM, right, top, WORD_MM * PX_PER_MM)
    if len(words) != 1 or right - left > MOST_OF_WIDTH * width:
        return line
    start, end = words[0]
    indent = INDENT_MM * PX_PER_MM
    is_at_left = start - left < indent < end - left < LABEL_PART * (right - left)
    is_heading = around.has_print(left, bottom + PX_PER_MM / 2, right, bottom + HEADING_MM * PX_PER_MM)
    is_long = right - end >= LEAST_LINE_MM * PX_PER_MM
    return (end, top, right, bottom) if is_at_left and is_long and not is_heading else line


def _borders(line: Sides, box: Sides) -> bool:
    """Whether a line is a side of a box, or lies in it."""
    left, top, right, bottom = line
    return left < box[2] and box[0] < right and box[1] - PX_PER_MM < bottom and top < box[3] + PX_PER_MM


def _place(line: Sides, mask: Grey, around: Surroundings) -> Sides | None:
    """The free space above a line, and a little below it; None if there is too little."""
    left, top, right, bottom = line
    x0, x1, under = left + INSET_MM * PX_PER_MM, right - INSET_MM * PX_PER_MM, PX_PER_MM / 2
    highest = _below_lines(mask, (x0, top - ABOVE_MM * PX_PER_MM, x1, top - PX_PER_MM))
    free = top - (TICK_MM * PX_PER_MM if _has_ticks(line, around) else 0)
    print_above = around.bottom_of_print_above(x0, highest, x1, free)
    if print_above is not None:
        highest = print_above[1]
    if top - highest < LEAST_ABOVE_MM * PX_PER_MM:
        return None
    lowest = bottom + BELOW_MM * PX_PER_MM
    is_free = not around.has_print(x0, bottom + under, x1, lowest + under)
    return left, highest, right, lowest if is_free else bottom


def _below_lines(mask: Grey, sides: Sides) -> float:
    """The upper side of a rectangle, or the lower side of the lowest line that crosses half of it."""
    left, top, right, bottom = (max(0, round(side)) for side in sides)
    crossed = np.flatnonzero((mask[top:bottom, left:right] > 0).mean(axis=1) > CROSSED)
    return float(top + crossed[-1] + 1) if crossed.size else float(top)


def _has_ticks(line: Sides, around: Surroundings) -> bool:
    """Whether short strokes at one distance stand on a line, between which one letter is written."""
    left, top, right, _ = line
    strokes = around.pieces(left - PX_PER_MM, top - TICK_MM * PX_PER_MM, right + PX_PER_MM, top, PX_PER_MM)
    if len(strokes) < LEAST_TICKS or any(end - start > TICK_WIDTH_MM * PX_PER_MM for start, end in strokes):
        return False
    steps = np.diff([(start + end) / 2 for start, end in strokes])
    return bool(np.abs(steps / np.median(steps) - 1).max() < EVEN)


def _blocks(places: Sequence[tuple[Sides, Sides]], around: Surroundings) -> list[list[tuple[Sides, Sides]]]:
    """Lines of one place: each ends below the one before, begins there or further left, and has no label of its own."""
    blocks: list[list[tuple[Sides, Sides]]] = []
    for line, place in places:
        block = next((block for block in blocks if _goes_on(block[-1][0], line, around)), None)
        if block is None:
            blocks.append([(line, place)])
        else:
            block.append((line, place))
    return blocks


def _goes_on(line: Sides, after: Sides, around: Surroundings) -> bool:
    near, reach = SAME_END_MM * PX_PER_MM, BLOCK_MM * PX_PER_MM
    is_below = 0 < after[1] - line[3] < reach and abs(after[2] - line[2]) < near and after[0] < line[0] + near
    is_free = is_below and not around.has_print(after[0], line[3] + PX_PER_MM, after[2], after[1])
    return is_free and not _has_print_on(after, 0, after[0], around)


def _around(block: Sequence[tuple[Sides, Sides]]) -> Sides:
    places = np.array([place for _, place in block])
    (left, top), (right, bottom) = places[:, :2].min(axis=0).tolist(), places[:, 2:].max(axis=0).tolist()
    return left, top, right, bottom


def _is_labelled(
    line: Sides, lines: Sequence[Sides], around: Surroundings, width: int, bubbles: Sequence[Shape]
) -> bool:
    """Whether something is printed at the left of a line, or at its right, below or above it."""
    left, _, right, _ = line
    is_long = right - left > MOST_OF_WIDTH * width
    if _has_print_on(line, left - LABEL_MM * PX_PER_MM, left, around) or _has_far_label(line, lines, around):
        return not is_long or not any(_is_close_below(bubble, line) for bubble in bubbles)
    if not is_long:
        if _has_print_on(line, right, right + BEHIND_MM * PX_PER_MM, around):
            return True
        if _is_labelled_below(line, around):
            return True
    return _is_headed(line, around)


def _is_labelled_below(line: Sides, around: Surroundings) -> bool:
    """Whether one line of print follows below a line, and white below it."""
    left, _, right, bottom = line
    lowest, end = (bottom + distance * PX_PER_MM for distance in (LABEL_BELOW_MM, FREE_BELOW_MM))
    label = around.top_of_print_below(left, bottom, right, end)
    if label is None or label[0] > lowest:
        return False
    return not around.has_print(left, label[1], right, max(end, label[1] + BELOW_LABEL_MM * PX_PER_MM))


def _is_close_behind(bubble: Shape, line: Sides) -> bool:
    """Whether a line leads to a bubble."""
    is_on_level = bubble.top - PX_PER_MM < line[3] < bubble.bottom + PX_PER_MM
    return is_on_level and abs(bubble.left - line[2]) < LEADS_MM * PX_PER_MM


def _is_close_below(bubble: Shape, line: Sides) -> bool:
    return line[0] < bubble.x < line[2] and 0 < bubble.top - line[3] < FOLLOWS_MM * PX_PER_MM


def has_bubble(sides: Sides, bubbles: Sequence[Shape]) -> bool:
    """Whether the centre of a bubble is within sides."""
    left, top, right, bottom = sides
    return any(left < bubble.x < right and top < bubble.y < bottom for bubble in bubbles)


def _has_far_label(line: Sides, lines: Sequence[Sides], around: Surroundings) -> bool:
    """Whether the print at the left of a line is a label: it stands alone, or others begin below each other."""
    left, _, _, bottom = line
    if not _has_print_on(line, 0, left, around):
        return False
    if any(_begins_below(line, other) and _has_print_on(other, 0, left, around) for other in lines):
        return True
    upper, lower, white = bottom - LABEL_HEIGHT_MM * PX_PER_MM, bottom + PX_PER_MM, ALONE_MM * PX_PER_MM
    start, end = around.pieces(0, upper, left, lower, WORD_MM * PX_PER_MM)[-1]
    label = around.bottom_of_print_above(start, upper - 2 * white, end, lower)
    is_free_above = label is not None and not around.has_print(start, label[0] - white, end, label[0])
    return is_free_above and not around.has_print(start, lower, end, lower + white)


def _begins_below(one: Sides, other: Sides) -> bool:
    """Whether one of two lines begins below the other."""
    is_near = 0 < abs(one[1] - other[1]) < BLOCK_MM * PX_PER_MM
    return is_near and abs(one[0] - other[0]) < SAME_END_MM * PX_PER_MM


def _has_print_on(line: Sides, left: float, right: float, around: Surroundings) -> bool:
    """Whether something is printed on the level of a line."""
    return around.has_print(left, line[3] - LABEL_HEIGHT_MM * PX_PER_MM, right, line[3] + PX_PER_MM)


def _is_headed(line: Sides, around: Surroundings) -> bool:
    """Whether one line of print above a line begins where it begins, and is nearer to it than what follows."""
    left, top, right, bottom = line
    indent = INDENT_MM * PX_PER_MM
    above = around.bottom_of_print_above(left - indent, top - HEADED_MM * PX_PER_MM, right, top)
    if above is None:
        return False
    upper, lower = above
    starts = around.pieces(left - indent, upper, right, lower, WORD_MM * PX_PER_MM)
    is_at_start = bool(starts) and abs(starts[0][0] - left) < indent
    is_alone = not around.has_print(left, upper - ALONE_MM * PX_PER_MM, right, upper - 1)
    return (
        is_at_start
        and is_alone
        and not around.has_print(left, bottom + PX_PER_MM, right, bottom + FREE_BELOW * (top - lower))
    )
