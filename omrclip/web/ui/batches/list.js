/** The table of the batches of the server. */

import { button, h } from "../dom.js";
import { moment, t } from "../messages.js";
import { expiryNote, removeBatch, renameBatch } from "./managing.js";

const HEADS = ["batch.name", "results.when", "results.sheets", "batch.toCheck", "results.failed", "results.expires", "results.actions"];

/** The table; `redraw()` reads the batches again. */
export function batchTable(batches, redraw) {
  return h(
    "table",
    { className: "runs batches", aria: { label: t("results.title") } },
    h("thead", {}, h("tr", {}, HEADS.map((key) => h("th", { scope: "col" }, t(key))))),
    h("tbody", {}, batches.map((batch) => row(batch, redraw))),
  );
}

function row(batch, redraw) {
  const state = batch.State === "done" || !batch.Total ? "" : batch.State === "failed" ? t("status.failed") : t("recognize.done", { done: batch.Done, total: batch.Total });
  const toCheck = batch.Doubtful - batch.Reviewed;
  const change = async (act) => (await act(batch)) && redraw();
  const cell = (key, properties, ...children) => h("td", { ...properties, dataset: { label: t(key) } }, ...children);
  return h(
    "tr",
    { dataset: { name: batch.Name } },
    h("th", { scope: "row" }, h("a", { href: `#/batch/${batch.Identifier}` }, batch.Name), h("div", { className: "muted" }, batch.Templates.join(", "))),
    cell("results.when", {}, moment(batch.Created)),
    cell("results.sheets", { className: "number" }, batch.Total, state && h("div", { className: "muted" }, state)),
    cell("batch.toCheck", { className: "number" }, toCheck ? h("span", { className: "status uncertain" }, toCheck) : batch.Doubtful ? t("batch.reviewed") : "–"),
    cell("results.failed", { className: "number" }, batch.Failed ? h("span", { className: "status failed" }, batch.Failed) : "–"),
    h("td", {}, expiryNote(batch, redraw)),
    h(
      "td",
      {},
      h(
        "div",
        { className: "row nowrap" },
        button(t("batch.renameOf", { name: batch.Name }), "pen", () => change(renameBatch), { square: true, kind: "quiet" }),
        button(t("batch.deleteOf", { name: batch.Name }), "trash", () => change(removeBatch), { square: true, kind: "quiet" }),
      ),
    ),
  );
}
