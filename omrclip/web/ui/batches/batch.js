/** A batch: documents are added, sheets are recognized, people review what is doubtful, and take the results away. */

import { failureText, notify, notifyFailure, requestNote } from "../dialogs.js";
import { acceptDrops, button, fileButton, h, inTurn } from "../dom.js";
import { duration, t } from "../messages.js";
import { Board } from "../review/board.js";
import { titleOf } from "../review/sheets.js";
import { BatchCorrections } from "./corrections.js";
import { expiryNote, renameBatch } from "./managing.js";
import { placePage } from "./placing.js";
import { follow } from "./progress.js";
import * as requests from "./requests.js";
import { BatchSheet } from "./sheets.js";
import { copyContentState, copyLink, resultActions } from "./taking.js";
import { Strip } from "./strip.js";
import { hasUnsentDocuments, uploadsOf } from "./uploads.js";

export const ACCEPTED = { accept: "image/*,.tif,.tiff,.jp2,.pdf,.zip", multiple: true };
/** A list of sheets is read again when this many times as much time has passed as reading it took. */
const READ_SHARE = 10;
const BY_HAND = "placed by hand";
const READ_MILLISECONDS = 2000;

/** `mode` "sheets" shows a sheet, and an answer or clip on it by its title, or a part of its scan: left, top, width, height. */
export async function mount(main, id, mode = "", sheet = "", title = "", part = "") {
  const batch = await requests.readBatch(id);
  const view = new BatchView(main, batch, mode, { sheet, title, part });
  await view.open();
  const leave = () => view.destroy();
  leave.hasUnsaved = () => view.corrections.hasUnsent || hasUnsentDocuments();
  return leave;
}

class BatchView {
  constructor(main, batch, mode, wanted) {
    Object.assign(this, { batch, mode, wanted, sheets: [], isReview: mode !== "sheets", readAt: 0, shownDone: -1 });
    this.read = inTurn(() => this.readNow());
    this.refresh = inTurn(() => this.refreshNow());
    this.corrections = new BatchCorrections(batch.Identifier, () => this.correctionsChanged());
    this.strip = new Strip(this.corrections, (one, field) => this.showSheets(one, { title: titleOf(field) }));
    this.board = new Board(this.sheets, this.corrections, (sheet) => this.sheetActions(sheet));
    this.board.filter.value = "doubts";
    this.title = h("h1", { title: batch.Name }, batch.Name);
    this.facts = h("span", { className: "muted" });
    this.said = h("span", { className: "number", role: "status" });
    this.progress = h("progress", { max: 1, value: 0, aria: { label: t("recognize.progress") } });
    this.running = h("div", { className: "running", hidden: true }, this.progress, this.said);
    this.reviewing = button("", "check", () => this.showReview(), { kind: "quiet", aria: { pressed: "false" } });
    this.listing = button(t("batch.sheets"), "images", () => this.showSheets(), { kind: "quiet", aria: { pressed: "false" } });
    this.results = h("span", { className: "row" });
    this.told = h("div", { className: "batch-told", hidden: true });
    this.place = h("div", { className: "board-place" });
    const add = (files) => this.uploads.add(files);
    this.node = h(
      "div",
      { className: "recognize batch" },
      h(
        "div",
        { className: "toolbar" },
        h("a", { className: "button quiet square", href: "#/results", title: t("results.back"), aria: { label: t("results.back") } }, "←"),
        this.title,
        button(t("batch.rename"), "pen", () => this.rename(), { square: true, kind: "quiet" }),
        fileButton(t("batch.add"), "add", add, ACCEPTED),
        h("span", { className: "grow" }),
        this.reviewing, this.listing, this.results,
      ),
      h("div", { className: "batch-facts" }, this.facts, this.running),
      this.told,
      this.place,
    );
    main.append(this.node);
    acceptDrops(main, add);
    this.uploads = uploadsOf(batch.Identifier);
  }

  async open() {
    this.stops = [this.uploads.listen(() => this.uploadsChanged()), this.corrections.watch()];
    await Promise.all([this.corrections.load(), this.batch.Done ? this.read() : null]);
    this.drawFacts();
    this.drawUploads();
    this.follow();
    if (this.mode === "sheets") this.showSheets(this.sheets.find(({ name }) => name === this.wanted.sheet), this.wanted);
    else if (this.isReview) this.showReview();
    else this.showSheets(); // a person was faster
    this.arrange();
  }

