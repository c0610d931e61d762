/** The gallery of the clips of a batch. */

import { Gallery } from "../results/gallery.js";
import { titleOf } from "../review/sheets.js";
import { BatchCorrections } from "./corrections.js";
import { listFields, listSheets, readBatch, readSheet } from "./requests.js";
import { BatchSheet } from "./sheets.js";

export async function mount(main, id, wanted) {
  const corrections = new BatchCorrections(id);
  const [batch, listed] = await Promise.all([readBatch(id), listSheets(id), corrections.load()]);
  const sheets = new Map(listed.map((told) => [told.Name, new BatchSheet(id, told, corrections)]));
  const passed = listed.find(({ Result }) => Result !== "failed");
  const areas = passed ? (await readSheet(id, passed.Name)).Clips.map(titleOf) : [];
  const entriesOf = async (area) => {
    const found = area ? await listFields(id, { element: area }) : [];
    return found.flatMap(({ Name, Fields }) => Fields.map((clip) => [sheets.get(Name), clip])).filter(([sheet]) => sheet);
  };
  const gallery = new Gallery(main, { areas, wanted, entriesOf, corrections, back: `#/batch/${id}`, title: batch.Name, actions: [] });
  const stop = corrections.watch();
  await gallery.choose();
  const leave = () => {
    stop();
    return gallery.destroy();
  };
  leave.hasUnsaved = () => corrections.hasUnsent;
  return leave;
}
