/** What the server's own validation says of the template as it is now, sorted by page and element. */

import * as api from "../api.js";
import { debounced } from "../dom.js";
import { t } from "../messages.js";
import { withPlaces } from "../places.js";
import { withoutImages, writeDocument } from "./document.js";

const PLACE = /^\$\.Pages\[(\d+)\](?:\.Elements\[(\d+)\])?(.*)$/;

/** Follows a document: `list` has {page, index, field, text, warning}, and `told()` is called when it changes. */
export class Problems {
  constructor(editing, told) {
    this.editing = editing;
    this.told = told;
    this.list = [];
    this.running = null;
    this.check = debounced(200, () => this.ask());
    this.check();
  }

  async ask() {
    this.running?.abort();
    this.running = new AbortController();
    try {
      const text = writeDocument(withoutImages(this.editing.document));
      const { Problems: problems, Warnings: warnings } = await api.validate(text, this.running.signal);
      this.list = [...problems.flatMap((problem) => placed(problem, false)), ...warnings.flatMap((warning) => placed(warning, true))];
      this.told();
    } catch (error) {
      if (error.name !== "AbortError") this.told(error);
    }
  }

  /** Those that keep the template from being saved. */
  get blocking() {
    return this.list.filter((problem) => !problem.warning && !problem.echo);
  }

  /** Those of one element of the page that is shown. */
  of(index) {
    return this.list.filter((problem) => problem.page === this.editing.page && problem.index === index);
  }

  /** The elements of the page that is shown for which something is wrong. */
  get wrong() {
    return new Set(this.list.filter((problem) => !problem.warning && problem.page === this.editing.page).map((problem) => problem.index));
  }
}

/**
 * The problem at a JSON path: which element, and which of its fields; deeper ones are told at the field they are in.
 * What is wrong between two elements is also told, as an echo, at the other: that may be the one being edited.
 */
function placed({ path, expected }, warning) {
  const other = / is also the name of (\$\.Pages\[\d+\]\.Elements\[\d+\])$/.exec(expected)?.[1];
  const here = at(path, expected, warning);
  return other ? [here, { ...at(`${other}.${here.field}`, expected, warning), echo: true }] : [here];
}

function at(path, expected, warning) {
  const found = PLACE.exec(path);
  const rest = found?.[3] ?? "";
  return {
    page: found ? Number(found[1]) : null,
    index: found?.[2] === undefined ? null : Number(found[2]),
    field: /^\.(\w+)/.exec(rest)?.[1] ?? "",
    text: inWords(expected) ?? (warning ? sentence(withPlaces(expected)) : t("problem.expected", { expected: withPlaces(expected) })),
    path,
    warning,
  };
}

const WORDS = [
  [/^a unique name; (".*?") is also the name of/, (name) => t("problem.sameName", { name })],
  [/^(\w+) \+ \w+ of at most the page's (\w+), ([\d.]+), not ([\d.]+)/, (_from, side, most, found) => t(`problem.beyond${side}`, { most, found })],
  [/^a number from 0 to the page's \w+, ([\d.]+), not (.+)/, (most, found) => t("problem.outside", { most, found })],
  [/^(.*); it is missing$/, (what) => t("problem.missing", { what })],
];

/** A warning of the server as a sentence. */
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/** The most frequent problems and warnings in the language of the page; null for the others. */
function inWords(expected) {
  for (const [pattern, say] of WORDS) {
    const found = pattern.exec(expected);
    if (found) return say(...found.slice(1));
  }
  return null;
}
