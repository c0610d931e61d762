/** Recognize: the first documents, templates and a name make a batch. More documents are added to it at any time. */

import * as api from "../api.js";
import { notifyFailure } from "../dialogs.js";
import { acceptDrops, check, field, fileButton, h } from "../dom.js";
import { helpLink } from "../help.js";
import { moment, t } from "../messages.js";
import { remember, remembered } from "../storage.js";
import { ACCEPTED } from "./batch.js";
import { KEEPING, keepingChoice, keepingIn, sampleButton } from "./managing.js";
import { createBatch } from "./requests.js";
import { uploadsOf } from "./uploads.js";

const DAY = 24 * 3600;

export async function mount(main, wanted) {
  const templates = await api.listTemplates();
  if (!templates.length) {
    main.append(h("div", { className: "empty" }, h("h1", {}, t("nav.recognize")), h("p", {}, t("recognize.noTemplate")), h("p", {}, h("a", { className: "button primary", href: "#/templates" }, t("templates.fromImage")), " ", sampleButton()), h("p", {}, helpLink())));
    return;
  }
  const chosen = [wanted, remembered("template"), templates[0]].find((name) => templates.includes(name));
  const boxes = templates.map((name) => check(name, { value: name, checked: name === chosen, onchange: () => told.replaceChildren() }));
  const name = h("input", { type: "text", maxLength: 200, placeholder: t("batch.namePlaceholder"), autocomplete: "off" });
  const kept = remembered("keep", 30 * DAY);
  const keep = keepingChoice(KEEPING.some(([seconds]) => seconds === kept) ? kept : 30 * DAY, { onchange: () => remember("keep", keepingIn(keep)) });
  const told = h("p", { className: "problem", role: "alert" });
  let isCreating = false;

  /** Create a batch, and send the files to it. */
  const take = async (files) => {
    const names = boxes.map((box) => box.firstElementChild).filter((box) => box.checked).map((box) => box.value);
    if (!names.length) return told.replaceChildren(t("recognize.chooseTemplate"));
    if (isCreating) return undefined;
    isCreating = true;
    try {
      remember("template", names[0]);
      const batch = await createBatch(name.value.trim() || `${names.join(", ").slice(0, 150)} – ${moment(Date.now() / 1000).replace(/\s/g, " ")}`, names, keepingIn(keep));
      uploadsOf(batch.Identifier).add(files);
      location.hash = `#/batch/${batch.Identifier}`;
    } catch (error) {
      notifyFailure(error);
    } finally {
      isCreating = false;
    }
    return undefined;
  };
  main.append(h(
    "div",
    { className: "content new-batch" },
    h("h1", {}, t("nav.recognize")),
    h("fieldset", { className: "templates" }, h("legend", {}, t("recognize.templates")), boxes),
    told,
    h("div", { className: "row" }, field(t("batch.name"), name), field(t("recognize.keep"), keep)),
    h(
      "div",
      { className: "drop big" },
      h("p", {}, t("recognize.drop")),
      fileButton(t("recognize.choose"), "images", take, { ...ACCEPTED, kind: "primary" }),
      h("p", { className: "muted" }, t("recognize.privacy")),
      h("p", { className: "muted" }, t("batch.background")),
    ),
  ));
  acceptDrops(main, take);
}
