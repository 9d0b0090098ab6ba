// Owns the filter of the audit log. It stands in the address, which is its only state.
//
// Exports
//   asked(query)                    the API's query for what the address says
//   isFiltered(query)
//   inAddress(values)               what the address says of the form's values
//   filterPart(context, changed)    → { node, fail(error) }; changed() is called once the address says something else,
//                                    and shows what goes wrong by itself

import { suggestField, users } from "../lib/complete.js";
import { button, h } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { actions } from "./words.js";

const NAMES = ["actor", "action", "object", "account", "token", "outcome"];
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

/** @param {URLSearchParams} query */
function fieldsFor(query) {
  const time = field({ name: "within", label: "Time", type: "select", options: TIMES, value: range(query) });
  /** @param {string} text */
  const check = (text) => (time.value === "range" && !isTime(text) ? "This is no time." : null);
  const since = field({ name: "since", label: "From", type: "datetime-local", value: local(query.get("since")), max: LAST, check });
  const until = field({ name: "until", label: "Until", type: "datetime-local", value: local(query.get("until")), max: LAST, check });
  const follow = () => [since, until].forEach((it) => (it.node.hidden = time.value !== "range"));
  time.onchange(follow);
  follow();
  return [
    suggestField({ name: "actor", label: "Actor", value: query.get("actor") ?? "", suggest: users, placeholder: "alice" }),
    suggestField({ name: "action", label: "Action", value: query.get("action") ?? "", suggest: actions, placeholder: "token.create" }),
    field({ name: "object", label: "Object", value: query.get("object") ?? "", placeholder: "alice/app", autocomplete: "off", autocapitalize: "off" }),
    suggestField({ name: "account", label: "Account", value: query.get("account") ?? "", suggest: users, placeholder: "alice" }),
    field({ name: "token", label: "Access token", value: query.get("token") ?? "", placeholder: "id or label", autocomplete: "off", autocapitalize: "off" }),
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
    fields, submit: "Filter", kind: "", more: [clear], onsubmit: apply,
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
