/** What this browser remembers: preferences, and which recognitions older versions made here. Nothing of a sheet itself. */

const PREFIX = "omrclip.";

/** What was remembered under a key; `otherwise` where nothing was, or it cannot be read. */
export function remembered(key, otherwise = null) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Remember a JSON value; browsers that refuse to just forget it. */
export function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch { /* storage is full, or not allowed */ }
}

/**
 * The runs that older versions made in this browser, newest first: {ids, template, created, expires, sheets, failed}. A
 * run is a number of images recognized at once; large ones are several recognitions, `ids`. Their addresses cannot be
 * guessed, so that this list is the only one there is.
 */
export function listRuns() {
  const now = Date.now() / 1000;
  return remembered("runs", []).filter((run) => run.expires > now);
}

/** Take a run off the list. */
export function forgetRun(ids) {
  remember("runs", listRuns().filter((run) => run.ids[0] !== ids[0]));
}

/** Forget what belongs to the person who logs out. Preferences of this browser stay. */
export function forgetAll() {
  remember("runs", []);
}
