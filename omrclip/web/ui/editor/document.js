/** The `.omr` document as plain JSON: reading, writing, and elements made, placed and moved. Nothing here changes a value in place. */

import { around, bottom, right } from "../geometry.js";

/** The kinds that can be drawn, with the key that chooses the tool and the extents of one that is put in by keyboard. */
export const KINDS = {
  ClipArea: { key: "c", icon: "clip", size: [0.35, 0.05] },
  ChoiceBox: { key: "b", icon: "choice", size: [0.2, 0.025] },
  Grid: { key: "g", icon: "grid", size: [0.22, 0.2] },
  Barcode: { key: "r", icon: "barcode", size: [0.12, 0.085] },
  ReferencePoint: { key: "p", icon: "point", size: [0.03, 0.021] },
};

/** Types, in small letters, that are shown and edited as a kind. */
const SHOWN_AS = {
  ...Object.fromEntries(Object.keys(KINDS).map((kind) => [kind.toLowerCase(), kind])),
  checkbox: "ChoiceBox", replacetrigger: "ChoiceBox", barcodedownloadable: "Barcode", referencepointelement: "ReferencePoint",
};

/** The kind by which an element is shown and edited; null for one that can only be moved. */
export const kindOf = ({ Type }) => SHOWN_AS[String(Type).split(":#")[0].replace(/Omr$/, "").toLowerCase()] ?? null;

/** The keys under which elements hold others. */
const HOLDING = ["Elements", "Questions", "ScoreAnswers"];

/** The elements in an element. */
export const membersOf = (element) => HOLDING.flatMap((key) => (Array.isArray(element[key]) ? element[key] : []));

/** The bubbles of an element; some types have a list of them for each symbol. */
export const bubblesOf = (element) => (Array.isArray(element.Bubbles) ? element.Bubbles.flat() : []);

