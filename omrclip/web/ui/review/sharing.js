/** What can be done with the sheets of a run as a whole: look at one clip area over all, export, save, hand on. */

import * as api from "../api.js";
import { notify, notifyFailure, openDialog } from "../dialogs.js";
import { button, h, icon } from "../dom.js";
import { saveAddress, saveFile } from "../files.js";
import { t } from "../messages.js";
import { saveAll } from "./clips.js";
import { titleOf } from "./sheets.js";

// It runs in the reader's browser, but learns the manifest's address when it is opened: so people are asked.
const MIRADOR = "https://projectmirador.org/embed/?iiif-content=";

/**
 * The buttons for recognitions `ids` with these sheets; `name` is what files are called. The server makes the tables,
 * with the corrections that it has.
 */
export function shareActions(ids, sheets, corrections, name) {
  const give = (save) => async () => {
    try {
      await corrections.flush();
      if (!corrections.hasUnsent) await save(); // else it was told why they could not be sent
    } catch (error) {
      notifyFailure(error);
    }
  };
  const giveTable = (kind) => give(() => {
    saveAddress(api.tableAddress(ids, kind), `${name}.${kind}`);
  });
  const giveJson = give(async () => {
    await corrections.load(ids);
    saveFile(asJson(sheets, corrections), `${name}.json`);
  });
  const exporting = (format) => ({ kind: "quiet", aria: { label: t("share.export", { format }) } });
  const json = button("JSON", null, giveJson, exporting("JSON"));
  const hasClips = sheets.some((sheet) => sheet.clips.length);
  return [
    hasClips && h("a", { className: "button quiet", href: `#/gallery/${ids.join("+")}` }, icon("images"), t("share.gallery")),
    hasClips && button(t("share.zip"), "down", () => saveAll(ids), { kind: "quiet" }),
    button("CSV", "table", giveTable("csv"), exporting("CSV")),
    button("XLSX", null, giveTable("xlsx"), exporting("XLSX")),
    json,
    button(t("share.manifest"), "link", () => showManifests(ids), { kind: "quiet" }),
  ].filter(Boolean);
}

/** Everything that the service said of each sheet, with the corrections beside it. */
function asJson(sheets, corrections) {
  const told = sheets.map((sheet) => {
    const named = [...(sheet.recognition?.Elements ?? []), ...sheet.clips];
    const said = named.map((one) => [titleOf(one), corrections.entry(sheet, one)]).filter(([, entry]) => entry);
    const of = (key) => Object.fromEntries(said.map(([title, entry]) => [title, entry[key] ?? null]));
    return { ...sheet.recognition, Corrections: of("Value"), CorrectedBy: of("By") };
  });
  return new File([JSON.stringify({ Recognitions: told }, null, 1)], "results.json", { type: "application/json" });
}

/** The manifests of the pages, to copy or to open in a viewer. */
export function showManifests(ids) {
  const entry = (id) => {
    const address = api.keptAddress(id, "manifest.json");
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(address);
        notify(t("share.copied"));
      } catch {
        notify(address);
      }
    };
    return h(
      "li",
      { className: "row" },
      h("a", { href: address, target: "_blank", rel: "noreferrer" }, `${id.slice(0, 8)}… manifest.json`),
      button(t("share.copy"), "link", copy, { kind: "quiet" }),
      h("a", { className: "button", href: MIRADOR + encodeURIComponent(address), target: "_blank", rel: "noreferrer noopener" }, t("share.mirador")),
    );
  };
  return openDialog(t("share.manifestTitle"), (close) => [
    h("p", {}, t("share.manifestText")),
    h("ul", { className: "stack" }, ids.map(entry)),
    h("p", { className: "warning" }, t("share.miradorText")),
    h("div", { className: "actions" }, button(t("dismiss"), null, () => close())),
  ]);
}
