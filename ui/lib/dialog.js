// Owns dialogs. Focus goes in, stays in and comes back; Escape is the harmless way.
//
// Exports
//   ask({ title, body, fields, confirm, kind, typed, cancel, act, stop })
//       body      nodes or texts; a text becomes a paragraph
//       fields    of form.js; their values go to act
//       confirm   the label of the button that acts ("OK"), kind its look ("primary", "danger primary")
//       typed     a word that must be typed first, as `delete`
//       act       async (values) => result; what it throws is shown in the dialog, which stays open
//       stop      what Cancel and Escape do while act is at work; without it they wait for its end
//     → a promise: what act gave (true if nothing), or null if the person went back
//   closeAll()      for the router: dialogs do not outlive their page
//   isAnyOpen()

import { h, unique } from "./dom.js";
import { focusHeading } from "./focus.js";
import { field, form } from "./form.js";

/** @type {Set<() => void>} */
const open = new Set();

export const isAnyOpen = () => open.size > 0;

export const closeAll = () => [...open].forEach((close) => close());

/** @param {Child} body */
const paragraphs = (body) => [body].flat().map((it) => (typeof it === "string" ? h("p", it) : it));

/** @param {string} word */
function confirmation(word) {
  const label = h("span", "Type ", h("code", word), " to confirm");
  return field({ name: "confirmation", label, autocomplete: "off", autocapitalize: "off" });
}

const INSIDE = "a[href], button:not([disabled]), input:not([disabled]), select, textarea, [tabindex='0']";

/**
 * The elements that the keyboard reaches, in its order: of radio buttons only the chosen one.
 * @param {Element} dialog @returns {any[]}
 */
function reachable(dialog) {
  /** @type {any[]} */
  const all = [...dialog.querySelectorAll(INSIDE)].filter((it) => it.checkVisibility());
  const chosen = new Set(all.filter((it) => it.type === "radio" && it.checked).map((it) => it.name));
  return all.filter((it) => it.type !== "radio" || it.checked || !chosen.has(it.name));
}

/**
 * From the last to the first and back: without this the focus would pass through the window's own bars.
 * @param {any} event
 */
function keepIn(event) {
  if (event.key !== "Tab") return;
  const all = reachable(event.currentTarget);
  const [from, to] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
  if (document.activeElement !== from) return;
  event.preventDefault();
  to.focus();
}

/**
 * Shows a dialog; `finish` closes it with a result.
 * @param {string} title @param {(finish: (result?: any) => void) => Child} draw @param {() => boolean} mayClose
 * @returns {Promise<any>}
 */
function show(title, draw, mayClose) {
  const before = document.activeElement;
  return new Promise((resolve) => {
    const id = unique("dialog");
    const dialog = h("dialog", { "aria-labelledby": id, onkeydown: keepIn });
    const finish = (result = null) => {
      if (!open.delete(close)) return;
      dialog.close();
      dialog.remove();
      if (!before?.isConnected) focusHeading();
      resolve(result);
    };
    const close = () => finish(null);
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      if (mayClose()) close();
    });
    open.add(close);
    dialog.append(h("div.stack.tight", h("h2", { id }, title), draw(finish)));
    document.body.append(dialog);
    dialog.showModal();
    // The first field; where there is none, the harmless button.
    const first = reachable(dialog).find((it) => it.matches("input, select, textarea")) ?? dialog.querySelector(".actions > :nth-child(2)");
    first?.focus();
  });
}

/** @param {AskOptions} options @returns {Promise<any>} */
export function ask({ title, body = [], fields = [], confirm = "OK", kind = "primary", typed = null, cancel = "Cancel", act, stop }) {
  let isBusy = () => false;
  const mayClose = () => {
    if (isBusy()) stop?.();
    return !isBusy();
  };
  return show(title, (finish) => {
    const word = typed && confirmation(typed);
    const inner = form({
      fields: word ? [...fields, word] : fields,
      submit: confirm,
      kind,
      cancel: { label: cancel, onclick: () => mayClose() && finish(null) },
      onsubmit: async ({ confirmation: _, ...values }) => finish((await act?.(values)) ?? true),
    });
    isBusy = inner.isBusy;
    if (word) {
      const follow = () => (inner.button.disabled = word.value.trim() !== typed);
      word.onchange(follow);
      follow();
    }
    return [h("div.body.wide", paragraphs(body)), inner.node];
  }, mayClose);
}
