/** Renaming a batch, letting it expire later, deleting it. */

import { askForm, confirmed, notifyFailure } from "../dialogs.js";
import { button, choice, field, h } from "../dom.js";
import { moment, t } from "../messages.js";
import { changeBatch, createSample, deleteBatch } from "./requests.js";

const DAY = 24 * 3600;
/** How long results can be stored: seconds, or null for good. */
export const KEEPING = [[3600, "recognize.hour"], [DAY, "recognize.day"], [7 * DAY, "recognize.week"], [30 * DAY, "recognize.month"], [null, "recognize.forGood"]];
/** A batch that expires sooner is marked. */
const SOON = 2 * DAY;

/** A choice of KEEPING. `keepingIn(choice)` is its value. */
export function keepingChoice(seconds, properties = {}) {
  return choice(KEEPING.map(([value, key]) => [String(value), t(key)]), String(seconds), properties);
}

export const keepingIn = (select) => JSON.parse(select.value);

/** A button that makes a batch of the sample form, and opens it. */
export function sampleButton() {
  const make = async () => {
    try {
      location.hash = `#/batch/${(await createSample(t("sample.name"))).Identifier}`;
    } catch (error) {
      notifyFailure(error);
    }
  };
  return button(t("sample.make"), "play", make);
}

/** Ask for another name. Gives the batch as it is then, null if nothing was changed. */
export function renameBatch(batch) {
  const name = h("input", { type: "text", value: batch.Name, required: true, autofocus: true, maxLength: 200 });
  return askForm(t("batch.rename"), [field(t("name"), name)], t("save"), () => changeBatch(batch.Identifier, { Name: name.value.trim() }));
}

/** Ask how long to store a batch from now on. */
export function keepBatch(batch) {
  const keep = keepingChoice(30 * DAY, { autofocus: true });
  const text = batch.Expires === null ? t("batch.storedForGood") : t("batch.expires", { time: moment(batch.Expires) });
  return askForm(t("batch.keep"), [h("p", {}, text), field(t("recognize.keep"), keep)], t("save"), () => changeBatch(batch.Identifier, { KeepSeconds: keepingIn(keep) }));
}

/** When a batch expires, with a warning if that is soon, and a button to store it longer. `changed(batch)` follows. */
export function expiryNote(batch, changed) {
  const isSoon = batch.Expires !== null && batch.Expires - Date.now() / 1000 < SOON;
  const text = batch.Expires === null ? t("batch.storedForGood") : t(isSoon ? "batch.expiresSoon" : "batch.expires", { time: moment(batch.Expires) });
  const longer = async () => {
    const later = await keepBatch(batch);
    if (later) changed(later);
  };
  return h("span", {}, h("span", { className: isSoon ? "warning" : "" }, text), " ", button(t("batch.keepShort"), null, longer, { kind: "quiet", aria: { label: t("batch.keepOf", { name: batch.Name }) } }));
}

/** Ask, and delete a batch. True if it is deleted. */
export async function removeBatch(batch) {
  const text = t("batch.deleteText", { name: batch.Name, n: batch.Total });
  if (!(await confirmed(t("batch.deleteTitle"), text, t("delete"), { danger: true }))) return false;
  try {
    await deleteBatch(batch.Identifier);
    return true;
  } catch (error) {
    notifyFailure(error);
    return false;
  }
}
