/** What the editor waits for, asked for before its own modules have come: they and the page image take the longest. */

import * as api from "../api.js";
import { loadLibrary } from "../viewer.js";

/** Open the editor of a template in `main`; gives the function that takes it down again. */
export async function mount(main, name) {
  const [editor, opened, pages] = await Promise.all([import("./editor.js"), api.readTemplate(name), listPages(name), loadLibrary()]);
  return editor.mount(main, name, opened, pages);
}

/** The pages. Asked for the first one's thumbnail, the server decodes its image while the editor still loads. */
async function listPages(name) {
  const pages = await api.listPages(name);
  const [first] = pages;
  // Not as an image, which the page would count as a part of itself that it still waits for.
  if (first.Image) fetch(api.pageThumbnail(first)).then((answer) => answer.blob()).catch(() => {}); // the viewer tells
  return pages;
}
