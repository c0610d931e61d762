/** What lies over the page: elements, bubbles, names, handles, guides, problems. The paper is white in either theme. */

import { bottom, grown, right, touch } from "../geometry.js";
import { boxOf, bubblesOf, isPlaced, kindOf, membersOf } from "./document.js";

const COLOURS = {
  ClipArea: "#1557b0",
  ChoiceBox: "#0b6b5b",
  Grid: "#6a3fb0",
  Barcode: "#8a5200",
  ReferencePoint: "#5b6675",
  other: "#5b6675",
};
const CHOSEN = "#d2156b";
const WRONG = "#c4281f";
const GUIDE = "#d2156b";

/** The places of a box's handles: where they are between its edges, 0 to 1, and what they change. */
export const HANDLES = [
  [0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1], [0, 0.5],
].map(([x, y]) => ({ x, y }));

/** Where a handle of a box lies. */
export const handleAt = (box, handle) => ({ x: box.left + handle.x * box.width, y: box.top + handle.y * box.height });

/**
 * Draw the page's elements. `shown` has: elements, selection, seen (the box of the page in view), wrong (a Set of
 * indexes), marks (boxes of findings), guides, marquee, sketch (a box being drawn), pointed (the index under the pointer), and whether handles are shown.
 */
export function drawElements(context, scale, shown) {
  const chosen = new Set(shown.selection);
  const near = grown(shown.seen, 20 / scale);
  const groups = new Map();
  shown.elements.forEach((element, index) => {
    if (!isPlaced(element)) return;
    const box = boxOf(element);
    if (!touch(box, near)) return;
    const style = chosen.has(index) ? "chosen" : (kindOf(element) ?? "other");
    if (!groups.has(style)) groups.set(style, []);
    groups.get(style).push({ element, box, index });
  });
  for (const [style, members] of groups) drawGroup(context, scale, style, members);
  drawWrong(context, scale, groups, shown.wrong);
  drawMarks(context, scale, shown.marks);
  drawNames(context, scale, groups, shown.pointed);
  if (shown.selection.length === 1 && shown.handles) drawHandles(context, scale, shown.elements[shown.selection[0]]);
  drawGuides(context, scale, shown.guides, shown.seen);
  for (const box of [shown.marquee, shown.sketch]) if (box) drawSketch(context, scale, box);
}

function drawGroup(context, scale, style, members) {
  const colour = style === "chosen" ? CHOSEN : COLOURS[style];
  context.beginPath();
  for (const { box } of members) context.rect(box.left, box.top, box.width, box.height);
  context.fillStyle = `${colour}${style === "ChoiceBox" || style === "Grid" ? "0a" : "1c"}`;
  context.fill();
  context.lineWidth = (style === "chosen" ? 2 : 1.25) / scale;
  context.strokeStyle = colour;
  context.stroke();
  context.beginPath();
  for (const { element } of members) traceBubbles(context, scale, element);
  context.lineWidth = 1 / scale;
  context.stroke();
}

function traceBubbles(context, scale, element) {
  for (const child of membersOf(element)) {
    const box = boxOf(child);
    if (scale > 0.25 && isPlaced(child)) context.rect(box.left, box.top, box.width, box.height);
    traceBubbles(context, scale, child);
  }
  const [wide, high] = [Number(element.BubbleWidth), Number(element.BubbleHeight)];
  if (!(wide * scale > 2.5)) return;
  for (const bubble of bubblesOf(element)) {
    const [x, y] = [Number(bubble.Left) + wide / 2, Number(bubble.Top) + high / 2];
    context.moveTo(x + wide / 2, y);
    if (wide * scale > 9) context.ellipse(x, y, wide / 2, high / 2, 0, 0, 2 * Math.PI);
    else context.rect(x - wide / 2, y - high / 2, wide, high);
  }
}

