/** Try the template as it is now on a filled scan: what would be read and clipped. Nothing is stored. */

import * as api from "../api.js";
import { openDialog } from "../dialogs.js";
import { button, h } from "../dom.js";
import { boxAround } from "../geometry.js";
import { t } from "../messages.js";
import { drawSheet } from "../review/overlay.js";
import { Sheet, titleOf } from "../review/sheets.js";
import { remarkOf, statusMark } from "../review/status.js";
import { openViewer } from "../viewer.js";

/** Recognize a scan with a template file, and show what came out until the dialog is closed. */
export async function tryScan(name, template, scan) {
  const answer = await api.tryTemplate(template, await api.pageImageFile(name), scan);
  const sheet = new Sheet(scan.name, null);
  sheet.take(answer, 0);
  const address = URL.createObjectURL(scan);
  try {
    await show(sheet, address, clipFiles(answer));
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** The pictures of the clips, by their file names. */
const clipFiles = ({ ResponseFiles }) => new Map(ResponseFiles.map(({ Name, MediaType, Data }) => [Name, `data:${MediaType};base64,${Data}`]));

function show(sheet, address, pictures) {
  const host = h("div", { className: "viewer", tabIndex: 0, role: "application", aria: { label: t("sheets.scan") }, onkeydown: (event) => viewer?.pressed(event) });
  let viewer = null;
  let chosen = null;
  const go = (found) => {
    chosen = titleOf(found);
    if (found.Corners?.length) viewer?.goTo(boxAround(found.Corners), 2.5);
    viewer?.redraw();
  };
  const { recognition } = sheet;
  const extents = { width: recognition.Registration?.Scan.Width ?? 1000, height: recognition.Registration?.Scan.Height ?? 1400 };
  const opening = () => openViewer(host, { url: address }, extents, { corner: false, draw: (context, scale) => drawSheet(context, scale, recognition, chosen) })
    .then((opened) => (viewer = opened), () => host.remove()); // a browser shows no TIFF; what was read is told all the same
  const told = sheet.state === "failed" ? h("p", { className: "problem", role: "alert" }, sheet.error) : t("trying.text");
  return openDialog(t("trying.title", { name: sheet.name }), (close) => [
    h("p", { className: "muted" }, told),
    ...sheet.remarks.map((remark) => h("p", { className: "warning" }, remark)),
    host,
    sheet.answers.length ? answers(sheet, go) : "",
    sheet.clips.length ? h("ul", { className: "clips" }, sheet.clips.map((clip) => clipEntry(clip, pictures, go))) : "",
    h("div", { className: "actions" }, button(t("dismiss"), null, () => close(), { kind: "primary" })),
  ], { wide: true, onopen: opening }).then(() => viewer?.destroy());
}

function answers(sheet, go) {
  const line = (element) => h(
    "tr",
    { className: element.Status },
    h("th", { scope: "row" }, h("button", { type: "button", className: "quiet plain", onclick: () => go(element) }, titleOf(element))),
    h("td", {}, element.Value ?? "", element.Message ? h("p", { className: "muted" }, remarkOf(element)) : null),
    h("td", {}, statusMark(element.Status)),
  );
  return h(
    "table",
    { className: "answers tried" },
    h("caption", { className: "visually-hidden" }, t("answers.title")),
    h("thead", {}, h("tr", {}, ["answers.name", "answers.value", "answers.status"].map((key) => h("th", { scope: "col" }, t(key))))),
    h("tbody", {}, sheet.answers.map(line)),
  );
}

function clipEntry(clip, pictures, go) {
  const picture = pictures.get(clip.File);
  return h(
    "li",
    { className: "clip" },
    h("button", { type: "button", className: "quiet plain", onclick: () => go(clip) }, titleOf(clip)),
    picture ? h("img", { src: picture, alt: "" }) : null,
    clip.Message ? h("p", { className: "warning" }, remarkOf(clip)) : null,
  );
}
