/**
 * What people confirm or correct on the sheets of a batch. It holds on the page at once, and is sent in the background.
 * Each correction is added to the log of the server by itself, so that people who work at the same time lose nothing.
 */

import { notifyFailure } from "../dialogs.js";
import { debounced } from "../dom.js";
import { titleOf } from "../review/sheets.js";
import { addCorrections, readCorrections } from "./requests.js";

const LOOK_MILLISECONDS = 5000;

/** Elements are named by their names, those whose name another has by their paths. */
function addressOf(sheet, { Name, Path, Label }) {
  const address = { Sheet: sheet.name, Name };
  return Path && titleOf({ Label, Name }) !== Name ? { ...address, Path } : address;
}

const keyOf = ({ Sheet, Name, Path }) => JSON.stringify([Sheet, Path || Name]);

export class BatchCorrections {
  /** `told()` is called when corrections of this or another person have changed. */
  constructor(id, told = () => {}) {
    Object.assign(this, { id, told, values: new Map(), mine: new Map(), sending: null });
    this.soon = debounced(400, () => this.flush().catch(notifyFailure));
  }

  /** Read those that hold. */
  async load() {
    this.take(await readCorrections(this.id));
  }

  /** Look again and again for what other people have corrected. Returns a function that ends it. */
  watch() {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible" && !this.sending) this.load().catch(() => {});
    }, LOOK_MILLISECONDS);
    return () => clearInterval(timer);
  }

  /** The value that a person confirmed or entered; undefined if nobody did. */
  of(sheet, element) {
    return this.entry(sheet, element)?.Value;
  }

  /** The whole correction, with By and At as soon as the server has it. */
  entry(sheet, element) {
    return this.values.get(keyOf(addressOf(sheet, element)));
  }

  /** Confirm or correct a value; undefined takes it back. */
  set(sheet, element, value) {
    this.setAll([[sheet, element, value]]);
  }

  setAll(changes) {
    for (const [sheet, element, value] of changes) {
      const address = addressOf(sheet, element);
      const entry = { ...address, Value: value ?? null };
      this.mine.set(keyOf(address), entry);
      put(this.values, keyOf(address), entry);
    }
    this.soon();
    this.told();
  }

  get hasUnsent() {
    return this.mine.size > 0;
  }

  /** Send what is not sent yet. Raises what the server says if it cannot be sent; it is sent again with the next one. */
  async flush() {
    await this.sending?.catch(() => {});
    if (!this.mine.size) return;
    this.sending = this.send();
    try {
      await this.sending;
    } finally {
      this.sending = null;
    }
  }

  async send() {
    const sent = new Map(this.mine);
    const held = await addCorrections(this.id, [...sent.values()]);
    for (const [key, entry] of sent) if (this.mine.get(key) === entry) this.mine.delete(key);
    this.take(held);
  }

  take(corrections) {
    const values = new Map(corrections.map((entry) => [keyOf(entry), entry]));
    for (const [key, entry] of this.mine) put(values, key, entry);
    const changed = values.size !== this.values.size || [...values].some(([key, { Value }]) => this.values.get(key)?.Value !== Value);
    this.values = values;
    if (changed) this.told();
  }
}

function put(values, key, entry) {
  if (entry.Value === null) values.delete(key);
  else values.set(key, entry);
}
