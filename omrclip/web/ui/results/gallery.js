/** One clip area over all sheets, with a field beside each for what it says. */

import { notifyFailure } from "../dialogs.js";
import { button, choice, h } from "../dom.js";
import { t } from "../messages.js";
import { previewClip } from "../review/clips.js";
import { Corrections } from "../review/corrections.js";
import { loadSheets } from "../review/kept.js";
import { titleOf } from "../review/sheets.js";
import { shareActions } from "../review/sharing.js";
import { listRuns, remember, remembered } from "../storage.js";

const SIZES = [12, 24, 48, 96];

export async function mount(main, address, wanted) {
  const ids = address.split("+");
  const corrections = new Corrections();
  const [{ sheets }] = await Promise.all([loadSheets(ids), corrections.load(ids)]);
  const areas = [...new Set(sheets.flatMap((sheet) => sheet.clips.map(titleOf)))];
  const entriesOf = (area) => sheets.flatMap((sheet) => sheet.clips.filter((clip) => titleOf(clip) === area).map((clip) => [sheet, clip]));
  const template = listRuns().find((each) => each.ids[0] === ids[0])?.template;
  const actions = shareActions(ids, sheets, corrections, template ?? "results").slice(1);
  const gallery = new Gallery(main, { areas, wanted, entriesOf, corrections, back: `#/sheets/${ids.join("+")}`, actions });
  await gallery.choose();
  const leave = () => gallery.destroy();
  leave.hasUnsaved = () => corrections.hasUnsent;
  return leave;
}

export class Gallery {
  /** `entriesOf(area)` gives [sheet, clip] of all sheets, perhaps later; `back` is the address of the sheets. Call `choose` then. */
  constructor(main, { areas, wanted, entriesOf, corrections, back, actions, title = "" }) {
    Object.assign(this, { entriesOf, corrections, page: 0, entries: [] });
    const name = areas.includes(wanted) ? wanted : areas[0];
    this.area = choice(areas.map((each) => [each, each]), name, { onchange: () => this.choose().catch(notifyFailure) });
    this.size = choice(SIZES.map((each) => [each, t("gallery.perPage", { n: each })]), remembered("gallery", 24), {
      aria: { label: t("gallery.size") },
      onchange: () => (remember("gallery", Number(this.size.value)), this.turnTo(0)),
    });
    this.said = h("span", { className: "number", role: "status" });
    this.back = button(t("gallery.back"), "left", () => this.turnTo(this.page - 1), { square: true, kind: "quiet" });
    this.on = button(t("gallery.on"), "right", () => this.turnTo(this.page + 1), { square: true, kind: "quiet" });
    this.list = h("ul", { className: "gallery", aria: { label: t("gallery.title") } });
    this.node = h(
      "div",
      { className: "recognize", onkeydown: (event) => this.pressed(event) },
      h(
        "div",
        { className: "toolbar" },
        h("a", { className: "button quiet square", href: back, title: t("gallery.sheets"), aria: { label: t("gallery.sheets") } }, "←"),
        h("h1", {}, title ? `${t("gallery.title")} – ${title}` : t("gallery.title")),
        h("label", { className: "inline" }, t("gallery.area"), this.area),
        this.back, this.said, this.on, this.size,
        h("span", { className: "grow" }),
        actions,
      ),
      h("div", { className: "gallery-place", tabIndex: -1 }, h("p", { className: "muted" }, t("gallery.keys")), this.list),
    );
    main.append(this.node);
  }

  /** Show the clips of the area that was chosen. */
  async choose() {
    const area = this.area.value;
    const entries = await this.entriesOf(area);
    if (area !== this.area.value) return;
    this.entries = entries;
    this.turnTo(0);
  }

  /** Show a page, and put the cursor into its first field where the keyboard turned it. */
  turnTo(page, { focus = false } = {}) {
    const size = Number(this.size.value);
    const { entries } = this;
    const pages = Math.max(1, Math.ceil(entries.length / size));
    this.page = Math.max(0, Math.min(page, pages - 1));
    const shown = entries.slice(this.page * size, (this.page + 1) * size);
    this.list.replaceChildren(...shown.map(([sheet, clip]) => this.entry(sheet, clip)));
    this.said.textContent = t("gallery.page", { page: this.page + 1, pages, total: entries.length });
    this.back.disabled = this.page === 0;
    this.on.disabled = this.page === pages - 1;
    this.list.parentElement.scrollTop = 0;
    if (focus) this.list.querySelector("textarea")?.focus();
  }

  entry(sheet, clip) {
    const field = h("textarea", {
      rows: 1, autocomplete: "off", value: this.corrections.of(sheet, clip) ?? "",
      placeholder: t("clips.says"), aria: { label: t("gallery.says", { sheet: sheet.name }) },
      oninput: () => this.corrections.set(sheet, clip, field.value === "" ? undefined : field.value),
    });
    return h(
      "li",
      { className: "gallery-entry" },
      h(
        "button",
        { type: "button", className: "clip-picture", aria: { label: t("gallery.look", { sheet: sheet.name }) }, onclick: () => previewClip(sheet, clip) },
        h("img", { src: sheet.picture(clip, 640, 320), alt: "", decoding: "async" }),
      ),
      field,
      h("span", { className: "muted name" }, sheet.name),
    );
  }

  /**
   * Page Up and Page Down turn pages, Enter and the arrows go from field to field and over to the next page. Shift+Enter
   * begins another line, in which the arrows go from line to line.
   */
  pressed(event) {
    const fields = [...this.list.querySelectorAll("textarea")];
    const at = fields.indexOf(event.target);
    if (event.key === "PageDown" || event.key === "PageUp") {
      event.preventDefault();
      this.turnTo(this.page + (event.key === "PageDown" ? 1 : -1), { focus: true });
    } else if (at >= 0 && goesOn(event)) {
      event.preventDefault();
      const by = event.key === "ArrowUp" ? -1 : 1;
      if (fields[at + by]) fields[at + by].focus();
      else if (by > 0 && !this.on.disabled) this.turnTo(this.page + 1, { focus: true });
    }
  }

  destroy() {
    this.node.remove();
    return this.corrections.flush().catch(notifyFailure);
  }
}

function goesOn({ key, shiftKey, target }) {
  if (key === "Enter") return !shiftKey;
  return (key === "ArrowDown" || key === "ArrowUp") && !target.value.includes("\n");
}
