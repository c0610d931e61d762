/**
 * Odd one out: all answers of one element that were read as one value, as small pictures. Among many that are alike, a
 * wrong one is seen at once. A click takes it out, and it is corrected beside the others.
 */

import { notifyFailure } from "../dialogs.js";
import { button, choice, h } from "../dom.js";
import { t } from "../messages.js";
import { titleOf } from "../review/sheets.js";
import { BatchCorrections } from "./corrections.js";
import { Pictures } from "./pictures.js";
import { listFields, partAddress, readBatch, readFirstSheet } from "./requests.js";

const AT_ONCE = 200;
const [WIDTH, HEIGHT] = [260, 110];

export async function mount(main, id) {
  let wall = null;
  const corrections = new BatchCorrections(id, () => wall?.changed());
  const [batch, first] = await Promise.all([readBatch(id), readFirstSheet(id), corrections.load()]);
  const elements = first?.Elements ?? [];
  wall = new Wall(main, batch, elements, corrections);
  const stop = corrections.watch();
  await wall.choose();
  const leave = () => {
    stop();
    wall.pictures.clear();
    wall.node.remove();
    return corrections.flush().catch(notifyFailure);
  };
  leave.hasUnsaved = () => corrections.hasUnsent;
  return leave;
}

class Wall {
  constructor(main, batch, elements, corrections) {
    Object.assign(this, { batch, corrections, fields: [], turn: 0 });
    const names = elements.map(titleOf);
    this.element = choice(names.map((name) => [name, name]), names[0], { onchange: () => this.choose().catch(notifyFailure) });
    this.value = choice([], "", { onchange: () => this.draw() });
    this.said = h("span", { className: "number", role: "status" });
    this.more = button(t("wall.more"), "down", () => this.drawMore());
    this.list = h("ul", { className: "wall", aria: { label: t("wall.title") } });
    const place = h("div", { className: "gallery-place", tabIndex: -1 }, h("p", { className: "muted" }, t("wall.text")), this.list, this.more);
    this.pictures = new Pictures(place);
    this.node = h(
      "div",
      { className: "recognize" },
      h(
        "div",
        { className: "toolbar" },
        h("a", { className: "button quiet square", href: `#/batch/${batch.Identifier}`, title: t("wall.back"), aria: { label: t("wall.back") } }, "←"),
        h("h1", {}, `${t("wall.title")} – ${batch.Name}`),
        h("label", { className: "inline" }, t("wall.element"), this.element),
        h("label", { className: "inline" }, t("wall.value"), this.value),
        this.said,
      ),
      place,
    );
    main.append(this.node);
  }

  /** Another element was chosen: its answers are grouped by what holds for them now. */
  async choose() {
    const turn = (this.turn += 1);
    const name = this.element.value;
    const listed = name ? await listFields(this.batch.Identifier, { element: name }) : [];
    if (turn !== this.turn) return;
    this.fields = listed.flatMap(({ Name, Fields }) => Fields.map((field) => [{ name: Name, kept: true }, field]));
    this.value.replaceChildren();
    this.draw();
  }

  /** Tell beside each value how many answers have it now. The values stay in their order. */
  countValues() {
    const counts = new Map([...this.value.options].map(({ value }) => [value, 0]));
    for (const entry of this.fields) counts.set(this.valueOf(entry), (counts.get(this.valueOf(entry)) ?? 0) + 1);
    const isNew = !this.value.options.length;
    const sorted = isNew ? [...counts].sort((a, b) => b[1] - a[1]) : [...counts];
    sorted.forEach(([value, n], index) => {
      const option = this.value.options[index] ?? this.value.appendChild(h("option", { value }));
      option.textContent = t("wall.group", { value: value || t("status.blank"), n });
    });
  }

  valueOf([sheet, field]) {
    return this.corrections.of(sheet, field) ?? field.Value;
  }

  /** Show the group; what is corrected stays in its place until another group is chosen. */
  draw() {
    this.countValues();
    this.shown = this.fields.filter((entry) => this.valueOf(entry) === this.value.value);
    this.entries = new Map();
    this.list.dataset.element = this.element.value;
    this.pictures.clear();
    this.list.replaceChildren();
    this.drawMore();
  }

  drawMore() {
    const begin = this.entries.size;
    const some = this.shown.slice(begin, begin + AT_ONCE);
    this.list.append(...some.map((entry) => this.entry(entry)));
    this.more.hidden = this.entries.size >= this.shown.length;
    this.said.textContent = t("wall.shown", { n: this.entries.size, total: this.shown.length });
  }

  entry([sheet, field]) {
    const picture = h("img", { alt: "", decoding: "async", width: WIDTH, height: HEIGHT });
    const toggle = h("button", { type: "button", className: "clip-picture", aria: { label: t("wall.pick", { sheet: sheet.name }), expanded: "false" }, onclick: () => this.open([sheet, field]) }, picture);
    const node = h("li", { className: "wall-entry" }, toggle, h("span", { className: "muted name" }, sheet.name));
    this.entries.set(field, { node, toggle, sheet });
    this.pictures.add(node, partAddress(this.batch.Identifier, sheet.name, field.Corners, WIDTH, HEIGHT, 0.2));
    this.mark(field);
    return node;
  }

  /** Ask for the right value beside the picture. */
  open([sheet, field]) {
    const { node, toggle } = this.entries.get(field);
    const open = node.querySelector("input");
    if (open) {
      open.parentElement.remove();
      toggle.setAttribute("aria-expanded", "false");
      return;
    }
    toggle.setAttribute("aria-expanded", "true");
    const input = h("input", {
      type: "text", autocomplete: "off", spellcheck: false, value: this.valueOf([sheet, field]), aria: { label: t("wall.right", { sheet: sheet.name }) },
      onkeydown: (event) => {
        if (event.key === "Enter" || event.key === "Escape") (event.preventDefault(), this.open([sheet, field]), toggle.focus());
      },
      oninput: () => this.corrections.set(sheet, field, input.value === field.Value ? undefined : input.value),
    });
    node.append(h("div", { className: "field" }, input));
    input.focus();
    input.select();
  }

  mark(field) {
    const found = this.entries.get(field);
    if (!found) return;
    const value = this.corrections.of(found.sheet, field);
    const isOdd = value !== undefined && value !== this.value.value;
    found.node.classList.toggle("odd", isOdd);
    found.node.querySelector(".name").textContent = isOdd ? `${found.sheet.name} → ${value || t("status.blank")}` : found.sheet.name;
  }

  changed() {
    this.countValues();
    for (const field of this.entries?.keys() ?? []) this.mark(field);
  }
}