function drawWrong(context, scale, groups, wrong) {
  context.strokeStyle = WRONG;
  context.fillStyle = WRONG;
  context.lineWidth = 2 / scale;
  context.setLineDash([6 / scale, 4 / scale]);
  for (const members of groups.values()) {
    for (const { box, index } of members) {
      if (!wrong.has(index)) continue;
      const { left, top, width, height } = grown(box, 3 / scale);
      context.strokeRect(left, top, width, height);
      label(context, scale, "!", left + width, top, WRONG);
    }
  }
  context.setLineDash([]);
}

function drawMarks(context, scale, marks = []) {
  context.strokeStyle = "#b35c00";
  context.lineWidth = 2 / scale;
  for (const { left, top, width, height } of marks) context.strokeRect(left, top, width, height);
}

/**
 * Names hide no print where people look: that of a clip area stands inside, at the lower right, where there is space to
 * write, and that of another element above it when it is large on the screen. The one that is pointed at has its name.
 */
function drawNames(context, scale, groups, pointed) {
  for (const [style, members] of groups) {
    for (const { element, box, index } of members) {
      if (!element.Name) continue;
      const colour = style === "chosen" ? CHOSEN : COLOURS[style];
      if (index === pointed) label(context, scale, element.Name, box.left, box.top, colour);
      else if (kindOf(element) === "ClipArea") labelInside(context, scale, element.Name, box, colour);
      else if (hasRoom(element, box, scale)) label(context, scale, element.Name, box.left, box.top, colour);
    }
  }
}

/** The names of boxes that stand close together would hide the ones above. Above a grid is the place to write its digits. */
const hasRoom = (element, box, scale) => kindOf(element) !== "Grid" && box.width * scale > 40 && box.height * scale > (kindOf(element) === "ChoiceBox" ? 34 : 20);

const FONT = "600 11px system-ui, sans-serif";
const LABEL_PX = 15;

function widthOf(context, text) {
  context.font = FONT;
  return context.measureText(text).width + 8;
}

/** A name in the lower right corner of a box, where it takes less than half of its width and height. */
function labelInside(context, scale, text, box, colour) {
  const width = widthOf(context, text);
  if (2 * width > box.width * scale || 2 * LABEL_PX > box.height * scale) return;
  label(context, scale, text, right(box) - (width - 1) / scale, bottom(box), colour);
}

function label(context, scale, text, x, y, colour) {
  context.save();
  context.translate(x, y);
  context.scale(1 / scale, 1 / scale);
  const width = widthOf(context, text);
  context.fillStyle = colour;
  context.fillRect(-1, -LABEL_PX, width, LABEL_PX);
  context.fillStyle = "#fff";
  context.fillText(text, 3, -4);
  context.restore();
}

function drawHandles(context, scale, element) {
  if (!element || !isPlaced(element)) return;
  const box = boxOf(element);
  const side = 8 / scale;
  context.fillStyle = "#fff";
  context.strokeStyle = CHOSEN;
  context.lineWidth = 1.5 / scale;
  for (const handle of HANDLES) {
    const { x, y } = handleAt(box, handle);
    context.fillRect(x - side / 2, y - side / 2, side, side);
    context.strokeRect(x - side / 2, y - side / 2, side, side);
  }
}

function drawGuides(context, scale, guides, seen) {
  if (!guides) return;
  context.strokeStyle = GUIDE;
  context.lineWidth = 1 / scale;
  context.beginPath();
  for (const x of guides.across) {
    context.moveTo(x, seen.top);
    context.lineTo(x, bottom(seen));
  }
  for (const y of guides.down) {
    context.moveTo(seen.left, y);
    context.lineTo(right(seen), y);
  }
  context.stroke();
}

function drawSketch(context, scale, { left, top, width, height }) {
  context.fillStyle = `${CHOSEN}14`;
  context.fillRect(left, top, width, height);
  context.strokeStyle = CHOSEN;
  context.lineWidth = 1.5 / scale;
  context.strokeRect(left, top, width, height);
}
