/** The clips under a sheet's answers: to look at, to save, to refer to. */

import * as api from "../api.js";
import { notify, notifyFailure, openDialog } from "../dialogs.js";
import { button, h } from "../dom.js";
import { saveAddress } from "../files.js";
import { t } from "../messages.js";
import { openViewer } from "../viewer.js";
import { titleOf } from "./sheets.js";
import { remarkOf } from "./status.js";

const SQUARE = { square: true, kind: "quiet" };

/** The list of a sheet's clips; `go(clip)` shows where it was cut, `corrections` holds what was typed of each. */
export function clipList(sheet, corrections, go) {
  if (!sheet.clips.length) return h("p", { className: "muted" }, t("clips.none"));
  return h("ul", { className: "clips" }, sheet.clips.map((clip) => entry(sheet, clip, corrections, go)));
}

function entry(sheet, clip, corrections, go) {
  const picture = h("img", { src: sheet.picture(clip, 480, 240), alt: "", loading: "lazy" });
  const open = h("button", { type: "button", className: "clip-picture", aria: { label: t("clips.preview", { name: titleOf(clip) }) }, onclick: () => previewClip(sheet, clip) }, picture);
  const typed = h("input", {
    type: "text", autocomplete: "off", value: corrections.of(sheet, clip) ?? "",
    placeholder: t("clips.says"), aria: { label: t("clips.saysOf", { name: titleOf(clip) }) },
    oninput: () => corrections.set(sheet, clip, typed.value === "" ? undefined : typed.value),
    onfocus: () => go(clip),
  });
  return h(
    "li",
    { className: "clip", dataset: { name: titleOf(clip) } },
    h(
      "div",
      { className: "row nowrap" },
      h("button", { type: "button", className: "quiet plain grow", onclick: () => go(clip) }, titleOf(clip)),
      button(t("clips.save", { name: titleOf(clip) }), "down", () => saveAddress(sheet.clipAddress(clip), sheet.savedName(clip)), SQUARE),
      button(t("clips.copy", { name: titleOf(clip) }), "link", () => copyUri(sheet, clip), { ...SQUARE }),
    ),
    open,
    clip.Message ? h("p", { className: "warning" }, remarkOf(clip)) : null,
    typed,
  );
}

async function copyUri(sheet, clip) {
  try {
    await navigator.clipboard.writeText(sheet.clipUri(clip));
    notify(t("clips.copied"));
  } catch {
    notify(sheet.clipUri(clip)); // without permission it can still be read, and copied by hand
  }
}

/** A clip in a view of its own. */
export function previewClip(sheet, clip) {
  const host = h("div", { className: "viewer", tabIndex: 0, role: "application", aria: { label: t("clips.previewOf", { name: titleOf(clip) }) }, onkeydown: (event) => viewer?.pressed(event) });
  let viewer = null;
  const extents = clip.Box ? { width: clip.Box.Width, height: clip.Box.Height } : null;
  const opening = () => openViewer(host, sheet.clipSource(clip), extents).then((opened) => (viewer = opened), notifyFailure);
  const shown = openDialog(`${titleOf(clip)} · ${sheet.name}`, (close) => [
    host,
    h(
      "div",
      { className: "actions" },
      button(t("zoom.rotate"), "rotate", () => viewer?.rotateBy(90)),
      button(t("save"), "down", () => saveAddress(sheet.clipAddress(clip), clip.File), { kind: "primary" }),
      button(t("dismiss"), null, () => close()),
    ),
  ], { wide: true });
  opening();
  return shown.then(() => viewer?.destroy());
}

/** Save all clips and results of kept recognitions: a zip file each. */
export function saveAll(ids) {
  for (const id of ids) saveAddress(api.keptAddress(id, "files.zip"), `${id}.zip`);
}
