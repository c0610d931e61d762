/** All templates with their pages, and the ways to get another one. */

import * as api from "../api.js";
import { confirmed, notify, notifyFailure } from "../dialogs.js";
import { acceptDrops, button, fileButton, h, icon } from "../dom.js";
import { helpLink } from "../help.js";
import { t } from "../messages.js";
import { copyTemplate, takeFiles } from "./adding.js";

export async function mount(main) {
  const list = h("ul", { className: "cards", aria: { label: t("templates.title") } });
  const filter = h("input", { type: "search", placeholder: t("templates.filter"), aria: { label: t("templates.filter") }, oninput: () => sift(list, filter.value) });
  const add = (files) => takeFiles(files).then((name) => name && (location.hash = `#/edit/${encodeURIComponent(name)}`), notifyFailure);
  const accept = ".omr,.omrcr,.png,.jpg,.jpeg,.tif,.tiff,.webp,.gif,.jp2,.bmp,.pdf,image/*";
  const heading = h(
    "div",
    { className: "heading" },
    h("h1", {}, t("templates.title")),
    filter,
    fileButton(t("templates.fromImage"), "add", add, { accept: "image/*,.tif,.tiff,.jp2,.pdf", kind: "primary" }),
    fileButton(t("templates.open"), "open", add, { accept, multiple: true }),
  );
  const hint = h("p", { className: "muted" }, t("templates.hint"));
  const content = h("div", { className: "content" }, heading, hint, list);
  acceptDrops(main, add);
  main.append(content);
  const drawer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      drawer.unobserve(target);
      fill(target).catch(() => {});
    }
  }, { root: main, rootMargin: "300px" });
  const draw = async () => {
    const names = await api.listTemplates();
    list.replaceChildren(...names.map((name) => card(name, () => draw().catch(notifyFailure))));
    for (const entry of list.children) drawer.observe(entry);
    if (!names.length) list.append(h("li", { className: "empty" }, h("p", {}, t("templates.none")), h("p", {}, helpLink())));
    sift(list, filter.value);
  };
  await draw();
  return () => drawer.disconnect();
}

function card(name, redraw) {
  const remove = button(t("templates.delete", { name }), "trash", () => removeTemplate(name, entry), { square: true, kind: "quiet" });
  const again = (options) => copyTemplate(name, options).then((stored) => stored && redraw(), notifyFailure);
  const renaming = button(t("templates.rename", { name }), "pen", () => again({ moves: true }), { square: true, kind: "quiet" });
  const copying = button(t("templates.copy", { name }), "duplicate", () => again(), { square: true, kind: "quiet" });
  const recognize = h("a", { className: "button quiet", href: `#/recognize/${encodeURIComponent(name)}` }, icon("play"), t("templates.recognize"));
  const entry = h(
    "li",
    { className: "card", dataset: { name } },
    h(
      "a",
      { className: "card-link", href: `#/edit/${encodeURIComponent(name)}` },
      h("span", { className: "thumbnail", aria: { hidden: true } }),
      h("span", { className: "card-name" }, name),
      h("span", { className: "card-facts muted" }, " "),
    ),
    h("div", { className: "card-actions" }, recognize, h("span", { className: "grow" }), renaming, copying, remove),
  );
  return entry;
}

/** What a card shows is asked for when it comes into view. */
async function fill(entry) {
  const { name } = entry.dataset;
  const pages = await api.listPages(name);
  const [first] = pages;
  const sum = (key) => pages.reduce((total, page) => total + page[key], 0);
  const facts = [t("count.clipAreas", { n: sum("ClipAreas") }), t("count.elements", { n: sum("Elements") })];
  if (pages.length > 1) facts.unshift(t("count.pages", { n: pages.length }));
  entry.querySelector(".card-facts").textContent = facts.join(" · ");
  const frame = entry.querySelector(".thumbnail");
  if (!first.Image) {
    frame.append(h("span", { className: "muted" }, t("templates.noImage")));
    return;
  }
  frame.append(h("img", { src: api.pageThumbnail(first), alt: "", decoding: "async" }));
}

function sift(list, text) {
  const wanted = text.trim().toLowerCase();
  for (const entry of list.children) entry.hidden = !(entry.dataset.name ?? "").toLowerCase().includes(wanted);
}

async function removeTemplate(name, entry) {
  if (!(await confirmed(t("templates.deleteTitle"), t("templates.deleteText", { name }), t("delete"), { danger: true }))) return;
  try {
    await api.deleteTemplate(name);
    entry.remove();
    notify(t("templates.deleted", { name }));
  } catch (error) {
    notifyFailure(error);
  }
}
