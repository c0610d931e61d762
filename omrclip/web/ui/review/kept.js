/** The sheets of recognitions that are kept: their identifiers stand in the address, joined by +. */

import * as api from "../api.js";
import { notifyFailure } from "../dialogs.js";
import { h } from "../dom.js";
import { moment, t } from "../messages.js";
import { listRuns } from "../storage.js";
import { Board } from "./board.js";
import { Corrections } from "./corrections.js";
import { shareActions } from "./sharing.js";
import { sheetsOf } from "./sheets.js";

/** All sheets of these recognitions, and when the first of them expires. */
export async function loadSheets(ids) {
  const answers = await Promise.all(ids.map(api.readRecognition));
  return {
    sheets: answers.flatMap((answer, index) => sheetsOf(ids[index], answer)),
    expires: Math.min(...answers.map((answer) => answer.Expires)),
  };
}

export async function mount(main, address) {
  const ids = address.split("+");
  const corrections = new Corrections();
  const [{ sheets, expires }] = await Promise.all([loadSheets(ids), corrections.load(ids)]);
  const template = listRuns().find((run) => run.ids[0] === ids[0])?.template ?? "";
  const board = new Board(sheets, corrections);
  const bar = h(
    "div",
    { className: "toolbar" },
    h("a", { className: "button quiet square", href: "#/results", title: t("results.back"), aria: { label: t("results.back") } }, "←"),
    h("h1", {}, template || t("nav.results")),
    h("span", { className: "muted" }, `${t("count.sheets", { n: sheets.length })} · ${t("results.until", { time: moment(expires) })}`),
    h("span", { className: "grow" }),
    shareActions(ids, sheets, corrections, template || "results"),
  );
  main.append(h("div", { className: "recognize" }, bar, h("div", { className: "board-place" }, board.node)));
  board.changed(null);
  const leave = () => {
    board.destroy();
    return corrections.flush().catch(notifyFailure);
  };
  leave.hasUnsaved = () => corrections.hasUnsent;
  return leave;
}
