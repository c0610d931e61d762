/** The gallery of the clips of a batch. */

import { Gallery } from "../results/gallery.js";
import { titleOf } from "../review/sheets.js";
import { BatchCorrections } from "./corrections.js";
import { listFields, readBatch, readFirstSheet } from "./requests.js";
import { BatchSheet } from "./sheets.js";

export async function mount(main, id, wanted) {
  const corrections = new BatchCorrections(id);
  const [batch, first] = await Promise.all([readBatch(id), readFirstSheet(id), corrections.load()]);
  const areas = (first?.Clips ?? []).map(titleOf);
  const entriesOf = async (area) => {
    const found = area ? await listFields(id, { element: area }) : [];
    return found.flatMap(({ Name, Fields }) => {
      const sheet = new BatchSheet(id, { Name, Result: "passed" }, corrections);
      return Fields.map((clip) => [sheet, clip]);
    });
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
