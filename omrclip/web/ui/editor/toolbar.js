/** The editor's toolbar: tools, steps back and forth, saving, what is wrong. */

import { button, choice, fileButton, h } from "../dom.js";
import { t } from "../messages.js";
import * as commands from "./commands.js";
import { KINDS } from "./document.js";

const square = { square: true, kind: "quiet" };
/** A button that shows its icon alone where there is little room. */
const worded = (key) => ({ kind: "quiet wordy", title: t(`${key}.title`), aria: { label: t(key) } });

/**
 * The toolbar's element, two rows that stay as high as they are whatever happens, and `update(state)`. `act` has choose(tool), save(), saveAs(), download(), correct(), finalize(), find(), tryScan(file),
 * showProblem(), goToPage(page), zoom(factor) and fit().
 */
export function toolbar(name, editing, act) {
  const tools = Object.fromEntries(
    ["select", "hand", ...Object.keys(KINDS), "questions"].map((tool) => [tool, toolButton(tool, () => act.choose(tool))]),
  );
  const undo = button(t("edit.undo"), "undo", () => editing.undo(), square);
  const redo = button(t("edit.redo"), "redo", () => editing.redo(), square);
  const copy = button(t("edit.copy"), "copy", () => commands.copy(editing), square);
  const paste = button(t("edit.paste"), "paste", () => commands.paste(editing), square);
  const save = button(t("save"), "save", () => act.save(), { kind: "primary" });
  const problems = button("", "error", () => act.showProblem(), { kind: "quiet" });
  const pages = choice(
    [],
    editing.page,
    { aria: { label: t("editor.pages") }, onchange: () => act.goToPage(Number(pages.value)) },
  );
  problems.hidden = pages.hidden = true;
  const gap = () => h("span", { className: "gap" });
  const wordy = (key, iconName, run) => button(t(key), iconName, run, worded(key));
  const find = wordy("editor.find", "find", () => act.find());
  const file = h(
    "div",
    { className: "toolbar" },
    h("a", { className: "button quiet square", href: "#/templates", title: t("editor.back"), aria: { label: t("editor.back") } }, "←"),
    h("h1", { title: name }, name),
    pages,
    gap(),
    undo, redo, copy, paste,
    gap(),
    button(t("zoom.out"), "zoomOut", () => act.zoom(1 / 1.4), square),
    button(t("zoom.in"), "zoomIn", () => act.zoom(1.4), square),
    button(t("zoom.fit"), "fit", () => act.fit(), square),
    h("span", { className: "grow" }),
    problems,
    button(t("editor.download"), "down", () => act.download(), square),
    button(t("editor.saveAs"), "duplicate", () => act.saveAs(), square),
    save,
  );
  const work = h(
    "div",
    { className: "toolbar" },
    Object.values(tools),
    h("span", { className: "grow" }),
    find,
    wordy("editor.correct", "magic", () => act.correct()),
    wordy("editor.finalize", "check", () => act.finalize()),
    fileButton(t("trying.open"), "play", ([scan]) => act.tryScan(scan), { accept: "image/*,.tif,.tiff,.jp2", ...worded("trying.open") }),
  );
  const node = h("div", { className: "toolbars", role: "toolbar", aria: { label: t("editor.tools") } }, file, work);
  return { node, update: ({ tool, isChanged, isBusy, isFinding, wrong }) => {
    for (const [each, element] of Object.entries(tools)) element.setAttribute("aria-pressed", String(each === tool));
    undo.disabled = !editing.past.length;
    redo.disabled = !editing.future.length;
    copy.disabled = !editing.selection.length;
    paste.disabled = !commands.hasCopied();
    find.setAttribute("aria-busy", String(isFinding));
    save.disabled = isBusy || !isChanged;
    problems.hidden = wrong === 0;
    problems.lastElementChild.textContent = t("count.problems", { n: wrong });
    const { length } = editing.document.Pages;
    pages.hidden = length < 2;
    if (pages.length !== length) {
      pages.replaceChildren(...editing.document.Pages.map((_, index) => h("option", { value: index }, t("editor.page", { n: index + 1 }))));
    }
    pages.value = String(editing.page);
  } };
}

function toolButton(tool, choose) {
  const kind = KINDS[tool];
  const key = { select: "V", hand: "H", questions: "Q" }[tool] ?? kind.key.toUpperCase();
  const label = kind ? t(`kind.${tool}`) : t(`tool.${tool}`);
  const title = `${label} (${key})`;
  if (tool === "questions") return button(label, "questions", choose, { kind: "quiet tool", aria: { label }, title: `${t("tool.questions.title")} (${key})` });
  if (!kind) return button(label, tool, choose, { ...square, title });
  return button(label, kind.icon, choose, { kind: "quiet tool", aria: { label }, title });
}
