/** Giving files to people, and writing them into documents. */

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

/** A file's bytes in base64. */
export function asBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
