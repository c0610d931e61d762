/** The page's frame: the bar, which view the address asks for, and moving from one to another. */

import { readSession, root } from "./api.js";
import { hashOf } from "./batches/content_state.js";
import { failureNodes, notifyFailure } from "./dialogs.js";
import { button, choice, h, icon } from "./dom.js";
import { LANGUAGES, chooseLanguage, language, t } from "./messages.js";
import { askAgainForPictures } from "./pictures_again.js";
import { forgetAll, remember, remembered } from "./storage.js";

/** The views by the beginning of the address after `#/`; each gives a function that takes its page down again, and may take its time. */
const VIEWS = {
  templates: { title: "nav.templates", load: () => import("./templates/list.js") },
  edit: { title: "nav.templates", under: "templates", load: () => import("./editor/opening.js") },
  recognize: { title: "nav.recognize", load: () => import("./batches/new.js") },
  batch: { title: "nav.results", under: "results", load: () => import("./batches/batch.js") },
  clips: { title: "nav.results", under: "results", load: () => import("./batches/clips.js") },
  wall: { title: "nav.results", under: "results", load: () => import("./batches/wall.js") },
  results: { title: "nav.results", load: () => import("./results/results.js") },
  sheets: { title: "nav.results", under: "results", load: () => import("./review/kept.js") },
  help: { title: "nav.help", load: () => import("./help.js") },
  gallery: { title: "nav.results", under: "results", load: () => import("./results/gallery.js") },
};

const linked = hashOf(location.search);
if (linked) history.replaceState(null, "", root.pathname + linked);
const main = document.getElementById("main");
let leave = null;
let shown = location.hash;
let turn = 0;

function asked() {
  const [name, ...parts] = location.hash.replace(/^#\/?/, "").split("/");
  return { name: name in VIEWS ? name : "templates", parts: parts.map(decodeURIComponent) };
}

async function show() {
  if (leave?.mayLeave && !(await leave.mayLeave())) {
    history.replaceState(null, "", shown);
    return;
  }
  const mine = ++turn;
  shown = location.hash;
  const left = leave;
  leave = null;
  await left?.(); // what it still sends is there when the next view asks for it
  if (mine !== turn) return;
  const { name, parts } = asked();
  const view = VIEWS[name];
  const place = h("div", { className: "view" }); // of its own: a view that comes too late is in nobody's way
  main.replaceChildren(place);
  mark(view.under ?? name);
  document.title = `${t(view.title)} – omrclip`;
  try {
    const module = await view.load();
    if (mine !== turn) return;
    const taken = await module.mount(place, ...parts);
    if (mine === turn) leave = taken ?? null;
    else taken?.();
  } catch (error) {
    notifyFailure(error);
    place.append(h("div", { className: "empty" }, h("p", {}, failureNodes(error)), h("p", {}, h("a", { href: "#/templates" }, t("nav.templates")))));
  }
  if (document.activeElement === document.body) main.focus({ preventScroll: true });
}

function mark(name) {
  for (const link of document.querySelectorAll("#bar nav a")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function drawBar() {
  const link = (view, key) => h("a", { href: `#/${view}`, dataset: { view } }, t(key));
  const skip = h("a", { className: "button skip", href: "#main", onclick: (event) => (event.preventDefault(), main.focus()) }, t("nav.skip"));
  document.getElementById("bar").append(
    skip,
    h("a", { className: "brand", href: "#/templates", aria: { label: "omrclip" } }, h("img", { src: "ui/favicon.svg", alt: "" }), h("span", {}, "omrclip")),
    h("nav", { aria: { label: t("nav.label") } }, link("templates", "nav.templates"), link("recognize", "nav.recognize"), link("results", "nav.results")),
    h("span", { className: "grow" }),
    h("a", { className: "button quiet", href: "#/help" }, t("nav.help")),
    h("a", { className: "button quiet", href: "docs/" }, t("nav.api")),
    choice(LANGUAGES, language, { aria: { label: t("nav.language") }, onchange: (event) => chooseLanguage(event.target.value) }),
    themeButton(),
  );
  addLogOut();
}

/** The form that ends the session, where someone is logged in. It is a form, so that the server can lead to its own page. */
async function addLogOut() {
  const account = await readSession().catch(() => null);
  if (account?.Kind !== "user") return;
  const end = h("button", { type: "submit", className: "quiet", title: t("nav.logOutOf", { name: account.Name }) }, t("nav.logOut"));
  const form = h("form", { method: "post", action: "logout", onsubmit: forgetAll }, end);
  document.getElementById("bar").append(form);
}

function themeButton() {
  const dark = () => (remembered("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const apply = () => {
    const theme = remembered("theme");
    if (theme) document.documentElement.dataset.theme = theme;
    toggle.replaceChildren(icon(dark() ? "sun" : "moon"));
  };
  const toggle = button(t("nav.theme"), "moon", () => {
    remember("theme", dark() ? "light" : "dark");
    apply();
  }, { square: true, kind: "quiet" });
  apply();
  return toggle;
}

document.documentElement.lang = language;
drawBar();
askAgainForPictures();
addEventListener("hashchange", show);
addEventListener("beforeunload", (event) => {
  if (leave?.hasUnsaved?.()) event.preventDefault();
});
show();
