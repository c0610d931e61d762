/** Links that IIIF viewers understand too: a place on a sheet as a content state (https://iiif.io/api/content-state/1.0/). */

import { part, root } from "../api.js";
import { boxAround } from "../geometry.js";

const PARAMETER = "iiif-content";
const CONTEXT = "http://iiif.io/api/presentation/3/context.json";
const REGION = /#xywh=(\d+,\d+,\d+,\d+)$/;
const MANIFEST = /\/api\/batches\/([0-9a-f]{24})\/sheets\/([^/]+)\/manifest\.json$/;

/** The link to a sheet, or to the part of its scan inside `corners`. */
export function contentStateLink(id, sheet, corners = null) {
  const manifest = new URL(`api/batches/${part(id)}/sheets/${part(sheet)}/manifest.json`, root).href;
  const box = corners && boxAround(corners);
  const region = box ? `#xywh=${[box.left, box.top, box.width, box.height].map((side) => Math.max(0, Math.round(side))).join(",")}` : "";
  const target = { id: `${manifest}/canvas/p1${region}`, type: "Canvas", partOf: [{ id: manifest, type: "Manifest" }] };
  const state = { "@context": CONTEXT, id: `${manifest}/content-state`, type: "Annotation", motivation: ["contentState"], target };
  return `${root.href}?${PARAMETER}=${encoded(JSON.stringify(state))}`;
}

/** Section 6 of the specification: percent-encoded, then base64 for URLs, without padding. */
const encoded = (text) => btoa(encodeURIComponent(text)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decoded = (state) => decodeURIComponent(atob(state.replaceAll("-", "+").replaceAll("_", "/")));

/** Where the client shows what such a link points to, from the query of an address; null if it is none of ours. */
export function hashOf(query) {
  const state = new URLSearchParams(query).get(PARAMETER);
  if (!state) return null;
  try {
    const { target } = JSON.parse(decoded(state));
    const found = MANIFEST.exec(new URL(target.partOf[0].id).pathname);
    const region = REGION.exec(target.id);
    return found && `#/batch/${found[1]}/sheets/${found[2]}${region ? `//${region[1]}` : ""}`;
  } catch {
    return null;
  }
}