  follow() {
    this.unfollow?.();
    this.unfollow = null;
    if (this.batch.State === "done" && !this.uploads.active) return this.drawProgress({});
    this.unfollow = follow(this.batch.Identifier, (event) => {
      if (event.State !== "done" && event.State !== "failed") return this.progressed(event);
      this.unfollow = null;
      return this.refresh().catch(notifyFailure); // documents may have been added since
    });
  }

  uploadsChanged() {
    this.drawUploads();
    if (this.uploads.sent || !this.uploads.active) this.refresh().catch(notifyFailure);
  }

  /** Read the batch again, for example after documents were added. */
  async refreshNow() {
    this.batch = await requests.readBatch(this.batch.Identifier);
    const hasEnded = this.batch.State === "done" || this.batch.State === "failed";
    if (hasEnded) this.progressed(this.batch);
    else if (!this.unfollow) this.follow();
    this.drawFacts();
  }

  progressed(event) {
    if (event.State === "deleted") {
      location.hash = "#/results";
      return;
    }
    Object.assign(this.batch, event);
    const hasEnded = event.State === "done" || event.State === "failed";
    if (hasEnded) this.unfollow = (this.unfollow?.(), null);
    this.drawProgress(event);
    this.drawFacts();
    const isNew = event.Done !== this.shownDone && performance.now() >= this.readAt;
    if (hasEnded || isNew) this.read().then(() => this.arrange(), notifyFailure);
    if (hasEnded && event.State === "failed") notify(t("batch.failed", { message: failureText(event.Error ?? { message: event.Message }) }), { bad: true });
  }

  /** Read the list of sheets and their doubtful answers. What is known of a sheet stays. */
  async readNow() {
    const began = performance.now();
    this.shownDone = this.batch.Done;
    this.readAt = Infinity;
    const id = this.batch.Identifier;
    try {
      const [listed, doubtful] = await Promise.all([requests.listSheets(id), requests.listFields(id, { status: "doubtful" })]);
      const fields = new Map(doubtful.map(({ Name, Fields }) => [Name, Fields]));
      const known = new Map(this.sheets.map((sheet) => [sheet.name, sheet]));
      const sheets = listed.map((told) => {
        const before = known.get(told.Name);
        const isSame = before && !before.isPlaced && before.state === (told.Result === "failed" ? "failed" : "done");
        return isSame ? before : new BatchSheet(id, told, this.corrections, fields.get(told.Name));
      });
      for (const [index, sheet] of this.recognizedAgain(sheets)) sheets.splice(index, 0, sheet);
      this.sheets.splice(0, this.sheets.length, ...sheets);
    } finally {
      this.readAt = performance.now() + Math.max(READ_MILLISECONDS, READ_SHARE * (performance.now() - began));
    }
  }

  /** The sheets that the list lacks while they are recognized again, with their places: they stay as they were. */
  recognizedAgain(listed) {
    if (this.batch.State === "done") return [];
    const names = new Set(listed.map(({ name }) => name));
    return [...this.sheets.entries()].filter(([, { name }]) => !names.has(name));
  }

  /** Show the sheets as they are known now. */
  arrange() {
    this.strip.show(this.sheets.flatMap((sheet) => sheet.fields.map((field) => [sheet, field])));
    if (!this.isReview) this.board.changed(null);
    this.drawResults();
    this.drawModes();
    if (this.isReview && !this.place.contains(document.activeElement)) this.strip.focus();
    this.node.dataset.state = this.batch.State;
    if (!this.sheets.length) this.showNothing();
    else if (this.place.firstElementChild === this.nothing) this.isReview ? this.showReview() : this.showSheets();
  }

  showNothing() {
    const add = (files) => this.uploads.add(files);
    this.nothing ??= h(
      "div",
      { className: "drop big" },
      h("p", {}, t("batch.empty")),
      fileButton(t("recognize.choose"), "images", add, { ...ACCEPTED, kind: "primary" }),
      h("p", { className: "muted" }, t("batch.background")),
    );
    if (this.place.firstElementChild !== this.nothing) this.place.replaceChildren(this.nothing);
  }

  get openAnswers() {
    return this.sheets.reduce((sum, sheet) => sum + sheet.open.length, 0);
  }

  showReview() {
    this.isReview = true;
    if (this.sheets.length) this.place.replaceChildren(this.strip.node);
    this.drawModes();
    this.strip.focus();
  }

  showSheets(sheet = null, place = {}) {
    this.isReview = false;
    if (this.sheets.length) this.place.replaceChildren(this.board.node);
    this.board.filter.value = sheet || !this.board.sheets.some((one) => one.isWanted("doubts")) ? "all" : this.board.filter.value;
    this.board.changed(null);
    if (sheet) this.board.show(sheet, place);
    this.drawModes();
  }

