/** What was found and read, drawn over the scan: the page's outline, elements and bubbles by status, clips. */

import { titleOf } from "./sheets.js";

const COLOURS = { marked: "#0f7a43", blank: "#5b6b82", multiple: "#8a1f7d", uncertain: "#b25f00" };
const OUTLINE = "#1557b0";
const CLIP = "#1557b0";
const CHOSEN = "#d2156b";

/**
 * Draw one sheet's recognition; `chosen` is the title of the element that is looked at. A name would hide print, so a clip
 * has it only while it is chosen or `pointed` at.
 */
export function drawSheet(context, scale, recognition, chosen, pointed = null) {
  if (!recognition) return;
  const thin = 1.5 / scale;
  const { Registration: registration, Elements: elements = [], Clips: clips = [] } = recognition;
  if (registration?.Corners) {
    context.setLineDash([8 / scale, 5 / scale]);
    outline(context, registration.Corners, OUTLINE, thin);
    context.setLineDash([]);
  }
  for (const element of elements) drawElement(context, scale, element);
  for (const clip of clips) {
    if (!clip.Corners?.length) continue;
    outline(context, clip.Corners, CLIP, 2 / scale, `${CLIP}14`);
    if ([chosen, pointed].includes(titleOf(clip))) caption(context, scale, titleOf(clip), clip.Corners[0], CLIP);
  }
  const found = [...elements, ...clips].find((one) => titleOf(one) === chosen);
  if (found?.Corners?.length) outline(context, found.Corners, CHOSEN, 3 / scale);
}

function drawElement(context, scale, element) {
  const colour = COLOURS[element.Status] ?? COLOURS.blank;
  const children = element.Elements ?? [];
  if (element.Corners?.length) outline(context, element.Corners, colour, (element.Status === "uncertain" || element.Status === "multiple" ? 2.5 : 1) / scale);
  for (const child of children) drawElement(context, scale, child);
  for (const bubble of element.Bubbles ?? []) {
    if (!bubble.Corners?.length || (!bubble.Marked && element.Status !== "uncertain")) continue;
    outline(context, bubble.Corners, colour, 1.5 / scale, bubble.Marked ? `${colour}33` : null);
  }
}

function outline(context, corners, colour, width, fill = null) {
  context.beginPath();
  corners.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  if (fill) {
    context.fillStyle = fill;
    context.fill();
  }
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

function caption(context, scale, text, [x, y], colour) {
  context.save();
  context.translate(x, y);
  context.scale(1 / scale, 1 / scale);
  context.font = "600 11px system-ui, sans-serif";
  context.fillStyle = colour;
  context.fillRect(-1, -15, context.measureText(text).width + 8, 15);
  context.fillStyle = "#fff";
  context.fillText(text, 3, -4);
  context.restore();
}
