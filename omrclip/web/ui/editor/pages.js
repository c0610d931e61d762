/** Further pages of the template, made of an image, or of the pages of a PDF or TIFF file. */

import * as api from "../api.js";

/** The pages in a file without elements, with their images embedded; `from` is the number of the first. */
export async function pagesOfFile(file, from) {
  const { Template } = await api.detectPages(file);
  return Template.Pages.map((page, index) => ({ ...page, Elements: [], ImageName: `page-${from + index}${page.ImageFormat}` }));
}

/** The address of an embedded image, to be revoked. */
export function addressOf({ ImageData }) {
  const bytes = Uint8Array.from(atob(ImageData), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes]));
}
