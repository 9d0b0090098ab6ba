// Owns fields with suggestions below them, for names that are known to the server.
//
// Exports
//   suggestField({ name, label, hint, value, suggest, ... })    one value → a field as those of form.js
//   chipsField({ name, label, hint, values, suggest, check })   several values as chips; its value is an array, check judges
//                                                               one text as it is added → what is wrong, or nothing
//   suggest is async (text, signal) => [{ value, hint }]; ready ones:
//   accounts(text, signal), users(…), organizations(…), repositories(text, signal), patterns(…)
//   (patterns: repositories and `namespace/*`, as access tokens take them)

import { get, isAbort } from "./api.js";
import { field } from "./form.js";
import { h, unique } from "./dom.js";

const WAIT = 150;
const MOST = 8;

const fullName = ({ namespace, name }) => (namespace === "_" ? name : `${namespace}/${name}`);

async function find(query, signal, includeRepositories, includeAccounts) {
  if (!query) return { accountResults: [], repositoryResults: [] };
  // The end of a session is told when the form is sent, which keeps its content.
  return get("/api/v0/index/autocomplete", { query: { query, includeRepositories, includeAccounts, limit: MOST }, signal, mayEnd: false });
}

const accountsBy = (chosen) => async (text, signal) => {
  const { accountResults } = await find(text.trim(), signal, false, true);
  return accountResults.filter(chosen).map(({ name, fullName }) => ({ value: name, hint: fullName }));
};

export const accounts = accountsBy(() => true);
export const users = accountsBy((account) => !account.isOrg);
export const organizations = accountsBy((account) => account.isOrg);

export async function repositories(text, signal) {
  const { repositoryResults } = await find(text.trim(), signal, true, false);
  return repositoryResults.map((it) => ({ value: fullName(it), hint: it.shortDescription }));
}

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

/** Gives a text field its list of suggestions (the combobox pattern of ARIA). */
function complete(input, suggest, pick) {
  const id = unique("options");
  const box = h("div", { id, role: "listbox", "aria-label": "Suggestions", hidden: true });
  let options = [];
  let present = -1;
  let timer = 0;
  let asking = new AbortController();

  const close = () => {
    asking.abort();
    clearTimeout(timer);
    box.hidden = true;
    present = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (option) => {
    pick(option.value);
    // After it: what is put into the field must not be asked about again.
    close();
  };
  const move = (step) => {
    present = (present + step + options.length) % options.length;
    [...box.children].forEach((node, place) => node.setAttribute("aria-selected", String(place === present)));
    box.children[present].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", box.children[present].id);
  };
  const show = (found) => {
    options = found;
    present = -1;
    box.replaceChildren(...found.map((option) => h("div", {
      id: unique("option"), role: "option", "aria-selected": "false",
      onpointerdown: (event) => event.preventDefault(), onclick: () => choose(option),
    }, h("span.mono", option.value), option.hint && h("small", option.hint))));
    box.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
  };
  const ask = async () => {
    asking.abort();
    const { signal } = (asking = new AbortController());
    try {
      const found = await suggest(input.value, signal);
      if (!signal.aborted && document.activeElement === input) show(found.slice(0, MOST + 3));
    } catch (error) {
      // Suggestions are a help; without them the field is still a field.
      if (!isAbort(error)) close();
    }
  };

  for (const [key, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, autocomplete: "off", autocapitalize: "off" })) {
    input.setAttribute(key, value);
  }
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    // Enter sends what was typed: suggestions that come later would lie over what follows.
    if (event.key === "Enter" && present < 0) close();
    if (box.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : present < 0 ? 0 : -1);
    } else if (event.key === "Enter" && present >= 0) {
      event.preventDefault();
      event.stopImmediatePropagation();
      choose(options[present]);
    } else if (event.key === "Escape") {
      // Closes the suggestions, not the dialog around them.
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  const frame = h("div.complete");
  input.replaceWith(frame);
  frame.append(input, box);
}

export function suggestField({ suggest, ...options }) {
  const made = field(options);
  complete(made.control, suggest, (value) => {
    made.value = value;
    made.control.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return made;
}

export function chipsField({ name, label, hint, values = [], suggest, check = () => null, placeholder }) {
  const chosen = [...values];
  const input = field({ name: unique(name), label, hint, placeholder });
  const chips = h("ul.chips", { "aria-label": "Chosen" });
  const draw = () => chips.replaceChildren(...chosen.map((value) =>
    h("li.chip", h("code", value), h("button", { type: "button", "aria-label": `Remove ${value}`, onclick: () => drop(value) }, "×"))));
  const drop = (value) => {
    chosen.splice(chosen.indexOf(value), 1);
    draw();
    input.focus();
  };
  /** Adds what is written, several at once if separated; what is wrong stays in the field. */
  const add = (text) => {
    const words = text.split(/[\s,]+/).filter(Boolean);
    const wrong = words.filter((word) => check(word));
    for (const word of words) if (!wrong.includes(word) && !chosen.includes(word)) chosen.push(word);
    draw();
    input.value = wrong.join(" ");
    input.fail(wrong.length ? check(wrong[0]) : null);
    return wrong.length === 0;
  };
  complete(input.control, suggest, add);
  input.control.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === ",") && input.value.trim()) {
      event.preventDefault();
      add(input.value);
    } else if (event.key === "Backspace" && input.value === "" && chosen.length) {
      drop(chosen.at(-1));
    }
  });
  input.node.querySelector(".complete").before(chips);
  draw();
  return {
    name,
    node: input.node,
    control: input.control,
    fail: input.fail,
    focus: input.focus,
    get value() { return [...chosen]; },
    // What is written and not yet added counts, too.
    check: () => (input.value.trim() && !add(input.value) ? check(input.value.split(" ")[0]) : null),
  };
}
