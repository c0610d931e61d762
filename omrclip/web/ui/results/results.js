/** Results: the batches of the server, recognitions that this browser made before, and the way to others by their links. */

import * as api from "../api.js";
import { batchTable } from "../batches/list.js";
import { sampleButton } from "../batches/managing.js";
import { listBatches } from "../batches/requests.js";
import { confirmed, notifyFailure } from "../dialogs.js";
import { button, h, icon } from "../dom.js";
import { helpLink } from "../help.js";
import { moment, t } from "../messages.js";
import { showManifests } from "../review/sharing.js";
import { forgetRun, listRuns } from "../storage.js";

const IDENTIFIERS = /[0-9a-f]{24}(?:\+[0-9a-f]{24})*/;

export async function mount(main) {
  const place = h("div", { className: "stack" });
  const draw = async () => {
    try {
      place.replaceChildren(...tables(await listBatches(), listRuns(), draw));
    } catch (error) {
      notifyFailure(error);
    }
  };
  main.append(h(
    "div",
    { className: "content" },
    h("div", { className: "heading" }, h("h1", {}, t("results.title")), opening()),
    h("p", { className: "muted" }, t("results.text")),
    place,
  ));
  await draw();
}

function tables(batches, runs, redraw) {
  if (!batches.length && !runs.length) {
    return [h("div", { className: "empty" }, h("p", {}, t("results.none")), h("p", {}, h("a", { className: "button primary", href: "#/recognize" }, t("nav.recognize")), " ", sampleButton()), h("p", {}, helpLink()))];
  }
  const found = batches.length ? [batchTable(batches, redraw)] : [];
  return runs.length ? [...found, h("h2", {}, t("results.earlier")), table(runs, redraw)] : found;
}

/** A field for the address of a recognition, however it was handed on. */
function opening() {
  const input = h("input", { type: "text", size: 34, placeholder: t("results.link"), aria: { label: t("results.link") } });
  const onsubmit = async (event) => {
    event.preventDefault();
    const found = IDENTIFIERS.exec(input.value);
    input.setAttribute("aria-invalid", String(!found));
    if (!found) return;
    const batches = await listBatches().catch(() => []);
    const isBatch = batches.some(({ Identifier }) => Identifier === found[0]);
    location.hash = `#/${isBatch ? "batch" : "sheets"}/${found[0]}`;
  };
  return h("form", { className: "row", onsubmit }, input, h("button", { type: "submit" }, t("results.open")));
}

function table(runs, redraw) {
  const heads = ["results.when", "recognize.template", "results.sheets", "results.failed", "results.expires", "results.actions"];
  return h(
    "table",
    { className: "runs" },
    h("thead", {}, h("tr", {}, heads.map((key) => h("th", { scope: "col" }, t(key))))),
    h("tbody", {}, runs.map((run) => row(run, redraw))),
  );
}

function row(run, redraw) {
  const ids = run.ids.join("+");
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: `#/sheets/${ids}` }, moment(run.created))),
    h("td", {}, run.template),
    h("td", { className: "number" }, run.sheets),
    h("td", { className: "number" }, run.failed || "–"),
    h("td", {}, moment(run.expires)),
    h(
      "td",
      {},
      h(
        "div",
        { className: "row" },
        h("a", { className: "button quiet", href: `#/gallery/${ids}` }, icon("images"), t("share.gallery")),
        button(t("share.manifest"), "link", () => showManifests(run.ids), { kind: "quiet" }),
        button(t("results.delete", { time: moment(run.created) }), "trash", () => remove(run, redraw), { square: true, kind: "quiet" }),
      ),
    ),
  );
}

async function remove(run, redraw) {
  const text = t("results.deleteText", { n: run.sheets });
  if (!(await confirmed(t("results.deleteTitle"), text, t("delete"), { danger: true }))) return;
  try {
    await Promise.all(run.ids.map(api.deleteRecognition));
    forgetRun(run.ids);
    redraw();
  } catch (error) {
    notifyFailure(error);
  }
}
