// Owns where the focus goes when its element is drawn anew.
//
// Exports
//   remember(root)     a function that finds, after root was drawn anew, what has the focus now: the same kind of control
//                      with the same words, in the same place among its like or next to it; null if there is none, or if
//                      the focus is elsewhere

const words = (it) => it.getAttribute("aria-label") ?? it.getAttribute("name") ?? it.textContent;

export function remember(root) {
  const present = document.activeElement;
  if (!present || !root.contains(present)) return () => null;
  const { tagName, type } = present;
  const text = words(present);
  const like = () => [...root.querySelectorAll(tagName)].filter((it) => it.type === type && words(it) === text);
  const place = like().indexOf(present);
  return () => {
    const found = like();
    return found[Math.min(place, found.length - 1)] ?? null;
  };
}
