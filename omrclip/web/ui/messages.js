/** What the page says, in the language that was chosen, or else the browser's, or else English. */

import en from "./messages/en.js";
import { remember, remembered } from "./storage.js";

/** The tag and the name of each language for which the server has a file in `messages`. */
export const LANGUAGES = JSON.parse(document.querySelector("meta[name=languages]").content);
const TAGS = LANGUAGES.map(([tag]) => tag);

const wished = [remembered("language"), ...navigator.languages.map((tag) => tag.slice(0, 2))];
export const language = wished.find((tag) => TAGS.includes(tag)) ?? "en";
const texts = language === "en" ? en : (await import(`./messages/${language}.js`)).default;
const plurals = new Intl.PluralRules(language);

/** Choose another language from now on. */
export function chooseLanguage(tag) {
  remember("language", tag);
  location.reload();
}

/**
 * A message with its places filled in: `{name}`. Where it has a plural it is written `one|more`, told apart by `n`.
 */
export function t(key, values = {}) {
  const text = texts[key] ?? en[key] ?? key;
  const forms = text.split("|");
  const form = forms.length > 1 && plurals.select(values.n) !== "one" ? forms[1] : forms[0];
  return form.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/**
 * What the server said, which is in English, in the language of the page: by its key, where there is a text and a value
 * for each place in it. In English the server's own words stay, because they know more.
 */
export function translated(key, message, values = {}) {
  const places = [...(texts[key] ?? "").matchAll(/\{(\w+)\}/g)];
  const isTold = language !== "en" && key in texts && places.every(([, name]) => (values[name] ?? "") !== "");
  return isTold ? t(key, values) : message;
}

/** A number as the language writes it. */
export const number = (value, digits = 0) =>
  new Intl.NumberFormat(language, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);

/** A number of bytes for people. */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  return count < 1024 * 1024 ? `${number(count / 1024, 1)} KiB` : `${number(count / 1024 / 1024, 1)} MiB`;
}

/** A moment, given in seconds since 1970. */
export const moment = (seconds) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(seconds * 1000);

/** A length of time in a few words. */
export function duration(seconds) {
  if (seconds < 60) return t("time.seconds", { n: Math.max(1, Math.round(seconds)) });
  return seconds < 3600 ? t("time.minutes", { n: Math.round(seconds / 60) }) : t("time.hours", { n: Math.round(seconds / 3600) });
}
