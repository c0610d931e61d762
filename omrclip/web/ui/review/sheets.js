/** Sheets of stored recognitions: what was read on each, and where its pixels are. */

import * as api from "../api.js";
import { failureText } from "../dialogs.js";
import { saidText } from "../said.js";

/** Why a scan failed of which there is nothing to see. */
const UNSEEN = ["corrupt_image", "unsupported_image", "image_error", "limit_exceeded"];

/** The order in which answers are looked at: first those that a person should see. */
const RANK = { uncertain: 0, multiple: 1 };

/** Which answers a person may want to see alone. */
const WANTED = {
  all: () => true,
  doubts: ({ Status }) => Status in RANK,
  blank: ({ Status }) => Status === "blank",
};
export const FILTERS = Object.keys(WANTED);

/** What tells an element or a clip of a sheet from all others of it: answers of older versions have no label. */
export const titleOf = ({ Label, Name }) => Label || Name;

/** One sheet. `state` is "done" or "failed". `kept` is {id, number}: the recognition, and the number of the scan in it from 1. */
export class Sheet {
  constructor(name, kept) {
    Object.assign(this, { name, kept, state: "done", recognition: null, messages: [], counts: {}, error: null });
  }

  /** Take over what an answer says of its scan at `index`. */
  take(answer, index) {
    const recognition = answer.Recognitions[index];
    this.recognition = recognition;
    this.counts = Object.fromEntries(FILTERS.map((filter) => [filter, this.wanted(filter).length]));
    this.messages = answer.Info.Details.RecognitionStatistics[index].TaskMessages;
    this.error = recognition.Error ? failureText(recognition.Error) : null;
    this.state = this.error ? "failed" : "done";
  }

  /** Its answers, those first that a person should look at. */
  get answers() {
    const elements = this.recognition?.Elements ?? [];
    return [...elements].sort((a, b) => (RANK[a.Status] ?? 2) - (RANK[b.Status] ?? 2));
  }

  /** Those of its answers that a filter lets through. */
  wanted(filter) {
    return this.answers.filter(WANTED[filter]);
  }

  /** How many they are. */
  count(filter) {
    return this.counts[filter] ?? 0;
  }

  /** Whether a filter lets something of it through; what failed is always to be looked at. */
  isWanted(filter) {
    return filter === "all" || (filter === "doubts" && this.state === "failed") || this.count(filter) > 0;
  }

  /** What is told of it as a whole. In records of older versions, messages about an answer or a clip begin with its name. */
  get remarks() {
    const remarks = this.recognition?.Remarks;
    if (remarks) return this.state === "done" ? remarks.map((remark) => saidText(remark)) : [];
    const names = [...(this.recognition?.Elements ?? []), ...this.clips].map((one) => `${titleOf(one)}: `);
    return this.state === "done" ? this.messages.filter((message) => !names.some((name) => message.startsWith(name))) : [];
  }

  get clips() {
    return this.recognition?.Clips ?? [];
  }

  /** How many answers a person should look at. */
  get doubts() {
    return this.count("doubts");
  }

  /** The scan as a viewer takes it, null where there is nothing to see. */
  get source() {
    return this.isUnseen ? null : { identifier: this.scanIdentifier };
  }

  get isUnseen() {
    return UNSEEN.includes(this.recognition?.Error?.code);
  }

  get scanIdentifier() {
    return `${this.kept.id}.${this.kept.number}.scan`;
  }

  /** The extents of the scan; null where they are not known. */
  get extents() {
    const scan = this.recognition?.Registration?.Scan;
    return scan ? { width: scan.Width, height: scan.Height } : null;
  }

  /** A clip as an image for the page, at most so large. */
  picture(clip, width, height) {
    return api.thumbnail(this.clipIdentifier(clip), width, height);
  }

  /** What a viewer takes of a clip. */
  clipSource(clip) {
    return { identifier: this.clipIdentifier(clip) };
  }

  clipIdentifier(clip) {
    return `${this.kept.id}.${this.kept.number}.${this.clips.indexOf(clip) + 1}`;
  }

  /** Where a clip's file is: the very bytes that the service made. */
  clipAddress(clip) {
    return `${api.fileAddress(this.kept.id, clip.File)}?download`;
  }

  /** What a clip's file is called when it is saved: the service names JPEG bytes `.png`, other programs mind. */
  savedName(clip) {
    return clip.MediaType === "image/jpeg" ? clip.File.replace(/\.png$/, ".jpg") : clip.File;
  }

  /** The clip's own URI. */
  clipUri(clip) {
    return api.imageBase(this.clipIdentifier(clip));
  }
}

/** The sheets of a kept recognition. */
export function sheetsOf(id, answer) {
  return answer.Recognitions.map((recognition, index) => {
    const sheet = new Sheet(recognition.Name, { id, number: index + 1 });
    sheet.take(answer, index);
    return sheet;
  });
}
