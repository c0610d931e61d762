/** The sheets of a batch, for the views that show sheets of stored recognitions too. What was read is loaded when a sheet is shown. */

import { failureText } from "../dialogs.js";
import { Sheet } from "../review/sheets.js";
import { partAddress, readSheet, scanOf } from "./requests.js";

export class BatchSheet extends Sheet {
  /** `told` is an entry of the list of sheets; `corrections` tells which of the doubtful `fields` are decided. */
  constructor(id, told, corrections, fields = []) {
    super(told.Name, { id });
    Object.assign(this, { id, corrections, fields, all: told.Answers, blank: told.Blank });
    this.state = told.Result === "failed" ? "failed" : "done";
    this.error = told.Error ? failureText(told.Error) : null;
  }

  /** Read what was read on it, once. */
  async load() {
    this.loading ??= readSheet(this.id, this.name).then((record) => {
      this.recognition = record;
      this.messages = record.Messages;
    }, (error) => {
      this.loading = null;
      if (error.status !== 404) throw error; // it is being recognized again, and the list will have it
    });
    await this.loading;
  }

  /** Doubtful answers that nobody has confirmed or corrected yet. */
  get open() {
    return this.fields.filter((field) => this.corrections.of(this, field) === undefined);
  }

  count(filter) {
    if (filter === "blank") return this.blank;
    return filter === "doubts" ? this.open.length : this.all;
  }

  get scanIdentifier() {
    return scanOf(this.id, this.name);
  }

  picture(clip, width, height) {
    return partAddress(this.id, this.name, clip.Corners, width, height);
  }

  clipSource(clip) {
    return { url: partAddress(this.id, this.name, clip.Corners) };
  }

  clipAddress(clip) {
    return partAddress(this.id, this.name, clip.Corners);
  }

  clipUri(clip) {
    return partAddress(this.id, this.name, clip.Corners);
  }

  savedName(clip) {
    return `${this.name.replace(/\.[^.]*$/, "")} ${clip.Label || clip.Name}.jpg`;
  }
}
