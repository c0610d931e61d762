/** The HTTP API of batches. */

import { imageBase, pagesOf, part, root, send } from "../api.js";

const json = { "Content-Type": "application/json" };
const path = (id, rest = "") => `api/batches/${part(id)}${rest}`;

/** All batches that this person may see, newest first. */
export async function listBatches() {
  const batches = await pagesOf("api/batches", "Batches");
  return batches.sort((a, b) => b.Created - a.Created);
}

/** Create a batch without sheets. `keepSeconds` is null for good. */
export async function createBatch(name, templates, keepSeconds) {
  const body = JSON.stringify({ Name: name, Templates: templates, KeepSeconds: keepSeconds });
  return (await send("POST", "api/batches", { body, headers: json })).json();
}

/** Create a batch of the sample form and its scans. */
export const createSample = async (name) => (await send("POST", "api/sample-batch", { body: JSON.stringify({ Name: name }), headers: json })).json();

export const readBatch = async (id) => (await send("GET", path(id))).json();

/** Change `Name` or `KeepSeconds`. */
export const changeBatch = async (id, change) => (await send("PATCH", path(id), { body: JSON.stringify(change), headers: json })).json();

export const deleteBatch = (id) => send("DELETE", path(id));

/** Recognize failed sheets again. */
export const retryBatch = async (id) => (await send("POST", path(id, "/retry"))).json();

/** Add documents, each with its name: {Taken, Refused}. */
export async function addDocuments(id, documents) {
  const body = new FormData();
  for (const { name, file } of documents) body.append("Sheets", file, name);
  return (await send("POST", path(id, "/sheets"), { body })).json();
}

/** The sheets that are done, in order. */
export const listSheets = (id) => pagesOf(path(id, "/sheets"), "Sheets");

/** What was read on the first sheet that passed, which names the elements of a batch; null where none did. */
export async function readFirstSheet(id) {
  const { Sheets: [first] } = await (await send("GET", path(id, "/sheets?result=passed&limit=1"))).json();
  return first ? readSheet(id, first.Name) : null;
}

/** The answers or clips that a query selects, as a list of sheets with `Fields`. */
export const listFields = (id, query) => pagesOf(path(id, `/fields?${new URLSearchParams(query)}`), "Sheets");

/** Everything that was read on a sheet. */
export const readSheet = async (id, sheet) => (await send("GET", path(id, `/sheets/${part(sheet)}`))).json();

/** The pages of the templates of a batch, with the boxes of what is printed on them. */
export const listPages = async (id) => (await (await send("GET", path(id, "/pages"))).json()).Pages;

/** Say where the page lies in the scan of a sheet: {Template, Page, Corners}. */
export const placeSheet = (id, sheet, placement) => send("PUT", path(id, `/sheets/${part(sheet)}/placement`), { body: JSON.stringify(placement), headers: json });

/** The corrections that hold. */
export const readCorrections = async (id) => (await (await send("GET", path(id, "/corrections"))).json()).Corrections;

/** Add corrections, and return all that hold then. */
export async function addCorrections(id, corrections) {
  const body = JSON.stringify({ Corrections: corrections });
  return (await (await send("POST", path(id, "/corrections"), { body, headers: json })).json()).Corrections;
}

export const eventsAddress = (id) => new URL(path(id, "/events"), root);

/** The address of a file with results, such as `results.csv`. */
export const resultAddress = (id, file) => new URL(path(id, `/${file}`), root).href;

/** The identifier of the scan of a sheet as an image. */
export const scanOf = (id, sheet) => `${id}.${sheet}.sheet`;

/**
 * The address of the part of a scan inside `corners`, upright, with a margin around it, that fits a width and height.
 * `margin` is a share of the height of the part.
 */
export function partAddress(id, sheet, corners, width, height, margin = 0) {
  const across = corners.map(([x]) => x);
  const down = corners.map(([, y]) => y);
  const [left, top, right, bottom] = [Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)];
  const room = margin ? Math.max(24, margin * Math.min(right - left, bottom - top)) : 0;
  const x = Math.max(0, Math.floor(left - room));
  const y = Math.max(0, Math.floor(top - room));
  const region = [x, y, Math.max(1, Math.ceil(right + room) - x), Math.max(1, Math.ceil(bottom + room) - y)].join(",");
  const size = width ? `!${width},${height}` : "max";
  return `${imageBase(scanOf(id, sheet))}/${region}/${size}/${turnOf(corners)}/default.jpg`;
}

/** By how many degrees, a multiple of 90, a part of a scan is turned clockwise so that it is upright. */
function turnOf([[x0, y0], [x1, y1]]) {
  const quarters = Math.round(Math.atan2(y1 - y0, x1 - x0) / (Math.PI / 2));
  return (((-quarters * 90) % 360) + 360) % 360;
}
