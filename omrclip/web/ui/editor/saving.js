/** Saving: only over the state that was opened; where that is gone, both edits are compared. */

import * as api from "../api.js";
import { notify, notifyFailure } from "../dialogs.js";
import { t } from "../messages.js";
import { resolveConflict } from "./conflict.js";
import { parseDocument, writeDocument } from "./document.js";

export class Saving {
  constructor(name, opened, editing, told) {
    const { document, indent } = parseDocument(opened.text);
    Object.assign(this, { name, editing, told, indent, etag: opened.etag, saved: document, busy: false });
  }

  /** Whether there is something that is not saved. */
  get isChanged() {
    return this.editing.document !== this.saved;
  }

  /** Save; true where it was done. */
  async save() {
    if (this.busy) return false;
    this.busy = true;
    this.told();
    try {
      return await this.write(this.editing.document);
    } catch (error) {
      notifyFailure(error);
      return false;
    } finally {
      this.busy = false;
      this.told();
    }
  }

  async write(document) {
    try {
      this.etag = await api.writeTemplate(this.name, writeDocument(document, this.indent), this.etag);
    } catch (error) {
      if (error.status !== 412) throw error;
      return this.settle(document);
    }
    this.saved = document;
    notify(t("editor.saved", { name: this.name }));
    return true;
  }

  async settle(mine) {
    const there = await api.readTemplate(this.name);
    const theirs = parseDocument(there.text).document;
    const resolved = await resolveConflict(this.saved, mine, theirs);
    if (!resolved) return false;
    this.etag = there.etag;
    this.saved = theirs;
    this.editing.replace(resolved.document, { selection: [] });
    return resolved.discard ? true : this.write(resolved.document);
  }

  /** The file as it would be saved. */
  file() {
    return new File([writeDocument(this.editing.document, this.indent)], `${this.name}.omr`, { type: "application/json" });
  }
}
