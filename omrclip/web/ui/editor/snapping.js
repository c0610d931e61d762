/** Snapping: edges and middles that come near those of other elements are drawn onto them. */

import { bottom, right } from "../geometry.js";

/** The lines that boxes snap to: edges and middles of others, and of the page. */
export function snapLines(boxes, { width, height }) {
  const across = [0, width / 2, width];
  const down = [0, height / 2, height];
  for (const box of boxes) {
    across.push(box.left, box.left + box.width / 2, right(box));
    down.push(box.top, box.top + box.height / 2, bottom(box));
  }
  return { across: sorted(across), down: sorted(down) };
}

/**
 * How far to shift a box so that it snaps, {x, y}, and the lines that it then lies on. `edges` are the parts of it
 * that may snap, of "start", "middle", "end", for both directions.
 */
export function snap(box, edges, lines, within) {
  const x = nearest({ start: box.left, middle: box.left + box.width / 2, end: right(box) }, edges.across, lines.across, within);
  const y = nearest({ start: box.top, middle: box.top + box.height / 2, end: bottom(box) }, edges.down, lines.down, within);
  return { x: x?.shift ?? 0, y: y?.shift ?? 0, guides: { across: x ? [x.line] : [], down: y ? [y.line] : [] } };
}

function nearest(places, edges, lines, within) {
  let best = null;
  for (const edge of edges) {
    for (const line of around(lines, places[edge])) {
      const shift = line - places[edge];
      if (Math.abs(shift) <= within && (!best || Math.abs(shift) < Math.abs(best.shift))) best = { shift, line };
    }
  }
  return best;
}

/** The lines just below and above a place. */
function around(lines, place) {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle] < place) low = middle + 1;
    else high = middle;
  }
  return lines.slice(Math.max(0, low - 1), low + 1);
}

const sorted = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);
