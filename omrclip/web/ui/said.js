/** Messages of the server in the language of the page. They come as sentences, each with a code, values and English text. */

import { language, translated } from "./messages.js";

/** The message whose sentences these are; `text` where an older server wrote it without them. */
export function saidText(sentences, text) {
  if (!sentences?.length) return text;
  return sentences.map(({ Code, Values, Text }) => translated(`said.${Code}`, Text, written(Values))).join(" ");
}

/** Values with fractions as the language writes them. Whole numbers stay, because they decide between singular and plural. */
const written = (values) => Object.fromEntries(
  Object.entries(values).map(([name, value]) => [name, typeof value === "number" && !Number.isInteger(value) ? value.toLocaleString(language) : value]),
);
