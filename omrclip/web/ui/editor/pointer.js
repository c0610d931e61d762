/** What mouse, pen and fingers do on the page: select, draw, move, resize. What is not ours is left to the viewer: it pans and zooms. */

import { around, holds, inside } from "../geometry.js";
import { KINDS, boxOf, freeName, isPlaced, newElement } from "./document.js";
import { HANDLES, handleAt } from "./drawing.js";
import { FOLLOW } from "./gestures.js";
import { snapLines } from "./snapping.js";

const HANDLE_PX = { mouse: 8, pen: 10, touch: 20 };
const CLICK_PX = 4;
const TAP_PX = 10;
const CURSORS = ["nwse-resize", "ns-resize", "nesw-resize", "ew-resize"];

/** Follow pointers over `viewer` and edit accordingly. `tool` is "select", "hand" or a kind of element. */
export class Pointer {
  constructor(viewer, editing, { onTool, onDrawn }) {
    Object.assign(this, { viewer, editing, onTool, onDrawn, tool: "select", gesture: null, spaceHeld: false, pointed: -1 });
    this.guides = this.marquee = this.sketch = null;
    const host = viewer.host;
    const stop = new AbortController();
    this.stop = stop;
    const options = { capture: true, signal: stop.signal };
    host.addEventListener("pointerdown", (event) => this.down(event), options);
    host.addEventListener("pointermove", (event) => this.move(event), options);
    host.addEventListener("pointerup", (event) => this.up(event), options);
    host.addEventListener("pointercancel", () => this.cancel(), options);
  }

  destroy() {
    this.stop.abort();
  }

  choose(tool) {
    this.cancel();
    this.tool = tool;
    this.viewer.host.style.cursor = this.restingCursor();
  }

  restingCursor() {
    if (this.tool === "hand" || this.spaceHeld) return "grab";
    return this.tool === "select" ? "default" : "crosshair";
  }

  at(event) {
    return this.viewer.toImage(event.clientX, event.clientY);
  }

  /** The index of the smallest element under a point; -1 where there is none. */
  hit(point, slack = 3 / this.viewer.scale) {
    let best = -1;
    let area = Infinity;
    this.editing.elements.forEach((element, index) => {
      if (!isPlaced(element)) return;
      const box = boxOf(element);
      if (holds(box, point, slack) && box.width * box.height < area) [best, area] = [index, box.width * box.height];
    });
    return best;
  }

  handleUnder(point, kind) {
    const [only] = this.editing.selected;
    if (this.editing.selection.length !== 1 || !only || !isPlaced(only)) return null;
    const reach = (HANDLE_PX[kind] ?? 8) / this.viewer.scale;
    const box = boxOf(only);
    return HANDLES.find((handle) => {
      const place = handleAt(box, handle);
      return Math.abs(place.x - point.x) <= reach && Math.abs(place.y - point.y) <= reach;
    });
  }

  down(event) {
    if (event.target.closest(".corner")) return;
    this.viewer.host.focus({ preventScroll: true });
    if (this.gesture || this.tap) { // a second finger: they zoom
      this.cancel();
      return;
    }
    if (event.button !== 0 || this.tool === "hand" || this.spaceHeld) return;
    const gesture = this.begin(event, this.at(event));
    this.pointed = -1;
    if (!gesture) return;
    event.stopPropagation();
    event.preventDefault();
    this.viewer.host.setPointerCapture(event.pointerId);
    this.gesture = { ...gesture, id: event.pointerId, x: event.clientX, y: event.clientY, moved: false };
  }

  begin(event, start) {
    if (this.tool in KINDS || this.tool === "questions") return { kind: "draw", start, lines: this.lines([]) };
    const handle = this.handleUnder(start, event.pointerType);
    if (handle) return { kind: "resize", start, handle, box: boxOf(this.editing.selected[0]), lines: this.lines(this.editing.selection) };
    const index = this.hit(start);
    if (event.pointerType === "touch" && !this.editing.selection.includes(index)) {
      // Fingers pan and zoom; a tap selects, and what is selected follows the finger.
      this.tap = { index, id: event.pointerId, x: event.clientX, y: event.clientY };
      return null;
    }
    const adds = event.shiftKey || event.ctrlKey || event.metaKey;
    const { selection } = this.editing;
    if (index < 0) {
      return { kind: "marquee", start, before: adds ? selection : [] };
    }
    if (adds) {
      this.editing.select(selection.includes(index) ? selection.filter((other) => other !== index) : [...selection, index]);
      return { kind: "none" };
    }
    if (!selection.includes(index)) this.editing.select([index]);
    return { kind: "move", start, all: around(this.editing.selectedBoxes), lines: this.lines(this.editing.selection), only: index };
  }

