/** Help: the way from a form to results on one page. */

import { h } from "./dom.js";
import { t } from "./messages.js";

const STEPS = [
  ["help.templates", "help.templatesText"],
  ["help.recognize", "help.recognizeText"],
  ["help.review", "strip.keys"],
  ["wall.title", "wall.text"],
  ["gallery.title", "gallery.keys"],
  ["help.results", "help.resultsText"],
];

export function mount(main) {
  main.tabIndex = 0; // it has nothing else that takes the focus, and must scroll by keyboard
  main.append(h(
    "div",
    { className: "content help" },
    h("h1", {}, t("help.title")),
    h("ol", { className: "stack" }, STEPS.map(([heading, text]) => h("li", {}, h("h2", {}, t(heading)), h("p", {}, t(text))))),
  ));
}

/** A link to it, for places where there is nothing yet. */
export const helpLink = () => h("a", { className: "button quiet", href: "#/help" }, t("help.link"));
