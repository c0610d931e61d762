/** What correction and finalization of the template find, shown in the panel and on the page. */

import { button, h } from "../dom.js";
import { t } from "../messages.js";

/** The list of findings: `list` has {index, text}, and `show(index)` brings an element into view. */
export class Findings {
  constructor(panel, editing, show) {
    Object.assign(this, { panel, editing, show, list: [] });
  }

  /** Show messages of the service, each of which begins with an element's name; `title` says what was asked. */
  tell(title, messages) {
    this.list = messages.map((text) => ({ text, index: this.named(text) }));
    this.panel.hidden = false;
    this.panel.classList.toggle("fine", messages.length === 0);
    const entries = this.list.map(({ index, text }) =>
      h("li", {}, index >= 0 ? h("button", { type: "button", className: "quiet", onclick: () => this.show(index) }, text) : text),
    );
    this.panel.replaceChildren(
      h("div", { className: "row" }, h("h2", { className: "grow" }, title), button(t("dismiss"), "close", () => this.clear(), { square: true, kind: "quiet" })),
      this.list.length ? h("ul", { className: "findings" }, entries) : h("p", {}, t("findings.none")),
    );
  }

  /** The element that a message speaks of: the one with the longest name that it begins with. */
  named(text) {
    let best = -1;
    this.editing.elements.forEach(({ Name }, index) => {
      const speaks = Name && text.startsWith(Name) && !/[\p{L}\p{N}]/u.test(text[Name.length] ?? " ");
      if (speaks && (best < 0 || Name.length > this.editing.elements[best].Name.length)) best = index;
    });
    return best;
  }

  get marked() {
    return new Set(this.list.map((finding) => finding.index).filter((index) => index >= 0));
  }

  clear() {
    this.list = [];
    this.panel.replaceChildren();
    this.panel.hidden = true;
  }
}
