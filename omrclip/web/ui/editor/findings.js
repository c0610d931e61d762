/** What correction and finalization of a stored template find, shown in the panel and on the page. */

import * as api from "../api.js";
import { notifyFailure } from "../dialogs.js";
import { button, h } from "../dom.js";
import { t } from "../messages.js";

/** The list of findings: `list` has {index, text}, and `show(index)` brings an element into view. */
export class Findings {
  constructor(panel, editing, show) {
    Object.assign(this, { panel, editing, show, list: [] });
  }

  /** Ask for "correction" or "finalization" and show what it found; the answer, null where it failed. */
  async ask(name, service) {
    let answer;
    try {
      answer = await api.askTemplate(name, service);
    } catch (error) {
      notifyFailure(error);
      return null;
    }
    this.list = (answer.Findings ?? answer.Messages ?? answer.Warnings ?? []).map((finding) => this.placed(finding));
    this.draw(service);
    return answer;
  }

  /** A finding names its element, or its path in the template. */
  placed(finding) {
    const text = typeof finding === "string" ? finding : (finding.Message ?? finding.expected ?? finding.message ?? "");
    const name = finding.Name ?? finding.Element ?? /^([^:]+):/.exec(text)?.[1];
    const path = /^\$\.Pages\[(\d+)\]\.Elements\[(\d+)\]/.exec(finding.Path ?? finding.path ?? "");
    const index = path ? Number(path[2]) : this.editing.elements.findIndex((element) => element.Name === name);
    return { index, text };
  }

  get marked() {
    return new Set(this.list.map((finding) => finding.index).filter((index) => index >= 0));
  }

  clear() {
    this.list = [];
    this.panel.replaceChildren();
    this.panel.hidden = true;
  }

  draw(service) {
    this.panel.hidden = false;
    const entries = this.list.map(({ index, text }) =>
      h("li", {}, index >= 0 ? h("button", { type: "button", className: "quiet", onclick: () => this.show(index) }, text) : text),
    );
    this.panel.replaceChildren(
      h("div", { className: "row" }, h("h2", { className: "grow" }, t(`findings.${service}`)), button(t("dismiss"), "close", () => this.clear(), { square: true, kind: "quiet" })),
      this.list.length ? h("ul", { className: "findings" }, entries) : h("p", {}, t("findings.none")),
    );
  }
}
