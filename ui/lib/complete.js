// Owns fields with suggestions below them, for names that are known to the server.
//
// Exports
//   suggestField({ name, label, hint, value, suggest, ... })    one value → a field as those of form.js
//   chipsField({ name, label, hint, values, suggest, check })   several values as chips; its value is an array, check judges
//                                                               one text as it is added → what is wrong, or nothing
//   leadingField({ name, label, placeholder, value, suggest, lead })      a node for the tools of a list, of one value that
//                                                               narrows it: lead(text) is told of each other one
//   suggest is async (text, signal) => [{ value, hint }]; ready ones:
//   accounts(text, signal), users(…), organizations(…), repositories(text, signal), patterns(…)
//   (patterns: repositories and `namespace/*`, as access tokens take them)
//   repositoriesIn(namespace), patternsIn(namespace)    those of one namespace: by the names inside it, or as patterns

import { get, isAbort } from "./api.js";
import { h, unique } from "./dom.js";
import { field } from "./form.js";
import { fullName } from "./names.js";

const WAIT = 150;
const MOST = 8;

/**
 * @param {string} query @param {AbortSignal} signal @param {boolean} includeRepositories @param {boolean} includeAccounts
 * @returns {Promise<Api.Autocomplete>}
 */
async function find(query, signal, includeRepositories, includeAccounts) {
  if (!query) return { accountResults: [], repositoryResults: [] };
  // The end of a session is told when the form is sent, which keeps its content.
  return get("/api/v0/index/autocomplete", { query: { query, includeRepositories, includeAccounts, limit: MOST }, signal, mayEnd: false });
}

/** @param {(account: Api.Account) => boolean} chosen @returns {Suggest} */
const accountsBy = (chosen) => async (text, signal) => {
  const { accountResults } = await find(text.trim(), signal, false, true);
  return accountResults.filter(chosen).map(({ name, fullName }) => ({ value: name, hint: fullName }));
};

export const accounts = accountsBy(() => true);
export const users = accountsBy((account) => !account.isOrg);
export const organizations = accountsBy((account) => account.isOrg);

/** @type {Suggest} */
export async function repositories(text, signal) {
  const { repositoryResults } = await find(text.trim(), signal, true, false);
  return repositoryResults.map((it) => ({ value: fullName(it), hint: it.shortDescription }));
}

/** @param {string} namespace @returns {Suggest} */
export const repositoriesIn = (namespace) => async (text, signal) => {
  const query = { query: text.trim().toLowerCase(), namespace, includeAccounts: false, limit: MOST };
  if (!query.query) return [];
  /** @type {Api.Autocomplete} */
  const { repositoryResults } = await get("/api/v0/index/autocomplete", { query, signal, mayEnd: false });
  return repositoryResults.map((it) => ({ value: it.name, hint: it.shortDescription }));
};

/** @param {string} namespace @returns {Suggest} */
export const patternsIn = (namespace) => async (text, signal) => {
  const start = `${namespace}/`;
  const inside = text.trim().startsWith(start) ? text.trim().slice(start.length) : text.trim();
  const found = await repositoriesIn(namespace)(inside.replace(/\*$/, ""), signal);
  const whole = { value: `${start}*`, hint: `everything in ${namespace}` };
  return [...(whole.value.startsWith(text.trim()) ? [whole] : []), ...found.map((it) => ({ ...it, value: start + it.value }))];
};

/** @type {Suggest} */
export async function patterns(text, signal) {
  const plain = text.trim().replace(/\*$/, "");
  const [inside] = plain.split("/");
  const { accountResults, repositoryResults } = await find(plain.replace(/\/$/, ""), signal, true, true);
  const namespaces = new Set([...accountResults.map((it) => it.name), ...repositoryResults.map((it) => it.namespace)]);
  const wide = [...namespaces].filter((it) => it !== "_" && it.includes(inside)).slice(0, 3);
  return [
    ...wide.map((it) => ({ value: `${it}/*`, hint: `everything in ${it}` })),
    ...repositoryResults.map((it) => ({ value: it.namespace === "_" ? `_/${it.name}` : fullName(it), hint: it.shortDescription })),
  ];
}

/**
 * The suggestions below a text field, one of them perhaps marked; `pick` is told of the one that is chosen.
 * @param {any} input @param {(value: string) => void} pick
 */