  lines(without) {
    const out = new Set(without);
    const boxes = this.editing.elements.filter((element, index) => !out.has(index) && isPlaced(element)).map(boxOf);
    return snapLines(boxes, this.editing.extents);
  }

  move(event) {
    const { gesture } = this;
    if (!gesture) {
      if (this.tool === "select" && event.pointerType === "mouse" && !event.buttons) this.hover(this.at(event));
      return;
    }
    if (gesture.id !== event.pointerId) return;
    event.stopPropagation();
    if (!gesture.moved && Math.hypot(event.clientX - gesture.x, event.clientY - gesture.y) < CLICK_PX) return;
    gesture.moved = true;
    FOLLOW[gesture.kind]?.(this, gesture, this.at(event), event);
    this.viewer.redraw();
  }

  hover(point) {
    const handle = this.handleUnder(point, "mouse");
    const under = this.hit(point);
    if (under !== this.pointed) {
      this.pointed = under;
      this.viewer.redraw();
    }
    const over = handle ? CURSORS[HANDLES.indexOf(handle) % 4] : under >= 0 ? "move" : this.restingCursor();
    if (this.viewer.host.style.cursor !== over) this.viewer.host.style.cursor = over;
  }

  up(event) {
    const { gesture, tap } = this;
    this.tap = null;
    if (tap?.id === event.pointerId && Math.hypot(event.clientX - tap.x, event.clientY - tap.y) < TAP_PX) {
      this.editing.select(tap.index < 0 ? [] : [tap.index]);
    }
    if (!gesture || gesture.id !== event.pointerId) return;
    event.stopPropagation();
    this.gesture = null;
    const { sketch } = this;
    this.guides = this.marquee = this.sketch = null;
    if (gesture.kind === "draw") this.put(gesture, sketch);
    else if (gesture.kind === "marquee" && !gesture.moved) this.editing.select(gesture.before);
    else if (gesture.kind === "move" && !gesture.moved) this.editing.select([gesture.only]);
    else this.editing.settle();
    this.viewer.redraw();
  }

  cancel() {
    this.tap = this.gesture = this.guides = this.marquee = this.sketch = null;
    if (this.editing.transient) this.editing.show(null);
    this.viewer.redraw();
  }

  /** Put what was drawn onto the page; a click puts one of the usual size there. */
  put(gesture, sketch) {
    const { tool } = this;
    if (tool === "questions") this.onTool("select");
    else this.insert(tool, sketch ?? usualBox(tool, gesture.start, this.editing.extents));
    if (sketch) this.onDrawn(tool, sketch, this.editing.selected[0]);
  }

  insert(kind, box) {
    const { elements } = this.editing;
    const element = newElement(kind, freeName(elements, kind), box);
    this.editing.change([...elements, element], { selection: [elements.length] });
    this.onTool("select");
  }

  /** Put one of the usual size into the middle of what is seen; questions are looked for in all that is seen. */
  insertInView(kind) {
    const { left, top, width, height } = this.viewer.seen;
    if (kind === "questions") {
      this.onTool("select");
      this.onDrawn(kind, this.viewer.seen);
      return;
    }
    this.insert(kind, usualBox(kind, { x: left + width / 2, y: top + height / 2 }, this.editing.extents));
  }
}

function usualBox(kind, middle, { width, height }) {
  const [wide, high] = [KINDS[kind].size[0] * width, KINDS[kind].size[1] * width * Math.SQRT2];
  return inside({ left: middle.x - wide / 2, top: middle.y - high / 2, width: wide, height: high }, { width, height });
}
