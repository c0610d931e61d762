/**
 * The review strip: one answer after the other with its picture, decided by keyboard. Nothing here waits for the network:
 * decisions hold at once, and the pictures of the next answers are loaded in advance.
 */

import { button, h } from "../dom.js";
import { number, t } from "../messages.js";
import { titleOf } from "../review/sheets.js";
import { remarkOf, statusMark } from "../review/status.js";
import { partAddress } from "./requests.js";

const PICTURES_AHEAD = 8;
const [WIDTH, HEIGHT] = [900, 420];
/** What is shown around an answer, as a share of its height: the number of its question is there. */
const ROOM = 1.5;

export class Strip {
  /** `open(sheet, field)` shows a sheet as a whole. */
  constructor(corrections, open) {
    Object.assign(this, { corrections, open, entries: [], at: 0, steps: [], ahead: new Map() });
    this.left = h("p", { className: "strip-left", role: "status" });
    this.picture = h("img", { className: "strip-picture", alt: "" });
    this.title = h("h2", {});
    this.sheet = h("button", { type: "button", className: "quiet plain", onclick: () => this.openSheet() });
    this.status = h("span", {});
    this.message = h("p", { className: "warning" });
    this.read = h("p", {});
    this.value = h("input", { type: "text", autocomplete: "off", spellcheck: false, aria: { label: t("strip.value") }, oninput: () => this.drawButtons() });
    this.choices = h("div", { className: "row strip-choices", role: "group", aria: { label: t("strip.choices") } });
    this.accept = button("", "check", () => this.decide(), { kind: "primary" });
    this.back = button(t("strip.undo"), "undo", () => this.undo(), { kind: "quiet" });
    this.blanks = button("", "blank", () => this.acceptBlanks(), { kind: "quiet" });
    this.previous = button(t("strip.previous"), "left", () => this.go(this.at - 1), { square: true, kind: "quiet" });
    this.next = button(t("strip.next"), "right", () => this.go(this.at + 1), { square: true, kind: "quiet" });
    this.card = h(
      "div",
      { className: "strip-card" },
      h("div", { className: "strip-place" }, this.picture),
      h(
        "div",
        { className: "strip-answer" },
        h("div", { className: "row" }, this.title, this.status),
        h("div", { className: "row" }, this.sheet),
        this.message,
        this.read,
        h("label", { className: "field" }, h("span", {}, t("strip.value")), this.value),
        this.choices,
        h("div", { className: "row" }, this.previous, this.accept, this.next),
        h("div", { className: "row" }, this.back, this.blanks),
        h("p", { className: "muted strip-keys" }, t("strip.keys")),
      ),
    );
    this.finished = h("div", { className: "empty", tabIndex: -1 });
    this.node = h("section", { className: "strip", aria: { label: t("strip.title") }, onkeydown: (event) => this.pressed(event) }, this.left, this.card, this.finished);
  }

  /** Show these answers, [sheet, field] each; the one that is shown stays. */
  show(entries) {
    const current = this.current;
    this.entries = entries;
    const same = current ? entries.findIndex(([sheet, field]) => sheet.name === current[0].name && field === current[1]) : -1;
    if (same >= 0) this.at = same;
    else this.at = Math.max(0, entries.findIndex((entry) => !this.isDecided(entry)));
    this.draw();
  }

  get current() {
    return this.entries[this.at];
  }

  isDecided([sheet, field]) {
    return this.corrections.of(sheet, field) !== undefined;
  }

  get undecided() {
    return this.entries.filter((entry) => !this.isDecided(entry));
  }

  /** Corrections have changed: of this person, or of another one. */
  changed() {
    this.drawCounts();
    if (this.value !== document.activeElement || !this.isTyped) this.drawValue();
  }

  /** Confirm what was read, or take what was typed, and go on. */
  decide(value = this.value.value) {
    const { current } = this;
    if (!current) return;
    const [sheet, field] = current;
    this.steps.push([[sheet, field, this.corrections.of(sheet, field)]]);
    this.corrections.set(sheet, field, value);
    this.goOn();
  }

  /** Confirm all answers that were read as blank and nobody has decided. */
  acceptBlanks() {
    const blank = this.undecided.filter(([, field]) => field.Value === "");
    if (!blank.length) return;
    this.steps.push(blank.map(([sheet, field]) => [sheet, field, undefined]));
    this.corrections.setAll(blank.map(([sheet, field]) => [sheet, field, ""]));
    this.goOn();
  }

