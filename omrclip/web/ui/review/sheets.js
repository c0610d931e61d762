/** Sheets: one image each, what became of it, and where its pixels are: in this browser, or kept on the server. */

import * as api from "../api.js";

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

/**
 * One sheet. `state` is "waiting", "running", "done" or "failed". `kept` is {id, number} once the server keeps it: the
 * recognition, and the number of the scan in it from 1; `index` is its place in its request. `pages` are the sheets of the
 * pages of its file, as far as they are known, if the file is no image.
 */
export class Sheet {
  constructor(name, file = null) {
    Object.assign(this, { name, file, state: "waiting", recognition: null, messages: [], counts: {}, kept: null, data: new Map(), error: null, pages: [] });
    this.requestId = null;
  }

  /** Take over what an answer says of its scan at `index`, with the files that came along. */
  take(answer, index = 0, files = []) {
    const recognition = answer.Recognitions[index];
    this.recognition = recognition;
    this.counts = Object.fromEntries(FILTERS.map((filter) => [filter, this.wanted(filter).length]));
    this.messages = answer.Info.Details.RecognitionStatistics[index].TaskMessages;
    this.error = recognition.Error?.message ?? null;
    this.state = this.error ? "failed" : "done";
    for (const { Name, MediaType, Data } of files) if (Data) this.data.set(Name, { MediaType, Data });
  }

  /** What cannot be worked on; `requestId` is of the request that failed, if the server refused it. */
  fail(message, requestId = null) {
    this.state = "failed";
    this.error = message;
    this.requestId = requestId;
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

  /** What is told of it as a whole: messages about an answer or a clip begin with its name. */
  get remarks() {
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

  /** The scan as a viewer takes it, null where this browser cannot show it yet. */
  get source() {
    if (UNSEEN.includes(this.recognition?.Error?.code)) return null;
    if (this.kept) return { identifier: `${this.kept.id}.${this.kept.number}.scan` };
    if (!this.file || !/^image\/(jpeg|png|webp|gif|bmp)$/.test(this.file.type)) return null;
    this.url ??= URL.createObjectURL(this.file);
    return { url: this.url };
  }

  /** The extents of the scan; null where they are not known. */
  get extents() {
    const scan = this.recognition?.Registration?.Scan;
    return scan ? { width: scan.Width, height: scan.Height } : null;
  }

  /** A clip as an image for the page, at most so large. */
  picture(clip, width, height) {
    const identifier = this.clipIdentifier(clip);
    return identifier ? api.thumbnail(identifier, width, height) : this.localClip(clip);
  }

  /** What a viewer takes of a clip. */
  clipSource(clip) {
    const identifier = this.clipIdentifier(clip);
    return identifier ? { identifier } : { url: this.localClip(clip) };
  }

  clipIdentifier(clip) {
    return this.kept && `${this.kept.id}.${this.kept.number}.${this.clips.indexOf(clip) + 1}`;
  }

  localClip(clip) {
    const file = this.data.get(clip.File);
    if (!file) return "";
    file.url ??= URL.createObjectURL(new Blob([Uint8Array.from(atob(file.Data), (sign) => sign.charCodeAt(0))], { type: file.MediaType }));
    return file.url;
  }

  /** Where a clip's file is: the very bytes that the service made. */
  clipAddress(clip) {
    return this.kept ? `${api.fileAddress(this.kept.id, clip.File)}?download` : this.localClip(clip);
  }

  /** What a clip's file is called when it is saved: the service names JPEG bytes `.png`, other programs mind. */
  savedName(clip) {
    return clip.MediaType === "image/jpeg" ? clip.File.replace(/\.png$/, ".jpg") : clip.File;
  }

  /** The clip's own URI, null as long as it is not kept. */
  clipUri(clip) {
    return this.kept ? api.imageBase(this.clipIdentifier(clip)) : null;
  }

  /** Let go of what was held of it in this browser, once it is kept. */
  release() {
    const addresses = [this.url, ...[...this.data.values()].map(({ url }) => url)].filter(Boolean);
    // A picture that is just being loaded still needs its address.
    setTimeout(() => addresses.forEach((address) => URL.revokeObjectURL(address)), 30_000);
    this.data.clear();
    this.file = this.url = null;
  }
}

/** The sheets of a kept recognition. */
export function sheetsOf(id, answer) {
  return answer.Recognitions.map((recognition, index) => {
    const sheet = new Sheet(recognition.Name);
    sheet.take(answer, index);
    sheet.kept = { id, number: index + 1 };
    return sheet;
  });
}
