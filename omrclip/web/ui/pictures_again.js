/** Pictures that were refused are asked for again: a busy server refuses those that wait too long for others. */

/** Milliseconds after which a picture is asked for again, for each time that it was refused. */
const DELAYS = [1000, 4000, 10000];

/** Ask again for the pictures of the whole page. */
export function askAgainForPictures() {
  const refused = new WeakMap(); // for each `img` the address, and how often it was refused
  document.addEventListener("error", ({ target }) => {
    if (!(target instanceof HTMLImageElement)) return;
    const { src } = target;
    const known = refused.get(target);
    const times = known?.src === src ? known.times : 0;
    if (times >= DELAYS.length) return;
    refused.set(target, { src, times: times + 1 });
    setTimeout(() => {
      if (target.isConnected && target.src === src) target.src = src;
    }, DELAYS[times]);
  }, true); // such events do not bubble
}
