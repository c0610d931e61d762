/** A page that was not found is placed by hand: its four corners are dragged on the scan, and its outline is drawn over it. */

import { failureText, notify, notifyFailure, openDialog } from "../dialogs.js";
import { button, choice, h } from "../dom.js";
import { mapped, projection } from "../geometry.js";
import { t } from "../messages.js";
import { openViewer } from "../viewer.js";
import { listPages, placeSheet } from "./requests.js";

const COLOUR = "#d2156b";
/** The part of the scan that is left around the page at the beginning. */
const INSET = 0.06;
const CORNERS = ["placing.topLeft", "placing.topRight", "placing.bottomRight", "placing.bottomLeft"];

/** Ask for the place of the page of a sheet, and store it. True if it was stored. */
export async function placePage(id, sheet) {
  const [pages] = await Promise.all([listPages(id), sheet.load().catch(() => null)]);
  let placing = null;
  const stored = await openDialog(t("placing.title", { sheet: sheet.name }), (close) => {
    placing = new Placing(id, sheet, pages, close);
    return placing.nodes;
  }, { wide: true, onopen: () => placing.open().catch(notifyFailure) });
  placing.destroy();
  if (stored) notify(t("placing.stored"));
  return Boolean(stored);
}

class Placing {
  constructor(id, sheet, pages, close) {
    Object.assign(this, { id, sheet, pages, close, viewer: null, corners: null });
    const known = sheet.recognition ?? {};
    const at = Math.max(0, pages.findIndex(({ Template, Page }) => Template === known.Template && Page === known.Page));
    this.page = choice(pages.map(({ Template, Page }, index) => [String(index), `${Template} · ${t("editor.page", { n: Page })}`]), String(at), { onchange: () => this.begin() });
    this.host = h("div", { className: "viewer placing", tabIndex: 0, role: "application", aria: { label: t("placing.scan") }, onkeydown: (event) => event.target === this.host && this.viewer?.pressed(event) });
    this.handles = CORNERS.map((key, index) => h("button", { type: "button", className: "corner-handle", aria: { label: t(key) }, onpointerdown: (event) => this.grab(event, index), onkeydown: (event) => this.moved(event, index) }));
    this.store = button(t("placing.store"), "check", () => this.save(), { kind: "primary" });
    this.told = h("p", { className: "problem", role: "alert" });
    this.nodes = [
      h("p", { className: "muted" }, t("placing.text")),
      h("div", { className: "row" }, h("label", { className: "inline" }, t("placing.page"), this.page), button(t("placing.turn"), "rotate", () => this.turn(), { kind: "quiet" })),
      this.host,
      this.told,
      h("div", { className: "actions" }, button(t("cancel"), null, () => close()), this.store),
    ];
  }

  get chosen() {
    return this.pages[Number(this.page.value)];
  }

  async open() {
    this.viewer = await openViewer(this.host, this.sheet.source, null, { draw: (context, scale) => this.draw(context, scale) });
    this.host.append(...this.handles);
    const found = this.sheet.recognition?.Registration?.Corners;
    if (found) this.corners = found.map(([x, y]) => ({ x, y }));
    else this.begin();
    this.viewer.redraw();
    this.handles[0].focus({ preventScroll: true });
  }

  /** Lay the page into the middle of the scan, as large as it fits. */
  begin() {
    if (!this.viewer) return;
    const { width, height } = this.viewer.extents;
    const page = this.chosen;
    const scale = (1 - 2 * INSET) * Math.min(width / page.Width, height / page.Height);
    const [wide, high] = [page.Width * scale, page.Height * scale];
    const [left, top] = [(width - wide) / 2, (height - high) / 2];
    this.corners = [{ x: left, y: top }, { x: left + wide, y: top }, { x: left + wide, y: top + high }, { x: left, y: top + high }];
    this.viewer.redraw();
  }

  /** Turn the page by a quarter: the corners stay, and have other names. */
  turn() {
    if (!this.corners) return;
    this.corners.unshift(this.corners.pop());
    this.viewer.redraw();
  }

  grab(event, index) {
    const handle = this.handles[index];
    handle.setPointerCapture(event.pointerId);
    const move = ({ clientX, clientY }) => {
      this.corners[index] = this.viewer.toImage(clientX, clientY);
      this.viewer.redraw();
    };
    const end = () => {
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", end);
      handle.removeEventListener("pointercancel", end);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end);
    handle.addEventListener("pointercancel", end);
  }

  /** The arrow keys move a corner by a pixel of the screen, with Shift by twenty. */
  moved(event, index) {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (x === undefined) return;
    event.preventDefault();
    const step = (event.shiftKey ? 20 : 1) / this.viewer.scale;
    this.corners[index] = { x: this.corners[index].x + x * step, y: this.corners[index].y + y * step };
    this.viewer.redraw();
  }

  draw(context, scale) {
    if (!this.corners) return;
    const { Width, Height, Boxes } = this.chosen;
    const toScan = projection(Width, Height, this.corners);
    const quad = (left, top, width, height) => {
      [[left, top], [left + width, top], [left + width, top + height], [left, top + height]].forEach(([x, y], index) => {
        const point = toScan(x, y);
        if (index) context.lineTo(point.x, point.y);
        else context.moveTo(point.x, point.y);
      });
      context.closePath();
    };
    context.strokeStyle = COLOUR;
    context.lineWidth = 1 / scale;
    context.beginPath();
    for (const box of Boxes) quad(...box);
    context.stroke();
    context.lineWidth = 2.5 / scale;
    context.beginPath();
    quad(0, 0, Width, Height);
    context.stroke();
    this.corners.forEach((corner, index) => {
      const { x, y } = mapped(this.viewer.toScreen, corner);
      Object.assign(this.handles[index].style, { left: `${x}px`, top: `${y}px` });
    });
  }

  async save() {
    if (!this.corners) return;
    this.store.disabled = true;
    try {
      const corners = this.corners.map(({ x, y }) => [Math.round(x * 10) / 10, Math.round(y * 10) / 10]);
      await placeSheet(this.id, this.sheet.name, { Template: this.chosen.Template, Page: this.chosen.Page, Corners: corners });
      this.close(true);
    } catch (error) {
      this.told.textContent = error.details?.fields ? t("placing.impossible") : failureText(error);
      this.store.disabled = false;
    }
  }

  destroy() {
    this.viewer?.destroy();
  }
}
