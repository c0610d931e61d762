/** What is being edited: the document, the page, the selection; and every state before, to go back to. */

import { boxOf, isPlaced } from "./document.js";

const MOST_STEPS = 500;
const MERGED_WITHIN_MS = 1200;

/**
 * Documents are never changed in place, so that a state is a reference and costs what was changed. Listeners are told
 * "document", "selection", "page" or "transient" (while something is dragged).
 */
export class Editing {
  constructor(document, page = 0) {
    this.document = document;
    this.page = page;
    this.selection = [];
    this.past = [];
    this.future = [];
    this.transient = null;
    this.merging = null;
    this.listeners = new Set();
  }

  /** Call `listener(what)` from now on; gives what ends it. */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(what) {
    for (const listener of this.listeners) listener(what);
  }

  /** The extents of the page that is shown. */
  get extents() {
    const { Width, Height } = this.document.Pages[this.page];
    return { width: Math.max(1, Math.round(Number(Width))), height: Math.max(1, Math.round(Number(Height))) };
  }

  /** Its elements, as they look now. */
  get elements() {
    return this.transient ?? this.document.Pages[this.page].Elements ?? [];
  }

  /** The selected ones. */
  get selected() {
    return this.selection.map((index) => this.elements[index]).filter(Boolean);
  }

  /** The selected ones' boxes. */
  get selectedBoxes() {
    return this.selected.filter(isPlaced).map(boxOf);
  }

  /**
   * Change the page's elements; `selection` is what is selected then. Changes that follow each other with the same
   * `merge` are undone as one.
   */
  change(elements, { selection = this.selection, merge = null } = {}) {
    const Pages = this.document.Pages.map((page, index) => (index === this.page ? { ...page, Elements: elements } : page));
    this.replace({ ...this.document, Pages }, { selection, merge });
  }

  /** Change the document as a whole. */
  replace(document, { selection = this.selection, merge = null } = {}) {
    const now = Date.now();
    const goesOn = merge && this.merging?.key === merge && now - this.merging.at < MERGED_WITHIN_MS;
    if (!goesOn) this.past = [...this.past.slice(1 - MOST_STEPS), this.state()];
    this.merging = merge && { key: merge, at: now };
    this.future = [];
    this.transient = null;
    this.document = document;
    this.selection = selection;
    this.tell("document");
  }

  /** Change the selected elements, each by `edit(element)`. */
  changeSelected(edit, options) {
    const chosen = new Set(this.selection);
    this.change(this.elements.map((element, index) => (chosen.has(index) ? edit(element) : element)), options);
  }

  /** Show the page with these elements until the next change, or until null. */
  show(elements) {
    this.transient = elements;
    this.tell("transient");
  }

  /** Make what is shown a change. */
  settle() {
    if (!this.transient) return;
    const elements = this.transient;
    this.transient = null;
    this.change(elements);
  }

  /** Select elements of the page by their indexes. */
  select(indexes) {
    const next = [...new Set(indexes)].filter((index) => index >= 0 && index < this.elements.length);
    if (next.length === this.selection.length && next.every((index, place) => index === this.selection[place])) return;
    this.selection = next;
    this.merging = null;
    this.tell("selection");
  }

  goToPage(page) {
    if (page === this.page) return;
    this.page = page;
    this.selection = [];
    this.transient = null;
    this.tell("page");
  }

  undo() {
    this.travel(this.past, this.future);
  }

  redo() {
    this.travel(this.future, this.past);
  }

  travel(from, to) {
    const state = from.pop();
    if (!state) return;
    to.push(this.state());
    const turned = state.page !== this.page;
    Object.assign(this, state, { transient: null, merging: null });
    if (turned) this.tell("page");
    this.tell("document");
  }

  state() {
    return { document: this.document, page: this.page, selection: this.selection };
  }
}
