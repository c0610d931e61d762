/** The images of the pages of the template that is edited: the stored ones, and those that are not saved yet. */

import * as api from "../api.js";
import { notify, notifyFailure } from "../dialogs.js";
import { asBase64 } from "../files.js";
import { t } from "../messages.js";
import { addressOf, pagesOfFile } from "./pages.js";
import { parseDocument } from "./document.js";

export class PageImages {
  /** `pages` are listed as by the server; `show()` draws the image of the current page again. */
  constructor(name, pages, editing, saving, show) {
    Object.assign(this, { name, pages, editing, saving, show, notSaved: new Map() });
  }

  /** The image of the current page, as a viewer takes it. */
  get source() {
    const { page } = this.editing;
    if (this.notSaved.has(page)) return { url: this.notSaved.get(page) };
    const stored = this.pages[page];
    return stored?.Image ? { identifier: api.identifierOf(stored.Image), state: stored.ImageState } : {};
  }

  /** Whether the current page has an image on the server. */
  get isStored() {
    return Boolean(this.source.identifier);
  }

  /** The template was saved, and with it all images. */
  async saved() {
    if (!this.notSaved.size) return;
    this.forget();
    await this.showStored();
  }

  /** The first page's image lies beside the template; those of others are part of it, and saved with it. */
  async put(file) {
    const { document, page } = this.editing;
    const isPdf = /\.pdf$/i.test(file.name);
    if (page > 0 && isPdf) {
      notify(t("editor.pdfOnFirstPage"), { bad: true });
      return;
    }
    try {
      if (page === 0) {
        if (isPdf || /\.tiff?$/i.test(file.name)) await this.putDocument(file);
        else await api.writePageImage(this.name, file);
        await this.showStored();
      } else {
        const image = { ImageName: file.name, ImageFormat: /\.[^.]*$/.exec(file.name)?.[0] ?? "", ImageData: await asBase64(file) };
        this.notSaved.set(page, URL.createObjectURL(file));
        this.editing.replace({ ...document, Pages: document.Pages.map((each, index) => (index === page ? { ...each, ...image } : each)) });
        await this.show();
      }
    } catch (error) {
      notifyFailure(error);
    }
  }

  /** Add the pages of a file behind the others, and go to the first of them. */
  async addPages(file) {
    try {
      const added = await pagesOfFile(file, this.editing.document.Pages.length + 1);
      const { document } = this.editing;
      const from = document.Pages.length;
      added.forEach((page, index) => this.notSaved.set(from + index, addressOf(page)));
      this.editing.replace({ ...document, Pages: [...document.Pages, ...added] });
      this.editing.goToPage(from);
    } catch (error) {
      notifyFailure(error);
    }
  }

  /** Store the images of all pages. The template changes on the server where it has several. */
  async putDocument(file) {
    if (this.saving.isChanged && !(await this.saving.save())) return;
    await api.writePageImage(this.name, file);
    const stored = await api.readTemplate(this.name);
    if (stored.etag === this.saving.etag) return;
    this.saving.etag = stored.etag;
    this.saving.saved = parseDocument(stored.text).document;
    this.editing.replace(this.saving.saved);
  }

  /** Show the page's image as it is on the server now. */
  async showStored() {
    this.pages = await api.listPages(this.name);
    await this.show();
  }

  forget() {
    for (const address of this.notSaved.values()) URL.revokeObjectURL(address);
    this.notSaved.clear();
  }
}
