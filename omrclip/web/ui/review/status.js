/** How a status looks: a sign, a word and a colour, each of which tells it alone. */

import { h, icon } from "../dom.js";
import { t, translated } from "../messages.js";
import { saidText } from "../said.js";

const SIGNS = { marked: "check", blank: "blank", multiple: "multiple", uncertain: "doubt", failed: "error" };

/** A status as an element. */
export function statusMark(status, { word = true } = {}) {
  const text = t(`status.${status}`);
  return h("span", { className: `status ${status}`, title: word ? null : text }, icon(SIGNS[status] ?? "doubt"), h("span", { className: word ? "" : "visually-hidden" }, text));
}

/** What is said of an answer or clip. Records of older versions have no sentences, so an answer's status tells. */
export const remarkOf = ({ Status, Message, Said }) => Message && saidText(Said, translated(`remark.${Status}`, Message));
