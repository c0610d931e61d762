/** What correction and finalization of the template find, shown in the panel and on the page. */

import { button, h } from "../dom.js";
import { t } from "../messages.js";
import { saidText } from "../said.js";

/** The list of findings: `list` has {name, text}, and `show(index)` brings an element of the page into view. */
export class Findings {
  constructor(panel, editing, show) {
    Object.assign(this, { panel, editing, show, list: [], title: "" });
  }

  /** Show `Messages` of the service, each of which begins with an element's name; `title` says what was asked. */
  tell(title, { Messages: messages, Said: said }) {
    this.title = title;
    this.list = messages.map((text, index) => ({ text: saidText(said[index], text), name: this.nameIn(text) }));
    this.panel.hidden = false;
    this.draw();
  }

  draw() {
    const { list, panel, title } = this;
    panel.classList.toggle("fine", list.length === 0);
    const entries = list.map(({ name, text }) =>
      h("li", {}, name === null ? text : h("button", { type: "button", className: "quiet", onclick: () => this.goTo(name) }, text)),
    );
    panel.replaceChildren(
      h("div", { className: "row" }, h("h2", { className: "grow" }, title), button(t("dismiss"), "close", () => this.clear(), { square: true, kind: "quiet" })),
      list.length ? h("ul", { className: "findings" }, entries) : h("p", {}, t("findings.none")),
    );
  }

  /** Take away the findings of elements that are gone; the panel goes with the last of them. */
  refresh() {
    const names = new Set(this.all().map(({ Name }) => Name));
    const left = this.list.filter(({ name }) => name === null || names.has(name));
    if (left.length === this.list.length) return;
    this.list = left;
    if (left.length) this.draw();
    else this.clear();
  }

  all() {
    return this.editing.document.Pages.flatMap(({ Elements = [] }) => Elements);
  }

  /** The name of the element that a message speaks of: the longest that it begins with; null where it speaks of none. */
  nameIn(text) {
    const speaks = ({ Name }) => Name && text.startsWith(Name) && !/[\p{L}\p{N}]/u.test(text[Name.length] ?? " ");
    return this.all().filter(speaks).map(({ Name }) => Name).sort((a, b) => b.length - a.length)[0] ?? null;
  }

  indexOf(name) {
    return this.editing.elements.findIndex(({ Name }) => Name === name);
  }

  /** Show an element, on whichever page it is. */
  goTo(name) {
    const page = this.editing.document.Pages.findIndex(({ Elements = [] }) => Elements.some(({ Name }) => Name === name));
    if (page < 0) return;
    if (this.indexOf(name) < 0) this.editing.goToPage(page);
    this.show(this.indexOf(name));
  }

  get marked() {
    return new Set(this.list.map(({ name }) => this.indexOf(name)).filter((index) => index >= 0));
  }

  clear() {
    this.list = [];
    this.panel.replaceChildren();
    this.panel.hidden = true;
  }
}
