/** Building elements, and the few ways in which views change them. No markup is ever parsed. */

import { ICONS } from "./icons.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. Properties that begin with `on` are listeners; `aria` and `dataset` are objects of their own; null, false
 * and undefined leave an attribute out. Children are nodes or text; null and false are left out, lists are flattened.
 */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(element.dataset, value);
    else if (key === "aria") for (const [part, said] of Object.entries(value)) setAttribute(element, `aria-${part}`, said);
    else if (key in element && !["list", "form", "role", "width", "height"].includes(key)) element[key] = value;
    else setAttribute(element, key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Set an attribute, or take it away where the value is null, undefined or false; aria- values stay "false". */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || (value === false && !name.startsWith("aria-"))) element.removeAttribute(name);
  else element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
}

/** One of the icons, for people who see it; what it means is said beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon and a label; `square` shows the icon alone, the label is then its name and its tooltip. */
export function button(label, iconName, onclick, { square = false, kind = "", ...more } = {}) {
  const named = square ? { title: more.title ?? label, aria: { label, ...more.aria } } : {};
  return h(
    "button",
    { type: "button", onclick, ...more, ...named, className: `${kind} ${square ? "square" : ""}`.trim() },
    iconName && icon(iconName),
    square ? null : h("span", {}, label),
  );
}

/** A labelled control, and what is said about it beneath. */
export function field(label, input, ...more) {
  return h("div", { className: "field" }, h("label", {}, h("span", {}, label), input), ...more);
}

/** A labelled box to tick. */
export function check(label, properties = {}) {
  return h("label", { className: "check" }, h("input", { type: "checkbox", ...properties }), label);
}

/** A choice of [value, label] pairs. */
export function choice(options, chosen, properties = {}) {
  return h(
    "select",
    properties,
    options.map(([value, label]) => h("option", { value, selected: value === chosen }, label)),
  );
}

/** Take files that are dropped onto an element, those in folders too, and show while something is held over it. */
export function acceptDrops(element, take) {
  const held = (event) => event.dataTransfer?.types.includes("Files");
  element.addEventListener("dragover", (event) => {
    if (!held(event)) return;
    event.preventDefault();
    element.classList.add("dropping");
  });
  element.addEventListener("dragleave", (event) => {
    if (!element.contains(event.relatedTarget)) element.classList.remove("dropping");
  });
  element.addEventListener("drop", (event) => {
    if (!held(event)) return;
    event.preventDefault();
    element.classList.remove("dropping");
    // Entries are only there while the event is; a drop that a script made has none.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = [...event.dataTransfer.files];
    if (entries.some((entry) => entry.isDirectory)) filesIn(entries).then(take);
    else take(files);
  });
}

/** All files of dropped entries, folders walked through in the order of names; hidden files are left out. */
async function filesIn(entries) {
  const sorted = entries.filter(({ name }) => !name.startsWith(".")).sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const found = [];
  for (const entry of sorted) {
    if (entry.isDirectory) found.push(...(await filesIn(await inFolder(entry))));
    else found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
  }
  return found;
}

/** What is in a folder; browsers tell a hundred entries at a time. */
async function inFolder(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return entries;
    entries.push(...some);
  }
}

/** A button that lets people choose files. */
export function fileButton(label, iconName, take, { accept = "", multiple = false, ...more } = {}) {
  const input = h("input", {
    type: "file", accept, multiple, hidden: true, aria: { label },
    onchange: () => {
      const files = [...input.files];
      input.value = "";
      if (files.length) take(files);
    },
  });
  return h("span", {}, input, button(label, iconName, () => input.click(), more));
}

/** Each call begins when the one before has ended, so that an earlier answer never replaces a later one. */
export function inTurn(act) {
  let last = Promise.resolve();
  return () => (last = last.catch(() => {}).then(act));
}

/** Call at most once after `milliseconds` without another call. */
export function debounced(milliseconds, act) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds, ...values);
  };
}
