/** What people put right, or typed beside a clip: kept with its recognition, and sent as soon as nobody types. */

import * as api from "../api.js";
import { notifyFailure } from "../dialogs.js";
import { debounced } from "../dom.js";
import { titleOf } from "./sheets.js";

/** Elements are corrected by their names, those whose name another has by their paths. */
const keyOf = ({ Scan, Name, Path }) => JSON.stringify([Scan, Path || Name]);

/** What names an element, or a clip, of a sheet in a correction. */
function addressOf(sheet, element) {
  const { Name, Path } = element;
  const address = { Scan: sheet.kept.number, Name };
  return Path && titleOf(element) !== Name ? { ...address, Path } : address;
}

/** The corrections of kept recognitions, by their identifiers; loaded when they are first asked for. */
export class Corrections {
  constructor(told = () => {}) {
    this.told = told;
    this.books = new Map();
  }

  /** Load those of these recognitions. */
  async load(ids) {
    await Promise.all(ids.filter((id) => id && !this.books.has(id)).map((id) => this.open(id)));
  }

  async open(id) {
    const book = { values: new Map(), mine: new Map(), etag: null, send: debounced(600, () => this.send(id)), sending: null };
    this.books.set(id, book);
    await this.fetch(id, book);
  }

  async fetch(id, book) {
    take(book, await api.readCorrections(id));
  }

  /** What a person said an element of a sheet holds; undefined where nobody did. */
  of(sheet, element) {
    return this.entry(sheet, element)?.Value;
  }

  /** The whole correction, with By (an account, or null) and At once the server has it. */
  entry(sheet, element) {
    return this.books.get(sheet.kept.id)?.values.get(keyOf(addressOf(sheet, element)));
  }

  /** Say what an element of a sheet holds; undefined takes it back. */
  set(sheet, element, value) {
    const book = this.books.get(sheet.kept.id);
    if (!book) return;
    const address = addressOf(sheet, element);
    const entry = value === undefined ? undefined : { ...address, Value: value };
    book.mine.set(keyOf(address), entry);
    put(book.values, keyOf(address), entry);
    book.send();
    this.told();
  }

  /** Send what is not sent yet, now. */
  async flush() {
    await Promise.all([...this.books.keys()].map((id) => this.send(id)));
  }

  get hasUnsent() {
    return [...this.books.values()].some((book) => book.mine.size > 0);
  }

  async send(id) {
    const book = this.books.get(id);
    await book.sending;
    if (!book.mine.size) return;
    book.sending = this.write(id, book).catch(notifyFailure);
    await book.sending;
    this.told();
  }

  /** Where someone else was faster, theirs is read and ours put on top: each correction is of one element only. */
  async write(id, book, again = true) {
    const sent = new Map(book.mine);
    try {
      const written = await api.writeCorrections(id, [...book.values.values()], book.etag);
      for (const [key, value] of sent) if (book.mine.get(key) === value) book.mine.delete(key);
      take(book, written);
    } catch (error) {
      if (error.status !== 412 || !again) throw error;
      await this.fetch(id, book);
      await this.write(id, book, false);
    }
  }
}

/** What the server has, with what is not sent yet on top. */
function take(book, { etag, corrections }) {
  book.etag = etag;
  book.values = new Map(corrections.map((entry) => [keyOf(entry), entry]));
  for (const [key, value] of book.mine) put(book.values, key, value);
}

function put(values, key, entry) {
  if (entry === undefined) values.delete(key);
  else values.set(key, entry);
}
