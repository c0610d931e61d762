/** Documents on their way to a batch. They are sent while the page shows any view, a few at a time. */

import { failureText } from "../dialogs.js";
import { t } from "../messages.js";
import { addDocuments } from "./requests.js";

const MOST_FILES = 40;
const MOST_BYTES = 24 * 1024 * 1024;
const TRIES = 4;
const DOCUMENT = /\.(jpe?g|jfif|png|tiff?|webp|gif|bmp|jp2|j2k|pdf|zip)$/i;

const uploads = new Map();

/** The uploads of a batch: {total, sent, problems, active}. `problems` are {name, message, requestId}. */
export function uploadsOf(id) {
  if (!uploads.has(id)) uploads.set(id, new Uploads(id));
  return uploads.get(id);
}

/** Whether documents would be lost if the page were closed now. */
export const hasUnsentDocuments = () => [...uploads.values()].some((one) => one.active);

class Uploads {
  constructor(id) {
    Object.assign(this, { id, queue: [], total: 0, sent: 0, problems: [], active: false, listeners: new Set() });
  }

  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  /** Send files. Those that cannot be documents are told by name. */
  add(files) {
    const documents = [];
    for (const file of files) {
      if (DOCUMENT.test(file.name) || file.type.startsWith("image/")) documents.push(file);
      else this.problems.push({ name: file.name, message: t("upload.notDocument") });
    }
    this.queue.push(...distinct(documents));
    this.total += documents.length;
    this.tell();
    if (!this.active) this.run();
  }

  /** Forget what was told. */
  dismiss() {
    this.problems = [];
    this.tell();
  }

  async run() {
    this.active = true;
    while (this.queue.length) {
      const some = packet(this.queue);
      this.queue.splice(0, some.length);
      await this.send(some);
      this.sent += some.length;
      this.tell();
    }
    this.active = false;
    this.total = this.sent = 0;
    this.tell();
  }

  /** Send these documents; where that is too much at once, in halves. Sending a document again changes nothing. */
  async send(documents, tries = TRIES) {
    try {
      const { Refused } = await addDocuments(this.id, documents);
      for (const refused of Refused) await this.refused(refused, documents);
    } catch (error) {
      const isLarge = error.status === 413;
      if (isLarge && documents.length > 1) {
        const half = Math.ceil(documents.length / 2);
        await this.send(documents.slice(0, half));
        await this.send(documents.slice(half));
      } else if ((error.code === "unreachable" || error.status === 503) && tries > 1) {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        await this.send(documents, tries - 1);
      } else {
        const message = isLarge ? t("upload.tooLarge") : failureText(error);
        for (const { name } of documents) this.problems.push({ name, message, requestId: error.requestId });
      }
    }
  }

  /** A document that the server refused. One whose name is taken by another one gets a number. */
  async refused({ Name, Code, Message, Details }, documents) {
    const document = documents.find(({ name }) => name === Name);
    if (Code === "name_conflict" && document && (document.copies ?? 1) < 99) {
      const copies = (document.copies ?? 1) + 1;
      await this.send([{ ...document, copies, name: numbered(document.file.name, copies) }]);
    } else this.problems.push({ name: Name, message: failureText({ code: Code, message: Message, details: Details }) });
  }
}

/** As many of the first documents as are sent at once. */
function packet(queue) {
  let bytes = 0;
  const most = queue.slice(0, MOST_FILES);
  const end = most.findIndex(({ file }, index) => (bytes += file.size) > MOST_BYTES && index > 0);
  return end < 0 ? most : most.slice(0, end);
}

function numbered(name, number) {
  const [, stem, suffix = ""] = /^(.*?)(\.[^.]*)?$/.exec(name);
  return `${stem} (${number})${suffix}`;
}

/** Documents with names of their own: files of one name come from different folders. */
function distinct(files) {
  const taken = new Set();
  const key = (name) => name.toLowerCase().replace(/\.[^.]*$/, "");
  return files.map((file) => {
    let { name } = file;
    let copies = 1;
    while (taken.has(key(name))) name = numbered(file.name, (copies += 1));
    taken.add(key(name));
    return { name, file, copies };
  });
}