  /** Take the last decision back, and show its answer again. */
  undo() {
    const step = this.steps.pop();
    if (!step) return;
    this.corrections.setAll(step);
    const [sheet, field] = step[0];
    const at = this.entries.findIndex(([one, other]) => one.name === sheet.name && other === field);
    if (at >= 0) this.go(at);
    else this.draw();
  }

  /** Go to the next answer that nobody has decided. */
  goOn() {
    const order = [...this.entries.keys()];
    const next = [...order.slice(this.at + 1), ...order.slice(0, this.at + 1)].find((index) => !this.isDecided(this.entries[index]));
    if (next !== undefined) this.at = next;
    this.draw();
    this.focus();
  }

  go(at) {
    this.at = Math.max(0, Math.min(at, this.entries.length - 1));
    this.draw();
    this.focus();
  }

  focus() {
    if (this.card.hidden) this.finished.focus({ preventScroll: true });
    else {
      this.value.focus({ preventScroll: true });
      this.value.select();
    }
  }

  openSheet() {
    const { current } = this;
    if (current) this.open(...current);
  }

  pressed(event) {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    const onValue = event.target === this.value;
    const acts = {
      Enter: plain && onValue && (() => this.decide()),
      ArrowDown: plain && onValue && (() => this.go(this.at + 1)),
      ArrowUp: plain && onValue && (() => this.go(this.at - 1)),
      Escape: plain && onValue && (() => (this.drawValue(), this.focus())),
      z: (event.ctrlKey || event.metaKey) && !event.shiftKey && !this.isTyped && (() => this.undo()),
      b: event.altKey && (() => this.acceptBlanks()),
      o: event.altKey && (() => this.openSheet()),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Whether something was typed that is not decided. */
  get isTyped() {
    return this.value.value !== this.shown;
  }

  draw() {
    this.drawCounts();
    const { current } = this;
    if (!current) return;
    const [sheet, field] = current;
    const address = this.pictureOf(current);
    if (this.picture.getAttribute("src") !== address) this.picture.src = address;
    this.picture.alt = t("strip.picture", { name: titleOf(field), sheet: sheet.name });
    this.title.textContent = titleOf(field);
    this.sheet.textContent = sheet.name;
    const sure = Number.isFinite(field.Confidence) ? ` · ${number(field.Confidence * 100)} %` : "";
    this.status.replaceChildren(statusMark(field.Status), sure);
    this.message.textContent = remarkOf(field);
    this.message.hidden = !field.Message;
    this.choices.replaceChildren(...field.Choices.map((value) => button(value, null, () => this.decide(value), { className: "" })));
    this.choices.hidden = !field.Choices.length;
    this.drawValue();
    this.loadAhead();
  }

  drawValue() {
    const { current } = this;
    if (!current) return;
    const [sheet, field] = current;
    const decided = this.corrections.entry(sheet, field);
    this.value.value = this.shown = decided?.Value ?? field.Value;
    const by = decided?.By ? ` · ${t("strip.by", { name: decided.By })}` : "";
    const was = t("strip.read", { value: field.Value || t("status.blank") });
    this.read.textContent = decided ? `${was} · ${t(decided.Value === field.Value ? "strip.accepted" : "strip.corrected")}${by}` : was;
    this.drawButtons();
  }

  drawButtons() {
    const [, field] = this.current ?? [];
    const label = this.value.value === field?.Value ? "strip.accept" : "strip.correct";
    this.accept.lastElementChild.textContent = t(label);
    this.back.disabled = !this.steps.length;
  }

  drawCounts() {
    const { undecided } = this;
    const blank = undecided.filter(([, field]) => field.Value === "").length;
    this.left.textContent = t("strip.left", { n: undecided.length });
    this.blanks.hidden = !blank;
    this.blanks.lastElementChild.textContent = t("strip.acceptBlanks", { n: blank });
    const nothing = !this.entries.length;
    this.card.hidden = nothing;
    this.finished.hidden = undecided.length > 0;
    this.finished.replaceChildren(h("p", {}, t(nothing ? "strip.none" : "strip.finished")));
    this.back.disabled = !this.steps.length;
  }

  pictureOf([sheet, field]) {
    return partAddress(sheet.id, sheet.name, field.Corners, WIDTH, HEIGHT, ROOM);
  }

  /** Have the pictures of the next answers ready. */
  loadAhead() {
    const following = this.entries.slice(this.at, this.at + 1 + PICTURES_AHEAD).map((entry) => this.pictureOf(entry));
    const kept = new Map();
    for (const address of following) {
      const image = this.ahead.get(address) ?? new Image();
      if (!image.src) image.src = address;
      kept.set(address, image);
    }
    this.ahead = kept;
  }
}
