// What the test of every view asks the page, in `window.everyView`.
window.everyView = (() => {
  const ATTRIBUTES = ["title", "aria-label", "placeholder", "alt", "aria-roledescription"];
  const controls = () => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ visibilityProperty: true }));
  const told = (one) => one.outerHTML.slice(0, 120);

  /** The texts of the page and of its attributes. */
  function texts() {
    const found = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.nodeType === Node.TEXT_NODE) found.push(node.data.trim());
      else for (const name of ATTRIBUTES) found.push(node.getAttribute(name)?.trim() ?? "");
    }
    return [...new Set(found)].filter(Boolean);
  }

  /** The forms of a message that have words: singular and plural. */
  const forms = (text) => text.split("|").filter((form) => /[a-z]{3}/i.test(form.replace(/\{\w+\}/g, "")));
  const pattern = (form) => new RegExp(`^${form.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, ".+")}$`);

  return {
    /** Texts that are in the English table and not in the German one. */
    english(english, german) {
      const known = new Set(Object.values(german).flatMap(forms));
      const foreign = Object.values(english).flatMap(forms).filter((form) => !known.has(form)).map(pattern);
      return texts().filter((text) => foreign.some((form) => form.test(text)));
    },

    /** What makes the window scroll sideways, and controls that lie outside it. */
    beyond() {
      const places = [document.documentElement, document.querySelector(".view")].filter(Boolean);
      const wide = places.filter((place) => place.scrollWidth > place.clientWidth + 1).map((place) => `${place.tagName}: ${place.scrollWidth} px`);
      const outside = controls().filter((one) => {
        const { left, right } = one.getBoundingClientRect();
        return left < -1 || right > innerWidth + 1;
      });
      return [...wide, ...outside.map(told)];
    },

    /** Number the controls, and tell how many there are. */
    number() {
      const all = controls();
      all.forEach((one, index) => (one.dataset.stop = index));
      return all.length;
    },

    /** The number of the control with the focus, null for none; and whether the focus can be seen. */
    focused() {
      const one = document.activeElement;
      if (!one || one === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(document.getElementById(one.getAttribute("aria-activedescendant")) ?? one);
      return { number: Number(one.dataset.stop ?? -1), seen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1, html: told(one) };
    },

    /** The controls that are not among these numbers. */
    missed: (reached) => controls().filter((one) => !reached.includes(Number(one.dataset.stop ?? -1))).map(told),
  };
})();
