/** Further pages of the template, made of an image, or of the pages of a PDF or TIFF file. */

import * as api from "../api.js";

/** Pages that are asked for at a time: each takes a second or two, and proxies wait a minute for an answer. */
const AT_A_TIME = 10;

/** The pages in a file without elements, with their images embedded; `from` is the number of the first. */
export async function pagesOfFile(file, from) {
  const pages = [];
  let count;
  do {
    const { Template, PageCount } = await api.detectPages(file, pages.length + 1, pages.length + AT_A_TIME);
    pages.push(...Template.Pages);
    count = PageCount;
  } while (pages.length < count);
  return pages.map((page, index) => ({ ...page, Elements: [], ImageName: `page-${from + index}${page.ImageFormat}` }));
}

/** The address of an embedded image, to be revoked. */
export function addressOf({ ImageData }) {
  const bytes = Uint8Array.from(atob(ImageData), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes]));
}
