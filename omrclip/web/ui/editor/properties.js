/** The panel of properties: of the page, of one element with its problems at its fields, or of several. */

import { askForm } from "../dialogs.js";
import { button, field, h, icon } from "../dom.js";
import { around } from "../geometry.js";
import { t } from "../messages.js";
import { bubbleFields } from "./bubbles.js";
import * as commands from "./commands.js";
import { boxOf, isPlaced, kindOf, withBox } from "./document.js";
import { clipPreview } from "./preview.js";

const PLACE = [["Left", "left"], ["Top", "top"], ["Width", "width"], ["Height", "height"]];
const ALIGNMENTS = ["left", "center", "right", "top", "middle", "bottom", "sameWidth", "sameHeight", "spreadAcross", "spreadDown"];
const MOST_REPEATED = 500;
const BARCODES = ["qr", "ean13", "ean8", "upca", "code128", "code39", "itf", "datamatrix", "pdf417", "aztec"];

/**
 * Fill `panel` and keep it up to date. It is only built anew when something else is selected: while someone types, the
 * fields stay, and only values and problems change.
 */
export class Properties {
  constructor(panel, editing, problems, { template, hasImage, addImage, addPages, findBubbles, findAll }) {
    Object.assign(this, { panel, editing, problems, template, hasImage, addImage, addPages, findBubbles, findAll });
    this.shown = null;
    this.inputs = new Map();
    this.parts = [];
    this.draw();
  }

  /** Show what is selected now. */
  draw() {
    const { selection, selected, page, elements } = this.editing;
    const key = JSON.stringify([page, selection, selection.length ? selected.map((element) => element.Type) : elements.length]);
    if (key !== this.shown) {
      this.shown = key;
      this.inputs = new Map();
      this.parts.forEach((part) => part.destroy?.());
      this.parts = [];
      if (selection.length === 1 && selected[0]) this.panel.replaceChildren(...this.one(selected[0]));
      else this.panel.replaceChildren(...(selection.length ? this.several(selection.length) : this.ofPage()));
    }
    this.update();
  }

  /** Bring values and problems up to date. */
  update() {
    const { selection, selected } = this.editing;
    if (selection.length !== 1 || !selected[0]) return;
    const told = this.problems.of(selection[0]);
    for (const [key, { input, said }] of this.inputs) {
      const value = String(selected[0][key] ?? (key === "JpegQuality" ? 85 : ""));
      if (document.activeElement !== input && input.value !== value) input.value = value;
      const here = told.filter((problem) => problem.field === key);
      said.replaceChildren(...here.map(toldProblem));
      input.setAttribute("aria-invalid", String(here.some((problem) => !problem.warning)));
    }
    const others = told.filter((problem) => !this.inputs.has(problem.field));
    this.otherProblems?.replaceChildren(...others.map(toldProblem));
    for (const part of this.parts) part.update?.(selected[0]);
  }

  /** Put the cursor into the name. */
  focusName() {
    const input = this.inputs.get("Name")?.input;
    input?.focus();
    input?.select();
  }

  set(key, value) {
    this.editing.changeSelected((element) => {
      const part = PLACE.find(([name]) => name === key)?.[1];
      const extent = part === "width" || part === "height";
      if (part && isPlaced(element) && typeof value === "number" && (value > 0 || !extent)) {
        return withBox(element, { ...boxOf(element), [part]: value });
      }
      return { ...element, [key]: value };
    }, { merge: `set ${key}` });
  }

  input(key, properties = {}) {
    const said = h("div", { id: `said-${key}` });
    const numeric = properties.inputMode === "decimal";
    const input = h("input", {
      type: "text", autocomplete: "off", spellcheck: false, ...properties,
      aria: { describedby: said.id },
      oninput: () => this.set(key, numeric ? typed(input.value) : input.value),
      onkeydown: (event) => numeric && stepped(event, input, (value) => this.set(key, value)),
    });
    this.inputs.set(key, { input, said });
    return field(t(`field.${key}`), input, said);
  }

  one(element) {
    const kind = kindOf(element);
    this.otherProblems = h("div", {});
    const head = h("h2", { className: "row" }, icon(kind ? KIND_ICONS[kind] : "error"), kind ? t(`kind.${kind}`) : element.Type);
    if (!kind) return [head, h("p", { className: "muted" }, t("properties.unknown")), this.otherProblems];
    const places = h("div", { className: "places" }, PLACE.map(([key]) => this.input(key, { inputMode: "decimal" })));
    const parts = [head, this.input("Name"), places];
    if (kind === "ClipArea") parts.push(...this.clipFields());
    if (kind === "ChoiceBox" || kind === "Grid") {
      const bubbles = bubbleFields(this.editing, kind);
      this.parts.push(bubbles);
      parts.push(bubbles.node);
      if (this.hasImage()) parts.push(h("div", {}, button(t("detect.snap"), "find", () => this.findBubbles())));
    }
    if (kind === "Barcode") {
      const types = h("datalist", { id: "barcode-types" }, BARCODES.map((value) => h("option", { value })));
      parts.push(this.input("BarcodeType", { list: "barcode-types" }), types);
    }
    if (kind === "ReferencePoint") parts.push(this.input("ReferenceType"));
    return [...parts, this.otherProblems, this.actions()];
  }

