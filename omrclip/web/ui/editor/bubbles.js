/** The fields that lay out the bubbles of a choice box, or the columns of a grid. */

import { check, field, h } from "../dom.js";
import { t } from "../messages.js";
import { layBubbles, layGrid, rowsAndColumns } from "./document.js";

/** {node, update}: the fields for the one element that is selected. */
export function bubbleFields(editing, kind) {
  return kind === "Grid" ? gridFields(editing) : choiceFields(editing);
}

function choiceFields(editing) {
  const rows = counter(t("bubbles.rows"));
  const columns = counter(t("bubbles.columns"));
  const values = h("input", { type: "text", autocomplete: "off", spellcheck: false });
  const wide = counter(t("field.BubbleWidth"));
  const high = counter(t("field.BubbleHeight"));
  const several = check(t("field.Multiselect"));
  const lay = () => {
    const [r, c] = [whole(rows.input), whole(columns.input)];
    if (r && c && r * c <= 1000) {
      editing.changeSelected((element) => layBubbles(sized(element), r, c, split(values.value)), { merge: "bubbles" });
    }
  };
  const sized = (element) => ({ ...element, BubbleWidth: whole(wide.input) || element.BubbleWidth, BubbleHeight: whole(high.input) || element.BubbleHeight });
  for (const { input } of [rows, columns, wide, high]) input.addEventListener("input", lay);
  values.addEventListener("input", () => {
    const texts = split(values.value);
    editing.changeSelected((element) => withValues(element, texts), { merge: "values" });
  });
  several.firstElementChild.addEventListener("change", (event) => {
    editing.changeSelected((element) => ({ ...element, Multiselect: event.target.checked }));
  });
  const node = h(
    "fieldset",
    { className: "group" },
    h("legend", {}, t("bubbles.title")),
    h("div", { className: "places" }, rows.node, columns.node, wide.node, high.node),
    field(t("bubbles.values"), values),
    several,
  );
  return {
    node,
    update: (element) => {
      const found = rowsAndColumns(element);
      put(rows.input, found.rows);
      put(columns.input, found.columns);
      put(wide.input, element.BubbleWidth);
      put(high.input, element.BubbleHeight);
      put(values, join((element.Bubbles ?? []).map((bubble) => bubble.Value)));
      several.firstElementChild.checked = Boolean(element.Multiselect);
    },
  };
}

function gridFields(editing) {
  const columns = counter(t("bubbles.digits"));
  columns.input.addEventListener("input", () => {
    const count = whole(columns.input);
    if (count && count <= 60) editing.changeSelected((element) => layGrid(element, count), { merge: "grid" });
  });
  const values = h("input", { type: "text", autocomplete: "off", spellcheck: false });
  values.addEventListener("input", () => {
    const texts = split(values.value);
    editing.changeSelected((element) => ({ ...element, Elements: (element.Elements ?? []).map((child) => withValues(child, texts)) }), { merge: "values" });
  });
  const node = h("fieldset", { className: "group" }, h("legend", {}, t("kind.Grid")), columns.node, field(t("bubbles.values"), values));
  return {
    node,
    update: (element) => {
      put(columns.input, element.Elements?.length ?? 0);
      put(values, join((element.Elements?.[0]?.Bubbles ?? []).map((bubble) => bubble.Value)));
    },
  };
}

const withValues = (element, texts) => ({
  ...element,
  Bubbles: (element.Bubbles ?? []).map((bubble, index) => (texts[index] === undefined ? bubble : { ...bubble, Value: texts[index] })),
});

function counter(label) {
  const input = h("input", { type: "number", min: 1, step: 1 });
  return { input, node: field(label, input) };
}

const whole = (input) => (/^\d+$/.test(input.value) && Number(input.value) > 0 ? Number(input.value) : 0);

function put(input, value) {
  if (document.activeElement !== input) input.value = String(value ?? "");
}

/** "ABCD" is four values; with a comma in it, what stands between the commas. */
const split = (text) => (text.includes(",") ? text.split(",").map((part) => part.trim()) : [...text]);
const join = (values) => (values.every((value) => String(value).length === 1 && value !== ",") ? values.join("") : values.join(", "));
