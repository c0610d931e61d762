/** The table of a sheet's answers: those first that a person should look at, each value to be put right in its place. */

import { h } from "../dom.js";
import { number, t } from "../messages.js";
import { titleOf } from "./sheets.js";
import { remarkOf, statusMark } from "./status.js";

/** The table of what a filter lets through; `go(element)` shows where it was read, `corrections` are those of the sheet. */
export function answersTable(sheet, corrections, filter, go) {
  const rows = sheet.wanted(filter).map((element) => row(sheet, element, corrections, go));
  if (!rows.length) return h("p", { className: "muted" }, t(sheet.answers.length ? "answers.noneWanted" : "answers.none"));
  const heads = ["answers.name", "answers.value", "answers.status", "answers.confidence"];
  return h(
    "table",
    { className: "answers", onkeydown: step },
    h("caption", { className: "visually-hidden" }, t("answers.title")),
    h("thead", {}, h("tr", {}, heads.map((key) => h("th", { scope: "col" }, t(key))))),
    h("tbody", {}, rows),
  );
}

function row(sheet, element, corrections, go) {
  const read = element.Value ?? "";
  const said = () => corrections.of(sheet, element);
  const was = h("span", { className: "was muted" });
  const input = h("input", {
    type: "text", value: said() ?? read, autocomplete: "off", spellcheck: false,
    aria: { label: t("answers.of", { name: titleOf(element) }) },
    onfocus: () => go(element),
    oninput: () => {
      corrections.set(sheet, element, input.value === read ? undefined : input.value);
      show();
    },
  });
  const show = () => {
    const corrected = said() !== undefined;
    line.classList.toggle("corrected", corrected);
    was.textContent = corrected ? t("answers.was", { value: read || t("status.blank") }) : "";
  };
  const name = h("button", { type: "button", className: "quiet plain", onclick: () => go(element) }, titleOf(element));
  const line = h(
    "tr",
    { className: element.Status, dataset: { name: titleOf(element) }, title: remarkOf(element) || null, onclick: (event) => event.target === input || go(element) },
    h("th", { scope: "row" }, name),
    h("td", {}, input, was),
    h("td", {}, statusMark(element.Status, { word: element.Status !== "marked" })),
    h("td", { className: "number" }, Number.isFinite(element.Confidence) ? number(element.Confidence * 100) : ""),
  );
  if (element.Message) line.lastElementChild.previousElementSibling.append(h("span", { className: "visually-hidden" }, remarkOf(element)));
  show();
  return line;
}

/** Up, down and Enter go from value to value. */
function step(event) {
  const by = { ArrowDown: 1, ArrowUp: -1, Enter: 1 }[event.key];
  if (!by || !event.target.matches("input")) return;
  const inputs = [...event.currentTarget.querySelectorAll("input")];
  const next = inputs[inputs.indexOf(event.target) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.select();
}