  correctionsChanged() {
    this.strip.changed();
    if (!this.isReview) this.board.countWanted();
    this.drawModes();
  }

  async rename() {
    const renamed = await renameBatch(this.batch);
    if (!renamed) return;
    this.batch.Name = renamed.Name;
    this.title.textContent = this.title.title = renamed.Name;
    this.drawResults();
  }

  drawModes() {
    this.reviewing.lastElementChild.textContent = t("batch.review", { n: this.openAnswers });
    this.reviewing.setAttribute("aria-pressed", String(this.isReview));
    this.listing.setAttribute("aria-pressed", String(!this.isReview));
  }

  drawFacts() {
    const { batch } = this;
    document.title = `${batch.Name} – omrclip`;
    const counts = [t("count.sheets", { n: batch.Total })];
    if (batch.Failed) counts.push(t("batch.failedSheets", { n: batch.Failed }));
    const retry = batch.Failed && batch.State === "done" ? button(t("batch.retry"), "redo", () => this.retry(), { kind: "quiet" }) : null;
    const changed = (later) => {
      Object.assign(this.batch, later);
      this.drawFacts();
    };
    this.facts.replaceChildren(...[counts.join(" · "), " · ", expiryNote(batch, changed), retry].filter(Boolean));
  }

  /** There is a link to each sheet. A page that was not found, or was placed by hand, can be placed. */
  sheetActions(sheet) {
    const link = button(t("sheets.link"), "link", () => copyLink(this.batch.Identifier, sheet, this.board.chosen), { kind: "quiet" });
    const state = button(t("sheets.contentState"), "link", () => copyContentState(this.batch.Identifier, sheet, this.board.chosen), { kind: "quiet", title: t("sheets.contentStateText") });
    const isByHand = sheet.recognition?.Registration?.Strategy === BY_HAND;
    const canBePlaced = sheet.state === "failed" || isByHand;
    const placing = canBePlaced && button(t("placing.open"), "point", () => this.placePage(sheet).catch(notifyFailure));
    return [h("div", { className: "row" }, placing || "", link, sheet.source ? state : "")];
  }

  async placePage(sheet) {
    if (!sheet.source) return notify(t("placing.noPicture"), { bad: true });
    if (!(await placePage(this.batch.Identifier, sheet))) return undefined;
    sheet.isPlaced = true;
    this.shownDone = -1;
    this.batch = await requests.readBatch(this.batch.Identifier);
    this.follow();
    return this.drawFacts();
  }

  async retry() {
    try {
      this.batch = await requests.retryBatch(this.batch.Identifier);
      this.shownDone = -1;
      this.follow();
    } catch (error) {
      notifyFailure(error);
    }
  }

  drawProgress({ State, Total = 0, Done = 0, SecondsLeft = null }) {
    this.running.hidden = !Total || Done >= Total || State === "failed";
    this.progress.value = Total ? Done / Total : 0;
    const left = SecondsLeft ? ` · ${t("recognize.left", { time: duration(SecondsLeft) })}` : "";
    this.said.textContent = this.running.hidden ? "" : t("recognize.done", { done: Done, total: Total }) + left;
  }

  /** What is being sent, and what was not taken, by name. */
  drawUploads() {
    const { total, sent, problems, active } = this.uploads;
    this.told.hidden = !active && !problems.length;
    const lines = problems.map(({ name, message, requestId }) => h("li", {}, h("strong", {}, name), ` – ${message}`, requestNote(requestId)));
    this.told.replaceChildren(
      active ? h("p", { role: "status" }, t("upload.sent", { done: sent, n: total })) : "",
      lines.length ? h("div", { role: "alert" }, h("p", { className: "problem" }, t("upload.problems", { n: lines.length })), h("ul", { className: "stack" }, lines)) : "",
      lines.length ? button(t("dismiss"), "close", () => this.uploads.dismiss(), { square: true, kind: "quiet" }) : "",
    );
  }

  /** The files with the results, once they are written. */
  drawResults() {
    const isDone = this.batch.State === "done" && this.batch.Passed > 0;
    this.results.replaceChildren(...(isDone ? resultActions(this.batch, this.corrections) : []));
  }

  destroy() {
    this.unfollow?.();
    for (const stop of this.stops ?? []) stop();
    this.board.destroy();
    this.node.remove();
    return this.corrections.flush().catch(notifyFailure);
  }
}