/** A document with the indentation of its file, so that saving changes no line that nobody edited. */
export function parseDocument(text) {
  return { document: JSON.parse(text.replace(/^\ufeff/, "")), indent: /^\s*\{\r?\n( +|\t)/.exec(text)?.[1] ?? 4 };
}

/** The file again. */
export const writeDocument = (document, indent) => `${JSON.stringify(document, null, indent)}\n`;

/** The document without its images, for those who do not look at them. */
export function withoutImages(document) {
  return { ...document, Pages: document.Pages.map(({ ImageData: _, ...page }) => page) };
}

/** Where an element lies; numbers may be written as strings, what is none becomes NaN. Without extents it is its bubbles. */
export function boxOf(element) {
  const own = { left: Number(element.Left), top: Number(element.Top), width: Number(element.Width), height: Number(element.Height) };
  if (own.width !== 0 && own.height !== 0) return own;
  const [width, height] = [Number(element.BubbleWidth), Number(element.BubbleHeight)];
  const bubbles = bubblesOf(element).map(({ Left, Top }) => ({ left: Number(Left), top: Number(Top), width, height }));
  const inside = [...bubbles, ...membersOf(element).map(boxOf)];
  return inside.length ? around(inside) : own;
}

/** Whether an element can be drawn. */
export const isPlaced = (element) => Object.values(boxOf(element)).every(Number.isFinite) && boxOf(element).width > 0;

const placed = (element, { left, top, width, height }) => ({ ...element, Left: left, Top: top, Width: width, Height: height });
const round = Math.round;

/** An element in another place, with all that is in it: moved along, and spread as the box is. */
export function withBox(element, box) {
  const old = boxOf(element);
  const next = placed(element, box);
  const spread = (start, extent, from, length, to, newLength) => {
    const room = length - extent;
    return room > 0 ? round(to + ((start - from) * (newLength - extent)) / room) : round(to + start - from);
  };
  if (Array.isArray(element.Bubbles)) {
    const [wide, high] = [Number(element.BubbleWidth), Number(element.BubbleHeight)];
    const moved = (bubble) => Array.isArray(bubble) ? bubble.map(moved) : {
      ...bubble,
      Left: spread(Number(bubble.Left), wide, old.left, old.width, box.left, box.width),
      Top: spread(Number(bubble.Top), high, old.top, old.height, box.top, box.height),
    };
    next.Bubbles = element.Bubbles.map(moved);
  }
  for (const key of HOLDING) {
    if (!Array.isArray(element[key])) continue;
    const [across, down] = [box.width / old.width, box.height / old.height];
    next[key] = element[key].map((child) => {
      const inner = boxOf(child);
      return withBox(child, {
        left: round(box.left + (inner.left - old.left) * across),
        top: round(box.top + (inner.top - old.top) * down),
        width: round(inner.width * across),
        height: round(inner.height * down),
      });
    });
  }
  return next;
}

/** An element moved by whole pixels. */
export function movedBy(element, x, y) {
  const box = boxOf(element);
  return withBox(element, { ...box, left: box.left + x, top: box.top + y });
}

/** The first of ClipArea1, ClipArea2, … that no element has. */
export function freeName(elements, kind) {
  const taken = new Set(elements.map((element) => element.Name));
  let number = 1;
  while (taken.has(`${kind}${number}`)) number += 1;
  return `${kind}${number}`;
}

/** A new element of a kind in a box. */
export function newElement(kind, name, box) {
  const start = placed({ Type: kind, Name: name }, box);
  const ordered = { Type: kind, Name: name, Width: start.Width, Height: start.Height, Top: start.Top, Left: start.Left };
  if (kind === "ClipArea") return { ...ordered, JpegQuality: 85 };
  if (kind === "ChoiceBox") return layBubbles({ ...ordered, Multiselect: false }, 1, 4, ["A", "B", "C", "D"]);
  if (kind === "Grid") return layGrid({ ...ordered, Orientation: "Horizontal" }, 6);
  if (kind === "Barcode") return { ...ordered, BarcodeType: "qr" };
  return { ...ordered, ReferenceType: "Corner" };
}

/** How many rows and columns a box's bubbles stand in. */
export function rowsAndColumns({ Bubbles = [], BubbleWidth, BubbleHeight }) {
  const distinct = (key, extent) => {
    const places = Bubbles.map((bubble) => Number(bubble[key])).sort((a, b) => a - b);
    const step = Math.max(1, Number(extent) / 2 || 4); // printed bubbles stand a little uneven
    return places.filter((place, index) => index === 0 || place - places[index - 1] >= step).length;
  };
  return { rows: Math.max(1, distinct("Top", BubbleHeight)), columns: Math.max(1, distinct("Left", BubbleWidth)) };
}

/** A choice box with its bubbles laid anew, row by row, filling the box; missing values go on from A or from 0. */
export function layBubbles(element, rows, columns, values) {
  const box = boxOf(element);
  const [cellWide, cellHigh] = [box.width / columns, box.height / rows];
  const side = Math.max(1, Math.min(round(0.72 * Math.min(cellWide, cellHigh)), 400));
  const wide = Math.min(Number(element.BubbleWidth) || side, Math.max(1, Math.floor(cellWide)));
  const high = Math.min(Number(element.BubbleHeight) || side, Math.max(1, Math.floor(cellHigh)));
  const bubbles = Array.from({ length: rows * columns }, (_, index) => ({
    ...element.Bubbles?.[index],
    Value: values[index] ?? nextValue(values, index),
    Top: round(box.top + (Math.floor(index / columns) + 0.5) * cellHigh - high / 2),
    Left: round(box.left + ((index % columns) + 0.5) * cellWide - wide / 2),
    IsValid: true,
  }));
  const orientation = rows > columns ? "Vertical" : "Horizontal";
  return { ...element, Orientation: orientation, BubbleWidth: wide, BubbleHeight: high, Bubbles: bubbles };
}

const nextValue = (values, index) => (/^\d/.test(values[0] ?? "A") ? String(index % 10) : String.fromCharCode(65 + (index % 26)));

/** A grid of so many columns of the digits 0 to 9, or of the values that its columns have, filling its box. */
export function layGrid(element, columns) {
  const box = boxOf(element);
  const values = element.Elements?.[0]?.Bubbles?.map((bubble) => bubble.Value) ?? [..."0123456789"];
  const wide = box.width / columns;
  const children = Array.from({ length: columns }, (_, index) => {
    const place = { left: round(box.left + index * wide), top: box.top, width: Math.floor(wide), height: box.height };
    const { BubbleWidth: _w, BubbleHeight: _h, ...old } = element.Elements?.[index] ?? { Type: "ChoiceBox", Multiselect: false };
    return layBubbles(placed(old, place), values.length, 1, values);
  });
  return { ...element, Elements: children };
}

/** Elements aligned at one side, or along a middle, of the box around all; or spread evenly. */
export function aligned(elements, how) {
  const boxes = elements.map(boxOf);
  const all = around(boxes);
  const moves = {
    left: () => ({ left: all.left }),
    center: (box) => ({ left: round(all.left + (all.width - box.width) / 2) }),
    right: (box) => ({ left: right(all) - box.width }),
    top: () => ({ top: all.top }),
    middle: (box) => ({ top: round(all.top + (all.height - box.height) / 2) }),
    bottom: (box) => ({ top: bottom(all) - box.height }),
    sameWidth: () => ({ width: boxes[0].width }),
    sameHeight: () => ({ height: boxes[0].height }),
  };
  if (how === "spreadAcross" || how === "spreadDown") return spread(elements, boxes, all, how === "spreadAcross" ? ["left", "width"] : ["top", "height"]);
  return elements.map((element, index) => withBox(element, { ...boxes[index], ...moves[how](boxes[index]) }));
}

function spread(elements, boxes, all, [start, extent]) {
  const order = boxes.map((_, index) => index).sort((a, b) => boxes[a][start] - boxes[b][start]);
  const gap = (all[extent] - boxes.reduce((sum, box) => sum + box[extent], 0)) / Math.max(1, elements.length - 1);
  const result = [...elements];
  let at = all[start];
  for (const index of order) {
    result[index] = withBox(elements[index], { ...boxes[index], [start]: round(at) });
    at += boxes[index][extent] + gap;
  }
  return result;
}
