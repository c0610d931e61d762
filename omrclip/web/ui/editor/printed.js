/** Elements made of printed bubbles: what the detection of a page proposes, given to what someone drew. Nothing is changed in place. */

import { around } from "../geometry.js";
import { boxOf } from "./document.js";

const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** The choice boxes among proposals, those of grids too. */
export const choicesIn = (proposals) =>
  proposals.flatMap(({ Element }) => (Element.Type === "Grid" ? Element.Elements : Element.Type === "ChoiceBox" ? [Element] : []));

/** How many bubbles stand in proposals. */
export const countBubbles = (proposals) => choicesIn(proposals).reduce((sum, { Bubbles }) => sum + Bubbles.length, 0);

/** A choice box or grid with the bubbles of proposals instead of its own; null where these have none. */
export function withPrinted(element, proposals) {
  const choices = choicesIn(proposals);
  if (!choices.length) return null;
  return element.Type === "Grid" ? gridOf(element, choices) : choiceOf(element, choices);
}

/** One choice box for each row of bubbles in proposals, from the top, named by `name(row)`. */
export function questionsOf(proposals, name) {
  const { rows, width, height } = rowsOf(choicesIn(proposals));
  return rows.map((row, index) => choice({ Type: "ChoiceBox", Name: name(index), Multiselect: false }, row, { width, height, values: counted(row.length) }));
}

function choiceOf(element, choices) {
  if (choices.length === 1) return { ...element, ...printedPart(choices[0]) };
  const { rows, width, height } = rowsOf(choices);
  const isColumn = rows.every((row) => row.length === 1);
  const bubbles = rows.flat();
  return choice(element, bubbles, { width, height, values: counted(bubbles.length), isColumn });
}

function gridOf(element, choices) {
  const across = choices[0].Orientation === "Vertical" ? "Horizontal" : "Vertical";
  const children = choices.map((one) => ({ Type: "ChoiceBox", Multiselect: false, ...printedPart(one) }));
  return { ...element, ...sides(around(choices.map(boxOf))), Orientation: across, Elements: children };
}

const printedPart = ({ Left, Top, Width, Height, Orientation, BubbleWidth, BubbleHeight, Bubbles }) =>
  ({ Width, Height, Top, Left, Orientation, BubbleWidth, BubbleHeight, Bubbles });

const sides = ({ left, top, width, height }) => ({ Width: tenths(width), Height: tenths(height), Top: tenths(top), Left: tenths(left) });

function choice(element, middles, { width, height, values, isColumn = false }) {
  const places = middles.map(({ x, y }) => ({ left: x - width / 2, top: y - height / 2, width, height }));
  return {
    ...element,
    ...sides(around(places)),
    Orientation: isColumn ? "Vertical" : "Horizontal",
    BubbleWidth: tenths(width),
    BubbleHeight: tenths(height),
    Bubbles: places.map(({ left, top }, index) => ({ Value: values[index], Top: tenths(top), Left: tenths(left), IsValid: true })),
  };
}

/** The middles of all bubbles in rows from top to bottom, each from left to right; and the size of most. */
function rowsOf(choices) {
  const width = median(choices.map(({ BubbleWidth }) => BubbleWidth));
  const height = median(choices.map(({ BubbleHeight }) => BubbleHeight));
  const middles = choices.flatMap(({ Bubbles, BubbleWidth, BubbleHeight }) =>
    Bubbles.map(({ Left, Top }) => ({ x: Left + BubbleWidth / 2, y: Top + BubbleHeight / 2 })));
  const rows = [];
  for (const middle of middles.sort((a, b) => a.y - b.y)) {
    const last = rows.at(-1);
    if (last && middle.y - last.at(-1).y < height / 2) last.push(middle);
    else rows.push([middle]);
  }
  for (const row of rows) row.sort((a, b) => a.x - b.x);
  return { rows, width, height };
}

/** A, B, C …; or numbers from 1 where there are more than letters. */
const counted = (count) => (count <= LETTERS.length ? LETTERS.slice(0, count) : Array.from({ length: count }, (_, index) => String(index + 1)));
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const tenths = (value) => Math.round(value * 10) / 10;
