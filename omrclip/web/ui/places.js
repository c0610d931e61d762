/** The places that the server names by JSON paths, such as `$.Pages[0].Elements[2].Width`, in words. */

import { t } from "./messages.js";

const PATH = /\$(?:\.\w+|\[\d+\]|\['[^']*'\]|\["[^"]*"\])+|\$(?=:)/g;
const STEP = /\.(\w+)|\[(\d+)\]|\[(['"])(.*?)\3\]/g;
const COUNTED = { Pages: "place.page", Elements: "place.element", Bubbles: "place.bubble" };

/** One path in words: `page 1, element 3, Width`. */
export function placeText(path) {
  const words = [];
  let list = null;
  for (const [, key, index, , quoted] of path.matchAll(STEP)) {
    if (index !== undefined && list) words.push(t(COUNTED[list], { n: Number(index) + 1 }));
    else if (index !== undefined) words.push(String(Number(index) + 1));
    else if (quoted !== undefined) words.push(quoted);
    else if (!(key in COUNTED)) words.push(named(key));
    list = key in COUNTED ? key : null;
  }
  return words.join(", ") || t("place.whole");
}

/** A field as the editor calls it; its key where it has no other name. */
function named(key) {
  const name = t(`field.${key}`);
  return name.startsWith("field.") ? key : name;
}

/** A text of the server with its paths in words. */
export const withPlaces = (text) => text.replace(PATH, placeText);
