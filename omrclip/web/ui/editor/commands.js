/** What can be done to the selection, by buttons and by keys alike. */

import { inside } from "../geometry.js";
import { aligned, boxOf, freeName, isPlaced, movedBy, withBox } from "./document.js";

/** What was copied, in whichever template. */
let clipboard = [];
export const hasCopied = () => clipboard.length > 0;

const PASTED_BY = 20;

export function copy(editing) {
  if (editing.selection.length) clipboard = structuredClone(editing.selected);
}

export function remove(editing) {
  const gone = new Set(editing.selection);
  if (gone.size) editing.change(editing.elements.filter((_, index) => !gone.has(index)), { selection: [] });
}

export function cut(editing) {
  copy(editing);
  remove(editing);
}

/** Put in what was copied, a little aside and under new names; where it came from another page it keeps its place. */
export function paste(editing) {
  add(editing, clipboard);
}

export function duplicate(editing) {
  add(editing, structuredClone(editing.selected));
}

function add(editing, copies) {
  if (!copies.length) return;
  const elements = [...editing.elements];
  for (const element of copies) {
    const there = elements.some((other) => other.Left === element.Left && other.Top === element.Top && other.Type === element.Type);
    const moved = there && isPlaced(element) ? within(editing, movedBy(element, PASTED_BY, PASTED_BY)) : element;
    const taken = elements.some((other) => other.Name === element.Name);
    elements.push(element.Name && taken ? { ...moved, Name: freeName(elements, baseName(element.Name, element.Type)) } : moved);
  }
  editing.change(elements, { selection: copies.map((_, index) => editing.elements.length + index) });
}

/**
 * Repeat the selection, so that there are `times` of it, each moved by `across` and `down` pixels from the one before. A
 * number at the end of a name counts on.
 */
export function repeat(editing, times, across, down) {
  const elements = [...editing.elements];
  const { selected, selection } = editing;
  for (let number = 1; number < times; number += 1) {
    for (const element of selected) {
      const moved = isPlaced(element) ? movedBy(element, number * across, number * down) : element;
      elements.push(element.Name ? { ...moved, Name: countedOn(elements, element) } : moved);
    }
  }
  const added = elements.slice(editing.elements.length).map((_, index) => editing.elements.length + index);
  editing.change(elements, { selection: [...selection, ...added] });
}

/** The next name after an element's that no other element has: Q07 is followed by Q08. */
function countedOn(elements, { Name, Type }) {
  const taken = new Set(elements.map((element) => element.Name));
  const digits = /\d+$/.exec(Name)?.[0] ?? "";
  const base = baseName(Name, Type);
  let number = Number(digits || 1);
  let next = Name;
  while (taken.has(next)) next = `${base}${String((number += 1)).padStart(digits.length, "0")}`;
  return next;
}

const baseName = (name, kind) => name.replace(/\d+$/, "") || kind;

const within = (editing, element) => {
  const box = inside(boxOf(element), editing.extents);
  return withBox(element, { ...boxOf(element), left: box.left, top: box.top });
};

/** Move the selection, as far as the page goes. */
export function nudge(editing, x, y) {
  if (editing.selection.length) {
    editing.changeSelected((element) => (isPlaced(element) ? within(editing, movedBy(element, x, y)) : element), { merge: "nudge" });
  }
}

/** Make the selection wider and higher. */
export function grow(editing, x, y) {
  const { width, height } = editing.extents;
  editing.changeSelected((element) => {
    if (!isPlaced(element)) return element;
    const box = boxOf(element);
    return withBox(element, {
      ...box,
      width: Math.max(1, Math.min(box.width + x, width - box.left)),
      height: Math.max(1, Math.min(box.height + y, height - box.top)),
    });
  }, { merge: "grow" });
}

/** Align or spread the selection; see `aligned`. */
export function align(editing, how) {
  if (editing.selected.filter(isPlaced).length < 2) return;
  const next = aligned(editing.selected, how);
  const at = new Map(editing.selection.map((index, place) => [index, next[place]]));
  editing.change(editing.elements.map((element, index) => at.get(index) ?? element));
}

export const selectAll = (editing) => editing.select(editing.elements.map((_, index) => index));
