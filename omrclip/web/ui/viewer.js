/** An image in OpenSeadragon with a canvas over it that is drawn in the image's own pixels. */

import { imageBase, root, send } from "./api.js";
import { button, h } from "./dom.js";
import { inverse, mapped } from "./geometry.js";
import { t } from "./messages.js";

const LIBRARY = "ui/vendor/openseadragon/openseadragon.min.js";
let library = null;

/** Load OpenSeadragon, once; views that will show an image call it while they wait for other things. */
export function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    // It would add a style element of its own, which the policy forbids, unless it finds one: this has no effect.
    const marker = document.createElementNS(null, "style");
    marker.setAttribute("data-openseadragon-mobile-css", "true");
    document.head.append(marker);
    const script = h("script", { src: new URL(LIBRARY, root).href, onload: () => resolve(window.OpenSeadragon), onerror: () => reject(new Error(t("error.unreachable"))) });
    document.head.append(script);
  });
  return library;
}

const OPTIONS = {
  drawer: "canvas",
  showNavigationControl: false,
  tabIndex: "",
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false, flickEnabled: false },
  gestureSettingsPen: { clickToZoom: false, dblClickToZoom: false },
  gestureSettingsTouch: { dblClickToZoom: false },
  visibilityRatio: 0.2,
  minZoomImageRatio: 0.6,
  maxZoomPixelRatio: 12,
  blendTime: 0,
  imageLoaderLimit: 6,
  placeholderFillStyle: "#fff",
  springStiffness: 10,
};

/**
 * Show an image in `host`, an element of the class `viewer`. `source` is {identifier, state} of one of our images,
 * {url} of one in the browser, or {} for a blank page; its pixels are counted as `extents`, {width, height}, or as they
 * are where that is null.
 * `draw(context, scale)` draws over it: the context is in the image's pixels, each `scale` pixels of the screen.
 */
export async function openViewer(host, source, extents, { draw = () => {}, corner = true } = {}) {
  const OpenSeadragon = await loadLibrary();
  const stage = h("div", { className: "osd" });
  const canvas = h("canvas", { className: "overlay", aria: { hidden: true } });
  host.append(stage, canvas);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const osd = OpenSeadragon({ ...OPTIONS, element: stage, animationTime: still ? 0 : 0.35 });
  const viewer = new Viewer(OpenSeadragon, osd, host, canvas, draw);
  if (corner) host.append(viewer.cornerButtons());
  await viewer.show(source, extents);
  return viewer;
}

