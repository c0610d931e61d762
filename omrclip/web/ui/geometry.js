/** Boxes {left, top, width, height} and points {x, y}; numbers alone, nothing of the page. */

export const right = (box) => box.left + box.width;
export const bottom = (box) => box.top + box.height;

/** The box between two corners, in any order. */
export function boxBetween(a, b) {
  return { left: Math.min(a.x, b.x), top: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
}

/** The smallest box around several. */
export function around(boxes) {
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  return { left, top, width: Math.max(...boxes.map(right)) - left, height: Math.max(...boxes.map(bottom)) - top };
}

/** A box with a margin on all sides. */
export const grown = (box, by) => ({ left: box.left - by, top: box.top - by, width: box.width + 2 * by, height: box.height + 2 * by });

/** Whether a point lies in a box, or within `slack` of it. */
export function holds(box, point, slack = 0) {
  return point.x >= box.left - slack && point.x <= right(box) + slack && point.y >= box.top - slack && point.y <= bottom(box) + slack;
}

/** Whether two boxes share a point. */
export const touch = (a, b) => a.left <= right(b) && b.left <= right(a) && a.top <= bottom(b) && b.top <= bottom(a);

/** A box moved and shrunk as little as it takes to lie in 0, 0 … width, height, in whole pixels. */
export function inside(box, { width, height }) {
  const wide = Math.max(1, Math.min(Math.round(box.width), width));
  const high = Math.max(1, Math.min(Math.round(box.height), height));
  return {
    left: Math.max(0, Math.min(Math.round(box.left), width - wide)),
    top: Math.max(0, Math.min(Math.round(box.top), height - high)),
    width: wide,
    height: high,
  };
}

/** A map of points as {a, b, c, d, e, f}, in the manner of a canvas: x' = a·x + c·y + e, y' = b·x + d·y + f. */
export function inverse({ a, b, c, d, e, f }) {
  const det = a * d - b * c;
  return { a: d / det, b: -b / det, c: -c / det, d: a / det, e: (c * f - d * e) / det, f: (b * e - a * f) / det };
}

/** Where such a map puts a point. */
export const mapped = ({ a, b, c, d, e, f }, { x, y }) => ({ x: a * x + c * y + e, y: b * x + d * y + f });

/** The corners of a box as [x, y] pairs, clockwise from the top left. */
export const corners = (box) => [[box.left, box.top], [right(box), box.top], [right(box), bottom(box)], [box.left, bottom(box)]];

/** The smallest box around [x, y] pairs. */
export function boxAround(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return boxBetween({ x: Math.min(...xs), y: Math.min(...ys) }, { x: Math.max(...xs), y: Math.max(...ys) });
}

/**
 * The projective map of a rectangle of a width and height from (0, 0) onto four corners {x, y}: a function of x and y that
 * gives a point. The corners are those of the rectangle clockwise from its top left one.
 */
export function projection(width, height, [a, b, c, d]) {
  const [dx1, dy1] = [b.x - c.x, b.y - c.y];
  const [dx2, dy2] = [d.x - c.x, d.y - c.y];
  const [sx, sy] = [a.x - b.x + c.x - d.x, a.y - b.y + c.y - d.y];
  const area = dx1 * dy2 - dx2 * dy1 || 1e-9;
  const g = (sx * dy2 - dx2 * sy) / area;
  const k = (dx1 * sy - sx * dy1) / area;
  return (x, y) => {
    const [u, v] = [x / width, y / height];
    const w = g * u + k * v + 1;
    return {
      x: ((b.x - a.x + g * b.x) * u + (d.x - a.x + k * d.x) * v + a.x) / w,
      y: ((b.y - a.y + g * b.y) * u + (d.y - a.y + k * d.y) * v + a.y) / w,
    };
  };
}
