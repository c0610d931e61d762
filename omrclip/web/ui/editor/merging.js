/** Two edits of one template put together: what each changed of the state that both began with. */

const text = (value) => (value === undefined ? undefined : JSON.stringify(value));

/** Elements by what names them: page, and name, or type and place among those without one. */
function keyed(document) {
  const found = new Map();
  document.Pages.forEach((page, number) => {
    const unnamed = {};
    for (const element of page.Elements ?? []) {
      const place = element.Name ? `name ${element.Name}` : `${element.Type} ${(unnamed[element.Type] = (unnamed[element.Type] ?? 0) + 1)}`;
      let key = `${number} ${place}`;
      while (found.has(key)) key += "+"; // several may have one name
      found.set(key, element);
    }
  });
  return found;
}

/**
 * What differs: {key, page, name, base, mine, theirs, by}, where `by` is "mine", "theirs" (one side changed it) or "both"
 * (they changed it differently). An element that is not there is undefined.
 */
export function differences(base, mine, theirs) {
  const [b, m, t] = [base, mine, theirs].map(keyed);
  const found = [];
  for (const key of new Set([...t.keys(), ...m.keys(), ...b.keys()])) {
    const [was, ours, others] = [b.get(key), m.get(key), t.get(key)];
    const changed = { mine: text(ours) !== text(was), theirs: text(others) !== text(was) };
    if (text(ours) === text(others) || (!changed.mine && !changed.theirs)) continue;
    const by = changed.mine && changed.theirs ? "both" : changed.mine ? "mine" : "theirs";
    const element = ours ?? others ?? was;
    found.push({ key, page: Number(key.split(" ")[0]), name: element.Name || element.Type, base: was, mine: ours, theirs: others, by });
  }
  return found;
}

/** The document with both edits; `choices` says by key whose side is taken where both changed something, "mine" or "theirs". */
export function merged(base, mine, theirs, choices = {}) {
  const sides = new Map(differences(base, mine, theirs).map(({ key, by }) => [key, by === "both" ? (choices[key] ?? "mine") : by]));
  const [m, t] = [keyed(mine), keyed(theirs)];
  const taken = (key) => (sides.get(key) === "mine" ? m.get(key) : t.get(key));
  const Pages = theirs.Pages.map((page, number) => {
    const here = (key) => key.startsWith(`${number} `);
    const keys = [...new Set([...[...t.keys()].filter(here), ...[...m.keys()].filter(here)])];
    const { Elements: _, ...rest } = parts(base.Pages[number], mine.Pages[number], page);
    return { ...rest, Elements: keys.map(taken).filter(Boolean) };
  });
  const { Pages: _, ...rest } = parts(base, mine, theirs);
  return { ...rest, Pages };
}

/** Of two objects' members, mine where I changed them. */
function parts(base = {}, mine = {}, theirs = {}) {
  const result = { ...theirs };
  for (const key of Object.keys(mine)) if (text(mine[key]) !== text(base[key])) result[key] = mine[key];
  return result;
}
