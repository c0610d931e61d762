/**
 * The HTTP API of this server, and nothing of the page. Addresses are relative to the page's own, so that the service
 * works under any prefix; what the server says of its own address is only read for its last part.
 */

export const root = new URL(".", document.baseURI);

/**
 * What the server refused, in its words: `code` is for programs, `details` names the field, parameter or limit.
 * `requestId` is what the server's log has of the request; null where there was no answer.
 */
class ApiError extends Error {
  constructor(status, code, message, details = {}, requestId = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.requestId = requestId;
  }
}

/** What a proxy means by a status. It answers 502 to 504 where it does not reach the server. */
const PROXY = { 413: "too_large", 502: "unreachable", 503: "unreachable", 504: "unreachable" };

export async function send(method, path, { body, headers = {}, signal } = {}) {
  let answer;
  try {
    answer = await fetch(new URL(path, root), { method, body, headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", error.message);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) leadToLogin();
  const text = await answer.text();
  let told = null;
  try {
    told = JSON.parse(text).error;
  } catch { /* under iiif/ errors are plain text, and those of a proxy are pages */ }
  if (!told && (/^\s*</.test(text) || !requestIdOf(answer))) throw new ApiError(answer.status, PROXY[answer.status] ?? "proxy", "", {}, requestIdOf(answer));
  throw new ApiError(answer.status, told?.code ?? "refused", told?.message ?? text.trim(), told?.details, requestIdOf(answer));
}

/** The session has ended: the form leads back to this view. What was typed meanwhile is lost with any reload. */
function leadToLogin() {
  const here = location.pathname.slice(root.pathname.length - 1) + location.search + location.hash;
  location.assign(new URL(`login?next=${encodeURIComponent(here)}`, root));
}

/** Who is logged in: `Name` and `Kind` are null where the server has no users. */
export const readSession = async () => (await send("GET", "api/session")).json();

const requestIdOf = (answer) => answer.headers.get("X-Request-Id");
const json = { "Content-Type": "application/json" };
export const part = encodeURIComponent;
const tagged = async (answer) => ({ etag: answer.headers.get("ETag"), text: await answer.text() });

/** The entries of a list, however many pages it has. */
export async function pagesOf(address, key) {
  const entries = [];
  for (let next = address; next;) {
    const page = await (await send("GET", next)).json();
    entries.push(...page[key]);
    next = page.Next && address.split("?")[0] + new URL(page.Next).search;
  }
  return entries;
}

/** The names of all templates. */
export const listTemplates = async () => (await pagesOf("api/templates", "Templates")).map((entry) => entry.Name);

/** A template's file as text, with its entity tag. */
export async function readTemplate(name) {
  return tagged(await send("GET", `api/templates/${part(name)}`, { headers: { "Cache-Control": "no-cache" } }));
}

/** Save a template; `etag` is that of the state it replaces, null for a new one. Gives the new entity tag. */
export async function writeTemplate(name, text, etag) {
  const condition = etag ? { "If-Match": etag } : { "If-None-Match": "*" };
  const answer = await send("PUT", `api/templates/${part(name)}`, { body: text, headers: { ...json, ...condition } });
  return answer.headers.get("ETag");
}

/** Remove a template, and the page image beside it. */
export async function deleteTemplate(name) {
  if (await hasImageFile(name)) await send("DELETE", `api/templates/${part(name)}/image`);
  await send("DELETE", `api/templates/${part(name)}`);
}

/** A new template of one empty page, made of its blank image. */
export async function templateFromImage(name, file) {
  await send("POST", `api/templates?name=${part(name)}`, { body: file, headers: imageType(file) });
}

/** Put the blank page beside a template, whatever lies there. */
export async function writePageImage(name, file) {
  const condition = (await hasImageFile(name)) ? { "If-Match": "*" } : {};
  await send("PUT", `api/templates/${part(name)}/image`, { body: file, headers: { ...imageType(file), ...condition } });
}

/** Put the page image that lies beside a template beside another one too, if there is one. */
export async function copyPageImage(name, other) {
  const image = await pageImageFile(name);
  if (image) await writePageImage(other, image);
}

/** The image beside a template as a file; null if there is none. */
export async function pageImageFile(name) {
  if (!(await hasImageFile(name))) return null;
  const image = await (await send("GET", `api/templates/${part(name)}/image`)).blob();
  return new File([image], `${name}.png`, { type: image.type });
}

const hasImageFile = async (name) => Boolean((await listPages(name))[0].ImageFile);

/** What a template that is not stored reads on a scan: the answer of a recognition. */
export async function tryTemplate(template, pageImage, scan) {
  const body = new FormData();
  body.append("Template", template, template.name);
  if (pageImage) body.append("TemplateImage", pageImage, pageImage.name);
  body.append("Images", scan, scan.name);
  return (await send("POST", "api/recognitions", { body })).json();
}

/** What there is of each page of a template: Number, Width, Height, Elements, ClipAreas, Image, ImageState, ImageFile. */
export async function listPages(name) {
  return (await (await send("GET", `api/templates/${part(name)}/pages`)).json()).Pages;
}

/** The bytes of the clip that an area gives of the blank page. */
export async function previewClip(name, page, { Left, Top, Width, Height, JpegQuality }, signal) {
  const query = new URLSearchParams({ Left, Top, Width, Height, JpegQuality });
  return (await send("GET", `api/templates/${part(name)}/pages/${page}/clip?${query}`, { signal })).blob();
}

/** All problems and warnings of a template that is not saved: {Valid, Problems, Warnings}. */
export async function validate(text, signal) {
  return (await send("POST", "api/validation", { body: text, headers: json, signal })).json();
}

/** What a stored template becomes when it is corrected by its blank page: {Template, Messages}; nothing is stored. */
export const correctTemplate = async (name) => (await send("POST", `api/templates/${part(name)}/correction`)).json();

/** What is found on the blank page of a stored template, or in a box on it: {Proposals, LeftOut}; nothing is stored. */
export async function detectElements(name, page, box, signal) {
  const query = box ? `?${new URLSearchParams({ Left: box.left, Top: box.top, Width: box.width, Height: box.height })}` : "";
  return (await send("POST", `api/templates/${part(name)}/pages/${page}/detection${query}`, { signal })).json();
}

/** A template of some pages in a file, with what is found on them: {Template, Pages, PageCount}; nothing is stored. */
export const detectPages = async (file, first, last) => (await send("POST", `api/detection?First=${first}&Last=${last}`, { body: file, headers: imageType(file) })).json();

/** What a stored template reads on its blank page: {Blank, Messages}. */
export const finalizeTemplate = async (name) => (await send("POST", `api/templates/${part(name)}/finalization`)).json();

/** A kept recognition's answer. */
export const readRecognition = async (id) => (await send("GET", `api/recognitions/${part(id)}`)).json();

/** Remove a kept recognition, if it is still there. */
export const deleteRecognition = (id) => send("DELETE", `api/recognitions/${part(id)}`).catch(ignoreMissing);

/** What people put right in a kept recognition, with the entity tag of that state. */
export const readCorrections = async (id) => correctionsIn(await send("GET", `api/recognitions/${part(id)}/corrections`));

/** Replace it. Gives the new state, in which the server says who corrected what. */
export async function writeCorrections(id, corrections, etag) {
  const body = JSON.stringify({ Corrections: corrections });
  const headers = { ...json, "If-Match": etag };
  return correctionsIn(await send("PUT", `api/recognitions/${part(id)}/corrections`, { body, headers }));
}

async function correctionsIn(answer) {
  const { etag, text } = await tagged(answer);
  return { etag, corrections: JSON.parse(text).Corrections };
}

/** The identifier at the end of a URI that the server told: of an image, or of a recognition. */
export const identifierOf = (uri) => decodeURIComponent(uri.slice(uri.lastIndexOf("/") + 1));

/** Where an image of this server is found under the Image API 3.0. */
export const imageBase = (identifier) => new URL(`iiif/3/${part(identifier)}`, root).href;

/** An image scaled down to fit a width and height. */
export function thumbnail(identifier, width, height, state = "") {
  return `${imageBase(identifier)}/full/!${width},${height}/0/default.jpg${state && `?state=${part(state)}`}`;
}

/** A template's page as it is shown among others; `page` is one of `listPages` that has an image. */
export const pageThumbnail = (page) => thumbnail(identifierOf(page.Image), 300, 300, page.ImageState);

/** Where a file of a kept recognition is found. */
export const fileAddress = (id, name) => new URL(`api/recognitions/${part(id)}/files/${part(name)}`, root).href;

/** Where something else of a kept recognition is found: `files.zip`, `manifest.json`. */
export const keptAddress = (id, what) => new URL(`api/recognitions/${part(id)}/${what}`, root).href;

/** The table of kept recognitions, as `csv` or `xlsx`. Where numbers have a decimal comma, spreadsheets expect semicolons. */
export function tableAddress([id, ...others], kind) {
  const separator = new Intl.NumberFormat(navigator.language).format(0.5).includes(",") ? ";" : ",";
  const query = new URLSearchParams([["separator", separator], ...others.map((other) => ["also", other])]);
  return `${keptAddress(id, `results.${kind}`)}?${query}`;
}

const imageType = (file) => ({ "Content-Type": file.type.startsWith("image/") ? file.type : "application/octet-stream" });

function ignoreMissing(error) {
  if (error.status !== 404) throw error;
}
