/** The elements that were found on the blank page, for people to accept or remove; the doubtful first. */

import { button, h } from "../dom.js";
import { around, touch } from "../geometry.js";
import { t } from "../messages.js";
import { boxOf, freeName, isPlaced, kindOf } from "./document.js";

/** Below this confidence a proposal is called doubtful: rows and columns were decided by distances, or a bubble stands alone. */
const DOUBTFUL_BELOW = 0.65;

/** The list of proposals in `panel`; `show(box)` brings a place into view, `drawn()` draws the page anew. */
export class Proposals {
  constructor(panel, editing, { show, drawn }) {
    Object.assign(this, { panel, editing, show, drawn, list: [], leftOut: [], pointed: null, known: 0, foundNone: false });
  }

  /** Show what was found, without what the page has already. */
  tell({ Proposals, LeftOut }) {
    const present = this.editing.elements.filter(isPlaced).map(boxOf);
    const fresh = Proposals.filter(({ Element }) => !present.some((box) => covers(box, boxOf(Element))));
    this.known = Proposals.length - fresh.length;
    this.foundNone = !Proposals.length;
    this.list = fresh.sort((a, b) => a.Confidence - b.Confidence);
    this.leftOut = LeftOut;
    this.panel.hidden = false;
    this.draw();
    this.panel.querySelector("button")?.focus();
  }

  /** The boxes to draw on the page. */
  get boxes() {
    return [...this.list.map(({ Element }) => boxOf(Element)), ...(this.pointed ? [this.pointed] : [])];
  }

  draw() {
    const { list, leftOut } = this;
    const close = button(t("dismiss"), "close", () => this.clear(), { square: true, kind: "quiet" });
    this.panel.replaceChildren(
      h("div", { className: "row" }, h("h2", { className: "grow" }, list.length ? t("count.proposals", { n: list.length }) : t("proposals.title")), close),
      this.foundNone ? h("p", {}, t(this.leftOut.length ? "proposals.below" : "proposals.none")) : "",
      this.known ? h("p", { className: "muted" }, t("proposals.known", { n: this.known })) : "",
      list.length ? h("div", { className: "row" }, button(t("proposals.acceptAll"), "check", () => this.accept(list), { kind: "primary" })) : "",
      h("ul", { className: "findings proposals" }, list.map((one) => this.entry(one))),
      leftOut.length ? this.leftOutList() : "",
    );
    this.drawn();
  }

  entry(proposal) {
    const { Element, Confidence } = proposal;
    const kind = kindOf(Element);
    const name = Element.Name ?? t(`kind.${kind}`);
    const doubtful = Confidence < DOUBTFUL_BELOW;
    return h(
      "li",
      { className: "row nowrap" },
      h(
        "button",
        { type: "button", className: "quiet grow", onclick: () => this.point(boxOf(Element)) },
        `${t(`kind.${kind}`)} ${name} `,
        h("span", { className: doubtful ? "warning" : "muted" }, t(doubtful ? "proposals.doubtful" : "proposals.confidence", { percent: Math.round(Confidence * 100) })),
      ),
      button(t("proposals.accept", { name }), "check", () => this.accept([proposal]), { square: true, kind: "quiet" }),
      button(t("proposals.remove", { name }), "trash", () => this.remove([proposal]), { square: true, kind: "quiet" }),
    );
  }

  leftOutList() {
    const entries = this.leftOut.map(({ Left, Top, Width, Height, Reason, Message }) => {
      const said = t(`leftOut.${Reason}`);
      const box = { left: Left, top: Top, width: Width, height: Height };
      const place = `${Math.round(Left)}, ${Math.round(Top)}: ${said === `leftOut.${Reason}` ? Message : said}`;
      return h("li", {}, h("button", { type: "button", className: "quiet", onclick: () => this.point(box) }, place));
    });
    return h("details", {}, h("summary", {}, t("count.leftOut", { n: entries.length })), h("ul", { className: "findings" }, entries));
  }

  point(box) {
    this.pointed = box;
    this.show(box);
    this.drawn();
  }

  accept(proposals) {
    const elements = [...this.editing.elements];
    const from = elements.length;
    for (const { Element } of proposals) {
      const taken = elements.some(({ Name }) => Name === Element.Name);
      elements.push(taken ? { ...Element, Name: freeName(elements, kindOf(Element)) } : Element);
    }
    this.editing.change(elements, { selection: proposals.map((_, index) => from + index) });
    this.remove(proposals);
  }

  /** Take proposals off the list; the focus goes to the one that follows. */
  remove(proposals) {
    const at = this.list.indexOf(proposals[0]);
    this.list = this.list.filter((one) => !proposals.includes(one));
    this.pointed = null;
    if (!this.list.length && !this.leftOut.length) {
      this.clear();
      return;
    }
    this.draw();
    const rows = [...this.panel.querySelectorAll(".proposals li")];
    (rows[Math.min(at, rows.length - 1)] ?? this.panel).querySelector("button").focus();
  }

  clear() {
    Object.assign(this, { list: [], leftOut: [], pointed: null });
    this.panel.replaceChildren();
    this.panel.hidden = true;
    this.drawn();
  }
}

/** Whether at least half of a box lies in another one. */
function covers(box, other) {
  if (!touch(box, other)) return false;
  const all = around([box, other]);
  const across = box.width + other.width - all.width;
  const down = box.height + other.height - all.height;
  return across * down >= 0.5 * other.width * other.height;
}
