/** The list of sheets. Only those in view are on the page, so that thousands scroll like ten. */

import { h } from "../dom.js";
import { t } from "../messages.js";
import { statusMark } from "./status.js";

/** The height of a row in pixels. */
const ROW = 28;
/** Rows beyond each edge of the view that are on the page already. */
const AHEAD = 15;

export class SheetList {
  /** `choose(sheet)` is called when a person chooses one. */
  constructor(choose) {
    Object.assign(this, { choose, sheets: [], sheet: null, entries: new Map() });
    this.list = h("ul", {
      className: "sheets", role: "listbox", tabIndex: 0, aria: { label: t("sheets.title") },
      onkeydown: (event) => this.pressed(event),
      onclick: (event) => this.clicked(event),
    });
    this.list.style.setProperty("--row", `${ROW}px`);
    this.node = h("div", { className: "sheets-place", onscroll: () => this.draw() }, this.list);
    this.sized = new ResizeObserver(() => this.draw());
    this.sized.observe(this.node);
  }

  /** List these sheets. Call it again when something of them is known. */
  show(sheets) {
    this.sheets = sheets;
    this.list.style.height = `${sheets.length * ROW}px`;
    this.draw();
  }

  /** Mark a sheet as the chosen one, and bring it into view. */
  mark(sheet) {
    this.sheet = sheet;
    const at = this.sheets.indexOf(sheet);
    const { scrollTop, clientHeight } = this.node;
    if (at >= 0 && at * ROW < scrollTop) this.node.scrollTop = at * ROW;
    else if (at >= 0 && (at + 1) * ROW > scrollTop + clientHeight) this.node.scrollTop = (at + 1) * ROW - clientHeight;
    this.draw();
  }

  /** Put the rows in view on the page, and the chosen one, which screen readers read. */
  draw() {
    const { scrollTop, clientHeight } = this.node;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - AHEAD);
    const shown = this.sheets.slice(first, Math.ceil((scrollTop + clientHeight) / ROW) + AHEAD);
    const wanted = new Map(shown.map((sheet, index) => [sheet, first + index]));
    const chosen = this.sheets.indexOf(this.sheet);
    if (chosen >= 0) wanted.set(this.sheet, chosen);
    for (const [sheet, node] of this.entries) {
      if (wanted.has(sheet)) continue;
      node.remove();
      this.entries.delete(sheet);
    }
    for (const [sheet, index] of wanted) this.drawEntry(sheet, index);
    if (chosen >= 0) this.list.setAttribute("aria-activedescendant", this.entries.get(this.sheet).id);
    else this.list.removeAttribute("aria-activedescendant");
  }

  drawEntry(sheet, index) {
    let node = this.entries.get(sheet);
    if (!node) {
      node = h("li", { role: "option" }, h("span", { className: "grow" }, sheet.name), h("span", { className: "mark" }));
      this.entries.set(sheet, node);
      this.list.append(node);
    }
    const key = JSON.stringify([index, this.sheets.length, sheet === this.sheet, sheet.state, sheet.doubts]);
    if (node.dataset.key === key) return;
    node.dataset.key = key;
    node.id = `sheet-${index}`;
    node.style.top = `${index * ROW}px`;
    node.setAttribute("aria-selected", String(sheet === this.sheet));
    node.setAttribute("aria-posinset", String(index + 1));
    node.setAttribute("aria-setsize", String(this.sheets.length));
    const mark = node.querySelector(".mark");
    if (sheet.state === "failed") mark.replaceChildren(statusMark("failed", { word: false }));
    else mark.replaceChildren(statusMark(sheet.doubts ? "uncertain" : "marked", { word: false }), sheet.doubts || "");
  }

  clicked(event) {
    const node = event.target.closest("[role=option]");
    const found = [...this.entries].find(([, one]) => one === node);
    if (found) this.choose(found[0]);
  }

  pressed(event) {
    const { sheets } = this;
    const at = sheets.indexOf(this.sheet);
    const page = Math.max(1, Math.floor(this.node.clientHeight / ROW) - 1);
    const last = sheets.length - 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(at + page, last), PageUp: Math.max(at - page, 0), Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (sheets[to] && to !== at) this.choose(sheets[to]);
  }

  destroy() {
    this.sized.disconnect();
  }
}
