/** The view of many sheets: their list, the scan of one with what was read on it, and its answers and clips. */

import { notifyFailure } from "../dialogs.js";
import { button, h } from "../dom.js";
import { boxAround, holds } from "../geometry.js";
import { t, translated } from "../messages.js";
import { openViewer } from "../viewer.js";
import { answersTable } from "./answers.js";
import { clipList } from "./clips.js";
import { SheetList } from "./list.js";
import { drawSheet } from "./overlay.js";
import { FILTERS, titleOf } from "./sheets.js";

/** From so many sheets on they can be found by name: the browser's search finds only those on the page. */
const FIND_FROM = 20;

export class Board {
  /** `sheets` may grow in what they know; call `changed(sheet)` then. `actions(sheet)` gives buttons for a sheet. */
  constructor(sheets, corrections, actions = () => []) {
    Object.assign(this, { sheets, corrections, actions, sheet: null, chosen: null, pointed: null, viewer: null, shownSource: null });
    this.list = new SheetList((sheet) => this.show(sheet));
    this.host = h("div", { className: "viewer", tabIndex: 0, role: "application", aria: { label: t("sheets.scan") }, onkeydown: (event) => this.viewer?.pressed(event), onpointermove: (event) => this.pointAt(event) });
    this.details = h("section", { className: "details", aria: { label: t("sheets.details") } });
    this.filter = h("select", { aria: { label: t("sheets.filter") }, onchange: () => this.sift() }, FILTERS.map((filter) => h("option", { value: filter })));
    this.find = h("input", { type: "search", placeholder: t("sheets.find"), aria: { label: t("sheets.find") }, oninput: () => this.listWanted() });
    this.node = h("div", { className: "board" }, h("section", { className: "sheet-list", aria: { label: t("sheets.title") } }, this.filter, this.find, this.list.node), this.host, this.details);
    this.countWanted();
    this.details.append(h("p", { className: "muted" }, t("sheets.choose")));
  }

  /** Something of a sheet is known now, or of all (null). The sheets of a batch become known one by one. */
  changed(sheet) {
    this.countWanted();
    if (!this.sheets.length) return;
    if (this.sheet && !this.sheets.includes(this.sheet)) this.show(this.sheets.find(({ name }) => name === this.sheet.name) ?? this.sheets[0]);
    else if (!this.sheet) this.show(this.sheets[0]);
    else if (!sheet || sheet === this.sheet) this.drawDetails();
  }

  /** Tell beside each filter how many answers it lets through, and list only the sheets that have one. */
  countWanted() {
    for (const option of this.filter.options) {
      const n = this.sheets.reduce((sum, sheet) => sum + sheet.count(option.value), 0);
      const text = t(`sheets.filter.${option.value}`, { n });
      if (option.textContent !== text) option.textContent = text;
    }
    this.find.hidden = this.sheets.length < FIND_FROM;
    this.listWanted();
  }

  listWanted() {
    const part = this.find.value.trim().toLowerCase();
    this.list.show(this.sheets.filter((sheet) => sheet.isWanted(this.filter.value) && sheet.name.toLowerCase().includes(part)));
  }

  /** Another filter was chosen. */
  sift() {
    this.countWanted();
    const wanted = this.sheets.filter((sheet) => sheet.isWanted(this.filter.value));
    if (wanted.length && !wanted.includes(this.sheet)) this.show(wanted[0]);
    else if (this.sheet) this.drawDetails();
  }

  /** Show one sheet, and where an answer or clip is on it, by its title, or a part of its scan: "left,top,width,height". */
  async show(sheet, { title = "", part = "" } = {}) {
    this.sheet = sheet;
    this.chosen = null;
    this.list.mark(sheet);
    await sheet.load?.().catch(notifyFailure); // a sheet of a batch
    if (this.sheet !== sheet) return;
    this.drawDetails();
    if (!title && !part) return;
    await this.opening; // the viewer of the first sheet
    if (this.sheet !== sheet) return;
    const all = [...(sheet.recognition?.Elements ?? []), ...(sheet.recognition?.Clips ?? [])];
    const found = all.find((one) => (title ? titleOf(one) === title : isAt(one, part)));
    if (found) this.goTo(found);
    else if (Object.values(boxOf(part)).every(Number.isFinite)) this.viewer?.goTo(boxOf(part), 1.2);
  }

