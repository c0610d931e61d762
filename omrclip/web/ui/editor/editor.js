/** The editor of one template: its parts put together. */

import * as api from "../api.js";
import { askForm, confirmed, notify, notifyFailure, openDialog } from "../dialogs.js";
import { acceptDrops, button, field, fileButton, h } from "../dom.js";
import { saveFile } from "../files.js";
import { t } from "../messages.js";
import { withPlaces } from "../places.js";
import { nameInput } from "../templates/adding.js";
import { openViewer } from "../viewer.js";
import { Detecting } from "./detecting.js";
import { boxOf, isPlaced, parseDocument } from "./document.js";
import { drawElements } from "./drawing.js";
import { ElementList } from "./elements.js";
import { Findings } from "./findings.js";
import { Editing } from "./history.js";
import { bindKeys } from "./keyboard.js";
import { PageImages } from "./page_images.js";
import { Pointer } from "./pointer.js";
import { Problems } from "./problems.js";
import { Properties } from "./properties.js";
import { Proposals } from "./proposals.js";
import { Saving } from "./saving.js";
import { toolbar } from "./toolbar.js";
import { tryScan } from "./trying.js";

/** Edit a template as `opened` and its pages as listed; gives the function that takes the editor down again. */
export async function mount(main, name, opened, pages) {
  const editor = new Editor(main, name, opened, pages);
  document.title = `${name} – omrclip`;
  await editor.start();
  const leave = () => editor.destroy();
  leave.hasUnsaved = () => editor.saving.isChanged;
  leave.mayLeave = async () => !editor.saving.isChanged || editor.mayLeave();
  return leave;
}

class Editor {
  constructor(main, name, opened, pages) {
    Object.assign(this, { main, name });
    const { document } = parseDocument(opened.text);
    this.editing = new Editing(document);
    this.saving = new Saving(name, opened, this.editing, () => this.update());
    this.saving.saved = document;
    this.images = new PageImages(name, pages, this.editing, this.saving, () => this.viewer.show(this.images.source, this.editing.extents));
    this.problems = new Problems(this.editing, (error) => this.problemsTold(error));
    this.host = h("div", { className: "viewer", tabIndex: 0, role: "application", aria: { label: t("editor.canvas", { name }), roledescription: t("editor.canvas.role") } });
    this.list = h("ul", { className: "elements", role: "listbox", aria: { label: t("editor.elements"), multiselectable: "true" } });
    this.panel = h("div", { className: "properties" });
    this.proposed = h("section", { className: "found", hidden: true, aria: { label: t("proposals.title") } });
    this.found = h("section", { className: "found", hidden: true, aria: { label: t("editor.findings") } });
  }

  async start() {
    const { editing } = this;
    this.root = h(
      "div",
      { className: "editor" },
      h("section", { className: "side left", aria: { label: t("editor.elements") } }, this.list),
      this.host,
      h("section", { className: "side right", aria: { label: t("editor.properties") } }, this.proposed, this.found, this.panel),
    );
    this.bar = toolbar(this.name, editing, this.actions());
    this.root.prepend(this.bar.node);
    this.main.append(this.root);
    this.viewer = await openViewer(this.host, this.images.source, editing.extents, { corner: false, draw: (context, scale) => this.paint(context, scale) });
    this.pointer = new Pointer(this.viewer, editing, { onTool: (tool) => this.choose(tool), onDrawn: (...drawn) => this.detecting.drawn(...drawn) });
    const show = (index) => this.show(index);
    this.elements = new ElementList(this.list, editing, this.problems, (index) => this.revealElement(index));
    this.findings = new Findings(this.found, editing, show);
    this.proposals = new Proposals(this.proposed, editing, { show: (box) => this.reveal(box), drawn: () => this.viewer.redraw() });
    this.detecting = new Detecting(this.name, editing, { hasImage: () => this.images.isStored, proposals: this.proposals, told: () => this.update() });
    const addImage = fileButton(t("editor.image"), "images", ([file]) => this.images.put(file), { accept: "image/*,.tif,.tiff,.jp2,.pdf" });
    const addPages = fileButton(t("editor.addPages"), "add", ([file]) => this.images.addPages(file), { accept: "image/*,.tif,.tiff,.jp2,.pdf" });
    this.properties = new Properties(this.panel, editing, this.problems, { template: this.name, hasImage: () => this.images.isStored, addImage, addPages, findBubbles: () => this.detecting.snap(editing.selected[0], undefined, { mustFind: true }), findAll: () => this.detecting.findAll() });
    bindKeys(this.root, this.viewer, this.pointer, editing, this.actions());
    // What is dropped on a page that has an image is a filled sheet of it.
    acceptDrops(this.host, ([file]) => (this.images.isStored ? this.tryScan(file) : this.images.put(file)));
    editing.listen((what) => this.changed(what));
    this.update();
  }

  actions() {
    return {
      choose: (tool) => this.choose(tool),
      save: () => this.save(),
      saveAs: () => this.saveAs(),
      download: () => saveFile(this.saving.file()),
      correct: () => this.ask(api.correctTemplate),
      finalize: () => this.ask(api.finalizeTemplate),
      find: () => this.detecting.findAll(),
      tryScan: (file) => this.tryScan(file),
      showProblem: () => this.showProblem(),
      goToPage: (page) => this.editing.goToPage(page),
      zoom: (factor) => this.viewer.zoomBy(factor),
      fit: () => this.viewer.fit(),
      focusName: () => this.properties.focusName(),
    };
  }

