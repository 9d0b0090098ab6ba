// Owns how elements are made. No page takes HTML as text: what a person typed, an image name or an error message can only
// become a text node or an attribute.
//
// Exports
//   h("p.quiet.small", { id, onclick }, ...children)   an element; texts become text nodes; null, undefined, false vanish
//   path`/people/${name}`                              a path whose parts are encoded (a slash in a name becomes %2F)
//   button(label, { kind, onclick, ... })              kind: "primary", "danger", "danger primary", "plain" or none; clicks
//                                                      count again once what onclick promised has come
//   linkButton(label, href, kind)                      a link that looks like a button
//   badge(word, kind)                                  kind: "good", "bad" or none
//   facts([[term, value], ...])                        a list of terms and values; entries without value vanish
//   head(title, { lead, actions, crumbs, tabs })       the head of a page with its h1
//   plural(3, "access token")                          "3 access tokens"
//   breakable(text, sign)                             a long text that breaks after each sign first, for h()
//   unique(prefix)                                     an id that no other element has

let made = 0;

export const unique = (prefix) => `${prefix}-${(made += 1)}`;

const isAttributes = (it) => it !== null && typeof it === "object" && !(it instanceof Node) && !Array.isArray(it);

function set(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key === "style" || key === "innerHTML" || key === "outerHTML") throw new Error(`${key} is not set here`);
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key === "value") element.value = value;
  else element.setAttribute(key, value === true ? "" : value);
}

export function h(kind, ...rest) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  const attributes = isAttributes(rest[0]) ? rest.shift() : {};
  // A select takes its value once its options are there.
  const { value, ...others } = attributes;
  for (const [key, it] of Object.entries(others)) set(element, key, it);
  element.append(...rest.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  set(element, "value", value);
  return element;
}

export const path = (texts, ...parts) =>
  texts.reduce((whole, text, place) => whole + encodeURIComponent(parts[place - 1]) + text);

/** Ignores a second click while the first one works: it would open a second dialog. */
function once(act) {
  let isAtWork = false;
  return async (event) => {
    if (isAtWork) return;
    isAtWork = true;
    try {
      await act(event);
    } finally {
      isAtWork = false;
    }
  };
}

export function button(label, { kind = "", onclick, ...attributes } = {}) {
  return h("button", { type: "button", class: `button ${kind}`.trim(), onclick: onclick && once(onclick), ...attributes }, label);
}

export const linkButton = (label, href, kind = "") => h("a", { class: `button ${kind}`.trim(), href }, label);

export const badge = (word, kind = "") => h("span", { class: `badge ${kind}`.trim() }, word);

export function facts(entries) {
  const shown = entries.filter((entry) => entry && entry[1] !== null && entry[1] !== undefined && entry[1] !== "");
  return h("dl.facts", shown.map(([term, value]) => [h("dt", term), h("dd", value)]));
}

/** Crumbs are [label, href] pairs of the places above; tabs are [label, href, isPresent]. */
export function head(title, { lead, actions = [], crumbs = [], tabs = [] } = {}) {
  return [
    crumbs.length > 0 && h("p.crumbs", crumbs.map(([label, href]) => [h("a", { href }, label), " / "])),
    h("div.head", h("h1", { tabindex: "-1" }, title), actions, lead && h("p.lead", lead)),
    tabs.length > 0 && h("div.tabs", tabs.map(([label, href, isPresent]) =>
      h("a", { href, "aria-current": isPresent ? "page" : null }, label))),
  ].filter(Boolean);
}

export const breakable = (text, sign) => text.split(sign).flatMap((part, place) => (place ? [sign, h("wbr"), part] : [part]));

export const plural = (count, word, many = `${word}s`) => `${count.toLocaleString("en")} ${count === 1 ? word : many}`;