function optionsBelow(input, pick) {
  const node = h("div", { id: unique("options"), role: "listbox", "aria-label": "Suggestions", hidden: true });
  /** @type {Suggestion[]} */
  let options = [];
  let present = -1;
  const close = () => {
    node.hidden = true;
    present = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  /** @param {number} step */
  const move = (step) => {
    present = (present + step + options.length) % options.length;
    [...node.children].forEach((it, place) => it.setAttribute("aria-selected", String(place === present)));
    node.children[present].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", node.children[present].id);
  };
  /** @param {Suggestion[]} found */
  const show = (found) => {
    options = found;
    present = -1;
    node.replaceChildren(...found.map((option) => h("div", {
      id: unique("option"), role: "option", "aria-selected": "false",
      onpointerdown: (/** @type {Event} */ event) => event.preventDefault(), onclick: () => pick(option.value),
    }, h("span.mono", option.value), option.hint && h("small", option.hint))));
    node.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
  };
  const down = () => move(1);
  const up = () => move(present < 0 ? 0 : -1);
  return { node, show, close, down, up, isOpen: () => !node.hidden, isMarked: () => present >= 0, take: () => pick(options[present].value) };
}

/**
 * Gives a text field its suggestions (the combobox pattern of ARIA).
 * @param {any} input @param {Suggest} suggest @param {(value: string) => void} pick
 */
function complete(input, suggest, pick) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asking = new AbortController();
  const options = optionsBelow(input, (value) => {
    pick(value);
    // After it: what is put into the field must not be asked about again.
    close();
  });
  const close = () => {
    asking.abort();
    clearTimeout(timer);
    options.close();
  };
  const ask = async () => {
    asking.abort();
    const { signal } = (asking = new AbortController());
    try {
      const found = await suggest(input.value, signal);
      if (signal.aborted || document.activeElement !== input) return;
      // What stands in the field already helps nobody, and would lie over the button below.
      const isSaid = found.length === 1 && found[0].value === input.value.trim();
      options.show(isSaid ? [] : found.slice(0, MOST + 3));
    } catch (error) {
      // Suggestions are a help; without them the field is still a field.
      if (!isAbort(error)) close();
    }
  };

  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": options.node.id, autocomplete: "off", autocapitalize: "off" };
  for (const [key, value] of Object.entries(attributes)) input.setAttribute(key, value);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    // Enter sends what was typed: suggestions that come later would lie over what follows.
    if (event.key === "Enter" && !options.isMarked()) close();
    if (!options.isOpen()) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (event.key === "ArrowDown") options.down();
      else options.up();
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopImmediatePropagation();
      options.take();
    } else if (event.key === "Escape") {
      // Closes the suggestions, not the dialog around them.
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  const frame = h("div.complete");
  input.replaceWith(frame);
  frame.append(input, options.node);
}

/** @param {FieldOptions & { suggest: Suggest }} options @returns {Field} */
export function suggestField({ suggest, ...options }) {
  const made = field(options);
  complete(made.control, suggest, (value) => {
    made.value = value;
    made.control.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return made;
}

/** @param {FieldOptions & { suggest: Suggest, value: string, lead: (text: string) => void }} options */
export function leadingField({ lead, label, ...options }) {
  const { control, node } = suggestField({ ...options, label, "aria-label": label, type: "search" });
  let shown = options.value;
  const follow = () => {
    const asked = control.value.trim();
    // Enter is told twice by some browsers.
    if (asked === shown) return;
    shown = asked;
    lead(asked);
  };
  control.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && follow());
  // What is chosen from the suggestions comes as a plain event, what is typed does not.
  control.addEventListener("input", (/** @type {Event} */ event) => event instanceof InputEvent || follow());
  // The cross of a search field.
  control.addEventListener("search", follow);
  const frame = /** @type {HTMLElement} */ (node.querySelector(".complete"));
  frame.classList.add("leading-field");
  return frame;
}

/** @param {FieldOptions & { suggest: Suggest, values?: string[] }} options @returns {FormField & { control: any, typed: string[] }} */
export function chipsField({ name, label, hint, values = [], suggest, check = () => null, placeholder }) {
  /** @type {string[]} */
  const chosen = [...values];
  const input = field({ name: unique(name), label, hint, placeholder });
  const chips = h("ul.chips", { "aria-label": "Chosen" });
  // As any field tells of what was typed, but not to the suggestions.
  const tell = () => chips.dispatchEvent(new Event("input", { bubbles: true }));
  const draw = () => chips.replaceChildren(...chosen.map((value) =>
    h("li.chip", h("code", value), h("button", { type: "button", "aria-label": `Remove ${value}`, onclick: () => drop(value) }, "×"))));
  /** @param {string} value */
  const drop = (value) => {
    chosen.splice(chosen.indexOf(value), 1);
    draw();
    tell();
    input.focus();
  };
  /** Adds what is written, several at once if separated; what is wrong stays in the field. @param {string} text */
  const add = (text) => {
    const words = text.split(/[\s,]+/).filter(Boolean);
    const wrong = words.filter((word) => check(word));
    for (const word of words) if (!wrong.includes(word) && !chosen.includes(word)) chosen.push(word);
    draw();
    input.value = wrong.join(" ");
    tell();
    input.fail(wrong.length ? check(wrong[0]) : null);
    return wrong.length === 0;
  };
  complete(input.control, suggest, add);
  input.control.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if ((event.key === "Enter" || event.key === ",") && input.value.trim()) {
      event.preventDefault();
      add(input.value);
    } else if (event.key === "Backspace" && input.value === "" && chosen.length) {
      drop(chosen[chosen.length - 1]);
    }
  });
  input.node.querySelector(".complete")?.before(chips);
  draw();
  return {
    name,
    node: input.node,
    control: input.control,
    fail: input.fail,
    focus: input.focus,
    get value() { return [...chosen]; },
    get typed() { return [...chosen, input.value.trim()]; },
    // What is written and not yet added counts, too.
    check: () => (input.value.trim() && !add(input.value) ? check(input.value.split(" ")[0]) : null),
  };
}
