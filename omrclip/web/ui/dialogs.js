/** Dialogs over the page, and notices in its corner. */

import { button, h } from "./dom.js";
import { moment, number, t, translated } from "./messages.js";
import { withPlaces } from "./places.js";
import { saidText } from "./said.js";

/**
 * Show a dialog until it is closed. `fill(close)` gives its content; what `close` is called with is the outcome, null
 * where it was dismissed. `onopen` is called when it is on the page. Focus goes back to where it was.
 */
export function openDialog(title, fill, { wide = false, onopen = () => {} } = {}) {
  return new Promise((resolve) => {
    let outcome = null;
    const close = (value = null) => {
      outcome = value;
      dialog.close();
    };
    const dialog = h("dialog", { className: wide ? "wide" : "", aria: { label: title } });
    dialog.append(h("div", { className: "dialog" }, h("h2", {}, title), fill(close)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(outcome);
    });
    document.body.append(dialog);
    dialog.showModal();
    onopen();
  });
}

/** Ask for a yes; true where it was given. */
export async function confirmed(title, text, yes, { danger = false } = {}) {
  return (await openDialog(title, (close) => [
    h("p", {}, text),
    h(
      "div",
      { className: "actions" },
      button(t("cancel"), null, () => close(false)),
      button(yes, null, () => close(true), { kind: danger ? "danger" : "primary" }),
    ),
  ])) === true;
}

/**
 * Ask for something in a form. `fields` are the controls' elements; `submit` does what is asked and gives the outcome,
 * or throws what is then shown in the dialog, which stays.
 */
export function askForm(title, fields, yes, submit) {
  return openDialog(title, (close) => {
    const told = h("p", { className: "problem", role: "alert" });
    const go = h("button", { type: "submit", className: "primary" }, yes);
    const onsubmit = async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        close(await submit());
      } catch (error) {
        told.replaceChildren(...failureNodes(error));
        go.disabled = false;
      }
    };
    const actions = h("div", { className: "actions" }, button(t("cancel"), null, () => close()), go);
    return h("form", { onsubmit, className: "stack", noValidate: true }, fields, told, actions);
  });
}

/** Say something, text or nodes, in the corner. What went wrong stays until it is dismissed. */
export function notify(text, { bad = false, action = null } = {}) {
  const note = h("div", { className: `notice ${bad ? "bad" : ""}` }, h("p", {}, text));
  if (action) note.append(button(action.label, null, () => (note.remove(), action.run())));
  note.append(button(t("dismiss"), "close", () => note.remove(), { square: true, kind: "quiet" }));
  document.getElementById("notices").append(note);
  if (!bad && !action) setTimeout(() => note.remove(), 6000);
}

/** What browsers say of a connection that broke off while an answer was read. */
const BROKEN_OFF = /network|fetch|load failed/i;

/** What an error says, in the language of the page where it is one of those that every person may meet. */
export function failureText(error) {
  if (error instanceof SyntaxError) return t("error.proxy", { status: 200 }); // a page in place of an answer
  if (error instanceof TypeError && BROKEN_OFF.test(error.message)) return t("error.unreachable");
  switch (error?.code) {
    case "unreachable":
      return t("error.unreachable");
    case "too_large":
      return t("error.tooLarge");
    case "proxy":
      return t("error.proxy", { status: error.status });
    case "storage_unavailable":
      return t(error.details?.reason === "URL" ? "error.needsFolder" : "error.storageUnavailable");
    case "storage_full": {
      const oldest = error.details?.oldest_expires;
      return t("error.storageFull") + (oldest ? ` ${t("error.oldestExpires", { time: moment(oldest) })}` : "");
    }
    default: {
      const { code, message = String(error), details } = error ?? {};
      const { fields = [], maximum, said } = details ?? {};
      if (said) return saidText(said);
      const told = withPlaces(message);
      const paths = fields.map(({ path }) => withPlaces(path)).join("; ") || told;
      return translated(`code.${code}`, told, { ...details, paths, maximum: Number.isFinite(maximum) ? number(maximum) : maximum });
    }
  }
}

/** The id of a request that failed, as nodes: an administrator finds it in the log. None where there is no id. */
export function requestNote(requestId) {
  return requestId ? [" ", h("small", { className: "request-id" }, t("error.request"), " ", h("code", {}, requestId))] : [];
}

/** What an error says, with the id of its request, as nodes. */
export const failureNodes = (error) => [failureText(error), ...requestNote(error?.requestId)];

/** Say that something failed. */
export function notifyFailure(error) {
  if (error?.name === "AbortError") return;
  notify(failureNodes(error), { bad: true });
}
