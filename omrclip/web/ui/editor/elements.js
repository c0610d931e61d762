/** The list of the page's elements: for finding one, and for those who do not see the page. */

import { h, icon } from "../dom.js";
import { t } from "../messages.js";
import { KINDS, kindOf } from "./document.js";

/** Fill `list`, a listbox, and keep it up to date; `show(index)` brings an element into view. */
export class ElementList {
  constructor(list, editing, problems, show) {
    Object.assign(this, { list, editing, problems, show });
    this.drawn = "";
    list.addEventListener("click", (event) => this.clicked(event));
    list.addEventListener("keydown", (event) => this.pressed(event));
    this.draw();
  }

  draw() {
    const { elements, page } = this.editing;
    const key = `${page}\n${elements.map((element) => `${element.Type} ${element.Name}`).join("\n")}`;
    if (key !== this.drawn) {
      this.drawn = key;
      this.list.replaceChildren(...elements.map((element, index) => entry(element, index)));
    }
    this.mark();
  }

  /** Show selection and problems. */
  mark() {
    const chosen = new Set(this.editing.selection);
    const { wrong } = this.problems;
    const first = this.editing.selection[0] ?? 0;
    [...this.list.children].forEach((option, index) => {
      const selected = chosen.has(index);
      if ((option.getAttribute("aria-selected") === "true") !== selected) option.setAttribute("aria-selected", String(selected));
      const tab = index === first ? 0 : -1;
      if (option.tabIndex !== tab) option.tabIndex = tab;
      option.classList.toggle("wrong", wrong.has(index));
    });
    if (this.editing.selection.length === 1) this.list.children[first]?.scrollIntoView({ block: "nearest" });
  }

  clicked(event) {
    const index = [...this.list.children].indexOf(event.target.closest("[role=option]"));
    if (index < 0) return;
    const { selection } = this.editing;
    if (event.ctrlKey || event.metaKey) this.editing.select(selection.includes(index) ? selection.filter((other) => other !== index) : [...selection, index]);
    else if (event.shiftKey && selection.length) this.editing.select(range(selection[0], index));
    else this.editing.select([index]);
    this.show(index);
  }

  pressed(event) {
    const options = [...this.list.children];
    const at = options.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 }[event.key];
    if (to === undefined || !options[to]) return;
    event.preventDefault();
    this.editing.select(event.shiftKey ? [...this.editing.selection, to] : [to]);
    this.show(to);
    options[to].focus();
  }
}

function entry(element, index) {
  const kind = kindOf(element);
  const name = element.Name || `${kind ? t(`kind.${kind}`) : element.Type} ${index + 1}`;
  return h(
    "li",
    { role: "option", tabIndex: -1, aria: { selected: "false" } },
    icon(kind ? KINDS[kind].icon : "doubt"),
    h("span", { className: "grow" }, name),
    h("span", { className: "visually-hidden" }, kind ? t(`kind.${kind}`) : element.Type),
    h("span", { className: "problem-mark", title: t("problem.here") }, icon("error")),
  );
}

const range = (a, b) => Array.from({ length: Math.abs(a - b) + 1 }, (_, step) => Math.min(a, b) + step);
