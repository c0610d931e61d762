/** What a clip area gives of the blank page, at its quality: the very bytes that a scan like it would give. */

import * as api from "../api.js";
import { debounced, h } from "../dom.js";
import { bytes, t } from "../messages.js";

/** {node, update, destroy}: the clip of the one element that is selected; `hasImage()` says whether there is a page to cut. */
export function clipPreview(template, editing, hasImage) {
  const image = h("img", { alt: t("preview.alt"), hidden: true });
  const said = h("figcaption", { className: "muted number" });
  let running = null;
  let asked = "";
  const load = debounced(120, async (element) => {
    running?.abort();
    if (!Object.values(element).every(Number.isFinite)) {
      image.hidden = true; // the fields tell what is wrong
      said.textContent = "";
      return;
    }
    if (!hasImage()) {
      said.textContent = t("preview.noImage");
      return;
    }
    running = new AbortController();
    try {
      const data = await api.previewClip(template, editing.page + 1, element, running.signal);
      URL.revokeObjectURL(image.src);
      image.src = URL.createObjectURL(data);
      image.hidden = false;
      said.textContent = t("preview.bytes", { bytes: bytes(data.size) });
      said.dataset.bytes = data.size;
    } catch (error) {
      if (error.name === "AbortError") return;
      image.hidden = true;
      said.textContent = "";
    }
  });
  return {
    node: h("figure", { className: "preview" }, image, said),
    update: (element) => {
      const { Left, Top, Width, Height, JpegQuality = 85 } = element;
      const key = JSON.stringify([editing.page, Left, Top, Width, Height, JpegQuality]);
      if (key !== asked) load({ Left, Top, Width, Height, JpegQuality });
      asked = key;
    },
    destroy: () => {
      running?.abort();
      URL.revokeObjectURL(image.src);
    },
  };
}
