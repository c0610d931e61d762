/** The results of a batch to look at, to save, and to hand on. */

import { notify, notifyFailure } from "../dialogs.js";
import { button, h, icon } from "../dom.js";
import { saveAddress } from "../files.js";
import { t } from "../messages.js";
import { titleOf } from "../review/sheets.js";
import { contentStateLink } from "./content_state.js";
import { resultAddress } from "./requests.js";

/** Where numbers have a decimal comma, spreadsheets expect semicolons. */
const SEPARATOR = new Intl.NumberFormat(navigator.language).format(0.5).includes(",") ? ";" : ",";

/** Links and buttons for a batch that is done. What was decided is sent first, so that the files have it. */
export function resultActions(batch, corrections) {
  const id = batch.Identifier;
  const saving = (label, iconName, file, kind, name = t("share.export", { format: label })) => button(label, iconName, async () => {
    try {
      await corrections.flush();
      saveAddress(resultAddress(id, file), `${batch.Name}.${kind}`);
    } catch (error) {
      notifyFailure(error);
    }
  }, { kind: "quiet", title: name, aria: { label: name } });
  return [
    h("a", { className: "button quiet", href: `#/clips/${id}` }, icon("images"), t("share.gallery")),
    h("a", { className: "button quiet", href: `#/wall/${id}` }, icon("grid"), t("wall.title")),
    saving("CSV", "table", `results.csv?separator=${encodeURIComponent(SEPARATOR)}`, "csv"),
    saving("XLSX", null, "results.xlsx", "xlsx"),
    saving("ZIP", "down", "clips.zip", "zip"),
    saving("PDF", null, "marked.pdf", "pdf", t("share.marked")),
    button(t("batch.link"), "link", () => copyLink(id), { square: true, kind: "quiet" }),
  ];
}

/** Copy the link to a batch, to one of its sheets, or to an answer or clip on it by its title. */
export function copyLink(id, sheet = null, title = null) {
  const parts = sheet ? [id, "sheets", sheet.name, title] : [id];
  return copy(`${location.origin}${location.pathname}#/batch/${parts.filter(Boolean).map(encodeURIComponent).join("/")}`);
}

/** Copy the link to a sheet, or to an answer or clip on it by its title, as viewers of IIIF images understand it. */
export function copyContentState(id, sheet, title = null) {
  const { Elements = [], Clips = [] } = sheet.recognition ?? {};
  const found = [...Elements, ...Clips].find((one) => titleOf(one) === title);
  return copy(contentStateLink(id, sheet.name, found?.Corners?.length ? found.Corners : null));
}

async function copy(address) {
  try {
    await navigator.clipboard.writeText(address);
    notify(t("share.copied"));
  } catch {
    notify(address); // without permission it can still be read, and copied by hand
  }
}
