/** How a gesture that has begun follows the pointer. Each is given the Pointer, the gesture, the point and the event. */

import { bottom, boxBetween, inside, right, touch } from "../geometry.js";
import { boxOf, isPlaced, movedBy, withBox } from "./document.js";
import { snap } from "./snapping.js";

const SNAP_PX = 6;

function pull(pointer, gesture, event, box, edges) {
  const pulled = event.altKey ? { x: 0, y: 0, guides: null } : snap(box, edges, gesture.lines, SNAP_PX / pointer.viewer.scale);
  pointer.guides = pulled.guides;
  return pulled;
}

function draw(pointer, gesture, point, event) {
  const { start } = gesture;
  const edges = { across: [point.x >= start.x ? "end" : "start"], down: [point.y >= start.y ? "end" : "start"] };
  const { x, y } = pull(pointer, gesture, event, boxBetween(start, point), edges);
  pointer.sketch = inside(boxBetween(start, { x: point.x + x, y: point.y + y }), pointer.editing.extents);
}

function marquee(pointer, gesture, point) {
  const { editing } = pointer;
  const box = boxBetween(gesture.start, point);
  pointer.marquee = box;
  const held = editing.elements.flatMap((element, index) => (isPlaced(element) && touch(boxOf(element), box) ? [index] : []));
  editing.select([...gesture.before, ...held]);
}

const ALL = ["start", "middle", "end"];

function move(pointer, gesture, point, event) {
  const { editing } = pointer;
  const { all, start } = gesture;
  const to = { ...all, left: all.left + point.x - start.x, top: all.top + point.y - start.y };
  const pulled = pull(pointer, gesture, event, to, { across: ALL, down: ALL });
  const placed = inside({ ...to, left: to.left + pulled.x, top: to.top + pulled.y }, editing.extents);
  const x = Math.round(placed.left - all.left);
  const y = Math.round(placed.top - all.top);
  const chosen = new Set(editing.selection);
  const stored = editing.document.Pages[editing.page].Elements;
  editing.show(stored.map((element, index) => (chosen.has(index) && isPlaced(element) ? movedBy(element, x, y) : element)));
}

function resize(pointer, gesture, point, event) {
  const { editing } = pointer;
  const { box, handle, start } = gesture;
  const stretched = stretch(box, handle, point.x - start.x, point.y - start.y);
  const edge = (place) => (place === 0.5 ? [] : [place ? "end" : "start"]);
  const pulled = pull(pointer, gesture, event, stretched, { across: edge(handle.x), down: edge(handle.y) });
  const next = stretch(box, handle, point.x - start.x + pulled.x, point.y - start.y + pulled.y);
  const [index] = editing.selection;
  const stored = editing.document.Pages[editing.page].Elements;
  const whole = clipped(next, editing.extents);
  editing.show(stored.map((element, place) => (place === index ? withBox(element, whole) : element)));
}

/** A box whose sides at a handle are moved; it may be turned over. */
function stretch(box, handle, x, y) {
  const from = { x: box.left + (handle.x === 0 ? x : 0), y: box.top + (handle.y === 0 ? y : 0) };
  const to = { x: right(box) + (handle.x === 1 ? x : 0), y: bottom(box) + (handle.y === 1 ? y : 0) };
  return boxBetween(from, to);
}

function clipped(box, { width, height }) {
  const left = Math.max(0, Math.min(Math.round(box.left), width - 1));
  const top = Math.max(0, Math.min(Math.round(box.top), height - 1));
  return {
    left,
    top,
    width: Math.max(1, Math.min(Math.round(right(box)), width) - left),
    height: Math.max(1, Math.min(Math.round(bottom(box)), height) - top),
  };
}

export const FOLLOW = { draw, marquee, move, resize };
