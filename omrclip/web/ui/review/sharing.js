/** What can be done with the sheets of a run as a whole: look at one clip area over all, export, save, hand on. */

import * as api from "../api.js";
import { notify, notifyFailure, openDialog } from "../dialogs.js";
import { button, h, icon } from "../dom.js";
import { saveFile } from "../files.js";
import { t } from "../messages.js";
import { saveAll } from "./clips.js";
import { asCsv, asJson, asXlsx } from "./exporting.js";

// It runs in the reader's browser, but learns the manifest's address when it is opened: so people are asked.
const MIRADOR = "https://projectmirador.org/embed/?iiif-content=";

/** The buttons for recognitions `ids` with these sheets; `name` is what files are called. */
export function shareActions(ids, sheets, corrections, name) {
  const give = (make, suffix) => async () => {
    try {
      await corrections.flush();
      await corrections.load(ids);
      saveFile(await make(sheets, corrections), `${name}.${suffix}`);
    } catch (error) {
      notifyFailure(error);
    }
  };
  const hasClips = sheets.some((sheet) => sheet.clips.length);
  return [
    hasClips && h("a", { className: "button quiet", href: `#/gallery/${ids.join("+")}` }, icon("images"), t("share.gallery")),
    hasClips && button(t("share.zip"), "down", () => saveAll(ids), { kind: "quiet" }),
    button("CSV", "table", give(asCsv, "csv"), { kind: "quiet", aria: { label: t("share.export", { format: "CSV" }) } }),
    button("XLSX", null, give(asXlsx, "xlsx"), { kind: "quiet", aria: { label: t("share.export", { format: "XLSX" }) } }),
    button("JSON", null, give(asJson, "json"), { kind: "quiet", aria: { label: t("share.export", { format: "JSON" }) } }),
    button(t("share.manifest"), "link", () => showManifests(ids), { kind: "quiet" }),
  ].filter(Boolean);
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