class Viewer {
  constructor(library, osd, host, canvas, draw) {
    Object.assign(this, { library, osd, host, canvas, draw, turn: 0 });
    this.toScreen = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };
    this.extents = { width: 1, height: 1 };
    this.sized = new ResizeObserver(() => this.resize());
    this.sized.observe(host);
    osd.addHandler("update-viewport", () => this.paint());
    this.resize();
  }

  /** Show another image; resolves when it can be seen, or to false where it cannot be opened or another one is shown instead. */
  async show(source, extents) {
    const turn = (this.turn += 1);
    const tileSource = await this.tileSource(source, extents);
    if (turn !== this.turn) return false; // another image was asked for meanwhile
    return new Promise((resolve) => {
      const settle = (shown) => () => {
        const item = this.osd.world.getItemAt(0);
        item?.addOnceHandler("fully-loaded-change", () => performance.mark("image shown"));
        const own = item?.getContentSize();
        this.extents = extents ?? { width: own?.x ?? 1, height: own?.y ?? 1 };
        this.paint();
        resolve(shown);
      };
      this.osd.addOnceHandler("open", settle(true));
      this.osd.addOnceHandler("open-failed", settle(false));
      this.osd.open(tileSource);
    });
  }

  /** Show nothing. */
  close() {
    this.turn += 1;
    this.osd.close();
    this.redraw();
  }

  async tileSource({ identifier, state = "", url }, extents) {
    if (!identifier) {
      return { type: "image", url: url ?? blankPage(extents), buildPyramid: Boolean(url) };
    }
    const query = state ? `?state=${encodeURIComponent(state)}` : "";
    const answer = await send("GET", `${imageBase(identifier)}/info.json${query}`);
    // The server may know itself by another address than the one it is reached at.
    const source = new this.library.IIIFTileSource({ ...(await answer.json()), id: imageBase(identifier) });
    const plain = source.getTileUrl.bind(source);
    source.getTileUrl = (...place) => plain(...place) + query;
    return source;
  }

  /** Draw the overlay anew, as soon as the screen is. */
  redraw() {
    this.pending ??= requestAnimationFrame(() => this.paint());
  }

  paint() {
    if (this.pending) cancelAnimationFrame(this.pending);
    this.pending = null;
    const viewport = this.osd.viewport;
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!viewport || !this.osd.world.getItemCount()) return;
    const at = (x, y) => viewport.pixelFromPoint(new this.library.Point(x, y), true);
    const [o, x, y] = [at(0, 0), at(1, 0), at(0, 1)];
    const unit = this.extents.width;
    const map = { a: (x.x - o.x) / unit, b: (x.y - o.y) / unit, c: (y.x - o.x) / unit, d: (y.y - o.y) / unit, e: o.x, f: o.y };
    this.toScreen = map;
    const ratio = devicePixelRatio;
    context.setTransform(map.a * ratio, map.b * ratio, map.c * ratio, map.d * ratio, map.e * ratio, map.f * ratio);
    this.draw(context, this.scale);
  }

  resize() {
    const { clientWidth, clientHeight } = this.host;
    this.canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(clientHeight * devicePixelRatio);
    this.redraw();
  }

  /** Pixels of the screen a pixel of the image. */
  get scale() {
    return Math.hypot(this.toScreen.a, this.toScreen.b);
  }

  /** The point of the image under a point of the window. */
  toImage(clientX, clientY) {
    const { left, top } = this.host.getBoundingClientRect();
    return mapped(inverse(this.toScreen), { x: clientX - left, y: clientY - top });
  }

  /** The part of the image that can be seen. */
  get seen() {
    const { left, top, width, height } = this.host.getBoundingClientRect();
    const start = this.toImage(left, top);
    const end = this.toImage(left + width, top + height);
    return { left: start.x, top: start.y, width: end.x - start.x, height: end.y - start.y };
  }

  /** Show the whole image. */
  fit() {
    this.osd.viewport?.goHome();
  }

  /** Bring a box of the image into view, with some room around it. */
  goTo(box, room = 3) {
    const unit = this.extents.width;
    const wide = Math.max(box.width * room, this.extents.width * 0.2);
    const high = Math.max(box.height * room, this.extents.height * 0.1);
    const left = box.left + box.width / 2 - wide / 2;
    const top = box.top + box.height / 2 - high / 2;
    this.osd.viewport?.fitBoundsWithConstraints(new this.library.Rect(left / unit, top / unit, wide / unit, high / unit));
  }

  zoomBy(factor) {
    this.osd.viewport?.zoomBy(factor);
    this.osd.viewport?.applyConstraints();
  }

  /** Move the view by pixels of the screen. */
  panBy(x, y) {
    this.osd.viewport?.panBy(this.osd.viewport.deltaPointsFromPixels(new this.library.Point(x, y)));
    this.osd.viewport?.applyConstraints();
  }

  rotateBy(degrees) {
    this.osd.viewport?.setRotation(this.osd.viewport.getRotation() + degrees);
  }

  /** What the keys + - 0 and the arrows do to the view; whether the key was one of them. */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const step = 60;
    const acts = {
      "+": () => this.zoomBy(1.4), "=": () => this.zoomBy(1.4), "-": () => this.zoomBy(1 / 1.4), 0: () => this.fit(),
      ArrowLeft: () => this.panBy(-step, 0), ArrowRight: () => this.panBy(step, 0),
      ArrowUp: () => this.panBy(0, -step), ArrowDown: () => this.panBy(0, step),
    };
    if (!acts[event.key]) return false;
    acts[event.key]();
    event.preventDefault();
    return true;
  }

  cornerButtons() {
    const square = { square: true };
    return h(
      "div",
      { className: "corner" },
      button(t("zoom.out"), "zoomOut", () => this.zoomBy(1 / 1.4), square),
      button(t("zoom.in"), "zoomIn", () => this.zoomBy(1.4), square),
      button(t("zoom.fit"), "fit", () => this.fit(), square),
    );
  }

  destroy() {
    this.sized.disconnect();
    if (this.pending) cancelAnimationFrame(this.pending);
    this.osd.destroy();
    this.host.replaceChildren();
  }
}

/** An empty white page of this shape, as something that OpenSeadragon opens. */
function blankPage({ width, height }) {
  const scale = Math.min(1, 1000 / Math.max(width, height));
  const canvas = h("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png");
}
