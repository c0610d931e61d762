/** The state of a batch as it changes: by Server-Sent Events, or by asking again where these do not come through. */

import { eventsAddress, readBatch } from "./requests.js";

const ASK_MILLISECONDS = 5000;

/** Call `told(event)` with State, Total, Done and so on, until the batch has ended. Returns a function that stops it. */
export function follow(id, told) {
  let stopped = false;
  let timer = 0;
  const source = new EventSource(eventsAddress(id));
  const stop = () => {
    stopped = true;
    source.close();
    clearTimeout(timer);
  };
  const take = (event) => {
    if (stopped) return;
    if (event.State === "done" || event.State === "failed") stop();
    told(event);
  };
  const ask = async () => {
    const batch = await readBatch(id).catch(() => null);
    if (stopped) return;
    if (batch) take(batch);
    if (!stopped) timer = setTimeout(ask, ASK_MILLISECONDS);
  };
  source.addEventListener("progress", ({ data }) => take(JSON.parse(data)));
  source.addEventListener("deleted", () => (stop(), told({ State: "deleted" })));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED && !stopped) timer = setTimeout(ask, ASK_MILLISECONDS);
  });
  return stop;
}
