/** The editor's keys. Single letters count only while the page has the focus, so that they are in nobody's way. */

import * as commands from "./commands.js";
import { KINDS } from "./document.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TOOLS = { v: "select", h: "hand", q: "questions", ...Object.fromEntries(Object.entries(KINDS).map(([kind, { key }]) => [key, kind])) };

const isText = (target) => target.matches?.("input:not([type=range], [type=checkbox]), textarea, select, dialog *");

/** Listen on the page's host and on the whole editor; `act` has save(), choose(tool) and focusName(). */
export function bindKeys(root, viewer, pointer, editing, act) {
  const onRoot = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "s") act.save();
    else if (isText(event.target)) return;
    else if (key === "z") event.shiftKey ? editing.redo() : editing.undo();
    else if (key === "y") editing.redo();
    else if (key === "c") commands.copy(editing);
    else if (key === "x") commands.cut(editing);
    else if (key === "v") commands.paste(editing);
    else if (key === "d") commands.duplicate(editing);
    else if (key === "a") commands.selectAll(editing);
    else return;
    event.preventDefault();
  };
  const onPage = (event) => {
    if (event.target !== viewer.host || event.ctrlKey || event.metaKey) return;
    if (event.key === " ") holdSpace(event);
    else if (event.key in ARROWS && editing.selection.length) move(editing, event);
    else if (event.key === "Delete" || event.key === "Backspace") commands.remove(editing);
    else if (event.key === "Escape") pointer.tool === "select" ? editing.select([]) : act.choose("select");
    else if (event.key === "Enter" && (pointer.tool in KINDS || pointer.tool === "questions")) pointer.insertInView(pointer.tool);
    else if (event.key === "Enter" && editing.selection.length) act.focusName();
    else if (event.key === "n" || event.key === "N") step(editing, event.key === "n" ? 1 : -1, viewer);
    else if (!event.altKey && TOOLS[event.key.toLowerCase()]) act.choose(TOOLS[event.key.toLowerCase()]);
    else {
      viewer.pressed(event);
      return;
    }
    event.preventDefault();
  };
  const holdSpace = (event) => {
    if (event.repeat) return;
    pointer.spaceHeld = true;
    viewer.host.style.cursor = "grab";
    addEventListener("keyup", () => {
      pointer.spaceHeld = false;
      viewer.host.style.cursor = pointer.restingCursor();
    }, { once: true });
  };
  root.addEventListener("keydown", onRoot);
  viewer.host.addEventListener("keydown", onPage);
}

function move(editing, event) {
  const [x, y] = ARROWS[event.key].map((part) => part * (event.shiftKey ? 10 : 1));
  if (event.altKey) commands.grow(editing, x, y);
  else commands.nudge(editing, x, y);
}

/** Select the next element, or the one before. */
function step(editing, by, viewer) {
  const count = editing.elements.length;
  if (!count) return;
  const from = editing.selection.at(-1) ?? (by > 0 ? -1 : count);
  editing.select([(from + by + count) % count]);
  if (editing.selectedBoxes.length) viewer.goTo(editing.selectedBoxes[0], 5);
}