  choose(tool) {
    this.pointer.choose(tool);
    this.update();
  }

  paint(context, scale) {
    if (!this.pointer) return;
    const { editing, pointer } = this;
    const { elements, selection } = editing;
    const marks = [...this.findings.marked].map((index) => elements[index]).filter((element) => element && isPlaced(element)).map(boxOf).concat(this.proposals.boxes);
    drawElements(context, scale, {
      elements, selection, marks, seen: this.viewer.seen, wrong: this.problems.wrong,
      guides: pointer.guides, marquee: pointer.marquee, sketch: pointer.sketch, pointed: pointer.pointed, handles: pointer.tool === "select",
    });
  }

  changed(what) {
    if (what === "page") {
      this.proposals.clear();
      this.viewer.show(this.images.source, this.editing.extents).catch(notifyFailure);
      this.elements.draw();
    }
    if (what === "document") {
      this.problems.check();
      this.findings.refresh();
      this.elements.draw();
    }
    if (what === "selection") this.elements.mark();
    if (what === "transient") this.properties.update();
    else this.properties.draw();
    if (what !== "transient") this.update();
    this.viewer.redraw();
  }

  problemsTold(error) {
    if (error) return;
    this.elements?.mark();
    this.properties?.update();
    this.viewer?.redraw();
    this.update();
  }

  update() {
    if (!this.pointer) return;
    this.bar.update({
      tool: this.pointer.tool, isChanged: this.saving.isChanged, isBusy: this.saving.busy, isFinding: this.detecting.isBusy, wrong: this.problems.blocking.length,
    });
  }

  /** Select an element and bring it into view. */
  show(index) {
    this.editing.select([index]);
    this.revealElement(index);
  }

  revealElement(index) {
    const element = this.editing.elements[index];
    if (element && isPlaced(element)) this.reveal(boxOf(element));
  }

  /** Bring a box into view, where it is not already. */
  reveal(box) {
    const { seen } = this.viewer;
    const visible = box.left >= seen.left && box.top >= seen.top && box.left + box.width <= seen.left + seen.width && box.top + box.height <= seen.top + seen.height;
    if (!visible) this.viewer.goTo(box, 4);
  }

  /** Go to the next element for which something is wrong. */
  showProblem() {
    const [from = -1] = this.editing.selection;
    const there = this.problems.blocking.filter((problem) => problem.index !== null);
    const next = there.find((problem) => problem.page === this.editing.page && problem.index > from) ?? there[0];
    if (!next) {
      notify(this.problems.blocking.map((problem) => `${withPlaces(problem.path)}: ${problem.text}`).join("\n"), { bad: true });
      return;
    }
    this.editing.goToPage(next.page);
    this.show(next.index);
  }

  async save() {
    if (await this.saving.save()) await this.images.saved();
  }

  /** Show what the template as it is now reads on a filled scan. */
  async tryScan(file) {
    this.root.setAttribute("aria-busy", "true");
    try {
      await tryScan(this.name, this.saving.file(), file);
    } catch (error) {
      notifyFailure(error);
    } finally {
      this.root.removeAttribute("aria-busy");
    }
  }

  /** Services work on what is stored, so it is saved first, after asking. What they correct is a change that can be undone. */
  async ask(service) {
    const mayGoOn = !this.saving.isChanged || (await confirmed(t("editor.saveFirstTitle"), t("editor.saveFirst"), t("save")));
    if (!mayGoOn || (this.saving.isChanged && !(await this.saving.save()))) return;
    try {
      const answer = await service(this.name);
      if (answer.Template) this.editing.replace(answer.Template, { selection: [] });
      this.findings.tell(t(answer.Template ? "findings.correction" : "findings.finalization"), answer);
    } catch (error) {
      notifyFailure(error);
    }
    this.viewer.redraw();
  }

  /** Ask whether to save before the editor is left. False to stay. */
  async mayLeave() {
    const chosen = await openDialog(t("editor.leaveTitle"), (close) => [
      h("p", {}, t("editor.leaveText")),
      h(
        "div",
        { className: "actions" },
        button(t("cancel"), null, () => close()),
        button(t("editor.leave"), null, () => close("leave"), { kind: "danger" }),
        button(t("save"), "save", () => close("save"), { kind: "primary" }),
      ),
    ]);
    return chosen === "leave" || (chosen === "save" && this.saving.save());
  }

  /** Save the template as it is now under another name, and edit it there. */
  async saveAs() {
    const name = nameInput(this.name);
    const chosen = await askForm(t("editor.saveAs"), [field(t("name"), name)], t("save"), async () => {
      const wanted = name.value.trim();
      await api.writeTemplate(wanted, await this.saving.file().text(), null);
      await api.copyPageImage(this.name, wanted);
      return wanted;
    });
    if (!chosen) return;
    this.saving.saved = this.editing.document; // it is stored there
    location.hash = `#/edit/${encodeURIComponent(chosen)}`;
  }

  destroy() {
    this.images.forget();
    this.detecting.destroy();
    this.pointer.destroy();
    this.viewer.destroy();
    this.root.remove();
  }
}
