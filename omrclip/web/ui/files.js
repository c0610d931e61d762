/** Giving files to people. */

import { h } from "./dom.js";

/** Have the browser save a file. */
export function saveFile(file, name = file.name) {
  const address = URL.createObjectURL(file);
  saveAddress(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Have the browser save what is found at an address of this server. */
export function saveAddress(address, name) {
  const link = h("a", { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}
