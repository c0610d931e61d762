/**
 * Pictures that are asked for when they are near the view and nobody scrolls, a few at a time. Browsers ask for all
 * pictures that pass by, and drawing them, or a server on the same machine, then takes the time that scrolling needs.
 */

const AT_ONCE = 4;
/** Milliseconds after the last scroll event until the place rests. */
const REST = 150;
/** How far above and below the view a picture is asked for, so that somebody who scrolls on finds pictures. */
const MARGIN = "50% 0px";

export class Pictures {
  /** `place` is the element that scrolls. */
  constructor(place) {
    Object.assign(this, { wanted: new Set(), loading: 0, rests: null });
    this.addresses = new WeakMap();
    this.observer = new IntersectionObserver((seen) => this.moved(seen), { root: place, rootMargin: MARGIN });
    place.addEventListener("scroll", () => this.scrolled(), { passive: true });
  }

  /** Show the picture at an address in the `img` of a node, once the node is near the view. */
  add(node, address) {
    this.addresses.set(node, address);
    this.observer.observe(node);
  }

  /** Forget the pictures that are not yet there. */
  clear() {
    this.observer.disconnect();
    this.wanted.clear();
  }

  moved(seen) {
    for (const { target, isIntersecting } of seen) isIntersecting ? this.wanted.add(target) : this.wanted.delete(target);
    this.load();
  }

  scrolled() {
    clearTimeout(this.rests);
    this.rests = setTimeout(() => {
      this.rests = null;
      this.load();
    }, REST);
  }

  load() {
    for (const node of this.wanted) {
      if (this.rests !== null || this.loading >= AT_ONCE) return;
      this.wanted.delete(node);
      this.observer.unobserve(node);
      this.ask(node.querySelector("img"), this.addresses.get(node));
    }
  }

  ask(picture, address) {
    this.loading += 1;
    const done = () => {
      this.loading -= 1;
      this.load();
    };
    picture.addEventListener("load", done, { once: true });
    picture.addEventListener("error", done, { once: true });
    picture.src = address;
  }
}