  clipFields() {
    const said = h("div", { id: "said-JpegQuality" });
    const input = h("input", {
      type: "range", min: 0, max: 100, step: 1,
      aria: { describedby: "said-JpegQuality", label: t("field.JpegQuality") },
      oninput: () => this.set("JpegQuality", Number(input.value)),
    });
    const exact = h("input", {
      type: "number", min: 0, max: 100, className: "narrow", aria: { label: t("field.JpegQuality.exact") },
      oninput: () => this.set("JpegQuality", typed(exact.value)),
    });
    this.inputs.set("JpegQuality", { input, said });
    const preview = clipPreview(this.template, this.editing, this.hasImage);
    this.parts.push(preview, { update: (element) => document.activeElement !== exact && (exact.value = element.JpegQuality ?? 85) });
    const slider = h("div", { className: "row nowrap" }, input, exact);
    return [h("div", { className: "field" }, h("span", {}, t("field.JpegQuality")), slider, said), preview.node];
  }

  several(count) {
    const align = ALIGNMENTS.map((how) => button(t(`align.${how}`), null, () => commands.align(this.editing, how), { kind: "quiet" }));
    return [h("h2", {}, t("count.selected", { n: count })), h("h3", {}, t("properties.align")), h("div", { className: "aligners" }, align), this.actions()];
  }

  actions() {
    return h(
      "div",
      { className: "row" },
      button(t("edit.duplicate"), "duplicate", () => commands.duplicate(this.editing)),
      button(t("edit.repeat"), "grid", () => this.repeat()),
      button(t("delete"), "trash", () => commands.remove(this.editing), { kind: "danger" }),
    );
  }

  /** Ask how often to repeat the selection, and how far apart. */
  repeat() {
    const box = around(this.editing.selectedBoxes);
    const number = (value, min) => h("input", { type: "number", value: String(Math.round(value)), min, step: "any", required: true });
    const [times, across, down] = [number(10, 2), number(0), number(box.height * 1.25)];
    times.autofocus = true;
    const fields = [h("p", { className: "muted" }, t("repeat.text")), field(t("repeat.times"), times), field(t("repeat.across"), across), field(t("repeat.down"), down)];
    return askForm(t("edit.repeat"), fields, t("edit.repeat"), () => {
      const count = Number(times.value);
      if (!Number.isInteger(count) || count < 2 || count > MOST_REPEATED) throw new Error(t("repeat.wrong", { most: MOST_REPEATED }));
      commands.repeat(this.editing, count, Number(across.value), Number(down.value));
    });
  }

  ofPage() {
    const { width, height } = this.editing.extents;
    const counts = t("count.elements", { n: this.editing.elements.length });
    return [
      h("h2", {}, t("properties.page")),
      h("p", { className: "number" }, `${width} × ${height} px`),
      h("p", {}, counts),
      !this.editing.elements.length && this.hasImage() ? h("div", { className: "offer" }, h("p", {}, t("properties.empty")), button(t("editor.find"), "find", () => this.findAll(), { kind: "primary" })) : "",
      h("div", {}, this.addImage),
      h("div", {}, this.addPages),
      h("h3", {}, t("properties.keys")),
      h("ul", { className: "keys" }, ["v", "c", "b", "g", "r", "p", "q", "h", "n", "enter", "arrows", "alt", "space", "delete"].map((key) => h("li", {}, h("kbd", {}, t(`key.${key}.name`)), " ", t(`key.${key}`)))),
    ];
  }
}

const KIND_ICONS = { ClipArea: "clip", ChoiceBox: "choice", Grid: "grid", Barcode: "barcode", ReferencePoint: "point" };

const toldProblem = (problem) => h("p", { className: problem.warning ? "warning" : "problem" }, problem.text);

/** A number where a number was typed; else the text, so that the server says what is wrong with it. */
const typed = (text) => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text);

/** Arrow keys count up and down in a field, by ten with Shift. */
function stepped(event, input, set) {
  const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const value = typed(input.value);
  if (!by || typeof value !== "number") return;
  event.preventDefault();
  input.value = String(value + by * (event.shiftKey ? 10 : 1));
  set(Number(input.value));
}
