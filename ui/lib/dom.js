// Owns how elements are made. No page takes HTML as text: what a person typed, an image name or an error message can only
// become a text node or an attribute.
//
// Exports
//   h("p.quiet.small", { id, onclick }, ...children)   an element; texts become text nodes; null, undefined, false vanish
//   svg("rect.bar", { x, width }, ...children)         the same, for drawings
//   path`/people/${name}`                              a path whose parts are encoded (a slash in a name becomes %2F)
//   button(label, { kind, onclick, ... })              kind: "primary", "danger", "danger primary", "plain" or none; clicks
//                                                      count again once what onclick promised has come
//   linkButton(label, href, kind)                      a link that looks like a button
//   badge(word, kind)                                  kind: "good", "bad" or none
//   facts([[term, value], ...])                        a list of terms and values; entries without value vanish
//   head(title, { lead, actions, crumbs, tabs })       the head of a page with its h1
//   tabsOf(query, href, rows)                          the tabs of a page at href: rows are [label, key, ...], the first one is shown
//                                                      without a key → { present: the row that ?tab= names, tabs: for head() }
//   tabTitle(query, rows, name)                        the window's title of a page with these tabs: "Tags · acme/shop"; of the first
//                                                      tab it is the name alone
//   troubleNode(error, again)                          what went wrong, with "Try again"
//   breakable(text, sign)                             a long text that breaks after each sign first, for h()
//   unique(prefix)                                     an id that no other element has

let made = 0;

/** @param {string} prefix */
export const unique = (prefix) => `${prefix}-${(made += 1)}`;

/** @param {any} it @returns {boolean} */
const isAttributes = (it) => it !== null && typeof it === "object" && !(it instanceof Node) && !Array.isArray(it);

/** @param {any} element @param {string} key @param {any} value */
function set(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key === "style" || key === "innerHTML" || key === "outerHTML") throw new Error(`${key} is not set here`);
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key === "value") element.value = value;
  else element.setAttribute(key, value === true ? "" : value);
}

/** @param {Element} element @param {string[]} classes @param {any[]} rest */
function furnish(element, classes, rest) {
  if (classes.length) element.setAttribute("class", classes.join(" "));
  const attributes = isAttributes(rest[0]) ? rest.shift() : {};
  // A select takes its value once its options are there.
  const { value, ...others } = attributes;
  for (const [key, it] of Object.entries(others)) set(element, key, it);
  element.append(...rest.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  set(element, "value", value);
  return element;
}

/** @template {string} Kind @param {Kind} kind @param {...any} rest @returns {Made<Kind>} */
export function h(kind, ...rest) {
  const [tag, ...classes] = kind.split(".");
  return /** @type {any} */ (furnish(document.createElement(tag || "div"), classes, rest));
}

/** @template {keyof SVGElementTagNameMap} Tag @param {Tag | `${Tag}.${string}`} kind @param {...any} rest @returns {SVGElementTagNameMap[Tag]} */
export function svg(kind, ...rest) {
  const [tag, ...classes] = kind.split(".");
  return /** @type {any} */ (furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), classes, rest));
}

/** @param {TemplateStringsArray} texts @param {...string} parts */
export const path = (texts, ...parts) =>
  texts.reduce((whole, text, place) => whole + encodeURIComponent(parts[place - 1]) + text);

/**
 * Ignores a second click while the first one works: it would open a second dialog.
 * @param {(event: Event) => unknown} act
 */
function once(act) {
  let isAtWork = false;
  return /** @param {Event} event */ async (event) => {
    if (isAtWork) return;
    isAtWork = true;
    try {
      await act(event);
    } finally {
      isAtWork = false;
    }
  };
}

/** @param {Child} label @param {Attributes} [options] @returns {HTMLButtonElement} */
export function button(label, { kind = "", onclick, ...attributes } = {}) {
  return h("button", { type: "button", class: `button ${kind}`.trim(), onclick: onclick && once(onclick), ...attributes }, label);
}

/** @param {Child} label @param {string} href @param {string} [kind] */
export const linkButton = (label, href, kind = "") => h("a", { class: `button ${kind}`.trim(), href }, label);

/** @param {string} word @param {string} [kind] */
export const badge = (word, kind = "") => h("span", { class: `badge ${kind}`.trim() }, word);

/** @param {([string, Child] | null | undefined | false)[]} entries */
export function facts(entries) {
  const shown = entries.map((entry) => {
    const [term, value = null] = entry || [];
    return value !== null && value !== false && value !== "" && [h("dt", term), h("dd", value)];
  });
  return h("dl.facts", shown);
}

/**
 * Crumbs are [label, href] pairs of the places above; tabs are [label, href, isPresent].
 * @param {Child} title @param {{ lead?: Child, actions?: Child, crumbs?: Crumb[], tabs?: Tab[] }} [options] @returns {any[]}
 */
export function head(title, { lead, actions = [], crumbs = [], tabs = [] } = {}) {
  return [
    crumbs.length > 0 && h("p.crumbs", crumbs.map(([label, href]) => [h("a", { href }, label), " / "])),
    h("div.head", h("h1", { tabindex: "-1" }, title), actions, lead && h("p.lead", lead)),
    tabs.length > 0 && h("div.tabs", tabs.map(([label, href, isPresent]) =>
      h("a", { href, "aria-current": isPresent ? "page" : null }, label))),
  ].filter(Boolean);
}

/**
 * @template {any[]} Row @param {URLSearchParams} query @param {string} href @param {Row[]} rows
 * @returns {{ present: Row, tabs: Tab[] }}
 */
export function tabsOf(query, href, rows) {
  const present = rows.find(([, key]) => key === query.get("tab")) ?? rows[0];
  /** @type {Tab[]} */
  const tabs = rows.map((row, place) => [row[0], place === 0 ? href : `${href}?tab=${row[1]}`, row === present]);
  return { present, tabs };
}

/** @param {URLSearchParams} query @param {any[][]} rows @param {string} name */
export function tabTitle(query, rows, name) {
  const { present } = tabsOf(query, "", rows);
  return present === rows[0] ? name : `${present[0]} · ${name}`;
}

/** @param {Error} error @param {() => unknown} again */
export const troubleNode = (error, again) =>
  h("div.stack.tight", h("p.error", { role: "alert" }, error.message), button("Try again", { onclick: again }));

/** @param {string} text @param {string} sign */
export const breakable = (text, sign) => text.split(sign).flatMap((part, place) => (place ? [sign, h("wbr"), part] : [part]));
