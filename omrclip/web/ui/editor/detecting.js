/** Finding what is printed on the blank page: bubbles in a box that was drawn, the questions of a column, all elements. */

import * as api from "../api.js";
import { askForm, notify, notifyFailure } from "../dialogs.js";
import { field, h } from "../dom.js";
import { t } from "../messages.js";
import { saidText } from "../said.js";
import { boxOf } from "./document.js";
import { countBubbles, questionsOf, withPrinted } from "./printed.js";

const BUBBLED = ["ChoiceBox", "Grid"];

/** `hasImage()` tells whether the server has the image of the page that is shown; `told()` is called when a search begins or ends. */
export class Detecting {
  constructor(template, editing, { hasImage, proposals, told }) {
    Object.assign(this, { template, editing, hasImage, proposals, told, running: 0 });
    this.stop = new AbortController();
  }

  get isBusy() {
    return this.running > 0;
  }

  /** What was drawn on the page with a tool: the element that was put there, null for a column of questions. */
  drawn(tool, box, element) {
    if (tool === "questions") return this.addQuestions(box);
    return BUBBLED.includes(tool) && this.hasImage() ? this.snap(element, box) : null;
  }

  /**
   * Give an element the bubbles that are printed in a box. It stays as it is where none are found, and where it was
   * moved, laid anew or removed while they were looked for.
   */
  async snap(element, box = boxOf(element), { mustFind = false } = {}) {
    const { page } = this.editing;
    const found = await this.find(box);
    const printed = found && withPrinted(element, found.Proposals);
    if (!printed) {
      if (found && mustFind) notify(t("detect.none"), { bad: true });
      return;
    }
    const { document } = this.editing;
    const elements = document.Pages[page]?.Elements ?? [];
    const index = elements.findIndex((other) => isSame(other, element));
    if (index < 0) return;
    const { Name } = elements[index]; // it may have been typed meanwhile
    const next = elements.map((other, at) => (at === index ? { ...withPrinted(other, found.Proposals), Name } : other));
    this.editing.replace({ ...document, Pages: document.Pages.map((each, at) => (at === page ? { ...each, Elements: next } : each)) });
    notify(t("detect.bubbles", { n: countBubbles(found.Proposals) }));
  }

  /** Make a choice box of each row of bubbles in a box, after asking for a name and the first number. */
  async addQuestions(box) {
    if (!this.hasImage()) {
      notify(t("detect.noImage"), { bad: true });
      return;
    }
    const { page } = this.editing;
    const found = await this.find(box);
    if (!found || page !== this.editing.page) return;
    const count = questionsOf(found.Proposals, String).length;
    if (!count) {
      notify(t("detect.none"), { bad: true });
      return;
    }
    const prefix = h("input", { type: "text", value: "Q", autocomplete: "off", spellcheck: false, autofocus: true });
    const first = h("input", { type: "number", value: String(this.nextNumber("Q")), min: 0, step: 1, required: true });
    const fields = [h("p", { className: "muted" }, t("questions.text", { n: count })), field(t("questions.prefix"), prefix), field(t("questions.first"), first)];
    await askForm(t("questions.title"), fields, t("questions.add"), () => {
      const from = Number(first.value);
      if (first.value === "" || !Number.isInteger(from) || from < 0) throw new Error(t("questions.wrong"));
      this.add(questionsOf(found.Proposals, (row) => `${prefix.value.trim()}${from + row}`));
    });
  }

  add(questions) {
    const { elements } = this.editing;
    const taken = new Set(this.editing.document.Pages.flatMap(({ Elements = [] }) => Elements).map(({ Name }) => Name));
    const twice = questions.find(({ Name }) => taken.has(Name));
    if (twice) throw new Error(t("questions.taken", { name: twice.Name }));
    this.editing.change([...elements, ...questions], { selection: questions.map((_, index) => elements.length + index) });
  }

  /** The number after the highest that stands behind a prefix. */
  nextNumber(prefix) {
    const names = this.editing.document.Pages.flatMap(({ Elements = [] }) => Elements).map(({ Name }) => String(Name ?? ""));
    const numbers = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)).filter((rest) => /^\d+$/.test(rest));
    return Math.max(0, ...numbers.map(Number)) + 1;
  }

  /** Find the elements of the whole page and show them as proposals. */
  async findAll() {
    if (!this.hasImage()) {
      notify(t("detect.noImage"), { bad: true });
      return;
    }
    const { page } = this.editing;
    const found = await this.find();
    if (!found || page !== this.editing.page) return;
    this.proposals.tell(found);
    found.Warnings.forEach((warning, index) => notify(saidText(found.Said[index], warning), { bad: true }));
  }

  /** {Proposals, LeftOut} in a box or on the whole page; null where the search failed, which is said. */
  async find(box = null) {
    this.running += 1;
    this.told();
    try {
      return await api.detectElements(this.template, this.editing.page + 1, box, this.stop.signal);
    } catch (error) {
      notifyFailure(error);
      return null;
    } finally {
      this.running -= 1;
      this.told();
    }
  }

  destroy() {
    this.stop.abort();
  }
}

/** Whether an element is still where another was when a search for its bubbles began, with the same bubbles. */
const isSame = (one, other) =>
  one.Type === other.Type && one.Bubbles === other.Bubbles && one.Elements === other.Elements && ["Left", "Top", "Width", "Height"].every((key) => one[key] === other[key]);
