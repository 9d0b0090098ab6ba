// Owns where the focus goes once a list was drawn anew, and the button that had it is gone.
//
// Exports
//   reloadKeepingFocus(list, label)   reloads a list of list.js; focuses the button of that label again, or else the
//                                     nearest thing that is sure to be there

export async function reloadKeepingFocus(list, label) {
  await list.reload();
  if (document.activeElement !== document.body && document.activeElement?.isConnected) return;
  const again = [...list.node.querySelectorAll("button, input")].find((it) => label && it.getAttribute("aria-label") === label);
  const sure = list.node.querySelector("input[type=search]") ?? document.querySelector("main h1");
  (again ?? sure)?.focus({ preventScroll: true });
}
