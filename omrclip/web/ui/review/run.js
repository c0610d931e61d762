/** A run: many files recognized with one template, batch by batch, while the page may show anything else. */

import * as api from "../api.js";
import { failureText } from "../dialogs.js";
import { t } from "../messages.js";
import { rememberRun } from "../storage.js";
import { Sheet } from "./sheets.js";

const MOST_IMAGES = 100;
const MOST_BYTES = 96 * 1024 * 1024;
const isArchive = (name) => /\.zip$/i.test(name);

/** The run of this page, if there is one: it goes on when another view is looked at. */
export let current = null;

/** Begin a run and make it the page's. */
export function begin(template, files, keepSeconds) {
  current?.release();
  current = new Run(template, files, keepSeconds);
  current.go();
  return current;
}

class Run {
  constructor(template, files, keepSeconds) {
    Object.assign(this, { template, keepSeconds, sheets: distinct(files).map(([name, file]) => new Sheet(name, file)) });
    this.ids = [];
    /** How many pages of documents are known to come, beside the sheets. */
    this.coming = 0;
    /** Why sheets that were recognized are not kept on the server; null where all are. */
    this.notKept = null;
    this.stop = new AbortController();
    this.started = performance.now();
    this.state = "running";
    this.listeners = new Set();
  }

  /** Call `listener(sheet)` when a sheet changes, with null when the run does. */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(sheet = null) {
    for (const listener of this.listeners) listener(sheet);
  }

  get total() {
    return this.sheets.length + this.coming;
  }

  get done() {
    return this.sheets.filter((sheet) => sheet.state === "done" || sheet.state === "failed").length;
  }

  /** Seconds left, by what went before; null before the first sheet. */
  get secondsLeft() {
    const { done } = this;
    return done ? ((performance.now() - this.started) / 1000 / done) * (this.total - done) : null;
  }

  cancel() {
    this.stop.abort();
  }

  async go() {
    for (const batch of batches(this.sheets)) {
      if (this.stop.signal.aborted) break;
      await this.recognize(batch);
    }
    this.state = this.stop.signal.aborted ? "cancelled" : "done";
    for (const sheet of this.sheets) if (sheet.state === "waiting" || sheet.state === "running") sheet.fail(t("run.cancelled"));
    this.tell();
  }

  /** Recognize the files of these sheets. A sheet whose file has several pages is replaced by a sheet for each page. */
  async recognize(batch) {
    const answered = [];
    let uri = null;
    let at = 0;
    const begun = () => {
      if (batch[at]?.state === "waiting") batch[at].state = "running";
      this.tell(batch[at] ?? null);
    };
    const online = (answer, requestId) => {
      if (answer.KeepingError) {
        uri = null;
        this.notKept = { ...answer.KeepingError, requestId };
        return;
      }
      uri = answer.Uri;
      const { Name } = answer.Recognitions[0];
      while (at < batch.length - 1 && !holds(batch[at], Name)) at += 1;
      const sheet = batch[at].name === Name ? batch[at] : this.addPage(batch[at], Name);
      sheet.take(answer, 0, answer.ResponseFiles);
      answered.push(sheet);
      this.tell(sheet);
      if (sheet === batch[at]) at += 1;
      begun();
    };
    const onbegin = (scans) => (this.coming = Math.max(0, scans - batch.length));
    begun();
    const files = batch.map((sheet) => new File([sheet.file], sheet.name, { type: sheet.file.type }));
    try {
      await api.recognize(this.template, files, { keepSeconds: this.keepSeconds, signal: this.stop.signal, onbegin, online });
      if (uri) this.keep(answered, api.identifierOf(uri));
    } catch (error) {
      if (error.code === "limit_exceeded" && !answered.length && batch.length > 1) return this.divide(batch);
      const said = error.name === "AbortError" ? t("run.cancelled") : error.code ? failureText(error) : t("error.unreachable");
      for (const sheet of batch.slice(at)) this.fail(sheet, said, error.requestId);
    }
    this.coming = 0;
    this.tell();
  }

  /** Add the sheet of a page. The first one of a file stands for the file from now on. */
  addPage(whole, name) {
    const page = new Sheet(name);
    const place = this.sheets.indexOf(whole.pages.at(-1) ?? whole);
    if (whole.pages.length) {
      this.sheets.splice(place + 1, 0, page);
      this.coming = Math.max(0, this.coming - 1);
    } else this.sheets.splice(place, 1, page);
    whole.pages.push(page);
    return page;
  }

  /** The file of a sheet could not be recognized, or not all of its pages. */
  fail(sheet, said, requestId) {
    if (sheet.pages.length) this.sheets.splice(this.sheets.indexOf(sheet.pages.at(-1)) + 1, 0, sheet);
    sheet.fail(said, requestId);
  }

  /** The server takes less at once than is usual. */
  async divide(batch) {
    const half = Math.ceil(batch.length / 2);
    await this.recognize(batch.slice(0, half));
    await this.recognize(batch.slice(half));
  }

  /** From now on the batch is looked at on the server. */
  keep(batch, id) {
    this.ids.push(id);
    batch.forEach((sheet, index) => {
      sheet.kept = { id, number: index + 1 };
      sheet.release();
    });
    const now = Date.now() / 1000;
    rememberRun({
      ids: this.ids,
      template: this.template,
      created: now,
      expires: now + this.keepSeconds,
      sheets: this.sheets.length,
      failed: this.sheets.filter((sheet) => sheet.state === "failed").length,
    });
  }

  release() {
    this.cancel();
    for (const sheet of this.sheets) sheet.release();
  }
}

/** Whether a scan of this name comes from the file of a sheet: it is the file, or one of its pages. */
function holds({ name }, scan) {
  const [, stem, suffix = ""] = /^(.*?)(\.[^.]*)?$/.exec(name);
  const middle = scan.startsWith(`${stem}-p`) && scan.endsWith(suffix) && scan.slice(stem.length + 2, scan.length - suffix.length);
  return scan === name || isArchive(name) || /^\d{4,}$/.test(middle || "");
}

/** Images with names of their own: files of one name come from different folders, and their clips must not share one. */
function distinct(files) {
  const taken = new Set();
  return files.map((file) => {
    const [, stem, suffix] = /^(.*?)(\.[^.]*)?$/.exec(file.name);
    let name = file.name;
    for (let number = 2; taken.has(name.toLowerCase().replace(/\.[^.]*$/, "")); number += 1) name = `${stem} (${number})${suffix ?? ""}`;
    taken.add(name.toLowerCase().replace(/\.[^.]*$/, ""));
    return [name, file];
  });
}

/** As many sheets at once as a request may have, and the server likes to hold. An archive holds any names: it goes alone. */
function* batches(sheets) {
  let batch = [];
  let bytes = 0;
  for (const sheet of sheets) {
    const goesAlone = isArchive(sheet.name) || (batch.length && isArchive(batch.at(-1).name));
    if (batch.length && (goesAlone || batch.length === MOST_IMAGES || bytes + sheet.file.size > MOST_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(sheet);
    bytes += sheet.file.size;
  }
  if (batch.length) yield batch;
}
