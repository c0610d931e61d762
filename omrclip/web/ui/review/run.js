/** A run: many images recognized with one template, batch by batch, while the page may show anything else. */

import * as api from "../api.js";
import { failureText } from "../dialogs.js";
import { t } from "../messages.js";
import { rememberRun } from "../storage.js";
import { Sheet } from "./sheets.js";

const MOST_IMAGES = 100;
const MOST_BYTES = 96 * 1024 * 1024;

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

  get done() {
    return this.sheets.filter((sheet) => sheet.state === "done" || sheet.state === "failed").length;
  }

  /** Seconds left, by what went before; null before the first sheet. */
  get secondsLeft() {
    const { done } = this;
    return done ? ((performance.now() - this.started) / 1000 / done) * (this.sheets.length - done) : null;
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

  async recognize(batch) {
    let uri = null;
    let next = 0;
    const begun = () => {
      if (batch[next]) batch[next].state = "running";
      this.tell(batch[next] ?? null);
    };
    const online = (answer, requestId) => {
      if (answer.KeepingError) {
        uri = null;
        this.notKept = { ...answer.KeepingError, requestId };
        return;
      }
      uri = answer.Uri;
      batch[next].take(answer, 0, answer.ResponseFiles);
      this.tell(batch[next]);
      next += 1;
      begun();
    };
    begun();
    const files = batch.map((sheet) => new File([sheet.file], sheet.name, { type: sheet.file.type }));
    try {
      await api.recognize(this.template, files, { keepSeconds: this.keepSeconds, signal: this.stop.signal, online });
      if (uri) this.keep(batch, api.identifierOf(uri));
    } catch (error) {
      if (error.code === "limit_exceeded" && next === 0 && batch.length > 1) return this.divide(batch);
      const said = error.name === "AbortError" ? t("run.cancelled") : error.code ? failureText(error) : t("error.unreachable");
      for (const sheet of batch.slice(next)) sheet.fail(said, error.requestId);
    }
    this.tell();
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

/** As many sheets at once as a request may have, and the server likes to hold. */
function* batches(sheets) {
  let batch = [];
  let bytes = 0;
  for (const sheet of sheets) {
    if (batch.length && (batch.length === MOST_IMAGES || bytes + sheet.file.size > MOST_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(sheet);
    bytes += sheet.file.size;
  }
  if (batch.length) yield batch;
}
