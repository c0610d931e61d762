/** What is said and asked when someone else saved the template meanwhile. */

import { openDialog } from "../dialogs.js";
import { button, h } from "../dom.js";
import { t } from "../messages.js";
import { boxOf } from "./document.js";
import { differences, merged } from "./merging.js";

/**
 * Show both edits beside each other. Gives the document to save over the other's state, or the other's own (`discard`),
 * or null: {document, discard}.
 */
export function resolveConflict(base, mine, theirs) {
  const found = differences(base, mine, theirs);
  const choices = Object.fromEntries(found.filter(({ by }) => by === "both").map(({ key }) => [key, "mine"]));
  const rows = found.map((difference) => row(difference, choices));
  return openDialog(t("conflict.title"), (close) => [
    h("p", {}, t("conflict.text")),
    h("p", {}, Object.keys(choices).length ? t("conflict.both") : t("conflict.apart")),
    h(
      "table",
      { className: "conflict" },
      h("thead", {}, h("tr", {}, [t("conflict.element"), t("conflict.mine"), t("conflict.theirs")].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows),
    ),
    h(
      "div",
      { className: "actions" },
      button(t("cancel"), null, () => close()),
      button(t("conflict.discard"), null, () => close({ document: theirs, discard: true }), { kind: "danger" }),
      button(t("conflict.merge"), null, () => close({ document: merged(base, mine, theirs, choices), discard: false }), { kind: "primary" }),
    ),
  ], { wide: true });
}

function row({ key, name, base, mine, theirs, by }, choices) {
  const side = (which, element) => {
    const said = what(base, element);
    if (by !== "both") return h("td", { className: by === which ? "" : "muted" }, by === which ? said : t("conflict.same"));
    const radio = h("input", { type: "radio", name: key, checked: choices[key] === which, onchange: () => (choices[key] = which) });
    return h("td", {}, h("label", { className: "check" }, radio, said));
  };
  return h("tr", {}, h("th", { scope: "row" }, name), side("mine", mine), side("theirs", theirs));
}

/** What became of an element, in a few words. */
function what(base, element) {
  if (!element) return t("conflict.removed");
  if (!base) return t("conflict.added", placeOf(element));
  const keys = Object.keys({ ...base, ...element }).filter((key) => JSON.stringify(base[key]) !== JSON.stringify(element[key]));
  return keys.map((key) => `${key}: ${shown(base[key])} → ${shown(element[key])}`).join(", ");
}

const shown = (value) => (value === undefined ? "–" : typeof value === "object" ? "…" : String(value));

function placeOf(element) {
  const { left, top, width, height } = boxOf(element);
  return { place: `${left}, ${top}, ${width} × ${height}` };
}
