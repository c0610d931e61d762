/** New templates out of files: an `.omr` with its page image, or a page image alone. */

import * as api from "../api.js";
import { askForm, notify } from "../dialogs.js";
import { check, field, h } from "../dom.js";
import { t } from "../messages.js";

const stem = (file) => file.name.replace(/\.[^.]*$/, "");
const isTemplate = (file) => /\.omr(cr)?$/i.test(file.name);
const isPage = (file) => file.type.startsWith("image/") || /\.(jpe?g|jfif|png|tiff?|webp|gif|bmp|jp2|j2k|pdf)$/i.test(file.name);

/**
 * Store what is in these files. An image or PDF goes with the `.omr` of the same stem, or with the only one there is;
 * without an `.omr` it becomes a new template. Files that are not used are told by name. Gives the name of the last
 * template that was stored, null where none was.
 */
export async function takeFiles(files) {
  const documents = files.filter(isTemplate);
  const images = files.filter((file) => !isTemplate(file) && isPage(file));
  const unused = new Set(files.filter((file) => !isTemplate(file)));
  let name = null;
  if (!documents.length) {
    for (const image of images) {
      unused.delete(image);
      name = (await askNew(image)) ?? name;
    }
    tellUnused(unused);
    return name;
  }
  for (const document of documents) {
    const image = images.find((file) => stem(file) === stem(document)) ?? (documents.length === 1 ? images[0] : undefined);
    unused.delete(image);
    name = (await storeDocument(document, image)) ?? name;
  }
  tellUnused(unused);
  return name;
}

function tellUnused(files) {
  if (files.size) notify(t("templates.notUsed", { n: files.size, names: [...files].map((file) => file.name).join(", ") }), { bad: true });
}

/** Ask for the name of a template that is made of a page image. */
function askNew(image) {
  const name = nameInput(stem(image));
  return askForm(t("templates.newTitle"), [h("p", { className: "muted" }, t("templates.newText", { file: image.name })), field(t("name"), name)], t("create"), async () => {
    const chosen = name.value.trim();
    await api.templateFromImage(chosen, image);
    return chosen;
  });
}

/** Store an `.omr` file under its own name; where there is one of that name, ask for another. */
async function storeDocument(document, image) {
  const text = await document.text();
  const store = async (name, etag) => {
    await api.writeTemplate(name, text, etag);
    if (image) await api.writePageImage(name, image);
    return name;
  };
  try {
    return await store(stem(document), null);
  } catch (error) {
    if (error.code !== "precondition_failed") throw error;
  }
  const name = nameInput(stem(document));
  const replace = check(t("templates.replace"));
  const said = h("p", { className: "muted" }, t("templates.exists", { name: stem(document) }));
  return askForm(t("templates.openTitle"), [said, field(t("name"), name), replace], t("save"), () =>
    store(name.value.trim(), replace.querySelector("input").checked ? "*" : null),
  );
}

/** A field for the name of a template. */
export const nameInput = (value) => h("input", { type: "text", value, required: true, autofocus: true, maxLength: 120 });

/** Ask for the name of a copy of a template, or for its new name if it `moves`. Gives the name, null where nothing was stored. */
export function copyTemplate(name, { moves = false } = {}) {
  const input = nameInput(name);
  return askForm(t(moves ? "templates.renameTitle" : "templates.copyTitle"), [field(t("name"), input)], t("save"), async () => {
    const wanted = input.value.trim();
    await api.writeTemplate(wanted, (await api.readTemplate(name)).text, null);
    await api.copyPageImage(name, wanted);
    if (moves) await api.deleteTemplate(name);
    return wanted;
  });
}
