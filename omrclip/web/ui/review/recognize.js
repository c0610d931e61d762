/** Recognize: a template, images, progress, and the sheets as they come. */

import * as api from "../api.js";
import { failureText, notifyFailure, requestNote } from "../dialogs.js";
import { acceptDrops, button, choice, fileButton, h } from "../dom.js";
import { duration, t } from "../messages.js";
import { remember, remembered } from "../storage.js";
import { Board } from "./board.js";
import { Corrections } from "./corrections.js";
import { shareActions } from "./sharing.js";
import * as runs from "./run.js";

const DAY = 24 * 3600;
const KEPT = [[3600, "recognize.hour"], [DAY, "recognize.day"], [7 * DAY, "recognize.week"], [30 * DAY, "recognize.month"]];

export async function mount(main, wanted) {
  const view = new Recognize(main, await api.listTemplates(), wanted);
  return () => view.destroy();
}

class Recognize {
  constructor(main, templates, wanted) {
    this.corrections = new Corrections();
    const chosen = [wanted, runs.current?.template, remembered("template"), templates[0]].find((name) => templates.includes(name));
    this.template = choice(templates.map((name) => [name, name]), chosen, { onchange: () => remember("template", this.template.value) });
    this.keep = choice(KEPT.map(([seconds, key]) => [seconds, t(key)]), remembered("keep", DAY), { onchange: () => remember("keep", Number(this.keep.value)) });
    this.progress = h("progress", { max: 1, value: 0, aria: { label: t("recognize.progress") } });
    this.said = h("span", { className: "number", role: "status" });
    this.cancel = button(t("cancel"), "stop", () => runs.current?.cancel());
    this.running = h("div", { className: "running", hidden: true }, this.progress, this.said, this.cancel);
    this.sharing = h("span", { className: "row" });
    const take = (files) => this.start(files);
    const accept = { accept: "image/*,.tif,.tiff,.jp2,.pdf,.zip", multiple: true };
    this.drop = h(
      "div",
      { className: "drop big" },
      h("p", {}, t("recognize.drop")),
      fileButton(t("recognize.choose"), "images", take, { ...accept, kind: "primary" }),
      h("p", { className: "muted" }, t("recognize.privacy")),
    );
    this.notKept = h("p", { className: "warning", role: "alert", hidden: true });
    this.place = h("div", { className: "board-place" }, this.drop);
    this.node = h(
      "div",
      { className: "recognize" },
      h(
        "div",
        { className: "toolbar" },
        h("h1", {}, t("nav.recognize")),
        h("label", { className: "inline" }, t("recognize.template"), this.template),
        h("label", { className: "inline" }, t("recognize.keep"), this.keep),
        fileButton(t("recognize.choose"), "images", take, accept),
        this.running,
        h("span", { className: "grow" }),
        this.sharing,
      ),
      this.notKept,
      this.place,
    );
    main.append(this.node);
    acceptDrops(main, take);
    if (runs.current && (!wanted || wanted === runs.current.template)) this.follow(runs.current);
  }

  start(files) {
    const images = files.filter((file) => !/\.(omr|json|txt|csv|ini|db)$/i.test(file.name));
    if (!images.length || !this.template.value) return;
    remember("template", this.template.value);
    this.follow(runs.begin(this.template.value, images, Number(this.keep.value)));
  }

  follow(run) {
    this.unfollow?.();
    this.board?.destroy();
    this.run = run;
    this.corrections = new Corrections();
    this.board = new Board(run.sheets, this.corrections);
    this.place.replaceChildren(this.board.node);
    const stop = run.listen((sheet) => this.changed(sheet));
    const tick = setInterval(() => this.drawProgress(), 1000);
    this.unfollow = () => (stop(), clearInterval(tick));
    this.changed(null);
  }

  changed(sheet) {
    if (sheet) this.board.changed(sheet);
    else this.corrections.load(this.run.ids).then(() => this.board.changed(null), notifyFailure);
    this.drawProgress();
  }

  drawProgress() {
    const { run } = this;
    const { total } = run;
    this.running.hidden = run.state !== "running";
    this.progress.value = run.done / total;
    const left = run.secondsLeft;
    this.said.textContent = t("recognize.done", { done: run.done, total }) + (left ? ` · ${t("recognize.left", { time: duration(left) })}` : "");
    this.notKept.hidden = !run.notKept;
    const notKept = run.notKept && [t("recognize.notKept", { reason: failureText(run.notKept) }), ...requestNote(run.notKept.requestId)];
    this.notKept.replaceChildren(...(notKept ?? []));
    const key = `${run.state} ${run.ids.length}`;
    if (this.shared === key && this.sharedRun === run) return;
    [this.shared, this.sharedRun] = [key, run];
    const ready = run.state !== "running";
    this.sharing.replaceChildren(...(ready ? shareActions(run.ids, run.sheets, this.corrections, run.template) : []));
  }

  destroy() {
    this.unfollow?.();
    this.board?.destroy();
    this.node.remove();
    return this.corrections.flush().catch(notifyFailure);
  }
}