  /** The next sheet with something that a person should look at, from the one that is shown on; null for none. */
  nextToLookAt() {
    const at = this.sheets.indexOf(this.sheet);
    const order = [...this.sheets.slice(at + 1), ...this.sheets.slice(0, at)];
    const filter = this.filter.value === "all" ? "doubts" : this.filter.value;
    return order.find((sheet) => sheet.isWanted(filter)) ?? null;
  }

  drawDetails() {
    const { sheet } = this;
    const typing = this.details.contains(document.activeElement) && document.activeElement.matches("input");
    if (typing && this.drawn === sheet) return;
    this.drawn = sheet;
    const facts = h("div", { className: "facts" }, h("h2", {}, sheet.name));
    if (sheet.state === "failed") facts.append(h("p", { className: "problem", role: "alert" }, sheet.error));
    this.details.replaceChildren(facts);
    const next = this.nextToLookAt();
    facts.append(...this.actions(sheet));
    if (next) facts.append(button(t("sheets.next"), "right", () => this.show(next), { kind: "quiet" }));
    if (sheet.state === "done" && sheet.recognition) {
      const summary = sheet.doubts ? t("sheets.doubts", { n: sheet.doubts }) : t("sheets.sure");
      facts.append(
        ...sheet.remarks.map((remark) => h("p", { className: "warning remark" }, remark)),
        h("p", { className: sheet.doubts ? "warning" : "muted" }, summary),
        registered(sheet.recognition) ?? "",
      );
      this.details.append(
        h("div", { className: "answers-place" }, answersTable(sheet, this.corrections, this.filter.value, (element) => this.goTo(element))),
        h("div", { className: "clips-place" }, h("h2", {}, t("clips.title")), clipList(sheet, this.corrections, (clip) => this.goTo(clip))),
      );
    }
    this.showScan().catch(notifyFailure);
  }

  async showScan() {
    const { sheet } = this;
    const { source } = sheet;
    const key = source ? (source.identifier ?? source.url) : null;
    if (key === this.shownSource) return this.viewer?.redraw();
    this.shownSource = key;
    this.host.classList.toggle("nothing", !source);
    if (!source) {
      this.viewer?.close();
      return;
    }
    const draw = (context, scale) => this.sheet && drawSheet(context, scale, this.sheet.recognition, this.chosen, this.pointed);
    const isFirst = !this.opening;
    this.viewer = await (this.opening ??= openViewer(this.host, source, sheet.extents, { draw }));
    if (!isFirst && this.shownSource === key) await this.viewer.show(source, sheet.extents);
  }

  /** Tell the name of the clip under the mouse. */
  pointAt({ clientX, clientY }) {
    if (!this.viewer || !this.sheet) return;
    const point = this.viewer.toImage(clientX, clientY);
    const found = this.sheet.clips.find(({ Corners }) => Corners?.length && holds(boxAround(Corners), point));
    const pointed = found ? titleOf(found) : null;
    if (pointed === this.pointed) return;
    this.pointed = pointed;
    this.viewer.redraw();
  }

  /** Show where an element or a clip was found. */
  goTo(found) {
    this.chosen = titleOf(found);
    for (const line of this.details.querySelectorAll("[data-name]")) line.classList.toggle("chosen", line.dataset.name === this.chosen);
    if (found.Corners?.length && this.viewer) this.viewer.goTo(boxAround(found.Corners), 2.5);
    this.viewer?.redraw();
  }

  destroy() {
    this.list.destroy();
    this.viewer?.destroy();
    this.node.remove();
  }
}

const boxOf = (part) => {
  const [left, top, width, height] = part.split(",").map(Number);
  return { left, top, width, height };
};

/** Whether a part of the scan is that around an answer or clip, but for the rounding of an address. */
function isAt({ Corners }, part) {
  if (!Corners?.length) return false;
  const [a, b] = [boxAround(Corners), boxOf(part)];
  return Object.keys(a).every((side) => Math.abs(a[side] - b[side]) <= 1);
}

function registered({ Registration: registration }) {
  if (!registration) return null;
  const share = Number.isFinite(registration.Confidence) ? ` · ${Math.round(registration.Confidence * 100)} %` : "";
  const off = Number.isFinite(registration.Residual) ? ` · ± ${registration.Residual.toFixed(1)} px` : "";
  const strategy = translated(`strategy.${registration.Strategy.replaceAll(" ", "_")}`, registration.Strategy);
  return h("p", { className: "muted number" }, t("sheets.registered", { strategy }) + share + off);
}
