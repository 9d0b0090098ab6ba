// Owns where the focus goes when its element is drawn anew, or is gone.
//
// Exports
//   focusHeading({ scrolls })     gives the page's heading the focus; where the window is scrolled to stays, unless it scrolls
//   remember(root)     a function that finds, after root was drawn anew, what has the focus now: the same kind of control
//                      with the same words, in the same place among its like or next to it; null if there is none, or if
//                      the focus is elsewhere

/** @param {Element} it */
const words = (it) => it.getAttribute("aria-label") ?? it.getAttribute("name") ?? it.textContent;

/** @param {{ scrolls?: boolean }} [options] */
export const focusHeading = ({ scrolls = false } = {}) => /** @type {HTMLElement | null} */ (document.querySelector("main h1"))?.focus({ preventScroll: !scrolls });

/** @param {Element} root @returns {() => HTMLElement | null} */
export function remember(root) {
  /** @type {any} */
  const present = document.activeElement;
  if (!present || !root.contains(present)) return () => null;
  const { tagName, type } = present;
  const text = words(present);
  /** @returns {any[]} */
  const like = () => [...root.querySelectorAll(tagName)].filter((/** @type {any} */ it) => it.type === type && words(it) === text);
  const place = like().indexOf(present);
  return () => {
    const found = like();
    return found[Math.min(place, found.length - 1)] ?? null;
  };
}
