// Owns the filter of the audit log. It stands in the address, which is its only state.
//
// Exports
//   asked(query)                    the API's query for what the address says
//   likely(query, signal)           async → [{ href, value }]: what may be meant where a name was written in part
//   isFiltered(query)
//   inAddress(values)               what the address says of the form's values
//   filterPart(context, changed)    → { node, fail(error) }; changed() is called once the address says something else,
//                                    and shows what goes wrong by itself

import { accounts, repositories, suggestField } from "../lib/complete.js";
import { button, h } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { actions, credentials } from "./words.js";

const NAMES = ["actor", "action", "object", "account", "token", "credential", "outcome"];
const TEXTS = [...NAMES, "since", "until"];
const KEYS = [...TEXTS, "within"];
/** @type {Record<string, number>} */
const HOURS = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 };
const TIMES = [["", "Any time"], ["1h", "Last hour"], ["24h", "Last 24 hours"], ["7d", "Last 7 days"], ["30d", "Last 30 days"], ["range", "Between two times"]];
const OUTCOMES = [["", "Any"], ["success", "success"], ["denied", "denied"]];

/** @param {URLSearchParams} query */
export const isFiltered = (query) => KEYS.some((key) => query.get(key));

/** @param {URLSearchParams} query @returns {NonNullable<RequestOptions["query"]>} */
export function asked(query) {
  const given = Object.fromEntries(TEXTS.map((key) => [key, query.get(key)]));
  const hours = HOURS[query.get("within") ?? ""];
  return hours ? { ...given, since: new Date(Date.now() - hours * 3_600_000).toISOString(), until: null } : given;
}

/** A time of the address as the field wants it: without zone, where the person is. @param {string | null} iso */
function local(iso) {
  const date = new Date(iso ?? "");
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** @param {string} text */
const utc = (text) => (text ? new Date(text).toISOString() : null);

const LAST = "9999-12-31T23:59";
/** @param {string} text */
const isTime = (text) => text === "" || !Number.isNaN(Date.parse(text));

/** @param {URLSearchParams} query */
function range(query) {
  if (query.get("since") || query.get("until")) return "range";
  const within = query.get("within") ?? "";
  return HOURS[within] ? within : "";
}

/** The places of these among the fields. */
const [OUTCOME, TIME] = [NAMES.indexOf("outcome"), NAMES.length];

/** Repositories and accounts. @type {Suggest} */
const objects = async (text, signal) => (await Promise.all([repositories(text, signal), accounts(text, signal)])).flat();

/** Which names each filter takes. @type {Record<string, Suggest>} */
const NAMED = { actor: accounts, object: objects, account: accounts };

/** @param {URLSearchParams} query @param {AbortSignal} signal */
export async function likely(query, signal) {
  const found = Object.entries(NAMED).map(async ([key, suggest]) => {
    const text = query.get(key);
    const values = text ? await suggest(text, signal) : [];
    return values.filter(({ value }) => value !== text).map(({ value }) => {
      const meant = new URLSearchParams(query);
      meant.set(key, value);
      ["start", "record"].forEach((it) => meant.delete(it));
      return { value, href: `/audit?${meant}` };
    });
  });
  return (await Promise.all(found)).flat();
}

/** @param {URLSearchParams} query */
function fieldsFor(query) {
  const time = field({ name: "within", label: "Time", type: "select", options: TIMES, value: range(query) });
  /** @param {string} text */
  const check = (text) => (time.value === "range" && !isTime(text) ? "This is not a valid time." : null);
  const since = field({ name: "since", label: "From", type: "datetime-local", value: local(query.get("since")), max: LAST, check });
  const until = field({ name: "until", label: "Until", type: "datetime-local", value: local(query.get("until")), max: LAST, check });
  const follow = () => [since, until].forEach((it) => (it.node.hidden = time.value !== "range"));
  time.onchange(follow);
  follow();
  return [
    suggestField({ name: "actor", label: "Actor", value: query.get("actor") ?? "", suggest: accounts, placeholder: "alice" }),
    suggestField({ name: "action", label: "Action", value: query.get("action") ?? "", suggest: actions, placeholder: "token.create" }),
    suggestField({ name: "object", label: "Object", value: query.get("object") ?? "", suggest: objects, placeholder: "alice/app", autocapitalize: "off" }),
    suggestField({ name: "account", label: "Account", value: query.get("account") ?? "", suggest: accounts, placeholder: "alice" }),
    field({ name: "token", label: "Access token", value: query.get("token") ?? "", placeholder: "id or label", autocomplete: "off", autocapitalize: "off" }),
    suggestField({ name: "credential", label: "Credential", value: query.get("credential") ?? "", suggest: credentials, placeholder: "password", autocapitalize: "off" }),
    field({ name: "outcome", label: "Outcome", type: "select", options: OUTCOMES, value: query.get("outcome") ?? "" }),
    time, since, until,
  ];
}

/** @param {Record<string, string>} values @returns {Record<string, string | null>} */
export function inAddress({ within, since, until, ...texts }) {
  const trimmed = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, text.trim()]));
  const isRange = within === "range";
  return { ...trimmed, within: isRange ? null : within, since: isRange ? utc(since) : null, until: isRange ? utc(until) : null, start: null, record: null };
}

/** How many filters are set. @param {URLSearchParams} query */
const setCount = (query) => NAMES.filter((key) => query.get(key)).length + (range(query) ? 1 : 0);

/** @param {Context} context @param {() => void} changed */
export function filterPart(context, changed) {
  const { query } = context;
  const fields = fieldsFor(query);
  const summary = h("summary");
  const clear = button("Clear", { kind: "plain", onclick: () => {
    fields.forEach((it) => (it.value = ""));
    fields[TIME].node.dispatchEvent(new Event("input", { bubbles: true }));
  } });
  const tell = () => {
    const count = setCount(query);
    summary.textContent = count ? `Filter (${count})` : "Filter";
    clear.hidden = count === 0;
  };
  const apply = () => {
    context.setQuery(inAddress(made.values()), { push: true });
    tell();
    // Nobody waits for reading: the next choice ends it, and so does leaving.
    changed();
  };
  const made = form({
    fields, submit: "Show", kind: "", more: [clear], onsubmit: apply,
    children: h("div.across", fields.map((it) => it.node)),
  });
  // A choice is made at once; a text is finished by Enter or the button.
  fields.slice(OUTCOME, TIME + 1).forEach((it) => it.onchange((value) => value !== "range" && made.node.requestSubmit()));
  tell();
  const node = h("details.filter", summary, made.node);
  // On a phone the fields would push the records out of sight; what is set is seen there, too.
  const wide = matchMedia("(min-width: 48.01rem)");
  const unfold = () => (node.open = wide.matches || setCount(query) > 0);
  wide.addEventListener("change", unfold, { signal: context.signal });
  unfold();
  return { node, fail: made.fail };
}
